//! Deliveries that cannot be read: the run says which and what to do, yesterday's persons stand, the next run completes.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::app::TestApp;
use crate::organisation::{MEMBERS, lines, member, replaced};

/// Spoils the inbox of an organisation, and sees that the run fails with these words and a hint, that nothing of it is
/// published, and that the next run completes once all is as it was.
#[track_caller]
fn fails_and_recovers(spoil: impl FnOnce(&TestApp), expected: &[&str]) {
    let app = TestApp::after_a_night();
    let before = app.exported();
    let kept = [MEMBERS, SURVEY, LEADS, NEWSLETTER, MEMBERSHIP].map(|name| (name, fs::read(app.path(name)).unwrap()));
    spoil(&app);
    let said = app.night(2, &[]).fails_with(1);
    for words in expected.iter().chain(&["could not be pulled", "hint: "]) {
        assert!(said.contains(words), "{words:?} in {said}");
    }
    assert_eq!(app.exported(), before, "a run that failed left something behind");
    assert_eq!(app.json(&["runs"])[0]["state"], "failed");
    for name in fs::read_dir(app.path("inbox")).unwrap().map(|entry| entry.unwrap().path()) {
        fs::remove_file(name).unwrap();
    }
    for (name, bytes) in kept {
        fs::write(app.path(name), bytes).unwrap();
    }
    app.night(3, &[]).succeeds();
    assert_eq!(app.exported(), before, "the run after the fault came to another end");
}

const MEMBERSHIP: &str = "schemas/sources/membership.toml";
const SURVEY: &str = "inbox/umfrage-2026-03-01.xlsx";
const LEADS: &str = "inbox/leads-2026-03-01.parquet";
const NEWSLETTER: &str = "inbox/newsletter-2026-03-01.ndjson";

#[test]
fn a_missing_file_is_named() {
    fails_and_recovers(
        |app| fs::remove_file(app.path(MEMBERS)).unwrap(),
        &["source `membership`", "no file matches", "inbox/mitglieder-*.csv", "check `connector.path`"],
    );
}

#[test]
fn an_empty_file_is_named() {
    fails_and_recovers(|app| app.deliver_members(b""), &["`mitglieder-2026-03-01.csv` is empty", "export it again"]);
}

#[test]
fn a_header_without_rows_is_named() {
    fails_and_recovers(
        |app| app.deliver_members(&lines(&app.members())[0]),
        &["`mitglieder-2026-03-01.csv` has a header and no rows", "volume.min_rows = 0"],
    );
}

#[test]
fn another_delimiter_is_recognised_and_named() {
    let commas = |app: &TestApp| {
        let bytes = app.members().into_iter().map(|byte| if byte == b';' { b',' } else { byte });
        app.deliver_members(&bytes.collect::<Vec<u8>>());
    };
    fails_and_recovers(commas, &["no columns with the delimiter ';'; it looks like ','", "set `delimiter = \",\"`"]);
}

#[test]
fn a_key_column_that_is_missing_is_named_with_the_nearest() {
    let renamed = |app: &TestApp| app.deliver_members(&replaced(&app.members(), b"Mitgliedsnummer", b"Nummer"));
    fails_and_recovers(renamed, &["has no column `Mitgliedsnummer`, which the key needs", "is it `Nummer`?"]);
}

#[test]
fn binary_rubbish_is_recognised() {
    let rubbish = |app: &TestApp| {
        let mut state = 1_u32;
        let bytes = (0..100_000).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        app.deliver_members(&bytes.collect::<Vec<u8>>());
    };
    fails_and_recovers(rubbish, &["is not a text file: it holds binary data", "connector.format"]);
}

#[test]
fn half_of_a_compressed_file_is_no_delivery() {
    let halved = |app: &TestApp| {
        let packed = gzip(&app.members());
        fs::remove_file(app.path(MEMBERS)).unwrap();
        fs::write(app.path(format!("{MEMBERS}.gz")), &packed[..packed.len() / 2]).unwrap();
        app.replace(MEMBERSHIP, "mitglieder-*.csv", "mitglieder-*.csv.gz");
    };
    fails_and_recovers(halved, &["`mitglieder-2026-03-01.csv.gz` is cut off", "have it delivered again"]);
}

#[test]
fn half_of_a_workbook_is_no_delivery() {
    fails_and_recovers(
        |app| halve(app, SURVEY),
        &["source `survey`", "`umfrage-2026-03-01.xlsx` is cut off", "have it delivered again"],
    );
}

#[test]
fn half_of_a_parquet_file_is_no_delivery() {
    fails_and_recovers(|app| halve(app, LEADS), &["source `leads`", "`leads-2026-03-01.parquet`"]);
}

#[test]
fn a_text_in_place_of_a_parquet_file_is_recognised() {
    fails_and_recovers(
        |app| app.write(LEADS, "lead_id;first_name\n1;Rosalinde\n"),
        &["`leads-2026-03-01.parquet` is not a Parquet file", "connector.format"],
    );
}

#[test]
fn text_that_is_no_json_is_recognised() {
    fails_and_recovers(
        |app| app.write(NEWSLETTER, "Sehr geehrte Damen und Herren,\nanbei die Daten\n"),
        &["source `newsletter`", "`newsletter-2026-03-01.ndjson`", "connector.format"],
    );
}

#[test]
fn a_message_about_a_delivery_repeats_nothing_of_what_stands_in_it() {
    let app = TestApp::after_a_night();
    app.write(LEADS, "lead_id;email\n1;rosalinde@mail.example\n");
    app.write(NEWSLETTER, "rosalinde@mail.example\n{\"email\": \"rosalinde@mail.example\n");
    app.deliver_members(member(&[]).as_bytes());
    let ended = app.night(2, &["-vvv"]);
    let said = format!("{}{}", ended.stdout, ended.stderr).to_lowercase();
    assert_eq!(ended.code, 1, "{said}");
    assert!(!said.contains("rosalinde"), "{said}");
}

#[test]
fn a_mapped_column_that_is_missing_is_reported_as_drift_and_told_by_check() {
    let app = TestApp::after_a_night();
    app.deliver_members(&replaced(&app.members(), b"Geburtsname", b"Maedchenname"));
    let checked = app.run(&["check"]);
    assert_eq!(checked.code, 1, "{checked:?}");
    assert!(
        checked.stdout.contains("column `Geburtsname` is mapped, and not in `mitglieder-2026-03-01.csv`"),
        "{checked:?}"
    );
    app.night(2, &[]).succeeds();
    let report = app.report();
    let source = report["sources"].as_array().unwrap().iter().find(|source| source["name"] == "membership").unwrap();
    let drift: Vec<(&str, &str)> = source["drift"]
        .as_array()
        .unwrap()
        .iter()
        .map(|drift| (drift["kind"].as_str().unwrap(), drift["column"].as_str().unwrap()))
        .collect();
    assert_eq!(drift, [("new", "Maedchenname"), ("missing", "Geburtsname")]);
}

fn halve(app: &TestApp, name: &str) {
    let bytes = fs::read(app.path(name)).unwrap();
    fs::write(app.path(name), &bytes[..bytes.len() / 2]).unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = packer.stdin.take().unwrap();
    let bytes = bytes.to_owned();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = packer.wait_with_output().unwrap();
    writer.join().unwrap();
    output.stdout
}
