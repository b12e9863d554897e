//! The records as the matching sees them: a fixed number of small integers a record, and the distinct values that
//! these stand for, each taken apart once.

use kartei_schemas::matching::{MatchSchema, Role};
use polars_core::frame::DataFrame;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::LinkError;
use crate::columns::{self, Column, MISSING, renumbered};
use crate::contacts::{self, Email, KnownNames};
use crate::extras::{self, Extra, ExtraKind};
use crate::full_name::FullName;
use crate::marks::{generation_of, keep_contacts_only, sex_of};
use crate::names::Names;
use crate::text::{fold, hash, mix};
use crate::texts::{Dictionary, Texts};
use crate::{dates, placeholders, places};

/// Where a record keeps the number of which value.
pub(crate) mod slot {
    pub(crate) const GIVEN: usize = 0;
    pub(crate) const SURNAME: usize = 1;
    pub(crate) const BIRTH_SURNAME: usize = 2;
    pub(crate) const SEX: usize = 3;
    pub(crate) const DATE: usize = 4;
    pub(crate) const EMAIL: usize = 5;
    pub(crate) const MOBILE: usize = 6;
    pub(crate) const PHONE: usize = 7;
    pub(crate) const STREET: usize = 8;
    pub(crate) const HOUSE: usize = 9;
    pub(crate) const POSTAL_CODE: usize = 10;
    pub(crate) const CITY: usize = 11;
    pub(crate) const REGION: usize = 12;
    pub(crate) const ADDRESS: usize = 13;
    pub(crate) const FULL_NAME: usize = 14;
    /// What stands before the sign of the e-mail address.
    pub(crate) const LOCAL_PART: usize = 15;
    pub(crate) const SUFFIX: usize = 16;
    pub(crate) const EXTRAS: usize = 17;
}

/// All records of a run, in an order that does not depend on the rows' order.
pub(crate) struct Records {
    /// Per record its row in the frame.
    pub(crate) rows: Vec<u32>,
    /// Rows that hold all that another record holds, each with that record.
    pub(crate) folded: Vec<(u32, u32)>,
    values: Vec<u32>,
    stride: usize,
    pub(crate) names: Names,
    pub(crate) emails: Vec<Email>,
    /// Distinct texts by slot, for the slots that are compared as texts.
    pub(crate) texts: Vec<Texts>,
    pub(crate) extras: Vec<Extra>,
    /// Placeholders left out, by column.
    pub(crate) placeholders: Vec<(String, u64)>,
}

impl Records {
    /// Reads a frame.
    pub(crate) fn read(frame: DataFrame, schema: &MatchSchema) -> Result<Self, LinkError> {
        let count = frame.height();
        if u32::try_from(count).is_err() {
            return Err(LinkError::TooManyRecords(count));
        }
        let (columns, identity) = columns::read(frame, schema)?;
        Ok(Reader::new(count, columns).finish(identity))
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Rows of the frame.
    pub(crate) fn height(&self) -> usize {
        self.rows.len() + self.folded.len()
    }

    /// Per row of the frame, its record's number.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        let mut numbers = vec![0; self.height()];
        for (number, row) in (0_u32..).zip(&self.rows) {
            numbers[*row as usize] = number;
        }
        for (row, number) in &self.folded {
            numbers[*row as usize] = *number;
        }
        numbers
    }

    /// Makes one record of rows that hold the same values and enough of them to name one person. `apart` are rows that
    /// a human has judged: they stay on their own.
    pub(crate) fn fold(&mut self, apart: &FxHashSet<u32>) {
        let count = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let hash_of = |number: u32| {
            let record = self.record(number);
            let is_telling = names_one_person(record, self.extras.first());
            is_telling.then(|| record.iter().fold(0, |hash, value| mix(hash, u64::from(*value))))
        };
        let hashes: Vec<Option<u64>> = (0..count).into_par_iter().with_min_len(4096).map(hash_of).collect();
        // By hash the first record that has it, and its place among those that are kept.
        let mut first: FxHashMap<u64, (u32, u32)> = FxHashMap::default();
        let mut kept: Vec<u32> = Vec::with_capacity(self.rows.len());
        let mut folded = Vec::new();
        for (number, (row, hash)) in (0_u32..).zip(self.rows.iter().zip(hashes)) {
            if let Some(hash) = hash
                && !apart.contains(row)
            {
                let next = u32::try_from(kept.len()).unwrap_or(u32::MAX);
                let (one, place) = *first.entry(hash).or_insert((number, next));
                if place != next && self.record(one) == self.record(number) {
                    folded.push((*row, place));
                    continue;
                }
            }
            kept.push(number);
        }
        if folded.is_empty() {
            return;
        }
        self.folded = folded;
        self.rows = kept.iter().map(|number| self.rows[*number as usize]).collect();
        self.values = kept.iter().flat_map(|number| self.record(*number)).copied().collect();
    }

