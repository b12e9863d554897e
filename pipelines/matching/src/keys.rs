//! Blocking keys: what two records must share to become a candidate pair. Each is selective by itself; together
//! they reach pairs that differ in any one or two fields.

use crate::columns::MISSING;
use crate::contacts::Address;
use crate::extras::ExtraKind;
use crate::phonetic;
use crate::records::{Records, slot};
use crate::text::{hash, mix};

/// A blocking key: its name, and the hashes that a record has under it.
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) make: Maker,
}

type Maker = Box<dyn Fn(&Atoms<'_>, &[u32], &mut Vec<u64>) + Sync>;

/// Hashes of the parts of values, computed once a distinct value.
pub(crate) struct Atoms<'a> {
    records: &'a Records,
    /// Per name its words' hashes.
    words: Vec<Vec<u64>>,
    /// Per name its words' sounds.
    sounds: Vec<Vec<u64>>,
    /// Per name its first letters.
    beginnings: Vec<u64>,
    local_parts: Vec<u64>,
}

impl<'a> Atoms<'a> {
    pub(crate) fn new(records: &'a Records) -> Self {
        let names = &records.names;
        let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let sound = |word: &str| {
            let code = phonetic::code(word);
            hash(if code.is_empty() { word } else { &code })
        };
        Self {
            records,
            words: (0..count).map(|name| names.words(name).map(hash).collect()).collect(),
            sounds: (0..count).map(|name| names.words(name).map(sound).collect()).collect(),
            beginnings: (0..count).map(|name| beginning(names.text(name))).collect(),
            local_parts: records
                .emails
                .iter()
                .zip(0..)
                .map(|(parts, number)| Address { texts: &records.texts[slot::EMAIL], number, parts }.local())
                .map(|local| if local.len() >= 5 { hash(local) } else { 0 })
                .collect(),
        }
    }

    fn surnames(&self, record: &[u32]) -> impl Iterator<Item = u64> {
        of_names(&self.words, surnames_of(record))
    }

    fn surname_sounds(&self, record: &[u32]) -> impl Iterator<Item = u64> {
        of_names(&self.sounds, surnames_of(record))
    }

    fn given_names(&self, record: &[u32]) -> &[u64] {
        &self.words[record[slot::GIVEN] as usize]
    }

    fn first_given_sound(&self, record: &[u32]) -> Option<u64> {
        self.sounds[record[slot::GIVEN] as usize].first().copied()
    }

    /// What a record holds in a slot, for splitting blocks; 0 where it holds nothing.
    pub(crate) fn splitter(&self, splitter: Splitter, record: &[u32]) -> u64 {
        match splitter {
            Splitter::Year => u64::from(record[slot::DATE] / 10_000),
            Splitter::Day => u64::from(record[slot::DATE] % 10_000),
            Splitter::Place => place(record).unwrap_or(0),
            Splitter::Given => self.given_names(record).first().copied().unwrap_or(0),
            Splitter::Surname => self.words[record[slot::SURNAME] as usize].first().copied().unwrap_or(0),
            Splitter::Slot(slot) => u64::from(record.get(slot).copied().unwrap_or(MISSING)),
        }
    }
}

/// By what a block that is too large is split.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Splitter {
    Year,
    Day,
    Place,
    Given,
    Surname,
    Slot(usize),
}

/// The order in which blocks are split.
pub(crate) fn splitters(records: &Records) -> Vec<Splitter> {
    let mut splitters = vec![
        Splitter::Surname,
        Splitter::Year,
        Splitter::Given,
        Splitter::Place,
        Splitter::Day,
        Splitter::Slot(slot::EMAIL),
        Splitter::Slot(slot::MOBILE),
        Splitter::Slot(slot::PHONE),
        Splitter::Slot(slot::STREET),
    ];
    splitters.extend((0..records.extras.len()).map(|extra| Splitter::Slot(slot::EXTRAS + extra)));
    splitters
}

/// Surname and surname at birth; a given name that stands alone may be a surname.
fn surnames_of(record: &[u32]) -> [u32; 2] {
    let surname = if record[slot::SURNAME] == MISSING { record[slot::GIVEN] } else { record[slot::SURNAME] };
    [surname, record[slot::BIRTH_SURNAME]]
}

fn of_names(parts: &[Vec<u64>], names: [u32; 2]) -> impl Iterator<Item = u64> {
    let [first, second] = names;
    parts[first as usize].iter().chain(&parts[second as usize]).copied()
}

