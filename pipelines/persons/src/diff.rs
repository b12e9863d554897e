//! What changed since the last published run, by person, kind and field.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kartei_schemas::person::{ChangeKind, PersonSchema};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use crate::{Identity, PersonsError};

/// The persons as they were published last.
pub type PreviousPersons<'a> = Option<&'a DataFrame>;

/// Everything that publishing needs.
#[derive(Debug, Clone)]
pub struct Diff {
    /// Whether nothing was published before: then every person is new, and there are no changes to tell of.
    pub initial: bool,
    /// All persons, sorted by id, with `updated_at` of the unchanged carried over.
    pub persons: DataFrame,
    /// The rows of `persons` that are new or differ from what was published.
    pub upserts: DataFrame,
    /// `person_id merged_into` (null: gone) of the persons that are no more.
    pub gone: DataFrame,
    /// `person_id kind field old new org_unit_before org_unit_after`, sorted by person, kind and field.
    pub changes: DataFrame,
    /// Counts for guards and report.
    pub counts: ChangeCounts,
}

/// How much changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ChangeCounts {
    /// Persons published before; none in a first run.
    pub before: Option<u64>,
    /// Persons now.
    pub after: u64,
    /// Members among them.
    pub members: u64,
    /// Persons with a new id, splits included.
    pub created: u64,
    /// Ids given up because two persons turned out to be one.
    pub merged: u64,
    /// Ids that left another because one person turned out to be two.
    pub split: u64,
    /// Persons without records.
    pub gone: u64,
    /// Persons of before with at least one changed field.
    pub changed: u64,
    /// Distinct persons with any change.
    pub persons: u64,
    /// Distinct persons by kind of change.
    pub kinds: BTreeMap<ChangeKind, u64>,
    /// How each field changed, in the order of the person schema.
    pub fields: Vec<FieldChanges>,
}

/// How one field changed in persons that were known before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct FieldChanges {
    /// The person field.
    pub field: String,
    /// It was empty and is filled.
    pub filled: u64,
    /// It has another value.
    pub replaced: u64,
    /// It was filled and is empty.
    pub emptied: u64,
}

/// Compares the persons with what was published last.
pub fn diff(
    _previous: PreviousPersons<'_>,
    _persons: &DataFrame,
    _identity: &Identity,
    _schema: &PersonSchema,
    _now: DateTime<Utc>,
) -> Result<Diff, PersonsError> {
    todo!()
}
