//! Renews a run's lease while it is worked on, and ends the work when somebody asks, or before the lease ends.
//!
//! Where there is one writer, as in SQLite, a heartbeat waits for as long as another process holds it: for as long nobody
//! else can take the run either, since taking it is a write as well. So waiting there is no trouble, however long; the
//! renewal itself says whether the run is still this worker's.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kartei_store::{Lease, Store, StoreError};
use tokio::time::{Instant, timeout};

use crate::watch::{Stop, Why};

/// Hardly a pause, and none in which a processor does nothing but ask.
const AT_ONCE: Duration = Duration::from_millis(20);

/// Renews until it is dropped by its caller's `select!`. Returns when the run must end: somebody asked, or the lease is lost,
/// or it can no longer be renewed before it lapses. Time is measured by a clock that nobody sets, from when each renewal
/// began.
pub async fn keep_alive(store: &Store, mut lease: Lease, stop: &Stop, clock: &(dyn Fn() -> DateTime<Utc> + Sync)) {
    let look = (lease.length / 12).clamp(Duration::from_millis(20), Duration::from_secs(1));
    let pause = lease.length / 3;
    // The last part is left for whatever is being written to come to its end.
    let give_up = lease.length * 5 / 6;
    let mut renewed = Instant::now();
    let mut is_waiting = false;
    loop {
        // Whoever has waited in vain for the writer waits on at once, so as to be there when it is free.
        tokio::time::sleep(if std::mem::take(&mut is_waiting) { AT_ONCE } else { look }).await;
        if renewed.elapsed() < pause {
            // A look that fails is no reason to end: the renewal will say.
            if store.is_cancel_requested(lease.run_id).await.unwrap_or(false) {
                return stop.ask();
            }
            continue;
        }
        let patience = give_up.saturating_sub(renewed.elapsed()).max(look);
        let begun = Instant::now();
        match renew(store, &lease, patience, clock()).await {
            Some(Ok(fresh)) if fresh.cancel_requested => return stop.ask(),
            Some(Ok(fresh)) => {
                lease = fresh;
                // The renewal counts from when the writer was had, which is when waiting for it ended.
                renewed = if store.has_one_writer() { Instant::now() } else { begun };
                continue;
            }
            Some(Err(StoreError::LostLease { .. })) => {
                tracing::error!(run = lease.run_id, "the lease is lost: another worker may have the run");
                return stop.ask_since(Why::LostLease);
            }
            Some(Err(StoreError::Locked)) if store.has_one_writer() => {
                tracing::warn!(run = lease.run_id, "another process writes: the lease is renewed when it has done");
                is_waiting = true;
                continue;
            }
            Some(Err(error)) => tracing::warn!(run = lease.run_id, error = %error, "the lease could not be renewed"),
            None => tracing::warn!(run = lease.run_id, "the store does not answer: the lease could not be renewed"),
        }
        if renewed.elapsed() >= give_up {
            tracing::error!(run = lease.run_id, "the work ends before its lease does: the store cannot be reached");
            return stop.ask_since(Why::LostLease);
        }
    }
}

/// Renews a lease: where there is one writer for as long as it takes, else within its patience, since an answer that got
/// lost on its way never comes.
async fn renew(
    store: &Store,
    lease: &Lease,
    patience: Duration,
    now: DateTime<Utc>,
) -> Option<Result<Lease, StoreError>> {
    if store.has_one_writer() {
        return Some(store.renew_lease(lease, now).await);
    }
    timeout(patience, store.renew_lease(lease, now)).await.ok()
}
