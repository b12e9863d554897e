//! What people do with runs: end one, or let one go on that had ended.

use chrono::{DateTime, Utc};

use crate::runs::{RunState, find, record_event};
use crate::session::sql;
use crate::{Result, Store, StoreError};

/// How a run is to go on.
#[derive(Debug, Clone, Copy)]
pub struct Resume<'a> {
    /// From this step on everything is done again; none: finished steps are passed by.
    pub from_step: Option<&'a str>,
    /// Who asks.
    pub actor: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
}

impl Store {
    /// Changes a run's state if it is still the one that was seen, and says whether it was. For what no worker does: to
    /// cancel a run that waits, to mark one as missed, to let a failed one go on (`Due`; its finished steps stay).
    pub async fn change_run_state(
        &self,
        id: i64,
        change: (RunState, RunState),
        actor: &str,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let (before, after) = change;
        let mut session = self.begin().await?;
        let finished = after.is_final().then_some(now);
        // A run that waits again is dealt with again when it ends.
        let changed =
            sql("update run set state = ?, finished_at = ?, lease_until = null, cancel_requested_at = null, \
             settled_at = case when ? = 'due' then null else settled_at end, \
             start_at = case when ? = 'due' then ? else start_at end where id = ? and state = ?")
            .bind(after)
            .bind(finished)
            .bind(after)
            .bind(after)
            .bind(now)
            .bind(id)
            .bind(before)
            .execute(&mut session)
            .await?;
        if changed == 1 {
            record_event(&mut session, id, change, (actor, reason), now).await?;
        }
        session.commit().await?;
        Ok(changed == 1)
    }

    /// Asks a run to end. One that waits ends at once; the worker of an active one sees it at its next heartbeat.
    /// Gives the state in which the run was met.
    pub async fn request_cancel(&self, id: i64, actor: &str, reason: &str, now: DateTime<Utc>) -> Result<RunState> {
        if self.change_run_state(id, (RunState::Due, RunState::Cancelled), actor, Some(reason), now).await? {
            return Ok(RunState::Due);
        }
        let mut session = self.begin().await?;
        let run = find(&mut session, id).await?.ok_or_else(|| StoreError::absent("run", id, "not there"))?;
        if run.state.is_active() {
            let asked = "update run set cancel_requested_at = ? where id = ? and state in ('claimed', 'running')";
            sql(asked).bind(now).bind(id).execute(&mut session).await?;
            record_event(&mut session, id, (run.state, run.state), (actor, Some(reason)), now).await?;
        }
        session.commit().await?;
        Ok(run.state)
    }

    /// Whether somebody asked the run to end: a look that waits for no writer.
    pub async fn is_cancel_requested(&self, id: i64) -> Result<bool> {
        let mut session = self.read().await?;
        let row = sql("select cancel_requested_at from run where id = ?").bind(id).row(&mut session).await?;
        row.map_or(Ok(false), |row| Ok(row.optional_instant("cancel_requested_at")?.is_some()))
    }

    /// Lets a run that has ended go on. Gives the state in which it was met; where that is no final one, or the run was
    /// skipped or missed and so has nothing to go on with, nothing is changed.
    pub async fn resume_run(&self, id: i64, resume: &Resume<'_>, now: DateTime<Utc>) -> Result<RunState> {
        let mut session = self.begin().await?;
        let run = find(&mut session, id).await?.ok_or_else(|| StoreError::absent("run", id, "not there"))?;
        let met = run.state;
        let can_go_on = matches!(met, RunState::Failed | RunState::Lost | RunState::Cancelled | RunState::Stopped)
            || (met == RunState::Succeeded && resume.from_step.is_some());
        if !can_go_on {
            return Ok(met);
        }
        if let Some(step) = resume.from_step {
            let undone = crate::steps::undo_from(&mut session, id, step).await?;
            if !undone {
                return Err(StoreError::absent("step", step, "the run has not come to it"));
            }
        }
        let changed = sql("update run set state = 'due', finished_at = null, lease_until = null, \
             cancel_requested_at = null, settled_at = null, retries = 0, start_at = ? where id = ? and state = ?")
        .bind(now)
        .bind(id)
        .bind(met)
        .execute(&mut session)
        .await?;
        if changed != 1 {
            return Ok(met);
        }
        record_event(&mut session, id, (met, RunState::Due), (resume.actor, resume.reason), now).await?;
        session.commit().await?;
        Ok(met)
    }
}
