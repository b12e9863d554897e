//! What the guards saw, for the report: also those that let the run pass.

use std::sync::{Mutex, PoisonError};

use kartei_normalise::FieldStatistics;
use kartei_persons::Guard;
use kartei_report::model::{Guard as Look, GuardVerdict};

use crate::error::FlowError;
use crate::steps::Step;
use crate::steps::normalise::Canonical;

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

/// A guard that stops a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    /// The name under which `--accept-guard` lets it pass.
    pub guard: String,
    /// The source that it looked at; none: all of them, or the persons.
    pub source: Option<String>,
    /// What it saw, without personal data.
    pub message: String,
    /// The deliveries that it holds back.
    pub deliveries: Vec<i64>,
}

/// All guards that tripped, as the error that stops the run; none where none did.
pub fn stopped_by(trips: &[Trip]) -> Option<FlowError> {
    let named = |trip: &Trip| format!("guard `{}`: {}", trip.guard, trip.message);
    let of_rejects = |trip: &Trip| trip.guard == "max_reject_percent";
    if trips.iter().all(of_rejects) {
        let message = trips.iter().map(|trip| trip.message.clone()).reduce(|all, one| format!("{all}; {one}"))?;
        return Some(FlowError::TooManyRejects { message, deliveries: deliveries_of(trips) });
    }
    // The name of the run's state is that of the first guard that is about more than rows in quarantine.
    let first = trips.iter().position(|trip| !of_rejects(trip))?;
    let others = trips.iter().enumerate().filter(|(index, _)| *index != first).map(|(_, trip)| named(trip));
    let message = others.fold(trips[first].message.clone(), |all, one| format!("{all}; {one}"));
    let mut guards: Vec<String> = trips.iter().map(|trip| trip.guard.clone()).collect();
    guards.sort();
    guards.dedup();
    Some(FlowError::Guard { guard: trips[first].guard.clone(), message, guards, deliveries: deliveries_of(trips) })
}

/// The deliveries that a guard holds back.
pub fn deliveries_of(trips: &[Trip]) -> Vec<i64> {
    let mut all: Vec<i64> = trips.iter().flat_map(|trip| trip.deliveries.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What a delivery keeps of a look.
pub fn verdict(look: &Look, message: &str) -> kartei_store::Verdict {
    let word = match look.verdict {
        GuardVerdict::Passed => "passed",
        GuardVerdict::Accepted => "accepted",
        GuardVerdict::Stopped => "stopped",
    };
    kartei_store::Verdict {
        guard: look.name.clone(),
        actual: look.actual,
        limit: look.limit,
        verdict: word.to_owned(),
        message: (look.verdict != GuardVerdict::Passed).then(|| message.to_owned()),
    }
}

/// What the guards saw that look at what was made of the deliveries.
#[derive(Debug, Clone, Default)]
pub struct PersonLooks {
    /// What a delivery keeps of it.
    pub verdicts: Vec<kartei_store::Verdict>,
    /// What stops the run.
    pub trips: Vec<Trip>,
}

/// So few values that cannot be read stop nothing, however large their share.
const LEAST_UNREADABLE: u64 = 20;

/// The guards over the values of each source, once they have been read. In the first run none looks.
pub fn heed_unreadable(step: &Step<'_>, canonical: &Canonical) -> PersonLooks {
    const GUARD: &str = "max_unreadable_percent";
    let mut looks = PersonLooks::default();
    if step.previous.is_none() {
        return looks;
    }
    for (name, found) in &canonical.sources {
        let (Some(schema), Some(taken)) = (step.project.schemas.source(name), canonical.taken_of.get(name)) else {
            continue;
        };
        let share = |field: &FieldStatistics| field.unreadable as f64 / field.received.max(1) as f64;
        let worst = found.statistics.fields.iter().max_by(|one, other| share(one.1).total_cmp(&share(other.1)));
        let Some((field, counts)) = worst else { continue };
        let mut figures = Figures::percent(counts.unreadable, counts.received, schema.max_unreadable_percent);
        figures.is_exceeded &= counts.unreadable >= LEAST_UNREADABLE;
        let accepts = canonical.accepted_guards.iter().any(|accepted| accepted == GUARD)
            || taken.iter().any(|id| step.options.accepts(GUARD, Some(name), Some(*id)));
        let look = look(GUARD, Some(name), figures, accepts);
        let message = format!(
            "source `{name}`: {} of {} values for `{field}` cannot be read ({:.1} %; {} % are allowed)",
            counts.unreadable, counts.received, figures.actual, schema.max_unreadable_percent
        );
        looks.verdicts.push(verdict(&look, &message));
        if look.verdict == GuardVerdict::Stopped {
            let (guard, source) = (GUARD.to_owned(), Some(name.clone()));
            looks.trips.push(Trip { guard, source, message, deliveries: taken.clone() });
        }
        step.verdicts.add(look);
    }
    looks
}

/// The guards over all persons, before anything is published. In a small index, and in the first run, none looks. All look, so
/// that all that would hold the run back is told at once. `accepted` are guards that a human lets the deliveries pass.
pub fn heed_persons(
    step: &Step<'_>,
    counts: &kartei_persons::diff::ChangeCounts,
    (taken, accepted): (&[i64], &[String]),
) -> PersonLooks {
    let mut looks = PersonLooks::default();
    let limits = &step.project.settings.guards;
    let Some(before) = counts.before.filter(|&before| before > 0 && before >= limits.min_persons) else {
        return looks;
    };
    let rules = [
        (Guard::MaxChangedPercent, counts.changed, limits.max_changed_percent, "would change"),
        (Guard::MaxMergedPercent, counts.merged, limits.max_merged_percent, "would be merged into another"),
        (Guard::MaxGonePercent, counts.gone, limits.max_gone_percent, "would be gone"),
    ];
    for (guard, persons, limit, what) in rules {
        let figures = Figures::percent(persons, before, limit);
        let accepts = accepted.iter().any(|name| name == guard.name())
            || step.options.accepts(guard.name(), None, None)
            || taken.iter().any(|id| step.options.accepts(guard.name(), None, Some(*id)));
        let look = look(guard.name(), None, figures, accepts);
        let message = format!("{persons} of {before} persons {what} ({:.1} %; {limit} % are allowed)", figures.actual);
        looks.verdicts.push(verdict(&look, &message));
        match look.verdict {
            GuardVerdict::Passed => {}
            GuardVerdict::Accepted => {
                tracing::warn!(guard = guard.name(), look.actual, look.limit, "a guard was let pass");
            }
            GuardVerdict::Stopped => looks.trips.push(Trip {
                guard: guard.name().to_owned(),
                source: None,
                message,
                deliveries: taken.to_vec(),
            }),
        }
        step.verdicts.add(look);
    }
    looks
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
