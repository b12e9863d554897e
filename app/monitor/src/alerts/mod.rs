//! What an admin must know: found in rows, told once.

mod find;
mod tell;

use chrono::{DateTime, Utc};
use kartei_schemas::settings::AlertKind;
use kartei_store::{Finding, NewAlert, Store};

pub use find::look;
pub use tell::tell;

use crate::MonitorError;

/// The name under which it is kept how far alerts have been looked for.
const WATCHER: &str = "alerts";

/// Begins to watch: calls are made for what happens from now on. Whoever has begun goes on.
pub async fn begin(store: &Store, now: DateTime<Utc>) -> Result<(), MonitorError> {
    store.watched(WATCHER, now).await?;
    Ok(())
}

/// Puts an alert into the way that every alert takes, to see whether it arrives.
pub async fn try_out(store: &Store, now: DateTime<Utc>) -> Result<(), MonitorError> {
    let alert = NewAlert {
        deduplication_key: format!("test:{}", now.timestamp_micros()),
        kind: AlertKind::Test,
        job: None,
        source: None,
        run_id: None,
        at: now,
        detail: serde_json::json!({}),
    };
    let watched = store.watched(WATCHER, now).await?;
    store.note_findings(&[Finding::Alert(alert)], (WATCHER, watched.reached_at), now).await?;
    Ok(())
}
