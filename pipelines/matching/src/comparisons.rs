//! The comparisons of a run, and the levels that each gives to a pair: small integers, four bits each, in one word.

use crate::columns::MISSING;
use crate::contacts::{self, Address, Email};
use crate::dates;
use crate::extras::{self, ExtraKind, ExtraLevel};
use crate::memo::Memo;
use crate::names::{GivenLevel, SurnameLevel};
use crate::per_thread::PerThread;
use crate::places::{self, AddressParts, CodeNearness};
use crate::records::{Records, slot};
use crate::similarity::edits;

/// At most so many comparisons: four bits each in a word of 64.
pub(crate) const MOST_COMPARISONS: usize = 16;

/// Bits that one level takes.
const LEVEL_BITS: usize = 4;

/// The level of a comparison that has nothing to compare.
pub(crate) const NO_LEVEL: u8 = 0;

/// Given and surname changed places; a level of the given names, with the surnames' level left out.
pub(crate) const NAMES_SWAPPED: u8 = GivenLevel::Exact as u8 + 1;

/// How the name that a mail address spells compares with the other record's, by growing agreement.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum MailNameLevel {
    Contradicts = 1,
    Family,
    Surname,
    Initial,
    Given,
    Both,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    GivenName,
    Surname,
    Sex,
    BirthDate,
    Email,
    Mobile,
    Phone,
    Address,
    MailName,
    Extra(usize, ExtraKind),
}

impl Subject {
    /// The comparison's name in `match.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GivenName => "given_name",
            Self::Surname => "surname",
            Self::Sex => "sex",
            Self::BirthDate => "birth_date",
            Self::Email => "email",
            Self::Mobile => "mobile",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::MailName => "mail_name",
            Self::Extra(_, ExtraKind::Identifier) => "identifier",
            Self::Extra(_, ExtraKind::Code) => "code",
            Self::Extra(_, ExtraKind::Category) => "category",
            Self::Extra(_, ExtraKind::Words) => "words",
        }
    }

    /// The comparison's name as people read it: for extra columns the column's own.
    pub(crate) fn title(self, records: &Records) -> &str {
        match self {
            Self::Extra(number, _) => &records.extras[number].name,
            _ => self.name(),
        }
    }

    /// The names of the levels, from level 1 on.
    pub(crate) fn levels(self) -> &'static [&'static str] {
        match self {
            Self::GivenName => {
                &["different", "similar", "initial", "nickname", "one_of_several", "typo", "first", "exact", "swapped"]
            }
            Self::Surname => &["different", "similar", "initial", "near", "part", "typo", "exact"],
            Self::BirthDate => {
                &["different", "two_digits", "same_year", "year_only", "two_parts", "one_digit", "swapped", "exact"]
            }
            Self::Email => &["different", "same_name", "same_local_part", "typo", "exact"],
            Self::Mobile | Self::Phone => &["different", "typo", "exact"],
            Self::Address => &[
                "far",
                "same_region",
                "same_city",
                "same_postal_code",
                "place_only",
                "street_elsewhere",
                "house_elsewhere",
                "same_street",
                "near_house",
                "same_house",
            ],
            Self::MailName => &["contradicts", "family", "surname", "initial", "given", "both"],
            Self::Sex | Self::Extra(_, ExtraKind::Category) => &["different", "exact"],
            Self::Extra(_, ExtraKind::Identifier | ExtraKind::Code) => &["different", "near", "exact"],
            Self::Extra(_, ExtraKind::Words) => &["different", "similar", "near", "exact"],
        }
    }

    /// All comparisons that the shipped weights must name.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        let extras = [ExtraKind::Identifier, ExtraKind::Code, ExtraKind::Category, ExtraKind::Words];
        let mut all = vec![
            Self::GivenName,
            Self::Surname,
            Self::Sex,
            Self::BirthDate,
            Self::Email,
            Self::Mobile,
            Self::Phone,
            Self::Address,
            Self::MailName,
        ];
        all.extend(extras.map(|kind| Self::Extra(0, kind)));
        all
    }
}

/// The level of one comparison inside a pattern.
pub(crate) fn level_of(pattern: u64, comparison: usize) -> u8 {
    u8::try_from(pattern >> (comparison * LEVEL_BITS) & 0xF).unwrap_or(NO_LEVEL)
}

/// The same pattern with another level of one comparison.
pub(crate) fn with_level(pattern: u64, comparison: usize, level: u8) -> u64 {
    let shift = comparison * LEVEL_BITS;
    pattern & !(0xF << shift) | u64::from(level) << shift
}