/// Postal code, else place.
fn place(record: &[u32]) -> Option<u64> {
    let [code, city] = [record[slot::POSTAL_CODE], record[slot::CITY]];
    if code == MISSING { (city != MISSING).then(|| mix(1, u64::from(city))) } else { Some(u64::from(code)) }
}

fn beginning(text: &str) -> u64 {
    hash(text.get(..3).unwrap_or(text))
}

fn key(name: &str, make: impl Fn(&Atoms<'_>, &[u32], &mut Vec<u64>) + Sync + 'static) -> Key {
    Key { name: name.to_owned(), make: Box::new(make) }
}

fn of_slot(name: &str, slot: usize) -> Key {
    key(name, move |_, record, hashes| {
        if record[slot] != MISSING {
            hashes.push(u64::from(record[slot]));
        }
    })
}

/// All keys, those that tell most first.
pub(crate) fn all(records: &Records) -> Vec<Key> {
    let mut keys = contact_keys(records);
    keys.extend(name_keys());
    keys.extend(date_keys());
    keys.extend(place_keys());
    keys.extend(extra_keys(records));
    let besides = [slot::DATE, slot::EMAIL, slot::MOBILE, slot::PHONE, slot::STREET, slot::POSTAL_CODE, slot::CITY];
    if !besides.into_iter().any(|slot| records.has(slot)) {
        keys.extend(lone_name_keys());
    }
    keys
}

/// Where there is nothing beside the names, one of them must be enough, and a part of the other.
fn lone_name_keys() -> Vec<Key> {
    let end = |text: &str| hash(text.get(text.len().saturating_sub(3)..).unwrap_or(text));
    vec![
        key("surname", |atoms, record, hashes| hashes.extend(atoms.surnames(record))),
        key("sound of both names", |atoms, record, hashes| {
            if let Some(given) = atoms.first_given_sound(record) {
                hashes.extend(atoms.surname_sounds(record).map(|surname| mix(given, surname)));
            }
        }),
        key("given name + first letter of the surname", |atoms, record, hashes| {
            let surname = atoms.records.names.text(record[slot::SURNAME]);
            if let Some(first) = surname.bytes().next() {
                hashes.extend(atoms.given_names(record).iter().map(|given| mix(*given, u64::from(first))));
            }
        }),
        key("given name + end of the surname", move |atoms, record, hashes| {
            let surname = atoms.records.names.text(record[slot::SURNAME]);
            if !surname.is_empty() {
                hashes.extend(atoms.given_names(record).iter().map(|given| mix(*given, end(surname))));
            }
        }),
    ]
}

fn contact_keys(records: &Records) -> Vec<Key> {
    let mut keys: Vec<Key> = records
        .extras
        .iter()
        .enumerate()
        .filter(|(_, extra)| matches!(extra.kind, ExtraKind::Identifier | ExtraKind::Code))
        .map(|(number, extra)| of_slot(&extra.name, slot::EXTRAS + number))
        .collect();
    keys.push(of_slot("email", slot::EMAIL));
    keys.push(key("email local part", |atoms, record, hashes| {
        let local = atoms.local_parts[record[slot::EMAIL] as usize];
        if local != 0 {
            hashes.push(local);
        }
    }));
    keys.push(key("phone", |_, record, hashes| {
        hashes.extend(
            [record[slot::MOBILE], record[slot::PHONE]].iter().filter(|it| **it != MISSING).map(|it| u64::from(*it)),
        );
    }));
    keys
}

fn name_keys() -> Vec<Key> {
    let both = |left: u64, right: u64| mix(left.min(right), left.max(right));
    vec![
        key("both names", move |atoms, record, hashes| {
            for given in atoms.given_names(record) {
                hashes.extend(atoms.surnames(record).map(|surname| both(*given, surname)));
            }
            let email = &atoms.records.emails[record[slot::EMAIL] as usize];
            let spelled = (&atoms.words[email.given as usize], &atoms.words[email.surname as usize]);
            if let ([given, ..], [surname, ..]) = (spelled.0.as_slice(), spelled.1.as_slice()) {
                hashes.push(both(*given, *surname));
            }
        }),
        key("sound of both names + place", move |atoms, record, hashes| {
            if let (Some(given), Some(place)) = (atoms.first_given_sound(record), place(record)) {
                hashes.extend(atoms.surname_sounds(record).map(|surname| mix(both(given, surname), place)));
            }
        }),
        key("sound of both names + birth year", move |atoms, record, hashes| {
            let year = u64::from(record[slot::DATE] / 10_000);
            if let (Some(given), 1..) = (atoms.first_given_sound(record), year) {
                hashes.extend(atoms.surname_sounds(record).map(|surname| mix(both(given, surname), year)));
            }
        }),
        key("beginnings of both names", move |atoms, record, hashes| {
            let (given, surname) = (record[slot::GIVEN], record[slot::SURNAME]);
            if given != MISSING && surname != MISSING {
                hashes.push(both(atoms.beginnings[given as usize], atoms.beginnings[surname as usize]));
            }
        }),
    ]
}

fn date_keys() -> Vec<Key> {
    let full_date =
        |record: &[u32]| (!record[slot::DATE].is_multiple_of(10_000)).then(|| u64::from(record[slot::DATE]));
    let day = |record: &[u32]| u64::from(record[slot::DATE] % 10_000);
    vec![
        key("surname sound + birth date", move |atoms, record, hashes| {
            if let Some(date) = full_date(record) {
                hashes.extend(atoms.surname_sounds(record).map(|sound| mix(sound, date)));
            }
        }),
        key("given name + birth date", move |atoms, record, hashes| {
            if let Some(date) = full_date(record) {
                hashes.extend(atoms.given_names(record).iter().map(|given| mix(*given, date)));
            }
        }),
        key("birth date + place", move |_, record, hashes| {
            if let (Some(date), Some(place)) = (full_date(record), place(record)) {
                hashes.push(mix(date, place));
            }
        }),
        key("birth date, day and month in either order, + a beginning", move |atoms, record, hashes| {
            if full_date(record).is_some() {
                let (month, number) = (day(record) / 100, day(record) % 100);
                let date = mix(u64::from(record[slot::DATE] / 10_000), month.min(number) * 100 + month.max(number));
                let names = [record[slot::GIVEN], record[slot::SURNAME]];
                let known = names.into_iter().filter(|name| *name != MISSING);
                hashes.extend(known.map(|name| mix(date, atoms.beginnings[name as usize])));
            }
        }),
        key("birthday + surname sound", move |atoms, record, hashes| {
            if !matches!(day(record), 0 | 101) {
                hashes.extend(atoms.surname_sounds(record).map(|sound| mix(sound, day(record))));
            }
        }),
        key("birth date", move |_, record, hashes| hashes.extend(full_date(record))),
    ]
}

fn place_keys() -> Vec<Key> {
    vec![
        key("surname + place", |atoms, record, hashes| {
            if let Some(place) = place(record) {
                hashes.extend(atoms.surnames(record).map(|surname| mix(surname, place)));
            }
        }),
        key("given name + place", |atoms, record, hashes| {
            if let Some(place) = place(record) {
                hashes.extend(atoms.given_names(record).iter().map(|given| mix(*given, place)));
            }
        }),
        key("given name + place + birth year", |atoms, record, hashes| {
            let year = u64::from(record[slot::DATE] / 10_000);
            if let (Some(place), 1..) = (place(record), year) {
                hashes.extend(atoms.given_names(record).iter().map(|given| mix(mix(*given, place), year)));
            }
        }),
        of_slot("address", slot::ADDRESS),
        key("street + given name", |atoms, record, hashes| {
            if record[slot::STREET] != MISSING {
                let street = u64::from(record[slot::STREET]);
                hashes.extend(atoms.given_names(record).iter().map(|given| mix(*given, street)));
            }
        }),
    ]
}

fn extra_keys(records: &Records) -> Vec<Key> {
    let words = records.extras.iter().enumerate().filter(|(_, extra)| extra.kind == ExtraKind::Words);
    words
        .flat_map(|(number, extra)| {
            let place = slot::EXTRAS + number;
            let surname = key(&format!("surname + {}", extra.name), move |atoms, record, hashes| {
                if record[place] != MISSING {
                    hashes.extend(atoms.surnames(record).map(|surname| mix(surname, u64::from(record[place]))));
                }
            });
            let given = key(&format!("given name + birth year + {}", extra.name), move |atoms, record, hashes| {
                let year = u64::from(record[slot::DATE] / 10_000);
                if record[place] != MISSING && year != 0 {
                    let rest = mix(u64::from(record[place]), year);
                    hashes.extend(atoms.given_names(record).iter().map(|given| mix(*given, rest)));
                }
            });
            [surname, given]
        })
        .collect()
}
