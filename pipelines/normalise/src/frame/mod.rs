//! A source's received frame in, its normalised frame out: mappings, canonical values, problems and counts.

mod answers;
mod assemble;
mod attributes;
mod cell;
mod chunk;
mod consents;
mod field;
mod fingerprint;
mod json;
mod plan;
mod texts;
mod updated_at;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use kartei_schemas::frame;
use kartei_schemas::person::{FieldKind, PersonSchema};
use kartei_schemas::source::SourceSchema;
use polars_core::prelude::{DataFrame, DataType, PolarsError};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::problem::Reason;
pub use fingerprint::fingerprint;

/// What the received texts do not say themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// ISO 3166-1 alpha-2: the country of postal codes and telephone numbers that name none.
    pub default_country: String,
    /// The zone of times that name none, unless the source has one of its own.
    pub time_zone: Tz,
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
    /// The source's schema maps a field that is composed of other settings.
    #[error("source `{source_name}`: `{field}` cannot be mapped from a column")]
    Composed {
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
            Self::Composed { field, .. } if field == frame::CONSENTS => {
                Some("write a [[consent]] for each purpose".to_owned())
            }
            Self::Composed { field, .. } if field == frame::ANSWERS => {
                Some("name the questions under [survey]".to_owned())
            }
            Self::NotText { .. } => Some("connectors hand over every column as text".to_owned()),
            _ => None,
        }
    }
}

/// So many rows are worked on together: enough that names repeat, few enough to stay near the processor.
const CHUNK_ROWS: usize = 32_768;

/// Normalises one source's received rows.
///
/// `received` holds text columns: `key`, optionally `updated_at`, and the source's own. A `UInt64` column
/// `fingerprint`, where there is one, is passed on instead of being computed again. The result has the same columns
/// for every source of one person schema (see [`columns`]), so frames can be stacked; rows keep their order. Equal
/// input gives equal output, however many threads there are.
pub fn normalise(
    received: &DataFrame,
    source: &SourceSchema,
    person: &PersonSchema,
    context: &Context,
) -> Result<Normalised, NormaliseError> {
    let default = context
        .default_country
        .parse()
        .map_err(|_| NormaliseError::DefaultCountry { country: context.default_country.clone() })?;
    check_keys(received, source)?;
    let plan = plan::plan(received, source, person)?;
    let own_zone = source.time_zone.as_deref().and_then(|zone| zone.parse().ok());
    let context = &Context { time_zone: own_zone.unwrap_or(context.time_zone), ..context.clone() };
    let broken = |cause| NormaliseError::Frame { source_name: source.name.clone(), cause };
    let starts: Vec<usize> = (0..received.height().max(1)).step_by(CHUNK_ROWS).collect();
    let chunks: Vec<_> = starts
        .into_par_iter()
        .map(|start| {
            let rows = received.slice(i64::try_from(start).unwrap_or_default(), CHUNK_ROWS);
            chunk::normalise_chunk(&plan, &rows, start, default, context)
        })
        .collect();
    let mut problems = plan.missing.clone();
    let mut statistics = NormaliseStatistics::default();
    for missing in plan.missing.iter().filter_map(|problem| problem.column.clone()) {
        if !statistics.missing_columns.contains(&missing) {
            statistics.missing_columns.push(missing);
        }
    }
    let mut whole: Option<DataFrame> = None;
    for chunk in chunks {
        let chunk = chunk.map_err(broken)?;
        problems.extend(chunk.problems);
        statistics.add(&chunk.statistics);
        match &mut whole {
            None => whole = Some(chunk.frame),
            Some(frame) => {
                frame.vstack_mut_owned(chunk.frame).map_err(broken)?;
            }
        }
    }
    let mut frame = whole.unwrap_or_default();
    frame.rechunk_mut_par();
    Ok(Normalised { frame, problems, statistics })
}

fn check_keys(received: &DataFrame, source: &SourceSchema) -> Result<(), NormaliseError> {
    match received.column(frame::KEY) {
        Ok(keys) if keys.null_count() == 0 => Ok(()),
        _ => Err(NormaliseError::NoKey { source_name: source.name.clone() }),
    }
}

/// The columns of every normalised frame under this person schema, in order: those of [`kartei_schemas::frame`], then
/// the schema's own fields. Fields that only spread over others (full name, PLZ with place, whole address) have none.
pub fn columns(person: &PersonSchema) -> Vec<(String, DataType)> {
    let mut columns: Vec<(String, DataType)> = STANDARD_COLUMNS
        .iter()
        .map(|name| {
            let kind = match *name {
                frame::UPDATED_AT => DataType::Int64,
                frame::FINGERPRINT => DataType::UInt64,
                frame::IS_MEMBER => DataType::Boolean,
                _ => DataType::String,
            };
            ((*name).to_owned(), kind)
        })
        .collect();
    for field in person.columns().filter(|field| !STANDARD_COLUMNS.contains(&field.name.as_str())) {
        let kind = if field.kind == FieldKind::Flag { DataType::Boolean } else { DataType::String };
        columns.push((field.name.clone(), kind));
    }
    columns
}

const STANDARD_COLUMNS: &[&str] = &[
    frame::SOURCE,
    frame::KEY,
    frame::UPDATED_AT,
    frame::FINGERPRINT,
    frame::SEX,
    frame::SALUTATION,
    frame::TITLE,
    frame::GIVEN_NAME,
    frame::SURNAME,
    frame::BIRTH_SURNAME,
    frame::NAME_SUFFIX,
    frame::BIRTH_DATE,
    frame::EMAIL,
    frame::EMAIL_KEY,
    frame::MOBILE,
    frame::PHONE,
    frame::STREET,
    frame::HOUSE_NUMBER,
    frame::ADDRESS_EXTRA,
    frame::POSTAL_CODE,
    frame::CITY,
    frame::COUNTRY,
    frame::MEMBERSHIP_NUMBER,
    frame::IS_MEMBER,
    frame::JOINED_ON,
    frame::LEFT_ON,
    frame::ORG_UNIT,
    frame::INTERESTS,
    frame::CONSENTS,
    frame::ANSWERS,
    frame::ATTRIBUTES,
    frame::RECEIVED,
    frame::WARNINGS,
];

#[cfg(test)]
mod tests;
