//! Another process holds SQLite's only writer for long: nobody is taken for dead who only waited, and no lease is over when it
//! is written.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use kartei_store::{RunState, Store, StoreOptions};
use sqlx::{Connection, SqliteConnection};

use crate::support::Place;
use crate::{Teller, claim, minute};

/// Holds the writer beside all stores.
struct Holder(SqliteConnection);

impl Holder {
    async fn take(teller: &Teller) -> Self {
        let mut connection = SqliteConnection::connect(&teller.place.url).await.unwrap();
        sqlx::query("begin immediate").execute(&mut connection).await.unwrap();
        Self(connection)
    }

    async fn let_go(mut self) {
        sqlx::query("rollback").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_had_no_chance_to_renew_is_not_taken_for_dead() {
    let teller = Teller::begin(Place::sqlite()).await;
    let lease = teller.a_running_run().await;
    let other = teller.another_process().await;
    let mut now = minute(0);
    for _ in 0..4 {
        let held = other.held_runs().await.unwrap();
        let holder = Holder::take(&teller).await;
        now += TimeDelta::minutes(5);
        let (store, lease) = (teller.store.clone(), lease.clone());
        let renewing = tokio::spawn(async move { store.renew_lease(&lease, now).await });
        let store = other.clone();
        let reaping = tokio::spawn(async move {
            let lapsed = store.reap_lost_runs("reaper", now).await.unwrap();
            (lapsed, store.reap_silent_run(&held[0], "reaper", now).await.unwrap())
        });
        tokio::time::sleep(Duration::from_millis(700)).await;
        holder.let_go().await;
        assert_eq!(reaping.await.unwrap(), (Vec::new(), None), "it had waited for the writer, and was there");
        renewing.await.unwrap().unwrap();
    }
    assert_eq!(other.run(lease.run_id).await.unwrap().unwrap().run.state, RunState::Running);
}

#[tokio::test]
async fn a_worker_that_is_dead_is_noticed_within_a_second_where_nobody_holds_the_writer() {
    let teller = Teller::begin(Place::sqlite()).await;
    let lease = teller.a_running_run().await;
    let begun = Instant::now();
    let lost = teller.another_process().await.reap_lost_runs("reaper", minute(5)).await.unwrap();
    assert_eq!(lost.iter().map(|run| run.id).collect::<Vec<_>>(), [lease.run_id]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_counts_from_when_the_writer_was_had() {
    let teller = Teller::begin(Place::sqlite()).await;
    let run = teller.a_run().await;
    let later = minute(1) + TimeDelta::milliseconds(600);
    let claiming = {
        let (holder, store) = (Holder::take(&teller).await, teller.store.clone());
        let claiming = tokio::spawn(async move { store.claim_run(&claim(run.id, "worker"), minute(0)).await });
        tokio::time::sleep(Duration::from_millis(700)).await;
        holder.let_go().await;
        claiming
    };
    let (_, lease) = claiming.await.unwrap().unwrap().unwrap();
    assert!(lease.until > later, "{}", lease.until);
    let (holder, store) = (Holder::take(&teller).await, teller.store.clone());
    let renewing = tokio::spawn(async move { store.renew_lease(&lease, minute(0)).await });
    tokio::time::sleep(Duration::from_millis(700)).await;
    holder.let_go().await;
    assert!(renewing.await.unwrap().unwrap().until > later);
}

#[tokio::test]
async fn whoever_waits_longer_than_the_busy_timeout_hears_that_the_store_is_locked() {
    let teller = Teller::begin(Place::sqlite()).await;
    let lease = teller.a_running_run().await;
    let options = StoreOptions { busy_timeout: Duration::from_millis(100), ..StoreOptions::new(&teller.place.url) };
    let hasty = Store::open(&options).await.unwrap();
    let holder = Holder::take(&teller).await;
    let error = hasty.renew_lease(&lease, minute(0)).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
    holder.let_go().await;
    hasty.renew_lease(&lease, minute(0)).await.unwrap();
}
