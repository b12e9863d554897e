//! Ticks: each due time of each job is one row, made with its run in one transaction.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::runs::{self, NewRun, Run, RunState};
use crate::session::{ROWS_AT_ONCE, Row, Session, places, sql};
use crate::words::words;
use crate::{Result, Store};

words! {
    /// What became of a due time.
    TickState {
        /// A run was made for it.
        Planned = "planned",
        /// Left out, since an earlier run of the job was under way.
        Skipped = "skipped",
        /// Left out, since it was noticed too late.
        Missed = "missed",
    }
}

/// One due time of one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// The job.
    pub job: String,
    /// The due time.
    pub due_at: DateTime<Utc>,
    /// What became of it.
    pub state: TickState,
    /// Its run; also a skipped or missed one has a run that says so.
    pub run_id: i64,
}

/// How far the planner has come with a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The job.
    pub job: String,
    /// The last due time for which a tick was made, or from which the planner began.
    pub last_due_at: DateTime<Utc>,
    /// Since when no ticks are made.
    pub paused_at: Option<DateTime<Utc>>,
    /// Who paused it.
    pub paused_by: Option<String>,
    /// The schedule by which the last due time was found.
    pub expression: Option<String>,
}

/// A due time to plan.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTick {
    /// Its run.
    pub run: NewRun,
    /// What becomes of it.
    pub state: TickState,
    /// Whether it is made up for by hand: then neither a pause holds it back, nor does the job's schedule move on.
    pub is_backfill: bool,
}

/// Any number that no other program is likely to take.
const PLANNING: i64 = 0x6b61_7274_706c;

impl Store {
    /// Makes the ticks of due times with their runs, in one transaction, and moves the jobs' schedules on. Ticks that were
    /// made before, by whichever process, and those of jobs that were paused meanwhile are left out. A skipped or missed
    /// tick makes a run in that state, so that it is seen.
    pub async fn create_ticks(&self, ticks: &[NewTick], now: DateTime<Utc>) -> Result<Vec<Run>> {
        let mut session = self.begin().await?;
        if !session.is_sqlite() {
            // Two that plan at once would lock rows in an order of their own, and stop each other.
            sql("select pg_advisory_xact_lock(?)").bind(PLANNING).rows(&mut session).await?;
        }
        let (by_hand, by_schedule): (Vec<&NewTick>, Vec<&NewTick>) = ticks.iter().partition(|tick| tick.is_backfill);
        let unpaused = move_on(&mut session, &by_schedule, now).await?;
        let by_schedule: Vec<&NewTick> =
            by_schedule.into_iter().filter(|tick| unpaused.contains(&tick.run.job)).collect();
        let mut fresh = insert(&mut session, &by_schedule, "do nothing", now).await?;
        // What was skipped or missed may be made up for by hand, once.
        let renewed = "do update set state = excluded.state, created_at = excluded.created_at \
                       where tick.state <> 'planned'";
        fresh.extend(insert(&mut session, &by_hand, renewed, now).await?);
        let runs: Vec<_> = fresh.iter().map(|tick| (&tick.run, run_state(tick.state))).collect();
        let made = runs::insert_all(&mut session, &runs, now).await?;
        name_runs(&mut session, &made).await?;
        session.commit().await?;
        Ok(made)
    }

    /// Begins the schedules of jobs, each a name and an expression. One that is new, or whose expression has changed, begins
    /// now, so that no due time of the past is made up for; a pause stays.
    pub async fn begin_schedules(&self, jobs: &[(&str, &str)], now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        for part in jobs.chunks(ROWS_AT_ONCE) {
            let mut statement = sql(format!(
                "insert into schedule (job, last_due_at, updated_at, expression) values {} \
                 on conflict (job) do update set last_due_at = excluded.last_due_at, updated_at = excluded.updated_at, \
                 expression = excluded.expression \
                 where schedule.expression is null or schedule.expression <> excluded.expression",
                places(part.len(), 4)
            ));
            for &(job, expression) in part {
                statement = statement.bind(job).bind(now).bind(now).bind(expression);
            }
            statement.execute(&mut session).await?;
        }
        session.commit().await
    }

    /// As [`Store::begin_schedules`], for one job; gives its schedule.
    pub async fn begin_schedule(&self, job: &str, expression: &str, now: DateTime<Utc>) -> Result<Schedule> {
        self.begin_schedules(&[(job, expression)], now).await?;
        let mut session = self.read().await?;
        let row = sql(SCHEDULE).and(" where job = ?").bind(job).row(&mut session).await?;
        schedule(&row.ok_or_else(|| crate::StoreError::absent("schedule", job, "not there"))?)
    }

    /// All schedules, by job.
    pub async fn schedules(&self) -> Result<Vec<Schedule>> {
        let mut session = self.read().await?;
        sql(SCHEDULE).and(" order by job").rows(&mut session).await?.iter().map(schedule).collect()
    }

