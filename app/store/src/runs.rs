//! Runs: asked for, listed, shown. How one is claimed and fenced stands in `claims`, how people and policies change its
//! state in `control` and `settling`, its steps in `steps`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::session::{ROWS_AT_ONCE, Row, Session, places, sql};
use crate::words::words;
use crate::{Result, Step, Store, StoreError};

words! {
    /// Where a run stands.
    RunState {
        /// Waits for a worker.
        Due = "due",
        /// A worker holds the lease and has not begun.
        Claimed = "claimed",
        /// A worker is at it.
        Running = "running",
        /// Done.
        Succeeded = "succeeded",
        /// A step failed.
        Failed = "failed",
        /// Somebody ended it.
        Cancelled = "cancelled",
        /// Its worker vanished: the lease ended without a word.
        Lost = "lost",
        /// Not made, since an earlier run of the job was under way.
        Skipped = "skipped",
        /// Not made in time.
        Missed = "missed",
        /// A guard stopped it before publishing.
        Stopped = "stopped",
    }
}

impl RunState {
    /// Whether a worker may still hold it.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Claimed | Self::Running)
    }

    /// Whether nothing more happens by itself.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Due | Self::Claimed | Self::Running)
    }
}

words! {
    /// Why a run is there.
    Cause {
        /// Its time had come.
        Schedule = "schedule",
        /// Somebody asked.
        AdHoc = "ad_hoc",
        /// An earlier run failed or was lost.
        Retry = "retry",
        /// A due time of the past is made up for.
        Backfill = "backfill",
        /// Another job ended.
        After = "after",
    }
}

/// A run to make.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The job.
    pub job: String,
    /// Why.
    pub cause: Cause,
    /// The time that the run stands for, handed to its steps; for an ad-hoc run the time of asking, or `--as-of`.
    pub due_at: DateTime<Utc>,
    /// Who asked: `scheduler`, a user's name.
    pub asked_by: String,
    /// Why, in the words of who asked.
    pub reason: Option<String>,
    /// The run's parameters, a JSON object.
    pub parameters: Json,
    /// The run that this one tries again.
    pub retry_of: Option<i64>,
    /// No worker claims it before this.
    pub start_at: DateTime<Utc>,
    /// The groups of which it takes a place while it is under way.
    pub concurrency: Vec<String>,
    /// The run after which it is made.
    pub after_run: Option<i64>,
    /// Whether somebody waits at the terminal: what becomes of it is then for them to say, not for the retry policy, and
    /// no other job runs after it.
    pub attended: bool,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// The job.
    pub job: String,
    /// Why it is there.
    pub cause: Cause,
    /// Where it stands.
    pub state: RunState,
    /// The time that it stands for.
    pub due_at: DateTime<Utc>,
    /// Who asked.
    pub asked_by: String,
    /// Why, in the words of who asked.
    pub reason: Option<String>,
    /// Its parameters.
    pub parameters: Json,
    /// The run that this one tries again.
    pub retry_of: Option<i64>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// How often it was claimed: also the fencing token.
    pub attempt: i64,
    /// The worker that holds or held it.
    pub worker: Option<String>,
    /// Until when the worker holds it.
    pub lease_until: Option<DateTime<Utc>>,
    /// The worker's last sign of life.
    pub heartbeat_at: Option<DateTime<Utc>>,
    /// When its first step first began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Set when somebody wants it to end; the worker sees it when it renews its lease.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// What failed, without personal data.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The guard that stopped it.
    pub guard: Option<String>,
    /// No worker claims it before this.
    pub start_at: DateTime<Utc>,
    /// How often it was put back after it had failed or was lost.
    pub retries: u32,
    /// The groups of which it takes a place while it is under way.
    pub concurrency: Vec<String>,
    /// The run after which it was made.
    pub after_run: Option<i64>,
    /// When its end was dealt with: it is tried again, or the jobs after it were made.
    pub settled_at: Option<DateTime<Utc>>,
}

/// Which runs to list; the newest come first.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only of this job.
    pub job: Option<String>,
    /// Only in one of these states; empty: any.
    pub states: Vec<RunState>,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// A run with all that happened in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    /// The run.
    pub run: Run,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// Its changes of state, in order.
    pub events: Vec<RunEvent>,
}

