//! The scheduler: wakes every second, plans what is due, and works on one run at a time until it is asked to end.
//!
//! The tick is the runtime's own interval: it comes back after a stall, which the tick of tokio-cron-scheduler does not.
//! All that matters (what is due, claimed, done) is in rows, so a tick that comes late or twice changes nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kartei_store::{Claim, Store};
use tokio::time::MissedTickBehavior;

use crate::error::FlowError;
use crate::flow::{chain, conduct};
use crate::planner::{Planned, plan};
use crate::project::Project;
use crate::pulse::Pulse;
use crate::watch::{Stop, Unwatched};

/// How long a claim holds without renewal: a crash is noticed within ten seconds.
pub const LEASE: Duration = Duration::from_secs(9);

/// Serves until asked to stop. Troubles of the store are logged and outlived.
pub async fn serve(
    project: &Project,
    store: &Store,
    jobs: &[Planned],
    worker: &str,
    pulse: &Pulse,
    (stop, clock): (&Stop, &(dyn Fn() -> DateTime<Utc> + Sync)),
) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let work = async {
        loop {
            tick.tick().await;
            if stop.is_asked() {
                return;
            }
            pulse.beat(clock());
            // A run takes its time; while it does, the loop is alive and no more is said by its sign of life.
            let outcome = tokio::select! {
                outcome = step(project, store, jobs, worker, (stop, clock)) => outcome,
                never = keep_beating(pulse, clock) => match never {},
            };
            if let Err(error) = outcome {
                tracing::error!(error = chain(&error), "the scheduler met an error and goes on");
            }
        }
    };
    Box::pin(work).await;
}

/// Beats on, until it is dropped.
async fn keep_beating(pulse: &Pulse, clock: &(dyn Fn() -> DateTime<Utc> + Sync)) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        pulse.beat(clock());
    }
}

/// One waking: plans, reaps, and works on what is due.
async fn step(
    project: &Project,
    store: &Store,
    jobs: &[Planned],
    worker: &str,
    (stop, clock): (&Stop, &(dyn Fn() -> DateTime<Utc> + Sync)),
) -> Result<(), FlowError> {
    plan(jobs, store, clock()).await?;
    for lost in store.reap_lost_runs(worker, clock()).await? {
        tracing::warn!(run = lost.id, job = lost.job, "a run was lost: its worker vanished");
    }
    let claim = Claim { run_id: None, worker: worker.to_owned(), length: LEASE };
    let Some(claimed) = store.claim_run(&claim, clock()).await? else { return Ok(()) };
    let (id, job) = (claimed.0.id, claimed.0.job.clone());
    let ended = conduct(project, store, claimed, &Unwatched, (stop, clock)).await?;
    match ended.error {
        None => tracing::info!(run = id, job, "the run is done"),
        Some(error) => tracing::error!(run = id, job, error = chain(&error), "the run did not come to its end"),
    }
    Ok(())
}
