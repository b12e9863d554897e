//! Rows that are nobody: placeholders, keyboard walks, celebrities. Each is a person of its own in the truth.

use chrono::NaiveDate;

use crate::chance::Chance;
use crate::record::{BirthDate, Record, Source};
use crate::world::World;

const NAMES: [(&str, &str); 16] = [
    ("Max", "Mustermann"),
    ("Erika", "Mustermann"),
    ("Test", "Test"),
    ("asdf", "asdf"),
    ("xxx", "xxx"),
    ("Donald", "Duck"),
    ("N.", "N."),
    ("Anonym", ""),
    ("qwertz", "uiop"),
    ("Angela", "Merkel"),
    ("Micky", "Maus"),
    ("keine", "Angabe"),
    ("Hans", "Wurst"),
    ("Tester", "Testmann"),
    ("unbekannt", "unbekannt"),
    ("-", "-"),
];
const EMAILS: [&str; 9] = [
    "test@test.example",
    "asdf@asdf.example",
    "noreply@web.example",
    "max.mustermann@web.example",
    "info@example.org",
    "a@b.example",
    "spam@gmail.example",
    "keine@mail.example",
    "",
];

/// Such a row.
pub(crate) fn record(world: &World, source: Source, number: u64, chance: &mut Chance) -> Record {
    let mut record = Record::blank(world, source, number, chance);
    record.truth = format!("X{number:09}{}", source as u8);
    record.household.clone_from(&record.truth);
    let (given, surname) = *chance.pick(&NAMES);
    given.clone_into(&mut record.given);
    surname.clone_into(&mut record.surname);
    record.email = if chance.roll(0.25) { (*chance.pick(&EMAILS)).to_owned() } else { keyboard_walk(chance) };
    if source == Source::Newsletter && record.email.is_empty() {
        "test@test.example".clone_into(&mut record.email);
    }
    if source == Source::Leads && chance.roll(0.3) {
        "12345".clone_into(&mut record.postal_code);
        "Musterstadt".clone_into(&mut record.city);
        record.birth = NaiveDate::from_ymd_opt(1900, 1, 1).map_or(BirthDate::Unknown, BirthDate::Day);
    }
    if source == Source::Leads && chance.roll(0.3) {
        "123 456789".clone_into(&mut record.phone);
    }
    record
}

/// An address that someone made up by running a hand over the keys.
fn keyboard_walk(chance: &mut Chance) -> String {
    let length = 4 + chance.below(5);
    let keys: String = (0..length).map(|_| char::from(*chance.pick(b"asdfjklqwerzuiop"))).collect();
    format!("{keys}@{}", chance.pick(&["web.example", "gmail.example", "test.example", "mail.example"]))
}
