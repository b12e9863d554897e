//! One source in the report: how fresh it is, what it brought, what was wrong with it.

use chrono::{DateTime, Utc};
use kartei_schemas::duration::Span;
use serde::{Deserialize, Serialize};

/// One source.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct SourceReport {
    /// Its name in the settings.
    pub name: String,
    /// Its name on a page, where the schema gives one.
    pub label: Option<super::Label>,
    /// How fresh it is.
    pub freshness: FreshnessReport,
    /// Rows that it delivered in this run; equals `staged + rejected + unchanged + erased`.
    pub read: u64,
    /// Rows put at rest: `new + changed`, and rows that came twice.
    pub staged: u64,
    /// Records never seen before.
    pub new: u64,
    /// Records that differ from the last delivery.
    pub changed: u64,
    /// Rows equal to what was known.
    pub unchanged: u64,
    /// Records that a complete listing no longer holds.
    pub gone: u64,
    /// Rows without a legible key in a listing, which says nothing about absence for that.
    pub keyless: u64,
    /// Deliveries that a human discarded or took back, and that came again: they were passed over.
    pub passed_over: Vec<i64>,
    /// Rows in quarantine.
    pub rejected: u64,
    /// Rows of persons who were erased, which were put nowhere.
    #[serde(skip_serializing_if = "super::is_zero")]
    pub erased: u64,
    /// Why, most frequent first.
    pub rejects: Vec<RejectCount>,
    /// Living records after the run.
    pub records: u64,
    /// Single values that could not be read, most frequent first; their records stay.
    pub problems: Vec<FieldProblemCount>,
    /// How many of the living records fill each mapped field, in the order of the person schema.
    pub completeness: Vec<FieldCompleteness>,
    /// What differs from the columns that the source had before.
    pub drift: Vec<Drift>,
}

/// How fresh a source is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct FreshnessReport {
    /// Green, amber, red.
    pub state: FreshnessState,
    /// The newest thing that the source is known to have told.
    pub newest_at: Option<DateTime<Utc>>,
    /// Older than this: amber.
    pub warn_after: Option<Span>,
    /// Older than this: red.
    pub error_after: Option<Span>,
}

/// Green, amber, red.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FreshnessState {
    /// Within `warn_after`, or no rule was given.
    #[default]
    Green,
    /// Older than `warn_after`.
    Amber,
    /// Older than `error_after`.
    Red,
}

/// Quarantined rows of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct RejectCount {
    /// The reason's code, e.g. `missing_key`.
    pub reason: String,
    /// Rows.
    pub rows: u64,
}

/// Values of one field that could not be read for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct FieldProblemCount {
    /// The person field.
    pub field: String,
    /// The reason's code, e.g. `not_a_date`.
    pub reason: String,
    /// Values.
    pub values: u64,
}

/// How many records fill a field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct FieldCompleteness {
    /// The person field.
    pub field: String,
    /// Records in which it is filled, of the source's `records`.
    pub filled: u64,
}

/// One column that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Drift {
    /// What happened to it.
    pub kind: DriftKind,
    /// The column's name in the source.
    pub column: String,
}

/// What happened to a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// It was not there before.
    New,
    /// It is not there any more.
    Missing,
    /// Its values look different from before.
    Retyped,
}

/// What a source handed over and nobody has decided on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct WaitingDelivery {
    /// Its number, as `kartei deliveries` shows it.
    pub id: i64,
    /// The source.
    pub source: String,
    /// Why it waits, without personal data.
    pub reason: String,
}
