//! Guards: a run that would change, merge or lose too many persons stops before it publishes.

use std::fmt;

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

impl Guard {
    /// The name under which `--accept-guard` knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::MaxChangedPercent => "max_changed_percent",
            Self::MaxMergedPercent => "max_merged_percent",
            Self::MaxGonePercent => "max_gone_percent",
        }
    }
}

/// The sentence for whoever has to decide: figures, and no person.
impl fmt::Display for GuardTripped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let did = match self.guard {
            Guard::MaxChangedPercent => "would change",
            Guard::MaxMergedPercent => "would be merged into others",
            Guard::MaxGonePercent => "would be gone",
        };
        let Self { count, of, percent, limit_percent, .. } = self;
        let name = self.guard.name();
        write!(out, "{count} of {of} persons ({percent:.1} %) {did}; {name} allows {limit_percent} %")
    }
}

/// The guards that hold this run back; none in a first run, or where fewer persons than `min_persons` were published.
pub fn check(counts: &ChangeCounts, settings: &GuardSettings) -> Vec<GuardTripped> {
    let Some(of) = counts.before.filter(|before| *before > 0 && *before >= settings.min_persons) else {
        return Vec::new();
    };
    let guards = [
        (Guard::MaxChangedPercent, counts.changed, settings.max_changed_percent),
        (Guard::MaxMergedPercent, counts.merged, settings.max_merged_percent),
        (Guard::MaxGonePercent, counts.gone, settings.max_gone_percent),
    ];
    let tripped = guards.into_iter().filter_map(|(guard, count, limit_percent)| {
        let percent = 100.0 * count as f64 / of as f64;
        (percent > limit_percent).then_some(GuardTripped { guard, count, of, percent, limit_percent })
    });
    tripped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(before: u64, changed: u64, merged: u64, gone: u64) -> ChangeCounts {
        ChangeCounts { before: Some(before), changed, merged, gone, ..ChangeCounts::default() }
    }

    #[test]
    fn a_run_within_its_limits_passes() {
        assert_eq!(check(&counts(1_000, 200, 50, 100), &GuardSettings::default()), []);
    }

    #[test]
    fn each_guard_trips_on_its_own_count_and_says_its_figures() {
        let tripped = check(&counts(1_000, 201, 51, 101), &GuardSettings::default());
        let sentences: Vec<String> = tripped.iter().map(ToString::to_string).collect();
        assert_eq!(
            sentences,
            [
                "201 of 1000 persons (20.1 %) would change; max_changed_percent allows 20 %",
                "51 of 1000 persons (5.1 %) would be merged into others; max_merged_percent allows 5 %",
                "101 of 1000 persons (10.1 %) would be gone; max_gone_percent allows 10 %",
            ]
        );
    }

    #[test]
    fn a_first_run_and_a_small_index_are_never_held_back() {
        let first = ChangeCounts { before: None, changed: 9, ..ChangeCounts::default() };
        assert_eq!(check(&first, &GuardSettings::default()), []);
        assert_eq!(check(&counts(49, 49, 49, 49), &GuardSettings::default()), []);
        assert_eq!(check(&counts(50, 50, 50, 50), &GuardSettings::default()).len(), 3);
    }
}
