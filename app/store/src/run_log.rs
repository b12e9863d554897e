//! What each run said: bounded, so that a run that talks without end fills no disk.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::session::{ROWS_AT_ONCE, Row, Session, places, sql};
use crate::{Result, Store};

/// A line to keep with a run.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLogLine {
    /// The run.
    pub run_id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// The step that was under way.
    pub step: Option<String>,
    /// The part of the program that spoke.
    pub target: String,
    /// What it said, without personal data.
    pub message: String,
    /// Figures and names that belong to it, an object.
    pub fields: Json,
}

/// A line that is kept with a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number, growing with time.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// The step that was under way.
    pub step: Option<String>,
    /// The part of the program that spoke.
    pub target: String,
    /// What it said.
    pub message: String,
    /// Figures and names that belong to it.
    pub fields: Json,
}

impl Store {
    /// Keeps lines. Of each run the first and the last ones stay where there are more than `limit`; lines of a run that
    /// is not there any more are left out.
    pub async fn append_log(&self, lines: &[NewLogLine], limit: u32) -> Result<()> {
        let mut session = self.begin().await?;
        let mut runs: Vec<i64> = lines.iter().map(|line| line.run_id).collect();
        runs.sort_unstable();
        runs.dedup();
        for part in lines.chunks(ROWS_AT_ONCE) {
            let mut statement = sql(format!(
                "insert into run_log (run_id, at, level, step, target, message, fields) \
                 select run.id, column2, column3, column4, column5, column6, column7 from (values {}) as said \
                 join run on run.id = column1 order by column8",
                places(part.len(), 8)
            ));
            for (number, line) in (0_u32..).zip(part) {
                statement = statement
                    .bind(line.run_id)
                    .bind(line.at)
                    .bind(&line.level)
                    .bind(line.step.clone())
                    .bind(&line.target)
                    .bind(&line.message)
                    .bind(line.fields.clone())
                    .bind(number);
            }
            statement.execute(&mut session).await?;
        }
        for run in full(&mut session, &runs, limit).await? {
            trim(&mut session, run, limit).await?;
        }
        session.commit().await
    }

    /// The lines of a run after a line's number, in order; at most so many, 0: all.
    pub async fn run_log(&self, run_id: i64, after: i64, limit: u32) -> Result<Vec<LogLine>> {
        let statement = sql("select id, at, level, step, target, message, fields from run_log \
             where run_id = ? and id > ? order by id")
        .bind(run_id)
        .bind(after);
        let statement = if limit > 0 { statement.and(" limit ?").bind(limit) } else { statement };
        let mut session = self.read().await?;
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }
}

/// Half of the lines that are kept of a run.
fn half(limit: u32) -> i64 {
    i64::from(limit / 2).max(1)
}

/// Those of these runs that have said too much.
async fn full(session: &mut Session, runs: &[i64], limit: u32) -> Result<Vec<i64>> {
    let mut full = Vec::new();
    for part in runs.chunks(ROWS_AT_ONCE) {
        let text = format!(
            "select run_id from run_log where run_id in {} group by run_id having count(*) > ? order by run_id",
            places(1, part.len())
        );
        let statement = part.iter().fold(sql(text), |statement, run| statement.bind(*run)).bind(half(limit) * 2);
        for row in &statement.rows(session).await? {
            full.push(row.integer("run_id")?);
        }
    }
    Ok(full)
}

/// Takes lines out of the middle.
async fn trim(session: &mut Session, run_id: i64, limit: u32) -> Result<()> {
    let half = half(limit);
    sql("delete from run_log where run_id = ? \
         and id > (select id from run_log where run_id = ? order by id limit 1 offset ?) \
         and id < (select id from run_log where run_id = ? order by id desc limit 1 offset ?)")
    .bind(run_id)
    .bind(run_id)
    .bind(half - 1)
    .bind(run_id)
    .bind(half - 1)
    .execute(session)
    .await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<LogLine> {
    Ok(LogLine {
        id: row.integer("id")?,
        at: row.instant("at")?,
        level: row.text("level")?,
        step: row.optional_text("step")?,
        target: row.text("target")?,
        message: row.text("message")?,
        fields: row.json("fields")?,
    })
}
