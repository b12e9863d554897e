//! Calls over HTTP: rows like those of the outbox, so that none is lost. They name their target and never its address.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::session::{Row, Session, sql};
use crate::words::words;
use crate::{MailFailure, OutboxDepth, Result, Store};

words! {
    /// What a call says.
    CallKind {
        /// What there is to tell an admin, as JSON.
        Alert = "alert",
        /// A job begins.
        Start = "start",
        /// A job succeeded.
        Success = "success",
        /// A job did not come to a good end.
        Fail = "fail",
    }
}

/// A call to make.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    /// What makes it this call and no other: a second one is left out.
    pub deduplication_key: String,
    /// `webhook`, or `ping:` and the job.
    pub target: String,
    /// What it says.
    pub kind: CallKind,
    /// The run, where it is about one.
    pub run_id: Option<i64>,
    /// What is posted; none: nothing.
    pub body: Option<Json>,
}

/// A call that waits to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its number.
    pub id: i64,
    /// `webhook`, or `ping:` and the job.
    pub target: String,
    /// What it says.
    pub kind: CallKind,
    /// The run, where it is about one.
    pub run_id: Option<i64>,
    /// What is posted.
    pub body: Option<Json>,
    /// Attempts made before.
    pub attempts: u32,
}

impl Store {
    /// Claims calls that are due, oldest first, for as long as `lease`.
    pub async fn claim_calls(
        &self,
        worker: &str,
        limit: u32,
        lease: Duration,
        now: DateTime<Utc>,
    ) -> Result<Vec<Call>> {
        if self.waiting("http_call", now).await? == 0 {
            return Ok(Vec::new());
        }
        let (mut session, now) = self.begin_at(now).await?;
        let skip = if session.is_sqlite() { "" } else { " for update skip locked" };
        let text = format!(
            "update http_call set leased_by = ?, lease_until = ? where id in (select id from http_call \
             where state = 'queued' and next_attempt_at <= ? and (lease_until is null or lease_until <= ?) \
             order by id limit ?{skip}) and (lease_until is null or lease_until <= ?) \
             returning id, target, kind, run_id, body, attempts"
        );
        let rows = sql(text)
            .bind(worker)
            .bind(now + lease)
            .bind(now)
            .bind(now)
            .bind(limit)
            .bind(now)
            .rows(&mut session)
            .await?;
        session.commit().await?;
        let mut calls = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
        calls.sort_by_key(|call| call.id);
        Ok(calls)
    }

    /// A call was made, and the other side took it.
    pub async fn call_made(&self, id: i64, worker: &str, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        sql("update http_call set state = 'sent', sent_at = ?, attempts = attempts + 1, lease_until = null, \
             error = null where id = ? and leased_by = ? and state = 'queued'")
        .bind(now)
        .bind(id)
        .bind(worker)
        .execute(&mut session)
        .await?;
        // No row: it was superseded while it was under way, which is as good.
        session.commit().await
    }

    /// A call failed.
    pub async fn call_failed(&self, id: i64, worker: &str, failure: &MailFailure, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        let state = if failure.retry_at.is_some() { "queued" } else { "failed" };
        sql("update http_call set state = ?, attempts = attempts + 1, error = ?, next_attempt_at = ?, \
             lease_until = null where id = ? and leased_by = ? and state = 'queued'")
        .bind(state)
        .bind(&failure.error)
        .bind(failure.retry_at.unwrap_or(now))
        .bind(id)
        .bind(worker)
        .execute(&mut session)
        .await?;
        session.commit().await
    }

    /// How the calls stand.
    pub async fn call_depth(&self) -> Result<OutboxDepth> {
        let mut session = self.read().await?;
        let mut depth = OutboxDepth::default();
        for row in sql("select state, count(*) as entries from http_call group by state").rows(&mut session).await? {
            let entries = row.count("entries")?;
            match row.text("state")?.as_str() {
                "queued" => depth.queued = entries,
                "failed" => depth.failed = entries,
                _ => depth.sent += entries,
            }
        }
        Ok(depth)
    }

    /// How many rows of `outbox` or `http_call` are due now: looked up without a lock, since it is asked often.
    pub(crate) async fn waiting(&self, table: &'static str, now: DateTime<Utc>) -> Result<i64> {
        let mut session = self.read().await?;
        let text = format!("select count(*) from {table} where state = 'queued' and next_attempt_at <= ?");
        sql(text).bind(now).integer(&mut session).await
    }
}

/// Writes a call. A `start` that still waits is superseded by what comes after it: told late, it would say that the job is
/// still under way.
pub(crate) async fn insert(session: &mut Session, call: &NewCall, now: DateTime<Utc>) -> Result<()> {
    let fresh =
        sql("insert into http_call (deduplication_key, target, kind, run_id, body, state, attempts, next_attempt_at, \
         created_at) values (?, ?, ?, ?, ?, 'queued', 0, ?, ?) on conflict (deduplication_key) do nothing")
        .bind(&call.deduplication_key)
        .bind(&call.target)
        .bind(call.kind)
        .bind(call.run_id)
        .bind(call.body.clone())
        .bind(now)
        .bind(now)
        .execute(session)
        .await?;
    if fresh == 1 && call.kind != CallKind::Alert {
        sql("update http_call set state = 'superseded' where target = ? and kind = 'start' and state = 'queued' \
             and deduplication_key <> ?")
        .bind(&call.target)
        .bind(&call.deduplication_key)
        .execute(session)
        .await?;
    }
    Ok(())
}

fn from_row(row: &Row) -> Result<Call> {
    Ok(Call {
        id: row.integer("id")?,
        target: row.text("target")?,
        kind: row.word("kind")?,
        run_id: row.optional_integer("run_id")?,
        body: row.optional_json("body")?,
        attempts: u32::try_from(row.integer("attempts")?).unwrap_or(u32::MAX),
    })
}
