//! One field of all persons: winners, values and counts.

use std::collections::BTreeMap;

use kartei_schemas::person::{FieldKind, Survival};
use polars_core::prelude::*;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::assemble::text_fields;
use super::bundle::{self, ADDRESS, MEMBERSHIP, Seats, standing};
use super::survive::{self, Candidate, Reason};
use super::work::Work;
use super::{Provenance, consents, lists};
use crate::PersonsError;
use crate::column::NO_ROW;
use crate::statistics::FieldSurvival;

/// What became of one field.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    /// One value for each chosen group.
    pub(super) column: Column,
    /// All values of persons with two or more records.
    pub(super) values: Vec<Value>,
    /// The records' column.
    pub(super) received: Option<&'a StringChunked>,
    pub(super) survival: FieldSurvival,
}

/// A distinct value of one person's field, with the record that stands for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    pub(super) group: u32,
    pub(super) row: u32,
    pub(super) survives: bool,
    pub(super) reason: Reason,
}

/// All text fields, in the order of the persons frame.
pub(super) fn all<'a>(work: &Work<'a>) -> Result<Vec<Field<'a>>, PersonsError> {
    let (address, membership) = rayon::join(|| bundle::address_seats(work), || bundle::membership_seats(work));
    let (address, membership) = (address?, membership?);
    let names = text_fields(work.input.schema);
    let fields = names.into_par_iter().map(|name| {
        let (rule, kind) = work.rule(name);
        let mut tally = if name == "consents" {
            consents::tally(work)?
        } else if matches!(kind, FieldKind::List | FieldKind::Answers) || rule == Survival::Union {
            lists::tally(work, name, kind)?
        } else {
            let seats = if ADDRESS.contains(&name) {
                Some((&address, Reason::OneAddress))
            } else {
                MEMBERSHIP.contains(&name).then_some((&membership, Reason::OneMembership))
            };
            tally(work, name, seats)?
        };
        tally.set_by_humans(work, name);
        tally.finish(work, name)
    });
    fields.collect()
}

/// What is gathered while walking over the persons.
pub(super) struct Tally {
    /// The row whose value survives, or [`NO_ROW`]; one entry a chosen group.
    winners: Vec<u32>,
    /// Values that no single record holds, by place among the chosen.
    made: FxHashMap<u32, Option<String>>,
    values: Vec<Value>,
    wins: Vec<u64>,
    conflicts: u64,
    overrides: u64,
}

impl Tally {
    pub(super) fn new(work: &Work<'_>) -> Self {
        Self {
            winners: Vec::with_capacity(work.chosen.len()),
            made: FxHashMap::default(),
            values: Vec::new(),
            wins: vec![0; work.sources.len()],
            conflicts: 0,
            overrides: 0,
        }
    }

    /// The next group has this row's value.
    pub(super) fn take(&mut self, row: u32) {
        self.winners.push(row);
    }

    /// The next group has a value that no single record holds.
    pub(super) fn make(&mut self, value: Option<String>) {
        let place = super::groups::index(self.winners.len());
        self.made.insert(place, value);
        self.winners.push(NO_ROW);
    }

