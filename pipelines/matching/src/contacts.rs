//! E-mail addresses taken apart: the local part, and the name that it seems to spell.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::columns::{Column, MISSING};
use crate::names::Names;
use crate::records::{Records, slot};
use crate::similarity::edits;
use crate::text::fold;
use crate::texts::{Dictionary, Texts};

/// What is known of a distinct address.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Email {
    /// Bytes before the sign.
    local: u32,
    /// The number of what stands before the sign: people with other providers may have the same.
    pub(crate) local_part: u32,
    /// The number of its domain.
    domain: u32,
    /// Records whose address has this domain.
    domain_count: u32,
    /// Whether the local part is nothing but names.
    is_named: bool,
    /// Whether it says that a family shares it.
    pub(crate) is_family: bool,
    /// Given name, or its first letter, that the local part spells; or 0.
    pub(crate) given: u32,
    /// Surname that the local part spells, or 0.
    pub(crate) surname: u32,
}

/// An address and what is known of it. Its text is looked up when it is needed: of most pairs what is known says enough.
#[derive(Clone, Copy)]
pub(crate) struct Address<'a> {
    pub(crate) texts: &'a Texts,
    pub(crate) number: u32,
    pub(crate) parts: &'a Email,
}

impl<'a> Address<'a> {
    /// What stands before the sign.
    pub(crate) fn local(self) -> &'a str {
        &self.texts.get(self.number)[..self.parts.local as usize]
    }

    fn domain(self) -> &'a str {
        self.texts.get(self.number)[self.parts.local as usize..].strip_prefix('@').unwrap_or_default()
    }

    pub(crate) fn digits(self) -> impl Iterator<Item = char> {
        self.local().chars().filter(char::is_ascii_digit)
    }
}

/// How two addresses compare, by growing agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum EmailLevel {
    Different = 1,
    /// The same names before the sign, elsewhere: says no more than the names.
    SameName,
    SameLocalPart,
    Typo,
    Exact,
}

/// Compares two addresses.
pub(crate) fn compare(left: Address<'_>, right: Address<'_>) -> EmailLevel {
    let same_local = left.parts.local == right.parts.local && left.local() == right.local();
    let same_domain = left.parts.domain == right.parts.domain;
    if same_local && same_domain {
        return EmailLevel::Exact;
    }
    let near_domain = same_domain || is_domain_typo(left, right);
    if same_local && near_domain {
        return EmailLevel::Typo;
    }
    if same_local {
        let says_little = left.parts.is_named && left.digits().count() < 3 || left.local().len() < 5;
        return if says_little { EmailLevel::SameName } else { EmailLevel::SameLocalPart };
    }
    let most = if left.parts.local.min(right.parts.local) >= 8 { 2 } else { 1 };
    let both_named = left.parts.is_named && right.parts.is_named;
    if near_domain
        && !both_named
        && left.digits().eq(right.digits())
        && edits(left.local(), right.local(), most).is_some()
    {
        return EmailLevel::Typo;
    }
    EmailLevel::Different
}

/// A domain that hardly anyone has, next to one that many have.
fn is_domain_typo(left: Address<'_>, right: Address<'_>) -> bool {
    let (one, other) = (left.parts.domain_count, right.parts.domain_count);
    one.min(other).saturating_mul(20) < one.max(other) && edits(left.domain(), right.domain(), 2).is_some()
}

/// Names that occur in the records, by which the words of a local part are known.
pub(crate) struct KnownNames<'a> {
    pub(crate) given: FxHashSet<&'a str>,
    pub(crate) surnames: FxHashSet<&'a str>,
}

/// The canonical address, `""` where it is nobody's.
pub(crate) fn canonical(address: &str) -> String {
    let address = address.trim().to_lowercase();
    if crate::placeholders::is_email(&address) {
        return String::new();
    }
    address.replace("@googlemail.com", "@gmail.com")
}

/// What the local part of an address spells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Spelled {
    pub(crate) given: String,
    pub(crate) surname: String,
    /// Nothing is left over, digits apart.
    pub(crate) is_all: bool,
    pub(crate) is_family: bool,
}

/// Reads the words of a local part as names: `anna.mueller`, `mueller-anna`, `annamueller7`, `amueller`, `jutta31`.
pub(crate) fn spelled(address: &str, known: &KnownNames<'_>) -> Spelled {
    let local = address.split('@').next().unwrap_or("");
    let letters: String = local.chars().map(|letter| if letter.is_alphabetic() { letter } else { ' ' }).collect();
    let words: Vec<String> = letters.split_whitespace().map(fold).collect();
    let is_given = |word: &str| word.len() >= 3 && known.given.contains(word);
    let is_surname = |word: &str| word.len() >= 3 && known.surnames.contains(word);
    let found = |given: &str, surname: &str| Spelled {
        given: given.to_owned(),
        surname: surname.to_owned(),
        is_all: words.len() <= 2,
        is_family: false,
    };
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["familie" | "family" | "fam", .., last] => Spelled { is_family: true, ..found("", last) },
        [one] if is_given(one) && !is_surname(one) => found(one, ""),
        [one] if is_surname(one) && !is_given(one) => found("", one),
        [one] if is_given(one) => Spelled { is_all: true, ..Spelled::default() },
        [one] => {
            glued(one, is_given, is_surname).map_or_else(Spelled::default, |(given, surname)| found(given, surname))
        }
        [first, .., last] if is_given(first) && (!is_given(last) || is_surname(last)) => {
            found(first, if last.len() > 2 { last } else { "" })
        }
        [first, .., last] if is_given(last) => found(last, if first.len() > 2 { first } else { "" }),
        [first, .., last] if first.len() == 1 && last.len() > 2 => found(first, last),
        [first, .., last] if last.len() == 1 && is_surname(first) => found(last, first),
        _ => Spelled::default(),
    }
}

