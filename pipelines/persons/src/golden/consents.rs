//! The consents of each person, out of the ledger.

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use super::bundle::standing;
use super::field::Tally;
use super::survive::{self, Candidate, Reason};
use super::work::Work;
use crate::PersonsError;
use crate::column::{NO_ROW, RecordKeys, cells, optional_text};
use crate::consent::{Heard, Statement, verdicts};
use kartei_schemas::consent::Consent;
use kartei_schemas::person::Survival;

/// One list of consents a person, one entry a purpose.
pub(super) fn tally(work: &Work<'_>) -> Result<Tally, PersonsError> {
    let ledger = &work.input.ledger.frame;
    let events = cells(optional_text(ledger, "consent ledger", "events")?, ledger.height());
    let spoken = spoken(work)?;
    let decided: Vec<Decided> = work
        .chosen
        .par_iter()
        .map(|&group| decide(work, group, |entry| events.get(*spoken.get(entry as usize)? as usize).copied().flatten()))
        .collect::<Result<_, PersonsError>>()?;

    let mut tally = Tally::new(work);
    let cells = work.cells("consents")?;
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
            tally.record(work, group, &candidates, |place| (decided.has(candidates[place].value), Reason::Strictest));
            for candidate in candidates.iter().filter(|candidate| decided.has(candidate.value)) {
                tally.won(work, candidate.row);
            }
        }
        match decided.text {
            None => tally.take(NO_ROW),
            // Most persons have one record that says just this: its text is shared instead of copied.
            Some(text) => match rows.iter().find(|row| cells[**row as usize] == Some(text.as_str())) {
                Some(row) => tally.take(*row),
                None => tally.make(Some(text)),
            },
        }
    }
    Ok(tally)
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
#[derive(Default)]
struct Decided {
    text: Option<String>,
    consents: Vec<Consent>,
}

impl Decided {
    /// Whether one of the deciding words stands in a record's consents.
    fn has(&self, text: &str) -> bool {
        serde_json::from_str::<Vec<Consent>>(text)
            .is_ok_and(|told| told.iter().any(|consent| self.consents.contains(consent)))
    }
}

fn decide<'a>(work: &Work<'_>, group: u32, events: impl Fn(u32) -> Option<&'a str>) -> Result<Decided, PersonsError> {
    let entries = &work.input.identity.entries;
    let present = work.groups.rows(group).iter().map(|row| work.groups.entry_of_row[*row as usize]);
    let all = present.map(|entry| (entry, true)).chain(work.groups.gone_entries(group).map(|entry| (entry, false)));
    let mut heard: Vec<(u64, bool, Vec<Heard>)> = Vec::new();
    let mut merged_at = None;
    for (entry, present) in all {
        let former = entries.former.get(&entry).map_or(&[][..], Vec::as_slice);
        merged_at = former.last().map(|former| former.until).max(merged_at);
        if let Some(text) = events(entry) {
            let home = former.first().map_or(entries.persons[entry as usize], |former| former.id);
            let words = serde_json::from_str(text).map_err(|_| PersonsError::BadConsents { row: entry as usize })?;
            heard.push((home.number(), present, words));
        }
    }
    if heard.is_empty() {
        return Ok(Decided::default());
    }
    let words = heard.iter().flat_map(|(home, present, words)| {
        words.iter().map(|heard| Statement { heard, home: *home, present: *present })
    });
    let words: Vec<Statement<'_>> = words.collect();
    let merged_at = merged_at.and_then(DateTime::<Utc>::from_timestamp_millis);
    let consents = verdicts(&words, merged_at);
    let text = if consents.is_empty() { None } else { serde_json::to_string(&consents).ok() };
    Ok(Decided { text, consents: if work.groups.rows(group).len() > 1 { consents } else { Vec::new() } })
}
