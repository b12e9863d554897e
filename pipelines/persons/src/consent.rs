//! Consent: a withdrawal binds until the person grants anew, whatever is imported, merged or repeated.

use chrono::{DateTime, Utc};
use polars::prelude::DataFrame;

use crate::PersonsError;

/// Everything that each record ever told of consents, and when it was first heard.
///
/// At rest it is a frame with the columns `source`, `key`, `received` (the record's consents as last received) and
/// `events` (JSON array of consents with `seen`, milliseconds). It must be kept from run to run.
#[derive(Debug, Clone, Default)]
pub struct Ledger {}

impl Ledger {
    /// The ledger out of its frame at rest.
    pub fn from_frame(_frame: &DataFrame) -> Result<Self, PersonsError> {
        todo!()
    }

    /// The ledger as a frame, sorted by source and key.
    pub fn to_frame(&self) -> Result<DataFrame, PersonsError> {
        todo!()
    }

    /// The ledger after hearing what the records say now. Hearing the same twice changes nothing.
    pub fn hear(&self, _records: &DataFrame, _now: DateTime<Utc>) -> Result<Self, PersonsError> {
        todo!()
    }
}
