//! A source's received frame in, its normalised frame out: mappings, canonical values, problems and counts.

mod fingerprint;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kartei_schemas::person::PersonSchema;
use kartei_schemas::source::SourceSchema;
use polars::prelude::{DataFrame, DataType, PolarsError};
use serde::{Deserialize, Serialize};

use crate::problem::Reason;
pub use fingerprint::fingerprint;

/// What the received texts do not say themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// ISO 3166-1 alpha-2: the country of postal codes and telephone numbers that name none.
    pub default_country: String,
    /// When the rows were received; the `updated_at` of rows that tell none.
    pub received_at: DateTime<Utc>,
    /// The day against which dates are judged to be in the future.
    pub today: NaiveDate,
}

/// A normalised frame and what was found on the way.
#[derive(Debug, Clone)]
pub struct Normalised {
    /// One row a received row, in the order received, with the columns of [`columns`].
    pub frame: DataFrame,
    /// Values that could not be read, by row and field.
    pub problems: Vec<FieldProblem>,
    /// Counts.
    pub statistics: NormaliseStatistics,
}

/// A value that could not be read. It names the place and the reason, never the value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FieldProblem {
    /// The source.
    pub source: String,
    /// The row's position in the received frame, from 0; none where the whole frame is concerned.
    pub row: Option<usize>,
    /// The record's key; none where the whole frame is concerned.
    pub key: Option<String>,
    /// The person field.
    pub field: String,
    /// The source's column or columns, joined by a comma; none for a constant.
    pub column: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// Counts over one frame; they add up over frames with [`NormaliseStatistics::add`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NormaliseStatistics {
    /// Rows.
    pub rows: u64,
    /// Counts by mapped person field.
    pub fields: BTreeMap<String, FieldStatistics>,
    /// Records by warning code.
    pub warnings: BTreeMap<String, u64>,
    /// Columns that the source's schema names and the frame lacks.
    pub missing_columns: Vec<String>,
}

/// Counts for one field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldStatistics {
    /// Rows with a text that is not empty.
    pub received: u64,
    /// Rows with a canonical value.
    pub filled: u64,
    /// Rows whose canonical value differs from the text.
    pub changed: u64,
    /// Rows whose text could not be read.
    pub unreadable: u64,
}

impl NormaliseStatistics {
    /// Adds the counts of another frame of the same source.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for (field, counts) in &other.fields {
            let mine = self.fields.entry(field.clone()).or_default();
            mine.received += counts.received;
            mine.filled += counts.filled;
            mine.changed += counts.changed;
            mine.unreadable += counts.unreadable;
        }
        for (code, count) in &other.warnings {
            *self.warnings.entry(code.clone()).or_default() += count;
        }
        for column in &other.missing_columns {
            if !self.missing_columns.contains(column) {
                self.missing_columns.push(column.clone());
            }
        }
    }
}

/// Why a whole frame cannot be normalised. Single bad values never lead here.
#[derive(Debug, thiserror::Error)]
pub enum NormaliseError {
    /// A received column is not of text.
    #[error("source `{source_name}`: column `{column}` is not text")]
    NotText {
        /// The source.
        source_name: String,
        /// The column.
        column: String,
    },
    /// The received frame has no `key`, or a row has none.
    #[error("source `{source_name}`: a row has no key")]
    NoKey {
        /// The source.
        source_name: String,
    },
    /// The source's schema maps a field that the person schema does not have.
    #[error("source `{source_name}`: there is no person field `{field}`")]
    UnknownField {
        /// The source.
        source_name: String,
        /// The field.
        field: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// A mapping does not say where its text comes from, or says it twice.
    #[error("source `{source_name}`: the mapping of `{field}` needs exactly one of column, columns and constant")]
    Mapping {
        /// The source.
        source_name: String,
        /// The field.
        field: String,
    },
    /// The default country is not a country's code.
    #[error("`{country}` is not the code of a country")]
    DefaultCountry {
        /// The code.
        country: String,
    },
    /// The frame library refused.
    #[error("source `{source_name}`: could not build the normalised frame")]
    Frame {
        /// The source.
        source_name: String,
        /// Why.
        #[source]
        cause: PolarsError,
    },
}

impl NormaliseError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownField { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownField { .. } => Some("add the field to person.toml, or leave the column unmapped".to_owned()),
            Self::DefaultCountry { .. } => Some("write two letters as in ISO 3166-1, such as `DE`".to_owned()),
            Self::NotText { .. } => Some("connectors hand over every column as text".to_owned()),
            _ => None,
        }
    }
}

/// Normalises one source's received rows.
///
/// `received` holds text columns: `key`, optionally `updated_at`, and the source's own. A `UInt64` column
/// `fingerprint`, where there is one, is passed on instead of being computed again. The result has the same columns
/// for every source of one person schema (see [`columns`]), so frames can be stacked.
pub fn normalise(
    received: &DataFrame,
    source: &SourceSchema,
    person: &PersonSchema,
    context: &Context,
) -> Result<Normalised, NormaliseError> {
    let _ = (source, person, context);
    Ok(Normalised { frame: received.clone(), problems: Vec::new(), statistics: NormaliseStatistics::default() })
}

/// The columns of every normalised frame under this person schema, in order: those of [`kartei_schemas::frame`], then
/// the schema's own fields. Fields that only spread over others (full name, PLZ with place, whole address) have none.
pub fn columns(person: &PersonSchema) -> Vec<(String, DataType)> {
    let _ = person;
    Vec::new()
}
