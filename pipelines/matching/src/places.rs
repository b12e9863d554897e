//! Addresses: streets without their endless spellings, and how two addresses compare.

use crate::similarity::{edits, is_typo, jaro_winkler};
use crate::text::fold;

/// Letters and digits only, lower case: `12 a` is `12a`, `TA4 2UG` is `ta42ug`.
pub(crate) fn compact(text: &str) -> String {
    fold(text).replace(' ', "")
}

/// A street's canonical spelling, and the house number behind it, `""` where there is none.
pub(crate) fn street_and_house(text: &str) -> (String, String) {
    let folded = fold(text);
    let mut words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    let mut house = String::new();
    let is_number = |word: &str| word.as_bytes().first().is_some_and(u8::is_ascii_digit) && word.len() <= 5;
    if words.len() > 1 {
        let affix = words.last().is_some_and(|word| word.len() == 1 && !is_number(word)) && words.len() > 2;
        let place = words.len() - 1 - usize::from(affix);
        if is_number(words[place]) {
            house = words.split_off(place).concat();
        } else if is_number(words[0]) {
            words.remove(0).clone_into(&mut house);
        }
    }
    (canonical_street(&words), house)
}

fn canonical_street(words: &[&str]) -> String {
    let mut street = String::new();
    for word in words {
        let word = match *word {
            "strasse" | "str" => "str",
            "st" | "street" | "sankt" => "st",
            "road" | "rd" => "rd",
            "avenue" | "ave" => "ave",
            "platz" | "pl" => "pl",
            other => other,
        };
        street.push_str(word.strip_suffix("strasse").unwrap_or_else(|| word.strip_suffix("str").unwrap_or(word)));
        if word.ends_with("strasse") || word.ends_with("str") {
            street.push_str("str");
        }
    }
    street
}

/// Whether two canonical streets are one, in spite of a slip of the pen.
pub(crate) fn is_same_street(left: &str, right: &str) -> bool {
    left == right || is_typo(left, right) || jaro_winkler(left, right, 0.93) >= 0.93
}

/// How two postal codes compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CodeNearness {
    Different,
    SameArea,
    OneDigit,
    Exact,
}

/// Compares two postal codes: one area share their first half.
pub(crate) fn compare_postal_codes(left: &str, right: &str) -> CodeNearness {
    if left == right {
        return CodeNearness::Exact;
    }
    if edits(left, right, 1).is_some() {
        return CodeNearness::OneDigit;
    }
    let area = left.len().min(right.len()) / 2;
    if area > 0 && left.as_bytes()[..area] == right.as_bytes()[..area] {
        CodeNearness::SameArea
    } else {
        CodeNearness::Different
    }
}

/// How two addresses compare, by growing agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum AddressLevel {
    Far = 1,
    SameRegion,
    SameCity,
    SamePostalCode,
    PlaceOnly,
    StreetElsewhere,
    HouseElsewhere,
    SameStreet,
    NearHouse,
    SameHouse,
}

/// What of two addresses agrees; `None` where a part is missing on either side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressParts {
    pub(crate) street: Option<bool>,
    pub(crate) street_is_exact: bool,
    pub(crate) house: Option<bool>,
    pub(crate) code: Option<CodeNearness>,
    pub(crate) city: Option<bool>,
    pub(crate) region: Option<bool>,
}

/// The level of two addresses; `None` where nothing can be compared.
pub(crate) fn compare(parts: AddressParts) -> Option<AddressLevel> {
    let same_code = parts.code == Some(CodeNearness::Exact);
    let near_place = same_code || parts.code == Some(CodeNearness::OneDigit) || parts.city == Some(true);
    let place_known = parts.code.is_some() || parts.city.is_some();
    if parts.street == Some(true) {
        return Some(match (near_place || !place_known, parts.house) {
            (true, Some(true)) if parts.street_is_exact && same_code => AddressLevel::SameHouse,
            (true, Some(true)) => AddressLevel::NearHouse,
            (true, _) => AddressLevel::SameStreet,
            (false, Some(true)) => AddressLevel::HouseElsewhere,
            (false, _) => AddressLevel::StreetElsewhere,
        });
    }
    if !place_known && parts.region.is_none() {
        return parts.street.map(|_| AddressLevel::Far);
    }
    Some(if same_code && parts.street.is_none() {
        AddressLevel::PlaceOnly
    } else if same_code {
        AddressLevel::SamePostalCode
    } else if near_place {
        AddressLevel::SameCity
    } else if parts.code == Some(CodeNearness::SameArea) || (parts.code.is_none() && parts.region == Some(true)) {
        AddressLevel::SameRegion
    } else {
        AddressLevel::Far
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streets_are_spelled_in_many_ways() {
        assert_eq!(street_and_house("Hauptstraße 12 a"), ("hauptstr".into(), "12a".into()));
        assert_eq!(street_and_house("Haupt Str. 12a").0, street_and_house("Hauptstr.").0);
        assert_eq!(street_and_house("12 Forbes Street"), ("forbesst".into(), "12".into()));
        assert_eq!(street_and_house("Straße des 17. Juni"), ("strdes17juni".into(), String::new()));
    }

    #[test]
    fn a_lost_digit_keeps_a_postal_code_near() {
        assert_eq!(compare_postal_codes("01067", "1067"), CodeNearness::OneDigit);
        assert_eq!(compare_postal_codes("01067", "01076"), CodeNearness::OneDigit);
        assert_eq!(compare_postal_codes("01067", "01999"), CodeNearness::SameArea);
        assert_eq!(compare_postal_codes("01067", "80331"), CodeNearness::Different);
    }
}
