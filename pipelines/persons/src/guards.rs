//! Guards: a run that would change, merge or lose too many persons stops before it publishes.

use kartei_schemas::settings::GuardSettings;
use serde::{Deserialize, Serialize};

use crate::diff::ChangeCounts;

/// A guard, by the name under which `--accept-guard` lets it pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Too many persons changed.
    MaxChangedPercent,
    /// Too many persons turned out to be another.
    MaxMergedPercent,
    /// Too many persons are gone.
    MaxGonePercent,
}

/// A guard that holds the run back, with its figures.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct GuardTripped {
    /// Which.
    pub guard: Guard,
    /// Persons concerned.
    pub count: u64,
    /// Persons published last.
    pub of: u64,
    /// `count` in percent of `of`.
    pub percent: f64,
    /// The limit, in percent.
    pub limit_percent: f64,
}

/// The guards that hold this run back; none in a first run.
pub fn check(_counts: &ChangeCounts, _settings: &GuardSettings) -> Vec<GuardTripped> {
    todo!()
}
