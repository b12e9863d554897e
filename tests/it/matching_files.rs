//! `kartei match` on files of people, without a store.

use std::collections::BTreeMap;

use kartei_demo::write_flat_table;
use serde_json::Value;

use crate::app::TestApp;
use crate::organisation::options;

/// All records of a made-up organisation as one file.
fn with_people(people: u64) -> TestApp {
    let app = TestApp::empty();
    write_flat_table(&options(&app.path(""), people), 1, &app.path("people.csv")).unwrap();
    app
}

#[test]
fn people_of_one_file_are_found_again_and_the_result_is_measured_against_the_truth() {
    let app = with_people(2_000);
    let matched = app.json(&["match", "people.csv", "--out", "clusters.csv", "--report", "match.html"]);
    let clusters = app.read("clusters.csv");
    assert!(clusters.starts_with("source,record,person\n"), "{clusters:.60}");
    assert_eq!(clusters.lines().count() as u64 - 1, matched["records"].as_u64().unwrap());
    assert!(app.read("match.html").contains("<svg"));
    let mut people = csv::Reader::from_path(app.path("people.csv")).unwrap();
    let mut truth = "record,person\n".to_owned();
    for row in people.deserialize::<BTreeMap<String, String>>().map(Result::unwrap) {
        truth += &[row["key"].as_str(), ",", &row["person"], "\n"].concat();
    }
    app.write("truth.csv", &truth);
    let found = app.json(&["evaluate", "--clusters", "clusters.csv", "--truth", "truth.csv"]);
    assert!(found["f1"].as_f64().unwrap() > 0.85, "{found:#}");
    assert!(found["precision"].as_f64().unwrap() > 0.85, "{found:#}");
}

#[test]
fn what_the_columns_were_taken_for_is_printed() {
    let app = TestApp::empty();
    app.write(
        "mitglieder.csv",
        "Mitgliedsnummer;Vorname;Nachname;Geburtsdatum;PLZ\n1;Anna;Zwickelbauer;17.02.1971;13599\n2;Anna;\
         Zwickelbauer;17.02.1971;13599\n3;Bernd;Sauerbrei;03.11.1950;01067\n",
    );
    let ended = app.run(&["match", "mitglieder.csv", "--out", "clusters.csv"]);
    for expected in ["Vorname", "given_name", "surname", "birth_date", "postal_code", "its header"] {
        assert!(ended.stderr.contains(expected), "{expected} in {ended:?}");
    }
    assert!(ended.succeeds().starts_with("3 records, 2 persons"));
    let clusters = app.read("clusters.csv");
    let persons: Vec<&str> = clusters.lines().skip(1).map(|line| line.rsplit(',').next().unwrap()).collect();
    assert!(persons[0] == persons[1] && persons[1] != persons[2], "{clusters}");
}

#[test]
fn two_records_of_a_file_are_explained() {
    let app = with_people(300);
    let people = app.read("people.csv");
    app.run(&["match", "people.csv", "--out", "clusters.csv"]).succeeds();
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    let clusters = app.read("clusters.csv");
    let pair = clusters.lines().skip(1).find_map(|line| {
        let (record, person) = line.rsplit_once(',')?;
        let record = record.replace(',', ":");
        let other = first.insert(person.to_owned(), record.clone())?;
        Some((other, record))
    });
    let (left, right) = pair.expect("somebody is in the file twice");
    let arguments = ["match", "people.csv", "--out", "clusters.csv", "--explain", &left, &right];
    let said = app.run(&arguments).succeeds();
    let found = app.json(&arguments);
    assert!(said.contains(found["explained"]["sentence"].as_str().unwrap()), "{said}");
    assert_eq!(found["explained"]["together"], true, "{found:#}");
    let steps = found["explained"]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["comparison"] == "surname"), "{found:#}");
    let surname = people.lines().nth(1).unwrap().split(',').nth(3).unwrap();
    assert!(!surname.is_empty() && !said.contains(surname), "an explanation holds no value of a record");
    let unknown = ["match", "people.csv", "--out", "clusters.csv", "--explain", &left, "people:nobody"];
    let refused = app.run(&unknown).fails_with(2);
    assert!(refused.contains("people:nobody") && refused.contains("hint: "), "{refused}");
}

#[test]
fn the_same_file_gives_the_same_clusters_in_any_order() {
    let app = with_people(300);
    app.run(&["match", "people.csv", "--out", "first.csv"]).succeeds();
    let people = app.read("people.csv");
    let (header, rows) = people.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.reverse();
    app.write("people.csv", &format!("{header}\n{}\n", rows.join("\n")));
    app.run(&["match", "people.csv", "--out", "second.csv"]).succeeds();
    let compared = ["evaluate", "--clusters", "second.csv", "--truth", "first.csv"];
    let found: Value = app.json(&compared);
    assert_eq!((found["precision"].as_f64(), found["recall"].as_f64()), (Some(1.0), Some(1.0)), "{found:#}");
}

#[test]
fn a_file_that_cannot_be_matched_is_named_with_a_hint() {
    let app = TestApp::empty();
    app.write("empty.csv", "");
    for (file, expected) in [("missing.csv", "missing.csv"), ("empty.csv", "empty.csv")] {
        let said = app.run(&["match", file, "--out", "clusters.csv"]).fails_with(1);
        assert!(said.contains("error: ") && said.contains(expected) && said.contains("hint: "), "{said}");
        assert!(!app.path("clusters.csv").exists(), "{file}");
    }
}
