//! A restore beside others who are at work, and one that a crash cuts off.

use std::fs;
use std::path::PathBuf;

use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::app::TestApp;
use crate::on_postgres::postgres;

/// Where a restore can be cut off, in order; from `marked` on something may have been replaced.
const POINTS: [&str; 6] = ["prepared", "marked", "frames", "aside", "store", "others"];

/// An organisation after its second night with a backup of the first, and its persons then and now.
struct House {
    app: TestApp,
    outside: tempfile::TempDir,
    evening: String,
    morning: String,
}

impl House {
    fn new() -> Self {
        let app = TestApp::after_a_night();
        let outside = tempfile::tempdir().unwrap();
        let evening = app.exported();
        app.run(&["backup", outside.path().join("backup.tar.zst").to_str().unwrap()]).succeeds();
        app.another_night_arrives(2);
        app.night(2, &[]).succeeds();
        let morning = app.exported();
        assert_ne!(evening, morning);
        Self { app, outside, evening, morning }
    }

    fn backup(&self) -> String {
        self.outside.path().join("backup.tar.zst").display().to_string()
    }
}

/// What a restore leaves while it is under way, and nothing may be left of afterwards.
fn left_over(app: &TestApp) -> Vec<PathBuf> {
    let of = |folder: &str| fs::read_dir(app.path(folder)).unwrap().map(|entry| entry.unwrap().path());
    of("").chain(of("data")).filter(|path| path.to_string_lossy().contains("restor")).collect()
}

#[test]
fn a_restore_that_is_cut_off_anywhere_is_known_and_goes_through_the_second_time() {
    for point in POINTS {
        let house = House::new();
        let app = &house.app;
        let ended = app.run_with(&["restore", &house.backup(), "--replace"], &[("KARTEI_STOP_AT", point)]);
        assert_eq!(ended.code, -1, "{point}: {ended:?}");
        if point == "prepared" {
            assert_eq!(app.exported(), house.morning, "nothing was replaced yet");
        } else {
            for arguments in [&["run"][..], &["serve"], &["doctor"], &["persons", "export"], &["status"]] {
                let said = app.run(arguments).fails_with(1);
                assert!(said.contains("a restore was interrupted") && said.contains("run it again"), "{point}: {said}");
            }
            assert!(app.run(&["check"]).stdout.contains("a restore was interrupted"), "{point}");
        }
        app.run(&["restore", &house.backup(), "--replace"]).succeeds();
        assert_eq!(app.exported(), house.evening, "{point}");
        assert!(app.run(&["doctor"]).succeeds().contains("nothing is wrong"), "{point}");
        assert_eq!(left_over(app), Vec::<PathBuf>::new(), "{point}");
        app.night(2, &[]).succeeds();
    }
}

#[test]
fn a_restore_into_an_empty_place_that_is_cut_off_needs_no_leave_to_replace_what_it_left() {
    let house = House::new();
    for point in POINTS {
        let back = TestApp::empty();
        let ended = back.run_with(&["restore", &house.backup()], &[("KARTEI_STOP_AT", point)]);
        assert_eq!(ended.code, -1, "{point}: {ended:?}");
        back.run(&["restore", &house.backup()]).succeeds();
        assert_eq!(back.exported(), house.evening, "{point}");
        assert_eq!(left_over(&back), Vec::<PathBuf>::new(), "{point}");
    }
}

/// Changes the store as if another process did.
pub(crate) fn change(url: &str, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    });
}

fn refuses_beside_a_live_run(app: &TestApp, url: &str) {
    let environment = [("KARTEI__STORE__URL", url)];
    let outside = tempfile::tempdir().unwrap();
    let backup = outside.path().join("backup").display().to_string();
    app.run_with(&["backup", &backup], &environment).succeeds();
    let before = app.run_with(&["persons", "export"], &environment).succeeds();
    change(url, "update run set state = 'running', lease_until = '2099-01-01T00:00:00.000Z' where id = 1");
    let said = app.run_with(&["restore", &backup, "--replace"], &environment).fails_with(1);
    assert!(said.contains("run 1 is under way") && said.contains("hint: "), "{said}");
    assert_eq!(app.run_with(&["persons", "export"], &environment).succeeds(), before);
    change(url, "update run set lease_until = '2001-01-01T00:00:00.000Z' where id = 1");
    app.run_with(&["restore", &backup, "--replace"], &environment).succeeds();
    assert_eq!(app.run_with(&["runs"], &environment).succeeds().matches("succeeded").count(), 1);
}

#[test]
fn nothing_is_restored_beside_a_run_with_a_live_lease() {
    let app = TestApp::after_a_night();
    let url = format!("sqlite:{}", app.path("kartei.db").display());
    refuses_beside_a_live_run(&app, &url);
}

#[test]
fn nothing_is_restored_beside_a_run_with_a_live_lease_on_postgres() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = runtime.block_on(postgres::fresh_database());
    let app = TestApp::before_the_first_night(120);
    app.run_with(&["run", "--as-of", "2026-03-01"], &[("KARTEI__STORE__URL", &url)]).succeeds();
    refuses_beside_a_live_run(&app, &url);
}

#[test]
fn nothing_is_restored_beside_a_process_that_serves() {
    let house = House::new();
    let server = crate::serving::Server::start(&house.app);
    server.serves(&house.app);
    let said = house.app.run(&["restore", &house.backup(), "--replace"]).fails_with(1);
    assert!(said.contains("scheduler is running") || said.contains("another process has the store"), "{said}");
    server.end();
    assert_eq!(house.app.exported(), house.morning);
}
