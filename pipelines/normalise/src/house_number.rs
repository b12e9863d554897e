//! House numbers: "12 A" is "12a", "12 – 14" is "12-14".

use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::text::clean_compatible;

/// Reads a house number with its affix or range.
pub fn house_number(text: &str) -> Read<String> {
    if is_plain(text) {
        return Ok(Reading::of(text.to_owned()));
    }
    if text.len() > 200 {
        return Err(Reason::NotAHouseNumber);
    }
    let halves = text.replace('½', " 1/2");
    let cleaned = clean_compatible(&halves);
    if is_placeholder_value(&cleaned) || cleaned.bytes().all(|byte| byte == b'0') {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    let number = strip_label(&cleaned);
    let number = number.strip_suffix(".0").unwrap_or(number).trim_end_matches(['.', ',', ' ']);
    canonical(number).map(Reading::of).ok_or(Reason::NotAHouseNumber)
}

/// Digits without a leading zero, and at most one small letter behind them.
pub(crate) fn is_plain(text: &str) -> bool {
    let digits = text.trim_end_matches(|sign: char| sign.is_ascii_lowercase());
    text.len() - digits.len() <= 1
        && (1..=4).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// "Nr. 5", "Hausnr. 5".
pub(crate) fn strip_label(text: &str) -> &str {
    let lower = text.to_ascii_lowercase();
    for label in ["hausnummer", "hausnr.", "hausnr", "haus nr.", "nummer", "nr.", "nr", "no."] {
        if let Some(rest) = lower.strip_prefix(label) {
            let rest = &text[text.len() - rest.len()..];
            if rest.starts_with(|sign: char| sign.is_ascii_digit() || sign == ' ') {
                return rest.trim_start();
            }
        }
    }
    text
}

/// The canonical form where the whole text is a house number:
/// `number ("1/2")? letter? (("-" | "/" | "+") number? letter?)*`, with any spaces between.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = number_with_letter(text, &mut out)?;
    for _ in 0..6 {
        let trimmed = rest.trim_start();
        if trimmed.is_empty() {
            return Some(out);
        }
        if let Some(half) = trimmed.strip_prefix("1/2") {
            out.push_str(" 1/2");
            rest = half;
            continue;
        }
        let (joint, behind) = joint(trimmed)?;
        out.push(joint);
        rest = number_with_letter(behind.trim_start(), &mut out)
            .or_else(|| single_letter(behind.trim_start(), &mut out))?;
    }
    rest.trim().is_empty().then_some(out)
}

/// The sign between the two ends of a range.
fn joint(text: &str) -> Option<(char, &str)> {
    for (word, sign) in [("-", '-'), ("/", '/'), ("+", '+'), ("&", '+'), ("bis ", '-'), ("und ", '+'), ("u. ", '+')] {
        if let Some(rest) = text.strip_prefix(word) {
            return Some((sign, rest));
        }
    }
    None
}

/// One to four digits and perhaps a letter; the rest does not go on with a letter or digit.
fn number_with_letter<'a>(text: &'a str, out: &mut String) -> Option<&'a str> {
    let end = text.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(text.len());
    let digits = text[..end].trim_start_matches('0');
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    out.push_str(digits);
    let behind = &text[end..];
    let before = out.len();
    let with_letter = single_letter(behind.trim_start(), out)
        .filter(|rest| !rest.starts_with(char::is_alphanumeric) && (rest.len() < 2 || !rest.starts_with('.')));
    if with_letter.is_some() {
        return with_letter;
    }
    out.truncate(before);
    (!behind.starts_with(char::is_alphanumeric)).then_some(behind)
}

fn single_letter<'a>(text: &'a str, out: &mut String) -> Option<&'a str> {
    let letter = text.chars().next().filter(char::is_ascii_alphabetic)?;
    let rest = &text[1..];
    if rest.starts_with(char::is_alphanumeric) {
        return None;
    }
    out.push(letter.to_ascii_lowercase());
    Some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn house_numbers_have_one_form() {
        for (text, expected) in [
            ("12", "12"),
            ("12 A", "12a"),
            ("12A", "12a"),
            ("012", "12"),
            ("12 – 14", "12-14"),
            ("12-14", "12-14"),
            ("12a - c", "12a-c"),
            ("12a-14b", "12a-14b"),
            ("12/14", "12/14"),
            ("12 / 3", "12/3"),
            ("12 u. 14", "12+14"),
            ("12 1/2", "12 1/2"),
            ("12½", "12 1/2"),
            ("Nr. 5", "5"),
            ("Hausnr. 5", "5"),
            ("12.0", "12"),
        ] {
            assert_eq!(house_number(text).unwrap().value.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_house_number_is_a_problem() {
        for text in ["Hauptstraße", "12345", "a", "12 Hinterhaus"] {
            assert_eq!(house_number(text), Err(Reason::NotAHouseNumber), "{text}");
        }
        assert_eq!(house_number("0").unwrap().value, None);
        assert_eq!(house_number("").unwrap().value, None);
    }

    proptest! {
        #[test]
        fn a_canonical_number_is_its_own_canonical_number(text in "[0-9]{1,5} ?[a-zA-Z]? ?([-/+&–] ?[0-9]{0,3}[a-c]?)?( 1/2)?|\\PC*") {
            if let Ok(Reading { value: Some(once), .. }) = house_number(&text) {
                prop_assert_eq!(house_number(&once), Ok(Reading::of(once)));
            }
        }
    }
}
