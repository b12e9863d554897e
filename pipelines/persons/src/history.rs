//! What the last run knew of each record: the id it bore, and those that it bore before a merge.

use polars_core::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::column::{counts, flags, integers, optional_text, text};
use crate::{PersonId, PersonsError};

const FRAME: &str = "record map";

/// Every record ever seen, with the person it belonged to when last seen.
///
/// At rest it is the *record map*, a frame sorted by source and key with the columns
/// - `source`, `key`, `person_id`;
/// - `former`: null, or the ids that were given up in a merge while the record bore them, oldest first, each with the
///   millisecond of the merge: `"0123456789AB@1780000000000 ..."`. When the merge is undone, the ids come back;
/// - `present` (Boolean): whether the record was part of the last run. Gone records stay in the map, so that their
///   return brings the same id back;
/// - `first_seen` (Int64, milliseconds UTC);
/// - `number` (UInt32, from 1): the record's own number, by which pairs may name it. It is issued once, stays with the
///   record whatever comes and goes beside it, and is never issued again;
/// - `issued` (UInt32, the same in each row): the highest number ever issued, also to records that were erased since.
///
/// Without `former`, `present`, `first_seen` or `number` a map still works: then an undone merge issues a new id, every
/// record counts as present, and `first_seen` and the numbers start anew.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub(crate) map: Option<DataFrame>,
    pub(crate) persons: Vec<PersonId>,
    pub(crate) former: FxHashMap<u32, Vec<Former>>,
    pub(crate) present: Vec<bool>,
    pub(crate) first_seen: Vec<Option<i64>>,
    pub(crate) numbers: Vec<Option<u32>>,
    /// The highest number ever issued.
    pub(crate) last_number: u32,
    pub(crate) issued: FxHashSet<PersonId>,
}

/// An id that was given up in a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Former {
    pub(crate) id: PersonId,
    /// When, in milliseconds UTC.
    pub(crate) until: i64,
}

impl History {
    /// No history: the first run.
    pub fn none() -> Self {
        Self::default()
    }

    /// The history out of the last run's record map.
    pub fn from_record_map(record_map: &DataFrame) -> Result<Self, PersonsError> {
        let mut history = Self { map: Some(record_map.clone()), ..Self::default() };
        history.persons.reserve(record_map.height());
        for (row, id) in text(record_map, FRAME, "person_id")?.iter().enumerate() {
            let id = id.and_then(|id| id.parse().ok());
            history.persons.push(id.ok_or(PersonsError::BadId { frame: FRAME, row })?);
        }
        if let Some(column) = optional_text(record_map, FRAME, "former")? {
            for (row, former) in (0_u32..).zip(column.iter()) {
                if let Some(former) = former.filter(|former| !former.is_empty()) {
                    let read = read_former(former);
                    let read = read.ok_or(PersonsError::BadId { frame: FRAME, row: row as usize })?;
                    history.former.insert(row, read);
                }
            }
        }
        history.present = flags(record_map, FRAME, "present")?.into_iter().map(|flag| flag.unwrap_or(true)).collect();
        history.first_seen = integers(record_map, FRAME, "first_seen")?;
        history.numbers = counts(record_map, FRAME, "number")?;
        let issued = counts(record_map, FRAME, "issued")?;
        history.last_number = history.numbers.iter().chain(&issued).flatten().copied().max().unwrap_or_default();
        history.issued.extend(history.persons.iter().copied());
        history.issued.extend(history.former.values().flatten().map(|former| former.id));
        Ok(history)
    }

    /// Adds ids that were issued once and that no record bears any more (their records were erased): they are never
    /// issued again.
    #[must_use]
    pub fn with_issued(mut self, ids: impl IntoIterator<Item = PersonId>) -> Self {
        self.issued.extend(ids);
        self
    }
}

/// `None` if any part is not `id@milliseconds`.
fn read_former(text: &str) -> Option<Vec<Former>> {
    let read = |part: &str| {
        let (id, until) = part.split_once('@')?;
        Some(Former { id: id.parse().ok()?, until: until.parse().ok()? })
    };
    text.split_ascii_whitespace().map(read).collect()
}

/// The text that [`History::from_record_map`] reads.
pub(crate) fn write_former(former: &[Former]) -> Option<String> {
    let parts: Vec<String> = former.iter().map(|former| format!("{}@{}", former.id, former.until)).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}
