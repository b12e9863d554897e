//! Single rows and values that are not as they should be: the run goes on without them, and says which they were.

use serde_json::Value;

use crate::app::TestApp;
use crate::nightly::conserves;
use crate::organisation::{member, replaced};

/// A night with more rows of members; the line where they begin.
#[track_caller]
fn after_a_night_with(app: &TestApp, rows: &[u8]) -> u64 {
    let line = app.add_members(rows);
    app.night(2, &[]).succeeds();
    conserves(&app.report());
    line
}

/// How many values of the members had which problem.
fn problems(report: &Value) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let source = report["sources"].as_array().unwrap().iter().find(|source| source["name"] == "membership").unwrap();
    let line = |one: &Value| (text(&one["field"]), text(&one["reason"]), one["values"].as_u64().unwrap());
    source["problems"].as_array().unwrap().iter().map(line).collect()
}

/// The only row in quarantine stands in this line, and yesterday's persons stand.
#[track_caller]
fn goes_to_quarantine(rows: &[u8], offset: u64, column: &str, reason: &str) {
    let app = TestApp::after_a_night();
    let (before, whole) = (app.persons(), app.members());
    let line = after_a_night_with(&app, rows);
    assert_eq!(app.rejects(), [(line + offset, column.to_owned(), reason.to_owned())]);
    let after = app.persons();
    for (id, person) in &before {
        assert_eq!(after.get(id), Some(person));
    }
    let listed = app.run(&["rejects"]).succeeds();
    assert!(!listed.contains("Rosalinde") && !listed.contains("Zwickelbauer"), "{listed}");
    app.deliver_members(&whole);
    app.night(3, &[]).succeeds();
    assert_eq!(app.rejects(), [], "a row that is mended leaves the quarantine");
}

#[test]
fn a_row_without_a_key_goes_to_quarantine() {
    goes_to_quarantine(member(&[("Mitgliedsnummer", "")]).as_bytes(), 0, "Mitgliedsnummer", "missing_key");
}

#[test]
fn a_key_that_comes_twice_goes_to_quarantine() {
    let twice = [member(&[]), member(&[("Vorname", "Isolde")])].concat();
    goes_to_quarantine(twice.as_bytes(), 1, "Mitgliedsnummer", "duplicate_key");
}

#[test]
fn a_row_with_too_few_fields_goes_to_quarantine() {
    goes_to_quarantine(b"90000001;Frau;;Rosalinde;Zwickelbauer\r\n", 0, "", "ragged_row");
}

#[test]
fn a_nul_byte_goes_to_quarantine() {
    goes_to_quarantine(member(&[("Nachname", "Zwickel\0bauer")]).as_bytes(), 0, "Nachname", "nul_byte");
}

#[test]
fn ten_million_bytes_in_one_field_go_to_quarantine() {
    let long = "Z".repeat(10_000_000);
    goes_to_quarantine(member(&[("Nachname", &long)]).as_bytes(), 0, "Nachname", "field_too_large");
}

#[test]
fn bytes_that_are_not_utf_8_go_to_quarantine() {
    let app = TestApp::after_a_night();
    let latin = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes();
    let before = app.exported();
    app.deliver_members(&latin(&app.members()));
    app.replace("schemas/sources/membership.toml", "encoding = \"windows-1252\"", "encoding = \"utf-8\"");
    let row = replaced(member(&[]).as_bytes(), b"Zwickelbauer", b"Zwickel\xff\xfebauer");
    let line = after_a_night_with(&app, &row);
    assert_eq!(app.rejects(), [(line, "Nachname".to_owned(), "invalid_encoding".to_owned())]);
    assert_eq!(app.exported(), before, "the same people in another encoding are the same");
}

#[test]
fn a_row_that_is_mended_leaves_the_quarantine_and_becomes_a_person() {
    let app = TestApp::after_a_night();
    let whole = app.members();
    after_a_night_with(&app, member(&[("Mitgliedsnummer", "")]).as_bytes());
    assert_eq!(app.rejects().len(), 1);
    app.deliver_members(&whole);
    app.add_members(member(&[]).as_bytes());
    app.night(3, &[]).succeeds();
    assert_eq!(app.rejects(), []);
    assert_eq!(app.person("Zwickelbauer")["membership_number"], "90000001");
}

#[test]
fn a_member_whose_row_goes_to_quarantine_is_not_gone() {
    let app = TestApp::after_a_night();
    after_a_night_with(&app, member(&[]).as_bytes());
    let before = app.exported();
    app.deliver_members(&replaced(&app.members(), b"Zwickelbauer", b"Zwickel\0bauer"));
    app.night(3, &[]).succeeds();
    assert_eq!(app.rejects().len(), 1);
    assert_eq!(app.exported(), before);
}

#[test]
fn a_date_in_the_future_is_counted_and_left_out() {
    let app = TestApp::after_a_night();
    after_a_night_with(&app, member(&[("Geburtsdatum", "01.01.2099")]).as_bytes());
    assert_eq!(app.person("Zwickelbauer")["birth_date"], "");
    assert_eq!(problems(&app.report()), [("birth_date".to_owned(), "in_the_future".to_owned(), 1)]);
}

#[test]
fn a_mail_address_without_an_at_is_counted_and_left_out() {
    let app = TestApp::after_a_night();
    after_a_night_with(&app, member(&[("E-Mail", "rosalinde.mail.example")]).as_bytes());
    assert_eq!(app.person("Zwickelbauer")["email"], "");
    assert_eq!(problems(&app.report()), [("email".to_owned(), "email_without_at".to_owned(), 1)]);
}

#[test]
fn a_telephone_number_with_letters_is_counted_and_left_out() {
    let app = TestApp::after_a_night();
    after_a_night_with(&app, member(&[("Telefon", "RUF-MICH-AN")]).as_bytes());
    assert_eq!(app.person("Zwickelbauer")["phone"], "");
    assert_eq!(problems(&app.report()), [("phone".to_owned(), "phone_with_letters".to_owned(), 1)]);
}

#[test]
fn a_postal_code_of_four_digits_gets_its_zero_back() {
    let app = TestApp::after_a_night();
    after_a_night_with(&app, member(&[("PLZ", "1067"), ("Ort", "Dresden")]).as_bytes());
    assert_eq!(app.person("Zwickelbauer")["postal_code"], "01067");
    assert_eq!(app.rejects(), []);
}

#[test]
fn what_was_received_is_kept_beside_what_was_made_of_it() {
    let app = TestApp::after_a_night();
    after_a_night_with(&app, member(&[("PLZ", "1067"), ("Ort", "Dresden"), ("E-Mail", "")]).as_bytes());
    let id = app.person("Zwickelbauer")["id"].clone();
    let shown = app.json(&["persons", "show", &id]);
    assert_eq!(shown["records"][0]["key"], "90000001", "{shown:#}");
}
