//! What stands beside a name: maiden names, suffixes, nicknames in quotes.

use crate::problem::{Reason, Warning, Warnings};

/// A text cut at its maiden name.
pub(crate) struct BirthName {
    pub(crate) before: String,
    pub(crate) birth: Option<String>,
    pub(crate) after: String,
}

/// Words before a maiden name, in small letters.
const BIRTH_WORDS: &[&str] = &[
    "geb",
    "geborene",
    "geborener",
    "geborenen",
    "gebürtig",
    "née",
    "nee",
    "né",
    "vormals",
    "ehem",
    "früher",
    "rozená",
];

/// "Müller geb. Schmidt", "Müller (geborene Schmidt), Anna", "Müller née Schmidt".
pub(crate) fn split_birth_name(text: &str) -> BirthName {
    let whole = || BirthName { before: text.to_owned(), birth: None, after: String::new() };
    let spaced = text.replace(['(', ')', '[', ']'], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let marker = |word: &&str| {
        let lower = word.trim_end_matches(['.', ':']).to_lowercase();
        BIRTH_WORDS.contains(&lower.as_str())
    };
    let Some(place) = words.iter().position(|word| marker(word) || glued_birth_name(word).is_some()) else {
        return if text.contains(['(', '[']) {
            BirthName { before: words.join(" "), birth: None, after: String::new() }
        } else {
            whole()
        };
    };
    let glued = glued_birth_name(words[place]);
    let behind: Vec<&str> = glued.into_iter().chain(words[place + 1..].iter().copied()).collect();
    if behind.is_empty() {
        return whole();
    }
    let birth_end = behind.iter().position(|word| word.ends_with(',')).map_or(behind.len(), |end| end + 1);
    BirthName {
        before: words[..place].join(" ").trim_end_matches([',', ' ']).to_owned(),
        birth: Some(behind[..birth_end].join(" ").trim_end_matches(',').to_owned()),
        after: behind[birth_end..].join(" "),
    }
}

/// "Brandner verh. Aigner" as the name in marriage and the one before; a name by an earlier marriage is left off.
pub(crate) fn split_married(text: &str) -> Option<(String, Option<String>)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let marker = |word: &&str| {
        let lower = word.trim_end_matches(['.', ':']).to_lowercase();
        let lower = lower.as_str();
        match lower {
            "verh" | "verheiratet" | "verheiratete" | "verehelicht" | "verehelichte" | "verehel" | "vh" => Some(true),
            "verw" | "verwitwet" | "verwitwete" | "gesch" | "geschieden" | "geschiedene" | "wwe" => Some(false),
            _ => None,
        }
    };
    let place = words.iter().skip(1).position(|word| marker(word).is_some())? + 1;
    let is_marriage = marker(&words[place]) == Some(true);
    let before = words[..place].join(" ").trim_end_matches([',', ' ']).to_owned();
    let behind = words[place + 1..].join(" ");
    let (family, given) =
        behind.split_once(',').map_or((behind.as_str(), ""), |(family, given)| (family, given.trim()));
    if family.is_empty() || !is_marriage {
        let whole = if given.is_empty() { before } else { format!("{before}, {given}") };
        return Some((whole, None));
    }
    let (front, earlier) = before.rsplit_once(' ').unwrap_or(("", &before));
    let whole = match (front, given) {
        ("", "") => family.to_owned(),
        ("", given) => format!("{family}, {given}"),
        (front, _) => format!("{front} {family}"),
    };
    Some((whole, Some(earlier.to_owned())))
}

/// "geb.Schmidt".
fn glued_birth_name(word: &str) -> Option<&str> {
    let start = word.get(..4)?;
    let rest = &word[4..];
    (start.eq_ignore_ascii_case("geb.") && rest.chars().next().is_some_and(char::is_alphabetic)).then_some(rest)
}

/// Takes "jun.", "sen.", "d. Ä.", "der Jüngere", "II" off the end of a name that has something before it.
pub(crate) fn split_suffix<'a>(text: &'a str, warnings: &mut Warnings) -> (Option<&'static str>, &'a str) {
    const SUFFIXES: &[(&str, &str)] = &[
        (" der ältere", "d. Ä."),
        (" der jüngere", "d. J."),
        (" d. ä.", "d. Ä."),
        (" d. j.", "d. J."),
        (" d.ä.", "d. Ä."),
        (" d.j.", "d. J."),
        (" junior", "jun."),
        (" senior", "sen."),
        (" jun.", "jun."),
        (" jun", "jun."),
        (" jr.", "jun."),
        (" jr", "jun."),
        (" sen.", "sen."),
        (" sr.", "sen."),
        (" 2nd", "II"),
        (" 3rd", "III"),
        (" iii", "III"),
        (" ii", "II"),
    ];
    let lower = text.to_lowercase();
    if lower.len() != text.len() {
        return (None, text);
    }
    let found = SUFFIXES.iter().find(|(ending, _)| lower.ends_with(ending) && lower.len() > ending.len());
    let bare_senior = text.strip_suffix(" sen").filter(|rest| !rest.is_empty());
    let (suffix, rest) = match (found, bare_senior) {
        (Some((ending, suffix)), _) => (*suffix, &text[..text.len() - ending.len()]),
        (None, Some(rest)) => ("sen.", rest),
        (None, None) => return (None, text),
    };
    warnings.add(if matches!(suffix, "sen." | "d. Ä.") { Warning::SuffixSenior } else { Warning::SuffixJunior });
    (Some(suffix), rest.trim_end_matches([' ', ',', ';']))
}

/// Whether a text cannot be a name, and what is doubtful about it.
pub(crate) fn check_name(text: &str, warnings: &mut Warnings) -> Result<(), Reason> {
    if text.contains('@') {
        return Err(Reason::EmailInName);
    }
    if !text.chars().any(char::is_alphabetic) {
        return Err(Reason::NotAName);
    }
    if text.contains(|sign: char| sign.is_numeric()) {
        warnings.add(Warning::DigitsInName);
    }
    let mut before = ' ';
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign == '?' && before.is_alphabetic() && signs.peek().is_some_and(|next| next.is_alphabetic()) {
            warnings.add(Warning::TextDamaged);
        }
        before = sign;
    }
    Ok(())
}

/// Quotes around a nickname go, the nickname stays: `Hans "Hansi"` is "Hans Hansi".
pub(crate) fn strip_quotes(text: &str) -> String {
    if !text.contains(['"', '„', '“', '”', '«', '»']) {
        return text.to_owned();
    }
    text.replace(['"', '„', '“', '”', '«', '»'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// "Müller - Lüdenscheidt" is "Müller-Lüdenscheidt".
pub(crate) fn tidy_hyphens(text: &str) -> String {
    let mut out = text.to_owned();
    for wide in [" - ", "- ", " -"] {
        while out.contains(wide) {
            out = out.replace(wide, "-");
        }
    }
    out
}
