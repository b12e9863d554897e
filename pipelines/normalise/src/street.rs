//! Streets and what stands beside them: "Hauptstr.5", "Q7, 12", "c/o Müller, Am Markt 3", "Postfach 12 34".

use std::borrow::Cow;

use crate::house_number::{canonical as house_number, is_plain, strip_label};
use crate::letter_case::{Words, display, is_capitalised_word, settle};
use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning};
use crate::text::{Form, MAX_VALUE_LENGTH, clean_as, is_longer_than};

/// What a line of an address tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Street {
    /// "Hauptstraße".
    pub street: Option<String>,
    /// "12a".
    pub house_number: Option<String>,
    /// c/o, Postfach, floor, rear building.
    pub extra: Option<String>,
}

/// Reads a street with or without its house number. c/o, Postfach, floors and the like go to `extra`.
pub fn street(text: &str) -> Read<Street> {
    read(text, true)
}

/// Reads a street whose house number is known to stand elsewhere: digits at the end belong to the street.
pub fn street_without_number(text: &str) -> Read<Street> {
    read(text, false)
}

/// "Hauptstraße 5", "Hauptstr. 5": one word and a plain number, as most are. None: take the full way.
pub(crate) fn plain(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let (name, number) = text.rsplit_once(' ')?;
    if name.len() <= 5 || name.len() > 100 || !is_plain(number) {
        return None;
    }
    if let Some(stem) = name.strip_suffix("str.") {
        return is_capitalised_word(stem).then(|| (Cow::Owned(format!("{stem}straße")), number));
    }
    let ends = ENDINGS.iter().any(|ending| name.ends_with(ending)) && name != "Straße";
    (ends && is_capitalised_word(name)).then_some((Cow::Borrowed(name), number))
}

/// Endings of streets that are written out and need no further look.
const ENDINGS: &[&str] = &[
    "straße", "weg", "platz", "allee", "gasse", "ring", "damm", "ufer", "markt", "hof", "berg", "feld", "park",
    "grund", "steig", "pfad",
];

fn read(text: &str, with_number: bool) -> Read<Street> {
    if is_longer_than(text, MAX_VALUE_LENGTH) {
        return Err(Reason::TooLong);
    }
    let halves = text.replace('½', " 1/2");
    let (cleaned, mut warnings) = clean_as(&halves, Form::Compatible);
    if is_placeholder_value(&cleaned) {
        if !cleaned.is_empty() {
            warnings.add(Warning::PlaceholderValue);
        }
        return Ok(Reading::nothing(warnings));
    }
    if cleaned.contains('@') || !cleaned.chars().any(char::is_alphabetic) {
        return Err(Reason::NotAStreet);
    }
    if let Some((square, number)) = mannheim_square(&cleaned) {
        return Ok(Reading::with(Street { street: Some(square), house_number: number, extra: None }, warnings));
    }
    let mut found = Street::default();
    let mut extras: Vec<String> = Vec::new();
    let mut parts = split_parts(&cleaned);
    // "OT Altfelde, Schillerstraße 5": what has no number stands before the street, where a later part has one.
    let is_whole = |part: &&str| with_number && as_extra(part).is_none() && names_street_and_number(part);
    if let Some(street) = parts.iter().position(is_whole).filter(|place| *place > 0)
        && parts[..street].iter().all(|part| as_extra(part).is_some() || split_number(part).1.is_none())
    {
        extras.extend(parts.drain(..street).map(|part| as_extra(part).unwrap_or_else(|| part.to_owned())));
    }
    for part in parts {
        take_part(part, with_number, &mut found, &mut extras);
    }
    if !extras.is_empty() {
        found.extra = Some(extras.join(", "));
    }
    Ok(Reading::with(found, warnings))
}

/// Whether a part holds both a street and its number.
fn names_street_and_number(part: &str) -> bool {
    let (name, number, _) = split_number(part);
    number.is_some() && name.chars().filter(|sign| sign.is_alphabetic()).count() > 1
}

