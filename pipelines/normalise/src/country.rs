//! Countries: names and codes to ISO 3166-1 alpha-2.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::country_table::COUNTRIES;
use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::text::{clean_compatible, fold};

/// A country: its row in the table, so that it is cheap to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country(u8);

impl Country {
    /// Germany.
    pub const GERMANY: Self = Self(row_of(*b"DE"));

    /// The two letters of ISO 3166-1.
    pub const fn code(self) -> &'static str {
        COUNTRIES[self.0 as usize].0
    }
}

/// The row of a code that is in the table; a wrong one does not compile.
const fn row_of(code: [u8; 2]) -> u8 {
    let mut row = 0;
    loop {
        let found = COUNTRIES[row as usize].0.as_bytes();
        if found[0] == code[0] && found[1] == code[1] {
            return row;
        }
        row += 1;
    }
}

impl fmt::Display for Country {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

impl FromStr for Country {
    type Err = Reason;

    fn from_str(text: &str) -> Result<Self, Reason> {
        country(text)?.value.ok_or(Reason::UnknownCountry)
    }
}

static BY_NAME: LazyLock<FxHashMap<&'static str, Country>> = LazyLock::new(|| {
    let mut map = FxHashMap::default();
    for (row, (_, alpha_3, names)) in (0_u8..).zip(COUNTRIES) {
        let country = Country(row);
        map.insert(*alpha_3, country);
        for name in names.split('|').filter(|name| name.len() != 2) {
            map.insert(name, country);
        }
    }
    map.insert("uk", Country(row_of(*b"GB")));
    map.insert("fl", Country(row_of(*b"LI")));
    map
});

/// Reads a country: its name in German or English, ISO codes of two or three letters, number plates' codes ("D").
pub fn country(text: &str) -> Read<Country> {
    if text.len() > 100 {
        return Err(Reason::UnknownCountry);
    }
    if let Some(known) = by_code(text) {
        return Ok(Reading::of(known));
    }
    let cleaned = clean_compatible(text);
    if is_placeholder_value(&cleaned) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    let folded = fold(&cleaned);
    let code = (folded.len() == 2).then(|| by_code(&folded.to_ascii_uppercase())).flatten();
    code.or_else(|| BY_NAME.get(folded.as_str()).copied()).map(Reading::of).ok_or(Reason::UnknownCountry)
}

fn by_code(text: &str) -> Option<Country> {
    if text.len() != 2 {
        return None;
    }
    (0_u8..).zip(COUNTRIES).find(|(_, row)| row.0 == text).map(|(row, _)| Country(row))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_codes_become_two_letters() {
        for (text, expected) in [
            ("Deutschland", "DE"),
            ("DEUTSCHLAND", "DE"),
            ("Germany", "DE"),
            ("D", "DE"),
            ("de", "DE"),
            ("DEU", "DE"),
            ("Österreich", "AT"),
            ("Oesterreich", "AT"),
            ("A", "AT"),
            ("Schweiz", "CH"),
            ("UK", "GB"),
            ("Türkei", "TR"),
            ("United States", "US"),
            ("PL", "PL"),
        ] {
            assert_eq!(country(text).unwrap().value.map(Country::code), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_country_is_a_problem() {
        assert_eq!(country("Bayern"), Err(Reason::UnknownCountry));
        assert_eq!(country("ZZ"), Err(Reason::UnknownCountry));
        assert_eq!(country("").unwrap().value, None);
    }

    #[test]
    fn the_table_holds_folded_names_and_each_name_once() {
        let mut seen = std::collections::BTreeMap::new();
        for (code, alpha_3, names) in COUNTRIES {
            for name in names.split('|').chain([*alpha_3]) {
                assert_eq!(fold(name), name);
                if let Some(other) = seen.insert(name, code) {
                    assert_eq!(other, code, "{name}");
                }
            }
            assert_eq!(country(code).unwrap().value.map(Country::code), Some(*code));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = country(&text);
        }
    }
}
