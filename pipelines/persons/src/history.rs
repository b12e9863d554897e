//! What the last run knew of each record: the id it bore, and those that it bore before a merge.

use polars::prelude::DataFrame;

use crate::{PersonId, PersonsError};

/// Every record ever seen, with the person it belonged to when last seen.
///
/// At rest it is the *record map*, a frame sorted by source and key with the columns `source`, `key`, `person_id`,
/// `former` (null, or the ids that were given up while the record bore them, each with the millisecond of the merge:
/// `"0123456789AB@1780000000000 ..."`), `present` (Boolean: part of the last run) and `first_seen` (Int64,
/// milliseconds). A missing `former`, `present` or `first_seen` column reads as null, true, unknown.
#[derive(Debug, Clone, Default)]
pub struct History {}

impl History {
    /// No history: the first run.
    pub fn none() -> Self {
        Self::default()
    }

    /// The history out of the last run's record map.
    pub fn from_record_map(_record_map: &DataFrame) -> Result<Self, PersonsError> {
        todo!()
    }

    /// Adds ids that were issued once and that no record bears any more (their records were erased): they are never
    /// issued again.
    #[must_use]
    pub fn with_issued(self, _ids: impl IntoIterator<Item = PersonId>) -> Self {
        todo!()
    }
}