    /// The numbers of one record.
    pub(crate) fn record(&self, record: u32) -> &[u32] {
        let start = record as usize * self.stride;
        &self.values[start..start + self.stride]
    }

    /// All values of one slot, in the records' order.
    pub(crate) fn column(&self, slot: usize) -> impl Iterator<Item = u32> {
        self.values.iter().skip(slot).step_by(self.stride).copied()
    }

    /// Takes values out of a slot, and notes how many records lost one.
    pub(crate) fn forget(&mut self, slot: usize, values: &FxHashSet<u32>) {
        if values.is_empty() {
            return;
        }
        let mut lost = 0;
        for value in self.values.iter_mut().skip(slot).step_by(self.stride) {
            if values.contains(value) {
                *value = MISSING;
                lost += 1;
            }
        }
        let name = ["email", "mobile", "phone"][slot - slot::EMAIL];
        self.placeholders.push((name.to_owned(), lost));
    }

    /// Whether any record has a value in the slot.
    pub(crate) fn has(&self, slot: usize) -> bool {
        self.column(slot).any(|value| value != MISSING)
    }
}

struct Reader {
    count: usize,
    columns: Vec<Option<Column>>,
    names: Names,
    slots: Vec<Vec<u32>>,
    texts: Vec<Texts>,
    placeholders: Vec<(String, u64)>,
    /// Rows of a surname that was made up.
    made_up: Vec<usize>,
}

impl Reader {
    fn new(count: usize, columns: Vec<Column>) -> Self {
        Self {
            count,
            columns: columns.into_iter().map(Some).collect(),
            names: Names::new(),
            slots: vec![Vec::new(); slot::EXTRAS],
            texts: vec![Texts::default(); slot::EXTRAS],
            placeholders: Vec::new(),
            made_up: Vec::new(),
        }
    }

    /// `identity` is a hash a row of what names the record.
    fn finish(mut self, identity: Option<Vec<u64>>) -> Records {
        let identity = identity.unwrap_or_else(|| self.identity());
        let mut places = self.without_names();
        let (emails, ()) = rayon::join(|| self.read_persons(), || places.read_texts());
        self.adopt(places);
        keep_contacts_only(&mut self.slots, &self.made_up);
        let extras = extras::choose(self.columns.into_iter().flatten().collect());
        let mut slots = self.slots;
        let mut texts = self.texts;
        let mut kinds = Vec::new();
        for (extra, ids, values) in extras {
            slots.push(ids);
            texts.push(values);
            kinds.push(extra);
        }
        let mut rows: Vec<u32> = (0..u32::try_from(self.count).unwrap_or(u32::MAX)).collect();
        rows.par_sort_unstable_by_key(|row| (identity[*row as usize], *row));
        let stride = slots.len();
        let mut values = vec![MISSING; stride * self.count];
        values.par_chunks_mut(stride.max(1)).zip(&rows).for_each(|(record, row)| {
            for (value, column) in record.iter_mut().zip(&slots) {
                *value = column.get(*row as usize).copied().unwrap_or(MISSING);
            }
        });
        let mut records = Records {
            rows,
            folded: Vec::new(),
            values,
            stride,
            names: self.names,
            emails,
            texts,
            extras: kinds,
            placeholders: self.placeholders,
        };
        records.number_combinations();
        records
    }

