//! One row of one source: what the source holds of a person, with its errors, before it is written in the source's format.

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::chance::Chance;
use crate::names::Sex;
use crate::noise;
use crate::person::Person;
use crate::places::Home;
use crate::shares;
use crate::world::World;

/// The four sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Membership = 0,
    Newsletter = 1,
    Survey = 2,
    Leads = 3,
}

impl Source {
    pub(crate) const ALL: [Self; 4] = [Self::Membership, Self::Newsletter, Self::Survey, Self::Leads];

    /// The name, as in `schemas/sources`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Membership => "membership",
            Self::Newsletter => "newsletter",
            Self::Survey => "survey",
            Self::Leads => "leads",
        }
    }
}

/// A birth date as far as a source knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum BirthDate {
    #[default]
    Unknown,
    Year(i32),
    Day(NaiveDate),
}

/// A row. Empty texts are absent.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) source: Source,
    pub(crate) key: String,
    /// The person behind it, as `truth.csv` names them.
    pub(crate) truth: String,
    /// The household or family of that person, as `truth.csv` names them.
    pub(crate) household: String,
    pub(crate) sex: Sex,
    pub(crate) title: &'static str,
    pub(crate) given: String,
    pub(crate) surname: String,
    pub(crate) birth_surname: String,
    pub(crate) birth: BirthDate,
    pub(crate) street: String,
    pub(crate) house_number: String,
    pub(crate) postal_code: String,
    pub(crate) city: String,
    /// "area subscriber".
    pub(crate) phone: String,
    pub(crate) mobile: String,
    pub(crate) email: String,
    /// The postal area whose branch holds the membership.
    pub(crate) area: usize,
    pub(crate) has_left: bool,
    /// Index into [`shares::NEWSLETTER_STATES`].
    pub(crate) state: usize,
    pub(crate) created: NaiveDateTime,
    pub(crate) changed: NaiveDateTime,
    /// A number that decides formats, interests and answers, the same in every night.
    pub(crate) style: u64,
    /// Whether some value was overtaken by the person's life.
    pub(crate) is_stale: bool,
    /// The night of the last change; 1 is the first.
    pub(crate) night: u32,
    pub(crate) is_deleted: bool,
}

impl Record {
    /// The record of a person in a source, with the source's errors and gaps.
    pub(crate) fn of(world: &World, person: &Person, source: Source, copy: u64, chance: &mut Chance) -> Self {
        let kind = source as usize;
        let mut record = Self::blank(world, source, person.index * 4 + copy, chance);
        record.truth = format!("P{:08}", person.index);
        record.household = format!("H{:08}", person.household);
        record.sex = person.sex;
        record.title = if source == Source::Membership || chance.roll(0.3) { person.title } else { "" };
        record.take_names(world, person, chance);
        record.birth = birth_date(person.birth, chance);
        let home = person.former_home.as_ref().filter(|_| chance.roll(shares::STALE[kind]));
        record.is_stale |= home.is_some();
        record.take_home(world, home.unwrap_or(&person.home));
        record.take_contacts(person, chance);
        record.age(world, person, chance);
        record.spoil(chance);
        record.thin(chance);
        record
    }

    /// A row with key, times and style alone.
    pub(crate) fn blank(world: &World, source: Source, number: u64, chance: &mut Chance) -> Self {
        let [created, changed] = times(world, chance.between(20, 3_600), chance);
        Self {
            source,
            key: crate::key::of(world.seed, source, number),
            truth: String::new(),
            household: String::new(),
            sex: Sex::Male,
            title: "",
            given: String::new(),
            surname: String::new(),
            birth_surname: String::new(),
            birth: BirthDate::Unknown,
            street: String::new(),
            house_number: String::new(),
            postal_code: String::new(),
            city: String::new(),
            phone: String::new(),
            mobile: String::new(),
            email: String::new(),
            area: 0,
            has_left: chance.roll(shares::LEFT),
            state: chance.weighted(&shares::NEWSLETTER_STATES),
            created,
            changed,
            style: chance.below(1 << 40) as u64,
            is_stale: false,
            night: 1,
            is_deleted: false,
        }
    }

