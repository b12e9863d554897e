//! What people write beside a name that is no part of it: offices, remarks, signs, numbers.

use crate::problem::{Warning, Warnings};
use crate::text::fold;

/// Offices and remarks, folded. Beside a name they are no part of it; some are surnames where they stand in its place.
const REMARKS: &[&str] = &[
    "verstorben",
    "verst",
    "gestorben",
    "verzogen",
    "unbekanntverzogen",
    "ausgetreten",
    "gekuendigt",
    "geloescht",
    "inaktiv",
    "passiv",
    "aktiv",
    "gesperrt",
    "ehemalig",
    "ehemals",
    "ehem",
    "alt",
    "neu",
    "doppelt",
    "duplikat",
    "deceased",
    "retired",
    "vorstand",
    "vorstandsmitglied",
    "vorsitzender",
    "vorsitzende",
    "vorsitz",
    "stellvertreter",
    "stellvertreterin",
    "beisitzer",
    "beisitzerin",
    "kassenwart",
    "kassenwartin",
    "kassier",
    "kassierer",
    "kassiererin",
    "kassenpruefer",
    "kassenprueferin",
    "schriftfuehrer",
    "schriftfuehrerin",
    "schatzmeister",
    "schatzmeisterin",
    "jugendwart",
    "jugendleiter",
    "jugendleiterin",
    "geraetewart",
    "zeugwart",
    "pressewart",
    "sportwart",
    "trainer",
    "trainerin",
    "uebungsleiter",
    "uebungsleiterin",
    "obmann",
    "obfrau",
    "ehrenmitglied",
    "ehrenvorsitzender",
    "mitglied",
    "foerdermitglied",
    "spender",
    "spenderin",
    "sponsor",
    "helfer",
    "helferin",
    "privat",
    "dienstlich",
    "geschaeftlich",
    "buero",
    "mutter",
    "vater",
    "eltern",
    "kind",
    "tochter",
    "sohn",
    "oma",
    "opa",
    "witwe",
    "witwer",
    "erziehungsberechtigt",
    "kontaktperson",
    "ansprechpartner",
    "ansprechpartnerin",
    "rechnung",
    "intern",
    "extern",
    "gast",
    "probe",
    "probemitglied",
    "chairman",
    "chair",
    "treasurer",
    "secretary",
    "member",
    "president",
    "mother",
    "father",
    "rentner",
    "rentnerin",
    "student",
    "studentin",
    "azubi",
    "schueler",
    "schuelerin",
    "leiter",
    "leiterin",
];

/// What the words for offices end in, folded.
const ENDINGS: &[&str] = &[
    "wart",
    "wartin",
    "leiter",
    "leiterin",
    "leitung",
    "fuehrer",
    "fuehrerin",
    "sitzender",
    "sitzende",
    "mitglied",
    "sprecher",
    "sprecherin",
    "beauftragter",
    "beauftragte",
    "vertreter",
    "vertreterin",
    "abteilung",
    "gruppe",
    "verein",
    "schaft",
    "pruefer",
    "prueferin",
    "verwalter",
    "verwalterin",
];

/// Small words inside a remark: "1. Vorsitzende seit 2019".
const FILLERS: &[&str] =
    &["der", "die", "das", "des", "im", "in", "am", "seit", "bis", "von", "und", "stellv", "stv", "the"];

/// Whether a text may hold something that is no name. Never wrong when false, and cheap.
pub(crate) fn may_hold(text: &str) -> bool {
    !text.is_ascii() && text.contains(['†', '✝', '✞', '•', '·', '–', '\u{271d}'])
        || text.bytes().any(|byte| b"()[]{}/\\*+|:;#0123456789<>=_!".contains(&byte))
        || text.contains(" - ")
}

/// Whether a text is an office or a remark, and no name.
pub(crate) fn is_remark(text: &str) -> bool {
    let folded: Vec<String> = text.split([' ', '-', '.', ',', '/']).map(fold).filter(|word| !word.is_empty()).collect();
    let known = |word: &String| {
        REMARKS.contains(&word.as_str())
            || ENDINGS.iter().any(|ending| word.len() > ending.len() + 2 && word.ends_with(ending))
    };
    let is_number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let is_told = |word: &String| known(word) || is_number(word);
    folded.iter().any(is_told)
        && folded.iter().filter(|word| !is_told(word)).all(|word| FILLERS.contains(&word.as_str()))
}

/// The name without what stands beside it. `keeps_brackets` where one capitalised word in brackets is another given name.
pub(crate) fn without_remarks(text: &str, keeps_brackets: bool, warnings: &mut Warnings) -> String {
    let mut rest = text.to_owned();
    if may_hold(text) {
        rest = without_label(&rest).to_owned();
        rest = without_brackets(&rest, keeps_brackets);
        rest = without_signs(&rest);
        rest = without_behind(&rest);
        rest = without_numbers(&rest);
    }
    rest = without_last_remarks(&rest);
    let has_letters = rest.chars().any(char::is_alphabetic);
    if !has_letters {
        return text.to_owned();
    }
    if rest != text && rest.split_whitespace().ne(text.split([' ', '(', ')']).filter(|word| !word.is_empty())) {
        warnings.add(Warning::RemarkInName);
    }
    rest
}

/// "Kassenwart: Sepp Aigner".
fn without_label(text: &str) -> &str {
    match text.split_once(':') {
        Some((label, name)) if name.chars().any(char::is_alphabetic) && !label.contains(' ') => name.trim(),
        _ => text,
    }
}

