//! Postal codes, and places with them: "1067", "D-12345", "12345 Berlin".

use crate::city::city;
use crate::country::Country;
use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::text::{MAX_VALUE_LENGTH, clean_compatible, is_longer_than};

/// A postal code, with the country that its prefix names and the place that stood beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostalCode {
    /// Five digits in Germany; elsewhere as written there, in capitals.
    pub code: Option<String>,
    /// The country, where the text says so ("D-12345").
    pub country: Option<Country>,
    /// The place, where the text holds one.
    pub city: Option<String>,
}

/// The first two digits that the Deutsche Post has not assigned to a region.
const UNASSIGNED_REGIONS: [&str; 4] = ["00", "05", "43", "62"];

/// Reads a postal code. `country` is the record's own; without it, the default country counts.
///
/// Germany: five digits in an assigned region; a lost leading zero is put back.
pub fn postal_code(text: &str, country: Country) -> Read<PostalCode> {
    if country == Country::GERMANY && is_german(text) {
        return Ok(Reading::of(PostalCode { code: Some(text.to_owned()), ..PostalCode::default() }));
    }
    if is_longer_than(text, MAX_VALUE_LENGTH) {
        return Err(Reason::TooLong);
    }
    let cleaned = clean_compatible(text);
    if is_placeholder_value(&cleaned) || cleaned.bytes().all(|byte| byte == b'0') {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    let (prefix, rest) = split_country(&cleaned);
    let effective = prefix.unwrap_or(country);
    if effective != Country::GERMANY {
        return foreign(rest, prefix, effective);
    }
    if prefix.is_none()
        && let Some((code, country)) = told_by_form(rest)
    {
        return Ok(Reading::of(PostalCode { code: Some(code), country: Some(country), city: None }));
    }
    let digits = rest.strip_suffix(".0").or_else(|| rest.strip_suffix(",0")).unwrap_or(rest);
    if let Some((front, behind)) = digits.split_once(' ')
        && behind.chars().any(char::is_alphabetic)
    {
        let mut read = german(front, prefix)?;
        if let Some(value) = &mut read.value {
            value.city = city(behind).ok().and_then(|found| found.value).map(|found| found.city);
        }
        return Ok(read);
    }
    german(&digits.replace([' ', '.'], ""), prefix)
}

/// Reads PLZ and place in one text, in either order. Either may be missing.
pub fn postal_code_city(text: &str, country: Country) -> Read<PostalCode> {
    if is_longer_than(text, MAX_VALUE_LENGTH) {
        return Err(Reason::TooLong);
    }
    let cleaned = clean_compatible(text);
    if is_placeholder_value(&cleaned) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    let (prefix, rest) = split_country(&cleaned);
    let effective = prefix.unwrap_or(country);
    let words: Vec<&str> = rest.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let Some(place) = words.iter().position(|word| looks_like_code(word, effective)) else {
        let read = city(rest)?;
        return Ok(read.map(|found| PostalCode { code: None, country: prefix, city: Some(found.city) }));
    };
    let mut read = postal_code(words[place], effective)?;
    let others: Vec<&str> =
        words.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, word)| *word).collect();
    if let Some(value) = &mut read.value {
        value.country = prefix.or(value.country);
        if let Ok(found) = city(&others.join(" ")) {
            read.warnings.join(found.warnings);
            value.city = found.value.map(|found| found.city);
        }
    }
    Ok(read)
}

fn looks_like_code(word: &str, country: Country) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if country == Country::GERMANY {
        digits == word.len() && matches!(digits, 4 | 5)
    } else {
        digits >= 3 && word.len() <= 8
    }
}

/// "D-12345", "DE 12345", "A-1010", "CH 8001".
fn split_country(text: &str) -> (Option<Country>, &str) {
    const PREFIXES: &[(&str, &str)] = &[
        ("DE", "DE"),
        ("D", "DE"),
        ("AT", "AT"),
        ("A", "AT"),
        ("CH", "CH"),
        ("L", "LU"),
        ("LU", "LU"),
        ("NL", "NL"),
        ("B", "BE"),
        ("BE", "BE"),
        ("F", "FR"),
        ("FR", "FR"),
        ("FL", "LI"),
        ("LI", "LI"),
        ("PL", "PL"),
        ("DK", "DK"),
        ("CZ", "CZ"),
        ("I", "IT"),
        ("IT", "IT"),
        ("E", "ES"),
    ];
    let Some(digit) = text.find(|sign: char| sign.is_ascii_digit()) else { return (None, text) };
    let (prefix, rest) = text.split_at(digit);
    let letters = prefix.trim_end_matches([' ', '-', '.', ':']).to_uppercase();
    match PREFIXES.iter().find(|(known, _)| *known == letters) {
        Some((_, code)) => (code.parse().ok(), rest),
        None => (None, text),
    }
}

