//! What stands beside a name: maiden names, suffixes, nicknames in quotes, firms, couples.

use crate::problem::{Reason, Warning, Warnings};

/// Words that only the names of firms, associations and authorities hold, in lower case.
pub(crate) const COMPANY_WORDS: &[&str] = &[
    "gmbh",
    "mbh",
    "ggmbh",
    "kg",
    "kgaa",
    "ohg",
    "ug",
    "gbr",
    "e.v.",
    "e.v",
    "ev.",
    "e.g.",
    "eg",
    "ltd",
    "ltd.",
    "inc",
    "inc.",
    "llc",
    "verein",
    "ortsverein",
    "kreisverband",
    "landesverband",
    "unterbezirk",
    "stiftung",
    "verlag",
    "kanzlei",
    "praxis",
    "apotheke",
    "bäckerei",
    "firma",
    "fa.",
    "stadtverwaltung",
    "gemeindeverwaltung",
    "redaktion",
    "sekretariat",
    "geschäftsstelle",
    "fraktion",
    "gewerkschaft",
    "hausverwaltung",
    "e.k.",
];

/// A text cut at its maiden name.
pub(crate) struct BirthName {
    pub(crate) before: String,
    pub(crate) birth: Option<String>,
    pub(crate) after: String,
}

/// "Müller geb. Schmidt", "Müller (geborene Schmidt), Anna", "Müller née Schmidt".
pub(crate) fn split_birth_name(text: &str) -> BirthName {
    let whole = || BirthName { before: text.to_owned(), birth: None, after: String::new() };
    let spaced = text.replace(['(', ')', '[', ']'], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let marker = |word: &&str| {
        let lower = word.trim_end_matches(['.', ':']).to_lowercase();
        matches!(lower.as_str(), "geb" | "geborene" | "geborener" | "geborenen" | "née" | "nee" | "né")
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

/// Whether the text names a firm, an association or an authority: two words or more, one of them telling.
pub(crate) fn is_company(text: &str) -> bool {
    let words: Vec<&str> = text.split([' ', ',', '(', ')']).filter(|word| !word.is_empty()).collect();
    let telling = |word: &&str| COMPANY_WORDS.contains(&word.to_lowercase().as_str());
    words.len() > 1 && (words.last() == Some(&"AG") || words.iter().any(telling))
}

/// Whether the text joins two people: "Hans und Anna", "Hans & Anna", "Hans u. Anna".
pub(crate) fn join_couples(text: &str) -> bool {
    text.split_whitespace().any(|word| matches!(word, "&" | "+" | "u.")) || joins_by_und(text)
}

/// "und" joins two people unless it stands between particles: "von und zu".
fn joins_by_und(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(3).any(|three| {
        matches!(three[1], "und" | "Und" | "UND")
            && !matches!(three[0].to_lowercase().as_str(), "von" | "zu")
            && !matches!(three[2].to_lowercase().as_str(), "von" | "zu")
    })
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
