//! The figures of a run, as its report reads them.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use crate::session::{Session, sql};
use crate::{Lease, Result, Store};

impl Store {
    /// The figures of a run; none when it left none.
    pub async fn statistics(&self, run_id: i64) -> Result<Option<Json>> {
        let mut session = self.read().await?;
        let row = sql("select statistics from run_statistics where run_id = ?").bind(run_id).row(&mut session).await?;
        row.as_ref().map(|row| row.json("statistics")).transpose()
    }

    /// Keeps the figures of a run that does not publish (stopped, dry), or mends them after publishing.
    pub async fn save_statistics(&self, lease: &Lease, statistics: &Json, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        upsert(&mut session, lease.run_id, statistics, now).await?;
        session.commit().await
    }

    /// The figures of the runs of a job before this one, newest first: what is usual.
    pub async fn statistics_before(&self, job: &str, run_id: i64, limit: u32) -> Result<Vec<(i64, Json)>> {
        let mut session = self.read().await?;
        let rows = sql("select run_statistics.run_id as run_id, statistics from run_statistics \
             join run on run.id = run_statistics.run_id where run.job = ? and run.id < ? order by run.id desc limit ?")
        .bind(job)
        .bind(run_id)
        .bind(limit)
        .rows(&mut session)
        .await?;
        rows.iter().map(|row| Ok((row.integer("run_id")?, row.json("statistics")?))).collect()
    }
}

pub(crate) async fn upsert(session: &mut Session, run_id: i64, statistics: &Json, now: DateTime<Utc>) -> Result<()> {
    sql("insert into run_statistics (run_id, statistics, created_at) values (?, ?, ?) \
         on conflict (run_id) do update set statistics = excluded.statistics, created_at = excluded.created_at")
    .bind(run_id)
    .bind(statistics.clone())
    .bind(now)
    .execute(session)
    .await?;
    Ok(())
}
