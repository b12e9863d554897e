//! Yes and no, as forms and databases write them.

use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::text::{clean_compatible, fold};

const YES: &[&str] = &[
    "ja", "j", "yes", "y", "true", "t", "wahr", "1", "10", "x", "on", "an", "ok", "aktiv", "active", "jep", "oui",
    "mitglied", "checked",
];
const NO: &[&str] = &[
    "nein",
    "n",
    "no",
    "false",
    "f",
    "falsch",
    "0",
    "00",
    "off",
    "aus",
    "inaktiv",
    "inactive",
    "kein",
    "non",
    "passiv",
    "keinmitglied",
    "nichtmitglied",
    "unchecked",
];

/// Reads a flag: ja/nein, yes/no, true/false, 1/0, x, ✓.
pub fn flag(text: &str) -> Read<bool> {
    match text {
        "1" | "ja" | "true" => return Ok(Reading::of(true)),
        "0" | "nein" | "false" => return Ok(Reading::of(false)),
        _ if text.len() > 100 => return Err(Reason::NotAFlag),
        _ => {}
    }
    let cleaned = clean_compatible(text);
    match cleaned.as_ref() {
        "✓" | "✔" | "☑" | "[x]" => return Ok(Reading::of(true)),
        "☐" | "[ ]" | "[]" | "✗" | "✘" => return Ok(Reading::of(false)),
        _ => {}
    }
    let folded = fold(&cleaned);
    if YES.contains(&folded.as_str()) {
        return Ok(Reading::of(true));
    }
    if NO.contains(&folded.as_str()) {
        return Ok(Reading::of(false));
    }
    if is_placeholder_value(&cleaned) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    Err(Reason::NotAFlag)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn yes_and_no_are_read_in_all_their_forms() {
        for text in ["ja", "JA", "J", "yes", "1", "x", "X", "true", "WAHR", "✓", "1.0"] {
            assert_eq!(flag(text).unwrap().value, Some(true), "{text}");
        }
        for text in ["nein", "Nein", "n", "no", "0", "false", "FALSCH", "0.0"] {
            assert_eq!(flag(text).unwrap().value, Some(false), "{text}");
        }
        assert_eq!(flag("").unwrap().value, None);
        assert_eq!(flag("k.A.").unwrap().value, None);
        assert_eq!(flag("vielleicht"), Err(Reason::NotAFlag));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = flag(&text);
        }
    }
}
