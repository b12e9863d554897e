//! Who works on a run: a lease that must be renewed, and a token that fences off whoever has lost it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value as Json;

use crate::runs::{self, NewEvent, Run, RunEnd, RunState, record_event};
use crate::session::{ROWS_AT_ONCE, Row, Session, places, sql};
use crate::{Result, Store, StoreError, statistics};

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
    /// Group → how many of its runs may be under way at once; one that is not named: 1.
    pub limits: BTreeMap<String, u32>,
}

/// Any number that no other program is likely to take.
const CLAIMING: i64 = 0x6b61_7274_636c;
/// So many waiting runs are looked at in one go.
const LOOK: u32 = 200;

/// Whether a run may start: its time has come; or it was put off by a clock that stood ahead and was set back since, which
/// shows by a sign of life or a beginning that lies in the future. How long it was meant to wait nobody can tell then.
const MAY_START: &str = "state = 'due' and (start_at <= ? or coalesce(heartbeat_at, created_at) > ?)";

/// The clocks of several machines may differ by so much.
const MOST_SKEW: TimeDelta = TimeDelta::minutes(1);

impl Store {
    /// Claims a run that is due; none when there is none, when another worker was faster, when another run of the same job
    /// is under way, or when one of its groups is full.
    pub async fn claim_run(&self, claim: &Claim, now: DateTime<Utc>) -> Result<Option<(Run, Lease)>> {
        Ok(self.claim_runs(claim, std::slice::from_ref(&claim.worker), now).await?.pop())
    }

    /// As [`Store::claim_run`], for as many runs as there are workers, in one transaction: each worker gets one of the runs
    /// that have waited longest and have room beside the others. `claim.worker` counts for nothing here.
    pub async fn claim_runs(&self, claim: &Claim, workers: &[String], now: DateTime<Utc>) -> Result<Vec<(Run, Lease)>> {
        let (mut session, now) = self.begin_claiming(now).await?;
        let found = candidates(&mut session, claim, workers.len(), now).await?;
        if found.is_empty() {
            session.rollback().await?;
            return Ok(Vec::new());
        }
        let until = now + claim.length;
        let workers: HashMap<i64, &String> = found.into_iter().zip(workers).collect();
        let mut runs = Vec::with_capacity(workers.len());
        for row in &take(&mut session, &workers, until, now).await? {
            match runs::from_row(row) {
                Ok(run) => runs.push(run),
                // The others are claimed the next time.
                Err(error @ StoreError::Column { .. }) => {
                    let id = row.integer("id")?;
                    session.rollback().await?;
                    self.set_aside(id, &error, now).await?;
                    return Ok(Vec::new());
                }
                Err(error) => return Err(error),
            }
        }
        runs.sort_by_key(|run| (run.start_at, run.id));
        let event = |run: &Run| NewEvent {
            run_id: run.id,
            before: Some(RunState::Due),
            after: RunState::Claimed,
            actor: (workers[&run.id], None),
        };
        let events: Vec<_> = runs.iter().map(event).collect();
        runs::record_events(&mut session, &events, now).await?;
        session.commit().await?;
        let lease = |run: Run| {
            let lease = Lease {
                run_id: run.id,
                token: run.attempt,
                worker: workers[&run.id].clone(),
                until,
                length: claim.length,
                cancel_requested: run.cancel_requested_at.is_some(),
            };
            (run, lease)
        };
        Ok(runs.into_iter().map(lease).collect())
    }

    /// Whether a run waits to be claimed, with or without room for it: a look that takes no lock.
    pub async fn is_run_due(&self, now: DateTime<Utc>) -> Result<bool> {
        let mut session = self.read().await?;
        let text = format!("select id from run where {MAY_START} limit 1");
        let row = sql(text).bind(now).bind(now + MOST_SKEW).row(&mut session);
        Ok(row.await?.is_some())
    }

    /// A transaction in which nobody else claims, so that the places of a group are counted right.
    async fn begin_claiming(&self, now: DateTime<Utc>) -> Result<(Session, DateTime<Utc>)> {
        let (mut session, now) = self.begin_at(now).await?;
        if !session.is_sqlite() {
            sql("select pg_advisory_xact_lock(?)").bind(CLAIMING).rows(&mut session).await?;
        }
        Ok((session, now))
    }

    /// Marks a run whose row cannot be read, since it was changed by hand, as failed, so that the others go on.
    pub(crate) async fn set_aside(&self, run_id: i64, error: &StoreError, now: DateTime<Utc>) -> Result<()> {
        tracing::error!(run = run_id, error = %error, "the row of the run cannot be read: it is set aside");
        let reason = format!("its row cannot be read: {error}");
        let mut session = self.begin().await?;
        sql(
            "update run set state = 'failed', finished_at = ?, settled_at = ?, lease_until = null, error = ?, hint = ? \
             where id = ?",
        )
        .bind(now)
        .bind(now)
        .bind(&reason)
        .bind("the row was changed by hand; start a new run")
        .bind(run_id)
        .execute(&mut session)
        .await?;
        record_event(&mut session, run_id, (RunState::Due, RunState::Failed), ("store", Some(&reason)), now).await?;
        session.commit().await
    }