/// Brackets go with what is in them, but for birth names, and for another given name.
fn without_brackets(text: &str, keeps: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['(', '[', '{', '<']) {
        let Some(length) = rest[open..].find([')', ']', '}', '>']) else { break };
        let inner = rest[open + 1..open + length].trim();
        let behind = &rest[open + length + 1..];
        let lower = inner.to_lowercase();
        let is_birth = ["geb", "née", "nee ", "née ", "born ", "ehem. "].iter().any(|word| lower.starts_with(word));
        let is_word = inner.split(['-', ' ']).all(|part| part.chars().next().is_some_and(char::is_uppercase))
            && inner.chars().skip(1).any(char::is_lowercase)
            && inner.chars().all(|sign| sign.is_alphabetic() || sign == '-')
            && !is_remark(inner);
        // A title's addition: "Mag. (FH) Lotte".
        let is_nickname =
            is_word && (keeps || behind.chars().any(char::is_alphabetic)) && !rest[..open].trim_end().ends_with('.');
        out.push_str(&rest[..open]);
        if is_birth || is_nickname {
            out.push_str(if is_birth { &rest[open..=open + length] } else { inner });
        } else {
            out.push(' ');
        }
        rest = behind;
    }
    out.push_str(rest);
    single_spaced(&out)
}

/// "Sepp Aigner †", "Sepp Aigner * 1961".
fn without_signs(text: &str) -> String {
    let end = text.find(['†', '✝', '✞', '*', '#', '|', '<', '=']).filter(|place| *place > 0);
    let text = end.map_or(text, |end| &text[..end]);
    let text = text.trim_start_matches(['*', '#', '†', '✝', '!', '_', ' ']);
    text.trim_end_matches([' ', '†', '+', '!', '_', '\\', ';', ':', '•', '·']).to_owned()
}

/// "Lotte Brandner / Vorstand", "Lotte Brandner - Vorstand", "Brandner; 1. Vorsitzende".
fn without_behind(text: &str) -> String {
    let text = text.find(" c/o ").map_or(text, |place| &text[..place]);
    for sign in [" / ", " - ", "; ", " | ", " • ", " · ", "/"] {
        if let Some((name, behind)) = text.rsplit_once(sign)
            && name.chars().any(char::is_alphabetic)
            && is_remark(behind)
        {
            return without_behind(name.trim_end());
        }
    }
    text.to_owned()
}

/// Numbers that stand alone in front or behind: "Ute Kallweit 2", "12. Ute Kallweit".
fn without_numbers(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_number = |word: &&str| {
        word.bytes().any(|byte| byte.is_ascii_digit())
            && word.bytes().all(|byte| byte.is_ascii_digit() || b".-/,".contains(&byte))
    };
    let first = words.iter().position(|word| !is_number(word)).unwrap_or(0);
    let last = words.iter().rposition(|word| !is_number(word)).map_or(0, |last| last + 1);
    words.get(first..last).map_or_else(|| text.to_owned(), |words| words.join(" "))
}

/// Remarks in small letters behind a name, and those that are surely no name: "Sepp Aigner verstorben".
fn without_last_remarks(text: &str) -> String {
    let mut rest = text.trim();
    while let Some((name, last)) = rest.rsplit_once([' ', ',']) {
        let is_small = last.chars().next().is_some_and(char::is_lowercase);
        let folded = fold(last);
        let is_long = folded.len() > 10 && REMARKS.contains(&folded.as_str());
        let is_told = is_long || (is_small && is_remark(last));
        if !is_told || last.contains('-') || !name.chars().any(char::is_uppercase) {
            break;
        }
        rest = name.trim_end_matches([' ', ',', '-', ';']);
    }
    rest.to_owned()
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ,", ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_a_name_is_left_off_and_said() {
        for text in [
            "Lotte Brandner (verstorben)",
            "Lotte Brandner (19th century)",
            "Lotte Brandner / Vorstand",
            "Lotte Brandner †",
            "Lotte Brandner 2",
            "Lotte Brandner (2)",
            "Lotte Brandner - Kassenwartin",
            "Lotte Brandner verstorben",
            "Lotte Brandner, Schriftführerin",
            "Lotte Brandner [Kasse]",
            "3. Lotte Brandner",
            "Kassenwartin: Lotte Brandner",
            "Lotte Brandner † 12.03.2020",
            "Lotte Brandner +",
            "Lotte Brandner; 1. Vorsitzende",
            "Lotte Brandner * 1961",
            "Lotte Brandner/Vorstand",
            "*Lotte Brandner",
        ] {
            let mut warnings = Warnings::NONE;
            assert_eq!(without_remarks(text, false, &mut warnings), "Lotte Brandner", "{text}");
            assert!(warnings.has(Warning::RemarkInName), "{text}");
        }
    }

    #[test]
    fn names_stay_as_they_are() {
        for text in [
            "Lotte Brandner",
            "Müller-Lüdenscheidt",
            "Hans/Eva Brandner",
            "Brandner (geb. Vondran)",
            "Hans Meister",
            "Vorstand",
            "Anna Neu",
            "Peter Alt",
            "Karl Kind",
            "Hans Schulmeister",
            "Anna Gast",
        ] {
            let mut warnings = Warnings::NONE;
            assert_eq!(without_remarks(text, false, &mut warnings), text);
            assert!(warnings.is_empty(), "{text}");
        }
        assert_eq!(without_remarks("Hans (Hansi) Lang", false, &mut Warnings::default()), "Hans Hansi Lang");
        assert_eq!(without_remarks("Johanna (Hanna)", true, &mut Warnings::default()), "Johanna Hanna");
    }
}
