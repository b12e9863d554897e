//! Backup and restore, and the doctor.

use std::fs;

use serde_json::Value;

use crate::app::TestApp;
use crate::on_postgres::postgres;

/// A folder beside the app, for what belongs to no installation.
fn elsewhere() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_backup_comes_back_as_it_was_and_the_next_night_goes_on_from_it() {
    for name in ["backup", "backup.tar.zst", "backup.tar"] {
        let app = TestApp::after_a_night();
        let outside = elsewhere();
        let target = outside.path().join(name);
        let target = target.to_str().unwrap();
        let made = app.json(&["backup", target]);
        assert_eq!(made["published_run"], 1, "{made:#}");
        let (persons, runs) = (app.exported(), app.json(&["runs"]));
        app.another_night_arrives(2);
        app.night(2, &[]).succeeds();

        let back = TestApp::empty();
        back.run(&["restore", target]).succeeds();
        assert_eq!((back.exported(), back.json(&["runs"])), (persons, runs), "{name}");
        fs::create_dir_all(back.path("inbox")).unwrap();
        for file in fs::read_dir(app.path("inbox")).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), back.path("inbox").join(file.file_name())).unwrap();
        }
        back.night(2, &[]).succeeds();
        let state = |app: &TestApp| {
            let report = app.report();
            (report["changes"].clone(), report["persons"].clone())
        };
        assert_eq!(state(&back), state(&app), "{name}: the night after is the same");
        assert_eq!(back.run(&["doctor"]).code, 0);
    }
}

/// The variables that lead to a database.
fn environment(url: &str) -> [(&'static str, &str); 1] {
    [("KARTEI__STORE__URL", url)]
}

#[test]
fn a_backup_of_postgresql_comes_back_into_an_empty_database() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, second) =
        runtime.block_on(async { (postgres::fresh_database().await, postgres::fresh_database().await) });
    let app = TestApp::before_the_first_night(120);
    app.run_with(&["run", "--as-of", "2026-03-01"], &environment(&first)).succeeds();
    let outside = elsewhere();
    let target = outside.path().join("backup.tar.zst");
    let target = target.to_str().unwrap();
    app.run_with(&["backup", target], &environment(&first)).succeeds();
    let back = TestApp::empty();
    back.run_with(&["restore", target], &environment(&second)).succeeds();
    let exported = |app: &TestApp, url: &str| app.run_with(&["persons", "export"], &environment(url)).succeeds();
    assert_eq!(exported(&back, &second), exported(&app, &first));
    let said = back.run_with(&["restore", target], &environment(&second)).fails_with(1);
    assert!(said.contains("already") && said.contains("--replace"), "{said}");
    back.run_with(&["restore", target, "--replace"], &environment(&second)).succeeds();
    assert_eq!(exported(&back, &second), exported(&app, &first));
    let said = app.run(&["restore", target, "--replace"]).fails_with(1);
    assert!(said.contains("the copy is of a PostgreSQL store") || said.contains("names an SQLite"), "{said}");
}

#[test]
fn a_backup_that_is_damaged_or_none_is_refused_and_nothing_is_touched() {
    let app = TestApp::after_a_night();
    let outside = elsewhere();
    let target = outside.path().join("backup");
    let name = target.to_str().unwrap();
    app.run(&["backup", name]).succeeds();
    let said = app.run(&["backup", name]).fails_with(2);
    assert!(said.contains("is there already"), "{said}");
    app.run(&["restore", name, "--check"]).succeeds();
    let before = app.exported();
    let said = app.run(&["restore", name]).fails_with(1);
    assert!(said.contains("--replace"), "{said}");
    let frame = target.join("data/runs/1-1/records.parquet");
    let mut bytes = fs::read(&frame).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // Another file in its place: the first may be the very frame of the installation under a second name.
    fs::remove_file(&frame).unwrap();
    fs::write(&frame, bytes).unwrap();
    let said = app.run(&["restore", name, "--replace"]).fails_with(1);
    assert!(said.contains("data/runs/1-1/records.parquet is not as it was"), "{said}");
    fs::remove_file(target.join("backup.json")).unwrap();
    let said = app.run(&["restore", name, "--replace"]).fails_with(1);
    assert!(said.contains("is no backup"), "{said}");
    assert_eq!(app.exported(), before);
    app.write("broken.tar.zst", "not packed at all");
    let said = app.run(&["restore", "broken.tar.zst", "--replace"]).fails_with(1);
    assert!(said.contains("cannot be unpacked"), "{said}");
    app.run(&["restore", "nowhere"]).fails_with(2);
    assert_eq!(app.exported(), before);
}

