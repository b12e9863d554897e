//! A steward's word on a pair of records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A record's name for ever: its source and its key there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
pub struct RecordId {
    /// The source's name.
    pub source: String,
    /// The key inside the source.
    pub key: String,
}

/// What a human said of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// One person.
    Same,
    /// Two persons.
    Different,
    /// Looked at, could not tell; asked again only when the records change.
    Unsure,
}

/// A judgement as the matching uses it. Who said it, when and why is the store's to keep.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub struct Judgement {
    /// One record.
    pub left: RecordId,
    /// The other record.
    pub right: RecordId,
    /// The word on them.
    pub verdict: Verdict,
}
