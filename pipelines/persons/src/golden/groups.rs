//! The records of each person, next to each other.

use crate::PersonId;
use crate::column::NO_ROW;
use crate::identity::Entries;

/// Persons sorted by id, each with its rows in the order of the records.
pub(super) struct Groups {
    pub(super) ids: Vec<PersonId>,
    starts: Vec<u32>,
    rows: Vec<u32>,
    /// The record map's entry of each row.
    pub(super) entry_of_row: Vec<u32>,
    /// Gone records: the number of the person (who has other records) and the entry, sorted.
    pub(super) gone: Vec<(u32, u32)>,
}

impl Groups {
    pub(super) fn new(entries: &Entries, height: usize) -> Self {
        let mut pairs = Vec::with_capacity(height);
        let mut entry_of_row = vec![NO_ROW; height];
        for (entry, (&person, &row)) in (0_u32..).zip(entries.persons.iter().zip(&entries.rows)) {
            if row != NO_ROW {
                pairs.push((person, entry));
                entry_of_row[row as usize] = entry;
            }
        }
        pairs.sort_unstable();
        let mut groups = Self {
            ids: Vec::new(),
            starts: Vec::new(),
            rows: Vec::with_capacity(height),
            entry_of_row,
            gone: Vec::new(),
        };
        for of_person in pairs.chunk_by(|left, right| left.0 == right.0) {
            groups.ids.push(of_person[0].0);
            groups.starts.push(index(groups.rows.len()));
            groups.rows.extend(of_person.iter().map(|(_, entry)| entries.rows[*entry as usize]));
        }
        groups.starts.push(index(groups.rows.len()));
        for (entry, (person, &row)) in (0_u32..).zip(entries.persons.iter().zip(&entries.rows)) {
            if row == NO_ROW
                && let Some(group) = groups.find(*person)
            {
                groups.gone.push((group, entry));
            }
        }
        groups.gone.sort_unstable();
        groups
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn rows(&self, group: u32) -> &[u32] {
        let group = group as usize;
        &self.rows[self.starts[group] as usize..self.starts[group + 1] as usize]
    }

    /// The entries of gone records of a person.
    pub(super) fn gone_entries(&self, group: u32) -> impl Iterator<Item = u32> {
        let start = self.gone.partition_point(|(of, _)| *of < group);
        self.gone[start..].iter().take_while(move |(of, _)| *of == group).map(|(_, entry)| *entry)
    }

    pub(super) fn find(&self, person: PersonId) -> Option<u32> {
        self.ids.binary_search(&person).ok().map(index)
    }

    /// The group of each row.
    pub(super) fn group_of_row(&self) -> Vec<u32> {
        let mut groups = vec![NO_ROW; self.rows.len()];
        for group in 0..index(self.len()) {
            for &row in self.rows(group) {
                groups[row as usize] = group;
            }
        }
        groups
    }
}

/// A number of rows or persons; frames hold fewer than 2³².
pub(super) fn index(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(NO_ROW)
}
