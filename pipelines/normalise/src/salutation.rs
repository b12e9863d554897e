//! Salutation and sex: "Herrn", "Frau Dr.", "w", "männlich".

use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::text::{clean_compatible, fold};
use crate::title::take_titles;

/// How a person is addressed, with what that tells besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Salutation {
    /// "Frau", "Herr" or "Divers"; none where the text only tells a title.
    pub salutation: Option<&'static str>,
    /// `f`, `m` or `d`.
    pub sex: Option<&'static str>,
    /// Academic titles that stood beside it.
    pub title: Option<String>,
}

const FEMALE: &[&str] =
    &["frau", "fr", "fraeulein", "frl", "mrs", "ms", "miss", "mme", "madame", "w", "f", "weiblich", "female", "dame"];
const MALE: &[&str] =
    &["herr", "herrn", "hr", "hrn", "herren", "mr", "mister", "sir", "monsieur", "m", "maennlich", "male"];
const DIVERSE: &[&str] = &["divers", "d", "mx", "diverse", "inter", "nonbinary", "nichtbinaer", "x"];
const UNSAID: &[&str] = &[
    "",
    "keine",
    "keineangabe",
    "ka",
    "ohne",
    "ohneangabe",
    "unbekannt",
    "unknown",
    "neutral",
    "u",
    "na",
    "keineanrede",
    "offen",
    "none",
    "null",
];

/// Reads a salutation: "Herrn", "Frau Dr.", "Sehr geehrte Frau", also one-letter codes.
pub fn salutation(text: &str) -> Read<Salutation> {
    let cleaned = clean_compatible(text);
    let mut rest = cleaned.as_ref();
    for courtesy in ["sehr geehrter ", "sehr geehrte ", "lieber ", "liebe ", "an "] {
        rest = strip_start(rest, courtesy);
    }
    let folded = fold(rest);
    if UNSAID.contains(&folded.as_str()) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    if is_several(&folded) {
        return Ok(Reading::nothing(Warnings::of(Warning::SeveralPersons)));
    }
    if let Some(known) = from_folded(&folded) {
        return Ok(Reading::of(known));
    }
    let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    let found = from_folded(&fold(word));
    let (titles, left) = take_titles(if found.is_some() { behind } else { rest });
    match (found, titles) {
        (found, title) if left.is_empty() && (found.is_some() || title.is_some()) => {
            Ok(Reading::of(Salutation { title, ..found.unwrap_or_default() }))
        }
        _ => Err(Reason::UnknownSalutation),
    }
}

/// Reads a sex: `f`, `m` or `d` from codes and words in German and English.
pub fn sex(text: &str) -> Read<&'static str> {
    let read = salutation(text)?;
    match read.value {
        None => Ok(Reading::nothing(read.warnings)),
        Some(known) => known.sex.map(Reading::of).ok_or(Reason::UnknownSalutation),
    }
}

/// Takes a salutation off the front of a name: "Herrn Hans Müller", "Frau Müller".
pub(crate) fn take_salutation(text: &str) -> (Option<Salutation>, &str, Warnings) {
    let Some((word, rest)) = text.split_once(' ') else { return (None, text, Warnings::NONE) };
    match word {
        "Familie" | "Fam." | "Fam" | "FAMILIE" | "familie" | "Eheleute" | "Ehepaar" => {
            return (None, rest, Warnings::of(Warning::SeveralPersons));
        }
        _ => {}
    }
    let known = word.trim_end_matches('.');
    let folded = fold(known);
    // One-letter codes are initials here, and "Fr" or "Ms" may be one when nothing else follows.
    if folded.len() < 2 || matches!(folded.as_str(), "dame" | "sir" | "diverse" | "inter" | "male") {
        return (None, text, Warnings::NONE);
    }
    match from_folded(&folded) {
        Some(found) => (Some(found), rest, Warnings::NONE),
        None => (None, text, Warnings::NONE),
    }
}

fn from_folded(folded: &str) -> Option<Salutation> {
    let (salutation, sex) = if FEMALE.contains(&folded) {
        ("Frau", "f")
    } else if MALE.contains(&folded) {
        ("Herr", "m")
    } else if DIVERSE.contains(&folded) {
        ("Divers", "d")
    } else {
        return None;
    };
    Some(Salutation { salutation: Some(salutation), sex: Some(sex), title: None })
}

fn is_several(folded: &str) -> bool {
    matches!(
        folded,
        "familie"
            | "fam"
            | "eheleute"
            | "ehepaar"
            | "herrundfrau"
            | "frauundherr"
            | "herrnundfrau"
            | "damenundherren"
            | "herrfrau"
    )
}

fn strip_start<'a>(text: &'a str, start: &str) -> &'a str {
    match text.get(..start.len()) {
        Some(found) if found.eq_ignore_ascii_case(start) => &text[start.len()..],
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salutation_tells_the_sex() {
        for (text, name, sex) in [
            ("Herrn", "Herr", "m"),
            ("FRAU", "Frau", "f"),
            ("Hr.", "Herr", "m"),
            ("Sehr geehrte Frau", "Frau", "f"),
            ("divers", "Divers", "d"),
            ("w", "Frau", "f"),
            ("Mrs.", "Frau", "f"),
        ] {
            let read = salutation(text).unwrap().value.unwrap();
            assert_eq!((read.salutation, read.sex), (Some(name), Some(sex)), "{text}");
        }
    }

    #[test]
    fn a_title_beside_it_is_split_off() {
        let read = salutation("Frau Dr.").unwrap().value.unwrap();
        assert_eq!(read, Salutation { salutation: Some("Frau"), sex: Some("f"), title: Some("Dr.".into()) });
    }

    #[test]
    fn a_family_is_several_persons() {
        assert!(salutation("Herr und Frau").unwrap().warnings.has(Warning::SeveralPersons));
        assert!(salutation("Familie").unwrap().warnings.has(Warning::SeveralPersons));
    }

    #[test]
    fn sexes_are_read_in_words_and_codes() {
        for (text, expected) in [("männlich", "m"), ("W", "f"), ("female", "f"), ("Divers", "d"), ("x", "d")] {
            assert_eq!(sex(text).unwrap().value, Some(expected), "{text}");
        }
        assert_eq!(sex("keine Angabe").unwrap().value, None);
        assert_eq!(sex("1"), Err(Reason::UnknownSalutation));
    }
}
