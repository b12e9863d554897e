//! One person of the world, as the truth has them, and how they come to be.

use chrono::{Datelike, NaiveDate};

use crate::chance::Chance;
use crate::names::{Culture, Sex};
use crate::places::Home;
use crate::shares;
use crate::world::World;

/// A person, now and before.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// Unique in the world.
    pub(crate) index: u64,
    /// The index of the first of those who live together or grew up as one family.
    pub(crate) household: u64,
    pub(crate) sex: Sex,
    pub(crate) culture: Culture,
    pub(crate) title: &'static str,
    /// One or two given names.
    pub(crate) given: Vec<String>,
    /// Which of them the person is called by.
    pub(crate) call: usize,
    pub(crate) given_share: f64,
    pub(crate) surname: String,
    pub(crate) surname_share: f64,
    /// Where it differs from the surname.
    pub(crate) birth_surname: Option<String>,
    /// The surname that older records hold.
    pub(crate) former_surname: Option<String>,
    pub(crate) birth: NaiveDate,
    pub(crate) home: Home,
    pub(crate) former_home: Option<Home>,
    /// Phones as "area subscriber", without zero or country code.
    pub(crate) landline: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) former_mobile: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) former_email: Option<String>,
}

/// What a person is born with.
pub(crate) struct Birth {
    pub(crate) culture: Culture,
    pub(crate) sex: Sex,
    pub(crate) year: i32,
}

impl Birth {
    /// Someone of any age, sex and culture.
    pub(crate) fn anyone(world: &World, chance: &mut Chance) -> Self {
        let decade = i32::try_from(chance.weighted(&shares::BIRTH_DECADES)).unwrap_or(4);
        let year = 1920 + decade * 10 + i32::try_from(chance.between(0, 9)).unwrap_or(0);
        Self { culture: world.names.culture(chance), sex: sex(chance), year: world.latest_birth_year(year) }
    }

    /// The same with another year and a sex by chance.
    pub(crate) fn sibling(&self, world: &World, year: i32, chance: &mut Chance) -> Self {
        Self { culture: self.culture, sex: sex(chance), year: world.latest_birth_year(year) }
    }
}

pub(crate) fn sex(chance: &mut Chance) -> Sex {
    if chance.roll(shares::FEMALE) { Sex::Female } else { Sex::Male }
}

impl Person {
    /// A person with names of the culture and time, without contacts yet.
    pub(crate) fn born(world: &World, birth: &Birth, home: Home, chance: &mut Chance) -> Self {
        let surname = world.names.surname(birth.culture, chance);
        let first = world.names.given(birth.culture, birth.sex, birth.year, chance);
        let mut given = vec![first.text];
        let mut given_share = first.share;
        let mut call = 0;
        if chance.roll(shares::SECOND_GIVEN_NAME) {
            let second = world.names.given(birth.culture, birth.sex, birth.year, chance);
            if second.text != given[0] && !second.text.contains('-') {
                given.push(second.text);
                if chance.roll(shares::CALLED_BY_SECOND_NAME) {
                    call = 1;
                    given_share = second.share;
                }
            }
        }
        let title = if chance.roll(shares::TITLE) { TITLES[chance.weighted(&TITLE_WEIGHTS)] } else { "" };
        Self {
            index: 0,
            household: 0,
            sex: birth.sex,
            culture: birth.culture,
            title,
            given,
            call,
            given_share,
            surname: surname.text,
            surname_share: surname.share,
            birth_surname: None,
            former_surname: None,
            birth: day_in(birth.year, chance),
            home,
            former_home: None,
            landline: None,
            mobile: None,
            former_mobile: None,
            email: None,
            former_email: None,
        }
    }

    /// The name that friends use.
    pub(crate) fn call_name(&self) -> &str {
        &self.given[self.call]
    }

    /// Takes another surname, as on marrying.
    pub(crate) fn take_surname(&mut self, surname: &str, share: f64) {
        let before = std::mem::replace(&mut self.surname, surname.to_owned());
        self.surname_share = share;
        if before != self.surname {
            self.birth_surname.get_or_insert(before);
        }
    }

    /// The birth decade from 1920 on, for tables by age.
    pub(crate) fn decade(&self) -> usize {
        usize::try_from((self.birth.year() - 1920) / 10).unwrap_or(0).min(8)
    }
}

const TITLES: [&str; 6] = ["Dr.", "Prof. Dr.", "Dipl.-Ing.", "Dr. med.", "Dr.-Ing.", "Prof."];
const TITLE_WEIGHTS: [f64; 6] = [0.62, 0.10, 0.10, 0.10, 0.04, 0.04];

/// A day of the year, all alike.
pub(crate) fn day_in(year: i32, chance: &mut Chance) -> NaiveDate {
    let ordinal = u32::try_from(chance.between(1, 365)).unwrap_or(1);
    NaiveDate::from_yo_opt(year, ordinal).unwrap_or(NaiveDate::MIN)
}
