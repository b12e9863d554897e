//! What became of one attempt to send one mail, and when to try again.

use chrono::{DateTime, Utc};

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The transport took it.
    Sent,
    /// It did not, and may later.
    Retry {
        /// Not before this.
        at: DateTime<Utc>,
        /// What failed, without addresses.
        error: String,
    },
    /// It never will.
    Failed {
        /// What failed, without addresses.
        error: String,
    },
}

/// Whether it is worth trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// SMTP 4xx, no connection, a time-out: try again.
    Temporary,
    /// SMTP 5xx, an address that is none: give up.
    Permanent,
}

/// How long to wait after the attempt of this number (1 is the first): one minute, doubled each time, at most six
/// hours.
pub fn retry_delay_seconds(attempt: u32) -> u64 {
    60_u64.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(6 * 3_600)
}