/// One change of a run's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// The state before; none when the run was made.
    pub before: Option<RunState>,
    /// The state after.
    pub after: RunState,
    /// Who did it: a worker, the reaper, a user.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// `Succeeded`, `Failed`, `Cancelled` or `Stopped`.
    pub state: RunState,
    /// What failed, without personal data.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The guard that stopped it.
    pub guard: Option<String>,
}

impl RunEnd {
    /// All went well.
    pub const fn succeeded() -> Self {
        Self { state: RunState::Succeeded, error: None, hint: None, guard: None }
    }
}

pub(crate) const COLUMNS: &str = "id, job, cause, state, due_at, asked_by, reason, parameters, retry_of, created_at, attempt, worker, \
                       lease_until, heartbeat_at, started_at, finished_at, cancel_requested_at, error, hint, guard, \
                       start_at, retries, concurrency, after_run, settled_at";

impl Store {
    /// Makes a run that a worker may claim.
    pub async fn create_run(&self, run: &NewRun, now: DateTime<Utc>) -> Result<Run> {
        let mut session = self.begin().await?;
        let made = insert(&mut session, run, RunState::Due, now).await?;
        session.commit().await?;
        Ok(made)
    }

    /// The runs, newest first.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<Run>> {
        let mut statement = sql(format!("select {COLUMNS} from run where 1 = 1"));
        if let Some(job) = &filter.job {
            statement = statement.and(" and job = ?").bind(job);
        }
        if !filter.states.is_empty() {
            statement = statement.and(" and state in (").and(&vec!["?"; filter.states.len()].join(", ")).and(")");
            for state in &filter.states {
                statement = statement.bind(*state);
            }
        }
        statement = statement.and(" order by id desc");
        if filter.limit > 0 {
            statement = statement.and(" limit ?").bind(filter.limit);
        }
        let mut session = self.read().await?;
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// A run with its steps and changes of state; none when there is no such run.
    pub async fn run(&self, id: i64) -> Result<Option<RunView>> {
        let mut session = self.read().await?;
        let Some(run) = find(&mut session, id).await? else { return Ok(None) };
        let steps = crate::steps::of_run(&mut session, id).await?;
        let events =
            sql("select at, state_before, state_after, actor, reason from run_event where run_id = ? order by id")
                .bind(id)
                .rows(&mut session)
                .await?
                .iter()
                .map(event)
                .collect::<Result<_>>()?;
        Ok(Some(RunView { run, steps, events }))
    }
}

pub(crate) async fn insert(session: &mut Session, run: &NewRun, state: RunState, now: DateTime<Utc>) -> Result<Run> {
    let made = insert_all(session, &[(run, state)], now).await?.pop();
    made.ok_or_else(|| StoreError::absent("run", &run.job, "not made"))
}

/// Makes runs, each with its first event, in this order. No two may be of one job and one due time.
pub(crate) async fn insert_all(
    session: &mut Session,
    runs: &[(&NewRun, RunState)],
    now: DateTime<Utc>,
) -> Result<Vec<Run>> {
    let mut made = Vec::with_capacity(runs.len());
    for part in runs.chunks(ROWS_AT_ONCE) {
        let mut statement = sql(format!(
            "insert into run (job, cause, state, due_at, asked_by, reason, parameters, retry_of, created_at, attempt, \
             start_at, retries, concurrency, after_run, settled_at) values {} returning {COLUMNS}",
            places(part.len(), 15)
        ));
        for (run, state) in part {
            statement = statement
                .bind(&run.job)
                .bind(run.cause)
                .bind(*state)
                .bind(run.due_at)
                .bind(&run.asked_by)
                .bind(run.reason.clone())
                .bind(run.parameters.clone())
                .bind(run.retry_of)
                .bind(now)
                .bind(0)
                .bind(run.start_at)
                .bind(0)
                .bind(Json::from(run.concurrency.clone()))
                .bind(run.after_run)
                .bind((run.attended || state.is_final()).then_some(now));
        }
        let rows = statement.rows(session).await?;
        made.extend(rows.iter().map(from_row).collect::<Result<Vec<_>>>()?);
    }
    // Neither database promises to give rows back in the order in which they came.
    made.sort_by_key(|run| run.id);
    let events: Vec<_> = made.iter().map(NewEvent::of_new).collect();
    record_events(session, &events, now).await?;
    Ok(made)
}

