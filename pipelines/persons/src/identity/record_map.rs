//! The next record map: every record ever seen, with its person, and the ids that it gave up in merges.

use polars_core::prelude::*;
use rustc_hash::FxHashSet;

use super::{Case, Entries, Fate};
use crate::column::{NO_ROW, RecordKeys};
use crate::history::{Former, write_former};
use crate::{PersonId, PersonsError};

/// The record map after this run.
pub(super) struct NextMap {
    pub(super) frame: DataFrame,
    pub(super) entries: Entries,
    /// Persons, of before or of now, whose records came, went or moved.
    pub(super) recomposed: FxHashSet<PersonId>,
    /// Persons of whom a record that had gone is back.
    pub(super) came_back: FxHashSet<PersonId>,
}

/// Writes the map in one walk over the records of before and of now, both sorted by name.
pub(super) fn next(
    case: &Case<'_>,
    past: Option<&RecordKeys<'_>>,
    ids: &[PersonId],
    fate: &Fate,
) -> Result<NextMap, PersonsError> {
    let mut gone = vec![true; case.history.persons.len()];
    for &entry in case.known.iter().filter(|entry| **entry != NO_ROW) {
        gone[entry as usize] = false;
    }
    let mut writer = Writer::new(case.known.len() + gone.len(), case.history.last_number);
    let none = Vec::new();
    let mut absent = past.map_or(&none, |past| &past.order).iter().filter(|entry| gone[**entry as usize]).peekable();
    for &row in &case.keys.order {
        let name = case.keys.name(row);
        if let Some(past) = past {
            while let Some(&entry) = absent.next_if(|&&entry| past.name(entry) < name) {
                writer.write_gone(case, past.name(entry), entry, fate);
            }
        }
        writer.write_present(case, row, ids[case.clusters.of_row[row as usize] as usize], fate);
    }
    if let Some(past) = past {
        for &entry in absent {
            writer.write_gone(case, past.name(entry), entry, fate);
        }
    }
    writer.finish()
}

/// What a record carries from run to run beside its person.
struct Stays {
    former: Vec<Former>,
    first_seen: i64,
    number: u32,
}

struct Writer {
    sources: StringChunkedBuilder,
    keys: StringChunkedBuilder,
    entries: Entries,
    recomposed: FxHashSet<PersonId>,
    came_back: FxHashSet<PersonId>,
    /// The highest number that a record was ever given.
    last_number: u32,
}

impl Writer {
    fn new(capacity: usize, last_number: u32) -> Self {
        Self {
            sources: StringChunkedBuilder::new("source".into(), capacity),
            keys: StringChunkedBuilder::new("key".into(), capacity),
            entries: Entries::default(),
            recomposed: FxHashSet::default(),
            came_back: FxHashSet::default(),
            last_number,
        }
    }

    /// The number that a record bears, or the next one.
    fn number(&mut self, known: Option<u32>) -> u32 {
        known.unwrap_or_else(|| {
            self.last_number += 1;
            self.last_number
        })
    }

    fn write_present(&mut self, case: &Case<'_>, row: u32, person: PersonId, fate: &Fate) {
        let entry = case.known[row as usize];
        let history = case.history;
        let mut first_seen = None;
        let mut number = None;
        let mut former = Vec::new();
        if entry == NO_ROW {
            self.recomposed.insert(person);
        } else {
            let before = history.persons[entry as usize];
            first_seen = history.first_seen[entry as usize];
            number = history.numbers[entry as usize];
            let merged = fate.merged.get(&before) == Some(&person);
            former = next_former(history.former.get(&entry), before, person, merged.then_some(fate.now));
            if !history.present[entry as usize] {
                self.came_back.insert(person);
            }
            if before != person || !history.present[entry as usize] {
                self.recomposed.extend([before, person]);
            }
        }
        let number = self.number(number);
        let stays = Stays { former, first_seen: first_seen.unwrap_or(fate.now), number };
        self.write(case.keys.name(row), person, stays, row);
    }

    /// A gone record goes where its id goes, so that its return, and its withdrawals, find the right person.
    fn write_gone(&mut self, case: &Case<'_>, name: (&str, &str), entry: u32, fate: &Fate) {
        let history = case.history;
        let before = history.persons[entry as usize];
        let former = history.former.get(&entry);
        let back = former.into_iter().flatten().rev().find(|former| fate.returned.undoes(former));
        let back = back.map(|former| former.id);
        let merged = fate.merged.get(&before).copied();
        let person = back.or(merged).unwrap_or(before);
        let former = next_former(former, before, person, merged.filter(|into| *into == person).map(|_| fate.now));
        if history.present[entry as usize] || before != person {
            self.recomposed.extend([before, person]);
        }
        let first_seen = history.first_seen[entry as usize].unwrap_or(fate.now);
        let number = self.number(history.numbers[entry as usize]);
        self.write(name, person, Stays { former, first_seen, number }, NO_ROW);
    }

    fn write(&mut self, name: (&str, &str), person: PersonId, stays: Stays, row: u32) {
        let Stays { former, first_seen, number } = stays;
        self.sources.append_value(name.0);
        self.keys.append_value(name.1);
        if !former.is_empty() {
            let entry = u32::try_from(self.entries.persons.len()).unwrap_or(NO_ROW);
            self.entries.former.insert(entry, former);
        }
        self.entries.persons.push(person);
        self.entries.first_seen.push(first_seen);
        self.entries.numbers.push(number);
        self.entries.rows.push(row);
    }

    fn finish(self) -> Result<NextMap, PersonsError> {
        let entries = self.entries;
        let height = entries.persons.len();
        let mut persons = StringChunkedBuilder::new("person_id".into(), height);
        let mut former = StringChunkedBuilder::new("former".into(), height);
        for (entry, person) in (0_u32..).zip(&entries.persons) {
            persons.append_value(person.characters().as_str());
            former.append_option(entries.former.get(&entry).and_then(|former| write_former(former)));
        }
        let present: BooleanChunked = entries.rows.iter().map(|row| Some(*row != NO_ROW)).collect();
        let columns = vec![
            self.sources.finish().into_column(),
            self.keys.finish().into_column(),
            persons.finish().into_column(),
            former.finish().into_column(),
            present.with_name("present".into()).into_column(),
            Column::new("first_seen".into(), &entries.first_seen),
            Column::new("number".into(), &entries.numbers),
            UInt32Chunked::full("issued".into(), self.last_number, height).into_column(),
        ];
        Ok(NextMap {
            frame: DataFrame::new(height, columns)?,
            entries,
            recomposed: self.recomposed,
            came_back: self.came_back,
        })
    }
}

/// The ids that a record gave up: a merge adds one; an id that came back takes those after it away; a record that left
/// for an id that is not its own starts anew, since what it bore before may have gone with the others.
fn next_former(old: Option<&Vec<Former>>, before: PersonId, now: PersonId, merged_at: Option<i64>) -> Vec<Former> {
    let mut former = old.cloned().unwrap_or_default();
    if let Some(until) = merged_at {
        former.push(Former { id: before, until });
    } else if before != now {
        let own = former.iter().position(|former| former.id == now);
        former.truncate(own.unwrap_or(0));
    }
    former
}
