//! What happens from one night to the next: about one person in a hundred changes somewhere.

use chrono::{Days, NaiveDateTime, TimeDelta};

use crate::chance::{Chance, Purpose};
use crate::contact;
use crate::household;
use crate::newsletter::UNSUBSCRIBED;
use crate::person::{Birth, Person};
use crate::record::{Record, Source};
use crate::shares;
use crate::world::{CHUNK, World};

/// New people a chunk and night at most; their indices lie behind those of the first night.
const NEW_A_CHUNK: u64 = 64;

/// Lets the nights up to and including this one happen to a chunk.
pub(crate) fn live_through(world: &World, chunk: u64, night: u32, people: &mut Vec<Person>, records: &mut Vec<Record>) {
    for tonight in 2..=night {
        let mut chance = Chance::new(world.seed, Purpose::Events, (u64::from(tonight) << 40) | chunk);
        let mut evening = Evening { world, night: tonight, people, records, newcomers: 0, chunk };
        evening.pass(&mut chance);
    }
}

struct Evening<'a> {
    world: &'a World,
    night: u32,
    chunk: u64,
    people: &'a mut Vec<Person>,
    records: &'a mut Vec<Record>,
    newcomers: u64,
}

impl Evening<'_> {
    fn pass(&mut self, chance: &mut Chance) {
        for at in 0..self.people.len() {
            if !chance.roll(shares::NIGHTLY) {
                continue;
            }
            match chance.weighted(&shares::EVENTS) {
                0 => self.newcomer(None, chance),
                1 => self.moves(at, chance),
                2 => self.marries(at, chance),
                3 => self.leaves(at, chance),
                4 => self.unsubscribes(at, chance),
                5 => self.is_corrected(at, chance),
                6 => self.has_new_contacts(at, chance),
                7 => self.is_deleted(at, chance),
                _ => self.passes_number_on(at, chance),
            }
        }
    }

    /// Applies a change to every record of the person whose source hears of it.
    fn tell(
        &mut self,
        at: usize,
        hears: impl Fn(&Record) -> bool,
        chance: &mut Chance,
        apply: impl Fn(&World, &Person, &mut Record),
    ) {
        let truth = format!("P{:08}", self.people[at].index);
        let when = self.moment(chance);
        let live = |record: &&mut Record| record.truth == truth && !record.is_deleted && hears(record);
        for record in self.records.iter_mut().filter(live) {
            apply(self.world, &self.people[at], record);
            record.changed = when;
            record.night = self.night;
        }
    }

    /// Some time of the day before the night.
    fn moment(&self, chance: &mut Chance) -> NaiveDateTime {
        let day = self.world.first_night + Days::new(u64::from(self.night) - 2);
        day.and_hms_opt(0, 0, 0).unwrap_or_default() + TimeDelta::seconds(chance.between(25_000, 82_000))
    }

    fn newcomer(&mut self, mobile: Option<String>, chance: &mut Chance) {
        if self.newcomers == NEW_A_CHUNK {
            return;
        }
        let birth = Birth::anyone(self.world, chance);
        let mut person = household::single(self.world, &birth, chance).remove(0);
        let nights = u64::from(self.night) - 2;
        let block = (nights * self.world.chunks() + self.chunk) * NEW_A_CHUNK;
        person.index = self.world.chunks() * CHUNK + block + self.newcomers;
        person.household = person.index;
        self.newcomers += 1;
        household::give_contacts(self.world, &mut person, chance);
        person.mobile = mobile.or(person.mobile);
        let before = self.records.len();
        self.world.records_of(&person, self.records);
        let when = self.moment(chance);
        for record in &mut self.records[before..] {
            record.created = when;
            record.changed = when;
            record.night = self.night;
            record.has_left = false;
        }
        self.people.push(person);
    }

    fn moves(&mut self, at: usize, chance: &mut Chance) {
        let near = chance.roll(shares::MOVED_WITHIN_PLACE);
        let home = if near {
            self.world.places.home_near(&self.people[at].home, chance)
        } else {
            self.world.places.home(chance)
        };
        let person = &mut self.people[at];
        person.former_home = Some(std::mem::replace(&mut person.home, home));
        self.tell(
            at,
            |record| !record.street.is_empty() || !record.postal_code.is_empty(),
            chance,
            |world, person, record| {
                let has_street = !record.street.is_empty();
                let has_city = !record.city.is_empty();
                record.take_home(world, &person.home);
                if !has_street {
                    record.street.clear();
                    record.house_number.clear();
                }
                if !has_city {
                    record.city.clear();
                }
            },
        );
    }

    fn marries(&mut self, at: usize, chance: &mut Chance) {
        let surname = self.world.names.surname(self.people[at].culture, chance);
        let person = &mut self.people[at];
        person.former_surname = Some(person.surname.clone());
        person.take_surname(&surname.text, surname.share);
        self.tell(
            at,
            |record| record.source == Source::Membership,
            chance,
            |_, person, record| {
                record.birth_surname = std::mem::replace(&mut record.surname, person.surname.clone());
            },
        );
    }

    fn leaves(&mut self, at: usize, chance: &mut Chance) {
        self.tell(
            at,
            |record| record.source == Source::Membership && !record.has_left,
            chance,
            |_, _, record| record.has_left = true,
        );
    }

    fn unsubscribes(&mut self, at: usize, chance: &mut Chance) {
        let hears = |record: &Record| record.source == Source::Newsletter && record.state < UNSUBSCRIBED;
        self.tell(at, hears, chance, |_, _, record| record.state = UNSUBSCRIBED);
    }

    /// Someone mends the names.
    fn is_corrected(&mut self, at: usize, chance: &mut Chance) {
        self.tell(
            at,
            |record| !record.surname.is_empty() && record.source != Source::Survey,
            chance,
            |_, person, record| {
                record.surname.clone_from(&person.surname);
                person.call_name().clone_into(&mut record.given);
            },
        );
    }

    fn has_new_contacts(&mut self, at: usize, chance: &mut Chance) {
        let mobile = contact::mobile(self.world.seed, self.people[at].index * 8 + 3 + u64::from(self.night % 4));
        let email = household::own_email(self.world, &self.people[at], chance);
        let person = &mut self.people[at];
        person.former_mobile = person.mobile.replace(mobile);
        person.former_email = person.email.replace(email);
        self.tell(
            at,
            |record| matches!(record.source, Source::Membership | Source::Newsletter),
            chance,
            |_, person, record| {
                let email = person.email.as_deref().unwrap_or_default();
                email.clone_into(&mut record.email);
                if record.source == Source::Membership {
                    person.mobile.as_deref().unwrap_or_default().clone_into(&mut record.mobile);
                }
            },
        );
    }

    /// Erased from the sources that list every row.
    fn is_deleted(&mut self, at: usize, chance: &mut Chance) {
        self.tell(
            at,
            |record| matches!(record.source, Source::Membership | Source::Survey),
            chance,
            |_, _, record| record.is_deleted = true,
        );
    }

    /// The number is given up here and comes back under a stranger's name.
    fn passes_number_on(&mut self, at: usize, chance: &mut Chance) {
        let number = self.people[at].mobile.take();
        self.newcomer(number, chance);
    }
}
