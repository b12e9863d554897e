//! The store's stories, each told on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic here is a failed test")]

#[path = "../support/mod.rs"]
mod support;

mod comparing;
mod consenting;
mod copying;
mod delivering;
mod erasing;
mod faults;
mod half_published;
mod judging;
mod long_writers;
mod mailing;
mod migrating;
mod night;
mod presence;
mod publishing;
mod reading;
mod runner;
mod running;
mod staging;
mod watching;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_store::{Cause, Claim, Lease, NewRun, Run, Store, StoreOptions};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use support::Place;

/// Tells each story on both databases.
macro_rules! stories {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story(crate::Teller::begin(crate::support::Place::sqlite()).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story(crate::Teller::begin(crate::support::Place::postgres().await).await).await;
            })+
        }
    };
}
use stories;

/// A store on a fresh database, and the verbs that the stories share.
struct Teller {
    store: Store,
    place: Place,
    running: AtomicU32,
}

impl Teller {
    async fn begin(place: Place) -> Self {
        let store = Store::open(&StoreOptions::new(&place.url)).await.expect("the store opens");
        Self { store, place, running: AtomicU32::new(0) }
    }

    /// The same database, as another process would see it.
    async fn another_process(&self) -> Store {
        Store::open(&StoreOptions::new(&self.place.url)).await.expect("the store opens again")
    }

    async fn a_run(&self) -> Run {
        self.store.create_run(&nightly(), minute(0)).await.expect("a run is made")
    }

    /// A run that a worker has claimed and begun.
    async fn a_running_run(&self) -> Lease {
        // Two runs of one job are never under way at once.
        let number = self.running.fetch_add(1, Ordering::Relaxed);
        let job = if number == 0 { "nightly".to_owned() } else { format!("nightly-{number}") };
        let run = self.store.create_run(&NewRun { job, ..nightly() }, minute(0)).await.expect("a run is made");
        let (_, lease) = self.store.claim_run(&claim(run.id, "worker"), minute(0)).await.unwrap().expect("it is due");
        self.store.begin_run(&lease, minute(0)).await.unwrap();
        lease
    }
}

fn nightly() -> NewRun {
    NewRun {
        job: "nightly".to_owned(),
        cause: Cause::AdHoc,
        due_at: minute(0),
        asked_by: "a user".to_owned(),
        reason: Some("because".to_owned()),
        parameters: json!({ "source": ["members"] }),
        retry_of: None,
        start_at: minute(0),
        concurrency: Vec::new(),
        after_run: None,
        attended: false,
    }
}

fn claim(run_id: i64, worker: &str) -> Claim {
    Claim { run_id: Some(run_id), worker: worker.to_owned(), length: Duration::from_mins(1), limits: BTreeMap::new() }
}

/// So many minutes after the night begins.
fn minute(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_000_000_123).expect("an instant") + TimeDelta::minutes(minutes)
}