/// The comparisons that a set of records allows.
pub(crate) fn subjects(records: &Records) -> Vec<Subject> {
    let by_slot = [
        (slot::GIVEN, Subject::GivenName),
        (slot::SURNAME, Subject::Surname),
        (slot::SEX, Subject::Sex),
        (slot::DATE, Subject::BirthDate),
        (slot::EMAIL, Subject::Email),
        (slot::MOBILE, Subject::Mobile),
        (slot::PHONE, Subject::Phone),
    ];
    let mut subjects: Vec<Subject> =
        by_slot.into_iter().filter(|(slot, _)| records.has(*slot)).map(|(_, subject)| subject).collect();
    if [slot::STREET, slot::POSTAL_CODE, slot::CITY, slot::REGION].into_iter().any(|slot| records.has(slot)) {
        subjects.push(Subject::Address);
    }
    if subjects.contains(&Subject::Email) && subjects.contains(&Subject::GivenName) {
        subjects.push(Subject::MailName);
    }
    subjects.extend(records.extras.iter().enumerate().map(|(number, extra)| Subject::Extra(number, extra.kind)));
    subjects.truncate(MOST_COMPARISONS);
    subjects
}

/// Compares pairs on any thread, with a comparer for each.
pub(crate) struct Comparers<'a> {
    records: &'a Records,
    subjects: &'a [Subject],
    threads: PerThread<Comparer<'a>>,
}

impl<'a> Comparers<'a> {
    pub(crate) fn new(records: &'a Records, subjects: &'a [Subject]) -> Self {
        Self { records, subjects, threads: PerThread::new() }
    }

    /// The levels of a pair.
    pub(crate) fn pattern(&self, left: u32, right: u32) -> u64 {
        let make = || Comparer::new(self.records, self.subjects);
        self.threads.with(make, |comparer| comparer.pattern(left, right))
    }
}

/// Compares pairs of records. Each thread has its own, with its own memory of value pairs.
pub(crate) struct Comparer<'a> {
    records: &'a Records,
    subjects: &'a [Subject],
    given: Memo,
    surnames: Memo,
    streets: Memo,
    texts: Vec<Memo>,
}

impl<'a> Comparer<'a> {
    pub(crate) fn new(records: &'a Records, subjects: &'a [Subject]) -> Self {
        let texts = (0..slot::EXTRAS + records.extras.len()).map(|_| Memo::small()).collect();
        Self { records, subjects, given: Memo::large(), surnames: Memo::large(), streets: Memo::large(), texts }
    }

    /// For a few pairs only: remembers next to nothing, and costs nothing to make.
    pub(crate) fn unremembering(records: &'a Records, subjects: &'a [Subject]) -> Self {
        let texts = (0..slot::EXTRAS + records.extras.len()).map(|_| Memo::single()).collect();
        Self { records, subjects, given: Memo::single(), surnames: Memo::single(), streets: Memo::single(), texts }
    }

    /// The levels of a pair.
    pub(crate) fn pattern(&mut self, left: u32, right: u32) -> u64 {
        let records = self.records;
        let (left, right) = (records.record(left), records.record(right));
        let names = self.name_levels(left, right);
        let mut pattern = 0;
        for (place, subject) in self.subjects.iter().enumerate() {
            pattern |= u64::from(self.level(*subject, (left, right), names)) << (place * LEVEL_BITS);
        }
        pattern
    }

    /// The level of one comparison, whose cost a benchmark asks for.
    pub(crate) fn level_alone(&mut self, subject: Subject, left: u32, right: u32) -> u8 {
        let (left, right) = (self.records.record(left), self.records.record(right));
        let is_name = matches!(subject, Subject::GivenName | Subject::Surname);
        let names = if is_name { self.name_levels(left, right) } else { (NO_LEVEL, NO_LEVEL) };
        self.level(subject, (left, right), names)
    }

    fn level(&mut self, subject: Subject, (left, right): (&[u32], &[u32]), (given, surname): (u8, u8)) -> u8 {
        match subject {
            Subject::GivenName => given,
            Subject::Surname => surname,
            Subject::Sex => sex_level(left, right, given),
            Subject::BirthDate => of_both(left, right, slot::DATE, |left, right| dates::compare(left, right) as u8),
            Subject::Email => self.email_level(left, right),
            Subject::Mobile => self.number_level(left, right, slot::MOBILE),
            Subject::Phone => self.number_level(left, right, slot::PHONE),
            Subject::Address => self.address_level(left, right),
            Subject::MailName => self.mail_name_level(left, right, surname),
            Subject::Extra(number, kind) => self.extra_level(left, right, number, kind),
        }
    }

