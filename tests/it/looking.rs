//! Looking things up after a night: persons, changes, runs, quarantine, reports.

use std::sync::OnceLock;

use serde_json::Value;

use crate::app::TestApp;

/// A made-up organisation after two nights, made once for all stories here. None of them changes it.
fn organisation() -> &'static TestApp {
    static ORGANISATION: OnceLock<TestApp> = OnceLock::new();
    ORGANISATION.get_or_init(|| {
        let app = TestApp::empty();
        app.run(&["demo", "--people", "400", "--quiet", "party"]).succeeds();
        app
    })
}

fn json(arguments: &[&str]) -> Value {
    let text = organisation().run(&[&["-c", "party", "--json"], arguments].concat()).succeeds();
    serde_json::from_str(&text).unwrap()
}

fn texts<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| one[key].as_str().unwrap_or_default()).collect()
}

#[test]
fn a_person_is_found_shown_and_has_a_history() {
    let changed = json(&["changes"]);
    let id = texts(&changed, "person_id")[0].to_owned();
    assert_eq!(json(&["persons", "find", &id])[0]["id"], id.as_str());
    let shown = json(&["persons", "show", &id.to_lowercase()]);
    assert_eq!(shown["person"]["id"], id.as_str());
    assert!(!shown["records"].as_array().unwrap().is_empty());
    let history = json(&["persons", "history", &id]);
    assert!(texts(&history, "person_id").iter().all(|one| *one == id));
    let table = organisation().run(&["-c", "party", "persons", "show", &id]).succeeds();
    assert!(table.contains("PLZ") || table.contains("Nachname"), "{table}");
}

#[test]
fn an_unknown_person_run_or_unit_is_wrong_use() {
    for arguments in [
        &["persons", "show", "000000000000"][..],
        &["persons", "history", "000000000000"],
        &["runs", "show", "4711"],
        &["report", "4711"],
        &["changes", "--org", "nowhere"],
        &["persons", "export", "--org", "nowhere"],
    ] {
        let said = organisation().run(&[&["-c", "party"], arguments].concat()).fails_with(2);
        assert!(said.starts_with("error: there is no "), "{said}");
    }
}

#[test]
fn runs_are_listed_newest_first_and_shown_step_by_step() {
    let runs = json(&["runs"]);
    assert_eq!(texts(&runs, "state"), ["succeeded", "succeeded"]);
    assert_eq!(runs[0]["id"], 2);
    let run = json(&["runs", "show", "2"]);
    assert!(run["steps"].as_array().unwrap().len() >= 5, "{run}");
    assert!(texts(&run["steps"], "state").iter().all(|state| *state == "succeeded"), "{run}");
    let table = organisation().run(&["-c", "party", "runs", "show", "2"]).succeeds();
    assert!(table.contains("publish") && table.contains("rows in"), "{table}");
}

#[test]
fn changes_of_a_unit_are_some_of_all_changes() {
    let all = json(&["changes", "--since", "2000-01-01", "--limit", "0"]);
    let of_unit = json(&["changes", "--since", "2000-01-01", "--limit", "0", "--org", "bund"]);
    let (all, of_unit) = (all.as_array().unwrap().len(), of_unit.as_array().unwrap().len());
    assert!(of_unit > 0 && of_unit <= all, "{of_unit} of {all}");
    assert_eq!(json(&["changes", "--since", "2100-01-01"]), Value::Array(Vec::new()));
}

#[test]
fn a_report_comes_as_text_json_and_html() {
    let app = organisation();
    let report = json(&["report"]);
    assert_eq!(report["run"]["id"], 2);
    let text = app.run(&["-c", "party", "report", "1"]).succeeds();
    assert!(text.contains("Lauf 1") && !text.contains('\u{1b}'), "{text}");
    let english = app.run(&["-c", "party", "report", "1", "--language", "en"]).succeeds();
    assert!(english.contains("run 1"), "{english}");
    app.run(&["-c", "party", "report", "--out", "report.html"]).succeeds();
    assert!(app.read("report.html").starts_with("<!doctype html>"));
}

#[test]
fn an_export_holds_every_person_once() {
    let app = organisation();
    app.run(&["-c", "party", "persons", "export", "--out", "persons.csv"]).succeeds();
    let csv = app.read("persons.csv");
    let lines = app.run(&["-c", "party", "persons", "export", "--format", "ndjson"]).succeeds();
    assert!(csv.starts_with("\u{feff}id,salutation,title,given_name,surname,"), "{}", csv.lines().next().unwrap());
    let mut ids: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    let count = ids.len();
    assert!(ids.iter().all(|id| csv.contains(&format!("\n{id},"))));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
    let members = app.run(&["-c", "party", "persons", "export", "--format", "ndjson", "--members"]).succeeds();
    assert!(members.lines().count() < count && !members.is_empty());
}

#[test]
fn quarantine_is_listed_without_what_stands_in_the_rows() {
    let rejects = json(&["rejects", "--limit", "0"]);
    for reject in rejects.as_array().unwrap() {
        assert!(reject.get("raw").is_none() && reject["reason"].is_string(), "{reject}");
    }
}

#[test]
fn nothing_is_looked_up_where_nothing_was_run() {
    let app = TestApp::started();
    for arguments in [&["runs"][..], &["changes"], &["rejects"], &["report"], &["persons", "find", "x"]] {
        let said = app.run(arguments).fails_with(1);
        assert!(said.contains("there is no store yet") && said.contains("hint:"), "{said}");
    }
    assert!(!app.path("kartei.db").exists());
}
