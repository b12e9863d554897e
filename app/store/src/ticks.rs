//! Ticks: each due time of each job is one row, made with its run in one transaction.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::runs::{self, NewRun, Run, RunState};
use crate::session::{Row, Session, sql};
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

impl Store {
    /// Makes the ticks of due times with their runs, in one transaction, and moves the jobs' schedules on. Ticks that were
    /// made before, by whichever process, and those of jobs that were paused meanwhile are left out. A skipped or missed
    /// tick makes a run in that state, so that it is seen.
    pub async fn create_ticks(&self, ticks: &[NewTick], now: DateTime<Utc>) -> Result<Vec<Run>> {
        let mut session = self.begin().await?;
        let mut made = Vec::new();
        for tick in ticks {
            made.extend(create(&mut session, tick, now).await?);
        }
        session.commit().await?;
        Ok(made)
    }

    /// The schedule of a job. When it is new, or its expression has changed, it begins now, so that no due time of the past
    /// is made up for; a pause stays.
    pub async fn begin_schedule(&self, job: &str, expression: &str, now: DateTime<Utc>) -> Result<Schedule> {
        let mut session = self.begin().await?;
        sql("insert into schedule (job, last_due_at, updated_at, expression) values (?, ?, ?, ?) \
             on conflict (job) do update set last_due_at = excluded.last_due_at, updated_at = excluded.updated_at, \
             expression = excluded.expression \
             where schedule.expression is null or schedule.expression <> excluded.expression")
        .bind(job)
        .bind(now)
        .bind(now)
        .bind(expression)
        .execute(&mut session)
        .await?;
        let rows = sql(SCHEDULE).and(" where job = ?").bind(job).rows(&mut session).await?;
        session.commit().await?;
        let row = rows.first().ok_or_else(|| crate::StoreError::absent("schedule", job, "not there"))?;
        schedule(row)
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

/// Makes one tick and its run; none when it was made before, or the job is paused.
async fn create(session: &mut Session, tick: &NewTick, now: DateTime<Utc>) -> Result<Option<Run>> {
    let NewTick { run, state, is_backfill } = tick;
    if !is_backfill {
        // The pause is asked for where the schedule moves on, so that nobody can pause it in between.
        let moved = sql("update schedule set updated_at = ?, \
             last_due_at = case when last_due_at < ? then ? else last_due_at end where job = ? and paused_at is null")
        .bind(now)
        .bind(run.due_at)
        .bind(run.due_at)
        .bind(&run.job)
        .execute(session)
        .await?;
        if moved == 0 {
            return Ok(None);
        }
    }
    // What was skipped or missed may be made up for by hand, once.
    let conflict = if *is_backfill {
        "on conflict (job, due_at) do update set state = excluded.state, created_at = excluded.created_at \
         where tick.state <> 'planned'"
    } else {
        "on conflict (job, due_at) do nothing"
    };
    let fresh =
        sql(format!("insert into tick (job, due_at, state, run_id, created_at) values (?, ?, ?, null, ?) {conflict}"))
            .bind(&run.job)
            .bind(run.due_at)
            .bind(*state)
            .bind(now)
            .execute(session)
            .await?;
    if fresh == 0 {
        return Ok(None);
    }
    let run_state = match state {
        TickState::Planned => RunState::Due,
        TickState::Skipped => RunState::Skipped,
        TickState::Missed => RunState::Missed,
    };
    let made = runs::insert(session, run, run_state, now).await?;
    sql("update tick set run_id = ? where job = ? and due_at = ?")
        .bind(made.id)
        .bind(&run.job)
        .bind(run.due_at)
        .execute(session)
        .await?;
    Ok(Some(made))
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
