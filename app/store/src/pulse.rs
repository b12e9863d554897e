//! Signs of life: of the processes that schedule, and of the steps that are under way.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::session::{Row, sql};
use crate::{Lease, Result, Store, claims};

/// A process that schedules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// The process, unique for each start.
    pub worker: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When its scheduler turned last.
    pub beaten_at: DateTime<Utc>,
    /// When this was written.
    pub written_at: DateTime<Utc>,
    /// When it ended in good order.
    pub ended_at: Option<DateTime<Utc>>,
    /// The program's version.
    pub version: String,
}

/// How far a step has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepProgress {
    /// The run.
    pub run_id: i64,
    /// The step.
    pub step: String,
    /// What is counted, such as `rows pulled`.
    pub unit: String,
    /// So many are done.
    pub done: u64,
    /// Of so many, where that is known.
    pub total: Option<u64>,
    /// When it was written.
    pub updated_at: DateTime<Utc>,
}

impl Store {
    /// Writes a process's sign of life.
    pub async fn write_pulse(&self, pulse: &Pulse) -> Result<()> {
        let mut session = self.begin().await?;
        sql("insert into pulse (worker, started_at, beaten_at, written_at, ended_at, version) values (?, ?, ?, ?, ?, ?) \
             on conflict (worker) do update set beaten_at = excluded.beaten_at, written_at = excluded.written_at, \
             ended_at = excluded.ended_at")
        .bind(&pulse.worker)
        .bind(pulse.started_at)
        .bind(pulse.beaten_at)
        .bind(pulse.written_at)
        .bind(pulse.ended_at)
        .bind(&pulse.version)
        .execute(&mut session)
        .await?;
        session.commit().await
    }

    /// The processes that schedule or did, the last heard of first.
    pub async fn pulses(&self, limit: u32) -> Result<Vec<Pulse>> {
        let mut session = self.read().await?;
        let text = "select worker, started_at, beaten_at, written_at, ended_at, version from pulse \
                    order by written_at desc limit ?";
        sql(text).bind(limit).rows(&mut session).await?.iter().map(pulse).collect()
    }

    /// Removes the signs of life of processes that have not been heard of since then. Gives how many.
    pub async fn forget_pulses(&self, before: DateTime<Utc>) -> Result<u64> {
        let mut session = self.begin().await?;
        let removed = sql("delete from pulse where written_at < ?").bind(before).execute(&mut session).await?;
        session.commit().await?;
        Ok(removed)
    }

    /// Writes how far a step has come, under the lease of its run.
    pub async fn note_progress(&self, lease: &Lease, progress: &StepProgress) -> Result<()> {
        let mut session = self.begin().await?;
        claims::glance(&mut session, lease).await?;
        sql("insert into step_progress (run_id, step, unit, done, total, updated_at) values (?, ?, ?, ?, ?, ?) \
             on conflict (run_id, step) do update set unit = excluded.unit, done = excluded.done, \
             total = excluded.total, updated_at = excluded.updated_at")
        .bind(progress.run_id)
        .bind(&progress.step)
        .bind(&progress.unit)
        .bind(progress.done)
        .bind(progress.total)
        .bind(progress.updated_at)
        .execute(&mut session)
        .await?;
        session.commit().await
    }

    /// How far the steps of a run have come that said so.
    pub async fn progress_of_run(&self, run_id: i64) -> Result<Vec<StepProgress>> {
        let mut session = self.read().await?;
        let text = "select run_id, step, unit, done, total, updated_at from step_progress where run_id = ? order by updated_at";
        sql(text).bind(run_id).rows(&mut session).await?.iter().map(progress).collect()
    }
}

fn pulse(row: &Row) -> Result<Pulse> {
    Ok(Pulse {
        worker: row.text("worker")?,
        started_at: row.instant("started_at")?,
        beaten_at: row.instant("beaten_at")?,
        written_at: row.instant("written_at")?,
        ended_at: row.optional_instant("ended_at")?,
        version: row.text("version")?,
    })
}

fn progress(row: &Row) -> Result<StepProgress> {
    Ok(StepProgress {
        run_id: row.integer("run_id")?,
        step: row.text("step")?,
        unit: row.text("unit")?,
        done: row.count("done")?,
        total: row.optional_integer("total")?.and_then(|total| u64::try_from(total).ok()),
        updated_at: row.instant("updated_at")?,
    })
}
