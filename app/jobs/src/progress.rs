//! How far a run has come, at rest: whoever asks from another process sees it too.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use kartei_store::{Lease, StepProgress, Store};

use crate::watch::Watch;

/// How often what has changed is written.
const EVERY: Duration = Duration::from_secs(2);

/// Hands on what a run's steps say, and keeps the last of it.
pub struct Progress<'a> {
    watch: &'a dyn Watch,
    seen: Mutex<Seen>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    step: &'static str,
    unit: &'static str,
    done: u64,
    total: u64,
}

impl<'a> Progress<'a> {
    /// Hands on to this watch.
    pub fn of(watch: &'a dyn Watch) -> Self {
        Self { watch, seen: Mutex::default() }
    }

    /// Writes what has changed, until it is dropped. That a mark cannot be written is no reason for a run to fail.
    pub async fn keep_noting(
        &self,
        store: &Store,
        lease: &Lease,
        clock: &(dyn Fn() -> DateTime<Utc> + Sync),
    ) -> Infallible {
        let mut written = Seen::default();
        loop {
            tokio::time::sleep(EVERY).await;
            let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen == written || seen.unit.is_empty() {
                continue;
            }
            let progress = StepProgress {
                run_id: lease.run_id,
                step: seen.step.to_owned(),
                unit: seen.unit.to_owned(),
                done: seen.done,
                total: (seen.total > 0).then_some(seen.total),
                updated_at: clock(),
            };
            match store.note_progress(lease, &progress).await {
                Ok(()) => written = seen,
                Err(error) => tracing::debug!(run = lease.run_id, %error, "how far the run has come was not written"),
            }
        }
    }

    fn see(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Watch for Progress<'_> {
    fn began(&self, step: &'static str) {
        self.see(|seen| *seen = Seen { step, ..Seen::default() });
        self.watch.began(step);
    }

    fn moved(&self, unit: &'static str, done: u64, total: u64) {
        self.see(|seen| *seen = Seen { unit, done, total, ..*seen });
        self.watch.moved(unit, done, total);
    }

    fn ended(&self, step: &'static str, summary: &str) {
        self.watch.ended(step, summary);
    }
}
