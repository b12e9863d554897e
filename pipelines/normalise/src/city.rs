//! Places: "FRANKFURT A.M." is "Frankfurt am Main".

use crate::letter_case::{Words, display, settle};
use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning};
use crate::text::{Form, MAX_VALUE_LENGTH, clean_as, is_longer_than};

/// A place, with the PLZ that stood before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct City {
    /// The place in display case.
    pub city: String,
    /// Digits of a PLZ in the same text, unchecked.
    pub postal_code: Option<String>,
}

/// Short forms of places on rivers, in small letters → written out.
const SHORT_FORMS: &[(&str, &str)] = &[
    (" a. d. oder", " an der Oder"),
    (" a.d. oder", " an der Oder"),
    (" a. d. o.", " an der Oder"),
    ("/oder", " an der Oder"),
    (" (oder)", " an der Oder"),
    (" a. main", " am Main"),
    (" a.main", " am Main"),
    (" a. m.", " am Main"),
    (" a.m.", " am Main"),
    (" a.m", " am Main"),
    (" am m.", " am Main"),
    ("/main", " am Main"),
    ("/m.", " am Main"),
    (" (main)", " am Main"),
    (" a. rhein", " am Rhein"),
    (" a.rh.", " am Rhein"),
    (" a. rh.", " am Rhein"),
    ("/rhein", " am Rhein"),
    (" (rhein)", " am Rhein"),
    (" a. neckar", " am Neckar"),
    (" a.n.", " am Neckar"),
    (" a. n.", " am Neckar"),
    ("/neckar", " am Neckar"),
    ("/ruhr", " an der Ruhr"),
    (" a.d. ruhr", " an der Ruhr"),
    (" a. d. ruhr", " an der Ruhr"),
    (" (ruhr)", " an der Ruhr"),
    ("/saale", " an der Saale"),
    (" (saale)", " an der Saale"),
    (" i. br.", " im Breisgau"),
    (" i.br.", " im Breisgau"),
    (" i. brsg.", " im Breisgau"),
    ("/breisgau", " im Breisgau"),
    (" i. westf.", " in Westfalen"),
    (" i.w.", " in Westfalen"),
];

/// Reads a place. A PLZ before it is split off.
pub fn city(text: &str) -> Read<City> {
    if is_longer_than(text, MAX_VALUE_LENGTH) {
        return Err(Reason::TooLong);
    }
    let (cleaned, mut warnings) = clean_as(text, Form::Compatible);
    if is_placeholder_value(&cleaned) {
        if !cleaned.is_empty() {
            warnings.add(Warning::PlaceholderValue);
        }
        return Ok(Reading::nothing(warnings));
    }
    let (code, place) = split_code(&cleaned);
    let place = place.trim_matches([' ', ',', ';', '-', '/']);
    if !place.chars().any(char::is_alphabetic) || place.contains('@') {
        return Err(Reason::NotACity);
    }
    let city = settle(place, |place| display(&expand(place), Words::Place).into_owned());
    Ok(Reading::with(City { city, postal_code: code.map(str::to_owned) }, warnings))
}

fn split_code(text: &str) -> (Option<&str>, &str) {
    let digits = text.strip_prefix("D-").unwrap_or(text);
    match digits.split_once(' ') {
        Some((code, place)) if matches!(code.len(), 4 | 5) && code.bytes().all(|byte| byte.is_ascii_digit()) => {
            (Some(code), place)
        }
        _ => (None, text),
    }
}

fn expand(place: &str) -> String {
    let lower = place.to_lowercase();
    if lower.len() == place.len()
        && let Some((short, long)) = SHORT_FORMS.iter().find(|(short, _)| lower.ends_with(short))
        && lower.len() > short.len()
    {
        return format!("{}{long}", display(place[..place.len() - short.len()].trim_end(), Words::Place));
    }
    match place.strip_prefix("St.").or_else(|| place.strip_prefix("ST.")) {
        Some(rest) if !rest.starts_with([' ', '-']) => format!("St. {rest}"),
        _ => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_have_one_form() {
        for (text, expected) in [
            ("BERLIN", "Berlin"),
            ("frankfurt am main", "Frankfurt am Main"),
            ("Frankfurt a.M.", "Frankfurt am Main"),
            ("Frankfurt/Main", "Frankfurt am Main"),
            ("Frankfurt (Oder)", "Frankfurt an der Oder"),
            ("Freiburg i. Br.", "Freiburg im Breisgau"),
            ("St.Ingbert", "St. Ingbert"),
            ("Sankt Augustin", "Sankt Augustin"),
            ("VILLINGEN-SCHWENNINGEN", "Villingen-Schwenningen"),
            ("BAD HOMBURG V. D. HÖHE", "Bad Homburg v. d. Höhe"),
            ("  Köln ", "Köln"),
            ("KÃ¶ln", "Köln"),
        ] {
            assert_eq!(city(text).unwrap().value.map(|found| found.city).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_code_before_the_place_is_split_off() {
        let read = city("12345 Berlin").unwrap().value.unwrap();
        assert_eq!((read.city.as_str(), read.postal_code.as_deref()), ("Berlin", Some("12345")));
    }

    #[test]
    fn digits_are_no_place() {
        assert_eq!(city("12345"), Err(Reason::NotACity));
        assert_eq!(city("unbekannt").unwrap().value, None);
    }

    proptest! {
        #[test]
        fn a_canonical_place_is_its_own_canonical_place(text in "[A-Za-zäöüß ./()-]{0,24}|(Bad|FRANKFURT|a\\.M\\.|/Main|am|AN DER|St\\.|Oder| ){0,5}|\\PC*") {
            if let Ok(Reading { value: Some(once), .. }) = city(&text) {
                prop_assert_eq!(city(&once.city).unwrap().value.map(|found| found.city), Some(once.city));
            }
        }
    }
}
