//! The grammar of written dates, without a judgement on whether the day is plausible.

use chrono::{Days, NaiveDate};

use crate::date::KnownDate;
use crate::problem::{Warning, Warnings};
use crate::text::fold;

/// What a text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A day or a year.
    Known(KnownDate, Warnings),
    /// A day with a year of two digits.
    Short { year: i32, month: u32, day: u32 },
    /// "Unknown" in digits, such as 00.00.0000.
    Nothing,
    /// No date.
    Unreadable,
}

/// Reads a cleaned text.
pub(crate) fn parse(text: &str) -> Parsed {
    let text = strip_weekday(text);
    let (date, time) = split_time(text);
    let parsed = parse_date(date.trim_end_matches([',', '.', ' ']));
    match parsed {
        Parsed::Known(KnownDate::Day(day), warnings) if is_german_midnight(time) => {
            let mut warnings = warnings;
            warnings.add(Warning::DateFromUtc);
            Parsed::Known(KnownDate::Day(day.checked_add_days(Days::new(1)).unwrap_or(day)), warnings)
        }
        _ => parsed,
    }
}

/// Midnight in Central Europe, as programs write it in UTC: 23:00 in winter, 22:00 in summer.
fn is_german_midnight(time: &str) -> bool {
    time.ends_with('Z') && (time.starts_with("23:00:00") || time.starts_with("22:00:00"))
}

fn strip_weekday(text: &str) -> &str {
    match text.split_once([' ', ',']) {
        Some((word, rest)) if is_weekday(word) => rest.trim_start_matches([' ', ',']),
        _ => text,
    }
}

fn is_weekday(word: &str) -> bool {
    let folded = fold(word);
    [
        "mo",
        "di",
        "mi",
        "do",
        "fr",
        "sa",
        "so",
        "montag",
        "dienstag",
        "mittwoch",
        "donnerstag",
        "freitag",
        "samstag",
        "sonntag",
    ]
    .contains(&folded.as_str())
        || ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(&folded.as_str())
}

/// Cuts the time of day off: behind a `T` or a space, where a colon follows two digits.
fn split_time(text: &str) -> (&str, &str) {
    let Some(colon) = text.find(':') else { return (text, "") };
    match text[..colon].rfind(['T', ' ', ',']) {
        Some(cut) => (text[..cut].trim_end(), text[cut + 1..].trim_start()),
        None => (text, ""),
    }
}

fn parse_date(text: &str) -> Parsed {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return parse_digits(text);
    }
    if let Some(serial) = text.strip_suffix(".0").filter(|serial| matches!(serial.len(), 4 | 5)) {
        return parse_digits(serial);
    }
    let parts: Vec<&str> = text.split(['.', '-', '/', ' ', ',']).filter(|part| !part.is_empty()).collect();
    let numbers: Option<Vec<u32>> = parts.iter().map(|part| number(part)).collect();
    match (numbers.as_deref(), parts.as_slice()) {
        (Some([first, middle, last]), [first_text, _, last_text]) => {
            three_numbers([*first, *middle, *last], first_text.len(), last_text.len(), text.contains('/'))
        }
        (Some([first, last]), [first_text, last_text]) => two_numbers(*first, *last, first_text.len(), last_text.len()),
        (None, _) => with_month_name(&parts),
        _ => Parsed::Unreadable,
    }
}

fn number(part: &str) -> Option<u32> {
    (part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok()).flatten()
}

/// A run of digits: a year, a day without separators, or Excel's count of days.
fn parse_digits(text: &str) -> Parsed {
    let Ok(value) = text.parse::<u32>() else { return Parsed::Unreadable };
    match text.len() {
        4 | 8 if value == 0 => Parsed::Nothing,
        4 => Parsed::Known(KnownDate::Year(text.parse().unwrap_or_default()), Warnings::NONE),
        // Excel counts from 1899-12-30; five digits are 1927 to 2173.
        5 if value >= 10_000 => NaiveDate::from_ymd_opt(1899, 12, 30)
            .and_then(|start| start.checked_add_days(Days::new(u64::from(value))))
            .map_or(Parsed::Unreadable, known_day),
        8 => {
            let (year, month, day) = (value / 10_000, value / 100 % 100, value % 100);
            let iso = in_range(year).then(|| calendar(year, month, day)).flatten();
            let (day, month, year) = (value / 1_000_000, value / 10_000 % 100, value % 10_000);
            let german = in_range(year).then(|| calendar(year, month, day)).flatten();
            iso.or(german).map_or(Parsed::Unreadable, known_day)
        }
        _ => Parsed::Unreadable,
    }
}

