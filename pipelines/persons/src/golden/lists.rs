//! List fields are united: interests and answers of all records, without repetition.

use std::collections::BTreeSet;

use kartei_schemas::answer::Answer;
use kartei_schemas::person::FieldKind;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bundle::standing;
use super::field::Tally;
use super::survive::{self, Candidate, Reason};
use super::work::Work;
use crate::PersonsError;
use crate::column::NO_ROW;
use kartei_schemas::person::Survival;

/// Unites one list field.
pub(super) fn tally(work: &Work<'_>, name: &str, kind: FieldKind) -> Result<Tally, PersonsError> {
    let mut tally = Tally::new(work);
    let cells = work.cells(name)?;
    let trust = work.trust(name);
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for &group in &work.chosen {
        let rows = work.groups.rows(group);
        if let [row] = rows {
            tally.take(*row);
            continue;
        }
        candidates.clear();
        for (place, &row) in (0..).zip(rows) {
            if let Some(value) = cells[row as usize] {
                let standing = standing(work, &trust, row, place);
                survive::add(&mut candidates, value, row, standing, Survival::SourceTrust);
            }
        }
        let (_, reasons) = survive::decide(&candidates, Survival::SourceTrust, kind);
        match candidates.as_slice() {
            [] => tally.take(NO_ROW),
            [only] => {
                tally.take(only.row);
                tally.won(work, only.row);
                tally.record(work, group, &candidates, |place| (true, reasons[place]));
            }
            several => {
                let texts = several.iter().map(|candidate| candidate.value);
                tally.make(unite(texts, kind));
                for candidate in several {
                    tally.won(work, candidate.row);
                }
                tally.record(work, group, &candidates, |_| (true, Reason::Union));
            }
        }
    }
    Ok(tally)
}

/// The union of JSON arrays, sorted. Text that is no such array counts as one value of its own.
fn unite<'a>(texts: impl Iterator<Item = &'a str>, kind: FieldKind) -> Option<String> {
    if kind == FieldKind::Answers {
        return unite_as::<Answer>(texts, |_| None);
    }
    unite_as::<String>(texts, |text| Some(text.to_owned()))
}

fn unite_as<'a, T: Ord + Serialize + DeserializeOwned>(
    texts: impl Iterator<Item = &'a str>,
    otherwise: impl Fn(&str) -> Option<T>,
) -> Option<String> {
    let mut all = BTreeSet::new();
    for text in texts {
        match serde_json::from_str::<Vec<T>>(text) {
            Ok(values) => all.extend(values),
            Err(_) => all.extend(otherwise(text)),
        }
    }
    if all.is_empty() { None } else { serde_json::to_string(&all).ok() }
}
