//! People for the tests: records made by hand, a crowd made by a seed, and what linking makes of them.

use std::collections::{BTreeMap, BTreeSet};

use kartei_matching::{LinkOptions, Linked, link};
use kartei_schemas::judgement::{Judgement, RecordId, Verdict};
use kartei_schemas::matching::MatchSchema;
use polars_core::prelude::{Column, DataFrame};

pub(crate) const FIELDS: [&str; 10] = [
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

/// One record: its key, and its fields by name; what is not there is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) key: String,
    pub(crate) fields: BTreeMap<String, String>,
}

impl Record {
    pub(crate) fn new(key: &str, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { key: key.to_owned(), fields }
    }

    /// The same record with other values; `""` takes a value out.
    pub(crate) fn with(mut self, key: &str, fields: &[(&str, &str)]) -> Self {
        key.clone_into(&mut self.key);
        for (name, value) in fields {
            self.fields.insert((*name).to_owned(), (*value).to_owned());
        }
        self.fields.retain(|_, value| !value.is_empty());
        self
    }
}

pub(crate) fn frame(records: &[Record]) -> DataFrame {
    let mut names: BTreeSet<&str> = FIELDS.into_iter().collect();
    names.extend(records.iter().flat_map(|record| record.fields.keys().map(String::as_str)));
    let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
    let mut columns =
        vec![Column::new("source".into(), vec!["members"; records.len()]), Column::new("key".into(), keys)];
    for name in names {
        let cells: Vec<Option<&str>> =
            records.iter().map(|record| record.fields.get(name).map(String::as_str)).collect();
        columns.push(Column::new(name.into(), cells));
    }
    DataFrame::new(records.len(), columns).unwrap()
}

pub(crate) fn linked_with(records: &[Record], judgements: &[Judgement]) -> Linked {
    link(frame(records), &MatchSchema::default(), judgements, LinkOptions::default()).unwrap()
}

pub(crate) fn linked(records: &[Record]) -> Linked {
    linked_with(records, &[])
}

pub(crate) fn judged(left: &Record, right: &Record, verdict: Verdict) -> Judgement {
    let id = |record: &Record| RecordId { source: "members".into(), key: record.key.clone() };
    Judgement { left: id(left), right: id(right), verdict }
}

/// Sets of keys that have one label.
pub(crate) fn sets(records: &[Record], labels: &[u32]) -> BTreeSet<BTreeSet<String>> {
    let mut sets: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for (record, label) in records.iter().zip(labels) {
        sets.entry(*label).or_default().insert(record.key.clone());
    }
    sets.into_values().collect()
}

/// Numbers that follow from a seed alone.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 20).unwrap() % limit
    }

    /// The first of a list more often than the last.
    fn leaning(&mut self, limit: usize) -> usize {
        self.below(limit).min(self.below(limit))
    }

    fn roll(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const GIVEN: [&str; 24] = [
    "Thomas",
    "Anna",
    "Michael",
    "Ursula",
    "Andreas",
    "Monika",
    "Peter",
    "Petra",
    "Stefan",
    "Sabine",
    "Klaus",
    "Renate",
    "Hans",
    "Karin",
    "Jürgen",
    "Lena",
    "Ayşe",
    "Mehmet",
    "Katarzyna",
    "Jörg",
    "Sophie",
    "Paul",
    "Emma",
    "Friedrich",
];
const STARTS: [&str; 14] =
    ["Mül", "Schm", "Fisch", "Web", "Becker", "Hoff", "Kra", "Brand", "Lind", "Vog", "Stein", "Bau", "Nie", "Wag"];
const ENDS: [&str; 12] = ["ler", "idt", "er", "mann", "stein", "use", "ner", "berg", "hoff", "meier", "kamp", "feld"];
const STREETS: [&str; 9] = [
    "Hauptstraße",
    "Lindenweg",
    "Am Markt",
    "Seestraße",
    "Bahnhofstraße",
    "Gartenweg",
    "Schulstraße",
    "Bergstraße",
    "Mühlenweg",
];
const PLACES: [(&str, &str); 8] = [
    ("10115", "Berlin"),
    ("04109", "Leipzig"),
    ("80331", "München"),
    ("50667", "Köln"),
    ("20095", "Hamburg"),
    ("99084", "Erfurt"),
    ("70173", "Stuttgart"),
    ("24103", "Kiel"),
];

/// A crowd of so many people with one to three records each, and who each record is. One in three lives with the one before
/// and bears the same surname.
pub(crate) fn crowd(people: usize, seed: u64) -> (Vec<Record>, Vec<usize>) {
    let mut dice = Dice::new(seed);
    let (mut records, mut truth) = (Vec::new(), Vec::new());
    let mut before: Option<Record> = None;
    for person in 0..people {
        let mut one = somebody(person, &mut dice);
        if let Some(other) = before.filter(|_| person % 3 == 1) {
            move_in(&mut one, &other, person);
        }
        before = Some(one.clone());
        let copies = 1 + usize::from(dice.roll(40)) + usize::from(dice.roll(10));
        for copy in 0..copies {
            let mut record = one.clone();
            record.key = format!("c{person:05}-{copy}");
            if copy > 0 {
                spoil(&mut record, &mut dice);
            }
            records.push(record);
            truth.push(person);
        }
    }
    (records, truth)
}

fn somebody(person: usize, dice: &mut Dice) -> Record {
    let given = GIVEN[dice.leaning(GIVEN.len())];
    let surname = format!("{}{}", STARTS[dice.leaning(STARTS.len())], ENDS[dice.leaning(ENDS.len())]);
    let (code, city) = PLACES[dice.below(PLACES.len())];
    let birth = format!("{}-{:02}-{:02}", 1940 + dice.below(65), 1 + dice.below(12), 1 + dice.below(28));
    let fields = [
        ("given_name", given.to_owned()),
        ("surname", surname.clone()),
        ("birth_date", birth),
        ("email", format!("{}.{}{person}@mail.example", given.to_lowercase(), surname.to_lowercase())),
        ("mobile", format!("+49150{:08}", 10_000_000 + person * 37)),
        ("phone", format!("+4930110{person:05}")),
        ("street", STREETS[dice.below(STREETS.len())].to_owned()),
        ("house_number", (1 + dice.below(120)).to_string()),
        ("postal_code", code.to_owned()),
        ("city", city.to_owned()),
    ];
    Record { key: String::new(), fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
}

/// Makes two people one household.
fn move_in(one: &mut Record, other: &Record, person: usize) {
    for name in ["surname", "phone", "street", "house_number", "postal_code", "city"] {
        one.fields.insert(name.to_owned(), other.fields[name].clone());
    }
    if one.fields["given_name"] == other.fields["given_name"] {
        one.fields.insert("given_name".to_owned(), GIVEN[(person / 3) % GIVEN.len()].to_owned());
    }
    let local = format!("{}.{}{person}", one.fields["given_name"], one.fields["surname"]).to_lowercase();
    one.fields.insert("email".to_owned(), format!("{local}@mail.example"));
}

/// What another source makes of a record: gaps, and now and then a typing error.
fn spoil(record: &mut Record, dice: &mut Dice) {
    for (name, percent) in
        [("birth_date", 50), ("email", 30), ("mobile", 50), ("phone", 60), ("street", 50), ("house_number", 50)]
    {
        if dice.roll(percent) {
            record.fields.remove(name);
        }
    }
    for name in ["given_name", "surname"] {
        if dice.roll(8)
            && let Some(value) = record.fields.get_mut(name)
        {
            value.pop();
        }
    }
}
