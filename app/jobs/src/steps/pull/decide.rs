//! The verdict on what the sources handed over, once all guards of all sources have looked.

use kartei_report::model::GuardVerdict;
use kartei_store::{Delivery, Judged, PullDecision, Verdict};

use super::SourcePull;
use super::delivery::{Open, Puller};
use crate::error::FlowError;
use crate::steps::Step;
use crate::verdicts::{Figures, Trip, look, stopped_by, verdict};

/// What a guard of a source saw.
#[derive(Debug, Clone)]
pub(super) struct Saw {
    pub(super) guard: &'static str,
    pub(super) figures: Figures,
    pub(super) message: String,
    /// It leaves columns out, and stops nothing.
    pub(super) freezes: bool,
    /// Somebody accepted columns that were left out.
    pub(super) thaws: bool,
    /// It concerns only what holds rows in quarantine.
    pub(super) of_rejects: bool,
}

impl Saw {
    pub(super) fn of(guard: &'static str, figures: Figures, message: String) -> Self {
        Self { guard, figures, message, freezes: false, thaws: false, of_rejects: false }
    }
}

/// What came of pulling one source.
pub(super) struct Outcome {
    pub(super) source: String,
    pub(super) found: SourcePull,
    /// The verdicts on its deliveries, in order.
    pub(super) judged: Vec<Judged>,
    /// What would stop the run.
    pub(super) trips: Vec<Trip>,
    /// Whether the pull came to its end.
    pub(super) is_whole: bool,
    pub(super) error: Option<FlowError>,
}

impl Outcome {
    pub(super) fn of(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            found: SourcePull::default(),
            judged: Vec::new(),
            trips: Vec::new(),
            is_whole: false,
            error: None,
        }
    }

    /// Takes in what the run had staged before it was interrupted.
    pub(super) fn recall(&mut self, own: &[Delivery]) {
        for delivery in own {
            self.found.recall(delivery);
        }
    }
}

impl Puller<'_> {
    /// The verdict on each delivery that came whole, and what of it stops the run.
    pub(super) fn judge(&self) -> (Vec<Judged>, Vec<Trip>) {
        let mut trips = Vec::new();
        let mut judged: Vec<Judged> =
            self.done.iter().map(|open| Judged { id: open.row.id, verdicts: Vec::new(), reason: None }).collect();
        for (index, open) in self.done.iter().enumerate() {
            for saw in &open.looks {
                self.weigh(saw, &mut [(open, &mut judged[index])], &mut trips);
            }
        }
        for saw in &self.looks {
            let concerned = |open: &Open| !saw.of_rejects || open.counts.rejected() > 0;
            let mut those: Vec<(&Open, &mut Judged)> =
                self.done.iter().zip(&mut judged).filter(|(open, _)| concerned(open)).collect();
            self.weigh(saw, &mut those, &mut trips);
        }
        (judged, trips)
    }

    /// One guard's verdict on the deliveries that it concerns; where there is none, on the source as it stands.
    fn weigh(&self, saw: &Saw, deliveries: &mut [(&Open, &mut Judged)], trips: &mut Vec<Trip>) {
        let source = self.source.name.as_str();
        let accepts = |open: Option<&Open>| {
            let delivery = open.map(|open| open.row.id);
            saw.freezes
                || saw.thaws
                || self.step.options.accepts(saw.guard, Some(source), delivery)
                || open.is_some_and(|open| open.row.accepted_guards.iter().any(|guard| guard == saw.guard))
        };
        let mut held = Vec::new();
        for (open, judged) in deliveries.iter_mut() {
            let look = look(saw.guard, Some(source), saw.figures, accepts(Some(open)));
            let mut verdict = verdict(&look, &saw.message);
            if saw.freezes {
                "frozen".clone_into(&mut verdict.verdict);
            }
            judged.verdicts.push(verdict);
            if look.verdict == GuardVerdict::Stopped {
                held.push(open.row.id);
                let reason = format!("{}: {}", saw.guard, saw.message);
                judged.reason =
                    Some(judged.reason.take().map_or(reason.clone(), |before| format!("{before}; {reason}")));
            }
        }
        let accepted = held.is_empty() && (!deliveries.is_empty() || accepts(None));
        let look = look(saw.guard, Some(source), saw.figures, accepted);
        if look.verdict == GuardVerdict::Accepted && !saw.freezes {
            tracing::warn!(guard = saw.guard, source, look.actual, look.limit, "a guard was let pass");
        }
        if look.verdict == GuardVerdict::Stopped {
            trips.push(Trip {
                guard: saw.guard.to_owned(),
                source: Some(source.to_owned()),
                message: saw.message.clone(),
                deliveries: held,
            });
        }
        self.step.verdicts.add(look);
    }
}

/// Decides over all that was pulled: each source's deliveries are accepted or wait, in one transaction a source. Gives what
/// stops the run: all guards that tripped, or the first source that could not be read.
pub(super) async fn decide(step: &Step<'_>, mut outcomes: Vec<Outcome>) -> Result<(), FlowError> {
    let over_all = heed_all_sources(step, &mut outcomes);
    let mut trips = Vec::new();
    let mut failure = None;
    for mut outcome in outcomes {
        if !step.options.dry_run {
            let decision =
                PullDecision { source: &outcome.source, deliveries: &outcome.judged, whole: outcome.is_whole };
            step.store.decide_pull(step.lease, &decision, step.now()).await?;
        }
        trips.append(&mut outcome.trips);
        if let Some(error) = outcome.error {
            tracing::error!(source = outcome.source, error = %error, "a source could not be pulled");
            failure.get_or_insert(error);
        }
    }
    trips.extend(over_all);
    match (stopped_by(&trips), failure) {
        // What cannot be read is worse than what looks odd, and is told in the log beside it.
        (_, Some(error)) if trips.is_empty() => Err(error),
        (Some(stopped), _) => Err(stopped),
        (None, failure) => failure.map_or(Ok(()), Err),
    }
}

/// The guard over the rows in quarantine of all sources. What holds such rows waits where it stops the run.
fn heed_all_sources(step: &Step<'_>, outcomes: &mut [Outcome]) -> Option<Trip> {
    const GUARD: &str = "max_reject_percent";
    let rejected: u64 = outcomes.iter().map(|outcome| outcome.found.rejected()).sum();
    let read: u64 = outcomes.iter().map(|outcome| outcome.found.read).sum();
    let limit = step.project.settings.guards.max_reject_percent;
    let figures = Figures::percent(rejected, read, limit);
    let look = look(GUARD, None, figures, step.options.accepts(GUARD, None, None));
    let verdict_of_all = look.verdict;
    step.verdicts.add(look.clone());
    if verdict_of_all != GuardVerdict::Stopped {
        return None;
    }
    let message = format!(
        "{rejected} of {read} rows of all sources went to quarantine ({:.1} %; {limit} % are allowed)",
        figures.actual
    );
    let mut held = Vec::new();
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.found.rejected() > 0) {
        for judged in &mut outcome.judged {
            let verdicts: Vec<Verdict> = vec![verdict(&look, &message)];
            judged.verdicts.extend(verdicts);
            judged.reason.get_or_insert_with(|| format!("{GUARD}: {message}"));
            held.push(judged.id);
        }
    }
    Some(Trip { guard: GUARD.to_owned(), source: None, message, deliveries: held })
}
