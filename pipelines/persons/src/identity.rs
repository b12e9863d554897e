//! Who is who over time: each cluster gets the id that most of its records bore, or a new one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use polars::prelude::DataFrame;

use crate::{History, IdIssuer, PersonId, PersonsError};

/// How ids are carried over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityRules {
    /// How much a record of a source weighs when an id must choose a side; a source that is not named weighs 1.
    pub source_weights: BTreeMap<String, u32>,
    /// Added to the side that holds the smallest of the id's records: above 0, an id moves only for more than a narrow
    /// majority.
    pub anchor_bonus: u32,
}

/// What happened to an id in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityEvent {
    /// A new id for records never seen before.
    Created {
        /// The new id.
        person: PersonId,
    },
    /// Two persons turned out to be one.
    Merged {
        /// The id that was given up.
        person: PersonId,
        /// The id that lives on.
        into: PersonId,
    },
    /// One person turned out to be two.
    Split {
        /// The id of the part that left: new, or its own of old where a merge was undone.
        person: PersonId,
        /// The id that it bore before.
        from: PersonId,
    },
    /// The last record of a person is gone.
    Gone {
        /// The id, kept for the records' return.
        person: PersonId,
    },
    /// A person of old is back: a gone record returned, or a merge was undone (then `Split` is told as well).
    Returned {
        /// The id.
        person: PersonId,
    },
}

/// Who each record is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The person of each row of the records frame.
    pub persons: Vec<PersonId>,
    /// What happened, sorted.
    pub events: Vec<IdentityEvent>,
    /// The record map of this run, all records ever seen, sorted by source and key: the next run's history.
    pub record_map: DataFrame,
    /// Persons of the last run that consist of the very same records now.
    pub stable: u64,
    /// Records that went from one person to another, without merges and splits.
    pub moved_records: u64,
}

/// Carries ids over from the last run.
pub fn assign(
    _records: &DataFrame,
    _clusters: &[u32],
    _history: &History,
    _issuer: &IdIssuer,
    _rules: &IdentityRules,
    _now: DateTime<Utc>,
) -> Result<Identity, PersonsError> {
    todo!()
}