    /// The heartbeat: renews the lease, counted from the moment at which the database's turn came, and tells whether the run
    /// should end.
    ///
    /// While this process publishes into SQLite, the only writer is busy with just that: nobody could take a run, and
    /// publishing renews all leases at its end, so that this one is renewed without waiting.
    pub async fn renew_lease(&self, lease: &Lease, now: DateTime<Utc>) -> Result<Lease> {
        if self.publishing.load(Ordering::Acquire) != 0 {
            return Ok(Lease { until: now + lease.length, ..lease.clone() });
        }
        let (mut session, now) = self.begin_at(now).await?;
        let until = now + lease.length;
        let row = sql("update run set heartbeat_at = ?, lease_until = ? \
             where id = ? and attempt = ? and state in ('claimed', 'running') returning cancel_requested_at")
        .bind(now)
        .bind(until)
        .bind(lease.run_id)
        .bind(lease.token)
        .row(&mut session)
        .await?;
        if row.is_none() && !is_unfenced() {
            return Err(StoreError::LostLease { run_id: lease.run_id });
        }
        let asked = row.map(|row| row.optional_instant("cancel_requested_at")).transpose()?.flatten();
        let cancel_requested = asked.is_some();
        session.commit().await?;
        Ok(Lease { until, cancel_requested, ..lease.clone() })
    }

    /// The run begins: its first step is next.
    pub async fn begin_run(&self, lease: &Lease, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        // The condition on the token fences, as in `fence`.
        let begun =
            sql("update run set state = 'running', started_at = coalesce(started_at, ?) where id = ? and attempt = ? \
             and state in ('claimed', 'running')")
            .bind(now)
            .bind(lease.run_id)
            .bind(lease.token)
            .execute(&mut session)
            .await?;
        if begun != 1 && !is_unfenced() {
            return Err(StoreError::LostLease { run_id: lease.run_id });
        }
        let change = (RunState::Claimed, RunState::Running);
        record_event(&mut session, lease.run_id, change, (&lease.worker, None), now).await?;
        session.commit().await
    }

    /// The run ends, and with it the lease.
    pub async fn finish_run(&self, lease: &Lease, end: &RunEnd, now: DateTime<Utc>) -> Result<()> {
        self.finish(lease, end, None, now).await
    }

    /// The run ends and leaves its figures, in one transaction.
    pub async fn finish_run_with(&self, lease: &Lease, end: &RunEnd, figures: &Json, now: DateTime<Utc>) -> Result<()> {
        self.finish(lease, end, Some(figures), now).await
    }

    async fn finish(&self, lease: &Lease, end: &RunEnd, figures: Option<&Json>, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        // The condition on the token fences, as in `fence`.
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
        if ended != 1 && !is_unfenced() {
            return Err(StoreError::LostLease { run_id: lease.run_id });
        }
        if let Some(figures) = figures {
            statistics::upsert(&mut session, lease.run_id, figures, now).await?;
        }
        let reason = end.guard.as_deref().or(end.error.as_deref());
        let before = runs::held_state(&mut session, lease.run_id).await?;
        record_event(&mut session, lease.run_id, (before, end.state), (&lease.worker, reason), now).await?;
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
        let change = (runs::held_state(&mut session, lease.run_id).await?, RunState::Due);
        record_event(&mut session, lease.run_id, change, (&lease.worker, Some(reason)), now).await?;
        session.commit().await
    }

    /// A transaction that goes on only while the lease stands. The run's row stays locked until it ends, so that nobody
    /// takes the run over in between: for short transactions.
    pub(crate) async fn begin_fenced(&self, lease: &Lease) -> Result<Session> {
        let mut session = self.begin().await?;
        fence(&mut session, lease).await?;
        Ok(session)
    }
}

/// The runs to claim: the one that was named, or those that have waited longest and have room, as many as are wanted.
async fn candidates(session: &mut Session, claim: &Claim, wanted: usize, now: DateTime<Utc>) -> Result<Vec<i64>> {
    let mut room = Room::look(session, &claim.limits).await?;
    if let Some(id) = claim.run_id {
        let due = sql("select id, job, concurrency from run where state = 'due' and id = ?").bind(id);
        return Ok(due.row(session).await?.filter(|row| room.is_taken_by(row)).map(|_| id).into_iter().collect());
    }
    let mut found = Vec::new();
    for page in 0.. {
        let rows = sql(format!(
            "select id, job, concurrency from run where {MAY_START} order by start_at, id limit ? offset ?"
        ))
        .bind(now)
        .bind(now + MOST_SKEW)
        .bind(LOOK)
        .bind(page * LOOK)
        .rows(session)
        .await?;
        for row in &rows {
            if found.len() < wanted && room.is_taken_by(row) {
                found.push(row.integer("id")?);
            }
        }
        if found.len() == wanted || rows.len() < LOOK as usize {
            break;
        }
    }
    Ok(found)
}

