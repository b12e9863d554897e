//! The conductor: a run from its first step to its last, in the order in which they stand here.
//!
//! Each step's output is at rest before the next begins. A run that died goes on at the step where it died: finished
//! steps are passed by, and what they left is read again.

mod perform;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use kartei_report::RunReport;
use kartei_report::model::{Failure, Outcome, Step as StepReport, StepStatus};
use kartei_schemas::duration::Span;
use kartei_schemas::jobs::{JobSchema, PERSONS, StepName};
use kartei_schemas::source::SourceSchema;
use kartei_store::{Lease, Run, RunEnd, RunState, StepEnd, StepState, Store};
use serde::de::DeserializeOwned;
use tracing::Instrument;

use crate::assemble::{self, Found};
use crate::erasing::{self, Desk};
use crate::error::FlowError;
use crate::heartbeat::keep_alive;
use crate::options::RunOptions;
use crate::progress::Progress;
use crate::project::Project;
use crate::retention;
use crate::run_frames::RunFrames;
use crate::steps::{Step, link, normalise, notify, persons, publish, pull, report};
use crate::verdicts::{self, PersonLooks, Verdicts};
use crate::watch::{Stop, Watch, Why};

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// What it has to say of itself.
    pub report: RunReport,
    /// Why it did not come to its end.
    pub error: Option<FlowError>,
}

/// Conducts a claimed run to its end, and writes the end down.
pub async fn conduct(
    project: &Project,
    store: &Store,
    (run, lease): (Run, Lease),
    watch: &dyn Watch,
    (stop, clock): (&Stop, &(dyn Fn() -> DateTime<Utc> + Sync)),
) -> Result<Ended, FlowError> {
    let job = project.jobs.jobs.get(&run.job).cloned().ok_or_else(|| FlowError::UnknownJob(run.job.clone()))?;
    let options = RunOptions::of_parameters(&run.parameters).over(&job.params);
    store.begin_run(&lease, clock()).await?;
    let settled = settle_erasures(project, store, (&job, &options, &lease), (stop, clock)).await;
    let published = store.published().await?;
    let heard = published.as_ref().map_or(clock(), |state| state.published_at.max(clock()));
    let previous = published.as_ref().map(|state| state.run_id);
    let rest = RunFrames::of_attempt(project.frames(), &lease, published);
    let verdicts = &Verdicts::default();
    let (run, lease, options, rest) = (&run, &lease, &options, &rest);
    let progress = Progress::of(watch);
    let watch = &progress;
    let mut conductor = Conductor {
        step: Step { project, store, run, lease, options, rest, watch, stop, previous, heard, verdicts, clock },
        job,
        steps: Vec::new(),
        found: Found::default(),
        position: 0,
        begun_at: clock(),
    };
    let span = tracing::info_span!("run", run = run.id, job = run.job);
    tracing::info!(parent: &span, attempt = run.attempt, due_at = %run.due_at, "the run begins");
    let limit = conductor.job.timeout;
    if let Err(error) = settled {
        return Box::pin(conductor.end(Err(error))).instrument(span).await;
    }
    let outcome = tokio::select! {
        outcome = Box::pin(conductor.run()).instrument(span.clone()) => outcome,
        () = keep_alive(store, lease.clone(), stop, clock) => Err(interrupted(stop)),
        () = stop.asked() => Err(interrupted(stop)),
        error = too_long("run", limit) => Err(error),
        never = progress.keep_noting(store, lease, clock) => match never {},
    };
    Box::pin(conductor.end(outcome)).instrument(span).await
}

/// Before persons change, what is to be erased is: what a crash cut short, what an older store brought back, and who has
/// been gone for longer than is kept.
async fn settle_erasures(
    project: &Project,
    store: &Store,
    (job, options, lease): (&JobSchema, &RunOptions, &Lease),
    (stop, clock): (&Stop, &(dyn Fn() -> DateTime<Utc> + Sync)),
) -> Result<(), FlowError> {
    if options.dry_run || !job.groups().iter().any(|group| group == PERSONS) {
        return Ok(());
    }
    let desk = Desk { project, store, lease, clock };
    tokio::select! {
        settled = Box::pin(erasing::settle(&desk)) => settled.map(|_| ()),
        () = keep_alive(store, lease.clone(), stop, clock) => Err(interrupted(stop)),
        () = stop.asked() => Err(interrupted(stop)),
    }
}

