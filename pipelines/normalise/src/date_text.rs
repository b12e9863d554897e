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
    let text = strip_weekday(without_sign_of_birth(text));
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

/// "* 5.3.1984", "geb. 5.3.1984".
fn without_sign_of_birth(text: &str) -> &str {
    let rest = text.trim_start_matches(['*', '\'']).trim_start();
    for word in ["geb. am", "geboren am", "geb.", "geb", "born on", "born"] {
        if let Some(behind) =
            rest.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word)).map(|_| &rest[word.len()..])
        {
            return behind.trim_start_matches([' ', ':']);
        }
    }
    rest
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
    let is_filler = |part: &&str| matches!(*part, "" | "de" | "of" | "den" | "the" | "del" | "d");
    let parts: Vec<&str> = text.split(['.', '-', '/', ' ', ',', '\'']).filter(|part| !is_filler(part)).collect();
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
        .map(|(_, part)| without_ordinal(part))
        .map(|part| number(part).map(|value| (value, part.len())))
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

/// "5th" as "5".
fn without_ordinal(part: &str) -> &str {
    let digits = part.trim_end_matches(|sign: char| sign.is_ascii_alphabetic());
    let is_ordinal = matches!(&part[digits.len()..], "st" | "nd" | "rd" | "th" | "er" | "e");
    if is_ordinal { digits } else { part }
}

fn month_name(word: &str) -> Option<u32> {
    /// By month its names and short forms, folded: German, English, French, Dutch, Polish, Spanish, Italian, Turkish, Czech.
    const MONTHS: [&str; 12] = [
        "januar jaenner jaen jaenn jan january janvier janv januari styczen stycznia sty enero ene gennaio gen ocak leden ledna i",
        "februar feber feb february fevrier fevr fev februari luty lutego lut febrero febbraio subat unor unora ii",
        "maerz maer mrz mar march mars maart mrt marzec marca marzo mart brezen brezna iii",
        "april apr avril avr kwiecien kwietnia kwi abril abr aprile nisan duben dubna iv",
        "mai may mei maj maja mayo maggio mag mayis kveten kvetna v",
        "juni jun june juin czerwiec czerwca cze junio giugno giu haziran cerven cervna vi",
        "juli jul july juillet juil lipiec lipca lip julio luglio lug temmuz cervenec cervence vii",
        "august aug aout augustus sierpien sierpnia sie agosto ago agustos srpen srpna viii",
        "september sept sep septembre wrzesien wrzesnia wrz septiembre settembre set eylul zari ix",
        "oktober okt october oct octobre pazdziernik pazdziernika paz octubre ottobre ott ekim rijen rijna x",
        "november nov novembre listopad listopada lis noviembre kasim xi",
        "dezember dez december dec decembre grudzien grudnia gru diciembre dicembre dic aralik prosinec prosince xii",
    ];
    let folded = fold(word);
    let is_one = |names: &&str| names.split(' ').any(|name| name == folded);
    (1..).zip(&MONTHS).find(|(_, names)| is_one(names)).map(|(month, _)| month)
}
