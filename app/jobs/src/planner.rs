//! The planner: turns due times into ticks and runs, and says how far it has come by rows alone.
//!
//! A tick is unique in the store and made with its run in one transaction, so that two planners, or one that was killed
//! between two lines, or one whose clock went back, make each run once.

mod decide;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use kartei_schemas::due::{Due, DueError};
use kartei_schemas::jobs::JobSchema;
use kartei_store::{Cause, NewRun, NewTick, Run, RunFilter, RunState, Schedule, Store, StoreError, TickState};

use self::decide::{Decision, Situation, decide};
use crate::chance::share;
use crate::options::RunOptions;
use crate::project::Project;

/// A job that is due by a schedule.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The job's name.
    pub name: String,
    /// The job.
    pub job: JobSchema,
    /// When it is due.
    pub due: Due,
    /// What its due times follow from; when it changes, the planner begins anew.
    pub expression: String,
    /// The due time that was found last: it is asked for again and again.
    found: Arc<Mutex<Option<Found>>>,
}

/// A due time, and since when it is the next one.
#[derive(Debug, Clone, Copy)]
struct Found {
    from: DateTime<Utc>,
    next: Option<DateTime<Utc>>,
}

impl Planned {
    /// The first due time after an instant.
    pub fn next_after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match *found {
            Some(Found { from, next }) if from <= instant && next.is_none_or(|next| instant < next) => next,
            _ => {
                let next = self.due.next_after(instant);
                *found = Some(Found { from: instant, next });
                next
            }
        }
    }
}

/// The jobs with a schedule, read and checked; all that is wrong at once.
pub fn read(project: &Project) -> Result<Vec<Planned>, Vec<(String, DueError)>> {
    let mut planned = Vec::new();
    let mut wrong = Vec::new();
    for (name, job) in &project.jobs.jobs {
        match due(job, project) {
            Ok(due) if due.is_never() => {}
            Ok(due) => {
                let expression = due.expression_of(job);
                planned.push(Planned { name: name.clone(), job: job.clone(), due, expression, found: Arc::default() });
            }
            Err(error) => wrong.push((name.clone(), error)),
        }
    }
    if wrong.is_empty() { Ok(planned) } else { Err(wrong) }
}

/// When a job is due, in its own zone or the installation's.
pub fn due(job: &JobSchema, project: &Project) -> Result<Due, DueError> {
    Due::of_job(job, &project.settings.locale.time_zone)
}

/// Makes the runs that have become due until `now`, and gives them.
pub async fn plan(jobs: &[Planned], store: &Store, now: DateTime<Utc>) -> Result<Vec<Run>, StoreError> {
    let schedules: HashMap<String, Schedule> =
        store.schedules().await?.into_iter().map(|schedule| (schedule.job.clone(), schedule)).collect();
    let mut new = Vec::new();
    let mut due = Vec::new();
    for job in jobs {
        match schedules.get(&job.name).filter(|known| known.expression.as_ref() == Some(&job.expression)) {
            None => new.push((job.name.as_str(), job.expression.as_str())),
            Some(schedule) if is_due(job, schedule, now) => due.push((job, schedule)),
            Some(_) => {}
        }
    }
    if !new.is_empty() {
        store.begin_schedules(&new, now).await?;
    }
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let active = active_runs(store).await?;
    let mut ticks = Vec::new();
    let mut cancelled = Vec::new();
    for (job, schedule) in due {
        let active = active.get(&job.name).map(Vec::as_slice).unwrap_or_default();
        let situation = Situation { last_due_at: schedule.last_due_at, now, active };
        for decision in decide(&job.job, &job.due, &situation) {
            cancelled.extend(decision.cancels.iter().copied());
            ticks.push(tick(job, &decision));
        }
    }
    if ticks.is_empty() {
        return Ok(Vec::new());
    }
    let made = store.create_ticks(&ticks, now).await?;
    for run in &made {
        tracing::info!(run = run.id, job = run.job, due_at = %run.due_at, state = %run.state, "a due time is planned");
    }
    for id in cancelled {
        let reason = "its next due time has come, and the job's `overlap` is `cancel_running`";
        store.request_cancel(id, "scheduler", reason, now).await?;
    }
    Ok(made)
}

fn is_due(job: &Planned, schedule: &Schedule, now: DateTime<Utc>) -> bool {
    schedule.paused_at.is_none()
        && schedule.last_due_at < now
        && job.next_after(schedule.last_due_at).is_some_and(|next| next <= now)
}

/// The runs that wait or are under way, by job, the newest first.
async fn active_runs(store: &Store) -> Result<HashMap<String, Vec<(i64, RunState)>>, StoreError> {
    let states = vec![RunState::Due, RunState::Claimed, RunState::Running];
    let mut active: HashMap<String, Vec<(i64, RunState)>> = HashMap::new();
    for run in store.runs(&RunFilter { states, ..RunFilter::default() }).await? {
        active.entry(run.job).or_default().push((run.id, run.state));
    }
    Ok(active)
}

fn tick(job: &Planned, decision: &Decision) -> NewTick {
    let jitter = job.job.jitter.map_or(0, |jitter| share(&job.name, decision.due_at, 0, jitter));
    let start_at = decision.due_at + chrono::TimeDelta::milliseconds(jitter);
    let run = new_run(&job.name, &job.job, Cause::Schedule, decision.due_at);
    let run = NewRun { start_at, reason: decision.reason.clone(), ..run };
    NewTick { run, state: decision.state, is_backfill: false }
}

/// A run of a job that nobody has to wait for.
pub fn new_run(name: &str, job: &JobSchema, cause: Cause, due_at: DateTime<Utc>) -> NewRun {
    NewRun {
        job: name.to_owned(),
        cause,
        due_at,
        asked_by: "scheduler".to_owned(),
        reason: None,
        parameters: RunOptions::default().to_parameters(),
        retry_of: None,
        start_at: due_at,
        concurrency: job.groups(),
        after_run: None,
        attended: false,
    }
}

/// The most due times that are made up for at once.
pub const BACKFILL: usize = 1_000;

/// The ticks by which the due times in `from..=to` are made up for; none where there are too many.
pub fn backfill(
    (name, job, due): (&str, &JobSchema, &Due),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    (asked_by, reason): (&str, Option<&str>),
    now: DateTime<Utc>,
) -> Option<Vec<NewTick>> {
    let times = due.upcoming(from - chrono::TimeDelta::seconds(1), BACKFILL + 1);
    let times: Vec<_> = times.into_iter().take_while(|&time| time <= to).collect();
    let tick = |&due_at: &DateTime<Utc>| {
        let run = new_run(name, job, Cause::Backfill, due_at);
        let reason = reason.map(str::to_owned);
        let run = NewRun { start_at: now, asked_by: asked_by.to_owned(), reason, ..run };
        NewTick { run, state: TickState::Planned, is_backfill: true }
    };
    (times.len() <= BACKFILL).then(|| times.iter().map(tick).collect())
}