/// Why a run was asked to end, as its error.
fn interrupted(stop: &Stop) -> FlowError {
    match stop.why() {
        Some(Why::Shutdown) => FlowError::PutDown,
        Some(Why::LostLease) => FlowError::LostLease,
        Some(Why::Cancelled) | None => FlowError::Interrupted,
    }
}

/// Waits for as long as a run or step may take; without a limit for ever.
async fn too_long(what: &str, limit: Option<Span>) -> FlowError {
    match limit {
        Some(limit) => {
            tokio::time::sleep(limit.as_duration()).await;
            FlowError::TimedOut { what: what.to_owned(), limit }
        }
        None => std::future::pending().await,
    }
}

struct Conductor<'a> {
    step: Step<'a>,
    job: JobSchema,
    steps: Vec<StepReport>,
    found: Found,
    position: u32,
    /// When the step under way was begun.
    begun_at: DateTime<Utc>,
}

impl<'a> Conductor<'a> {
    /// All steps of a run.
    async fn run(&mut self) -> Result<(), FlowError> {
        self.heed_base().await?;
        let job = self.job.clone();
        if job.steps.contains(&StepName::Pull) {
            let sources = self.sources(&job)?;
            if let Err(stop) = self.pull(&sources).await {
                return Err(self.foresee(stop, &job).await);
            }
        }
        if job.steps.contains(&StepName::Consolidate) {
            let looks = self.make_persons(normalise::Taken::Accepted).await?;
            if let Some(stopped) = verdicts::stopped_by(&looks.trips) {
                self.hold_back(&looks).await?;
                return Err(stopped);
            }
            if job.steps.contains(&StepName::Publish) && !self.step.options.dry_run {
                self.found.visible = Some(self.publish().await?);
            }
        }
        if job.steps.contains(&StepName::Notify) && !self.step.options.dry_run {
            self.found.notified = Some(self.notify().await?);
        }
        Ok(())
    }

    /// Everything between deliveries and persons, up to what the guards over the persons say of it.
    async fn make_persons(&mut self, taken: normalise::Taken) -> Result<PersonLooks, FlowError> {
        let canonical = self.normalise(taken).await?;
        let deliveries = canonical.bringing.clone();
        let accepted = canonical.accepted_guards.clone();
        let mut looks = verdicts::heed_unreadable(&self.step, &canonical);
        self.found.canonical = Some(canonical);
        self.found.matched = Some(self.link().await?);
        let consolidated = self.consolidate().await?;
        let counts = consolidated.statistics.changes.clone();
        self.found.consolidated = Some(consolidated);
        let persons = verdicts::heed_persons(&self.step, &counts, (&deliveries, &accepted));
        looks.verdicts.extend(persons.verdicts);
        looks.trips.extend(persons.trips);
        Ok(looks)
    }

