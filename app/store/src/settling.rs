//! What follows from a run's end: it is tried again, or the jobs after it are made. Both in one transaction, once.

use chrono::{DateTime, Utc};

use crate::runs::{self, NewRun, Run, RunState, record_event};
use crate::session::{ROWS_AT_ONCE, places, sql};
use crate::{Result, Store, StoreError};

/// So many ends are dealt with in one go.
const AT_ONCE: u32 = 1_000;
/// Any number that no other program is likely to take.
const SETTLING: i64 = 0x6b61_7274_7365;

/// What follows from a run's end.
#[derive(Debug, Clone, PartialEq)]
pub enum Settlement {
    /// It goes on at this time; finished steps are passed by.
    Again {
        /// Not before.
        at: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// It has ended for good, and these runs come after it.
    Over {
        /// The runs.
        followers: Vec<NewRun>,
    },
}

impl Store {
    /// The runs that have ended, and whose end nobody has dealt with; the oldest first.
    pub async fn unsettled_runs(&self, now: DateTime<Utc>) -> Result<Vec<Run>> {
        let mut session = self.read().await?;
        let rows = sql(format!(
            "select {} from run where settled_at is null and state in \
             ('succeeded', 'failed', 'cancelled', 'lost', 'skipped', 'missed', 'stopped') order by id limit ?",
            runs::COLUMNS
        ))
        .bind(AT_ONCE)
        .rows(&mut session)
        .await?;
        drop(session);
        let mut ended = Vec::with_capacity(rows.len());
        for row in &rows {
            match runs::from_row(row) {
                Ok(run) => ended.push(run),
                Err(error @ StoreError::Column { .. }) => self.set_aside(row.integer("id")?, &error, now).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }

    /// Deals with the ends of runs that nothing follows from, unless somebody else did so meanwhile or the run goes on.
    pub async fn settle_runs(&self, runs: &[&Run], now: DateTime<Utc>) -> Result<()> {
        if runs.is_empty() {
            return Ok(());
        }
        let mut session = self.begin().await?;
        if !session.is_sqlite() {
            // Two that settle at once would lock rows in an order of their own, and stop each other.
            sql("select pg_advisory_xact_lock(?)").bind(SETTLING).rows(&mut session).await?;
        }
        for part in runs.chunks(ROWS_AT_ONCE) {
            let mut statement = sql(format!(
                "update run set settled_at = ? from (values {}) as seen where id = seen.column1 \
                 and state = seen.column2 and attempt = seen.column3 and settled_at is null",
                places(part.len(), 3)
            ))
            .bind(now);
            for run in part {
                statement = statement.bind(run.id).bind(run.state).bind(run.attempt);
            }
            statement.execute(&mut session).await?;
        }
        session.commit().await
    }

    /// Deals with a run's end, unless somebody else did so meanwhile or the run goes on. Gives the runs that were made.
    pub async fn settle_run(
        &self,
        run: &Run,
        settlement: &Settlement,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<Run>>> {
        let mut session = self.begin().await?;
        let statement = match settlement {
            Settlement::Again { at, .. } => sql("update run set state = 'due', start_at = ?, retries = retries + 1, \
                 finished_at = null, lease_until = null, cancel_requested_at = null")
            .bind(*at),
            Settlement::Over { .. } => sql("update run set settled_at = ?").bind(now),
        };
        let settled = statement
            .and(" where id = ? and state = ? and attempt = ? and settled_at is null")
            .bind(run.id)
            .bind(run.state)
            .bind(run.attempt)
            .execute(&mut session)
            .await?;
        if settled != 1 {
            session.rollback().await?;
            return Ok(None);
        }
        let mut made = Vec::new();
        match settlement {
            Settlement::Again { reason, .. } => {
                let change = (run.state, RunState::Due);
                record_event(&mut session, run.id, change, (actor, Some(reason)), now).await?;
            }
            Settlement::Over { followers } => {
                for follower in followers {
                    // A run that ended twice, since somebody let it go on, has each follower once.
                    let there = sql("select count(*) from run where after_run = ? and job = ?")
                        .bind(run.id)
                        .bind(&follower.job)
                        .integer(&mut session)
                        .await?;
                    if there == 0 {
                        made.push(runs::insert(&mut session, follower, RunState::Due, now).await?);
                    }
                }
            }
        }
        session.commit().await?;
        Ok(Some(made))
    }
}
