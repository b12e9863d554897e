//! What kartei writes is for its owner alone, whatever the umask of whoever starts it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::app::{Ended, TestApp};

/// The command, started by somebody whose files everybody may read.
fn openly(app: &TestApp, arguments: &[&str]) -> Ended {
    let script = ["-c", "umask 022; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_kartei")];
    Ended::of(app.start_of(Command::new("sh"), &[&script, arguments].concat()).output().unwrap())
}

/// All that others than the owner have a right to, with its mode.
fn open_below(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut open = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, mode) = (entry.path(), entry.metadata().unwrap().permissions().mode() & 0o777);
        if mode & 0o077 != 0 {
            open.push((path.clone(), format!("{mode:o}")));
        }
        if path.is_dir() {
            open.extend(open_below(&path));
        }
    }
    open
}

fn set_mode(app: &TestApp, name: &str, mode: u32) {
    fs::set_permissions(app.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn no_file_of_two_nights_a_backup_a_restore_or_an_export_is_open_to_others() {
    let app = TestApp::empty();
    openly(&app, &["demo", "--people", "200", "--quiet", "party"]).succeeds();
    openly(&app, &["init", "own"]).succeeds();
    for arguments in [
        &["-c", "party", "run", "--quiet"][..],
        &["-c", "party", "backup", "backup"],
        &["-c", "party", "backup", "backup.tar.zst"],
        &["-c", "party", "backup", "backup.tar"],
        &["restore", "backup", "-c", "first"],
        &["restore", "backup.tar.zst", "-c", "second"],
        &["restore", "backup.tar", "-c", "second", "--replace"],
        &["-c", "party", "persons", "export", "--out", "persons.csv"],
        &["-c", "party", "report", "--out", "report.html"],
        &["match", "persons.csv", "--out", "clusters.csv", "--pairs", "pairs.csv", "--report", "match.html"],
    ] {
        openly(&app, arguments).succeeds();
    }
    for name in ["party/kartei.db", "party/mail", "party/data/reports", "second/kartei.db", "pairs.csv", "backup.tar"] {
        assert!(app.path(name).exists(), "{name} is there to be looked at");
    }
    assert_eq!(open_below(&app.path("")), []);
}

#[test]
fn what_an_archive_was_opened_up_for_comes_out_of_it_closed() {
    let app = TestApp::after_a_night();
    app.run(&["backup", "backup"]).succeeds();
    let open = "chmod -R a+rwX backup && tar -cf open.tar -C backup .";
    assert!(Command::new("sh").args(["-c", open]).current_dir(app.path("")).status().unwrap().success());
    fs::create_dir(app.path("back")).unwrap();
    openly(&app, &["restore", "open.tar", "-c", "back"]).succeeds();
    assert_eq!(open_below(&app.path("back")), []);
}

#[test]
fn the_doctor_finds_what_is_open_and_closes_it() {
    let app = TestApp::after_a_night();
    assert!(app.run(&["doctor"]).succeeds().contains("nothing is wrong"));
    let settings = app.read("kartei.toml");
    let ping = "[[alerts.ping]]\njob = \"nightly\"\nurl = \"http://127.0.0.1:9/secret\"\n";
    app.write("kartei.toml", &format!("{settings}\n{ping}"));
    app.write("backups/old.tar", "");
    app.write("mail/notice.eml", "");
    for (name, mode) in [("kartei.toml", 0o644), ("kartei.db", 0o640), ("data/runs", 0o755), ("mail", 0o701)] {
        set_mode(&app, name, mode);
    }
    let said = app.run(&["doctor"]);
    assert_eq!(said.code, 1, "{said:?}");
    for what in ["the store: ", "the data folder", "the mail folder: ", "backups: ", "secrets: "] {
        assert!(said.stdout.contains(&format!("rights: {what}")), "{what} in\n{}", said.stdout);
    }
    assert!(!said.stdout.contains("127.0.0.1"), "no secret is told");
    let mended = app.run(&["doctor", "--fix"]).succeeds();
    assert_eq!(mended.matches("(mended)").count(), 5, "{mended}");
    assert!(app.run(&["doctor"]).succeeds().contains("nothing is wrong"));
    for name in ["kartei.toml", "kartei.db", "data", "mail", "backups"] {
        assert_eq!(fs::metadata(app.path(name)).unwrap().permissions().mode() & 0o077, 0, "{name}");
    }
}
