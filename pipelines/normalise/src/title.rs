//! Academic titles: "Prof.Dr.", "Dipl. Ing.", "Dr. med.", "B.A.".

use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Warning, Warnings};
use crate::salutation::take_salutation;
use crate::text::{clean_compatible, fold};
use crate::title_table::{DEGREES, DOTTED_TITLES, FACULTIES, MARKS, OFFICES, TITLES};

/// Reads a column of titles: "Prof.Dr." becomes "Prof. Dr."; a text that is no academic title is kept as it is.
pub fn title(text: &str) -> Read<String> {
    let cleaned = clean_compatible(text);
    if is_placeholder_value(&cleaned) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    let (front, rest) = take_titles(take_salutation(&cleaned).1);
    let rest = rest.trim_matches([' ', ',', ';']);
    let (degrees, rest) = if rest.is_empty() { (None, rest) } else { degrees_only(rest) };
    if front.is_none() && degrees.is_none() && is_placeholder_value(rest) {
        return Ok(Reading::nothing(Warnings::of(Warning::PlaceholderValue)));
    }
    let parts = [front, degrees, (!rest.is_empty()).then(|| rest.to_owned())];
    Ok(Reading::of(parts.into_iter().flatten().collect::<Vec<_>>().join(" ")))
}

/// Takes the titles off the front of a text; the rest has no space in front.
pub(crate) fn take_titles(text: &str) -> (Option<String>, &str) {
    let mut rest = text;
    let mut titles: Vec<String> = Vec::new();
    let mut doctor = false;
    while let Some((canonical, behind)) = next_title(rest, doctor) {
        doctor |= ["Dr", "DDr", "Mag", "MMag", "Lic", "Bakk"].iter().any(|title| canonical.starts_with(title));
        titles.push(canonical);
        rest = behind;
    }
    if titles.is_empty() { (None, text) } else { (Some(titles.join(" ")), rest) }
}

/// The title at the front of a text, and what stands behind it.
fn next_title(text: &str, doctor: bool) -> Option<(String, &str)> {
    let (token, behind) = next_token(text);
    if let Some((canonical, behind)) = known_title(token, behind, doctor) {
        return Some((canonical.to_owned(), behind));
    }
    let word = token.trim_end_matches(['.', ',']);
    if let Some(mark) = MARKS.iter().find(|mark| **mark == word).filter(|_| !behind.is_empty()) {
        return Some(((*mark).to_owned(), behind));
    }
    // "Dipl.-Irgendwas (FH)": whatever it is, it is no name.
    let lower = token.to_lowercase();
    let is_diploma = (lower.starts_with("dipl.-") || lower.starts_with("dipl-")) && token.len() > 6;
    let is_professor = token.len() > 5 && (lower.ends_with("-prof.") || lower.ends_with(".prof."));
    ((is_diploma || is_professor) && !token.contains(',')).then(|| (token.to_owned(), behind))
}

/// Takes professions and offices that are written out off the front of a name that has two words or more besides.
pub(crate) fn take_offices(text: &str) -> (Option<String>, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    if rest.split_whitespace().count() < 2 || rest.contains(',') {
        return (None, text);
    }
    match office(word) {
        Some(office) => (Some(office.to_owned()), rest.trim_start()),
        None => (None, text),
    }
}

fn office(word: &str) -> Option<&'static str> {
    let folded = fold(word);
    OFFICES.iter().find(|(key, _)| *key == folded).map(|(_, canonical)| *canonical)
}

/// The whole text as degrees, mandates, professions or titles ("M.A.", "BSc MSc", "MdB"), or none of it.
pub(crate) fn degrees_only(text: &str) -> (Option<String>, &str) {
    let mut found: Vec<String> = Vec::new();
    for part in text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        let mut rest = part;
        while !rest.is_empty() {
            let Some((degree, behind)) = front_degree(rest) else { return (None, text) };
            found.push(degree);
            rest = behind;
        }
    }
    if found.is_empty() { (None, text) } else { (Some(found.join(" ")), "") }
}

/// The degree at the front of a text: of two words ("M. Sc."), or of one.
fn front_degree(text: &str) -> Option<(String, &str)> {
    // "LL.M. (Harvard)": where it was taken.
    if text.starts_with('(') {
        let (inner, behind) = text.split_once(')')?;
        return Some((format!("{inner})"), behind.trim_start()));
    }
    let ends = text.match_indices(' ').map(|(place, _)| place).chain([text.len()]);
    let mut ends: Vec<usize> = ends.take(3).collect();
    ends.reverse();
    for end in ends {
        if let Some(degree) = degree(&text[..end]) {
            return Some((degree.to_owned(), text[end..].trim_start()));
        }
    }
    let (word, behind) = text.split_once(' ').unwrap_or((text, ""));
    if let Some(mark) = MARKS.iter().find(|mark| **mark == word.trim_end_matches('.')) {
        return Some(((*mark).to_owned(), behind.trim_start()));
    }
    if let Some(office) = office(word) {
        return Some((office.to_owned(), behind.trim_start()));
    }
    match take_titles(text) {
        (Some(titles), "") => Some((titles, "")),
        _ => None,
    }
}

