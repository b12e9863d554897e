//! What a doctor looks at: leases without a worker, mails and calls that stopped, and the way to set them going again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::session::sql;
use crate::{Result, Store};

/// What begins so was given up for want of luck, and not because it can never go out.
const GIVEN_UP: &str = "given up after %";

/// Rows of a queue that stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// Given up for want of luck: another try may help.
    pub given_up: u64,
    /// Given up for good: an address that is none, a call that was refused.
    pub refused: u64,
    /// The last reason.
    pub reason: Option<String>,
    /// Held by a worker whose lease has ended; they are due again by themselves.
    pub lapsed: u64,
}

/// A queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Mails.
    Mails,
    /// Calls over HTTP.
    Calls,
}

impl Queue {
    const fn table(self) -> &'static str {
        match self {
            Self::Mails => "outbox",
            Self::Calls => "http_call",
        }
    }
}

impl Store {
    /// How much of a queue has stopped.
    pub async fn stuck(&self, queue: Queue, now: DateTime<Utc>) -> Result<Stuck> {
        let table = queue.table();
        let mut session = self.read().await?;
        let count = format!("select count(*) from {table} where state = 'failed' and coalesce(error, '') like ?");
        let given_up = sql(count).bind(GIVEN_UP).integer(&mut session).await?;
        let all = sql(format!("select count(*) from {table} where state = 'failed'")).integer(&mut session).await?;
        let lapsed = sql(format!("select count(*) from {table} where state = 'queued' and lease_until < ?"))
            .bind(now)
            .integer(&mut session)
            .await?;
        let text = format!("select error from {table} where state = 'failed' order by id desc limit 1");
        let reason = sql(text).row(&mut session).await?.map(|row| row.optional_text("error")).transpose()?.flatten();
        let number = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok(Stuck { given_up: number(given_up), refused: number(all - given_up), reason, lapsed: number(lapsed) })
    }

    /// Lets what was given up for want of luck go out again, and takes away leases that have ended. Gives how many rows.
    pub async fn requeue(&self, queue: Queue, now: DateTime<Utc>) -> Result<u64> {
        let table = queue.table();
        let mut session = self.begin().await?;
        let again = sql(format!(
            "update {table} set state = 'queued', attempts = 0, next_attempt_at = ?, lease_until = null \
             where state = 'failed' and coalesce(error, '') like ?"
        ))
        .bind(now)
        .bind(GIVEN_UP)
        .execute(&mut session)
        .await?;
        let freed = sql(format!("update {table} set lease_until = null where state = 'queued' and lease_until < ?"))
            .bind(now)
            .execute(&mut session)
            .await?;
        session.commit().await?;
        Ok(again + freed)
    }

    /// The runs whose lease has ended without a word.
    pub async fn lapsed_runs(&self, now: DateTime<Utc>) -> Result<Vec<i64>> {
        let mut session = self.read().await?;
        let rows = sql("select id from run where state in ('claimed', 'running') \
             and coalesce(lease_until, heartbeat_at, claimed_at, created_at) < ? order by id")
        .bind(now)
        .rows(&mut session)
        .await?;
        rows.iter().map(|row| row.integer("id")).collect()
    }

    /// The numbers of all runs.
    pub async fn run_ids(&self) -> Result<std::collections::BTreeSet<i64>> {
        let mut session = self.read().await?;
        sql("select id from run").rows(&mut session).await?.iter().map(|row| row.integer("id")).collect()
    }
}