    /// The values of a group with two or more records: `survives` and why, for each candidate.
    pub(super) fn record(
        &mut self,
        work: &Work<'_>,
        group: u32,
        candidates: &[Candidate<'_>],
        fate: impl Fn(usize) -> (bool, Reason),
    ) {
        if candidates.len() > 1 {
            self.conflicts += 1;
        } else if work.input.provenance == Provenance::Conflicts {
            return;
        }
        for (place, candidate) in candidates.iter().enumerate() {
            let (survives, reason) = fate(place);
            self.values.push(Value { group, row: candidate.row, survives, reason });
        }
    }

    /// The surviving value of a group with two or more records came from this row.
    pub(super) fn won(&mut self, work: &Work<'_>, row: u32) {
        if row != NO_ROW {
            self.wins[usize::from(work.codes[row as usize])] += 1;
        }
    }

    fn set_by_humans(&mut self, work: &Work<'_>, name: &str) {
        let Some(set) = work.overrides.get(name) else { return };
        for (group, value) in set {
            let Ok(place) = work.chosen.binary_search(group) else { continue };
            self.made.insert(super::groups::index(place), value.map(str::to_owned));
            self.overrides += 1;
        }
        for value in self.values.iter_mut().filter(|value| set.contains_key(&value.group)) {
            (value.survives, value.reason) = (false, Reason::Override);
        }
    }

    fn finish<'a>(self, work: &Work<'a>, name: &'a str) -> Result<Field<'a>, PersonsError> {
        let received = work.column(name)?;
        let column = gather(name, received, &self.winners, &self.made)?;
        let named = work.sources.iter().zip(&self.wins).filter(|(_, wins)| **wins > 0);
        let wins: BTreeMap<String, u64> = named.map(|(source, wins)| ((*source).to_owned(), *wins)).collect();
        let survival =
            FieldSurvival { field: name.to_owned(), wins, conflicts: self.conflicts, overrides: self.overrides };
        Ok(Field { name, column, values: self.values, received, survival })
    }
}

/// The winners' values, sharing their text with the records, with made values put in their places.
fn gather(
    name: &str,
    received: Option<&StringChunked>,
    winners: &[u32],
    made: &FxHashMap<u32, Option<String>>,
) -> Result<Column, PersonsError> {
    let taken = match received {
        Some(received) => {
            let rows: IdxCa = winners.iter().map(|row| (*row != NO_ROW).then_some(IdxSize::from(*row))).collect();
            received.take(&rows)?.with_name(name.into())
        }
        None => StringChunked::full_null(name.into(), winners.len()),
    };
    if made.is_empty() {
        return Ok(taken.into_column());
    }
    let mut builder = StringChunkedBuilder::new(name.into(), winners.len());
    for (place, value) in (0_u32..).zip(taken.iter()) {
        match made.get(&place) {
            Some(made) => builder.append_option(made.as_deref()),
            None => builder.append_option(value),
        }
    }
    Ok(builder.finish().into_column())
}

/// For each chosen group the row whose value of a field survives, or [`NO_ROW`].
pub(super) fn winners(work: &Work<'_>, name: &str) -> Result<Vec<u32>, PersonsError> {
    Ok(tally(work, name, None)?.winners)
}

/// A field of which one record's value survives; `seats` name that record where fields survive together.
fn tally(work: &Work<'_>, name: &str, seats: Option<(&Seats, Reason)>) -> Result<Tally, PersonsError> {
    let mut tally = Tally::new(work);
    if work.column(name)?.is_none() {
        tally.winners = vec![NO_ROW; work.chosen.len()];
        return Ok(tally);
    }
    let cells = work.cells(name)?;
    let trust = work.trust(name);
    let (rule, kind) = work.rule(name);
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for (place, &group) in work.chosen.iter().enumerate() {
        let rows = work.groups.rows(group);
        if let [row] = rows {
            tally.take(*row);
            continue;
        }
        candidates.clear();
        for (place, &row) in (0..).zip(rows) {
            if let Some(value) = cells[row as usize] {
                survive::add(&mut candidates, value, row, standing(work, &trust, row, place), rule);
            }
        }
        if candidates.is_empty() {
            tally.take(NO_ROW);
            continue;
        }
        let (best, reasons) = survive::decide(&candidates, rule, kind);
        let seat = seats.map(|(seats, reason)| (seats[place], reason)).filter(|(seat, _)| {
            // A unit that the membership itself does not name may be named by another record.
            name != "org_unit" || cells.get(*seat as usize).copied().flatten().is_some()
        });
        let Some((seat, reason)) = seat else {
            tally.take(candidates[best].row);
            tally.won(work, candidates[best].row);
            tally.record(work, group, &candidates, |place| (place == best, reasons[place]));
            continue;
        };
        let value = cells.get(seat as usize).copied().flatten();
        let winner = if value.is_some() { seat } else { NO_ROW };
        tally.take(winner);
        tally.won(work, winner);
        let alone = candidates.len() == 1 && value.is_some();
        tally.record(work, group, &candidates, |place| {
            (Some(candidates[place].value) == value, if alone { reasons[place] } else { reason })
        });
    }
    Ok(tally)
}
