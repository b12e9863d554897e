//! Text as it was meant: encoding repaired, letters composed, nothing invisible, single spaces.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::entities;
use crate::problem::{Warning, Warnings};

/// The most characters that a value of a structured field (name, street, address, ...) may have.
pub const MAX_VALUE_LENGTH: usize = 500;
/// The most characters of a free text, an answer or an attribute that are kept.
pub const MAX_TEXT_LENGTH: usize = 10_000;

/// Cleans a free text: repaired, NFC, without control and zero-width signs, white space folded to single spaces.
pub fn clean(text: &str) -> Cow<'_, str> {
    clean_as(text, Form::Composed).0
}

/// Cleans the text of a structured field: as [`clean`], but NFKC, and with one form of apostrophe and of hyphen.
pub fn clean_compatible(text: &str) -> Cow<'_, str> {
    clean_as(text, Form::Compatible).0
}

/// Which Unicode form a text is brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// NFC; signs stay as they are.
    Composed,
    /// NFKC; ´ ` ’ become ', dashes become -.
    Compatible,
}

pub(crate) fn clean_as(text: &str, form: Form) -> (Cow<'_, str>, Warnings) {
    if is_tidy(text) {
        return (Cow::Borrowed(text), Warnings::NONE);
    }
    let mut warnings = Warnings::NONE;
    let mut current = text.to_owned();
    // Composing may bring another wrong layer to light. Each repair shortens the text, so this ends.
    for _ in 0..16 {
        while let Some(repaired) = repair_encoding(&current) {
            warnings.add(Warning::EncodingRepaired);
            current = repaired;
        }
        if let Some(resolved) = entities::resolve(&current) {
            current = resolved;
        }
        let next = compose(&current, form);
        if next == current {
            break;
        }
        current = next;
    }
    if current.contains('\u{FFFD}') {
        warnings.add(Warning::TextDamaged);
    }
    (if current == text { Cow::Borrowed(text) } else { Cow::Owned(current) }, warnings)
}

/// Whether cleaning would change nothing, told from the bytes alone. Never wrong when true.
fn is_tidy(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.first() == Some(&b' ') || bytes.last() == Some(&b' ') {
        return false;
    }
    let mut place = 0;
    let mut previous = 0_u8;
    while let Some(&byte) = bytes.get(place) {
        match byte {
            b' ' if previous == b' ' => return false,
            b'`' | 0..=0x1F | 0x7F => return false,
            b'&' if entities::may_hold(&text[place..]) => return false,
            0x20..=0x7E => place += 1,
            // U+00C0 to U+00FF: composed letters, but for those that could open a wrongly decoded sequence.
            0xC3 => {
                if !is_settled_after(bytes.get(place + 2).copied()) {
                    return false;
                }
                place += 2;
            }
            _ => return false,
        }
        previous = byte;
    }
    true
}

/// After a letter of Latin-1: ASCII or another such letter cannot continue a UTF-8 sequence read as Windows-1252.
fn is_settled_after(next: Option<u8>) -> bool {
    next.is_none_or(|byte| byte < 0x80 || byte == 0xC3)
}

fn compose(text: &str, form: Form) -> String {
    let visible = text.chars().filter_map(|sign| visible(sign, form));
    let mut out = String::with_capacity(text.len());
    match form {
        Form::Composed => fold_spaces(visible.nfc(), &mut out),
        Form::Compatible => fold_spaces(visible.nfkc(), &mut out),
    }
    // What is left of a Turkish capital that was made small by others' rules.
    if out.contains("i\u{307}") {
        out = out.replace("i\u{307}", "i");
    }
    out
}

fn fold_spaces(signs: impl Iterator<Item = char>, out: &mut String) {
    for sign in signs {
        if sign.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(sign);
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
}

fn visible(sign: char, form: Form) -> Option<char> {
    match sign {
        '\t' | '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' => Some(' '),
        '\u{AD}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' => None,
        _ if sign.is_control() => None,
        '’' | '‘' | '´' | '`' | 'ʼ' | '′' if form == Form::Compatible => Some('\''),
        '\u{2010}'..='\u{2015}' | '\u{2212}' if form == Form::Compatible => Some('-'),
        _ => Some(sign),
    }
}

/// The text as UTF-8 if it is UTF-8 that had been read as Windows-1252, and certainly so.
///
/// Certain means that every character has a Windows-1252 byte and that these bytes are valid UTF-8 with at least one
/// sequence of several bytes: hardly a genuine text is that by chance.
fn repair_encoding(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(windows_1252_byte).collect();
    let repaired = String::from_utf8(bytes?).ok()?;
    repaired.chars().all(|sign| !('\u{80}'..='\u{9F}').contains(&sign)).then_some(repaired)
}

fn windows_1252_byte(sign: char) -> Option<u8> {
    const HIGH: [(char, u8); 27] = [
        ('€', 0x80),
        ('‚', 0x82),
        ('ƒ', 0x83),
        ('„', 0x84),
        ('…', 0x85),
        ('†', 0x86),
        ('‡', 0x87),
        ('ˆ', 0x88),
        ('‰', 0x89),
        ('Š', 0x8A),
        ('‹', 0x8B),
        ('Œ', 0x8C),
        ('Ž', 0x8E),
        ('‘', 0x91),
        ('’', 0x92),
        ('“', 0x93),
        ('”', 0x94),
        ('•', 0x95),
        ('–', 0x96),
        ('—', 0x97),
        ('˜', 0x98),
        ('™', 0x99),
        ('š', 0x9A),
        ('›', 0x9B),
        ('œ', 0x9C),
        ('ž', 0x9E),
        ('Ÿ', 0x9F),
    ];
    match u8::try_from(u32::from(sign)) {
        Ok(byte) => Some(byte),
        Err(_) => HIGH.iter().find(|(high, _)| *high == sign).map(|(_, byte)| *byte),
    }
}

/// A key for tables: lower case, umlauts as ae, oe, ue, ss, other marks left off, only letters and digits.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    if text.is_ascii() {
        out.extend(text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| char::from(byte.to_ascii_lowercase())));
        return out;
    }
    for sign in text.chars() {
        match sign {
            'ä' | 'Ä' => out.push_str("ae"),
            'ö' | 'Ö' => out.push_str("oe"),
            'ü' | 'Ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            _ if sign.is_ascii_alphanumeric() => out.push(sign.to_ascii_lowercase()),
            _ if sign.is_ascii() => {}
            _ => return fold_any(text),
        }
    }
    out
}