    fn take_names(&mut self, world: &World, person: &Person, chance: &mut Chance) {
        let kind = self.source as usize;
        let all = person.given.len() > 1 && chance.roll(shares::ALL_GIVEN_NAMES[kind]);
        let short = world.names.short_forms(person.call_name());
        self.given = if all {
            person.given.join(" ")
        } else if !short.is_empty() && chance.roll(shares::SHORT_FORM[kind] * 1.6) {
            // The first short forms are the usual ones.
            short[chance.below(short.len()).min(chance.below(short.len()))].to_owned()
        } else if chance.roll(shares::INITIAL[kind]) {
            format!("{}.", person.call_name().chars().next().unwrap_or('A'))
        } else if self.source == Source::Membership {
            person.given[0].clone()
        } else {
            person.call_name().to_owned()
        };
        let before = person.former_surname.as_ref().filter(|_| chance.roll(shares::STALE[kind]));
        self.is_stale |= before.is_some();
        before.unwrap_or(&person.surname).clone_into(&mut self.surname);
        if person.surname.contains('-') && chance.roll(shares::HALF_SURNAME[kind]) {
            let half = self.surname.split('-').nth(chance.below(2)).unwrap_or("").to_owned();
            if half.len() > 2 {
                self.surname = half;
            }
        }
        if let Some(birth_surname) = person.birth_surname.as_ref().filter(|name| **name != self.surname) {
            self.birth_surname.clone_from(birth_surname);
        }
    }

    /// Lives there.
    pub(crate) fn take_home(&mut self, world: &World, home: &Home) {
        let area = world.places.area(home);
        home.street.clone_into(&mut self.street);
        self.house_number.clone_from(&home.house_number);
        area.postal_code.clone_into(&mut self.postal_code);
        home.city.clone_into(&mut self.city);
        self.area = home.area;
    }

    fn take_contacts(&mut self, person: &Person, chance: &mut Chance) {
        let share = shares::STALE[self.source as usize];
        let mut is_stale = self.is_stale;
        let mut older = |now: &Option<String>, before: &Option<String>| -> String {
            let before = before.as_ref().filter(|_| chance.roll(share));
            is_stale |= before.is_some();
            before.or(now.as_ref()).cloned().unwrap_or_default()
        };
        self.email = older(&person.email, &person.former_email);
        self.mobile = older(&person.mobile, &person.former_mobile);
        self.is_stale = is_stale;
        self.phone = person.landline.clone().unwrap_or_default();
    }

    /// What is stale was written long ago, and nobody joins before fourteen.
    fn age(&mut self, world: &World, person: &Person, chance: &mut Chance) {
        if self.is_stale {
            [self.created, _] = times(world, chance.between(900, 4_500), chance);
            self.changed = self.created;
            self.has_left = false;
        }
        let earliest = (person.birth + Months::new(14 * 12)).and_time(self.created.time());
        self.created = self.created.max(earliest);
        self.changed = self.changed.max(earliest);
        if self.has_left && self.changed == self.created {
            let known_days = (world.first_night - self.created.date()).num_days().max(2);
            self.changed = self.created + TimeDelta::days(chance.between(1, known_days - 1));
        }
    }

    /// Errors of hands and programs.
    fn spoil(&mut self, chance: &mut Chance) {
        let kind = self.source as usize;
        for text in [&mut self.given, &mut self.surname, &mut self.street, &mut self.city] {
            if chance.roll(shares::TYPO[kind]) {
                *text = noise::typo(text, chance);
            }
        }
        if chance.roll(shares::CONTACT_ERROR) {
            self.mobile = misdialled(&self.mobile, chance);
        }
        if chance.roll(shares::CONTACT_ERROR) {
            self.phone = misdialled(&self.phone, chance);
        }
        if chance.roll(shares::CONTACT_ERROR) {
            self.postal_code = noise::wrong_digit(&self.postal_code, chance);
        }
        if chance.roll(shares::CONTACT_ERROR) {
            self.email = mistyped_email(&self.email, chance);
        }
        if chance.roll(shares::SWAPPED_NAMES[kind]) {
            std::mem::swap(&mut self.given, &mut self.surname);
        }
        self.respell(chance);
    }

    fn respell(&mut self, chance: &mut Chance) {
        let kind = self.source as usize;
        let unfolds = chance.roll(shares::UMLAUT_UNFOLDED[kind]);
        let strips = !unfolds && chance.roll(shares::UMLAUT_STRIPPED);
        let breaks = !unfolds && !strips && chance.roll(shares::MOJIBAKE[kind]);
        let capitals = chance.roll(shares::CAPITALS[kind]);
        let lower = !capitals && chance.roll(shares::LOWER_CASE[kind]);
        for text in [&mut self.given, &mut self.surname, &mut self.street, &mut self.city] {
            if unfolds {
                *text = noise::unfold(text);
            } else if strips {
                *text = noise::strip(text);
            } else if breaks {
                *text = noise::mojibake(text);
            }
            if capitals {
                *text = text.to_uppercase();
            } else if lower {
                *text = text.to_lowercase();
            }
        }
    }

