//! What a person agreed to, for which purpose, with its source and time.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The state of a consent, from the least to the most restrictive: `Ord` is strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentState {
    /// Agreed, and confirmed where the source confirms.
    Granted,
    /// Asked for, not confirmed yet (double opt-in under way).
    Pending,
    /// Taken back by the person, or the address is suppressed.
    Withdrawn,
}

/// One event: a person's word on one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub struct Consent {
    /// The purpose, e.g. `newsletter`.
    pub purpose: String,
    /// What was said.
    pub state: ConsentState,
    /// When it was said, as far as the source tells.
    pub at: Option<DateTime<Utc>>,
    /// The source that told it.
    pub source: String,
}
