//! What is kept for how long. Persons, judgements and consents are never removed here.

use chrono::{DateTime, Utc};

use crate::session::sql;
use crate::{Result, Store};

/// What is older than this is removed; left out: kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// Ended runs with their steps, events, batches and figures. The published run and those after it stay, and so do
    /// those that brought what is not published yet.
    pub runs_from: Option<DateTime<Utc>>,
    /// Mails that were sent or given up.
    pub mails_from: Option<DateTime<Utc>>,
    /// Rejects that are resolved.
    pub rejects_from: Option<DateTime<Utc>>,
    /// Changes.
    pub changes_from: Option<DateTime<Utc>>,
    /// Alerts that were told, and calls over HTTP that were made or given up.
    pub alerts_from: Option<DateTime<Utc>>,
    /// Lines of runs' logs.
    pub log_lines_from: Option<DateTime<Utc>>,
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// The runs, so that their frames can be removed as well.
    pub runs: Vec<i64>,
    /// Mails.
    pub mails: u64,
    /// Rejects.
    pub rejects: u64,
    /// Changes.
    pub changes: u64,
    /// Alerts and calls.
    pub alerts: u64,
}

impl Store {
    /// Removes what need not be kept.
    pub async fn remove_old(&self, keep: &Keep) -> Result<Removed> {
        let mut removed = Removed::default();
        let mut session = self.begin().await?;
        if let Some(from) = keep.runs_from {
            let rows = sql("select id from run where coalesce(finished_at, created_at) < ? \
                 and state not in ('due', 'claimed', 'running') \
                 and id <> (select coalesce(max(run_id), 0) from publication) and not exists (select 1 from batch \
                 where batch.run_id = run.id and batch.frame is not null and batch.delivery_id in (select id from delivery \
                 where state in ('staged', 'accepted', 'rehearsal', 'published'))) order by id")
            .bind(from)
            .rows(&mut session)
            .await?;
            for row in &rows {
                let id = row.integer("id")?;
                // Rejects, mails and changes only name their run and outlive it; the rest goes with it.
                for table in ["run_event", "run_log", "step_progress", "step", "batch", "run_statistics", "tick"] {
                    sql(format!("delete from {table} where run_id = ?")).bind(id).execute(&mut session).await?;
                }
                sql("delete from run where id = ?").bind(id).execute(&mut session).await?;
                removed.runs.push(id);
            }
        }
        if let Some(from) = keep.mails_from {
            let text = "delete from outbox where state in ('sent', 'failed') and created_at < ?";
            removed.mails = sql(text).bind(from).execute(&mut session).await?;
        }
        if let Some(from) = keep.rejects_from {
            let text = "delete from reject where state = 'resolved' and last_seen_at < ?";
            removed.rejects = sql(text).bind(from).execute(&mut session).await?;
        }
        if let Some(from) = keep.changes_from {
            removed.changes = sql("delete from change where at < ?").bind(from).execute(&mut session).await?;
        }
        if let Some(from) = keep.alerts_from {
            let text = "delete from alert where told_at is not null and at < ?";
            removed.alerts = sql(text).bind(from).execute(&mut session).await?;
            let text = "delete from http_call where state <> 'queued' and created_at < ?";
            removed.alerts += sql(text).bind(from).execute(&mut session).await?;
        }
        if let Some(from) = keep.log_lines_from {
            sql("delete from run_log where at < ?").bind(from).execute(&mut session).await?;
            sql("delete from server where heartbeat_at < ?").bind(from).execute(&mut session).await?;
        }
        session.commit().await?;
        Ok(removed)
    }
}
