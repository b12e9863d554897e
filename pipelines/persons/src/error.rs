//! What can stop the person steps: frames that break the contract. Bad values never do.

use thiserror::Error;

/// Why persons could not be made.
#[derive(Debug, Error)]
pub enum PersonsError {
    /// A column of the contract is missing.
    #[error("the {frame} frame has no column `{column}`")]
    MissingColumn {
        /// Which frame.
        frame: &'static str,
        /// Which column.
        column: String,
    },
    /// A column has another type than the contract says.
    #[error("column `{column}` of the {frame} frame is {found}, not {wanted}")]
    WrongType {
        /// Which frame.
        frame: &'static str,
        /// Which column.
        column: String,
        /// The type that it has.
        found: String,
        /// The type that it should have.
        wanted: &'static str,
    },
    /// A list that should have one entry a record has another length.
    #[error("{what} has {found} entries for {wanted} records")]
    WrongLength {
        /// Which list.
        what: &'static str,
        /// Its entries.
        found: usize,
        /// The records.
        wanted: usize,
    },
    /// A stored id is not one that was issued here.
    #[error("the {frame} frame holds an id in row {row} that is no person id")]
    BadId {
        /// Which frame.
        frame: &'static str,
        /// The row, counted from 0.
        row: usize,
    },
    /// Two records bear one name.
    #[error("source `{source_name}` delivers one key twice, in rows {first} and {second} of the {frame} frame")]
    DuplicateRecord {
        /// Which frame.
        frame: &'static str,
        /// The source.
        source_name: String,
        /// The row of the first.
        first: usize,
        /// The row of the second.
        second: usize,
    },
    /// A record's consents are not what the normaliser writes.
    #[error("the consents in row {row} are not a list of consents")]
    BadConsents {
        /// The row, counted from 0 among the records with consents.
        row: usize,
    },
    /// The frame library refused.
    #[error("could not put a frame together")]
    Frame(#[from] polars_core::prelude::PolarsError),
}

impl PersonsError {
    /// What to do about it, where that can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::DuplicateRecord { .. } => Some("stage keeps one row a key: the last one".to_owned()),
            Self::BadId { .. } => {
                Some("ids are 12 characters of Crockford's base 32, as this crate issued them".to_owned())
            }
            _ => None,
        }
    }
}