    /// A hash a row of all that the record holds.
    fn identity(&self) -> Vec<u64> {
        let mut identity = vec![0_u64; self.count];
        for column in self.columns.iter().flatten() {
            let hashes = column.texts.map(hash);
            identity.par_iter_mut().zip(&column.ids).for_each(|(identity, id)| {
                *identity = mix(*identity, hashes[*id as usize]);
            });
        }
        identity
    }

    fn take(&mut self, role: Role) -> Option<Column> {
        self.columns.iter_mut().find(|column| column.as_ref().is_some_and(|column| column.role == role))?.take()
    }

    /// Takes out what says where somebody is to be found. It shares no text with what says who somebody is, so that both
    /// are read at once.
    fn without_names(&mut self) -> Self {
        const ROLES: [Role; 7] =
            [Role::Mobile, Role::Phone, Role::HouseNumber, Role::Street, Role::PostalCode, Role::City, Role::Region];
        Self::new(self.count, ROLES.into_iter().filter_map(|role| self.take(role)).collect())
    }

    fn adopt(&mut self, places: Self) {
        for (own, slot) in self.slots.iter_mut().zip(places.slots).filter(|(_, slot)| !slot.is_empty()) {
            *own = slot;
        }
        for (own, texts) in self.texts.iter_mut().zip(places.texts).filter(|(_, texts)| texts.len() > 1) {
            *own = texts;
        }
        self.placeholders.extend(places.placeholders);
        self.columns.extend(places.columns);
    }

    fn read_persons(&mut self) -> Vec<Email> {
        self.read_names();
        self.read_dates_and_sex();
        let emails = self.read_emails();
        self.fill_names(&emails);
        self.names.learn(&self.slots[slot::GIVEN], &self.slots[slot::SEX]);
        emails
    }

    fn read_names(&mut self) {
        let parts =
            [(slot::GIVEN, Role::GivenName), (slot::SURNAME, Role::Surname), (slot::BIRTH_SURNAME, Role::BirthSurname)];
        for (slot, role) in parts {
            let Some(column) = self.take(role) else { continue };
            let numbers: Vec<u32> = column.texts.iter().map(|text| self.names.number(text)).collect();
            self.note_placeholders(&column, &numbers);
            if slot == slot::SURNAME {
                let made_up: Vec<bool> =
                    column.texts.iter().map(|text| placeholders::is_made_up(&fold(text))).collect();
                self.made_up = (0..self.count).filter(|row| made_up[column.ids[*row] as usize]).collect();
            }
            self.slots[slot] = renumbered(column.ids, &numbers);
        }
        self.read_full_names();
    }

    /// A full name is where given name and surname come from, and no evidence beside them.
    fn read_full_names(&mut self) {
        let Some(column) = self.take(Role::FullName) else { return };
        let full: Vec<FullName> = column.texts.iter().map(FullName::read).collect();
        for slot in [slot::GIVEN, slot::SURNAME] {
            self.slots[slot].resize(self.count, MISSING);
        }
        let mut known: FxHashMap<(u32, u32, u32), (u32, u32)> = FxHashMap::default();
        for (row, id) in column.ids.iter().enumerate().filter(|(_, id)| **id != MISSING) {
            let (given, surname) = (self.slots[slot::GIVEN][row], self.slots[slot::SURNAME][row]);
            let both = known.entry((*id, given, surname)).or_insert_with(|| {
                let (given, surname) = full[*id as usize].names(self.names.text(given), self.names.text(surname));
                (self.names.number(&given), self.names.number(&surname))
            });
            (self.slots[slot::GIVEN][row], self.slots[slot::SURNAME][row]) = *both;
        }
    }

    /// Names that a record lacks are read out of its mail address, where that spells them and nothing contradicts.
    fn fill_names(&mut self, emails: &[Email]) {
        if self.slots[slot::EMAIL].is_empty() {
            return;
        }
        for slot in [slot::GIVEN, slot::SURNAME] {
            self.slots[slot].resize(self.count, MISSING);
        }
        for row in 0..self.count {
            let email = &emails[self.slots[slot::EMAIL][row] as usize];
            let (given, surname) = (self.slots[slot::GIVEN][row], self.slots[slot::SURNAME][row]);
            let agree = |known: u32, spelled: u32| known == MISSING || known == spelled;
            if email.given != MISSING
                && email.surname != MISSING
                && agree(given, email.given)
                && agree(surname, email.surname)
            {
                (self.slots[slot::GIVEN][row], self.slots[slot::SURNAME][row]) = (email.given, email.surname);
            }
        }
    }

