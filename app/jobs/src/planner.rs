//! The planner: turns due times into ticks and runs, and says how far it has come by rows alone.
//!
//! A due time of which the process slept away is made up for once, by its latest. A tick is unique in the store, so that
//! two planners, or one that was killed between two lines, make each run once.

use chrono::{DateTime, Utc};
use kartei_schemas::jobs::JobSchema;
use kartei_store::{Cause, NewRun, Run, RunFilter, RunState, Store, StoreError, TickState};

use crate::due::{Due, DueError};
use crate::options::RunOptions;
use crate::project::Project;

/// A job that is due by a schedule.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The job's name.
    pub name: String,
    /// When it is due.
    pub due: Due,
}

/// The jobs with a schedule, read and checked; all that is wrong at once.
pub fn read(project: &Project) -> Result<Vec<Planned>, Vec<(String, DueError)>> {
    let mut planned = Vec::new();
    let mut wrong = Vec::new();
    for (name, job) in &project.jobs.jobs {
        match due(job, project) {
            Ok(due) if due.is_never() => {}
            Ok(due) => planned.push(Planned { name: name.clone(), due }),
            Err(error) => wrong.push((name.clone(), error)),
        }
    }
    if wrong.is_empty() { Ok(planned) } else { Err(wrong) }
}

/// When a job is due, in its own zone or the installation's.
pub fn due(job: &JobSchema, project: &Project) -> Result<Due, DueError> {
    let zone = job.time_zone.as_deref().unwrap_or(&project.settings.locale.time_zone);
    Due::parse(&job.schedule, zone)
}

/// Makes the runs that have become due until `now`, and gives them.
pub async fn plan(jobs: &[Planned], store: &Store, now: DateTime<Utc>) -> Result<Vec<Run>, StoreError> {
    let mut made = Vec::new();
    for job in jobs {
        let schedule = store.schedule(&job.name, now).await?;
        if schedule.paused_at.is_some() {
            continue;
        }
        let Some(due_at) = job.due.latest_between(schedule.last_due_at, now) else { continue };
        let state = if is_under_way(store, &job.name).await? { TickState::Skipped } else { TickState::Planned };
        let run = NewRun {
            job: job.name.clone(),
            cause: Cause::Schedule,
            due_at,
            asked_by: "scheduler".to_owned(),
            reason: None,
            parameters: RunOptions::default().to_parameters(),
            retry_of: None,
        };
        if let Some(run) = store.create_tick(&run, state, now).await? {
            tracing::info!(run = run.id, job = job.name, %due_at, state = %run.state, "a run is planned");
            made.push(run);
        }
    }
    Ok(made)
}

async fn is_under_way(store: &Store, job: &str) -> Result<bool, StoreError> {
    let states = vec![RunState::Due, RunState::Claimed, RunState::Running];
    let filter = RunFilter { job: Some(job.to_owned()), states, limit: 1 };
    Ok(!store.runs(&filter).await?.is_empty())
}