/// The same for all letters there are.
fn fold_any(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for sign in text.nfkc().flat_map(char::to_lowercase).nfc() {
        match sign {
            'ä' | 'æ' => out.push_str("ae"),
            'ö' | 'œ' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' => out.push('d'),
            'ı' => out.push('i'),
            _ => out
                .extend(std::iter::once(sign).nfd().filter(|part| !is_combining_mark(*part) && part.is_alphanumeric())),
        }
    }
    out
}

/// Whether the text is longer than `most` characters.
pub(crate) fn is_longer_than(text: &str, most: usize) -> bool {
    text.len() > most && text.chars().nth(most).is_some()
}

/// The first `most` characters, with an ellipsis where something was cut.
pub(crate) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn white_space_is_folded_and_trimmed() {
        assert_eq!(clean("  Anna\u{A0}\t Maria \r\n"), "Anna Maria");
    }

    #[test]
    fn control_and_zero_width_signs_go() {
        assert_eq!(clean("Mü\u{200B}l\0ler\u{FEFF}"), "Müller");
    }

    #[test]
    fn letters_are_composed() {
        assert_eq!(clean("Mu\u{308}ller"), "Müller");
    }

    #[test]
    fn ligatures_and_full_width_digits_are_resolved_in_structured_fields_only() {
        assert_eq!(clean_compatible("Steﬀen １２"), "Steffen 12");
        assert_eq!(clean("m²"), "m²");
    }

    #[test]
    fn one_apostrophe_and_one_hyphen_in_structured_fields() {
        assert_eq!(clean_compatible("O’Brien–Smith"), "O'Brien-Smith");
    }

    #[test]
    fn utf_8_read_as_windows_1252_is_put_right_and_said() {
        for (wrong, right) in [
            ("MÃ¼ller", "Müller"),
            ("GroÃŸ", "Groß"),
            ("Ã–zdemir", "Özdemir"),
            ("MÃƒÂ¼ller", "Müller"),
            ("RenÃ©", "René"),
        ] {
            let (text, warnings) = clean_as(wrong, Form::Compatible);
            assert_eq!(text, right);
            assert!(warnings.has(Warning::EncodingRepaired));
        }
    }

    #[test]
    fn genuine_umlauts_are_not_repaired() {
        for right in ["Müller", "Größe", "Ångström", "Ärzte", "São Paulo", "Ünür", "Çağlar", "Łódź"] {
            assert_eq!(clean_as(right, Form::Compatible), (Cow::Borrowed(right), Warnings::NONE));
        }
    }

    #[test]
    fn a_lost_letter_is_said() {
        assert!(clean_as("M\u{FFFD}ller", Form::Compatible).1.has(Warning::TextDamaged));
    }

    #[test]
    fn folding_goes_from_umlaut_to_ue_and_never_back() {
        assert_eq!(fold("Müller"), "mueller");
        assert_eq!(fold("Manuel Neuer"), "manuelneuer");
        assert_eq!(fold("Große Straße 5"), "grossestrasse5");
        assert_eq!(fold("Çelik-Şahin"), "celiksahin");
    }

    #[test]
    fn ten_megabytes_are_cleaned_without_harm() {
        let huge = "ä ".repeat(5_000_000);
        assert!(is_longer_than(&clean(&huge), MAX_TEXT_LENGTH));
        assert_eq!(cut(&huge, 3), "ä ä…");
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(text in "\\PC*|[ -~äöüßÃ¼©Â\u{A0}\u{200B}a\u{308}´¨]*") {
            for form in [Form::Composed, Form::Compatible] {
                let once = clean_as(&text, form).0.into_owned();
                prop_assert_eq!(clean_as(&once, form).0, once.as_str());
            }
        }

        #[test]
        fn what_counts_as_tidy_is_left_as_it_is_by_the_full_way(text in "[ -~äöüßÄÖÜéÃ¼]*") {
            if is_tidy(&text) {
                prop_assert_eq!(repair_encoding(&text), None);
                prop_assert_eq!(compose(&text, Form::Compatible), text.clone());
                prop_assert_eq!(compose(&text, Form::Composed), text);
            }
        }

        #[test]
        fn german_letters_fold_as_all_letters_do(text in "[ -~äöüßÄÖÜé\u{308}]*") {
            prop_assert_eq!(fold(&text), fold_any(&text));
        }

        #[test]
        fn a_fold_holds_only_letters_and_digits_and_folds_to_itself(text in "[ -~äöüßÄÖÜéçşłı]*") {
            let folded = fold(&text);
            prop_assert!(folded.chars().all(char::is_alphanumeric));
            prop_assert_eq!(fold(&folded), folded);
        }
    }
}
