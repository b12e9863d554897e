//! What stands beside telephone numbers: labels, hours, extensions, whose number it is, and a second number.

use crate::problem::{Reason, Warning, Warnings};
use crate::text::fold;

/// Words between two numbers, folded.
const JOINERS: &[&str] = &["oder", "od", "und", "u", "or", "and", "bzw", "sowie", "ou", "et", "of", "o", "lub", "veya"];
/// Words that begin an extension, folded.
const EXTENSIONS: &[&str] =
    &["ext", "extension", "durchwahl", "dw", "nst", "nebenstelle", "app", "apparat", "x", "poste", "int", "kl"];
/// Words before hours, folded.
const HOUR_STARTS: &[&str] =
    &["ab", "bis", "von", "nach", "vor", "zwischen", "after", "before", "from", "until", "till", "to"];
/// Words behind hours, folded.
const HOUR_ENDS: &[&str] = &["uhr", "h", "hrs", "am", "pm", "std", "oclock"];

/// The text without words, cut at an extension. A word grown together with digits is a problem: nobody means a vanity
/// number.
pub(crate) fn without_words(text: &str, warnings: &mut Warnings) -> Result<String, Reason> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut has_unknown = false;
    if let Some((number, extension)) = rest.split_once('#')
        && count_digits(number) >= 6
        && count_digits(extension) <= 6
    {
        warnings.add(Warning::PhoneExtension);
        rest = number;
    }
    while let Some(start) = rest.find(char::is_alphabetic) {
        let end = rest[start..].find(|sign: char| !sign.is_alphabetic()).map_or(rest.len(), |length| start + length);
        let word = fold(&rest[start..end]);
        let word = word.as_str();
        out.push_str(&rest[..start]);
        let before = &rest[..start];
        let is_grown = before.ends_with(|sign: char| sign.is_ascii_digit() || sign == '-')
            && before.trim_end_matches('-').ends_with(|sign: char| sign.is_ascii_digit());
        rest = rest[end..].trim_start_matches(['.', ':']);
        if EXTENSIONS.contains(&word) && out.bytes().any(|byte| byte.is_ascii_digit()) {
            warnings.add(Warning::PhoneExtension);
            return Ok(out);
        }
        if HOUR_ENDS.contains(&word) {
            drop_hours(&mut out);
        } else if HOUR_STARTS.contains(&word) && begins_with_hours(rest) {
            rest = behind_hours(rest);
        } else if JOINERS.contains(&word) {
            out.push(';');
        } else if is_grown && word.len() > 1 {
            return Err(Reason::PhoneWithLetters);
        } else {
            // "Tel.", "privat", "Mutter", "WhatsApp", "Mo": no digits of a number.
            has_unknown = true;
            out.push(if word.len() > 1 { ';' } else { ' ' });
        }
    }
    out.push_str(rest);
    if has_unknown && count_digits(&out) == 0 { Err(Reason::PhoneWithLetters) } else { Ok(out) }
}

fn count_digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

const HOUR_SIGNS: &[char] = &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', '.', '-', ' '];

/// "18", "18:00", "8-12" in front, and no more digits than hours have.
fn begins_with_hours(text: &str) -> bool {
    let digits = text.trim_start().split(|sign: char| !sign.is_ascii_digit()).next().map_or(0, str::len);
    matches!(digits, 1 | 2)
}

fn behind_hours(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|sign: char| !sign.is_ascii_digit() && sign != ':' && sign != '.').unwrap_or(text.len());
    &text[end..]
}

/// Takes the hours off the end: one group or two of one or two digits, with minutes.
fn drop_hours(out: &mut String) {
    let kept = out.trim_end_matches(HOUR_SIGNS).len();
    let tail = out[kept..].to_owned();
    // From the end back, as long as the groups are those of hours.
    let mut end = tail.trim_end().len();
    for _ in 0..2 {
        let group = tail[..end].trim_end().rsplit([' ', '-']).next().unwrap_or_default();
        let is_hour = !group.is_empty() && group.split([':', '.']).all(|part| matches!(part.len(), 1 | 2));
        if !is_hour {
            break;
        }
        end = tail[..end].trim_end().len() - group.len();
        let before = tail[..end].trim_end_matches(' ');
        if !before.ends_with('-') {
            break;
        }
        end = before.trim_end_matches('-').len();
    }
    out.truncate(kept + end);
}

/// A number to which a program added ".0".
pub(crate) fn without_point_zero(text: &str) -> &str {
    match text.strip_suffix(".0").or_else(|| text.strip_suffix(",0")) {
        Some(whole) if whole.len() > 6 && whole.trim_start_matches('+').bytes().all(|byte| byte.is_ascii_digit()) => {
            whole
        }
        _ => text,
    }
}

/// The parts that are numbers of their own, or that say more of the one before.
pub(crate) fn split_numbers(text: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split([';', ',', '|', '\t']) {
        let part = part.trim_matches([' ', ':', '-', '.', '/', ')', ']']);
        split_at_slashes(part, &mut parts);
    }
    // A colon between digits makes hours of them.
    let is_hours = |part: &&str| {
        part.as_bytes()
            .windows(3)
            .any(|three| three[1] == b':' && three[0].is_ascii_digit() && three[2].is_ascii_digit())
    };
    parts.retain(|part| part.bytes().any(|byte| byte.is_ascii_digit()) && !is_hours(part));
    // An area code apart from its number: "0221, 7654321".
    match parts.as_slice() {
        [area, number] if area.starts_with(['0', '(']) && count_digits(area) < 6 && !number.starts_with(['0', '+']) => {
            vec![text]
        }
        _ => parts,
    }
}

/// "030 123456 / 0176 12345678" are two; "030/123456" is one; "030/1234-56/57" is one and its last digits anew.
fn split_at_slashes<'t>(part: &'t str, parts: &mut Vec<&'t str>) {
    let mut rest = part;
    while let Some((cut, _)) = rest.char_indices().find(|(cut, sign)| *sign == '/' && is_second(rest, *cut)) {
        parts.push(rest[..cut].trim());
        rest = rest[cut + 1..].trim();
    }
    parts.push(rest);
}

/// Whether what stands behind a slash begins anew: a number with its prefix, or a few last digits.
fn is_second(text: &str, cut: usize) -> bool {
    let behind = text[cut + 1..].trim_start_matches([' ', '(', ':', '/', '-']);
    let (before, after) = (count_digits(&text[..cut]), count_digits(behind));
    before >= 6 && (after <= 4 || (after >= 6 && behind.starts_with(['+', '0'])) || before + after > 14)
}

/// Where a second number may begin inside a text: at a plus, or at a zero behind a space.
pub(crate) fn second_starts(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    (1..bytes.len()).filter(move |&place| {
        let starts = bytes[place] == b'+' || (bytes[place] == b'0' && matches!(bytes[place - 1], b' ' | b'('));
        starts && text.is_char_boundary(place) && count_digits(&text[..place]) >= 6 && count_digits(&text[place..]) >= 6
    })
}
