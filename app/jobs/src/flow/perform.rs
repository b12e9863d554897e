//! One step: begun, worked on within its time, begun again where its policy says so, and ended with its output at rest.

use futures::future::BoxFuture;
use kartei_report::model::{Step as StepReport, StepStatus};
use kartei_schemas::jobs::StepName;
use kartei_store::{StepEnd, StepState};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use super::{Conductor, chain, interrupted, milliseconds, read, too_long};
use crate::chance::share;
use crate::error::FlowError;

impl Conductor<'_> {
    /// Performs a step, or reads what it left where it was done before.
    pub(super) async fn perform<'w, T: Serialize + DeserializeOwned>(
        &mut self,
        (name, part): (&'static str, StepName),
        rows: impl Fn(&T) -> u64,
        work: impl Fn() -> BoxFuture<'w, Result<T, FlowError>>,
    ) -> Result<T, FlowError> {
        let policy = self.job.policy_of(part);
        let span = tracing::info_span!("step", step = name);
        let mut attempts = 0;
        loop {
            if let Some(done) = self.begin(name).instrument(span.clone()).await? {
                return read(name, done);
            }
            attempts += 1;
            let result = {
                let limited = async {
                    tokio::select! {
                        result = work() => result,
                        error = too_long(name, policy.timeout) => Err(error),
                    }
                };
                limited.instrument(span.clone()).await
            };
            let result = self.finish(name, result, &rows).instrument(span.clone()).await;
            let pause = policy.retry.as_ref().and_then(|retry| Some((retry.pause_after(attempts)?, retry.jitter)));
            match (&result, pause) {
                (Err(error), Some((pause, jitter))) if error.is_worth_another_try() => {
                    let run = self.step.run;
                    let more = u64::try_from(share(&run.job, run.due_at, attempts, jitter)).unwrap_or(0);
                    tracing::warn!(parent: &span, seconds = pause.as_secs(), "the step is tried again");
                    let pause = error.not_before().unwrap_or_default().max(pause);
                    tokio::time::sleep(pause + std::time::Duration::from_millis(more)).await;
                    self.position -= 1;
                    self.steps.pop();
                }
                _ => return result,
            }
        }
    }

    /// Begins a step; gives what it left when it was done before a crash.
    pub(super) async fn begin(&mut self, name: &'static str) -> Result<Option<serde_json::Value>, FlowError> {
        if self.step.stop.is_asked() {
            return Err(interrupted(self.step.stop));
        }
        let begun = self.step.store.begin_step(self.step.lease, self.position, name, self.step.now()).await?;
        self.position += 1;
        self.begun_at = begun.started_at;
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
        tracing::info!(attempt = begun.attempt, "the step begins");
        Ok(None)
    }

    /// Ends a step with its output at rest, or with its failure.
    pub(super) async fn finish<T: Serialize>(
        &mut self,
        name: &'static str,
        result: Result<T, FlowError>,
        rows: impl Fn(&T) -> u64,
    ) -> Result<T, FlowError> {
        let ended = self.step.now();
        let duration = milliseconds(self.begun_at, ended);
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
                    FlowError::Interrupted | FlowError::PutDown | FlowError::LostLease => StepState::Cancelled,
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
        match &result {
            Ok(_) => tracing::info!(rows = items, milliseconds = duration, "the step is done"),
            Err(error) => {
                tracing::error!(error = chain(error), milliseconds = duration, "the step did not come to its end");
            }
        }
        self.step.watch.ended(name, &items.map(|rows| rows.to_string()).unwrap_or_default());
        result
    }
}
