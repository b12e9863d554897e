//! A whole address in one text, on one line or several.

use crate::city::city;
use crate::country::{Country, country};
use crate::placeholder::is_placeholder_value;
use crate::postal_code::{PostalCode, postal_code_city};
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::street::{Street, street};
use crate::text::{MAX_VALUE_LENGTH, clean_compatible, is_longer_than};

/// What an address tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// "Hauptstraße".
    pub street: Option<String>,
    /// "12a".
    pub house_number: Option<String>,
    /// c/o, Postfach, floor, rear building.
    pub extra: Option<String>,
    /// PLZ.
    pub postal_code: Option<String>,
    /// Place.
    pub city: Option<String>,
    /// Country, where the text names it.
    pub country: Option<Country>,
}

/// Reads an address: lines, or parts between commas, or "Hauptstr. 5 12345 Berlin". Names of people above the street
/// are left out. A postal code without a country is one of `default`.
pub fn address(text: &str, default: Country) -> Read<Address> {
    if is_longer_than(text, MAX_VALUE_LENGTH) {
        return Err(Reason::TooLong);
    }
    let cleaned = clean_compatible(text);
    if is_placeholder_value(&cleaned) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    let mut lines = split_lines(text);
    let mut found = Address::default();
    let mut warnings = Warnings::NONE;
    if lines.len() > 1
        && let Some(Ok(Reading { value: Some(named), .. })) = lines.last().map(|line| country(line))
    {
        found.country = Some(named);
        lines.pop();
    }
    // "24103 Kiel Deutschland"
    if found.country.is_none()
        && let Some(last) = lines.last_mut()
        && let Some((before, word)) = last.rsplit_once(' ')
        && word.len() > 4
        && before.bytes().any(|byte| byte.is_ascii_digit())
        && let Ok(Reading { value: Some(named), .. }) = country(word)
    {
        found.country = Some(named);
        *last = before.trim_end_matches([',', ' ']).to_owned();
    }
    let effective = found.country.unwrap_or(default);
    if let Some((before, place)) = take_place(&mut lines, effective) {
        let read = postal_code_city(&place, effective)?;
        warnings.join(read.warnings);
        let PostalCode { code, country, city } = read.value.unwrap_or_default();
        found.country = found.country.or(country);
        found.postal_code = code;
        found.city = city;
        lines.extend(before);
    } else if lines.len() > 1
        && lines.last().is_some_and(|line| may_be_place(line))
        && let Some(Ok(read)) = lines.pop().map(|line| city(&line))
    {
        found.city = read.value.map(|place| place.city);
    }
    take_street(&lines, &mut found, &mut warnings)?;
    if found == Address::default() { Err(Reason::NotAStreet) } else { Ok(Reading::with(found, warnings)) }
}

/// Lines; where there is but one, its parts between commas, with "Q7, 12" left whole.
fn split_lines(text: &str) -> Vec<String> {
    let clean = |line: &str| clean_compatible(line).trim_matches([',', ';', ' ']).to_owned();
    let lines: Vec<String> =
        text.split(['\n', '\r', ';', '|', '•', '·']).map(clean).filter(|line| !line.is_empty()).collect();
    let [line] = lines.as_slice() else { return lines };
    let mut parts: Vec<String> = Vec::new();
    for part in line.split(',').map(clean).filter(|part| !part.is_empty()) {
        let is_number = part.len() <= 4 && part.starts_with(|sign: char| sign.is_ascii_digit());
        // Behind a house number four digits are a postal code.
        let has_number = |before: &str| part.len() == 4 && before.ends_with(|sign: char| sign.is_ascii_digit());
        match parts.last_mut() {
            Some(before) if is_number && !has_number(before) => {
                before.push_str(", ");
                before.push_str(&part);
            }
            _ => parts.push(part),
        }
    }
    parts
}

