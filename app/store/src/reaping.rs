//! Runs whose worker vanished, and rows that somebody changed by hand.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::open::NO_WAIT;
use crate::runs::{self, Run, RunState, record_event};
use crate::session::{Row, Session, sql};
use crate::{Result, Store, StoreError};

/// A run that a worker holds, and its last sign of life. Whoever sees the same one for longer than a lease lasts knows by
/// their own clock that the worker is gone, whatever the clocks of others say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Held {
    /// The run.
    pub run_id: i64,
    /// The token of its worker.
    pub attempt: i64,
    /// The worker's last sign of life.
    pub heartbeat_at: Option<DateTime<Utc>>,
}

/// Long enough for every process that waits for SQLite's writer, which asks ten times a second, and short enough that a crash
/// is noticed within ten seconds.
const CHANCE: Duration = Duration::from_millis(500);
/// So often the chance is given in one go.
const CHANCES: u32 = 4;

/// A run without a lease or heartbeat is reaped too: by the time of its claim.
const UNTIL: &str = "coalesce(lease_until, heartbeat_at, claimed_at, created_at)";

impl Store {
    /// The runs that a worker holds.
    pub async fn held_runs(&self) -> Result<Vec<Held>> {
        let mut session = self.read().await?;
        let text = "select id, attempt, heartbeat_at from run where state in ('claimed', 'running') order by id";
        sql(text).rows(&mut session).await?.iter().map(held).collect()
    }

    /// Marks as lost every run whose lease has ended without a word, and gives them. Of several reapers one finds a run.
    pub async fn reap_lost_runs(&self, actor: &str, now: DateTime<Utc>) -> Result<Vec<Run>> {
        let lapsed = format!("from run where state in ('claimed', 'running') and {UNTIL} < ?");
        // A look without a lock first: nothing is lost nearly always.
        let mut session = self.read().await?;
        if sql(format!("select count(*) {lapsed}")).bind(now).integer(&mut session).await? == 0 {
            return Ok(Vec::new());
        }
        drop(session);
        let Some(mut session) = self.begin_reaping().await? else { return Ok(Vec::new()) };
        let rows = sql(format!("select id, attempt, heartbeat_at {lapsed} order by id")).bind(now);
        let mut ids = Vec::new();
        for row in &rows.rows(&mut session).await? {
            let held = held(row)?;
            let marked = sql(format!("{LOST} and {UNTIL} < ?"))
                .bind(now)
                .bind(SILENT)
                .bind(held.run_id)
                .bind(held.attempt)
                .bind(now)
                .execute(&mut session)
                .await?;
            if marked == 1 {
                note(&mut session, held.run_id, actor, now).await?;
                ids.push(held.run_id);
            }
        }
        session.commit().await?;
        self.found(ids, now).await
    }

    /// Marks a run as lost of which nothing was heard for longer than its lease lasts, as whoever calls this has seen.
    pub async fn reap_silent_run(&self, held: &Held, actor: &str, now: DateTime<Utc>) -> Result<Option<Run>> {
        let Some(mut session) = self.begin_reaping().await? else { return Ok(None) };
        // A heartbeat that came meanwhile saves it.
        let same = match held.heartbeat_at {
            Some(_) => "and heartbeat_at = ?",
            None => "and heartbeat_at is null",
        };
        let statement = sql(format!("{LOST} {same}")).bind(now).bind(SILENT).bind(held.run_id).bind(held.attempt);
        let statement = match held.heartbeat_at {
            Some(at) => statement.bind(at),
            None => statement,
        };
        if statement.execute(&mut session).await? != 1 {
            session.rollback().await?;
            return Ok(None);
        }
        note(&mut session, held.run_id, actor, now).await?;
        session.commit().await?;
        Ok(self.found(vec![held.run_id], now).await?.pop())
    }

    /// A transaction in which silence means that a worker is gone; none where that cannot be told now.
    ///
    /// Where there is one writer, whoever holds it keeps every heartbeat waiting, and a reaper that is the first to get it
    /// afterwards would take them all for dead. So it takes the writer, lets go of it, and gives those who wait behind it
    /// their chance; if it must wait for the writer again, so may they, and it begins anew.
    async fn begin_reaping(&self) -> Result<Option<Session>> {
        if !self.has_one_writer() {
            return self.begin().await.map(Some);
        }
        for _ in 0..CHANCES {
            self.begin().await?.rollback().await?;
            tokio::time::sleep(CHANCE).await;
            let asked = Instant::now();
            let session = self.begin().await?;
            if asked.elapsed() < NO_WAIT {
                return Ok(Some(session));
            }
            session.rollback().await?;
        }
        Ok(None)
    }

    /// Sets aside runs in a state that does not exist: somebody changed their row by hand. Gives how many.
    pub async fn set_aside_unknown_states(&self, now: DateTime<Utc>) -> Result<u64> {
        let known: Vec<String> = RunState::ALL.iter().map(|state| format!("'{state}'")).collect();
        let mut session = self.read().await?;
        let text = format!("select id from run where state not in ({})", known.join(", "));
        let rows = sql(text).rows(&mut session).await?;
        drop(session);
        let error = StoreError::Column { column: "state".to_owned(), reason: "there is no such state".to_owned() };
        for row in &rows {
            self.set_aside(row.integer("id")?, &error, now).await?;
        }
        Ok(rows.len() as u64)
    }

    /// The runs of these numbers. One whose row cannot be read is set aside.
    pub(crate) async fn found(&self, ids: Vec<i64>, now: DateTime<Utc>) -> Result<Vec<Run>> {
        let mut runs = Vec::new();
        for id in ids {
            let mut session = self.read().await?;
            match runs::find(&mut session, id).await {
                Ok(run) => runs.extend(run),
                Err(error @ StoreError::Column { .. }) => {
                    drop(session);
                    self.set_aside(id, &error, now).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(runs)
    }
}

const SILENT: &str = "the worker has not been heard of since its lease ended";

const LOST: &str = "update run set state = 'lost', finished_at = ?, error = ?, lease_until = null \
                    where id = ? and attempt = ? and state in ('claimed', 'running')";

async fn note(session: &mut Session, run_id: i64, actor: &str, now: DateTime<Utc>) -> Result<()> {
    let before = runs::held_state(session, run_id).await?;
    record_event(session, run_id, (before, RunState::Lost), (actor, Some(SILENT)), now).await
}

fn held(row: &Row) -> Result<Held> {
    Ok(Held {
        run_id: row.integer("id")?,
        attempt: row.integer("attempt")?,
        // A heartbeat that cannot be read is none.
        heartbeat_at: row.optional_instant("heartbeat_at").unwrap_or_default(),
    })
}