fn in_range(year: u32) -> bool {
    (1850..2100).contains(&year) || year == 9999
}

fn known_day(day: NaiveDate) -> Parsed {
    Parsed::Known(KnownDate::Day(day), Warnings::NONE)
}

fn calendar(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn three_numbers([first, middle, last]: [u32; 3], first_length: usize, last_length: usize, slashes: bool) -> Parsed {
    let (year, year_length, month, day) =
        if first_length == 4 { (first, 4, middle, last) } else { (last, last_length, middle, first) };
    if first_length != 4 && !matches!(last_length, 2 | 4) || first_length == 3 {
        return Parsed::Unreadable;
    }
    if year == 0 && (month == 0 || day == 0) {
        return Parsed::Nothing;
    }
    if month == 0 || day == 0 {
        let partial = year_length == 4 && month <= 12 && day <= 31;
        return if partial { only_year(year) } else { Parsed::Unreadable };
    }
    let american = slashes && first_length != 4 && month > 12 && day <= 12;
    let (month, day) = if american { (day, month) } else { (month, day) };
    if year_length == 2 {
        let plausible = (1..=12).contains(&month) && (1..=31).contains(&day);
        let year = i32::try_from(year).unwrap_or_default();
        return if plausible { Parsed::Short { year, month, day } } else { Parsed::Unreadable };
    }
    let ambiguous = slashes && first_length != 4 && !american && day <= 12 && day != month;
    let warnings = if ambiguous { Warnings::of(Warning::AmbiguousDate) } else { Warnings::NONE };
    calendar(year, month, day).map_or(Parsed::Unreadable, |day| Parsed::Known(KnownDate::Day(day), warnings))
}

/// Month and year, in either order.
fn two_numbers(first: u32, last: u32, first_length: usize, last_length: usize) -> Parsed {
    let (month, year) = match (first_length, last_length) {
        (4, 1..=2) => (last, first),
        (1..=2, 4) => (first, last),
        _ => return Parsed::Unreadable,
    };
    if year == 0 {
        return Parsed::Nothing;
    }
    if month <= 12 { only_year(year) } else { Parsed::Unreadable }
}

fn only_year(year: u32) -> Parsed {
    let year = i32::try_from(year).unwrap_or_default();
    Parsed::Known(KnownDate::Year(year), Warnings::of(Warning::PartialDate))
}

/// "5 März 1984", "March 5 1984", "März 1984".
fn with_month_name(parts: &[&str]) -> Parsed {
    let named: Vec<(usize, u32)> =
        parts.iter().enumerate().filter_map(|(place, part)| month_name(part).map(|month| (place, month))).collect();
    let [(place, month)] = named.as_slice() else { return Parsed::Unreadable };
    let others: Option<Vec<(u32, usize)>> = parts
        .iter()
        .enumerate()
        .filter(|(other, _)| other != place)
        .map(|(_, part)| number(part).map(|value| (value, part.len())))
        .collect();
    match others.as_deref() {
        Some([(year, 4)]) => only_year(*year),
        Some([(day, 1..=2), (year, 4)] | [(year, 4), (day, 1..=2)]) => {
            calendar(*year, *month, *day).map_or(Parsed::Unreadable, known_day)
        }
        Some([(day, 1..=2), (year, 2)]) if (1..=31).contains(day) => {
            Parsed::Short { year: i32::try_from(*year).unwrap_or_default(), month: *month, day: *day }
        }
        _ => Parsed::Unreadable,
    }
}

fn month_name(word: &str) -> Option<u32> {
    const MONTHS: &[(&str, u32)] = &[
        ("januar", 1),
        ("jaenner", 1),
        ("january", 1),
        ("jan", 1),
        ("februar", 2),
        ("feber", 2),
        ("february", 2),
        ("feb", 2),
        ("maerz", 3),
        ("march", 3),
        ("mar", 3),
        ("maer", 3),
        ("mrz", 3),
        ("april", 4),
        ("apr", 4),
        ("mai", 5),
        ("may", 5),
        ("juni", 6),
        ("june", 6),
        ("jun", 6),
        ("juli", 7),
        ("july", 7),
        ("jul", 7),
        ("august", 8),
        ("aug", 8),
        ("september", 9),
        ("sept", 9),
        ("sep", 9),
        ("oktober", 10),
        ("october", 10),
        ("okt", 10),
        ("oct", 10),
        ("november", 11),
        ("nov", 11),
        ("dezember", 12),
        ("december", 12),
        ("dez", 12),
        ("dec", 12),
    ];
    let folded = fold(word);
    MONTHS.iter().find(|(name, _)| *name == folded).map(|(_, month)| *month)
}