/// One part between commas: an extra, the street, or the number alone.
fn take_part(part: &str, with_number: bool, found: &mut Street, extras: &mut Vec<String>) {
    if let Some(extra) = as_extra(part) {
        extras.push(extra);
        return;
    }
    if found.street.is_some() {
        let number = house_number(strip_label(part)).filter(|_| with_number && found.house_number.is_none());
        match number {
            Some(number) => found.house_number = Some(number),
            None => extras.push(part.to_owned()),
        }
        return;
    }
    let (name, number, behind) = if with_number { split_number(part) } else { (part, None, "") };
    let name = name.trim_matches([' ', ',', ';']);
    if name.chars().any(char::is_alphabetic) {
        found.street = Some(canonical(name));
        found.house_number = number;
    } else {
        extras.push(part.to_owned());
    }
    if !behind.is_empty() {
        extras.push(behind.to_owned());
    }
}

/// The parts between commas, semicolons and line breaks; "c/o" begins a part of its own.
fn split_parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        let lower = part.to_ascii_lowercase();
        match lower.find(" c/o ").or_else(|| lower.find(" postfach ")) {
            Some(cut) => parts.extend([part[..cut].trim(), part[cut + 1..].trim()]),
            None => parts.push(part),
        }
    }
    parts
}

/// Words before whose home or whose hands it is.
const HOSTS: &[&str] =
    &["z. hd.", "z.hd.", "z. h.", "z.h.", "zu händen", "zu handen", "attn", "att.", "p.a. ", "p. a. "];

/// Words that a floor, a rear building or a flat begins with.
const EXTRA_STARTS: &[&str] = &[
    "hinterhaus",
    "vorderhaus",
    "seitenflügel",
    "gartenhaus",
    "quergebäude",
    "hh",
    "vh",
    "sf",
    "whg",
    "wohnung",
    "app.",
    "appartement",
    "apartment",
    "apt",
    "zimmer",
    "zi.",
    "eg",
    "dg",
    "ug",
    "og",
    "etage",
    "stock",
    "stiege",
    "stg",
    "tür",
    "top",
    "flat",
    "unit",
    "suite",
    "bus",
    "bte",
    "geb",
    "gebäude",
    "erdgeschoss",
    "dachgeschoss",
    "souterrain",
    "nebengebäude",
    "links",
    "rechts",
    "mitte",
    "bei",
    "aufgang",
    "eingang",
    "haus",
    "hs",
    "nebenhaus",
    "ht",
];

/// c/o, Postfach, floors, rear buildings, flats.
fn as_extra(part: &str) -> Option<String> {
    let lower = part.to_lowercase();
    if let Some(rest) = lower.strip_prefix("c/o").or_else(|| lower.strip_prefix("co ")) {
        let name = part[part.len() - rest.len()..].trim_start_matches([' ', ':', '.']);
        return Some(format!("c/o {name}"));
    }
    let is_host = HOSTS.iter().any(|host| lower.starts_with(host));
    if is_host || part.starts_with('(') && part.ends_with(')') {
        return Some(part.to_owned());
    }
    for label in ["postfach", "p.o. box", "po box", "pf "] {
        if let Some(rest) = lower.strip_prefix(label)
            && rest.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, ' ' | '.' | ':'))
        {
            let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
            return Some(format!("Postfach {digits}").trim_end().to_owned());
        }
    }
    let words: Vec<&str> = lower.split(' ').collect();
    let starts = EXTRA_STARTS.contains(&words[0]) || EXTRA_STARTS.contains(&words[0].trim_end_matches('.'));
    // "Stg. 3 Top 7": a number behind the word says that it is one.
    let is_numbered = words.get(1).is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let most = if is_numbered { 6 } else { 3 };
    let is_floor_word = |word: &str| {
        let word = word.trim_end_matches('.').trim_start_matches(|sign: char| sign.is_ascii_digit() || sign == '.');
        ["og", "etage", "stock", "ug", "obergeschoss", "stiege", "st", "floor", "dg", "eg", "re", "li"].contains(&word)
    };
    let is_glued_floor = words[0].starts_with(|sign: char| sign.is_ascii_digit()) && is_floor_word(words[0]);
    let floor = is_glued_floor
        || words.len() >= 2
            && words[0].trim_end_matches('.').bytes().all(|byte| byte.is_ascii_digit())
            && is_floor_word(words[1]);
    (starts && words.len() <= most || floor).then(|| part.to_owned())
}

