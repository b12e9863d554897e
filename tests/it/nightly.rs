//! Nights as they should be: what one publishes, what it sends, and what the next one finds unchanged.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::app::TestApp;
use crate::organisation::{MEMBERS, lines, member};

/// The laws that hold for every run.
#[track_caller]
pub(crate) fn conserves(report: &Value) {
    let number = |part: &Value, key: &str| part[key].as_u64().unwrap();
    for part in report["sources"].as_array().unwrap().iter().chain([&report["flow"]]) {
        // Told only where there are any.
        let erased = part["erased"].as_u64().unwrap_or(0);
        let accounted = number(part, "staged") + number(part, "rejected") + number(part, "unchanged") + erased;
        assert_eq!(number(part, "read"), accounted, "{part:#}");
    }
    let flow = &report["flow"];
    let kept: u64 = report["sources"].as_array().unwrap().iter().map(|source| number(source, "records")).sum();
    assert_eq!(number(flow, "records"), kept, "{flow:#}");
    assert_eq!(number(flow, "clustered"), kept, "{flow:#}");
    let sizes = report["clusters"]["sizes"].as_array().unwrap();
    let records: u64 = sizes.iter().map(|size| number(size, "records") * number(size, "clusters")).sum();
    assert_eq!(records, kept, "every record is in exactly one cluster: {sizes:?}");
    assert_eq!(number(flow, "clusters"), number(flow, "persons"), "{flow:#}");
    assert_eq!(number(&report["persons"], "after"), number(flow, "persons"), "{flow:#}");
}

/// The words of a text.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

#[test]
fn the_demo_runs_two_nights_whose_figures_add_up() {
    let app = TestApp::empty();
    let ended = app.run(&["demo", "--people", "500", "party"]);
    assert!(ended.stderr.contains("night 2: 500 people") && ended.stderr.contains("Try next:"), "{ended:?}");
    ended.succeeds();
    let runs = app.json(&["runs", "-c", "party"]);
    assert!(runs.as_array().unwrap().iter().all(|run| run["state"] == "succeeded"), "{runs}");
    for (run, previous) in [("1", Value::Null), ("2", 1.into())] {
        let text = app.run(&["report", run, "--format", "json", "-c", "party"]).succeeds();
        let report: Value = serde_json::from_str(&text).unwrap();
        conserves(&report);
        assert_eq!((&report["outcome"], &report["run"]["previous_id"]), (&"published".into(), &previous));
        assert!(app.path(format!("party/data/reports/run-{run}.html")).is_file());
    }
    let first = app.run(&["report", "1", "--format", "json", "-c", "party"]).succeeds();
    let first: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(first["persons"]["created"], first["flow"]["persons"]);
    assert!(first["flow"]["persons"].as_u64() < first["flow"]["records"].as_u64(), "nobody was found twice");
}

#[test]
fn a_second_run_on_the_same_input_changes_nothing() {
    let app = TestApp::after_a_night();
    let (before, changes) = (app.exported(), app.json(&["changes"]));
    app.night(2, &[]).succeeds();
    assert_eq!(app.exported(), before);
    assert_eq!(app.json(&["changes"]), changes);
    let report = app.report();
    conserves(&report);
    assert_eq!((&report["flow"]["staged"], &report["changes"]["persons"]), (&0.into(), &0.into()));
    assert_eq!(app.mails(), [""; 0]);
}

#[test]
fn the_order_of_the_rows_changes_nothing() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    let mut rows = lines(&app.members());
    rows[1..].reverse();
    app.deliver_members(&rows.concat());
    app.night(2, &[]).succeeds();
    assert_eq!(app.exported(), before);
}

