//! The world: everything that the seed decides, and the people and records of one chunk of it at one night.

use chrono::{Datelike, NaiveDate};

use crate::DemoOptions;
use crate::chance::{Chance, Purpose};
use crate::household;
use crate::junk;
use crate::names::Names;
use crate::organisation::Organisation;
use crate::person::Person;
use crate::places::Places;
use crate::record::{Record, Source};
use crate::shares;

/// People a chunk: the unit of parallel work; households never cross its border.
pub(crate) const CHUNK: u64 = 500;

/// What all chunks share.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) people: u64,
    pub(crate) first_night: NaiveDate,
    pub(crate) names: Names,
    pub(crate) places: Places,
    pub(crate) organisation: Organisation,
}

impl World {
    /// Reads the lists and lays out the organisation.
    pub(crate) fn new(options: &DemoOptions) -> Self {
        let places = Places::load(options.seed);
        let organisation = Organisation::over(&places, options.people, options.seed);
        Self {
            seed: options.seed,
            people: options.people,
            first_night: options.first_night,
            names: Names::load(),
            places,
            organisation,
        }
    }

    /// The year of the first night.
    pub(crate) fn year(&self) -> i32 {
        self.first_night.year()
    }

    /// The year, or the last one in which someone is old enough to be known: sixteen.
    pub(crate) fn latest_birth_year(&self, year: i32) -> i32 {
        year.min(self.year() - 16)
    }

    /// How many chunks there are.
    pub(crate) fn chunks(&self) -> u64 {
        self.people.div_ceil(CHUNK)
    }

    /// The people and records of a chunk as they were in the first night.
    pub(crate) fn first_records(&self, chunk: u64) -> (Vec<Person>, Vec<Record>) {
        let people = household::people_of_chunk(self, chunk);
        let mut records = Vec::with_capacity(people.len() * 3 / 2);
        for person in &people {
            self.records_of(person, &mut records);
        }
        (people, records)
    }

    /// All records of a person, and now and then a row of nobody beside them.
    pub(crate) fn records_of(&self, person: &Person, records: &mut Vec<Record>) {
        let mut chance = Chance::new(self.seed, Purpose::Records, person.index);
        for source in sources_of(person, &mut chance) {
            let kind = source as usize;
            records.push(Record::of(self, person, source, 0, &mut chance));
            if chance.roll(shares::DUPLICATE[kind]) {
                records.push(Record::of(self, person, source, 1, &mut chance));
            }
            if chance.roll(shares::JUNK[kind]) {
                records.push(junk::record(self, source, person.index * 4 + 2, &mut chance));
            }
        }
    }
}

/// The sources that know a person: one to four, by weight; the newsletter only those with an address.
fn sources_of(person: &Person, chance: &mut Chance) -> Vec<Source> {
    let mut weights = shares::SOURCE_WEIGHTS;
    if person.email.is_none() {
        weights[Source::Newsletter as usize] = 0.0;
    }
    let possible = weights.iter().filter(|weight| **weight > 0.0).count();
    let wanted = (1 + chance.weighted(&shares::SOURCES_A_PERSON)).min(possible);
    let mut known = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        let kind = chance.weighted(&weights);
        weights[kind] = 0.0;
        known.push(Source::ALL[kind]);
    }
    known.sort_unstable();
    known
}
