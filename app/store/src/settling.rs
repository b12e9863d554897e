//! What follows from a run's end: it is tried again, or the jobs after it are made. Both in one transaction, once.

use chrono::{DateTime, Utc};

use crate::runs::{self, NewRun, Run, RunState, record_event};
use crate::session::sql;
use crate::{Result, Store};

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
        let rows = sql("select id from run where settled_at is null and state in \
             ('succeeded', 'failed', 'cancelled', 'lost', 'skipped', 'missed', 'stopped') order by id limit 200")
        .rows(&mut session)
        .await?;
        drop(session);
        let ids = rows.iter().map(|row| row.integer("id")).collect::<Result<_>>()?;
        self.found(ids, now).await
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