#[test]
fn the_second_night_brings_changes_and_keeps_every_id() {
    let app = TestApp::after_a_night();
    let before = app.persons();
    app.another_night_arrives(2);
    app.add_second_night_member();
    app.night(2, &[]).succeeds();
    let (after, report) = (app.persons(), app.report());
    conserves(&report);
    let gone = report["persons"]["gone"].as_u64().unwrap() + report["persons"]["merged"].as_u64().unwrap();
    let kept =
        before.keys().filter(|id| after.get(*id).is_some_and(|person| person["state"] == "active")).count() as u64;
    assert_eq!(kept + gone, before.len() as u64, "{report:#}");
    assert!(report["changes"]["persons"].as_u64().unwrap() > 0, "{report:#}");
    let named: BTreeSet<String> = app
        .json(&["changes"])
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["run_id"] == 2)
        .map(|change| change["person_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(named.len() as u64, report["changes"]["persons"].as_u64().unwrap());
    let renewed = |id: &&String| after.get(*id).is_some_and(|person| before.get(*id).is_none_or(|old| old != person));
    for id in after.keys().filter(renewed) {
        assert!(named.contains(id), "{id} is not as before, and no change names it");
    }
}

#[test]
fn a_new_member_is_told_of_in_notices_that_name_nobody() {
    let app = TestApp::after_a_night();
    app.another_night_arrives(2);
    app.add_second_night_member();
    let ended = app.night(2, &["-vvv"]);
    let mails = app.mails();
    let report = app.report();
    assert!(!mails.is_empty());
    assert_eq!(report["notices"]["sent"].as_u64().unwrap(), mails.len() as u64, "{:#}", report["notices"]);
    let persons = app.persons();
    let organisation = app.read("schemas/org.toml");
    let harmless = words(&organisation);
    for mail in &mails {
        assert!(mail.contains("http://localhost:8080/changes?run=2&unit="), "{mail}");
        let said = words(mail);
        for person in persons.values() {
            for column in ["email", "mobile", "phone", "membership_number"] {
                assert!(person[column].is_empty() || !mail.contains(&person[column]), "{column} in {mail}");
            }
            for name in words(&person["surname"]).into_iter().filter(|name| !harmless.contains(name)) {
                assert!(!said.contains(name), "{name} in {mail}");
            }
        }
    }
    let logged = format!("{}{}", ended.stdout, ended.stderr);
    for person in persons.values() {
        for column in ["email", "mobile", "phone", "membership_number"] {
            assert!(person[column].is_empty() || !logged.contains(&person[column]), "{column} in what the run said");
        }
    }
}

#[test]
fn a_dry_run_publishes_nothing_and_sends_nothing() {
    let app = TestApp::after_a_night();
    let (before, changes) = (app.exported(), app.json(&["changes"]));
    app.another_night_arrives(2);
    app.add_second_night_member();
    let said = app.night(2, &["--dry-run"]).succeeds();
    assert!(said.contains("Probelauf"), "{said}");
    let rehearsed = app.report();
    assert_eq!(rehearsed["outcome"], "dry_run");
    conserves(&rehearsed);
    assert!(rehearsed["changes"]["persons"].as_u64().unwrap() > 0);
    assert_eq!((app.exported(), app.json(&["changes"]), app.mails()), (before, changes, Vec::new()));
    app.night(2, &[]).succeeds();
    let real = app.report();
    assert_eq!((&real["changes"], &real["persons"]), (&rehearsed["changes"], &rehearsed["persons"]));
    assert!(!app.mails().is_empty());
}

#[test]
fn a_record_that_goes_and_comes_back_is_the_same_person() {
    let app = TestApp::after_a_night();
    let without = app.members();
    app.add_members(member(&[]).as_bytes());
    app.night(2, &[]).succeeds();
    let id = app.person("Zwickelbauer")["id"].clone();
    let with = app.members();
    app.deliver_members(&without);
    app.night(3, &[]).succeeds();
    assert!(app.persons().get(&id).is_none_or(|person| person["state"] != "active"));
    app.deliver_members(&with);
    app.night(4, &[]).succeeds();
    assert_eq!(app.person("Zwickelbauer")["id"], id);
}

#[test]
fn one_source_alone_is_pulled_where_it_is_asked_for() {
    let app = TestApp::after_a_night();
    std::fs::remove_file(app.path(MEMBERS)).unwrap();
    let before = app.exported();
    app.night(2, &["--source", "survey"]).succeeds();
    let report = app.report();
    let pulled: Vec<&str> =
        report["sources"].as_array().unwrap().iter().map(|source| source["name"].as_str().unwrap()).collect();
    assert_eq!(pulled, ["survey"]);
    assert_eq!(app.exported(), before);
}

impl TestApp {
    /// One more member in the file of the second night, so that there is something to tell at any rate.
    fn add_second_night_member(&self) {
        let path = self.path("inbox/mitglieder-2026-03-02.csv");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(member(&[]).as_bytes());
        std::fs::write(path, bytes).unwrap();
    }
}