/// One word made of two names: `annamueller`, `muelleranna`, `amueller`.
fn glued(word: &str, is_given: impl Fn(&str) -> bool, is_surname: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let places = (3..word.len().saturating_sub(2)).filter(|place| word.is_char_boundary(*place));
    for place in places {
        let (front, back) = word.split_at(place);
        if is_given(front) && is_surname(back) {
            return Some((front, back));
        }
        if is_surname(front) && is_given(back) {
            return Some((back, front));
        }
    }
    let (initial, rest) = word.split_at_checked(1)?;
    (rest.len() >= 4 && is_surname(rest)).then_some((initial, rest))
}

/// Takes addresses apart.
pub(crate) fn take_apart(column: &Column, spelled: &[Spelled], names: &mut Names) -> Vec<Email> {
    let mut counts = vec![0_u32; column.texts.len()];
    for id in &column.ids {
        counts[*id as usize] += 1;
    }
    let (mut locals, mut domains) = (Dictionary::default(), Dictionary::default());
    let mut domain_counts = vec![0_u32];
    let parts = column.texts.iter().zip(&counts).map(|(text, count)| {
        let (local, domain) = text.split_once('@').unwrap_or((text, ""));
        let domain = domains.number(domain);
        domain_counts.resize(domains.texts.len(), 0);
        domain_counts[domain as usize] += count;
        (u32::try_from(local.len()).unwrap_or(u32::MAX), locals.number(local), domain)
    });
    let parts: Vec<(u32, u32, u32)> = parts.collect();
    let mut number = |name: &str| if name.is_empty() { 0 } else { names.number(name) };
    let emails = parts.iter().zip(spelled).map(|((local, local_part, domain), spelled)| Email {
        local: *local,
        local_part: *local_part,
        domain: *domain,
        domain_count: domain_counts[*domain as usize],
        is_named: spelled.is_all,
        is_family: spelled.is_family,
        given: number(&spelled.given),
        surname: number(&spelled.surname),
    });
    emails.collect()
}

/// A contact that so many different given names share says nothing about a person.
const MOST_GIVEN_NAMES: usize = 12;

/// Takes contacts out of the records that too many people share.
pub(crate) fn drop_junk(records: &mut Records) {
    for slot in [slot::EMAIL, slot::MOBILE, slot::PHONE] {
        // Only a contact of many records can be one of many names.
        let most = records.column(slot).max().unwrap_or(0);
        let mut holders = vec![0_u32; most as usize + 1];
        for contact in records.column(slot) {
            holders[contact as usize] += 1;
        }
        let is_shared = |contact: u32| contact != MISSING && holders[contact as usize] as usize > MOST_GIVEN_NAMES;
        let both = records.column(slot).zip(records.column(slot::GIVEN));
        let mut pairs: Vec<(u32, u32)> =
            both.filter(|(contact, given)| is_shared(*contact) && *given != MISSING).collect();
        pairs.par_sort_unstable();
        pairs.dedup();
        let of_contacts = pairs.chunk_by(|left, right| left.0 == right.0);
        let junk: FxHashSet<u32> =
            of_contacts.filter(|names| names.len() > MOST_GIVEN_NAMES).map(|names| names[0].0).collect();
        records.forget(slot, &junk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_part_spells_names_that_are_known() {
        let known = KnownNames {
            given: ["anna", "jutta"].into_iter().collect(),
            surnames: ["mueller", "schulz"].into_iter().collect(),
        };
        let names = |address: &str| {
            let spelled = spelled(address, &known);
            (spelled.given, spelled.surname)
        };
        let name = |given: &str, surname: &str| (given.to_owned(), surname.to_owned());
        assert_eq!(names("jutta31@web.de"), name("jutta", ""));
        assert_eq!(names("anna.mueller@web.de"), name("anna", "mueller"));
        assert_eq!(names("annaschulz7@web.de"), name("anna", "schulz"));
        assert_eq!(names("aschulz@web.de"), name("a", "schulz"));
        assert_eq!(names("schulz-jutta@web.de"), name("jutta", "schulz"));
        assert_eq!(names("sonnenblume@web.de"), name("", ""));
        assert!(super::spelled("familie.schulz@web.de", &known).is_family);
    }
}