/// Mannheim's squares: "Q7, 12", "Q 7 12", "Q7".
fn mannheim_square(text: &str) -> Option<(String, Option<String>)> {
    let bytes = text.as_bytes();
    let letter = bytes.first().filter(|byte| (b'A'..=b'U').contains(&byte.to_ascii_uppercase()))?.to_ascii_uppercase();
    let rest = text[1..].trim_start();
    let digits = match rest.as_bytes() {
        [b'1', b'0'..=b'5', ..] => 2,
        [b'1'..=b'9', ..] => 1,
        _ => return None,
    };
    let (digit, rest) = rest.split_at(digits);
    if !rest.is_empty() && !rest.starts_with([' ', ',', '/', '-']) {
        return None;
    }
    let number = rest.trim_start_matches([' ', ',', '/', '-']);
    let square = format!("{}{digit}", char::from(letter));
    if number.is_empty() {
        return Some((square, None));
    }
    house_number(number).map(|number| (square, Some(number)))
}

/// Cuts the house number off: at the end, or in front where none is at the end. What follows a number is an extra.
fn split_number(part: &str) -> (&str, Option<String>, &str) {
    for (place, sign) in part.char_indices() {
        if place == 0 || !sign.is_ascii_digit() {
            continue;
        }
        let before = part[..place].chars().next_back().unwrap_or(' ');
        let glued = before.is_alphabetic() || before == '.';
        if before.is_ascii_digit() || !(before == ' ' || glued) {
            continue;
        }
        let name = strip_number_label(part[..place].trim_end());
        if !name.chars().any(char::is_alphabetic) || is_bare_street(name) && before == ' ' {
            continue;
        }
        if let Some(number) = house_number(&part[place..]) {
            return (name, Some(number), "");
        }
        if let Some((number, behind)) = number_with_extra(&part[place..]) {
            return (name, Some(number), behind);
        }
    }
    leading_number(part).unwrap_or((part, None, ""))
}

/// "Straße 12" is a street in Berlin; its house number follows.
fn is_bare_street(name: &str) -> bool {
    matches!(name.to_lowercase().as_str(), "straße" | "strasse" | "str.")
}

fn strip_number_label(name: &str) -> &str {
    for label in [" Nr.", " Nr", " nr.", " nr", " Hausnr.", " Hausnummer", " No.", " NR."] {
        if let Some(rest) = name.strip_suffix(label) {
            return rest.trim_end();
        }
    }
    name
}

/// "12 Hinterhaus", "5 3. OG".
fn number_with_extra(text: &str) -> Option<(String, &str)> {
    let cuts = text.char_indices().filter(|(_, sign)| matches!(*sign, ' ' | '/' | '(')).map(|(place, _)| place);
    for cut in cuts {
        let behind = text[cut..].trim_start_matches([' ', '/', '-', ',']);
        if let (Some(number), Some(_)) = (house_number(text[..cut].trim_end()), as_extra(behind)) {
            return Some((number, behind));
        }
    }
    None
}

/// "12 Rue de la Paix".
fn leading_number(part: &str) -> Option<(&str, Option<String>, &str)> {
    let (first, rest) = part.split_once(' ')?;
    let number = house_number(first.trim_end_matches(','))?;
    let sound = rest.chars().filter(|sign| sign.is_alphabetic()).count() > 2
        && !rest.contains(|sign: char| sign.is_ascii_digit());
    sound.then_some((rest, Some(number), ""))
}

/// The street's name in its canonical form.
fn canonical(name: &str) -> String {
    settle(name, canonical_once)
}

