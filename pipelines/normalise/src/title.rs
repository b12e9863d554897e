//! Academic titles: "Prof.Dr.", "Dipl. Ing.", "Dr. med.", "B.A.".

use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Warning, Warnings};
use crate::salutation::take_salutation;
use crate::text::{clean_compatible, fold};

/// Titles before a name: folded → canonical. The second list needs its dot, since people bear such names.
const TITLES: &[(&str, &str)] = &[
    ("prof", "Prof."),
    ("professor", "Prof."),
    ("professorin", "Prof."),
    ("univprof", "Univ.-Prof."),
    ("dr", "Dr."),
    ("doktor", "Dr."),
    ("ddr", "DDr."),
    ("dring", "Dr.-Ing."),
    ("pd", "PD"),
    ("privdoz", "PD"),
    ("privatdozent", "PD"),
    ("privatdozentin", "PD"),
    ("dipling", "Dipl.-Ing."),
    ("diplomingenieur", "Dipl.-Ing."),
    ("diplomingenieurin", "Dipl.-Ing."),
    ("diplkfm", "Dipl.-Kfm."),
    ("diplomkaufmann", "Dipl.-Kfm."),
    ("diplkffr", "Dipl.-Kffr."),
    ("diplkfr", "Dipl.-Kffr."),
    ("diplomkauffrau", "Dipl.-Kffr."),
    ("diplinf", "Dipl.-Inf."),
    ("diplinform", "Dipl.-Inf."),
    ("diplphys", "Dipl.-Phys."),
    ("diplchem", "Dipl.-Chem."),
    ("diplmath", "Dipl.-Math."),
    ("diplbiol", "Dipl.-Biol."),
    ("diplgeogr", "Dipl.-Geogr."),
    ("diplpaed", "Dipl.-Päd."),
    ("diplpsych", "Dipl.-Psych."),
    ("diplpol", "Dipl.-Pol."),
    ("diplsoz", "Dipl.-Soz."),
    ("diplsozpaed", "Dipl.-Soz.-Päd."),
    ("diplvw", "Dipl.-Vw."),
    ("diplbw", "Dipl.-Bw."),
    ("diplbetriebsw", "Dipl.-Bw."),
    ("diplvolksw", "Dipl.-Vw."),
    ("diplverww", "Dipl.-Verww."),
    ("diplwirting", "Dipl.-Wirt.-Ing."),
    ("dipljur", "Dipl.-Jur."),
    ("phd", "Ph.D."),
];
const DOTTED_TITLES: &[(&str, &str)] =
    &[("mag", "Mag."), ("ing", "Ing."), ("em", "em."), ("dipl", "Dipl."), ("lic", "Lic.")];

/// What may stand behind "Dr.": with its dot or in small letters, since "Phil" is a given name.
const FACULTIES: &[(&str, &str)] = &[
    ("med", "med."),
    ("dent", "dent."),
    ("vet", "vet."),
    ("phil", "phil."),
    ("rer", "rer."),
    ("nat", "nat."),
    ("pol", "pol."),
    ("oec", "oec."),
    ("publ", "publ."),
    ("soc", "soc."),
    ("jur", "jur."),
    ("iur", "iur."),
    ("theol", "theol."),
    ("habil", "habil."),
    ("hc", "h. c."),
    ("h", "h."),
    ("c", "c."),
    ("mult", "mult."),
    ("sc", "sc."),
    ("agr", "agr."),
    ("paed", "paed."),
    ("techn", "techn."),
    ("ing", "Ing."),
];

/// Degrees behind a name, folded → canonical.
const DEGREES: &[(&str, &str)] = &[
    ("ba", "B.A."),
    ("ma", "M.A."),
    ("bsc", "B.Sc."),
    ("msc", "M.Sc."),
    ("beng", "B.Eng."),
    ("meng", "M.Eng."),
    ("bed", "B.Ed."),
    ("mba", "MBA"),
    ("llb", "LL.B."),
    ("llm", "LL.M."),
    ("phd", "Ph.D."),
    ("mph", "MPH"),
    ("mpp", "MPP"),
];

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
    let mut titles: Vec<&'static str> = Vec::new();
    let mut doctor = false;
    loop {
        let (token, behind) = next_token(rest);
        let Some(found) = known_title(token, behind, doctor) else { break };
        let (canonical, behind) = found;
        doctor |= canonical.starts_with("Dr") || canonical.starts_with("DDr");
        titles.push(canonical);
        rest = behind;
    }
    if titles.is_empty() { (None, text) } else { (Some(titles.join(" ")), rest) }
}

/// The whole text as degrees ("M.A.", "B.Sc., MBA"), or none of it.
pub(crate) fn degrees_only(text: &str) -> (Option<String>, &str) {
    let mut found = Vec::new();
    for part in text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        match DEGREES.iter().find(|(key, _)| fold(part) == *key) {
            Some((_, canonical)) => found.push(*canonical),
            None => match take_titles(part) {
                (Some(titles), "") => {
                    return (
                        Some(found.into_iter().map(str::to_owned).chain([titles]).collect::<Vec<_>>().join(" ")),
                        "",
                    );
                }
                _ => return (None, text),
            },
        }
    }
    if found.is_empty() { (None, text) } else { (Some(found.join(" ")), "") }
}

/// Takes dotted degrees off the end of a name without a comma: "Hans Müller M.A.".
pub(crate) fn take_trailing_degree(text: &str) -> (Option<&'static str>, &str) {
    if let Some((front, last)) = text.rsplit_once(' ')
        && (last.contains('.') || last == "MBA")
        && let Some((_, canonical)) = DEGREES.iter().find(|(key, _)| fold(last) == *key)
    {
        return (Some(canonical), front.trim_end());
    }
    (None, text)
}

/// The next word, cut behind a dot unless a hyphen follows: "Prof.Dr." is two, "Dipl.-Ing." is one.
fn next_token(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    for (place, byte) in bytes.iter().enumerate() {
        match byte {
            b' ' => return (&text[..place], text[place..].trim_start()),
            b'.' if bytes.get(place + 1).is_some_and(|next| *next != b'-') => {
                return (&text[..=place], text[place + 1..].trim_start());
            }
            _ => {}
        }
    }
    (text, "")
}

fn known_title<'a>(token: &str, behind: &'a str, doctor: bool) -> Option<(&'static str, &'a str)> {
    if token.is_empty() || token.len() > 24 {
        return None;
    }
    let key = fold(token);
    let dotted = token.ends_with('.');
    let small = token.chars().next().is_some_and(char::is_lowercase);
    if doctor
        && (dotted || small)
        && let Some((_, canonical)) = FACULTIES.iter().find(|(faculty, _)| *faculty == key)
    {
        // An initial is a name, unless it is the honorary "h. c.".
        let honorary = canonical == &"h." && matches!(next_token(behind).0, "c." | "c") || canonical == &"c.";
        if key.len() > 1 || (honorary && small) {
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
