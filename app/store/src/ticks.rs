//! Ticks: each due time of each job is one row, made with its run in one transaction.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::runs::{self, NewRun, Run, RunState};
use crate::session::{Row, sql};
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
}

impl Store {
    /// Makes the tick of a due time with its run, and moves the job's schedule on; none when it was made before, by
    /// whichever process. A skipped or missed tick makes a run in that state, so that it is seen.
    pub async fn create_tick(&self, run: &NewRun, state: TickState, now: DateTime<Utc>) -> Result<Option<Run>> {
        let mut session = self.begin().await?;
        let run_state = match state {
            TickState::Planned => RunState::Due,
            TickState::Skipped => RunState::Skipped,
            TickState::Missed => RunState::Missed,
        };
        let fresh = sql("insert into tick (job, due_at, state, run_id, created_at) values (?, ?, ?, null, ?) \
             on conflict (job, due_at) do nothing")
        .bind(&run.job)
        .bind(run.due_at)
        .bind(state)
        .bind(now)
        .execute(&mut session)
        .await?;
        if fresh == 0 {
            session.rollback().await?;
            return Ok(None);
        }
        let made = runs::insert(&mut session, run, run_state, now).await?;
        sql("update tick set run_id = ? where job = ? and due_at = ?")
            .bind(made.id)
            .bind(&run.job)
            .bind(run.due_at)
            .execute(&mut session)
            .await?;
        sql("update schedule set last_due_at = ?, updated_at = ? where job = ? and last_due_at < ?")
            .bind(run.due_at)
            .bind(now)
            .bind(&run.job)
            .bind(run.due_at)
            .execute(&mut session)
            .await?;
        session.commit().await?;
        Ok(Some(made))
    }

    /// The job's schedule; when it is new it begins now, so that no due time of the past is made up for.
    pub async fn schedule(&self, job: &str, now: DateTime<Utc>) -> Result<Schedule> {
        let mut session = self.begin().await?;
        sql("insert into schedule (job, last_due_at, updated_at) values (?, ?, ?) on conflict (job) do nothing")
            .bind(job)
            .bind(now)
            .bind(now)
            .execute(&mut session)
            .await?;
        let rows = sql("select job, last_due_at, paused_at, paused_by from schedule where job = ?")
            .bind(job)
            .rows(&mut session)
            .await?;
        session.commit().await?;
        let row = rows.first().ok_or_else(|| crate::StoreError::absent("schedule", job, "not there"))?;
        schedule(row)
    }

    /// All schedules, by job.
    pub async fn schedules(&self) -> Result<Vec<Schedule>> {
        let mut session = self.read().await?;
        let text = "select job, last_due_at, paused_at, paused_by from schedule order by job";
        sql(text).rows(&mut session).await?.iter().map(schedule).collect()
    }

    /// Pauses a schedule, or lets it go on (`by` = none).
    pub async fn pause_schedule(&self, job: &str, by: Option<&str>, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        sql("insert into schedule (job, last_due_at, paused_at, paused_by, updated_at) values (?, ?, ?, ?, ?) \
             on conflict (job) do update set paused_at = excluded.paused_at, paused_by = excluded.paused_by, \
             updated_at = excluded.updated_at")
        .bind(job)
        .bind(now)
        .bind(by.map(|_| now))
        .bind(by)
        .bind(now)
        .execute(&mut session)
        .await?;
        session.commit().await
    }

    /// The newest ticks of a job, newest first.
    pub async fn ticks(&self, job: &str, limit: u32) -> Result<Vec<Tick>> {
        let mut session = self.read().await?;
        let rows = sql("select job, due_at, state, run_id from tick where job = ? order by due_at desc limit ?")
            .bind(job)
            .bind(limit)
            .rows(&mut session)
            .await?;
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

fn schedule(row: &Row) -> Result<Schedule> {
    Ok(Schedule {
        job: row.text("job")?,
        last_due_at: row.instant("last_due_at")?,
        paused_at: row.optional_instant("paused_at")?,
        paused_by: row.optional_text("paused_by")?,
    })
}
