//! The steps of a run: begun, finished, and skipped when the run is taken up again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::frames::FrameSet;
use crate::session::{Row, Session, sql};
use crate::words::words;
use crate::{Lease, Result, Store, StoreError};

words! {
    /// Where a step stands.
    StepState {
        /// A worker is at it, or was when it vanished.
        Running = "running",
        /// Done; a run that is taken up again goes past it.
        Succeeded = "succeeded",
        /// It failed.
        Failed = "failed",
        /// It was ended from outside.
        Cancelled = "cancelled",
        /// Not done, and rightly so (`--dry-run`).
        Skipped = "skipped",
        /// A guard stopped the run here.
        Stopped = "stopped",
    }
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name, unique in the run.
    pub name: String,
    /// Its place in the job, from 0.
    pub position: u32,
    /// Where it stands.
    pub state: StepState,
    /// How often it was begun.
    pub attempt: i64,
    /// When it was begun last.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Rows that it took in.
    pub rows_in: Option<u64>,
    /// Rows that it gave out.
    pub rows_out: Option<u64>,
    /// What later steps and the report need of it: names of frames, counts.
    pub output: Json,
    /// What failed, without personal data.
    pub error: Option<String>,
}

impl Step {
    /// The frames that it left at rest: the `frames` of its output.
    pub fn frames(&self) -> FrameSet {
        let named = self.output.get("frames").and_then(|frames| serde_json::from_value(frames.clone()).ok());
        named.unwrap_or_default()
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub struct StepEnd {
    /// Any state but `Running`.
    pub state: StepState,
    /// Rows that it took in.
    pub rows_in: Option<u64>,
    /// Rows that it gave out.
    pub rows_out: Option<u64>,
    /// What later steps and the report need of it: names of frames, counts.
    pub output: Json,
    /// What failed, without personal data.
    pub error: Option<String>,
}

const COLUMNS: &str = "name, position, state, attempt, started_at, finished_at, rows_in, rows_out, output, error";

impl Store {
    /// Begins a step. When it was done in an earlier attempt, nothing is written and the step comes back as
    /// [`StepState::Succeeded`], with its output: go past it.
    pub async fn begin_step(&self, lease: &Lease, position: u32, name: &str, now: DateTime<Utc>) -> Result<Step> {
        let mut session = self.begin_fenced(lease).await?;
        let begun = sql(format!(
            "insert into step (run_id, name, position, state, attempt, started_at) values (?, ?, ?, 'running', 1, ?) \
             on conflict (run_id, name) do update set state = 'running', attempt = step.attempt + 1, \
             position = excluded.position, started_at = excluded.started_at, finished_at = null, rows_in = null, \
             rows_out = null, output = null, error = null where step.state not in ('succeeded', 'skipped') \
             returning {COLUMNS}"
        ))
        .bind(lease.run_id)
        .bind(name)
        .bind(position)
        .bind(now)
        .row(&mut session)
        .await?;
        let row = if begun.is_some() {
            begun
        } else {
            let text = format!("select {COLUMNS} from step where run_id = ? and name = ?");
            sql(text).bind(lease.run_id).bind(name).row(&mut session).await?
        };
        session.commit().await?;
        from_row(&row.ok_or_else(|| StoreError::absent("step", name, "not made"))?)
    }

    /// Marks a step and all that came after it as not done, since what they built on is no longer current.
    pub async fn undo_steps(&self, lease: &Lease, from: &str) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        undo_from(&mut session, lease.run_id, from).await?;
        session.commit().await
    }

    /// Ends a step that was begun under this lease.
    pub async fn finish_step(&self, lease: &Lease, name: &str, end: &StepEnd, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        let ended =
            sql("update step set state = ?, finished_at = ?, rows_in = ?, rows_out = ?, output = ?, error = ? \
             where run_id = ? and name = ? and state = 'running'")
            .bind(end.state)
            .bind(now)
            .bind(end.rows_in)
            .bind(end.rows_out)
            .bind(end.output.clone())
            .bind(end.error.clone())
            .bind(lease.run_id)
            .bind(name)
            .execute(&mut session)
            .await?;
        if ended != 1 {
            return Err(StoreError::absent("step", name, "not running"));
        }
        session.commit().await
    }
}

/// Marks a step and all that came after it as not done; says whether the run has come to it.
pub(crate) async fn undo_from(session: &mut Session, run_id: i64, name: &str) -> Result<bool> {
    let undone = sql("update step set state = 'cancelled', output = null, error = ? where run_id = ? and position >= \
         (select position from step where run_id = ? and name = ?)")
    .bind("it is done again")
    .bind(run_id)
    .bind(run_id)
    .bind(name)
    .execute(session)
    .await?;
    Ok(undone > 0)
}

pub(crate) async fn of_run(session: &mut Session, run_id: i64) -> Result<Vec<Step>> {
    let text = format!("select {COLUMNS} from step where run_id = ? order by position, name");
    let rows = sql(text).bind(run_id).rows(session).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Step> {
    let rows = |column| Ok::<_, StoreError>(row.optional_integer(column)?.and_then(|rows| u64::try_from(rows).ok()));
    Ok(Step {
        name: row.text("name")?,
        position: u32::try_from(row.integer("position")?).unwrap_or(0),
        state: row.word("state")?,
        attempt: row.integer("attempt")?,
        started_at: row.instant("started_at")?,
        finished_at: row.optional_instant("finished_at")?,
        rows_in: rows("rows_in")?,
        rows_out: rows("rows_out")?,
        output: row.json("output")?,
        error: row.optional_text("error")?,
    })
}