/// Takes the line with the postal code out; tells what stood before the code on it, and the rest.
fn take_place(lines: &mut Vec<String>, country: Country) -> Option<(Option<String>, String)> {
    let (place, cut) =
        lines.iter().enumerate().rev().find_map(|(place, line)| code_start(line, country).map(|cut| (place, cut)))?;
    let line = lines.remove(place);
    let mut rest = line[cut..].to_owned();
    // "12345, Berlin": the place is a part of its own.
    if !rest.contains(' ') && place < lines.len() {
        rest = format!("{rest} {}", lines.remove(place));
    }
    let before = line[..cut].trim().trim_end_matches([',', ' ', '-', '/']);
    if before.is_empty() {
        return Some(match street_behind_place(&rest) {
            Some(place) => (Some(rest[place..].to_owned()), rest[..place].trim_end_matches([' ', ',', '-']).to_owned()),
            None => (None, rest),
        });
    }
    // "Berlin 12345" on a line of its own: the place stands before its code.
    let place_only = !before.contains(|sign: char| sign.is_ascii_digit()) && !rest.contains(' ');
    if place_only { Some((None, line)) } else { Some((Some(before.to_owned()), rest)) }
}

/// Where the street begins in "24103 Kiel Deichstr. 12-14": at the word that ends as streets do, or before the number.
fn street_behind_place(text: &str) -> Option<usize> {
    const STARTS: &[&str] = &[
        "Am", "An", "Im", "In", "Auf", "Zum", "Zur", "Unter", "Hinter", "Vor", "Alte", "Alter", "Altes", "Große",
        "Großer", "Kleine", "Kleiner", "Obere", "Oberer", "Untere", "Unterer", "Lange", "Langer", "Neue", "Neuer",
        "Rue", "Via", "Calle",
    ];
    const ENDS: &[&str] = &[
        "str.", "str", "straße", "strasse", "weg", "gasse", "platz", "allee", "ring", "damm", "ufer", "steig", "pfad",
        "chaussee", "straat", "laan", "plein", "markt",
    ];
    let mut starts = Vec::new();
    let mut place = 0;
    for word in text.split(' ') {
        starts.push((place, word));
        place += word.len() + 1;
    }
    let number = starts.iter().skip(2).position(|(_, word)| word.starts_with(|sign: char| sign.is_ascii_digit()))? + 2;
    let is_end = |word: &str| ENDS.iter().any(|end| word.to_lowercase().ends_with(end));
    let named = (2..number).find(|&at| is_end(starts[at].1) || STARTS.contains(&starts[at].1));
    let at = match named {
        // "Berliner Straße": the word before belongs to it, if a place is left.
        Some(at)
            if matches!(
                starts[at].1.to_lowercase().as_str(),
                "str." | "straße" | "strasse" | "weg" | "platz" | "allee"
            ) =>
        {
            if at > 2 {
                at - 1
            } else {
                at
            }
        }
        Some(at) => at,
        None if number > 2 => number - 1,
        None => return None,
    };
    Some(starts[at].0)
}

/// Whether a line without a postal code may be a place: no number, no c/o and no rear house.
fn may_be_place(line: &str) -> bool {
    let has_digit = line.contains(|sign: char| sign.is_ascii_digit());
    let is_extra = street(line).is_ok_and(|read| read.value.is_some_and(|value| value.street.is_none()));
    !has_digit && !is_extra
}

/// Where a postal code begins: five digits in Germany, four or more behind a country's letter elsewhere.
fn code_start(line: &str, country: Country) -> Option<usize> {
    let mut start = 0;
    let mut found = None;
    for word in line.split(' ') {
        let digits =
            word.trim_end_matches(',').trim_start_matches(|sign: char| sign.is_ascii_uppercase() || sign == '-');
        let numeric = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let prefixed = digits.len() < word.trim_end_matches(',').len() && word.contains('-');
        let long_enough =
            digits.len() == 5 || (digits.len() == 4 && (prefixed || country != Country::GERMANY || start == 0));
        if numeric && long_enough && digits.len() <= 5 {
            found = Some(start);
        }
        start += word.len() + 1;
    }
    found
}

