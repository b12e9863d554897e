//! E-mail addresses taken apart: the local part, and the name that it seems to spell.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::columns::MISSING;
use crate::names::Names;
use crate::records::{Records, slot};
use crate::text::fold;

/// A distinct address.
#[derive(Default)]
pub(crate) struct Email {
    pub(crate) local: Box<str>,
    pub(crate) domain: Box<str>,
    /// Given name that the local part spells, or 0.
    pub(crate) given: u32,
    /// Surname that the local part spells, or 0.
    pub(crate) surname: u32,
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
pub(crate) struct Spelled {
    pub(crate) given: Option<String>,
    pub(crate) surname: Option<String>,
}

/// Reads the words of a local part as names: `anna.mueller`, `mueller-anna`, `annamueller7`, `a.mueller`, `jutta31`.
pub(crate) fn spelled(address: &str, known: &KnownNames<'_>) -> Spelled {
    let local = address.split('@').next().unwrap_or("");
    let letters: String = local.chars().map(|letter| if letter.is_alphabetic() { letter } else { ' ' }).collect();
    let words: Vec<String> = letters.split_whitespace().map(fold).collect();
    let is_given = |word: &str| word.len() >= 3 && known.given.contains(word);
    let is_surname = |word: &str| word.len() >= 3 && known.surnames.contains(word);
    let found = |given: &str, surname: &str| Spelled {
        given: (!given.is_empty()).then(|| given.to_owned()),
        surname: (!surname.is_empty()).then(|| surname.to_owned()),
    };
    match words.as_slice() {
        [one] if is_given(one) && !is_surname(one) => found(one, ""),
        [one] if is_surname(one) && !is_given(one) => found("", one),
        [one] if !is_given(one) => (3..one.len().saturating_sub(2))
            .filter(|place| one.is_char_boundary(*place))
            .map(|place| one.split_at(place))
            .find_map(|(front, back)| match () {
                () if is_given(front) && is_surname(back) => Some(found(front, back)),
                () if is_surname(front) && is_given(back) => Some(found(back, front)),
                () => None,
            })
            .unwrap_or_else(|| found("", "")),
        [first, .., last] if is_given(first) && !is_given(last) => found(first, if last.len() > 2 { last } else { "" }),
        [first, .., last] if is_given(last) && is_surname(first) => found(last, first),
        [first, .., last] if is_given(first) => found(first, last),
        [first, .., last] if first.len() == 1 && is_surname(last) => found(first, last),
        _ => found("", ""),
    }
}

/// Takes an address apart.
pub(crate) fn take_apart(address: &str, spelled: &Spelled, names: &mut Names) -> Email {
    let (local, domain) = address.split_once('@').unwrap_or((address, ""));
    let mut number = |name: &Option<String>| name.as_deref().map_or(0, |name| names.number(name));
    Email {
        local: local.into(),
        domain: domain.into(),
        given: number(&spelled.given),
        surname: number(&spelled.surname),
    }
}

/// A contact that so many different given names share says nothing about a person.
const MOST_GIVEN_NAMES: usize = 12;

/// Takes contacts out of the records that too many people share.
pub(crate) fn drop_junk(records: &mut Records) {
    for slot in [slot::EMAIL, slot::MOBILE, slot::PHONE] {
        let mut names: FxHashMap<u32, FxHashSet<u32>> = FxHashMap::default();
        for (contact, given) in records.column(slot).zip(records.column(slot::GIVEN)) {
            if contact != MISSING && given != MISSING {
                let names = names.entry(contact).or_default();
                if names.len() <= MOST_GIVEN_NAMES {
                    names.insert(given);
                }
            }
        }
        let junk: FxHashSet<u32> =
            names.into_iter().filter(|(_, names)| names.len() > MOST_GIVEN_NAMES).map(|(contact, _)| contact).collect();
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
            (spelled.given.unwrap_or_default(), spelled.surname.unwrap_or_default())
        };
        assert_eq!(names("jutta31@web.de"), ("jutta".into(), String::new()));
        assert_eq!(names("anna.mueller@web.de"), ("anna".into(), "mueller".into()));
        assert_eq!(names("annaschulz7@web.de"), ("anna".into(), "schulz".into()));
        assert_eq!(names("schulz-jutta@web.de"), ("jutta".into(), "schulz".into()));
        assert_eq!(names("sonnenblume@web.de"), (String::new(), String::new()));
    }
}
