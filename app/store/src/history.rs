//! What was, in short: the last runs of each job, and how many there are in which state.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::session::{Row, sql};
use crate::{Cause, Result, RunState, Store};

/// A run in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastRun {
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
    /// When its first step first began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// The guard that stopped it.
    pub guard: Option<String>,
    /// What failed.
    pub error: Option<String>,
    /// Whether it was a dry run, which publishes nothing.
    #[serde(default)]
    pub dry_run: bool,
}

impl PastRun {
    /// How long it took, in seconds.
    pub fn seconds(&self) -> Option<f64> {
        let span = self.finished_at? - self.started_at?;
        Some(span.num_milliseconds().max(0) as f64 / 1_000.0)
    }

    /// How long after its due time it began, in seconds; only where a schedule said when.
    pub fn lateness_seconds(&self) -> Option<f64> {
        let span = self.started_at.filter(|_| self.cause == Cause::Schedule)? - self.due_at;
        Some(span.num_milliseconds().max(0) as f64 / 1_000.0)
    }
}

/// A step of a run in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastStep {
    /// The run.
    pub run_id: i64,
    /// The step.
    pub name: String,
    /// When it was begun last.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Rows that it gave out.
    pub rows_out: Option<u64>,
}

/// How many runs of a job are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCount {
    /// The job.
    pub job: String,
    /// The state.
    pub state: RunState,
    /// So many.
    pub runs: u64,
}

const COLUMNS: &str = "id, job, cause, state, due_at, started_at, finished_at, guard, error, parameters";

impl Store {
    /// The last runs of each job, newest first; at most so many of each.
    pub async fn last_runs_of_each_job(&self, of_each: u32) -> Result<Vec<PastRun>> {
        let text = format!(
            "select {COLUMNS} from (select {COLUMNS}, row_number() over (partition by job order by id desc) as place \
             from run) as numbered where place <= ? order by id desc"
        );
        let mut session = self.read().await?;
        sql(text).bind(of_each).rows(&mut session).await?.iter().map(past_run).collect()
    }

    /// The last runs of these jobs, newest first; at most so many of each.
    pub async fn last_runs_of_jobs(&self, jobs: &[&str], of_each: u32) -> Result<Vec<PastRun>> {
        let mut found = Vec::new();
        let mut session = self.read().await?;
        for job in jobs {
            let text = format!("select {COLUMNS} from run where job = ? order by id desc limit ?");
            let rows = sql(text).bind(*job).bind(of_each).rows(&mut session).await?;
            found.extend(rows.iter().map(past_run).collect::<Result<Vec<_>>>()?);
        }
        found.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(found)
    }

    /// The runs that began, were due or ended since then, oldest first.
    pub async fn runs_since(&self, from: DateTime<Utc>) -> Result<Vec<PastRun>> {
        let text = format!(
            "select {COLUMNS} from run where created_at >= ? or finished_at >= ? \
             or state in ('due', 'claimed', 'running') order by id"
        );
        let mut session = self.read().await?;
        sql(text).bind(from).bind(from).rows(&mut session).await?.iter().map(past_run).collect()
    }

    /// The scheduled runs of a job, and those that try them again, whose due time is in this span.
    pub async fn runs_due_between(&self, job: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<PastRun>> {
        let text = format!(
            "select {COLUMNS} from run where job = ? and due_at >= ? and due_at <= ? and cause in ('schedule', 'retry') \
             order by due_at, id"
        );
        let mut session = self.read().await?;
        sql(text).bind(job).bind(from).bind(to).rows(&mut session).await?.iter().map(past_run).collect()
    }

    /// The steps of these runs.
    pub async fn steps_of_runs(&self, runs: &[i64]) -> Result<Vec<PastStep>> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let places = vec!["?"; runs.len()].join(", ");
        let text = format!(
            "select run_id, name, started_at, finished_at, rows_out from step where run_id in ({places}) \
             order by run_id, position"
        );
        let mut session = self.read().await?;
        let statement = runs.iter().fold(sql(text), |statement, run| statement.bind(*run));
        statement.rows(&mut session).await?.iter().map(past_step).collect()
    }

    /// How many runs there are, by job and state.
    pub async fn run_counts(&self) -> Result<Vec<RunCount>> {
        let mut session = self.read().await?;
        let text = "select job, state, count(*) as runs from run group by job, state order by job, state";
        let rows = sql(text).rows(&mut session).await?;
        let count =
            |row: &Row| Ok(RunCount { job: row.text("job")?, state: row.word("state")?, runs: row.count("runs")? });
        rows.iter().map(count).collect()
    }

    /// Whether the store answers.
    pub async fn answers(&self) -> Result<()> {
        let mut session = self.read().await?;
        sql("select count(*) from watched").integer(&mut session).await.map(|_| ())
    }
}

fn past_run(row: &Row) -> Result<PastRun> {
    Ok(PastRun {
        id: row.integer("id")?,
        job: row.text("job")?,
        cause: row.word("cause")?,
        state: row.word("state")?,
        due_at: row.instant("due_at")?,
        started_at: row.optional_instant("started_at")?,
        finished_at: row.optional_instant("finished_at")?,
        guard: row.optional_text("guard")?,
        error: row.optional_text("error")?,
        dry_run: row.json("parameters")?["dry_run"] == serde_json::Value::Bool(true),
    })
}

fn past_step(row: &Row) -> Result<PastStep> {
    Ok(PastStep {
        run_id: row.integer("run_id")?,
        name: row.text("name")?,
        started_at: row.instant("started_at")?,
        finished_at: row.optional_instant("finished_at")?,
        rows_out: row.optional_integer("rows_out")?.and_then(|rows| u64::try_from(rows).ok()),
    })
}
