//! Texts that stand for "nothing" and names that nobody bears.

use std::sync::LazyLock;

use crate::text::fold;

/// Texts that stand for "nothing" in any field, in lower case. `null` is not among them: see [`is_placeholder_value`].
pub const PLACEHOLDER_VALUES: &[&str] = &[
    "-",
    "--",
    "---",
    "----",
    "–",
    "—",
    ".",
    "..",
    "...",
    "…",
    "?",
    "??",
    "???",
    "/",
    "//",
    "*",
    "**",
    "***",
    "_",
    "__",
    "#",
    "n/a",
    "n.a.",
    "n. a.",
    "n.v.",
    "n/v",
    "#n/a",
    "#nv",
    "#n/v",
    "#wert!",
    "#value!",
    "#ref!",
    "#bezug!",
    "nan",
    "none",
    "(null)",
    "<null>",
    "\\n",
    "(leer)",
    "(empty)",
    "[leer]",
    "undefined",
    "k.a.",
    "k. a.",
    "k.a",
    "k.A",
    "k/a",
    "keine angabe",
    "keine angaben",
    "keine",
    "kein",
    "ohne",
    "ohne angabe",
    "o.a.",
    "o. a.",
    "unbekannt",
    "unknown",
    "nicht bekannt",
    "nicht angegeben",
    "nicht vorhanden",
    "nichts",
    "fehlt",
    "entfällt",
    "xx",
    "xxx",
    "xxxx",
    "xxxxx",
    "tba",
    "tbd",
    "todo",
    "dummy",
    "niemand",
    "nobody",
    "anonym",
    "anonymous",
    "anonymisiert",
    "gelöscht",
    "deleted",
];

/// Full names that nobody bears, as given name and surname, folded.
pub const PLACEHOLDER_NAMES: &[(&str, &str)] = &[
    ("max", "mustermann"),
    ("erika", "mustermann"),
    ("maria", "mustermann"),
    ("martina", "mustermann"),
    ("lieschen", "mueller"),
    ("otto", "normalverbraucher"),
    ("john", "doe"),
    ("jane", "doe"),
    ("test", "test"),
    ("test", "tester"),
    ("test", "user"),
    ("test", "person"),
    ("vorname", "nachname"),
    ("vorname", "name"),
    ("first", "last"),
    ("asdf", "asdf"),
    ("asdf", "jkl"),
    ("donald", "duck"),
    ("micky", "maus"),
    ("mickey", "mouse"),
    ("nomen", "nescio"),
    ("nn", "nn"),
];

/// Surnames that nobody bears, or that nobody enters in earnest, folded.
pub const PLACEHOLDER_SURNAMES: &[&str] = &[
    "mustermann",
    "musterfrau",
    "mustermensch",
    "nachname",
    "familienname",
    "surname",
    "lastname",
    "test",
    "testtest",
    "testperson",
    "testuser",
    "asdf",
    "asdfg",
    "qwertz",
    "qwerty",
    "blabla",
    "abc",
    "abcd",
    "xyz",
    "nn",
];

/// Given names that nobody bears, folded.
pub const PLACEHOLDER_GIVEN_NAMES: &[&str] = &["vorname", "firstname", "asdf", "qwertz", "testvorname"];

static BY_LENGTH: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| {
    let longest = PLACEHOLDER_VALUES.iter().map(|text| text.len()).max().unwrap_or_default();
    (0..=longest)
        .map(|length| PLACEHOLDER_VALUES.iter().copied().filter(|text| text.len() == length).collect())
        .collect()
});

/// Whether a cleaned text stands for "nothing".
///
/// `null` and `NULL` do; `Null` does not, since people bear that name.
pub fn is_placeholder_value(text: &str) -> bool {
    if text.is_empty() || text == "null" || text == "NULL" {
        return true;
    }
    let Some(candidates) = BY_LENGTH.get(text.len()) else { return false };
    candidates.iter().any(|placeholder| placeholder.eq_ignore_ascii_case(text))
        || (!text.is_ascii() && candidates.contains(&text.to_lowercase().as_str()))
}