    fn name_levels(&mut self, left: &[u32], right: &[u32]) -> (u8, u8) {
        let is_other_generation = of_both(left, right, slot::SUFFIX, |left, right| u8::from(left != right)) == 1;
        let given = match self.given_level(left[slot::GIVEN], right[slot::GIVEN]) {
            NO_LEVEL => NO_LEVEL,
            _ if is_other_generation => GivenLevel::Different as u8,
            level => level,
        };
        let surname = self.surname_level(left, right);
        let is_doubtful = given <= GivenLevel::Similar as u8 && surname <= SurnameLevel::Near as u8;
        if is_doubtful && self.is_swapped(left, right) {
            return (NAMES_SWAPPED, NO_LEVEL);
        }
        if surname == NO_LEVEL && given <= GivenLevel::Similar as u8 {
            let alone = self.lone_level(left, right).max(self.lone_level(right, left));
            if alone >= SurnameLevel::Part as u8 {
                return (NO_LEVEL, alone);
            }
        }
        (given, surname)
    }

    /// A given name without a surname may be the surname.
    fn lone_level(&mut self, alone: &[u32], other: &[u32]) -> u8 {
        if alone[slot::SURNAME] == MISSING {
            self.surname_pair_level(alone[slot::GIVEN], other[slot::SURNAME])
        } else {
            NO_LEVEL
        }
    }

    fn given_level(&mut self, left: u32, right: u32) -> u8 {
        if left == MISSING || right == MISSING {
            return NO_LEVEL;
        }
        let names = &self.records.names;
        self.given.level(left, right, |left, right| names.compare_given(left, right) as u8)
    }

    fn surname_pair_level(&mut self, left: u32, right: u32) -> u8 {
        if left == MISSING || right == MISSING {
            return NO_LEVEL;
        }
        let names = &self.records.names;
        self.surnames.level(left, right, |left, right| names.compare_surnames(left, right) as u8)
    }

    /// The surnames' level; a surname at birth that agrees counts as a part.
    fn surname_level(&mut self, left: &[u32], right: &[u32]) -> u8 {
        let level = self.surname_pair_level(left[slot::SURNAME], right[slot::SURNAME]);
        if level >= SurnameLevel::Part as u8 || left[slot::BIRTH_SURNAME] | right[slot::BIRTH_SURNAME] == MISSING {
            return level;
        }
        let by_birth = [
            (slot::BIRTH_SURNAME, slot::SURNAME),
            (slot::SURNAME, slot::BIRTH_SURNAME),
            (slot::BIRTH_SURNAME, slot::BIRTH_SURNAME),
        ];
        for (left_slot, right_slot) in by_birth {
            if self.surname_pair_level(left[left_slot], right[right_slot]) >= SurnameLevel::Typo as u8 {
                return SurnameLevel::Part as u8;
            }
        }
        level
    }

    fn is_swapped(&mut self, left: &[u32], right: &[u32]) -> bool {
        let near = |level: u8| level >= SurnameLevel::Part as u8;
        near(self.surname_pair_level(left[slot::GIVEN], right[slot::SURNAME]))
            && near(self.surname_pair_level(left[slot::SURNAME], right[slot::GIVEN]))
    }

    fn email_level(&mut self, left: &[u32], right: &[u32]) -> u8 {
        let (emails, texts) = (&self.records.emails, &self.records.texts[slot::EMAIL]);
        let memo = &mut self.texts[slot::EMAIL];
        of_both(left, right, slot::EMAIL, |left, right| {
            memo.level(left, right, |left, right| {
                let address = |number: u32| Address { texts, number, parts: &emails[number as usize] };
                contacts::compare(address(left), address(right)) as u8
            })
        })
    }

    /// Numbers are looked for in both columns of the other record, since sources mix them up.
    fn number_level(&mut self, left: &[u32], right: &[u32], slot: usize) -> u8 {
        const EXACT: u8 = 3;
        let other = slot::MOBILE + slot::PHONE - slot;
        let crosses = |here: &[u32], there: &[u32]| here[slot] != MISSING && here[slot] == there[other];
        if slot == slot::MOBILE && left[slot] != right[slot] && (crosses(left, right) || crosses(right, left)) {
            return EXACT;
        }
        let texts = &self.records.texts[slot::MOBILE];
        let memo = &mut self.texts[slot];
        of_both(left, right, slot, |left, right| {
            memo.level(left, right, |left, right| {
                if left == right { EXACT } else { 1 + u8::from(edits(texts.get(left), texts.get(right), 1).is_some()) }
            })
        })
    }