    /// A guard of a source stops the run: what would come of it is made all the same, so that the guards over the persons tell
    /// at once what they would say. Nothing of it is published.
    async fn foresee(&mut self, stop: FlowError, job: &JobSchema) -> FlowError {
        let is_guard = matches!(stop, FlowError::Guard { .. } | FlowError::TooManyRejects { .. });
        if !is_guard || !job.steps.contains(&StepName::Consolidate) || self.step.previous.is_none() {
            return stop;
        }
        match self.make_persons(normalise::Taken::AlsoOwn).await {
            Ok(looks) if looks.trips.is_empty() => stop,
            Ok(looks) => match self.hold_back_staged(&stop, &looks).await {
                Ok(()) => stop.with(&looks.trips),
                Err(error) => error,
            },
            Err(error @ (FlowError::Interrupted | FlowError::PutDown | FlowError::LostLease | FlowError::Store(_))) => {
                error
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "what would come of the deliveries cannot be told");
                stop
            }
        }
    }

    /// What the guards over the persons stopped waits with the reasons.
    async fn hold_back(&self, looks: &PersonLooks) -> Result<(), FlowError> {
        self.hold_back_these(&verdicts::deliveries_of(&looks.trips), looks).await?;
        // What could not be read is listed, also where that is why the run stops.
        if !self.step.options.dry_run && self.step.rest.has("unreadable") {
            let frame = self.step.rest.get("unreadable").await?;
            let (unreadable, _) = crate::unreadable::from_frame(&frame)?;
            self.step.store.keep_unreadable(self.step.lease, &unreadable, self.step.now()).await?;
        }
        Ok(())
    }

    async fn hold_back_staged(&self, stop: &FlowError, looks: &PersonLooks) -> Result<(), FlowError> {
        let (FlowError::Guard { deliveries, .. } | FlowError::TooManyRejects { deliveries, .. }) = stop else {
            return Ok(());
        };
        self.hold_back_these(deliveries, looks).await
    }

    async fn hold_back_these(&self, deliveries: &[i64], looks: &PersonLooks) -> Result<(), FlowError> {
        if self.step.options.dry_run || deliveries.is_empty() {
            return Ok(());
        }
        let told: Vec<String> = looks.trips.iter().map(|trip| format!("{}: {}", trip.guard, trip.message)).collect();
        self.step.store.hold_back(self.step.lease, deliveries, (&looks.verdicts, &told.join("; "))).await?;
        Ok(())
    }

    /// A run that goes on after another one has published begins again from what is published now: its deliveries are at
    /// rest, but what it made of them is no longer current. So does one whose deliveries were decided otherwise meanwhile.
    async fn heed_base(&self) -> Result<(), FlowError> {
        if self.step.run.attempt <= 1 {
            return Ok(());
        }
        let Some(view) = self.step.store.run(self.step.run.id).await? else { return Ok(()) };
        let done = |name: &str| view.steps.iter().find(|step| step.name == name && step.state == StepState::Succeeded);
        let (Some(normalised), None) = (done("normalise"), done("publish")) else { return Ok(()) };
        let canonical: normalise::Canonical = read("normalise", normalised.output.clone())?;
        let (store, lease) = (self.step.store, self.step.lease);
        let pulls = self.job.steps.contains(&StepName::Pull);
        let accepted = store.deliveries_to_consolidate(self.step.run.id, false).await?;
        let is_accepted = |id: &i64| accepted.iter().any(|delivery| delivery.id == *id);
        if !canonical.taken.iter().all(is_accepted) || pulls && done("pull").is_none() {
            tracing::info!("what was taken up is no longer accepted: the run begins anew");
            store.undo_steps(lease, if done("pull").is_some() { "pull" } else { "normalise" }).await?;
        } else if canonical.base != self.step.previous && self.step.previous != Some(self.step.run.id) {
            tracing::info!("another run has published since: normalising and what follows are done again");
            store.undo_steps(lease, "normalise").await?;
        }
        Ok(())
    }

    async fn pull(&mut self, sources: &[&SourceSchema]) -> Result<pull::Pulled, FlowError> {
        let partly = std::sync::Mutex::new(None);
        let step = self.step;
        let work = || {
            async {
                let (pulled, outcome) = pull::pull(&step, sources).await;
                *partly.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(pulled.clone());
                outcome.map(|()| pulled)
            }
            .boxed()
        };
        let rows = |found: &pull::Pulled| found.sources.values().map(|source| source.read).sum();
        let outcome = self.perform(("pull", StepName::Pull), rows, work).await;
        let worked = partly.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        match (&outcome, worked) {
            // Of a pull that failed the report says how far it came.
            (_, Some(pulled)) => self.found.pulled = Some(pulled),
            (Ok(pulled), None) => {
                self.step.verdicts.recall(&pulled.guards);
                self.found.pulled = Some(pulled.clone());
            }
            (Err(_), None) => {}
        }
        outcome
    }

    async fn normalise(&mut self, taken: normalise::Taken) -> Result<normalise::Canonical, FlowError> {
        let step = self.step;
        let rows = |found: &normalise::Canonical| found.records.values().sum();
        let work = || normalise::normalise(&step, taken).boxed();
        let found: normalise::Canonical = self.perform(("normalise", StepName::Consolidate), rows, work).await?;
        self.step.rest.know(&found.frames);
        Ok(found)
    }

    async fn link(&mut self) -> Result<link::Matched, FlowError> {
        let step = self.step;
        let rows = |found: &link::Matched| found.statistics.scored_pairs;
        let found: link::Matched =
            self.perform(("match", StepName::Consolidate), rows, || link::link(&step).boxed()).await?;
        self.step.rest.know(&found.frames);
        Ok(found)
    }

    async fn consolidate(&mut self) -> Result<persons::Consolidated, FlowError> {
        let step = self.step;
        let rows = |found: &persons::Consolidated| found.statistics.golden.persons;
        let found: persons::Consolidated =
            self.perform(("persons", StepName::Consolidate), rows, || persons::consolidate(&step).boxed()).await?;
        self.step.rest.know(&found.frames);
        Ok(found)
    }

    async fn publish(&mut self) -> Result<publish::Visible, FlowError> {
        let (Some(consolidated), Some(canonical)) = (self.found.consolidated.clone(), self.found.canonical.clone())
        else {
            return Ok(publish::Visible::default());
        };
        let figures = self.figures().await?;
        let rows = |found: &publish::Visible| found.published.persons;
        let step = self.step;
        let work = || publish::publish(&step, (&consolidated, &canonical), &figures).boxed();
        self.perform(("publish", StepName::Publish), rows, work).await
    }

    async fn notify(&mut self) -> Result<notify::Notified, FlowError> {
        let step = self.step;
        let rows = |found: &notify::Notified| found.sent;
        self.perform(("notify", StepName::Notify), rows, || notify::notify(&step).boxed()).await
    }

    /// The run's report as it stands, for the store.
    async fn figures(&self) -> Result<serde_json::Value, FlowError> {
        let report = assemble::report(&self.step, &self.found, &self.steps).await?;
        serde_json::to_value(report).map_err(|cause| FlowError::Rest { step: "report", cause })
    }

    /// What the run has to say; of a job that only reports, what the run that was published last had to say.
    async fn report(&self) -> Result<RunReport, FlowError> {
        if self.job.steps == [StepName::Report]
            && let Some(published) = self.step.previous
            && let Some(figures) = self.step.store.statistics(published).await?
        {
            return read("report", figures);
        }
        // A run that had published, and was interrupted again before it came back to that, has nothing better to say
        // than what it said when its persons became visible.
        if self.step.previous == Some(self.step.run.id)
            && self.found.visible.is_none()
            && let Some(figures) = self.step.store.statistics(self.step.run.id).await?
        {
            return read("report", figures);
        }
        assemble::report(&self.step, &self.found, &self.steps).await
    }

    /// Writes the end down: the report, and the run's state. A trouble on the way never hides why the run failed.
    async fn end(mut self, outcome: Result<(), FlowError>) -> Result<Ended, FlowError> {
        let mut error = outcome.err();
        let whole = self.report().await.inspect_err(|trouble| {
            tracing::warn!(error = chain(trouble), "the report could not be put together");
        });
        let is_whole = whole.is_ok();
        let mut report = whole.unwrap_or_else(|_| assemble::stub(&self.step, &self.steps));
        report.run.finished_at = Some(self.step.now());
        self.explain(&mut report, error.as_ref());
        if error.is_none() && self.job.steps.contains(&StepName::Report) {
            error = self.write_report(&mut report).await.err();
            self.explain(&mut report, error.as_ref());
        }
        // A run that was asked to end just before its report tells of itself like any other that did not come to its end.
        if error.is_some()
            && let Err(trouble) = report::write(&self.step, &report)
        {
            tracing::warn!(error = chain(&trouble), "the report could not be written");
        }
        let written = self.write_end((&report, is_whole), error.as_ref()).await;
        retention::clean(&self.step, error.is_none()).await;
        match written {
            Ok(()) => Ok(Ended { report, error }),
            Err(trouble) if error.is_some() => {
                tracing::warn!(error = chain(&trouble), "the end of the run could not be written down");
                Ok(Ended { report, error })
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Says in the report how the run ended.
    fn explain(&self, report: &mut RunReport, error: Option<&FlowError>) {
        report.outcome = match error {
            None if self.job.steps == [StepName::Report] => report.outcome,
            None if self.step.options.dry_run => Outcome::DryRun,
            None => Outcome::Published,
            Some(FlowError::Guard { .. }) => Outcome::StoppedByGuard,
            Some(FlowError::TooManyRejects { .. }) => Outcome::TooManyRejects,
            Some(_) => Outcome::Failed,
        };
        let step = self.steps.last().map(|step| step.name.clone()).unwrap_or_default();
        let failure = |error: &FlowError| Failure { step, message: chain(error), hint: error.hint() };
        report.failure = error.map(failure);
    }

    async fn write_end(
        &mut self,
        (report, is_whole): (&RunReport, bool),
        error: Option<&FlowError>,
    ) -> Result<(), FlowError> {
        let lease = self.step.lease;
        let is_interrupted =
            matches!(error, Some(FlowError::Interrupted | FlowError::PutDown | FlowError::TimedOut { .. }));
        if let Some(error) = error.filter(|_| is_interrupted) {
            self.cancel_step(error).await?;
        }
        if matches!(error, Some(FlowError::PutDown)) {
            tracing::info!("the run is put down, and goes on later");
            self.step.store.release_run(lease, "kartei was stopped", self.step.now()).await?;
            return Ok(());
        }
        if matches!(error, Some(FlowError::LostLease)) {
            return Ok(());
        }
        let figures = serde_json::to_value(report).map_err(|cause| FlowError::Rest { step: "report", cause })?;
        // A stub is better than nothing, and worse than what stands there already.
        let is_kept = is_whole || self.step.store.statistics(lease.run_id).await?.is_none();
        let (store, end, now) = (self.step.store, run_end(error), self.step.now());
        if is_kept {
            store.finish_run_with(lease, &end, &figures, now).await?;
        } else {
            store.finish_run(lease, &end, now).await?;
        }
        Ok(())
    }

    /// The step that was under way when the run was asked to end.
    async fn cancel_step(&mut self, error: &FlowError) -> Result<(), FlowError> {
        let Some(line) = self.steps.last().filter(|line| line.status == StepStatus::Failed) else { return Ok(()) };
        let end = StepEnd {
            state: StepState::Cancelled,
            rows_in: None,
            rows_out: None,
            output: serde_json::Value::Null,
            error: Some(error.to_string()),
        };
        match self.step.store.finish_step(self.step.lease, &line.name, &end, self.step.now()).await {
            // It had ended just before.
            Err(kartei_store::StoreError::LostLease { .. } | kartei_store::StoreError::Absent { .. }) | Ok(()) => {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn write_report(&mut self, report: &mut RunReport) -> Result<(), FlowError> {
        if self.begin("report").await?.is_some() {
            return Ok(());
        }
        let written = report::write(&self.step, report);
        self.finish("report", written, |_| 1).await.map(|_| ())?;
        report.steps.clone_from(&self.steps);
        Ok(())
    }

    fn sources(&self, job: &JobSchema) -> Result<Vec<&'a SourceSchema>, FlowError> {
        let all = &self.step.project.schemas.sources;
        let asked = &self.step.options.sources;
        if let Some(unknown) = asked.iter().find(|name| !all.iter().any(|source| source.name == **name)) {
            return Err(FlowError::UnknownSource(unknown.clone()));
        }
        let wanted = |source: &&SourceSchema| {
            if asked.is_empty() { job.pulls(source) } else { asked.contains(&source.name) }
        };
        Ok(all.iter().filter(wanted).collect())
    }
}

fn read<T: DeserializeOwned>(step: &'static str, output: serde_json::Value) -> Result<T, FlowError> {
    serde_json::from_value(output).map_err(|cause| FlowError::Rest { step, cause })
}

fn run_end(error: Option<&FlowError>) -> RunEnd {
    let Some(error) = error else { return RunEnd::succeeded() };
    let (state, guard) = match error {
        FlowError::Guard { guard, .. } => (RunState::Stopped, Some(guard.clone())),
        FlowError::TooManyRejects { .. } => (RunState::Stopped, Some("max_reject_percent".to_owned())),
        FlowError::Interrupted => (RunState::Cancelled, None),
        _ => (RunState::Failed, None),
    };
    RunEnd { state, error: Some(chain(error)), hint: error.hint(), guard }
}

/// An error with its causes on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn milliseconds(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_milliseconds()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
