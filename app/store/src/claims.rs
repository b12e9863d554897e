//! Who works on a run: a lease that must be renewed, and a token that fences off whoever has lost it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::runs::{self, Run, RunEnd, RunState, record_event};
use crate::session::{Session, sql};
use crate::{Result, Store, StoreError};

/// The right to work on a run, until it ends or passes to another worker. Every write of a run carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run_id: i64,
    /// Grows with each claim; a write with an older one is refused.
    pub token: i64,
    /// The worker: unique for each start of a process.
    pub worker: String,
    /// Until when nobody else may claim the run. A worker that cannot renew in time must stop before this.
    pub until: DateTime<Utc>,
    /// For how long each renewal holds.
    pub length: Duration,
    /// Whether somebody asked the run to end.
    pub cancel_requested: bool,
}

/// Which run to claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// This run; left out: the one that has been due longest.
    pub run_id: Option<i64>,
    /// The worker: unique for each start of a process.
    pub worker: String,
    /// For how long the lease holds without renewal.
    pub length: Duration,
}

impl Store {
    /// Claims a run that is due; none when there is none, or another worker was faster.
    pub async fn claim_run(&self, claim: &Claim, now: DateTime<Utc>) -> Result<Option<(Run, Lease)>> {
        let mut session = self.begin().await?;
        let text = match claim.run_id {
            Some(_) => "select id from run where state = 'due' and id = ?",
            None => "select id from run where state = 'due' and due_at <= ? order by due_at, id limit 1",
        };
        let candidate = match claim.run_id {
            Some(id) => sql(text).bind(id),
            None => sql(text).bind(now),
        };
        let Some(row) = candidate.row(&mut session).await? else {
            session.rollback().await?;
            return Ok(None);
        };
        let run_id = row.integer("id")?;
        let until = now + claim.length;
        // The condition on the state is the compare-and-set: of two workers one sees no affected row.
        let claimed = sql("update run set state = 'claimed', attempt = attempt + 1, worker = ?, claimed_at = ?, \
             heartbeat_at = ?, lease_until = ?, finished_at = null, error = null, hint = null, guard = null \
             where id = ? and state = 'due'")
        .bind(&claim.worker)
        .bind(now)
        .bind(now)
        .bind(until)
        .bind(run_id)
        .execute(&mut session)
        .await?;
        if claimed == 0 {
            session.rollback().await?;
            return Ok(None);
        }
        record_event(&mut session, run_id, (RunState::Due, RunState::Claimed), (&claim.worker, None), now).await?;
        let run = runs::find(&mut session, run_id).await?.ok_or(StoreError::LostLease { run_id })?;
        session.commit().await?;
        let lease = Lease {
            run_id,
            token: run.attempt,
            worker: claim.worker.clone(),
            until,
            length: claim.length,
            cancel_requested: run.cancel_requested_at.is_some(),
        };
        Ok(Some((run, lease)))
    }

    /// The heartbeat: renews the lease, and tells whether the run should end.
    ///
    /// While this process publishes the same run into SQLite, the only writer is busy with just that: nobody could take
    /// the run, and publishing renews the lease itself, so that the lease is renewed without waiting.
    pub async fn renew_lease(&self, lease: &Lease, now: DateTime<Utc>) -> Result<Lease> {
        let until = now + lease.length;
        if self.publishing.load(Ordering::Acquire) == lease.run_id {
            return Ok(Lease { until, ..lease.clone() });
        }
        let mut session = self.begin().await?;
        let row = sql("update run set heartbeat_at = ?, lease_until = ? \
             where id = ? and attempt = ? and state in ('claimed', 'running') returning cancel_requested_at")
        .bind(now)
        .bind(until)
        .bind(lease.run_id)
        .bind(lease.token)
        .row(&mut session)
        .await?
        .ok_or(StoreError::LostLease { run_id: lease.run_id })?;
        let cancel_requested = row.optional_instant("cancel_requested_at")?.is_some();
        session.commit().await?;
        Ok(Lease { until, cancel_requested, ..lease.clone() })
    }

    /// The run begins: its first step is next.
    pub async fn begin_run(&self, lease: &Lease, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        sql("update run set state = 'running', started_at = coalesce(started_at, ?) where id = ? and attempt = ?")
            .bind(now)
            .bind(lease.run_id)
            .bind(lease.token)
            .execute(&mut session)
            .await?;
        let change = (RunState::Claimed, RunState::Running);
        record_event(&mut session, lease.run_id, change, (&lease.worker, None), now).await?;
        session.commit().await
    }

