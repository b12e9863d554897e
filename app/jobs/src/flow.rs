//! The conductor: a run from its first step to its last, in the order in which they stand here.
//!
//! Each step's output is at rest before the next begins. A run that died goes on at the step where it died: finished
//! steps are passed by, and what they left is read again.

use chrono::{DateTime, Utc};
use kartei_report::RunReport;
use kartei_report::model::{Failure, Outcome, Step as StepReport, StepStatus};
use kartei_schemas::jobs::{JobSchema, StepName};
use kartei_schemas::source::SourceSchema;
use kartei_store::{Lease, Run, RunEnd, RunState, StepEnd, StepState, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::assemble::{self, Found};
use crate::error::FlowError;
use crate::heartbeat::keep_alive;
use crate::options::RunOptions;
use crate::progress::Progress;
use crate::project::Project;
use crate::rest::Rest;
use crate::retention;
use crate::steps::{Step, link, normalise, notify, persons, publish, pull, report};
use crate::verdicts::{self, Verdicts};
use crate::watch::{Stop, Watch};

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
    let rest = Rest::of_run(project.frames(), run.id);
    let previous = store.published().await?.map(|state| state.run_id);
    let verdicts = &Verdicts::default();
    let (run, lease, options, rest) = (&run, &lease, &options, &rest);
    store.begin_run(lease, clock()).await?;
    let progress = Progress::of(watch);
    let watch = &progress;
    let mut conductor = Conductor {
        step: Step { project, store, run, lease, options, rest, watch, stop, previous, verdicts, clock },
        job,
        steps: Vec::new(),
        found: Found::default(),
        position: 0,
    };
    let outcome = tokio::select! {
        outcome = Box::pin(conductor.run()) => outcome,
        () = keep_alive(store, lease.clone(), stop, clock) => Err(FlowError::Interrupted),
        () = stop.asked() => Err(FlowError::Interrupted),
        never = progress.keep_noting(store, lease, clock) => match never {},
    };
    conductor.end(outcome).await
}

struct Conductor<'a> {
    step: Step<'a>,
    job: JobSchema,
    steps: Vec<StepReport>,
    found: Found,
    position: u32,
}

impl<'a> Conductor<'a> {
    /// All steps of a run.
    async fn run(&mut self) -> Result<(), FlowError> {
        if self.step.previous.is_some_and(|published| published > self.step.run.id) {
            let message = "a later run has published since; start a new one".to_owned();
            return Err(FlowError::Guard { guard: "superseded".to_owned(), message });
        }
        let job = self.job.clone();
        if job.steps.contains(&StepName::Pull) {
            let sources = self.sources(&job)?;
            let pulled = self.pull(&sources).await?;
            verdicts::heed_all_sources(&self.step, &pulled)?;
        }
        if job.steps.contains(&StepName::Consolidate) {
            self.found.canonical = Some(self.normalise().await?);
            self.found.matched = Some(self.link().await?);
            let consolidated = self.consolidate().await?;
            let counts = consolidated.statistics.changes.clone();
            self.found.consolidated = Some(consolidated);
            verdicts::heed_persons(&self.step, &counts)?;
        }
        if job.steps.contains(&StepName::Publish) && !self.step.options.dry_run {
            self.found.visible = Some(self.publish().await?);
        }
        if job.steps.contains(&StepName::Notify) && !self.step.options.dry_run {
            self.found.notified = Some(self.notify().await?);
        }
        Ok(())
    }

    async fn pull(&mut self, sources: &[&SourceSchema]) -> Result<pull::Pulled, FlowError> {
        let Some(done) = self.begin("pull").await? else {
            let (pulled, outcome) = pull::pull(&self.step, sources).await;
            // Of a pull that failed the report says how far it came.
            self.found.pulled = Some(pulled.clone());
            let rows = |found: &pull::Pulled| found.sources.values().map(|source| source.read).sum();
            return self.finish("pull", outcome.map(|()| pulled), rows).await;
        };
        let pulled: pull::Pulled = read("pull", done)?;
        self.step.verdicts.recall(&pulled.guards);
        self.found.pulled = Some(pulled.clone());
        Ok(pulled)
    }

    async fn normalise(&mut self) -> Result<normalise::Canonical, FlowError> {
        let Some(done) = self.begin("normalise").await? else {
            let result = normalise::normalise(&self.step).await;
            return self.finish("normalise", result, |found| found.records.values().sum()).await;
        };
        read("normalise", done)
    }

    async fn link(&mut self) -> Result<link::Matched, FlowError> {
        let Some(done) = self.begin("match").await? else {
            let result = link::link(&self.step).await;
            return self.finish("match", result, |found| found.statistics.scored_pairs).await;
        };
        read("match", done)
    }

    async fn consolidate(&mut self) -> Result<persons::Consolidated, FlowError> {
        let Some(done) = self.begin("persons").await? else {
            let result = persons::consolidate(&self.step).await;
            return self.finish("persons", result, |found| found.statistics.golden.persons).await;
        };
        read("persons", done)
    }

