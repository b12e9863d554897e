//! Salutation and sex: "Herrn", "Frau Dr.", "w", "männlich".

use crate::couple::is_household;
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

/// Forms of address, folded: in front of a name, and in a column of salutations.
const FEMALE: &[&str] = &[
    "frau",
    "fr",
    "fraeulein",
    "frl",
    "mrs",
    "ms",
    "miss",
    "mme",
    "mlle",
    "madame",
    "mademoiselle",
    "dame",
    "mevrouw",
    "mevr",
    "mw",
    "signora",
    "sra",
    "senora",
    "pani",
    "bayan",
];
const MALE: &[&str] = &[
    "herr", "herrn", "hr", "hrn", "herren", "hn", "mr", "mister", "sir", "monsieur", "dhr", "meneer", "signor", "sig",
    "senor", "bay",
];
/// Words for the sexes, folded: only in columns, since people bear such names.
const FEMALE_WORDS: &[&str] = &[
    "w",
    "f",
    "weiblich",
    "weibl",
    "female",
    "fem",
    "feminin",
    "feminine",
    "woman",
    "girl",
    "maedchen",
    "femme",
    "fille",
    "vrouw",
    "vrouwelijk",
    "mujer",
    "femenino",
    "donna",
    "femmina",
    "femminile",
    "kobieta",
    "zenska",
    "zena",
    "kadin",
    "kvinde",
    "kvinna",
    "kvinne",
    "v",
];
const MALE_WORDS: &[&str] = &[
    "m",
    "maennlich",
    "maennl",
    "male",
    "masc",
    "maskulin",
    "masculine",
    "mann",
    "man",
    "boy",
    "junge",
    "bub",
    "homme",
    "garcon",
    "mannelijk",
    "hombre",
    "masculino",
    "uomo",
    "maschio",
    "maschile",
    "mezczyzna",
    "meska",
    "muz",
    "erkek",
    "mand",
    "pan",
    "h",
];
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
    for courtesy in
        ["sehr geehrter ", "sehr geehrte ", "lieber ", "liebe ", "an ", "dear ", "to ", "geachte ", "cher ", "chère "]
    {
        rest = strip_start(rest, courtesy);
    }
    let folded = fold(rest);
    if UNSAID.contains(&folded.as_str()) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    if is_several(rest) {
        return Ok(Reading::nothing(Warnings::of(Warning::SeveralPersons)));
    }
    if let Some(known) = from_column(&folded) {
        return Ok(Reading::of(known));
    }
    let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    let found = from_column(&fold(word));
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

/// Takes a salutation off the front of a name: "Herrn Hans Müller", "Frau Müller". A household's is none, and says so.
pub(crate) fn take_salutation(text: &str) -> (Option<Salutation>, &str, Warnings) {
    let Some((word, rest)) = text.split_once(' ') else { return (None, text, Warnings::NONE) };
    if is_household(word) {
        return (None, rest, Warnings::of(Warning::SeveralPersons));
    }
    match salutation_word(word) {
        Some(found) => (Some(found), rest, Warnings::NONE),
        None => (None, text, Warnings::NONE),
    }
}

/// What a word in front of a name tells. One-letter codes are initials there, and some forms of address are names.
pub(crate) fn salutation_word(word: &str) -> Option<Salutation> {
    let folded = fold(word.trim_end_matches(['.', ',']));
    // "Fr", "Sig" and "Ms" may be short for a name; "Bay" and "Pani" are names in full.
    if folded.len() < 2 || matches!(folded.as_str(), "dame" | "sir" | "bay" | "pani" | "sig" | "hn") {
        return None;
    }
    let is_diverse = folded == "divers" || folded == "mx";
    let (salutation, sex) = if FEMALE.contains(&folded.as_str()) {
        ("Frau", "f")
    } else if MALE.contains(&folded.as_str()) {
        ("Herr", "m")
    } else if is_diverse {
        ("Divers", "d")
    } else {
        return None;
    };
    Some(Salutation { salutation: Some(salutation), sex: Some(sex), title: None })
}

/// What a folded text in a column of salutations or sexes tells.
fn from_column(folded: &str) -> Option<Salutation> {
    let (salutation, sex) = if FEMALE.contains(&folded) || FEMALE_WORDS.contains(&folded) {
        ("Frau", "f")
    } else if MALE.contains(&folded) || MALE_WORDS.contains(&folded) {
        ("Herr", "m")
    } else if DIVERSE.contains(&folded) {
        ("Divers", "d")
    } else {
        return None;
    };
    Some(Salutation { salutation: Some(salutation), sex: Some(sex), title: None })
}

/// Whether a text addresses several people: "Herr und Frau", "Mr. & Mrs.", "Familie", "Damen und Herren".
fn is_several(text: &str) -> bool {
    let words: Vec<String> =
        text.split(|sign: char| !sign.is_alphabetic()).map(fold).filter(|word| !word.is_empty()).collect();
    let is_household_word = |word: &String| is_household(word) || matches!(word.as_str(), "damen" | "messrs");
    if words.first().is_some_and(is_household_word) {
        return true;
    }
    words.iter().filter(|word| word.len() > 1 && from_column(word).is_some()).count() > 1
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
        for text in [
            "Familie",
            "Fam.",
            "Mr. & Mrs.",
            "Herrn und Frau",
            "Frau/Herr",
            "Eheleute",
            "Dear Mr and Mrs",
            "Monsieur et Madame",
        ] {
            let read = salutation(text).unwrap();
            assert!(read.warnings.has(Warning::SeveralPersons) && read.value.is_none(), "{text}");
        }
    }

    #[test]
    fn sexes_are_read_in_words_and_codes() {
        for (text, expected) in [
            ("männlich", "m"),
            ("männl.", "m"),
            ("Mann", "m"),
            ("weibl.", "f"),
            ("Frau", "f"),
            ("W", "f"),
            ("female", "f"),
            ("Vrouw", "f"),
            ("Kobieta", "f"),
            ("erkek", "m"),
            ("Divers", "d"),
            ("x", "d"),
        ] {
            assert_eq!(sex(text).unwrap().value, Some(expected), "{text}");
        }
        assert_eq!(sex("keine Angabe").unwrap().value, None);
        assert_eq!(sex("1"), Err(Reason::UnknownSalutation));
    }
}
