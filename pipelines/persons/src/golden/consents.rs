//! The consents of each person, out of the ledger.

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use super::bundle::standing;
use super::field::Tally;
use super::survive::{self, Candidate, Reason};
use super::work::Work;
use crate::PersonsError;
use crate::column::{NO_ROW, RecordKeys};
use crate::consent::{Heard, Statement, Words, verdicts};
use kartei_schemas::person::Survival;

/// One list of consents a person, one entry a purpose.
pub(super) fn tally(work: &Work<'_>) -> Result<Tally, PersonsError> {
    let words = work.input.ledger.words()?;
    let spoken = spoken(work)?;
    let cells = work.cells("consents")?;
    let heard = |entry: u32| spoken.get(entry as usize).filter(|row| **row != NO_ROW).map(|row| words.get(*row));
    let decided = work.chosen.par_iter().map(|&group| match simple(work, group, &cells, heard) {
        Some(decided) => Ok(decided),
        None => decide(work, group, heard),
    });
    let decided: Vec<Decided> = decided.collect::<Result<_, PersonsError>>()?;

    let mut tally = Tally::new(work);
    let trust = work.trust("consents");
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for (&group, decided) in work.chosen.iter().zip(decided) {
        let rows = work.groups.rows(group);
        if rows.len() > 1 {
            candidates.clear();
            for (place, &row) in (0..).zip(rows) {
                if let Some(value) = cells[row as usize] {
                    let standing = standing(work, &trust, row, place);
                    survive::add(&mut candidates, value, row, standing, Survival::SourceTrust);
                }
            }
            let survives = candidates.iter().map(|candidate| decided.has(&cells, candidate.value));
            let survives: Vec<bool> = survives.collect();
            for (candidate, _) in candidates.iter().zip(&survives).filter(|(_, survives)| **survives) {
                tally.won(work, candidate.row);
            }
            tally.record(work, group, &candidates, |place| (survives[place], Reason::Strictest));
        }
        match decided {
            Decided::Nothing => tally.take(NO_ROW),
            Decided::Row(row) => tally.take(row),
            Decided::Made { text, .. } => tally.make(Some(text)),
        }
    }
    Ok(tally)
}

/// Most persons have one record that ever told of consents, and told one: that is what holds, whatever it says.
fn simple<'a>(
    work: &Work<'_>,
    group: u32,
    cells: &[Option<&str>],
    heard: impl Fn(u32) -> Option<Words<'a>>,
) -> Option<Decided> {
    if work.groups.gone_entries(group).any(|entry| heard(entry).is_some()) {
        return None;
    }
    let mut found = Decided::Nothing;
    for &row in work.groups.rows(group) {
        if let Some(words) = heard(work.groups.entry_of_row[row as usize]) {
            let said = cells[row as usize].filter(|text| words.single() == Some(*text));
            match (&found, said) {
                (Decided::Nothing, Some(_)) => found = Decided::Row(row),
                _ => return None,
            }
        }
    }
    Some(found)
}

/// For each entry of the record map its row in the ledger, or [`NO_ROW`].
fn spoken(work: &Work<'_>) -> Result<Vec<u32>, PersonsError> {
    let (map, ledger) = (&work.input.identity.record_map, &work.input.ledger.frame);
    if ledger.height() == 0 {
        return Ok(Vec::new());
    }
    let ledger = RecordKeys::read(ledger, "consent ledger")?;
    Ok(RecordKeys::read(map, "record map")?.rows_in(&ledger))
}

/// What was decided for one person.
enum Decided {
    Nothing,
    /// What this record tells, and no other tells anything.
    Row(u32),
    /// What several words amount to, and the records that told the deciding ones.
    Made {
        text: String,
        rows: Vec<u32>,
    },
}

impl Decided {
    /// Whether one of the deciding words comes from a record that tells this.
    fn has(&self, cells: &[Option<&str>], told: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Row(_) => true,
            Self::Made { rows, .. } => rows.iter().any(|row| cells[*row as usize] == Some(told)),
        }
    }
}

fn decide<'a>(work: &Work<'_>, group: u32, heard: impl Fn(u32) -> Option<Words<'a>>) -> Result<Decided, PersonsError> {
    let entries = &work.input.identity.entries;
    let present = work.groups.rows(group).iter().map(|row| (work.groups.entry_of_row[*row as usize], *row));
    let all = present.chain(work.groups.gone_entries(group).map(|entry| (entry, NO_ROW)));
    let mut told: Vec<(u64, u32, Vec<Heard>)> = Vec::new();
    let mut merged_at = None;
    for (entry, row) in all {
        let former = entries.former.get(&entry).map_or(&[][..], Vec::as_slice);
        merged_at = former.last().map(|former| former.until).max(merged_at);
        if let Some(words) = heard(entry) {
            let home = former.first().map_or(entries.persons[entry as usize], |former| former.id);
            let words = words.read().map_err(|_| PersonsError::BadConsents { row: entry as usize })?;
            told.push((home.number(), row, words));
        }
    }
    let words = told.iter().flat_map(|(home, row, words)| {
        words.iter().map(|heard| Statement { heard, home: *home, present: *row != NO_ROW })
    });
    let words: Vec<Statement<'_>> = words.collect();
    let consents = verdicts(&words, merged_at.and_then(DateTime::<Utc>::from_timestamp_millis));
    if consents.is_empty() {
        return Ok(Decided::Nothing);
    }
    let deciding = told.iter().filter(|(_, row, words)| {
        *row != NO_ROW && words.iter().any(|word| consents.iter().any(|consent| word.says(consent)))
    });
    let rows = deciding.map(|(_, row, _)| *row).collect();
    let text = serde_json::to_string(&consents).unwrap_or_default();
    Ok(Decided::Made { text, rows })
}
