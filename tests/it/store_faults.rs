//! Trouble with what lies at rest: a store that is locked, newer, damaged or unreachable, and a disk that takes nothing.

use std::fs;
use std::process::Command;

use sqlx::{Connection, SqliteConnection};

use crate::app::{Ended, TestApp};
use crate::organisation::member;

/// Works with the store beside the command, as another program would.
fn beside<T>(app: &TestApp, work: impl AsyncFnOnce(SqliteConnection) -> T) -> T {
    let url = format!("sqlite:{}", app.path("kartei.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { work(SqliteConnection::connect(&url).await.unwrap()).await })
}

/// The next run completes, and the persons are those of before.
#[track_caller]
fn recovers(app: &TestApp, before: &str) {
    assert_eq!(app.exported(), before);
    app.night(3, &[]).succeeds();
    assert_eq!(app.exported(), before);
}

#[test]
fn a_store_that_another_process_locks_is_named_and_can_still_be_read() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    let (said, read) = beside(&app, async |mut connection| {
        sqlx::query("begin exclusive").execute(&mut connection).await.unwrap();
        let said = app.night(2, &["--set", "store.busy_timeout_seconds=1"]).fails_with(1);
        (said, app.exported())
    });
    assert!(said.contains("the store is locked by another process"), "{said}");
    assert!(said.contains("store.busy_timeout_seconds"), "{said}");
    assert_eq!(read, before);
    recovers(&app, &before);
}

#[test]
fn a_store_newer_than_the_binary_is_left_alone() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    beside(&app, async |mut connection| {
        let newer = "insert into schema_migration (version, name) values (99990101000000, 'later')";
        sqlx::query(newer).execute(&mut connection).await.unwrap();
    });
    for arguments in [&["run"][..], &["persons", "find", "a"], &["runs"]] {
        let said = app.run(arguments).fails_with(1);
        assert!(said.contains("99990101000000") && said.contains("hint: "), "{said}");
    }
    let checked = app.run(&["check"]);
    assert!(checked.code == 1 && checked.stdout.contains("99990101000000"), "{checked:?}");
    beside(&app, async |mut connection| {
        let back = "delete from schema_migration where name = 'later'";
        sqlx::query(back).execute(&mut connection).await.unwrap();
    });
    recovers(&app, &before);
}

#[test]
fn a_file_that_is_no_store_is_not_overwritten() {
    let app = TestApp::after_a_night();
    for log in ["kartei.db-wal", "kartei.db-shm"] {
        // A log that was left behind would mend the file.
        let _ = fs::remove_file(app.path(log));
    }
    fs::write(app.path("kartei.db"), "Das ist keine Datenbank.").unwrap();
    let said = app.night(2, &[]).fails_with(1);
    assert!(said.contains("the store is damaged, or no database") && said.contains("hint: "), "{said}");
    assert_eq!(app.read("kartei.db"), "Das ist keine Datenbank.");
}

#[test]
fn a_server_that_does_not_answer_is_named_without_its_password() {
    let app = TestApp::after_a_night();
    let url = "postgres://kartei:hunter2@127.0.0.1:1/kartei";
    let said = app.run_with(&["run"], &[("KARTEI__STORE__URL", url)]).fails_with(1);
    assert!(said.contains("store") && said.contains("hint: ") && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_file_in_place_of_the_data_folder_is_named() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    fs::rename(app.path("data"), app.path("data-aside")).unwrap();
    app.write("data", "");
    app.add_members(member(&[]).as_bytes());
    let said = app.night(2, &[]).fails_with(1);
    assert!(said.contains("data folder") && said.contains("hint: "), "{said}");
    assert_eq!(app.json(&["runs"])[0]["id"], 1, "no run was made");
    assert_eq!(app.exported(), before);
    fs::remove_file(app.path("data")).unwrap();
    fs::rename(app.path("data-aside"), app.path("data")).unwrap();
    app.night(3, &[]).succeeds();
    assert_eq!(app.person("Zwickelbauer")["given_name"], "Rosalinde");
}

#[test]
fn a_data_folder_that_was_lost_is_named_before_anything_is_built_on_it() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    fs::rename(app.path("data"), app.path("data-aside")).unwrap();
    let said = app.night(2, &[]).fails_with(1);
    assert!(said.contains("is not the data folder of this store: it is missing"), "{said}");
    assert!(said.contains("from a backup") && !app.path("data").exists(), "{said}");
    fs::rename(app.path("data-aside"), app.path("data")).unwrap();
    recovers(&app, &before);
}