    async fn publish(&mut self) -> Result<publish::Visible, FlowError> {
        let Some(done) = self.begin("publish").await? else {
            let Some(consolidated) = self.found.consolidated.clone() else { return Ok(publish::Visible::default()) };
            let figures = self.figures().await?;
            let result = publish::publish(&self.step, &consolidated, &figures).await;
            return self.finish("publish", result, |found| found.published.persons).await;
        };
        read("publish", done)
    }

    async fn notify(&mut self) -> Result<notify::Notified, FlowError> {
        let Some(done) = self.begin("notify").await? else {
            let result = notify::notify(&self.step).await;
            return self.finish("notify", result, |found| found.sent).await;
        };
        read("notify", done)
    }

    /// Begins a step; gives what it left when it was done before a crash.
    async fn begin(&mut self, name: &'static str) -> Result<Option<serde_json::Value>, FlowError> {
        if self.step.stop.is_asked() {
            return Err(FlowError::Interrupted);
        }
        let begun = self.step.store.begin_step(self.step.lease, self.position, name, self.step.now()).await?;
        self.position += 1;
        let duration_milliseconds = begun.finished_at.map_or(0, |end| milliseconds(begun.started_at, end));
        let mut line =
            StepReport { name: name.to_owned(), status: StepStatus::Failed, duration_milliseconds, items: None };
        if begun.state == StepState::Succeeded {
            line.status = StepStatus::Skipped;
            line.items = begun.rows_out;
            self.steps.push(line);
            return Ok(Some(begun.output));
        }
        self.steps.push(line);
        self.step.watch.began(name);
        Ok(None)
    }

    /// Ends a step with its output at rest, or with its failure.
    async fn finish<T: Serialize>(
        &mut self,
        name: &'static str,
        result: Result<T, FlowError>,
        rows: impl Fn(&T) -> u64,
    ) -> Result<T, FlowError> {
        let ended = self.step.now();
        let begun = self.step.store.run(self.step.run.id).await?;
        let begun = begun.and_then(|view| view.steps.into_iter().find(|step| step.name == name));
        let duration = begun.map_or(0, |step| milliseconds(step.started_at, ended));
        let (end, items) = match &result {
            Ok(found) => {
                let output = serde_json::to_value(found).map_err(|cause| FlowError::Rest { step: name, cause })?;
                let rows = rows(found);
                let end =
                    StepEnd { state: StepState::Succeeded, rows_in: None, rows_out: Some(rows), output, error: None };
                (end, Some(rows))
            }
            Err(error) => {
                let state = match error {
                    FlowError::Guard { .. } | FlowError::TooManyRejects { .. } => StepState::Stopped,
                    FlowError::Interrupted => StepState::Cancelled,
                    _ => StepState::Failed,
                };
                let error = Some(chain(error));
                (StepEnd { state, rows_in: None, rows_out: None, output: serde_json::Value::Null, error }, None)
            }
        };
        if let Some(line) = self.steps.last_mut() {
            line.duration_milliseconds = duration;
            line.items = items;
            line.status = if result.is_ok() { StepStatus::Done } else { StepStatus::Failed };
        }
        self.step.store.finish_step(self.step.lease, name, &end, ended).await?;
        self.step.watch.ended(name, &items.map(|rows| rows.to_string()).unwrap_or_default());
        result
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
        assemble::report(&self.step, &self.found, &self.steps).await
    }

    /// Writes the end down: the report, and the run's state. A trouble on the way never hides why the run failed.
    async fn end(mut self, outcome: Result<(), FlowError>) -> Result<Ended, FlowError> {
        let mut error = outcome.err();
        let mut report = self.report().await.unwrap_or_else(|trouble| {
            tracing::warn!(error = chain(&trouble), "the report could not be put together");
            assemble::stub(&self.step, &self.steps)
        });
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
        let written = self.write_end(&report, error.as_ref()).await;
        retention::clean(&self.step, self.found.visible.is_some()).await;
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

    async fn write_end(&mut self, report: &RunReport, error: Option<&FlowError>) -> Result<(), FlowError> {
        if matches!(error, Some(FlowError::Interrupted)) {
            self.cancel_step().await?;
        }
        let figures = serde_json::to_value(report).map_err(|cause| FlowError::Rest { step: "report", cause })?;
        let lease = self.step.lease;
        self.step.store.save_statistics(lease, &figures, self.step.now()).await?;
        self.step.store.finish_run(lease, &run_end(error), self.step.now()).await?;
        Ok(())
    }

    /// The step that was under way when the run was asked to end.
    async fn cancel_step(&mut self) -> Result<(), FlowError> {
        let Some(line) = self.steps.last().filter(|line| line.status == StepStatus::Failed) else { return Ok(()) };
        let end = StepEnd {
            state: StepState::Cancelled,
            rows_in: None,
            rows_out: None,
            output: serde_json::Value::Null,
            error: Some(FlowError::Interrupted.to_string()),
        };
        match self.step.store.finish_step(self.step.lease, &line.name, &end, self.step.now()).await {
            // It had ended just before.
            Err(kartei_store::StoreError::LostLease { .. }) | Ok(()) => Ok(()),
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
