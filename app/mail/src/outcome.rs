//! What became of one attempt to send one mail, and when to try again.

use chrono::{DateTime, TimeDelta, Utc};

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

/// One failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whether it is worth trying again.
    pub kind: FailureKind,
    /// What failed, without addresses.
    pub error: String,
}

/// Whether it is worth trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// This mail, later: SMTP 4xx, a full disk.
    Temporary,
    /// This mail, never: SMTP 5xx, an address that is none.
    Permanent,
    /// All mail, later: no connection, a time-out, a login that was refused. The other rows need not be tried now.
    Unreachable,
}

/// Decides what a failed attempt means for its row. `attempts` counts this one.
pub fn after_failure(failure: Failure, attempts: u32, max_attempts: u32, now: DateTime<Utc>) -> Outcome {
    let Failure { kind, error } = failure;
    if kind == FailureKind::Permanent {
        return Outcome::Failed { error };
    }
    if attempts >= max_attempts {
        return Outcome::Failed { error: format!("given up after {attempts} attempts: {error}") };
    }
    let delay = i64::try_from(retry_delay_seconds(attempts)).unwrap_or(i64::MAX);
    Outcome::Retry { at: now + TimeDelta::seconds(delay), error }
}

/// How long to wait in seconds after the attempt of this number (1 is the first): one minute, doubled each time, at
/// most six hours.
pub fn retry_delay_seconds(attempt: u32) -> u64 {
    (60_u64 << attempt.saturating_sub(1).min(16)).min(6 * 3_600)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn failed(kind: FailureKind, attempts: u32) -> Outcome {
        let now = Utc.with_ymd_and_hms(2026, 11, 24, 4, 0, 0).unwrap();
        after_failure(Failure { kind, error: "smtp 451".to_owned() }, attempts, 10, now)
    }

    #[test]
    fn the_wait_doubles_up_to_six_hours() {
        assert_eq!([1, 2, 3, 8, 9, 10, 100].map(retry_delay_seconds), [60, 120, 240, 7_680, 15_360, 21_600, 21_600]);
    }

    #[test]
    fn a_temporary_failure_is_tried_again_and_a_permanent_one_is_not() {
        let at = Utc.with_ymd_and_hms(2026, 11, 24, 4, 2, 0).unwrap();
        assert_eq!(failed(FailureKind::Temporary, 2), Outcome::Retry { at, error: "smtp 451".to_owned() });
        assert_eq!(failed(FailureKind::Permanent, 1), Outcome::Failed { error: "smtp 451".to_owned() });
    }

    #[test]
    fn the_last_attempt_gives_up_and_says_so() {
        let error = "given up after 10 attempts: smtp 451".to_owned();
        assert_eq!(failed(FailureKind::Unreachable, 10), Outcome::Failed { error });
    }
}