/// A change of a run's state to write down.
pub(crate) struct NewEvent<'a> {
    pub(crate) run_id: i64,
    pub(crate) before: Option<RunState>,
    pub(crate) after: RunState,
    pub(crate) actor: Actor<'a>,
}

impl<'a> NewEvent<'a> {
    fn of_new(run: &'a Run) -> Self {
        NewEvent { run_id: run.id, before: None, after: run.state, actor: (&run.asked_by, run.reason.as_deref()) }
    }
}

/// Writes down changes of runs' states, in this order.
pub(crate) async fn record_events(session: &mut Session, events: &[NewEvent<'_>], now: DateTime<Utc>) -> Result<()> {
    for part in events.chunks(ROWS_AT_ONCE) {
        let mut statement = sql(format!(
            "insert into run_event (run_id, at, state_before, state_after, actor, reason) values {}",
            places(part.len(), 6)
        ));
        for NewEvent { run_id, before, after, actor: (actor, reason) } in part {
            statement = statement.bind(*run_id).bind(now).bind(before.map(RunState::as_str)).bind(*after);
            statement = statement.bind(*actor).bind(*reason);
        }
        statement.execute(session).await?;
    }
    Ok(())
}

pub(crate) async fn find(session: &mut Session, id: i64) -> Result<Option<Run>> {
    let row = sql(format!("select {COLUMNS} from run where id = ?")).bind(id).row(session).await?;
    row.as_ref().map(from_row).transpose()
}

/// Who did something, and why.
pub(crate) type Actor<'a> = (&'a str, Option<&'a str>);

pub(crate) async fn record_event(
    session: &mut Session,
    run_id: i64,
    change: (RunState, RunState),
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let event = NewEvent { run_id, before: Some(change.0), after: change.1, actor };
    record_events(session, &[event], now).await
}

/// The state of a run that a worker holds: claimed, or running once its first step has begun.
pub(crate) async fn held_state(session: &mut Session, run_id: i64) -> Result<RunState> {
    let row = sql("select state_after from run_event where run_id = ? order by id desc limit 1")
        .bind(run_id)
        .row(session)
        .await?;
    row.map_or(Ok(RunState::Running), |row| row.word("state_after"))
}

fn event(row: &Row) -> Result<RunEvent> {
    let before = row.optional_text("state_before")?.map(|_| row.word("state_before")).transpose()?;
    Ok(RunEvent {
        at: row.instant("at")?,
        before,
        after: row.word("state_after")?,
        actor: row.text("actor")?,
        reason: row.optional_text("reason")?,
    })
}

pub(crate) fn from_row(row: &Row) -> Result<Run> {
    Ok(Run {
        id: row.integer("id")?,
        job: row.text("job")?,
        cause: row.word("cause")?,
        state: row.word("state")?,
        due_at: row.instant("due_at")?,
        asked_by: row.text("asked_by")?,
        reason: row.optional_text("reason")?,
        parameters: row.json("parameters")?,
        retry_of: row.optional_integer("retry_of")?,
        created_at: row.instant("created_at")?,
        attempt: row.integer("attempt")?,
        worker: row.optional_text("worker")?,
        lease_until: row.optional_instant("lease_until")?,
        heartbeat_at: row.optional_instant("heartbeat_at")?,
        started_at: row.optional_instant("started_at")?,
        finished_at: row.optional_instant("finished_at")?,
        cancel_requested_at: row.optional_instant("cancel_requested_at")?,
        error: row.optional_text("error")?,
        hint: row.optional_text("hint")?,
        guard: row.optional_text("guard")?,
        start_at: row.instant("start_at")?,
        retries: u32::try_from(row.count("retries")?).unwrap_or(u32::MAX),
        concurrency: groups(row)?,
        after_run: row.optional_integer("after_run")?,
        settled_at: row.optional_instant("settled_at")?,
    })
}

pub(crate) fn groups(row: &Row) -> Result<Vec<String>> {
    Ok(serde_json::from_value(row.json("concurrency")?).unwrap_or_default())
}