fn german(digits: &str, prefix: Option<Country>) -> Read<PostalCode> {
    let restored;
    let (code, warnings) = if digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        restored = format!("0{digits}");
        (restored.as_str(), Warnings::of(Warning::LeadingZeroRestored))
    } else {
        (digits, Warnings::NONE)
    };
    if !is_german(code) {
        return Err(Reason::NotAPostalCode);
    }
    Ok(Reading::with(PostalCode { code: Some(code.to_owned()), country: prefix, city: None }, warnings))
}

/// Five digits in an assigned region.
pub(crate) fn is_german(code: &str) -> bool {
    code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit()) && !UNASSIGNED_REGIONS.contains(&&code[..2])
}

/// Codes whose form alone tells the country: "3512 AB", "SW1A 1AA", "00-950".
fn told_by_form(text: &str) -> Option<(String, Country)> {
    let code = text.to_ascii_uppercase();
    ["NL", "GB", "PL", "PT"].into_iter().find_map(|country| Some((in_form(&code, country)?, country.parse().ok()?)))
}

/// A code in capitals as its country writes it; none where it is none of that country.
fn in_form(code: &str, country: &str) -> Option<String> {
    let compact: String = code.chars().filter(|sign| !matches!(sign, ' ' | '-')).collect();
    if !compact.is_ascii() {
        return None;
    }
    let shape: String = compact.chars().map(|sign| if sign.is_ascii_digit() { '9' } else { 'A' }).collect();
    let has_letters_only = compact.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let parted = |place: usize, sign: &str| format!("{}{sign}{}", &compact[..place], &compact[place..]);
    match (country, shape.as_str()) {
        _ if !has_letters_only => None,
        ("NL", "9999AA") => Some(parted(4, " ")),
        ("GB", "A99AA" | "A999AA" | "AA99AA" | "AA999AA" | "A9A9AA" | "AA9A9AA") => {
            Some(parted(compact.len() - 3, " "))
        }
        ("PL", "99999") if code.as_bytes().get(2) == Some(&b'-') => Some(parted(2, "-")),
        ("PT", "9999999") if code.as_bytes().get(4) == Some(&b'-') => Some(parted(4, "-")),
        _ => None,
    }
}

