//! What two records say twice when their mail addresses are of different providers and have the same before the sign: `sonja93` says
//! Sonja once more, and 1993. Of all people so called and born then, many will have chosen it, each with a provider of their own; so
//! the part is worth what its rarity among different people is, and the names and the year that it spells are no evidence beside it.

use crate::columns::MISSING;
use crate::contacts::{Address, Email, EmailLevel};
use crate::dates::DateLevel;
use crate::names::{GivenLevel, SurnameLevel};
use crate::rarity::{Frequencies, NameLevels, Pair};
use crate::records::slot;

/// What a name that agrees nearly says, in bits, and what its rarity adds to that, in part.
const NEAR_BITS: f64 = 8.0;
const NEAR_PART: f64 = 0.5;

/// An initial says one of some twenty letters.
const INITIAL_BITS: f64 = 4.0;

/// A year of birth says one of some fifty.
const YEAR_BITS: f64 = 5.5;

/// What the name that an address spells says of the other record's, by level: nothing where it contradicts.
const MAIL_NAME_BITS: [f64; 7] = [0.0, 0.0, 0.0, 5.0, 2.0, 5.2, 9.0];

/// However little is left of an equal part, it says no less than two different ones do.
const LEAST_LEFT_BITS: f64 = 3.0;

impl Frequencies {
    /// The bits that are told twice. `namesakes` is what the whole name's rarity adds.
    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than seven digits")]
    pub(crate) fn told_twice(&self, levels: NameLevels, namesakes: f32, pair: Pair<'_>) -> f32 {
        let is_same_part = |level: EmailLevel| levels.email == level as u8;
        if !is_same_part(EmailLevel::SameName) && !is_same_part(EmailLevel::SameLocalPart) {
            return 0.0;
        }
        let email = &pair.records.emails[pair.left[slot::EMAIL] as usize];
        let given = self.given_bits(levels.given, email, pair);
        let surname = self.surname_bits(levels.surname, email, pair);
        let both = if given > 0.0 && surname > 0.0 { f64::from(namesakes) } else { 0.0 };
        let mail_name = MAIL_NAME_BITS.get(usize::from(levels.mail_name)).copied().unwrap_or(0.0);
        let told = given + surname + both + mail_name + year_bits(levels.birth_date, email, pair);
        let says = self.bits(slot::LOCAL_PART, pair) - LEAST_LEFT_BITS;
        told.min(says).max(0.0) as f32
    }

    /// What the agreement of the rarer value says: one stranger in so many has it.
    fn bits(&self, slot: usize, pair: Pair<'_>) -> f64 {
        -self.collision(slot).log2() + self.rarer(slot, pair)
    }

    fn given_bits(&self, level: u8, email: &Email, pair: Pair<'_>) -> f64 {
        let names = &pair.records.names;
        let is_spelled = |given: u32| {
            given != MISSING && (given == email.given || names.compare_given(given, email.given) >= GivenLevel::Initial)
        };
        if email.given == MISSING || level < GivenLevel::Initial as u8 || !either(pair, slot::GIVEN, is_spelled) {
            return 0.0;
        }
        if level == GivenLevel::Initial as u8 || names.text(email.given).len() == 1 {
            INITIAL_BITS
        } else if level == GivenLevel::Exact as u8 {
            self.bits(slot::GIVEN, pair)
        } else {
            NEAR_BITS + NEAR_PART * self.rarer(slot::GIVEN, pair)
        }
    }

    fn surname_bits(&self, level: u8, email: &Email, pair: Pair<'_>) -> f64 {
        let names = &pair.records.names;
        let is_spelled = |surname: u32| {
            surname != MISSING
                && (surname == email.surname || names.compare_surnames(surname, email.surname) >= SurnameLevel::Part)
        };
        if email.surname == MISSING || level < SurnameLevel::Part as u8 || !either(pair, slot::SURNAME, is_spelled) {
            0.0
        } else if level == SurnameLevel::Exact as u8 {
            self.bits(slot::SURNAME, pair)
        } else {
            NEAR_BITS + NEAR_PART * self.rarer(slot::SURNAME, pair)
        }
    }
}

/// Whether what one of the two records holds is as it should be.
fn either(pair: Pair<'_>, slot: usize, is_so: impl Fn(u32) -> bool) -> bool {
    is_so(pair.left[slot]) || is_so(pair.right[slot])
}

/// The year of two dates that agree in it, where the digits of the address are that year, or its end.
fn year_bits(level: u8, email: &Email, pair: Pair<'_>) -> f64 {
    let year = pair.left[slot::DATE] / 10_000;
    if level < DateLevel::SameYear as u8 || year != pair.right[slot::DATE] / 10_000 {
        return 0.0;
    }
    let address = Address { texts: &pair.records.texts[slot::EMAIL], number: pair.left[slot::EMAIL], parts: email };
    let digits: String = address.digits().collect();
    let says_year = match digits.len() {
        2 => digits.parse() == Ok(year % 100),
        4 => digits.parse() == Ok(year),
        _ => false,
    };
    if says_year { YEAR_BITS } else { 0.0 }
}