fn canonical_once(name: &str) -> String {
    let cased = display(name, Words::Place);
    let words: Vec<String> =
        cased.split(' ').enumerate().map(|(place, word)| canonical_word(word, place == 0)).collect();
    words.join(" ")
}

fn canonical_word(word: &str, first: bool) -> String {
    let lower = word.to_lowercase();
    match lower.as_str() {
        "str" | "str." | "strasse" | "straße" => return "Straße".to_owned(),
        "pl." => return "Platz".to_owned(),
        "a.d." if !first => return "an der".to_owned(),
        _ => {}
    }
    if lower.len() != word.len() {
        return word.to_owned();
    }
    for (ending, long) in
        [("strasse", "straße"), ("str.", "straße"), ("str", "straße"), ("platz", "platz"), ("pl.", "platz")]
    {
        let Some(stem) = lower.strip_suffix(ending) else { continue };
        let stem = &word[..stem.len()];
        if stem.ends_with('-') {
            let mut capital = long.chars();
            let initial = capital.next().map(|sign| sign.to_ascii_uppercase()).unwrap_or_default();
            return format!("{}{initial}{}", saints(stem), capital.as_str());
        }
        if stem.chars().filter(|sign| sign.is_alphabetic()).count() > 1 {
            return format!("{stem}{long}");
        }
    }
    saints(word)
}

