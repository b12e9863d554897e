//! What the matching makes of people as they are: households, namesakes, typing errors, and human judgements.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use kartei_matching::{LinkOptions, Linked, explain::explain, link};
use kartei_schemas::judgement::{Judgement, RecordId, Verdict};
use kartei_schemas::matching::MatchSchema;
use polars::prelude::{Column, DataFrame};

const FIELDS: [&str; 10] = [
    "given_name",
    "surname",
    "birth_date",
    "email",
    "mobile",
    "phone",
    "street",
    "house_number",
    "postal_code",
    "city",
];

/// One record: the fields in the order of `FIELDS`, `""` where a value is missing.
type Person = [&'static str; 10];

fn frame(people: &[Person]) -> DataFrame {
    let keys: Vec<String> = (0..people.len()).map(|row| format!("{row:04}")).collect();
    let mut columns =
        vec![Column::new("source".into(), vec!["members"; people.len()]), Column::new("key".into(), keys)];
    for (place, field) in FIELDS.iter().enumerate() {
        let cells: Vec<Option<&str>> =
            people.iter().map(|person| Some(person[place]).filter(|it| !it.is_empty())).collect();
        columns.push(Column::new((*field).into(), cells));
    }
    DataFrame::new(people.len(), columns).unwrap()
}

fn linked_with(people: &[Person], judgements: &[Judgement]) -> Linked {
    link(&frame(people), &MatchSchema::default(), judgements, LinkOptions::default()).unwrap()
}

fn linked(people: &[Person]) -> Linked {
    linked_with(people, &[])
}

fn judged(left: usize, right: usize, verdict: Verdict) -> Judgement {
    let id = |row: usize| RecordId { source: "members".into(), key: format!("{row:04}") };
    Judgement { left: id(left), right: id(right), verdict }
}

const ANNA: Person = [
    "Anna",
    "Müller",
    "1984-03-05",
    "anna.mueller@web.de",
    "+4915112345678",
    "+493012345678",
    "Hauptstraße",
    "12",
    "10115",
    "Berlin",
];

#[test]
fn ten_records_match_without_training() {
    let typo = ["Ana", "Mueller", "1984-03-05", "anna.mueller@web.de", "", "", "Hauptstr.", "12", "10115", "Berlin"];
    let other = ["Jörg", "Krause", "1961-11-30", "krause@gmx.de", "", "", "Am Markt", "3", "04109", "Leipzig"];
    assert_eq!(linked(&[ANNA, typo, other]).clusters, [0, 0, 2]);
}

#[test]
fn twins_stay_two() {
    let twin = ["Lena", "Müller", "1984-03-05", "", "", "+493012345678", "Hauptstraße", "12", "10115", "Berlin"];
    let linked = linked(&[ANNA, twin]);
    let people = frame(&[ANNA, twin]);
    assert_eq!(linked.clusters, [0, 1], "{:#?}", explain(&people, &MatchSchema::default(), &linked, 0, 1));
    assert_eq!(linked.households, [0, 0]);
}

#[test]
fn father_and_son_of_one_name_stay_two() {
    let home =
        |date: &'static str| ["Karl", "Brandt", date, "", "", "+493098765432", "Lindenweg", "4", "10115", "Berlin"];
    assert_eq!(linked(&[home("1951-07-12"), home("1979-02-28")]).clusters, [0, 1]);
}

#[test]
fn a_couple_with_one_mail_address_stays_two() {
    let husband = [
        "Peter",
        "Müller",
        "1981-09-17",
        "anna.mueller@web.de",
        "",
        "+493012345678",
        "Hauptstraße",
        "12",
        "10115",
        "Berlin",
    ];
    assert_eq!(linked(&[ANNA, husband]).clusters, [0, 1]);
}

#[test]
fn who_moved_and_married_is_found_again() {
    let moved = [
        "Anna",
        "Schneider",
        "1984-03-05",
        "anna.mueller@web.de",
        "+4915112345678",
        "",
        "Seestraße",
        "7",
        "80331",
        "München",
    ];
    assert_eq!(linked(&[ANNA, moved]).clusters, [0, 0]);
}

#[test]
fn a_recycled_number_joins_nobody() {
    let stranger = ["Jörg", "Krause", "1961-11-30", "", "+4915112345678", "", "Am Markt", "3", "04109", "Leipzig"];
    assert_eq!(linked(&[ANNA, stranger]).clusters, [0, 1]);
}

#[test]
fn swapped_names_are_found() {
    let swapped = ["Müller", "Anna", "1984-03-05", "anna.mueller@web.de", "", "", "", "", "10115", "Berlin"];
    assert_eq!(linked(&[ANNA, swapped]).clusters, [0, 0]);
}

#[test]
fn a_judgement_parts_what_looks_alike_and_joins_what_does_not() {
    let stranger = ["Jörg", "Krause", "1961-11-30", "", "", "", "Am Markt", "3", "04109", "Leipzig"];
    let people = [ANNA, ANNA, stranger];
    assert_eq!(linked(&people).clusters, [0, 0, 2]);
    assert_eq!(linked_with(&people, &[judged(0, 1, Verdict::Different)]).clusters, [0, 1, 2]);
    let joined = [judged(0, 1, Verdict::Different), judged(1, 2, Verdict::Same)];
    assert_eq!(linked_with(&people, &joined).clusters, [0, 1, 1]);
}

#[test]
fn contradicting_judgements_keep_the_different_apart_and_ask() {
    let all = [judged(0, 1, Verdict::Same), judged(1, 2, Verdict::Same), judged(0, 2, Verdict::Different)];
    let linked = linked_with(&[ANNA, ANNA, ANNA], &all);
    assert_ne!(linked.clusters[0], linked.clusters[2]);
    assert_eq!(linked.statistics.judgements.contradicting, 1);
    assert!(!linked.review.is_empty());
}

#[test]
fn no_record_and_one_record_are_fine() {
    assert_eq!(linked(&[]).clusters, [] as [u32; 0]);
    assert_eq!(linked(&[ANNA]).clusters, [0]);
}

#[test]
fn an_explanation_adds_up() {
    let typo = ["Ana", "Mueller", "1984-03-05", "anna.mueller@web.de", "", "", "", "", "", ""];
    let people = frame(&[ANNA, typo]);
    let linked = link(&people, &MatchSchema::default(), &[], LinkOptions::default()).unwrap();
    let explanation = explain(&people, &MatchSchema::default(), &linked, 0, 1).unwrap();
    let sum: f64 = explanation.prior + explanation.steps.iter().map(|step| step.weight + step.rarity).sum::<f64>();
    assert!(
        sum >= explanation.weight - 0.01,
        "{sum} is the weight against strangers, {} against all",
        explanation.weight
    );
    assert!((explanation.probability - f64::from(linked.pairs.probability[0])).abs() < 1e-3);
    let level = |name: &str| explanation.steps.iter().find(|step| step.comparison == name).unwrap().level.clone();
    assert_eq!((level("surname").as_str(), level("phone").as_str()), ("exact", "missing"));
}