    fn read_dates_and_sex(&mut self) {
        if let Some(column) = self.take(Role::BirthDate) {
            let dates: Vec<u32> = column.texts.iter().map(|text| dates::parse(text).unwrap_or(MISSING)).collect();
            self.note_placeholders(&column, &dates);
            self.slots[slot::DATE] = renumbered(column.ids, &dates);
        }
        // What a person is addressed by says their sex where nothing else does.
        while let Some(column) = self.take(Role::Sex) {
            let sexes: Vec<u32> = column.texts.iter().map(sex_of).collect();
            let said = renumbered(column.ids, &sexes);
            self.slots[slot::SEX].resize(self.count, MISSING);
            for (known, said) in self.slots[slot::SEX].iter_mut().zip(said).filter(|(known, _)| **known == MISSING) {
                *known = said;
            }
        }
        if let Some(column) = self.take(Role::NameSuffix) {
            let suffixes: Vec<u32> = column.texts.iter().map(generation_of).collect();
            self.slots[slot::SUFFIX] = renumbered(column.ids, &suffixes);
        }
    }

    fn read_emails(&mut self) -> Vec<Email> {
        let Some(column) = self.take(Role::Email) else { return vec![Email::default()] };
        let filled = column.filled();
        let column = column.canonicalised(contacts::canonical);
        self.placeholders_lost(&column, filled);
        let spelled: Vec<contacts::Spelled> = {
            let words = |slot: usize| -> FxHashSet<&str> {
                let distinct: FxHashSet<u32> = self.slots[slot].iter().copied().collect();
                let mut words = FxHashSet::default();
                for name in distinct {
                    words.extend(self.names.words(name));
                }
                words
            };
            let known = KnownNames { given: words(slot::GIVEN), surnames: words(slot::SURNAME) };
            column.texts.map(|address| contacts::spelled(address, &known))
        };
        let emails = contacts::take_apart(&column, &spelled, &mut self.names);
        self.slots[slot::LOCAL_PART] = column.ids.iter().map(|id| emails[*id as usize].local_part).collect();
        self.slots[slot::EMAIL] = column.ids;
        self.texts[slot::EMAIL] = column.texts;
        emails
    }

    fn read_texts(&mut self) {
        let number = |text: &str| if placeholders::is_number(text) { String::new() } else { places::compact(text) };
        self.read_numbers(number);
        let plain = |text: &str| {
            let folded = fold(text);
            if placeholders::is_text(&folded) { String::new() } else { folded }
        };
        self.read_streets();
        self.read_text(slot::POSTAL_CODE, Role::PostalCode, places::compact);
        self.read_text(slot::CITY, Role::City, plain);
        self.read_text(slot::REGION, Role::Region, plain);
    }

    fn read_text(&mut self, slot: usize, role: Role, canonical: impl Fn(&str) -> String + Sync + Send) {
        if let Some(column) = self.take(role) {
            let filled = column.filled();
            let column = column.canonicalised(canonical);
            self.placeholders_lost(&column, filled);
            self.slots[slot] = column.ids;
            self.texts[slot] = column.texts;
        }
    }

    /// Mobile and landline numbers share one dictionary, since sources mix them up.
    fn read_numbers(&mut self, canonical: impl Fn(&str) -> String + Sync + Send) {
        let mut columns = Vec::new();
        for (slot, role) in [(slot::MOBILE, Role::Mobile), (slot::PHONE, Role::Phone)] {
            let Some(column) = self.take(role) else { continue };
            let filled = column.filled();
            let column = column.canonicalised(&canonical);
            self.placeholders_lost(&column, filled);
            columns.push((slot, column.ids, column.texts));
        }
        let mut dictionary = Dictionary::default();
        for (slot, ids, texts) in &mut columns {
            let numbers: Vec<u32> = texts.iter().map(|text| dictionary.number(text)).collect();
            self.slots[*slot] = renumbered(std::mem::take(ids), &numbers);
        }
        self.texts[slot::MOBILE] = dictionary.texts;
    }