/// "St.-Georg-Straße" is "Sankt-Georg-Straße".
fn saints(word: &str) -> String {
    match word.strip_prefix("St.-").or_else(|| word.strip_prefix("St-")) {
        Some(rest) => format!("Sankt-{rest}"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(cases: &[(&str, &str, Option<&str>, Option<&str>)]) {
        for (text, name, number, extra) in cases {
            let read = street(text).unwrap().value.unwrap();
            assert_eq!(
                (read.street.as_deref().unwrap_or(""), read.house_number.as_deref(), read.extra.as_deref()),
                (*name, *number, *extra),
                "{text}"
            );
        }
    }

    #[test]
    fn street_and_house_number_come_apart() {
        check(&[
            ("Hauptstraße 5", "Hauptstraße", Some("5"), None),
            ("Hauptstr. 5a", "Hauptstraße", Some("5a"), None),
            ("Hauptstr.5", "Hauptstraße", Some("5"), None),
            ("Hauptstrasse 12 - 14", "Hauptstraße", Some("12-14"), None),
            ("HAUPTSTRASSE 12 A", "Hauptstraße", Some("12a"), None),
            ("Am Markt 3", "Am Markt", Some("3"), None),
            ("Straße des 17. Juni 135", "Straße des 17. Juni", Some("135"), None),
            ("Platz der Republik 1", "Platz der Republik", Some("1"), None),
            ("Hauptstraße Nr. 5", "Hauptstraße", Some("5"), None),
            ("Hauptstraße, 5", "Hauptstraße", Some("5"), None),
            ("Hauptstraße", "Hauptstraße", None, None),
            ("12 Rue de la Paix", "Rue de la Paix", Some("12"), None),
            ("Straße 12", "Straße 12", None, None),
            ("Alte Allee 7/9", "Alte Allee", Some("7/9"), None),
        ]);
    }

    #[test]
    fn street_words_are_written_out() {
        check(&[
            ("Berliner Str. 1", "Berliner Straße", Some("1"), None),
            ("Konrad-Adenauer-Str. 1", "Konrad-Adenauer-Straße", Some("1"), None),
            ("konrad-adenauer-strasse 1", "Konrad-Adenauer-Straße", Some("1"), None),
            ("Str. des Friedens 1", "Straße des Friedens", Some("1"), None),
            ("St.-Georg-Str. 1", "Sankt-Georg-Straße", Some("1"), None),
            ("Marktpl. 1", "Marktplatz", Some("1"), None),
            ("AN DER ALTEN MÜHLE 1", "An der Alten Mühle", Some("1"), None),
        ]);
    }

    #[test]
    fn squares_in_mannheim_are_streets() {
        check(&[
            ("Q7, 12", "Q7", Some("12"), None),
            ("Q 7, 12a", "Q7", Some("12a"), None),
            ("Q7 12", "Q7", Some("12"), None),
            ("q7", "Q7", None, None),
            ("L14, 9", "L14", Some("9"), None),
            ("L 12,3", "L12", Some("3"), None),
        ]);
    }

    #[test]
    fn what_stands_beside_the_street_is_kept_apart() {
        check(&[
            ("c/o Müller, Hauptstr. 5", "Hauptstraße", Some("5"), Some("c/o Müller")),
            ("Hauptstr. 5 c/o Müller", "Hauptstraße", Some("5"), Some("c/o Müller")),
            ("Hauptstr. 5, Hinterhaus", "Hauptstraße", Some("5"), Some("Hinterhaus")),
            ("Hauptstr. 5 Hinterhaus", "Hauptstraße", Some("5"), Some("Hinterhaus")),
            ("Hauptstr. 5, 3. OG", "Hauptstraße", Some("5"), Some("3. OG")),
            ("Hauptstr. 5 2.OG", "Hauptstraße", Some("5"), Some("2.OG")),
            ("Hauptstr. 5 (bei Müller)", "Hauptstraße", Some("5"), Some("(bei Müller)")),
            ("Hauptstr. 12/Stiege 3/Top 7", "Hauptstraße", Some("12"), Some("Stiege 3/Top 7")),
            ("Hauptstr. 5 / Whg 12", "Hauptstraße", Some("5"), Some("Whg 12")),
            ("OT Altfelde, Hauptstr. 5", "Hauptstraße", Some("5"), Some("OT Altfelde")),
            ("z. Hd. Frau Müller, Hauptstr. 5", "Hauptstraße", Some("5"), Some("z. Hd. Frau Müller")),
            ("Schloss, Hauptstr. 5, Hinterhaus", "Hauptstraße", Some("5"), Some("Schloss, Hinterhaus")),
            ("Postfach 12 34 56", "", None, Some("Postfach 123456")),
        ]);
    }

    #[test]
    fn digits_stay_where_the_house_number_has_its_own_column() {
        let read = street_without_number("Straße 12").unwrap().value.unwrap();
        assert_eq!((read.street.as_deref(), read.house_number), (Some("Straße 12"), None));
    }

    #[test]
    fn what_is_no_street_is_a_problem_or_nothing() {
        assert_eq!(street("12345"), Err(Reason::NotAStreet));
        assert_eq!(street("hans@web.de"), Err(Reason::NotAStreet));
        assert_eq!(street("k.A.").unwrap().value, None);
    }

    proptest! {
        #[test]
        fn a_canonical_street_is_its_own_canonical_street(
            text in "(Haupt|Berliner |Am |Konrad-Adenauer-|STRASSE|str\\.|Straße|Str|Platz|weg |a\\.d\\.|St\\.-|des| 17\\. Juni| Q7| |,|[A-Za-zäß]{1,4}){1,5}( [0-9]{1,3}[a-c]?)?"
        ) {
            if let Ok(Reading { value: Some(Street { street: Some(once), .. }), .. }) = street(&text) {
                let again = street_without_number(&once).unwrap().value.unwrap();
                if again.extra.is_none() && again.house_number.is_none() {
                    prop_assert_eq!(again.street, Some(once));
                }
            }
        }

        #[test]
        fn the_short_way_and_the_full_way_agree(text in "[A-ZÄÖ][a-zäöüß]{0,8}(straße|weg|platz|hof|markt|ring|strasse|str\\.|) [0-9]{1,4}[a-z]?") {
            if let Some((name, number)) = plain(&text) {
                let expected = Street { street: Some(name.into_owned()), house_number: Some(number.into()), extra: None };
                prop_assert_eq!(read(&text, true), Ok(Reading::of(expected)));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[A-Za-zäöüß0-9 .,/c-]{0,30}") {
            let _ = (street(&text), street_without_number(&text));
        }
    }
}
