//! What the guards saw, for the report: also those that let the run pass.

use std::sync::{Mutex, PoisonError};

use kartei_persons::Guard;
use kartei_report::model::{Guard as Look, GuardVerdict};

use crate::error::FlowError;
use crate::steps::Step;
use crate::steps::pull::{Pulled, SourcePull};

/// The guards that have looked at a run, in the order in which they looked.
#[derive(Debug, Default)]
pub struct Verdicts(Mutex<Vec<Look>>);

impl Verdicts {
    /// Adds a look.
    pub fn add(&self, look: Look) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(look);
    }

    /// All looks so far: those at one source by the sources' names, since several are pulled at once, and then the others.
    pub fn all(&self) -> Vec<Look> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        looks.sort_by(|one, other| (one.source.is_none(), &one.source).cmp(&(other.source.is_none(), &other.source)));
        looks
    }

    /// Takes in what was seen before a crash.
    pub fn recall(&self, looks: &[Look]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(looks);
    }
}

/// What a guard compares.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// What the run has.
    pub actual: f64,
    /// What is allowed.
    pub limit: f64,
    /// Whether that is too much, or too little.
    pub is_exceeded: bool,
}

impl Figures {
    /// A share that must not be above its limit, both in percent.
    pub fn percent(part: u64, whole: u64, limit: f64) -> Self {
        let actual = 100.0 * part as f64 / whole.max(1) as f64;
        Self { actual, limit, is_exceeded: actual > limit }
    }
}

/// The guards over all sources, once all are pulled.
pub fn heed_all_sources(step: &Step<'_>, pulled: &Pulled) -> Result<(), FlowError> {
    let rejected: u64 = pulled.sources.values().map(SourcePull::rejected).sum();
    let read: u64 = pulled.sources.values().map(|source| source.read).sum();
    let limit = step.project.settings.guards.max_reject_percent;
    let figures = Figures::percent(rejected, read, limit);
    if step.holds_back("max_reject_percent", None, figures) {
        let message = format!(
            "{rejected} of {read} rows of all sources went to quarantine ({:.1} %; {limit} % are allowed)",
            figures.actual
        );
        return Err(FlowError::TooManyRejects { message });
    }
    Ok(())
}

/// The guards over all persons, before anything is published. In a small index, and in the first run, none looks.
pub fn heed_persons(step: &Step<'_>, counts: &kartei_persons::diff::ChangeCounts) -> Result<(), FlowError> {
    let limits = &step.project.settings.guards;
    let Some(before) = counts.before.filter(|&before| before > 0 && before >= limits.min_persons) else {
        return Ok(());
    };
    let looks = [
        (Guard::MaxChangedPercent, counts.changed, limits.max_changed_percent, "would change"),
        (Guard::MaxMergedPercent, counts.merged, limits.max_merged_percent, "would be merged into another"),
        (Guard::MaxGonePercent, counts.gone, limits.max_gone_percent, "would be gone"),
    ];
    // All look, so that the report shows all that would hold the run back, and not only the first.
    let mut first = None;
    for (guard, persons, limit, what) in looks {
        let figures = Figures::percent(persons, before, limit);
        if step.holds_back(guard.name(), None, figures) {
            let message =
                format!("{persons} of {before} persons {what} ({:.1} %; {limit} % are allowed)", figures.actual);
            first.get_or_insert(FlowError::Guard { guard: guard.name().to_owned(), message });
        }
    }
    first.map_or(Ok(()), Err)
}

/// The line that the report has for a look.
pub fn look(name: &str, source: Option<&str>, figures: Figures, is_accepted: bool) -> Look {
    let verdict = match (figures.is_exceeded, is_accepted) {
        (false, _) => GuardVerdict::Passed,
        (true, true) => GuardVerdict::Accepted,
        (true, false) => GuardVerdict::Stopped,
    };
    let Figures { actual, limit, .. } = figures;
    Look { name: name.to_owned(), source: source.map(str::to_owned), limit, actual, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_at_its_limit_passes_and_one_above_it_does_not() {
        assert!(!Figures::percent(10, 100, 10.0).is_exceeded);
        assert!(Figures::percent(11, 100, 10.0).is_exceeded);
        assert!(!Figures::percent(0, 0, 0.0).is_exceeded);
    }

    #[test]
    fn what_is_exceeded_stops_unless_it_was_accepted_and_what_is_not_passes_either_way() {
        let verdict =
            |part, accepted| look("max_gone_percent", None, Figures::percent(part, 10, 50.0), accepted).verdict;
        assert_eq!([verdict(6, false), verdict(6, true)], [GuardVerdict::Stopped, GuardVerdict::Accepted]);
        assert_eq!([verdict(5, false), verdict(5, true)], [GuardVerdict::Passed, GuardVerdict::Passed]);
    }
}
