//! The steps of a run, one a file. None knows another: `flow.rs` names them all.

pub mod link;
pub mod normalise;
pub mod notify;
pub mod persons;
pub mod publish;
pub mod pull;
pub mod report;

use chrono::{DateTime, Utc};
use kartei_store::{Lease, Run, Store};

use crate::error::FlowError;
use crate::options::RunOptions;
use crate::project::Project;
use crate::run_frames::RunFrames;
use crate::verdicts::Verdicts;
use crate::watch::{Stop, Watch};

/// What every step is given.
#[derive(Clone, Copy)]
pub struct Step<'a> {
    /// The installation.
    pub project: &'a Project,
    /// The store.
    pub store: &'a Store,
    /// The run.
    pub run: &'a Run,
    /// The right to write for it.
    pub lease: &'a Lease,
    /// What was asked of it.
    pub options: &'a RunOptions,
    /// Frames in memory and at rest.
    pub rest: &'a RunFrames,
    /// Who is told how far it has come.
    pub watch: &'a dyn Watch,
    /// Who may ask it to end.
    pub stop: &'a Stop,
    /// The run that was published last.
    pub previous: Option<i64>,
    /// See [`Step::heard_at`].
    pub heard: DateTime<Utc>,
    /// What the guards saw.
    pub verdicts: &'a Verdicts,
    /// Reads the clock.
    pub clock: &'a (dyn Fn() -> DateTime<Utc> + Sync),
}

impl Step<'_> {
    /// When this run hears what the sources say: the clock, and never before the last publication, so that a clock that was set
    /// back dates no word before one that was heard earlier. It is one instant a run; a run that goes on after a crash
    /// may take a later one. Consents, ids and updates are dated by it, and nothing by [`Step::as_of`].
    pub fn heard_at(&self) -> DateTime<Utc> {
        self.heard
    }

    /// The time that the run stands for: for windows and labels.
    pub fn as_of(&self) -> DateTime<Utc> {
        self.run.due_at
    }

    /// The moment.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }
}

/// Runs a long computation beside the tasks that answer and renew leases.
pub async fn compute<T, F>(work: F) -> Result<T, FlowError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, FlowError> + Send + 'static,
{
    // What it logs belongs to the run and step that asked for it.
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work)).await.map_err(|_| FlowError::Computation)?
}