/// By its first letter which second letters a name that nobody bears has, as bits.
static STARTS: LazyLock<[u32; 26]> = LazyLock::new(|| {
    let names = PLACEHOLDER_NAMES.iter().flat_map(|(given, family)| [*given, *family]);
    let mut starts = [0; 26];
    for name in names.chain(PLACEHOLDER_SURNAMES.iter().chain(PLACEHOLDER_GIVEN_NAMES).copied()) {
        if let [first, second, ..] = name.as_bytes() {
            starts[usize::from(first - b'a')] |= 1 << (second - b'a');
        }
    }
    starts
});

/// Whether the first two letters are those of a name that nobody bears. Never wrong when false; it costs far less than
/// folding the name to look it up.
pub(crate) fn starts_like_placeholder(name: &str) -> bool {
    let mut letters = name.chars().filter(|sign| sign.is_alphanumeric() || !sign.is_ascii());
    let place = |sign: char| match sign.to_ascii_lowercase() {
        letter @ 'a'..='z' => Some(letter as usize - 'a' as usize),
        _ => None,
    };
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_ascii() => {
            let Some(first) = place(first) else { return false };
            // A vowel with its points is folded to the vowel and an e.
            let second = match second {
                'ä' | 'Ä' => 'a',
                'ö' | 'Ö' => 'o',
                'ü' | 'Ü' => 'u',
                second if second.is_ascii() => second,
                _ => return true,
            };
            place(second).is_some_and(|second| STARTS[first] & (1 << second) != 0)
        }
        (Some(first), _) => !first.is_ascii(),
        (None, _) => false,
    }
}

/// Whether a given name and a surname together are one that nobody bears.
pub fn is_placeholder_name(given_name: Option<&str>, surname: Option<&str>) -> bool {
    let given = given_name.map(fold).unwrap_or_default();
    let family = surname.map(fold).unwrap_or_default();
    PLACEHOLDER_SURNAMES.contains(&family.as_str())
        || PLACEHOLDER_GIVEN_NAMES.contains(&given.as_str())
        || PLACEHOLDER_NAMES.contains(&(given.as_str(), family.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_for_nothing_are_known_in_any_case() {
        for text in ["", "-", "n/a", "N/A", "k.A.", "K. A.", "Keine Angabe", "UNBEKANNT", "ENTFÄLLT", "NULL", "None"] {
            assert!(is_placeholder_value(text), "{text}");
        }
    }

    #[test]
    fn names_that_look_like_nothing_are_names() {
        for text in ["Null", "Na", "Ka", "Leer", "X", "Ohnesorg", "Xu"] {
            assert!(!is_placeholder_value(text), "{text}");
        }
    }

    #[test]
    fn names_that_nobody_bears_are_known() {
        assert!(is_placeholder_name(Some("Max"), Some("Mustermann")));
        assert!(is_placeholder_name(Some("Test"), Some("Test")));
        assert!(is_placeholder_name(None, Some("Musterfrau")));
        assert!(!is_placeholder_name(Some("Max"), Some("Müller")));
        assert!(!is_placeholder_name(None, None));
    }

    #[test]
    fn the_tables_hold_what_the_look_up_asks_for() {
        for (given, family) in PLACEHOLDER_NAMES {
            assert_eq!((fold(given).as_str(), fold(family).as_str()), (*given, *family));
        }
        for name in PLACEHOLDER_SURNAMES.iter().chain(PLACEHOLDER_GIVEN_NAMES) {
            assert_eq!(fold(name), *name);
        }
    }

    proptest! {
        #[test]
        fn a_name_that_nobody_bears_is_never_missed_by_its_start(
            name in "[ .]?[a-zA-ZäöüÄÖÜßé\u{308}.-]{0,6}",
            place in 0..PLACEHOLDER_SURNAMES.len() + PLACEHOLDER_GIVEN_NAMES.len() + PLACEHOLDER_NAMES.len(),
        ) {
            let families = PLACEHOLDER_NAMES.iter().map(|(_, family)| family);
            let all: Vec<&str> = PLACEHOLDER_SURNAMES.iter().chain(PLACEHOLDER_GIVEN_NAMES).chain(families).copied().collect();
            let is_known = |name: &str| all.contains(&fold(name).as_str());
            for name in [name.clone(), all[place].to_uppercase(), format!("{name}{}", all[place])] {
                prop_assert!(!is_known(&name) || starts_like_placeholder(&name), "{}", name);
            }
        }
    }
}