fn foreign(text: &str, prefix: Option<Country>, country: Country) -> Read<PostalCode> {
    let mut code = text.to_ascii_uppercase();
    let whole = code.strip_suffix(".0").filter(|whole| whole.bytes().all(|byte| byte.is_ascii_digit()));
    if let Some(length) = whole.map(str::len) {
        code.truncate(length);
    }
    if country.code() == "PL" && code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        code.insert(2, '-');
    }
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    let (length, is_number) = match country.code() {
        "AT" | "CH" | "LI" | "LU" | "BE" | "DK" | "NO" | "HU" | "SI" => (4, true),
        "FR" | "IT" | "ES" | "US" | "TR" | "FI" | "HR" | "EE" => (5, true),
        "CZ" | "SK" | "SE" | "GR" => (5, false),
        _ => (0, false),
    };
    let mut warnings = Warnings::NONE;
    if length == 5 && is_number && digits == 4 && code.len() == 4 {
        code.insert(0, '0');
        warnings.add(Warning::LeadingZeroRestored);
    } else if length == 5 && !is_number && digits == 5 {
        code.retain(|sign| sign.is_ascii_digit());
        code.insert(3, ' ');
    } else if let Some(formed) = in_form(&code, country.code()) {
        code = formed;
    }
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    let is_long = country.code() == "US" && code.len() == 10 && digits == 9 && code.as_bytes()[5] == b'-';
    let sound = (2..=10).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ' || byte == b'-')
        && digits > 0;
    if !sound || (is_number && !is_long && (digits != length || code.len() != length)) {
        return Err(Reason::NotAPostalCode);
    }
    Ok(Reading::with(PostalCode { code: Some(code), country: prefix, city: None }, warnings))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn austria() -> Country {
        "AT".parse().unwrap()
    }

    fn code(text: &str, country: Country) -> Option<String> {
        postal_code(text, country).unwrap().value.and_then(|value| value.code)
    }

    #[test]
    fn a_lost_leading_zero_is_put_back() {
        assert_eq!(code("1067", Country::GERMANY).as_deref(), Some("01067"));
        assert_eq!(code("1067.0", Country::GERMANY).as_deref(), Some("01067"));
        assert!(postal_code("1067", Country::GERMANY).unwrap().warnings.has(Warning::LeadingZeroRestored));
    }

    #[test]
    fn four_digits_are_whole_where_the_country_has_four() {
        assert_eq!(code("1010", austria()).as_deref(), Some("1010"));
        let read = postal_code("A-1010", Country::GERMANY).unwrap().value.unwrap();
        assert_eq!((read.code.as_deref(), read.country), (Some("1010"), Some(austria())));
    }

    #[test]
    fn a_country_prefix_is_split_off() {
        let read = postal_code("D-12345", austria()).unwrap().value.unwrap();
        assert_eq!((read.code.as_deref(), read.country), (Some("12345"), Some(Country::GERMANY)));
        assert_eq!(code("DE 12345", Country::GERMANY).as_deref(), Some("12345"));
        assert_eq!(code("12 345", Country::GERMANY).as_deref(), Some("12345"));
    }

    #[test]
    fn codes_of_other_forms_are_those_of_their_countries() {
        for (text, expected, country) in [
            ("3512 AB", "3512 AB", "NL"),
            ("3512ab", "3512 AB", "NL"),
            ("SW1A 1AA", "SW1A 1AA", "GB"),
            ("m11ae", "M1 1AE", "GB"),
            ("00-950", "00-950", "PL"),
            ("1000-205", "1000-205", "PT"),
        ] {
            let read = postal_code(text, Country::GERMANY).unwrap().value.unwrap();
            assert_eq!(
                (read.code.as_deref(), read.country.map(Country::code)),
                (Some(expected), Some(country)),
                "{text}"
            );
        }
        for (text, country, expected) in [
            ("1010.0", "AT", "1010"),
            ("6300", "FR", "06300"),
            ("75001", "FR", "75001"),
            ("00950", "PL", "00-950"),
            ("11000", "CZ", "110 00"),
            ("2134", "US", "02134"),
            ("02134-1000", "US", "02134-1000"),
        ] {
            assert_eq!(code(text, country.parse().unwrap()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_postal_code_is_a_problem() {
        for text in ["123", "123456", "Berlin", "05123", "00123", "4300", "12E45", "5123"] {
            let expected = if text == "4300" { None } else { Some(Reason::NotAPostalCode) };
            assert_eq!(postal_code(text, Country::GERMANY).err(), expected, "{text}");
        }
        assert_eq!(postal_code("12345", austria()).err(), Some(Reason::NotAPostalCode));
        assert_eq!(postal_code("00000", Country::GERMANY).unwrap().value, None);
    }

    #[test]
    fn code_and_place_in_one_text_are_split() {
        for (text, code, place) in [
            ("12345 Berlin", "12345", "Berlin"),
            ("D-12345 Berlin", "12345", "Berlin"),
            ("Berlin 12345", "12345", "Berlin"),
            ("Berlin, 12345", "12345", "Berlin"),
            ("1067 DRESDEN", "01067", "Dresden"),
            ("60311 Frankfurt am Main", "60311", "Frankfurt am Main"),
        ] {
            let read = postal_code_city(text, Country::GERMANY).unwrap().value.unwrap();
            assert_eq!((read.code.as_deref(), read.city.as_deref()), (Some(code), Some(place)), "{text}");
        }
        let read = postal_code_city("Berlin", Country::GERMANY).unwrap().value.unwrap();
        assert_eq!((read.code, read.city.as_deref()), (None, Some("Berlin")));
    }

    proptest! {
        #[test]
        fn a_canonical_code_is_its_own_canonical_code(text in "(D-|A-|CH )?[0-9]{3,6}(\\.0| [A-Z]{2})?|\\PC*") {
            for country in [Country::GERMANY, austria(), "NL".parse().unwrap()] {
                if let Ok(Reading { value: Some(PostalCode { code: Some(once), country: prefix, .. }), .. }) = postal_code(&text, country) {
                    let again = postal_code(&once, prefix.unwrap_or(country)).unwrap();
                    prop_assert_eq!(again.value.and_then(|value| value.code), Some(once));
                }
                let _ = postal_code_city(&text, country);
            }
        }
    }
}
