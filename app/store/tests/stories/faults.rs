//! What goes wrong around the store is told with a hint, and is over when its cause is.

use std::time::Duration;

use kartei_store::{Store, StoreError, StoreOptions};
use sqlx::{Connection, SqliteConnection};

use crate::night::Night;
use crate::support::Place;
use crate::{Teller, migrating, minute, nightly, stories};

stories!(a_store_that_was_closed_says_so);

async fn a_store_that_was_closed_says_so(teller: Teller) {
    teller.store.close().await;
    let error = teller.store.create_run(&nightly(), minute(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Connection { .. }), "{error}");
}

async fn refused(url: &str) -> StoreError {
    let options = StoreOptions { busy_timeout: Duration::from_millis(50), ..StoreOptions::new(url) };
    let error = Store::open(&options).await.unwrap_err();
    assert!(error.hint().is_some(), "{error} has no hint");
    assert!(!error.to_string().contains("secret"), "{error} tells a secret");
    error
}

#[tokio::test]
async fn a_url_that_names_no_database_is_refused() {
    for url in ["", "kartei.db", "mysql://secret@host/x", "sqlite:", "sqlite::memory:", "sqlite:/tmp"] {
        assert!(matches!(refused(url).await, StoreError::Url { .. }), "{url}");
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told() {
    assert!(matches!(refused("sqlite:/nowhere/at/all/kartei.db").await, StoreError::Connection { .. }));
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_told_without_the_password() {
    let error = refused("postgres://someone:secret@127.0.0.1:1/kartei").await;
    assert!(matches!(error, StoreError::Connection { .. }), "{error}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told() {
    let place = Place::postgres().await;
    let error = refused(&place.url.replace("/test_", "/absent_")).await;
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kartei.db");
    let letter = "Dear Sir or Madam, this is no database, although it is long enough to be taken for one. ".repeat(20);
    std::fs::write(&path, &letter).unwrap();
    let error = refused(&format!("sqlite:{}", path.display())).await;
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_locked_by_another_process_is_told_can_be_read_and_is_written_when_it_is_free() {
    let place = Place::sqlite();
    let options = StoreOptions { busy_timeout: Duration::from_millis(100), ..StoreOptions::new(&place.url) };
    let store = Store::open(&options).await.unwrap();
    let mut other = SqliteConnection::connect(place.url.strip_prefix("sqlite:").unwrap()).await.unwrap();
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    let error = store.create_run(&nightly(), minute(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked) && error.is_temporary(), "{error}");
    assert_eq!(store.run(1).await.unwrap(), None);
    Store::open(&options).await.expect("a store that is up to date needs no lock to be opened");
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    store.create_run(&nightly(), minute(0)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_lets_nobody_write_is_told() {
    let teller = Teller::begin(Place::postgres().await).await;
    let name = migrating::ask(&teller.place, "select current_database()::text").await.remove(0);
    let statement = format!("alter database {name} set default_transaction_read_only = on");
    migrating::ask(&teller.place, &statement).await;
    let store = teller.another_process().await;
    let error = store.create_run(&nightly(), minute(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_is_made_again() {
    let teller = Teller::begin(Place::postgres().await).await;
    let lease = teller.a_running_run().await;
    let cut = "select cast(count(pg_terminate_backend(pid)) as text) from pg_stat_activity \
               where datname = current_database() and pid <> pg_backend_pid()";
    for _ in 0..3 {
        migrating::ask(&teller.place, cut).await;
        // The one that was under way may fail; the next must not.
        if let Err(error) = teller.store.run(lease.run_id).await {
            assert!(error.is_temporary(), "{error}");
        }
        teller.store.renew_lease(&lease, minute(1)).await.unwrap();
    }
    Night::first().publish(&teller.store, &lease, 1).await.unwrap();
}