/// A degree: with its dots in any case, or without in its own, since people are called Ma and Ba.
fn degree(text: &str) -> Option<&'static str> {
    let folded = fold(text);
    if folded.len() < 2 || folded.len() > 5 {
        return None;
    }
    let (_, canonical, bare) = DEGREES.iter().find(|(key, ..)| *key == folded)?;
    let word = text.trim_end_matches(['.', ',']);
    let is_upper = folded.len() > 2 && word.chars().all(char::is_uppercase);
    (text.contains('.') || word == *bare || is_upper).then_some(*canonical)
}

/// Takes degrees and mandates off the end of a name without a comma: "Hans Müller M.A.", "Sepp Aigner PhD".
pub(crate) fn take_trailing_degrees(text: &str) -> (Option<String>, &str) {
    let mut rest = text;
    let mut found: Vec<&str> = Vec::new();
    while let Some((front, last)) = rest.rsplit_once(' ') {
        // A name in capitals may end like a degree.
        let is_told = last.contains('.') || text.chars().any(char::is_lowercase);
        let single = degree(last).or_else(|| MARKS.iter().find(|mark| **mark == last).copied());
        let double = front.rsplit_once(' ').and_then(|(front, word)| Some((front, degree(&format!("{word} {last}"))?)));
        let (front, degree) = match (double.filter(|_| last.contains('.')), single) {
            (Some((front, degree)), _) => (front, degree),
            (None, Some(degree)) => (front, degree),
            (None, None) => break,
        };
        if !is_told || front.trim().is_empty() {
            break;
        }
        found.push(degree);
        rest = front.trim_end_matches([' ', ',']);
    }
    found.reverse();
    if found.is_empty() { (None, text) } else { (Some(found.join(" ")), rest) }
}

/// The next word, cut behind a dot unless a hyphen follows: "Prof.Dr." is two, "Dipl.-Ing." is one, and "Dr.in" is one.
fn next_token(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    for (place, byte) in bytes.iter().enumerate() {
        match byte {
            b' ' => return (&text[..place], text[place..].trim_start()),
            b'.' if bytes.get(place + 1).is_some_and(|next| *next != b'-') => {
                let behind = &text[place + 1..];
                let female = female_ending(behind);
                let end = place + 1 + female;
                return (&text[..end], text[end..].trim_start());
            }
            _ => {}
        }
    }
    (text, "")
}

/// The length of what makes a title female behind its dot: "Dr.in", "Mag.a", "Dr.in.".
fn female_ending(behind: &str) -> usize {
    for ending in ["in.", "a.", "in", "a", ":in", "*in"] {
        if let Some(rest) = behind.strip_prefix(ending)
            && (rest.is_empty() || rest.starts_with([' ', ',', '-']))
        {
            return ending.len();
        }
    }
    0
}

fn known_title<'a>(token: &str, behind: &'a str, doctor: bool) -> Option<(&'static str, &'a str)> {
    if token.is_empty() || token.len() > 24 {
        return None;
    }
    let base = without_female_ending(token);
    let key = fold(base);
    let dotted = base.ends_with('.');
    let small = token.chars().next().is_some_and(char::is_lowercase);
    if doctor
        && (dotted || small)
        && let Some((_, canonical)) = FACULTIES.iter().find(|(faculty, _)| *faculty == key)
    {
        // An initial is a name, unless it is the honorary "h. c.".
        let honorary = canonical == &"h." && matches!(next_token(behind).0, "c." | "c") || canonical == &"c.";
        let is_joiner = key == "et" && (dotted || behind.is_empty() || !is_faculty(next_token(behind).0));
        if !is_joiner && (key.len() > 1 || (honorary && small)) {
            return Some((canonical, behind));
        }
    }
    if key == "dipl" {
        let (next, after) = next_token(behind.trim_start_matches('-'));
        let joined = format!("dipl{}", fold(next));
        if let Some((_, canonical)) = TITLES.iter().find(|(title, _)| *title == joined) {
            return Some((canonical, after));
        }
    }
    if let Some((_, canonical)) = TITLES.iter().find(|(title, _)| *title == key) {
        return Some((canonical, behind));
    }
    if dotted && let Some((_, canonical)) = DOTTED_TITLES.iter().find(|(title, _)| *title == key) {
        return Some((canonical, behind));
    }
    None
}

fn is_faculty(token: &str) -> bool {
    let key = fold(token);
    key != "et" && FACULTIES.iter().any(|(faculty, _)| *faculty == key)
}

