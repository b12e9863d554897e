//! The rounds that a process makes while it serves: look, tell, send, call, and write a sign of life.

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_mail::{Sending, Templates, Transport, empty_outbox};
use kartei_store::{MailPick, Pulse, Store};
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use crate::alerts::{look, tell};
use crate::calls::Caller;
use crate::watched::{Watchlist, delta};
use crate::{Beat, Clock, MonitorError};

/// How often it looks, and sends.
const EVERY: Duration = Duration::from_secs(3);

/// What the rounds need.
pub struct Rounds {
    /// The store.
    pub store: Store,
    /// What is watched.
    pub watched: Watchlist,
    /// The words of alerts.
    pub templates: Templates,
    /// Where mail goes.
    pub transport: Transport,
    /// Makes calls over HTTP.
    pub caller: Caller,
    /// The process: unique for each start.
    pub worker: String,
    /// Reads the clock.
    pub clock: Clock,
}

/// What came of one round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Alerts that were told.
    pub told: u64,
    /// Alerts that wait, since a message went out a short while ago.
    pub waiting: u64,
}

impl Rounds {
    /// Looks, tells, sends and calls once, for a process that will not be there to do it later: nothing waits for what may
    /// happen besides.
    pub async fn once(&self) -> Result<Round, MonitorError> {
        let watched = self.watched.now();
        look(&self.store, &watched, (self.clock)()).await?;
        let told = tell(&self.store, &watched, &self.templates, ((self.clock)(), TimeDelta::zero())).await?;
        self.deliver().await?;
        Ok(Round { told, waiting: self.store.untold_alerts().await?.0.len() as u64 })
    }

    /// Makes rounds until `ended` is. Troubles are logged and outlived: the next round may be luckier.
    pub async fn serve(&self, beat: &Beat, ended: impl Future<Output = ()>) {
        let looking = every(EVERY, async || {
            self.mark(beat, None).await?;
            let watched = self.watched.now();
            look(&self.store, &watched, (self.clock)()).await?;
            let group_for = delta(watched.alerts.group_for);
            tell(&self.store, &watched, &self.templates, ((self.clock)(), group_for)).await.map(|_| ())
        });
        let sending = every(EVERY, async || self.deliver().await);
        tokio::select! {
            () = looking => {}
            () = sending => {}
            () = ended => {}
        }
        if let Err(error) = self.mark(beat, Some((self.clock)())).await {
            tracing::warn!(%error, "the end of this process could not be written down");
        }
    }

    /// Sends what is due. A server that is slow holds up nothing but this.
    async fn deliver(&self) -> Result<(), MonitorError> {
        let clock: &(dyn Fn() -> DateTime<Utc> + Send + Sync) = &*self.clock;
        let sending = Sending { transport: &self.transport, worker: &self.worker, clock: &clock, goes_on: &|_| true };
        let mails = empty_outbox(&self.store, MailPick::Urgent, &sending);
        let (mails, calls) = tokio::join!(mails, self.caller.make_calls(&self.store, &self.worker, clock));
        mails?;
        calls.map(|_| ())
    }

    /// Writes a sign of life.
    async fn mark(&self, beat: &Beat, ended_at: Option<DateTime<Utc>>) -> Result<(), MonitorError> {
        let now = (self.clock)();
        let pulse = Pulse {
            worker: self.worker.clone(),
            started_at: now,
            beaten_at: beat().unwrap_or(now),
            written_at: now,
            ended_at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Ok(self.store.write_pulse(&pulse).await?)
    }
}

/// Does something again and again.
async fn every(pause: Duration, work: impl AsyncFn() -> Result<(), MonitorError>) {
    let mut tick = tokio::time::interval(pause);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = work().await {
            tracing::error!(%error, hint = error.hint(), "the watcher met an error and goes on");
        }
    }
}