#[test]
fn a_backup_while_a_night_is_under_way_holds_the_evening_or_the_morning() {
    let app = TestApp::after_a_night();
    let evening = app.exported();
    app.another_night_arrives(2);
    let mut night = app.command(&["run", "--as-of", "2026-03-02", "--quiet"]);
    let mut night = night.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let outside = elsewhere();
    let mut taken = Vec::new();
    while night.try_wait().unwrap().is_none() {
        let target = outside.path().join(format!("backup-{}", taken.len()));
        app.run(&["backup", target.to_str().unwrap()]).succeeds();
        taken.push(target);
    }
    let morning = app.exported();
    assert!(!taken.is_empty());
    for target in taken {
        let back = TestApp::empty();
        back.run(&["restore", target.to_str().unwrap()]).succeeds();
        let persons = back.exported();
        assert!(persons == evening || persons == morning, "half a night in {}", target.display());
    }
}

#[test]
fn the_doctor_finds_what_a_crash_left_and_mends_it() {
    let app = TestApp::after_a_night();
    assert!(app.run(&["doctor"]).succeeds().contains("nothing is wrong"));
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_hours(400_000);
    for name in ["data/runs/1-1/pairs.parquet.part", "data/runs/99-1/records.parquet"] {
        app.write(name, "left over");
        fs::File::options().append(true).open(app.path(name)).unwrap().set_modified(old).unwrap();
    }
    let mut killed = app.command(&["run", "--as-of", "2026-03-02", "--quiet"]);
    let mut killed = killed.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    while app.json(&["runs"])[0]["state"] != "running" {
        assert!(killed.try_wait().unwrap().is_none(), "it was never seen under way");
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let begun = std::time::Instant::now();
    let found = loop {
        let ended = app.run(&["doctor", "--json"]);
        let found: Value = serde_json::from_str(&ended.stdout).unwrap();
        if found.as_array().unwrap().iter().any(|one| one["area"] == "runs") {
            assert_eq!(ended.code, 1);
            break found;
        }
        assert!(begun.elapsed() < std::time::Duration::from_mins(1), "{found:#}");
    };
    assert!(
        found.as_array().unwrap().iter().any(|one| one["what"].as_str().unwrap().starts_with("2 files")),
        "{found:#}"
    );
    assert!(app.path("data/runs/99-1/records.parquet").exists(), "it only looked");
    let said = app.run(&["doctor", "--fix"]).succeeds();
    assert!(said.contains("run 2 has no worker any more") && said.contains("(mended)"), "{said}");
    assert!(!app.path("data/runs/99-1").exists() && !app.path("data/runs/1-1/pairs.parquet.part").exists());
    assert!(app.run(&["doctor"]).succeeds().contains("nothing is wrong"));
    assert_eq!(app.json(&["runs"])[0]["state"], "lost");
    app.night(3, &[]).succeeds();
}

#[test]
fn a_frame_that_is_missing_is_named() {
    let app = TestApp::after_a_night();
    fs::remove_file(app.path("data/runs/1-1/pairs.parquet")).unwrap();
    let ended = app.run(&["doctor", "--fix"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.contains("the frame `runs/1-1/pairs` is missing"), "{ended:?}");
    let outside = elsewhere();
    let target = outside.path().join("backup");
    let said = app.run(&["backup", target.to_str().unwrap()]).fails_with(1);
    assert!(said.contains("the frame `runs/1-1/pairs`"), "{said}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "nothing half is left");
}

#[test]
fn old_reports_go_after_a_night_and_the_newest_of_each_job_stays() {
    let app = TestApp::after_a_night();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_hours(400_000);
    for name in ["data/reports/run-1.html", "data/reports/run-1.json"] {
        fs::File::options().append(true).open(app.path(name)).unwrap().set_modified(old).unwrap();
    }
    app.another_night_arrives(2);
    app.night(2, &["--set", "retention.reports=99999d"]).succeeds();
    assert!(app.path("data/reports/run-1.html").exists(), "it is kept for as long as was asked");
    app.night(3, &[]).succeeds();
    assert!(!app.path("data/reports/run-1.html").exists() && !app.path("data/reports/run-1.json").exists());
    assert!(app.path("data/reports/run-2.html").exists() && app.path("data/reports/run-3.html").exists());
    assert!(app.run(&["report", "1"]).succeeds().contains("Lauf 1"), "the store still has it");
}