/// "Dr.in" as "Dr.", "Mag.a" as "Mag.".
fn without_female_ending(token: &str) -> &str {
    let whole = token.strip_suffix('.').unwrap_or(token);
    match whole.rfind('.') {
        Some(dot) if matches!(&whole[dot + 1..], "in" | "a" | ":in" | "*in") => &token[..=dot],
        _ => token,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn titles_have_one_form() {
        for (text, expected) in [
            ("Prof.Dr.", "Prof. Dr."),
            ("DR", "Dr."),
            ("dr. med.", "Dr. med."),
            ("Dr.med.dent.", "Dr. med. dent."),
            ("Dr. rer. nat.", "Dr. rer. nat."),
            ("Dipl. Ing.", "Dipl.-Ing."),
            ("Dipl.-Ing. (FH)", "Dipl.-Ing. (FH)"),
            ("Dipl.Ing.", "Dipl.-Ing."),
            ("Dr.-Ing.", "Dr.-Ing."),
            ("Professorin", "Prof."),
            ("B.A.", "B.A."),
            ("Frau Dr.", "Dr."),
            ("M. Sc.", "M.Sc."),
            ("Dr. h.c.", "Dr. h. c."),
            ("Oberstudienrat", "Oberstudienrat"),
        ] {
            assert_eq!(title(text).unwrap().value.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn female_forms_mandates_and_professions_are_titles() {
        for (text, title, rest) in [
            ("Dr.in Lotte", "Dr.", "Lotte"),
            ("Mag.a Ute", "Mag.", "Ute"),
            ("Dr.in med. univ. Ilse", "Dr. med. univ.", "Ilse"),
            ("Univ.-Prof.in Dr.in Ilse", "Univ.-Prof. Dr.", "Ilse"),
            ("DI Sepp", "DI", "Sepp"),
            ("RA Lotte Brandner", "RA", "Lotte Brandner"),
            ("Dr. med. et phil. Hans", "Dr. med. et phil.", "Hans"),
            ("Dipl.-Medienwirt Hans", "Dipl.-Medienwirt", "Hans"),
            ("Mag. iur. Hans", "Mag. iur.", "Hans"),
        ] {
            assert_eq!(take_titles(text), (Some(title.into()), rest), "{text}");
        }
        assert_eq!(take_offices("Pfarrer Sepp Aigner"), (Some("Pfarrer".into()), "Sepp Aigner"));
        assert_eq!(take_offices("Notar Sepp"), (None, "Notar Sepp"));
        for text in ["Di Maria", "Ra Min", "Arch Hill", "Ing Lee"] {
            assert_eq!(take_titles(text), (None, text));
        }
    }

    #[test]
    fn degrees_come_off_the_end_of_a_name() {
        for (text, degrees) in [
            ("Sepp Aigner PhD", "Ph.D."),
            ("Sepp Aigner CSc.", "CSc."),
            ("Sepp Aigner BSc MSc", "B.Sc. M.Sc."),
            ("Sepp Aigner M. Sc.", "M.Sc."),
            ("Sepp Aigner MdB", "MdB"),
            ("Sepp Aigner M.A.", "M.A."),
        ] {
            assert_eq!(take_trailing_degrees(text), (Some(degrees.into()), "Sepp Aigner"), "{text}");
        }
        for text in ["Anton Ma", "ANTON MA", "Yo-Yo Ma", "Anna Ba"] {
            assert_eq!(take_trailing_degrees(text), (None, text));
        }
        for text in ["BSc MSc", "LL.M. (Harvard)", "MdB", "RA", "Rechtsanwältin", "M. Sc., MBA"] {
            assert!(degrees_only(text).0.is_some(), "{text}");
        }
        assert_eq!(degrees_only("Ma").0, None);
    }

    #[test]
    fn no_title_is_no_title() {
        assert_eq!(title("-").unwrap().value, None);
        assert_eq!(title("").unwrap().value, None);
    }

    #[test]
    fn titles_come_off_the_front_of_a_name() {
        assert_eq!(take_titles("Dr. med. Anna"), (Some("Dr. med.".into()), "Anna"));
        assert_eq!(take_titles("Prof.Dr.Hans"), (Some("Prof. Dr.".into()), "Hans"));
        assert_eq!(take_titles("Dr. Phil Collins"), (Some("Dr.".into()), "Phil Collins"));
        assert_eq!(take_titles("Mag Müller"), (None, "Mag Müller"));
        assert_eq!(take_titles("Drago"), (None, "Drago"));
        assert_eq!(take_titles("Dr. H. Müller"), (Some("Dr.".into()), "H. Müller"));
    }

    proptest! {
        #[test]
        fn the_canonical_title_is_its_own_canonical_title(text in "(Prof|Dr|dr|med|h|c|Dipl|Ing|rer|nat|B|A|M|Sc|MBA|PD|-|\\.|,| |Rat){0,7}") {
            if let Some(once) = title(&text).unwrap().value {
                prop_assert_eq!(title(&once).unwrap().value, Some(once));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = title(&text);
        }
    }
}
