//! Who is at work on a store that somebody wants to replace: seen from outside, whatever the version of its tables.

use chrono::{DateTime, TimeDelta, Utc};

use crate::session::sql;
use crate::{Result, Store, StoreError, StoreOptions, migrate};

/// Whoever was heard of so recently is held to be there.
const HEARD_OF: TimeDelta = TimeDelta::seconds(30);

/// What is found where a store would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presence {
    /// Whether there is a store at all.
    pub is_there: bool,
    /// Runs whose worker has been heard of.
    pub runs: Vec<i64>,
    /// Processes that serve, or make rounds.
    pub processes: Vec<String>,
}

impl Store {
    /// Looks at a store without changing it. One that is damaged is there, and nobody can be at work on it.
    pub async fn presence(options: &StoreOptions, now: DateTime<Utc>) -> Result<Presence> {
        if options.file().is_some_and(|file| !file.exists()) {
            return Ok(Presence::default());
        }
        match look(options, now).await {
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::warn!(error = %error, "the store that is there cannot be read");
                Ok(Presence { is_there: true, ..Presence::default() })
            }
            outcome => outcome,
        }
    }
}

async fn look(options: &StoreOptions, now: DateTime<Utc>) -> Result<Presence> {
    let store = Store::connect_to_look(options).await?;
    let found = ask(&store, now - HEARD_OF).await;
    store.close().await;
    found
}

async fn ask(store: &Store, since: DateTime<Utc>) -> Result<Presence> {
    if migrate::current(store).await? == 0 {
        return Ok(Presence { is_there: store.has_one_writer(), ..Presence::default() });
    }
    let mut session = store.read().await?;
    let runs = sql("select id from run where state in ('claimed', 'running') and lease_until > ? order by id");
    let runs = runs.bind(since).rows(&mut session).await?;
    let mut processes = Vec::new();
    for text in [
        "select id as name from server where ended_at is null and heartbeat_at > ?",
        "select worker as name from pulse where ended_at is null and written_at > ?",
    ] {
        processes.extend(sql(text).bind(since).rows(&mut session).await?);
    }
    Ok(Presence {
        is_there: true,
        runs: runs.iter().map(|row| row.integer("id")).collect::<Result<_>>()?,
        processes: processes.iter().map(|row| row.text("name")).collect::<Result<_>>()?,
    })
}