    /// Pauses a schedule, or lets it go on (`by` = none); what was due in between is not made up for.
    pub async fn pause_schedule(&self, job: &str, by: Option<&str>, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        sql("insert into schedule (job, last_due_at, paused_at, paused_by, updated_at) values (?, ?, ?, ?, ?) \
             on conflict (job) do update set paused_at = excluded.paused_at, paused_by = excluded.paused_by, \
             updated_at = excluded.updated_at, last_due_at = case when excluded.paused_at is null \
             and schedule.last_due_at < excluded.last_due_at then excluded.last_due_at else schedule.last_due_at end")
        .bind(job)
        .bind(now)
        .bind(by.map(|_| now))
        .bind(by)
        .bind(now)
        .execute(&mut session)
        .await?;
        session.commit().await
    }

    /// The newest ticks of a job, newest first; at most so many, 0: all.
    pub async fn ticks(&self, job: &str, limit: u32) -> Result<Vec<Tick>> {
        let mut session = self.read().await?;
        let statement = sql("select job, due_at, state, run_id from tick where job = ? order by due_at desc").bind(job);
        let statement = if limit > 0 { statement.and(" limit ?").bind(limit) } else { statement };
        let rows = statement.rows(&mut session).await?;
        let tick = |row: &Row| {
            Ok(Tick {
                job: row.text("job")?,
                due_at: row.instant("due_at")?,
                state: row.word("state")?,
                run_id: row.integer("run_id")?,
            })
        };
        rows.iter().map(tick).collect()
    }
}

const SCHEDULE: &str = "select job, last_due_at, paused_at, paused_by, expression from schedule";

/// Moves the schedules of these ticks' jobs on, and gives the jobs that are not paused. The pause is asked for where the
/// schedule moves on, so that nobody can pause it in between.
async fn move_on(session: &mut Session, ticks: &[&NewTick], now: DateTime<Utc>) -> Result<HashSet<String>> {
    let mut newest: HashMap<&str, DateTime<Utc>> = HashMap::new();
    for tick in ticks {
        let due_at = newest.entry(&tick.run.job).or_insert(tick.run.due_at);
        *due_at = tick.run.due_at.max(*due_at);
    }
    let newest: Vec<_> = newest.into_iter().collect();
    let mut unpaused = HashSet::with_capacity(newest.len());
    for part in newest.chunks(ROWS_AT_ONCE) {
        let mut statement = sql(format!(
            "update schedule set updated_at = ?, \
             last_due_at = case when last_due_at < moved.column2 then moved.column2 else last_due_at end \
             from (values {}) as moved where job = moved.column1 and paused_at is null returning job",
            places(part.len(), 2)
        ))
        .bind(now);
        for &(job, due_at) in part {
            statement = statement.bind(job).bind(due_at);
        }
        for row in &statement.rows(session).await? {
            unpaused.insert(row.text("job")?);
        }
    }
    Ok(unpaused)
}

/// Writes ticks without their runs, and gives those that were not there before.
async fn insert<'a>(
    session: &mut Session,
    ticks: &[&'a NewTick],
    conflict: &str,
    now: DateTime<Utc>,
) -> Result<Vec<&'a NewTick>> {
    let mut fresh = HashSet::with_capacity(ticks.len());
    for part in ticks.chunks(ROWS_AT_ONCE) {
        let mut statement = sql(format!(
            "insert into tick (job, due_at, state, created_at) values {} on conflict (job, due_at) {conflict} \
             returning job, due_at",
            places(part.len(), 4)
        ));
        for tick in part {
            statement = statement.bind(&tick.run.job).bind(tick.run.due_at).bind(tick.state).bind(now);
        }
        for row in &statement.rows(session).await? {
            fresh.insert((row.text("job")?, row.instant("due_at")?.timestamp_millis()));
        }
    }
    let is_fresh = |tick: &&&NewTick| fresh.contains(&(tick.run.job.clone(), tick.run.due_at.timestamp_millis()));
    Ok(ticks.iter().filter(is_fresh).copied().collect())
}

/// Names the run of each tick.
async fn name_runs(session: &mut Session, runs: &[Run]) -> Result<()> {
    for part in runs.chunks(ROWS_AT_ONCE) {
        let mut statement = sql(format!(
            "update tick set run_id = made.column3 from (values {}) as made \
             where job = made.column1 and due_at = made.column2",
            places(part.len(), 3)
        ));
        for run in part {
            statement = statement.bind(&run.job).bind(run.due_at).bind(run.id);
        }
        statement.execute(session).await?;
    }
    Ok(())
}

fn run_state(state: TickState) -> RunState {
    match state {
        TickState::Planned => RunState::Due,
        TickState::Skipped => RunState::Skipped,
        TickState::Missed => RunState::Missed,
    }
}

fn schedule(row: &Row) -> Result<Schedule> {
    Ok(Schedule {
        job: row.text("job")?,
        last_due_at: row.instant("last_due_at")?,
        paused_at: row.optional_instant("paused_at")?,
        paused_by: row.optional_text("paused_by")?,
        expression: row.optional_text("expression")?,
    })
}
