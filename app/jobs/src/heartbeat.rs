//! Renews a run's lease while it is worked on, and ends the work when the lease is lost or somebody asks.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kartei_store::{Lease, Store, StoreError};

use crate::watch::Stop;

/// Renews until it is dropped by its caller's `select!`. Returns when the run must end: somebody asked, or the lease
/// can no longer be renewed before it lapses.
pub async fn keep_alive(store: &Store, mut lease: Lease, stop: &Stop, clock: &(dyn Fn() -> DateTime<Utc> + Sync)) {
    let pause = lease.length / 3;
    // The last third is left for whatever is being written to come to its end.
    let margin = chrono::TimeDelta::from_std(pause).unwrap_or_default();
    loop {
        tokio::time::sleep(pause.max(Duration::from_millis(50))).await;
        match store.renew_lease(&lease, clock()).await {
            Ok(renewed) if renewed.cancel_requested => {
                stop.ask();
                return;
            }
            Ok(renewed) => lease = renewed,
            Err(StoreError::LostLease { .. }) => {
                tracing::error!(run = lease.run_id, "the lease is lost: another worker has the run");
                stop.ask();
                return;
            }
            Err(error) => {
                tracing::warn!(run = lease.run_id, error = %error, "the lease could not be renewed");
                if clock() + margin >= lease.until {
                    stop.ask();
                    return;
                }
            }
        }
    }
}