    fn address_level(&mut self, left: &[u32], right: &[u32]) -> u8 {
        let records = self.records;
        let both = |slot: usize| (left[slot] != MISSING && right[slot] != MISSING).then(|| (left[slot], right[slot]));
        let streets = &mut self.streets;
        let text = |slot: usize, value: u32| records.texts[slot].get(value);
        let street = both(slot::STREET).map(|(left, right)| {
            let same =
                |left, right| u8::from(places::is_same_street(text(slot::STREET, left), text(slot::STREET, right)));
            left == right || streets.level(left, right, same) == 1
        });
        let codes = &mut self.texts[slot::POSTAL_CODE];
        let code = both(slot::POSTAL_CODE).map(|(left, right)| {
            const NEARNESS: [CodeNearness; 4] =
                [CodeNearness::Different, CodeNearness::SameArea, CodeNearness::OneDigit, CodeNearness::Exact];
            let compare = |left, right| {
                places::compare_postal_codes(text(slot::POSTAL_CODE, left), text(slot::POSTAL_CODE, right)) as u8
            };
            NEARNESS[usize::from(codes.level(left, right, compare))]
        });
        let cities = &mut self.texts[slot::CITY];
        let city = both(slot::CITY).map(|(left, right)| {
            let same = |left, right| u8::from(places::is_same_street(text(slot::CITY, left), text(slot::CITY, right)));
            left == right || cities.level(left, right, same) == 1
        });
        places::compare(AddressParts {
            street,
            street_is_exact: left[slot::STREET] == right[slot::STREET],
            house: both(slot::HOUSE).map(|(left, right)| left == right),
            code,
            city,
            region: both(slot::REGION).map(|(left, right)| left == right),
        })
        .map_or(NO_LEVEL, |level| level as u8)
    }

    /// What the local part of an address says of the other record's name, where the names alone say too little.
    fn mail_name_level(&mut self, left: &[u32], right: &[u32], surname: u8) -> u8 {
        let there = self.mail_direction(left, right, surname);
        let back = self.mail_direction(right, left, surname);
        if there == NO_LEVEL || back == NO_LEVEL { there.max(back) } else { there.min(back) }
    }

    fn mail_direction(&mut self, mail: &[u32], named: &[u32], surname: u8) -> u8 {
        let email: &Email = &self.records.emails[mail[slot::EMAIL] as usize];
        let (mail_given, mail_surname, is_family) = (email.given, email.surname, email.is_family);
        let given_level = if mail[slot::GIVEN] == MISSING && named[slot::GIVEN] != MISSING {
            if is_family {
                return MailNameLevel::Family as u8;
            }
            self.given_level(mail_given, named[slot::GIVEN])
        } else {
            NO_LEVEL
        };
        let surname_level = if surname < SurnameLevel::Part as u8 {
            self.surname_pair_level(mail_surname, named[slot::SURNAME])
        } else {
            NO_LEVEL
        };
        let surname_agrees = surname_level >= SurnameLevel::Part as u8;
        let level = match given_level {
            NO_LEVEL if surname_agrees => MailNameLevel::Surname,
            NO_LEVEL => return NO_LEVEL,
            level if level <= GivenLevel::Similar as u8 => MailNameLevel::Contradicts,
            _ if surname_agrees => MailNameLevel::Both,
            level if level == GivenLevel::Initial as u8 => MailNameLevel::Initial,
            _ => MailNameLevel::Given,
        };
        level as u8
    }

    fn extra_level(&mut self, left: &[u32], right: &[u32], number: usize, kind: ExtraKind) -> u8 {
        let place = slot::EXTRAS + number;
        let texts = &self.records.texts[place];
        let memo = &mut self.texts[place];
        of_both(left, right, place, |left, right| {
            if left == right {
                return exact_level(kind);
            }
            memo.level(left, right, |left, right| {
                let level = extras::compare(kind, texts.get(left), texts.get(right));
                match (kind, level) {
                    (ExtraKind::Words, level) => level as u8,
                    (_, ExtraLevel::Near) => 2,
                    _ => 1,
                }
            })
        })
    }
}

fn exact_level(kind: ExtraKind) -> u8 {
    match kind {
        ExtraKind::Category => 2,
        ExtraKind::Identifier | ExtraKind::Code => 3,
        ExtraKind::Words => ExtraLevel::Exact as u8,
    }
}

fn of_both(left: &[u32], right: &[u32], slot: usize, compare: impl FnOnce(u32, u32) -> u8) -> u8 {
    let (left, right) = (left[slot], right[slot]);
    if left == MISSING || right == MISSING { NO_LEVEL } else { compare(left, right) }
}

/// Sex tells nothing where the given names are the same: they have told it. Names that are only alike have not.
fn sex_level(left: &[u32], right: &[u32], given: u8) -> u8 {
    if given >= GivenLevel::First as u8 {
        return NO_LEVEL;
    }
    of_both(left, right, slot::SEX, |left, right| 1 + u8::from(left == right))
}
