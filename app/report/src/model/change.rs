//! Persons against the last run: what changed, which source won, what waits for a human, who was told.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kartei_schemas::consent::ConsentCounts;
use kartei_schemas::person::ChangeKind;
use serde::{Deserialize, Serialize};

/// Persons against the last run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct PersonReport {
    /// Persons before the run; none in a first run.
    pub before: Option<u64>,
    /// Persons after it.
    pub after: u64,
    /// Members among them.
    pub members: u64,
    /// Persons with a new id.
    pub created: u64,
    /// Ids that were given up because two persons turned out to be one.
    pub merged: u64,
    /// Ids that were issued because one person turned out to be two.
    pub split: u64,
    /// Persons whose last record is gone.
    pub gone: u64,
    /// Persons of the last run that consist of the very same records now.
    pub stable: u64,
}

impl PersonReport {
    /// The share of the last run's persons that consist of the same records now, 0 to 1.
    pub fn stability(&self) -> Option<f64> {
        let before = self.before.filter(|&before| before > 0)?;
        Some(self.stable as f64 / before as f64)
    }
}

/// What changed in the persons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ChangeReport {
    /// Distinct persons with any change.
    pub persons: u64,
    /// Distinct persons by kind of change, in the order of [`ChangeKind`].
    pub kinds: Vec<KindCount>,
    /// The field change matrix, in the order of the person schema.
    pub fields: Vec<FieldChange>,
}

/// Persons with one kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct KindCount {
    /// The kind.
    pub kind: ChangeKind,
    /// Distinct persons.
    pub persons: u64,
}

/// Persons by what holds of one purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ConsentReport {
    /// The purpose.
    pub purpose: String,
    /// Persons.
    #[serde(flatten)]
    pub persons: ConsentCounts,
}

/// How one field changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct FieldChange {
    /// The person field.
    pub field: String,
    /// It was empty and is filled.
    pub filled: u64,
    /// It has another value.
    pub replaced: u64,
    /// It was filled and is empty.
    pub emptied: u64,
}

/// Which source won one field, over all persons with two or more records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct FieldSurvival {
    /// The person field.
    pub field: String,
    /// Source → persons whose surviving value came from it.
    pub wins: BTreeMap<String, u64>,
    /// Persons whose records disagreed.
    pub conflicts: u64,
    /// Manual overrides in force.
    pub overrides: u64,
}

/// The stewards' queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ReviewReport {
    /// Pairs that wait for a judgement.
    pub open: u64,
    /// Of these, new in this run.
    pub new: u64,
    /// Judgements since the last run.
    pub decided: u64,
    /// When the oldest open pair came in.
    pub oldest_at: Option<DateTime<Utc>>,
    /// Open pairs by age, young to old.
    pub ages: Vec<AgeBand>,
}

/// Open pairs up to an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct AgeBand {
    /// Up to so many days, and older than the band before; none for the last band.
    pub up_to_days: Option<u32>,
    /// Pairs.
    pub items: u64,
}

/// Mail to the officers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct NoticeReport {
    /// Notices written to the outbox by this run.
    pub queued: u64,
    /// Sent.
    pub sent: u64,
    /// Not written because there was nothing that the officer asked for, or it had been told already.
    pub suppressed: u64,
    /// Put off after a temporary failure.
    pub deferred: u64,
    /// Given up.
    pub failed: u64,
    /// Where mail goes: `folder` or `smtp`.
    pub transport: String,
}
