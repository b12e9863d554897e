//! What a job promises when the night does not go as planned: missed due times, runs that overlap, failures, followers.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Span;

/// What becomes of due times that nobody planned in time, since kartei was down or asleep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// The latest is made up for; older ones are listed as missed.
    #[default]
    Latest,
    /// All are made up for, one after another.
    All,
    /// None is made up for: all are listed as missed.
    Skip,
}

/// What becomes of a due time while an earlier run of the job is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It is left out, and listed as skipped.
    #[default]
    Skip,
    /// Its run waits until the earlier one has ended.
    Queue,
    /// The earlier run is asked to end, and the new one waits for that.
    CancelRunning,
}

/// How often and when a run or step that failed, or whose worker vanished, is begun again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// How often it is begun at most, the first time included; 1: never again.
    #[schemars(range(min = 1, max = 1000))]
    pub attempts: u32,
    /// How long to wait before the second attempt; twice as long before each further one.
    pub backoff: Span,
    /// Never longer than this.
    pub max: Span,
    /// Up to so much is added to each wait, so that jobs that failed together do not come back together.
    pub jitter: Span,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff: Span::from_seconds(30),
            max: Span::from_seconds(600),
            jitter: Span::from_seconds(0),
        }
    }
}

impl Retry {
    /// Never again.
    pub const fn never() -> Self {
        let zero = Span::from_seconds(0);
        Self { attempts: 1, backoff: zero, max: zero, jitter: zero }
    }

    /// How long to wait once so many attempts have failed; none when there shall be no other. Without the jitter.
    pub fn pause_after(&self, attempts: u32) -> Option<Duration> {
        if attempts >= self.attempts {
            return None;
        }
        let factor = 1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX);
        let pause = self.backoff.seconds().saturating_mul(factor).min(self.max.seconds());
        Some(Duration::from_secs(pause))
    }
}

/// What is said of one step of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepPolicy {
    /// The step fails when it takes longer.
    pub timeout: Option<Span>,
    /// How often the step is begun again within the same attempt of the run; left out: not at all.
    pub retry: Option<Retry>,
}

/// A job after which another one runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(from = "NameOrAfter", into = "NameOrAfter")]
#[schemars(with = "NameOrAfter")]
pub struct After {
    /// The job that must have ended.
    pub job: String,
    /// How.
    pub on: On,
}

/// How a run must have ended so that the job after it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// It succeeded.
    #[default]
    Success,
    /// It failed for good, was lost or stopped by a guard.
    Failure,
    /// Either; also when somebody cancelled it.
    Always,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum NameOrAfter {
    /// The job, which must have succeeded.
    Name(String),
    /// The job, and how it must have ended.
    After(AfterTable),
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AfterTable {
    /// The job that must have ended.
    job: String,
    /// How.
    #[serde(default)]
    on: On,
}

impl From<NameOrAfter> for After {
    fn from(value: NameOrAfter) -> Self {
        match value {
            NameOrAfter::Name(job) => Self { job, on: On::Success },
            NameOrAfter::After(AfterTable { job, on }) => Self { job, on },
        }
    }
}

impl From<After> for NameOrAfter {
    fn from(after: After) -> Self {
        match after.on {
            On::Success => Self::Name(after.job),
            on => Self::After(AfterTable { job: after.job, on }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_doubles_up_to_its_limit_and_ends_with_the_attempts() {
        let retry =
            Retry { attempts: 5, backoff: Span::from_seconds(60), max: Span::from_seconds(200), ..Retry::default() };
        let pauses: Vec<_> = (1..=5).map(|attempts| retry.pause_after(attempts).map(|pause| pause.as_secs())).collect();
        assert_eq!(pauses, [Some(60), Some(120), Some(200), Some(200), None]);
        assert_eq!(Retry::never().pause_after(1), None);
        let endless = Retry { attempts: 1_000, ..retry };
        assert_eq!(endless.pause_after(900).unwrap().as_secs(), 200);
    }
}