/// The street is the last line with a house number, else the last line; what follows it is an extra.
fn take_street(lines: &[String], found: &mut Address, warnings: &mut Warnings) -> Result<(), Reason> {
    let reads: Vec<Street> =
        lines.iter().map(|line| street(line).ok().and_then(|read| read.value).unwrap_or_default()).collect();
    let Some(place) = reads.iter().rposition(|read| read.house_number.is_some()).or_else(|| lines.len().checked_sub(1))
    else {
        return Ok(());
    };
    let read = street(&lines[place])?;
    warnings.join(read.warnings);
    let Street { street, house_number, extra } = read.value.unwrap_or_default();
    let mut extras: Vec<String> = reads[..place].iter().filter_map(|read| read.extra.clone()).collect();
    extras.extend(extra);
    extras.extend(lines[place + 1..].iter().cloned());
    found.street = street;
    found.house_number = house_number;
    found.extra = (!extras.is_empty()).then(|| extras.join(", "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Address {
        address(text, Country::GERMANY).unwrap().value.unwrap()
    }

    #[test]
    fn an_address_is_read_from_lines_parts_or_one_run() {
        for text in [
            "Hauptstr. 5\n12345 Berlin",
            "Hauptstraße 5, 12345 Berlin",
            "Hauptstr. 5 12345 Berlin",
            "Hauptstr. 5; D-12345 Berlin; Deutschland",
            "Herrn\nMax Müller\nHauptstr. 5\n12345 Berlin",
            "Hauptstr. 5, 12345, Berlin",
            "Hauptstr. 5, Berlin 12345",
        ] {
            let found = read(text);
            assert_eq!(found.street.as_deref(), Some("Hauptstraße"), "{text}");
            assert_eq!(found.house_number.as_deref(), Some("5"), "{text}");
            assert_eq!(found.postal_code.as_deref(), Some("12345"), "{text}");
            assert_eq!(found.city.as_deref(), Some("Berlin"), "{text}");
        }
    }

    #[test]
    fn the_place_may_stand_first_between_commas_or_not_at_all() {
        for (text, street, number, code, place) in [
            ("24103 Kiel Deichstr. 12-14", "Deichstraße", "12-14", Some("24103"), Some("Kiel")),
            ("61348 Bad Homburg Am Markt 3", "Am Markt", "3", Some("61348"), Some("Bad Homburg")),
            ("24103 Kiel, Deichstr. 12", "Deichstraße", "12", Some("24103"), Some("Kiel")),
            ("Lindenstr. 5 - 24103 Kiel", "Lindenstraße", "5", Some("24103"), Some("Kiel")),
            ("Erlengasse 12/2/7, 1100, Wien", "Erlengasse", "12/2/7", Some("01100"), Some("Wien")),
            ("c/o Vondran, Ringweg 7", "Ringweg", "7", None, None),
            ("Lindenstr. 5, Hinterhaus", "Lindenstraße", "5", None, None),
            ("Lindenstr. 5, Kiel", "Lindenstraße", "5", None, Some("Kiel")),
        ] {
            let found = read(text);
            assert_eq!(
                (found.street.as_deref(), found.house_number.as_deref()),
                (Some(street), Some(number)),
                "{text}"
            );
            assert_eq!((found.postal_code.as_deref(), found.city.as_deref()), (code, place), "{text}");
        }
    }

    #[test]
    fn country_and_extras_are_kept_apart() {
        let found = read("c/o Schmidt\nAm Markt 3\n1010 Wien\nÖsterreich");
        assert_eq!(found.country.map(Country::code), Some("AT"));
        assert_eq!((found.postal_code.as_deref(), found.city.as_deref()), (Some("1010"), Some("Wien")));
        assert_eq!(found.extra.as_deref(), Some("c/o Schmidt"));
        let found = read("Q7, 12, 68161 Mannheim");
        assert_eq!((found.street.as_deref(), found.house_number.as_deref()), (Some("Q7"), Some("12")));
    }

    #[test]
    fn parts_may_be_missing() {
        assert_eq!(read("12345 Berlin").city.as_deref(), Some("Berlin"));
        assert_eq!(read("Hauptstr. 5").street.as_deref(), Some("Hauptstraße"));
        assert_eq!(address("", Country::GERMANY).unwrap().value, None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[A-Za-zß0-9 .,;\n-]{0,40}") {
            let _ = address(&text, Country::GERMANY);
        }
    }
}
