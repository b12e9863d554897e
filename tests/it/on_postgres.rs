//! The story of two nights on PostgreSQL: it ends as on SQLite.

#[path = "../../app/store/tests/support/postgres.rs"]
#[expect(clippy::expect_used, reason = "a panic here is a failed test")]
pub(crate) mod postgres;

use std::collections::{BTreeMap, BTreeSet};

use crate::app::TestApp;
use crate::nightly::conserves;
use crate::organisation::{Persons, day, member, persons_of};
use crate::stewards::{merge_and_undo, two_rosalindes};

/// Two nights; the persons after each, and the report of the second.
fn two_nights(environment: &[(&str, &str)]) -> (Persons, Persons, serde_json::Value, usize) {
    let app = TestApp::before_the_first_night(300);
    let run = |arguments: &[&str]| app.run_with(arguments, environment).succeeds();
    run(&["run", "--as-of", &day(1)]);
    let first = persons_of(&run(&["persons", "export"]));
    app.another_night_arrives(2);
    let path = app.path("inbox/mitglieder-2026-03-02.csv");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(member(&[]).as_bytes());
    std::fs::write(path, bytes).unwrap();
    run(&["run", "--as-of", &day(2)]);
    let second = persons_of(&run(&["persons", "export"]));
    let report = serde_json::from_str(&run(&["report", "--format", "json"])).unwrap();
    let again = run(&["run", "--as-of", &day(3), "--json"]);
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["changes"]["persons"], 0, "a third run on the same input changes nothing");
    (first, second, report, app.mails().len())
}

/// The persons without their ids, which are made by chance, and without the moments at which the two were heard.
fn known(persons: &Persons) -> BTreeSet<Vec<&str>> {
    persons.values().map(values).collect()
}

fn values(person: &BTreeMap<String, String>) -> Vec<&str> {
    let by_chance = ["id", "household_id", "merged_into", "first_seen", "updated_at"];
    person.iter().filter(|(column, _)| !by_chance.contains(&column.as_str())).map(|(_, value)| value.as_str()).collect()
}

#[test]
fn two_nights_end_alike_on_both_databases() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = runtime.block_on(postgres::fresh_database());
    let (first, second, report, mails) = two_nights(&[("KARTEI__STORE__URL", &url)]);
    conserves(&report);
    let (first_here, second_here, report_here, mails_here) = two_nights(&[]);
    assert_eq!(known(&first), known(&first_here));
    assert_eq!(known(&second), known(&second_here));
    assert!(first.keys().all(|id| second.contains_key(id)), "a person lost its id");
    assert_eq!(report["changes"], report_here["changes"]);
    assert_eq!(report["persons"], report_here["persons"]);
    assert_eq!(mails, mails_here);
    assert!(mails > 0);
}

#[test]
fn a_merge_by_hand_and_its_undoing_end_on_postgres_as_on_sqlite() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = runtime.block_on(postgres::fresh_database());
    let environment = [("KARTEI__STORE__URL", url.as_str())];
    let app = TestApp::before_the_first_night(300);
    app.add_members(two_rosalindes().as_bytes());
    app.run_with(&["run", "--as-of", &day(1)], &environment).succeeds();
    let persons = persons_of(&app.run_with(&["persons", "export"], &environment).succeeds());
    let id = |surname: &str| persons.iter().find(|(_, person)| person["surname"] == surname).unwrap().0;
    merge_and_undo(&app, id("Zwickelbauer"), id("Quittenbaum"), &environment);
}
