//! A handful of records by themselves, where the shipped weights decide: households, namesakes, typing errors, and human
//! judgements.

use kartei_matching::explain::explain;
use kartei_matching::{LinkOptions, Linked, link};
use kartei_schemas::judgement::{Judgement, Verdict};
use kartei_schemas::matching::MatchSchema;

use crate::people::{self, FIELDS, Record};

/// One record: the fields in the order of `FIELDS`, `""` where a value is missing.
type Person = [&'static str; 10];

fn key(row: usize) -> String {
    format!("{row:04}")
}

fn records(people: &[Person]) -> Vec<Record> {
    let record = |(row, values): (usize, &Person)| {
        let fields: Vec<(&str, &str)> =
            FIELDS.into_iter().zip(*values).filter(|(_, value)| !value.is_empty()).collect();
        Record::new(&key(row), &fields)
    };
    people.iter().enumerate().map(record).collect()
}

fn linked_with(people: &[Person], judgements: &[Judgement]) -> Linked {
    people::linked_with(&records(people), judgements)
}

fn linked(people: &[Person]) -> Linked {
    linked_with(people, &[])
}

fn judged(left: usize, right: usize, verdict: Verdict) -> Judgement {
    people::judged(&Record::new(&key(left), &[]), &Record::new(&key(right), &[]), verdict)
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
    let people = people::frame(&records(&[ANNA, twin]));
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
    let people = people::frame(&records(&[ANNA, typo]));
    let linked = link(people.clone(), &MatchSchema::default(), &[], LinkOptions::default()).unwrap();
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