    /// Streets lose a house number that stands behind them, unless there is a column for it.
    fn read_streets(&mut self) {
        self.read_text(slot::HOUSE, Role::HouseNumber, places::compact);
        let Some(column) = self.take(Role::Street) else { return };
        let parts = column.texts.map(places::street_and_house);
        let known = std::mem::take(&mut self.texts[slot::HOUSE]);
        let (mut streets, mut houses) = (Dictionary::default(), Dictionary::default());
        for text in known.iter() {
            houses.number(text);
        }
        let numbers: Vec<(u32, u32)> =
            parts.iter().map(|(street, house)| (streets.number(street), houses.number(house))).collect();
        self.slots[slot::STREET] = column.ids.iter().map(|id| numbers[*id as usize].0).collect();
        self.slots[slot::HOUSE].resize(self.count, MISSING);
        for (house, id) in self.slots[slot::HOUSE].iter_mut().zip(&column.ids) {
            if *house == MISSING {
                *house = numbers[*id as usize].1;
            }
        }
        self.texts[slot::STREET] = streets.texts;
        self.texts[slot::HOUSE] = houses.texts;
    }

    fn note_placeholders(&mut self, column: &Column, numbers: &[u32]) {
        let lost = column.ids.iter().filter(|id| **id != MISSING && numbers[**id as usize] == MISSING).count();
        if lost > 0 {
            self.placeholders.push((column.name.clone(), lost as u64));
        }
    }

    fn placeholders_lost(&mut self, column: &Column, filled: usize) {
        let left = column.filled();
        if left < filled {
            self.placeholders.push((column.name.clone(), (filled - left) as u64));
        }
    }
}

impl Records {
    /// Numbers whole names and whole addresses, so that their frequencies can be counted.
    fn number_combinations(&mut self) {
        let records = || self.values.chunks(self.stride);
        let whole_name = |record: &[u32]| {
            let (given, surname) = (record[slot::GIVEN], record[slot::SURNAME]);
            (given != MISSING && surname != MISSING).then(|| (given.min(surname), given.max(surname)))
        };
        let whole_address = |record: &[u32]| {
            let (street, house) = (record[slot::STREET], record[slot::HOUSE]);
            let area = if record[slot::POSTAL_CODE] == MISSING {
                record[slot::CITY] | 1 << 31
            } else {
                record[slot::POSTAL_CODE]
            };
            (street != MISSING && house != MISSING).then_some((street, house, area))
        };
        let (names, addresses) =
            rayon::join(|| numbers_of(records().map(whole_name)), || numbers_of(records().map(whole_address)));
        for (record, (name, address)) in self.values.chunks_mut(self.stride).zip(names.into_iter().zip(addresses)) {
            (record[slot::FULL_NAME], record[slot::ADDRESS]) = (name, address);
        }
    }
}

/// Whether two records that both hold these values are one person beyond doubt: a whole name and something besides, or a
/// trusted key and something besides.
fn names_one_person(record: &[u32], first_extra: Option<&Extra>) -> bool {
    let has = |slot: usize| record.get(slot).is_some_and(|value| *value != MISSING);
    let has_date = !record[slot::DATE].is_multiple_of(10_000);
    let has_contact = has(slot::EMAIL) || has(slot::MOBILE);
    let has_key = first_extra.is_some_and(|extra| extra.kind == ExtraKind::Identifier) && has(slot::EXTRAS);
    let has_name = has(slot::GIVEN) && has(slot::SURNAME);
    let besides = [has_date, has_contact, has(slot::ADDRESS) || has(slot::PHONE), has_key];
    has_name && besides.contains(&true) || has_key && (has_date || has_contact || has(slot::SURNAME))
}

/// Numbers keys from 1 on in the order in which they come; none is 0.
fn numbers_of<K: std::hash::Hash + Eq>(keys: impl Iterator<Item = Option<K>>) -> Vec<u32> {
    let mut numbers: FxHashMap<K, u32> = FxHashMap::default();
    keys.map(|key| {
        let Some(key) = key else { return MISSING };
        let next = u32::try_from(numbers.len() + 1).unwrap_or(u32::MAX);
        *numbers.entry(key).or_insert(next)
    })
    .collect()
}