/// Marks runs as claimed, and gives their rows. The condition on the state is the compare-and-set: of two workers one sees
/// no row.
async fn take(
    session: &mut Session,
    workers: &HashMap<i64, &String>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Row>> {
    let workers: Vec<_> = workers.iter().collect();
    let mut taken = Vec::with_capacity(workers.len());
    for part in workers.chunks(ROWS_AT_ONCE) {
        let mut statement = sql(format!(
            "update run set state = 'claimed', attempt = attempt + 1, worker = taken.column2, claimed_at = ?, \
             heartbeat_at = ?, lease_until = ?, finished_at = null, error = null, hint = null, guard = null \
             from (values {}) as taken where id = taken.column1 and state = 'due' returning {}",
            places(part.len(), 2),
            runs::COLUMNS
        ))
        .bind(now)
        .bind(now)
        .bind(until);
        for (id, worker) in part {
            statement = statement.bind(**id).bind(**worker);
        }
        taken.extend(statement.rows(session).await?);
    }
    Ok(taken)
}

/// Which jobs are under way, and how many places of each group are taken.
struct Room<'a> {
    limits: &'a BTreeMap<String, u32>,
    jobs: HashSet<String>,
    taken: HashMap<String, u32>,
}

impl<'a> Room<'a> {
    async fn look(session: &mut Session, limits: &'a BTreeMap<String, u32>) -> Result<Self> {
        let active =
            sql("select job, concurrency from run where state in ('claimed', 'running')").rows(session).await?;
        let mut room = Self { limits, jobs: HashSet::new(), taken: HashMap::new() };
        for row in &active {
            room.take(row.text("job")?, runs::groups(row).unwrap_or_default());
        }
        Ok(room)
    }

    fn take(&mut self, job: String, groups: Vec<String>) {
        self.jobs.insert(job);
        for group in groups {
            *self.taken.entry(group).or_default() += 1;
        }
    }

    /// Takes the places that a run needs, where they are free.
    fn is_taken_by(&mut self, row: &Row) -> bool {
        let Ok(job) = row.text("job") else { return false };
        let groups = runs::groups(row).unwrap_or_default();
        let is_full = |group: &String| {
            self.taken.get(group).is_some_and(|taken| *taken >= self.limits.get(group).copied().unwrap_or(1))
        };
        let is_free = !self.jobs.contains(&job) && !groups.iter().any(is_full);
        if is_free {
            self.take(job, groups);
        }
        is_free
    }
}

/// Fails unless the lease stands, and holds the run's row until the transaction ends.
pub(crate) async fn fence(session: &mut Session, lease: &Lease) -> Result<()> {
    let held = sql("update run set attempt = attempt where id = ? and attempt = ? and state in ('claimed', 'running')")
        .bind(lease.run_id)
        .bind(lease.token)
        .execute(session)
        .await?;
    if held == 1 || is_unfenced() { Ok(()) } else { Err(StoreError::LostLease { run_id: lease.run_id }) }
}

/// Whether a test has switched the fencing off, to prove that the crash harness notices. Only builds for tests can.
fn is_unfenced() -> bool {
    cfg!(feature = "unfenced") && std::env::var_os("KARTEI_UNFENCED").is_some()
}

/// Fails unless the lease stands now, without holding the row: a long transaction fences again at its end.
pub(crate) async fn glance(session: &mut Session, lease: &Lease) -> Result<()> {
    let row = sql("select id from run where id = ? and attempt = ? and state in ('claimed', 'running')")
        .bind(lease.run_id)
        .bind(lease.token)
        .row(session)
        .await?;
    if row.is_some() || is_unfenced() { Ok(()) } else { Err(StoreError::LostLease { run_id: lease.run_id }) }
}

/// As [`fence`], and renews the lease by the database's clock: for the end of a long transaction during which the
/// heartbeat may have had to wait. In SQLite all others waited too: each lease that stood when the transaction began
/// stands again.
pub(crate) async fn fence_and_renew(session: &mut Session, lease: &Lease, began: DateTime<Utc>) -> Result<()> {
    fence(session, lease).await?;
    let until = crate::open::clock(session).await? + lease.length;
    if session.is_sqlite() {
        sql("update run set lease_until = ? where state in ('claimed', 'running') and lease_until > ? and lease_until < ?")
            .bind(until)
            .bind(began)
            .bind(until)
            .execute(session)
            .await?;
    }
    sql("update run set heartbeat_at = ?, lease_until = ? where id = ? and lease_until < ?")
        .bind(until - lease.length)
        .bind(until)
        .bind(lease.run_id)
        .bind(until)
        .execute(session)
        .await?;
    Ok(())
}
