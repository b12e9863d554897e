//! Renews a run's lease while it is worked on, and ends the work when somebody asks, or before the lease ends.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kartei_store::{Lease, Store, StoreError};
use tokio::time::{Instant, timeout};

use crate::watch::{Stop, Why};

/// Renews until it is dropped by its caller's `select!`. Returns when the run must end: somebody asked, or the lease can
/// no longer be renewed before it lapses. Time is measured by a clock that nobody sets, from when each renewal began.
pub async fn keep_alive(store: &Store, mut lease: Lease, stop: &Stop, clock: &(dyn Fn() -> DateTime<Utc> + Sync)) {
    let look = (lease.length / 12).clamp(Duration::from_millis(20), Duration::from_secs(1));
    let pause = lease.length / 3;
    // The last part is left for whatever is being written to come to its end.
    let give_up = lease.length * 5 / 6;
    let mut renewed = Instant::now();
    loop {
        tokio::time::sleep(look).await;
        if renewed.elapsed() < pause {
            // A look that fails is no reason to end: the renewal will say.
            if store.is_cancel_requested(lease.run_id).await.unwrap_or(false) {
                return stop.ask();
            }
            continue;
        }
        let begun = Instant::now();
        let patience = give_up.saturating_sub(renewed.elapsed()).max(look);
        match timeout(patience, store.renew_lease(&lease, clock())).await {
            Ok(Ok(fresh)) if fresh.cancel_requested => return stop.ask(),
            Ok(Ok(fresh)) => {
                lease = fresh;
                renewed = begun;
            }
            Ok(Err(StoreError::LostLease { .. })) => {
                tracing::error!(run = lease.run_id, "the lease is lost: another worker may have the run");
                return stop.ask_since(Why::LostLease);
            }
            Ok(Err(error)) => tracing::warn!(run = lease.run_id, error = %error, "the lease could not be renewed"),
            Err(_) => tracing::warn!(run = lease.run_id, "the store does not answer: the lease could not be renewed"),
        }
        if renewed.elapsed() >= give_up {
            tracing::error!(run = lease.run_id, "the work ends before its lease does: the store cannot be reached");
            return stop.ask_since(Why::LostLease);
        }
    }
}