    /// Leaves out what the source does not ask for or people do not tell.
    fn thin(&mut self, chance: &mut Chance) {
        match self.source {
            Source::Membership => crate::membership::thin(self, chance),
            Source::Newsletter => crate::newsletter::thin(self, chance),
            Source::Survey => crate::survey::thin(self, chance),
            Source::Leads => crate::leads::thin(self, chance),
        }
    }

    /// Street and house number as the source's people write them.
    pub(crate) fn street_line(&self) -> String {
        if self.street.is_empty() {
            return String::new();
        }
        let street = match self.style % 5 {
            0 | 1 => self.street.clone(),
            2 => self.street.replace("straße", "str.").replace("Straße", "Str."),
            3 => self.street.replace("straße", "strasse").replace("Straße", "Strasse"),
            _ if self.style.is_multiple_of(3) => self.street.replace("straße", "str").replace("Straße", "Str"),
            _ => self.street.clone(),
        };
        match self.house_number.strip_suffix(['a', 'b', 'c', 'd']) {
            Some(number) if self.style.is_multiple_of(7) => {
                format!("{street} {number} {}", &self.house_number[number.len()..])
            }
            _ => format!("{street} {}", self.house_number),
        }
    }
}

/// When a row so many days old was created, and when it was last changed.
fn times(world: &World, age_days: i64, chance: &mut Chance) -> [NaiveDateTime; 2] {
    let midnight = world.first_night.and_time(NaiveTime::MIN);
    let created = midnight - TimeDelta::days(age_days) + TimeDelta::seconds(chance.between(21_600, 82_800));
    let seconds = (midnight - created).num_seconds().max(1);
    let changed = if chance.roll(0.6) { created } else { created + TimeDelta::seconds(chance.between(0, seconds - 1)) };
    [created, changed]
}

fn birth_date(birth: NaiveDate, chance: &mut Chance) -> BirthDate {
    let wrong = if chance.roll(shares::FIRST_OF_JANUARY) {
        NaiveDate::from_ymd_opt(birth.year(), 1, 1)
    } else if chance.roll(shares::BIRTH_DATE_ERROR) {
        match chance.below(4) {
            0 => NaiveDate::from_ymd_opt(birth.year(), birth.day(), birth.month()),
            1 => birth.with_year(birth.year() + i32::try_from(chance.between(-1, 1)).unwrap_or(1)),
            2 => birth.with_day(u32::try_from(chance.between(1, 28)).unwrap_or(1)),
            _ => birth.with_month(u32::try_from(chance.between(1, 12)).unwrap_or(1)),
        }
    } else {
        None
    };
    BirthDate::Day(wrong.unwrap_or(birth))
}

/// A wrong digit behind those that make the number reach nobody.
fn misdialled(number: &str, chance: &mut Chance) -> String {
    match number.split_once(' ') {
        Some((area, subscriber)) if subscriber.len() > 3 => {
            format!("{area} {}{}", &subscriber[..2], noise::wrong_digit(&subscriber[2..], chance))
        }
        _ => number.to_owned(),
    }
}

fn mistyped_email(email: &str, chance: &mut Chance) -> String {
    match email.split_once('@') {
        Some((local, domain)) if chance.roll(0.7) => format!("{}@{domain}", noise::typo(local, chance).to_lowercase()),
        Some((local, domain)) => {
            let (host, rest) = domain.split_once('.').unwrap_or((domain, "example"));
            format!("{local}@{}.{rest}", noise::typo(host, chance).to_lowercase())
        }
        None => String::new(),
    }
}

/// A number in one of the ways in which people write it; `spread` of them are tried.
pub(crate) fn phone_text(number: &str, style: u64, spread: u64) -> String {
    let Some((area, subscriber)) = number.split_once(' ') else { return number.to_owned() };
    match style % spread {
        0 => format!("0{area}/{subscriber}"),
        1 => format!("0{area} {subscriber}"),
        2 => format!("+49 {area} {subscriber}"),
        3 => format!("0{area}{subscriber}"),
        4 => format!("0049{area}{subscriber}"),
        5 => format!("+49 (0) {area} {subscriber}"),
        6 => format!("0{area}-{subscriber}"),
        _ => format!("0{area} / {} {}", &subscriber[..3.min(subscriber.len())], &subscriber[3.min(subscriber.len())..]),
    }
}