    /// The run ends, and with it the lease.
    pub async fn finish_run(&self, lease: &Lease, end: &RunEnd, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        let ended =
            sql("update run set state = ?, finished_at = ?, lease_until = null, error = ?, hint = ?, guard = ? \
             where id = ? and attempt = ? and state in ('claimed', 'running')")
            .bind(end.state)
            .bind(now)
            .bind(end.error.clone())
            .bind(end.hint.clone())
            .bind(end.guard.clone())
            .bind(lease.run_id)
            .bind(lease.token)
            .execute(&mut session)
            .await?;
        if ended != 1 {
            return Err(StoreError::LostLease { run_id: lease.run_id });
        }
        let reason = end.guard.as_deref().or(end.error.as_deref());
        record_event(&mut session, lease.run_id, (RunState::Running, end.state), (&lease.worker, reason), now).await?;
        session.commit().await
    }

    /// Gives a run back so that it can be claimed again at once: for a graceful shutdown. Finished steps stay.
    pub async fn release_run(&self, lease: &Lease, reason: &str, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        sql("update run set state = 'due', lease_until = null where id = ? and attempt = ?")
            .bind(lease.run_id)
            .bind(lease.token)
            .execute(&mut session)
            .await?;
        let change = (RunState::Running, RunState::Due);
        record_event(&mut session, lease.run_id, change, (&lease.worker, Some(reason)), now).await?;
        session.commit().await
    }

    /// Marks as lost every run whose lease has ended without a word, and gives them. Of several reapers one finds a run.
    pub async fn reap_lost_runs(&self, actor: &str, now: DateTime<Utc>) -> Result<Vec<Run>> {
        let mut session = self.begin().await?;
        // A run without a lease or heartbeat is reaped too: by the time of its claim.
        let lapsed = sql("select id, state, attempt from run where state in ('claimed', 'running') \
             and coalesce(lease_until, heartbeat_at, claimed_at, created_at) < ? order by id")
        .bind(now)
        .rows(&mut session)
        .await?;
        let mut lost = Vec::new();
        for row in &lapsed {
            let (id, state, attempt) = (row.integer("id")?, row.word::<RunState>("state")?, row.integer("attempt")?);
            let reason = "the worker has not been heard of since its lease ended";
            let marked = sql("update run set state = 'lost', finished_at = ?, error = ?, lease_until = null \
                 where id = ? and attempt = ? and state = ? \
                 and coalesce(lease_until, heartbeat_at, claimed_at, created_at) < ?")
            .bind(now)
            .bind(reason)
            .bind(id)
            .bind(attempt)
            .bind(state)
            .bind(now)
            .execute(&mut session)
            .await?;
            if marked == 1 {
                record_event(&mut session, id, (state, RunState::Lost), (actor, Some(reason)), now).await?;
                lost.extend(runs::find(&mut session, id).await?);
            }
        }
        session.commit().await?;
        Ok(lost)
    }

    /// A transaction that goes on only while the lease stands. The run's row stays locked until it ends, so that nobody
    /// takes the run over in between: for short transactions.
    pub(crate) async fn begin_fenced(&self, lease: &Lease) -> Result<Session> {
        let mut session = self.begin().await?;
        fence(&mut session, lease).await?;
        Ok(session)
    }
}

/// Fails unless the lease stands, and holds the run's row until the transaction ends.
pub(crate) async fn fence(session: &mut Session, lease: &Lease) -> Result<()> {
    let held = sql("update run set attempt = attempt where id = ? and attempt = ? and state in ('claimed', 'running')")
        .bind(lease.run_id)
        .bind(lease.token)
        .execute(session)
        .await?;
    if held == 1 { Ok(()) } else { Err(StoreError::LostLease { run_id: lease.run_id }) }
}

/// Fails unless the lease stands now, without holding the row: a long transaction fences again at its end.
pub(crate) async fn glance(session: &mut Session, lease: &Lease) -> Result<()> {
    let row = sql("select id from run where id = ? and attempt = ? and state in ('claimed', 'running')")
        .bind(lease.run_id)
        .bind(lease.token)
        .row(session)
        .await?;
    if row.is_some() { Ok(()) } else { Err(StoreError::LostLease { run_id: lease.run_id }) }
}

/// As [`fence`], and renews the lease by the database's clock: for the end of a long transaction during which the
/// heartbeat may have had to wait.
pub(crate) async fn fence_and_renew(session: &mut Session, lease: &Lease) -> Result<()> {
    fence(session, lease).await?;
    let until = crate::open::clock(session).await? + lease.length;
    sql("update run set heartbeat_at = ?, lease_until = ? where id = ? and lease_until < ?")
        .bind(until - lease.length)
        .bind(until)
        .bind(lease.run_id)
        .bind(until)
        .execute(session)
        .await?;
    Ok(())
}