#[test]
fn a_mail_folder_that_takes_nothing_keeps_the_notices_for_later() {
    let app = TestApp::after_a_night();
    app.write("mail", "");
    app.add_members(member(&[]).as_bytes());
    let ended = app.night(2, &[]);
    assert_eq!(app.person("Zwickelbauer")["given_name"], "Rosalinde", "{ended:?}");
    let notices = &app.report()["notices"];
    assert_eq!(notices["sent"], 0, "{notices:#}");
    assert!(notices["queued"].as_u64().unwrap() > 0, "{notices:#}");
    assert!(notices["deferred"].as_u64().unwrap() + notices["failed"].as_u64().unwrap() > 0, "{notices:#}");
}

/// A command that the rights of files bind, also where the tests run as root.
fn bound_by_rights(app: &TestApp, arguments: &[&str]) -> Ended {
    let binary = env!("CARGO_BIN_EXE_kartei");
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout.starts_with(b"0");
    let mut command = if is_root {
        let dropped = ["--bounding-set", "-dac_override,-dac_read_search", binary];
        app.start_of(Command::new("setpriv"), &dropped)
    } else {
        app.command(&[])
    };
    Ended::of(command.args(arguments).output().unwrap())
}

fn set_rights(app: &TestApp, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(app.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_store_that_may_not_be_written_is_named_by_run_and_check_and_yesterdays_persons_stand() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    set_rights(&app, "kartei.db", 0o444);
    let said = bound_by_rights(&app, &["run", "--as-of", "2026-03-02"]).fails_with(1);
    assert!(said.contains("the store cannot be written: it is read-only"), "{said}");
    assert!(said.contains("hint: let the user that runs kartei write to the file and to its folder"), "{said}");
    let checked = bound_by_rights(&app, &["check"]);
    assert!(checked.code == 1 && checked.stdout.contains("kartei.db cannot be written"), "{checked:?}");
    set_rights(&app, "kartei.db", 0o644);
    recovers(&app, &before);
}

#[test]
fn a_data_folder_that_may_not_be_written_is_named_and_yesterdays_persons_stand() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    set_rights(&app, "data/runs", 0o555);
    let said = bound_by_rights(&app, &["run", "--as-of", "2026-03-02"]).fails_with(1);
    assert!(said.contains("cannot write frame"), "{said}");
    assert!(said.contains("hint: let the user that runs kartei write to the data folder"), "{said}");
    set_rights(&app, "data/runs", 0o755);
    recovers(&app, &before);
}

#[test]
fn a_disk_that_is_full_for_the_frames_is_named_and_yesterdays_persons_stand() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    fs::create_dir_all(app.path("data/runs/2-1")).unwrap();
    // Whatever the coming process writes here finds no room: a frame is first written under a name of its process and thread.
    let script = "for thread in $(seq 64); do ln -s /dev/full data/runs/2-1/records.parquet.$$-$thread.part; done; exec \"$0\" \"$@\"";
    let mut shell = app.start_of(Command::new("sh"), &["-c", script, env!("CARGO_BIN_EXE_kartei"), "run"]);
    let said = Ended::of(shell.output().unwrap()).fails_with(1);
    assert!(said.contains("cannot write frame `runs/2-1/records`"), "{said}");
    assert!(said.contains("hint: the disk is full: free some room and run again"), "{said}");
    recovers(&app, &before);
}

/// A night on a disk that takes no file above so many blocks: the limit of a process's files stands for a full disk.
fn night_with_blocks(app: &TestApp, blocks: u32) -> Ended {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = app.start_of(Command::new("sh"), &["-c", &script, env!("CARGO_BIN_EXE_kartei"), "run"]);
    Ended::of(shell.output().unwrap())
}

#[test]
fn a_disk_without_room_stops_the_run_and_nothing_is_half_published() {
    for blocks in [0, 8, 64, 200] {
        let app = TestApp::after_a_night();
        let before = app.exported();
        app.add_members(member(&[]).as_bytes());
        let ended = night_with_blocks(&app, blocks);
        assert_ne!(ended.code, -1, "{blocks} blocks: {ended:?}");
        if ended.code != 0 {
            assert!(ended.stderr.contains("error: "), "{blocks} blocks: {ended:?}");
            let after = app.persons();
            let is_published = after.values().any(|person| person["surname"] == "Zwickelbauer");
            assert!(is_published || app.exported() == before, "{blocks} blocks: half of the run was published");
        }
        app.wait_until_nothing_is_under_way();
        app.night(3, &[]).succeeds();
        assert_eq!(app.person("Zwickelbauer")["given_name"], "Rosalinde");
    }
}
