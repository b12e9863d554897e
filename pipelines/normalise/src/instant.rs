//! Points in time: RFC 3339, database and German timestamps, epochs, Excel serials.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::text::clean_compatible;

const WITH_ZONE: &[&str] =
    &["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%a, %d %b %Y %H:%M:%S %z"];
const WITHOUT_ZONE: &[&str] = &[
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y, %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y, %H:%M",
    "%d.%m.%Y %H:%M Uhr",
    "%Y/%m/%d %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y%m%dT%H%M%S",
];
const DAYS: &[&str] = &["%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d"];

/// Reads a point in time. A text without a zone is taken for UTC, a day alone for its midnight.
pub fn instant(text: &str) -> Read<DateTime<Utc>> {
    if text.len() > 100 {
        return Err(Reason::NotAnInstant);
    }
    if let Some(found) = plain(text.as_bytes()) {
        return Ok(Reading::of(found));
    }
    let cleaned = clean_compatible(text);
    if is_placeholder_value(&cleaned) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    if cleaned.starts_with("0000-00-00") {
        return Ok(Reading::nothing(Warnings::of(Warning::PlaceholderDate)));
    }
    parse(&cleaned).map(Reading::of).ok_or(Reason::NotAnInstant)
}

/// `2026-11-24T04:00:00Z` and `2026-11-24 04:00:00` without detours.
fn plain(bytes: &[u8]) -> Option<DateTime<Utc>> {
    if !matches!(bytes.len(), 19 | 20) || (bytes.len() == 20 && bytes[19] != b'Z') {
        return None;
    }
    let signs = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if signs.iter().any(|(place, sign)| bytes[*place] != *sign) || !matches!(bytes[10], b'T' | b' ') {
        return None;
    }
    let digits = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .try_fold(0_u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
    };
    let year = i32::try_from(digits(0..4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, digits(5..7)?, digits(8..10)?)?;
    let time = NaiveTime::from_hms_opt(digits(11..13)?, digits(14..16)?, digits(17..19)?)?;
    Some(day.and_time(time).and_utc())
}

fn parse(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(found) = DateTime::parse_from_rfc3339(text) {
        return Some(found.to_utc());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() != 14 && text.len() != 8 {
        return epoch(text);
    }
    if let Some(found) = WITH_ZONE.iter().find_map(|format| DateTime::parse_from_str(text, format).ok()) {
        return Some(found.to_utc());
    }
    if let Some(found) = WITHOUT_ZONE.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()) {
        return Some(found.and_utc());
    }
    if let Some(day) = DAYS.iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok()) {
        return Some(day.and_time(NaiveTime::MIN).and_utc());
    }
    excel(text)
}

/// Seconds (ten digits) or milliseconds (thirteen) since 1970.
fn epoch(text: &str) -> Option<DateTime<Utc>> {
    let value: i64 = text.parse().ok()?;
    match text.len() {
        9 | 10 => DateTime::from_timestamp(value, 0),
        12 | 13 => DateTime::from_timestamp_millis(value),
        5 => excel(text),
        _ => None,
    }
}

/// Days since 1899-12-30, with a fraction for the time of day.
fn excel(text: &str) -> Option<DateTime<Utc>> {
    let (days, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let plausible = days.len() == 5 && fraction.len() <= 12;
    if !plausible || !days.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let days: i64 = days.parse().ok()?;
    let scale = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part: i64 = fraction.parse().ok()?;
    let seconds = (i128::from(part) * 86_400 + i128::from(scale) / 2) / i128::from(scale);
    // 25,569 days lie between Excel's start and 1970.
    DateTime::from_timestamp((days - 25_569) * 86_400 + i64::try_from(seconds).ok()?, 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn instants_are_read_in_every_usual_form() {
        for text in [
            "2026-11-24T04:00:00Z",
            "2026-11-24T05:00:00+01:00",
            "2026-11-24 04:00:00",
            "2026-11-24 04:00:00.000",
            "2026-11-24 05:00:00+01",
            "24.11.2026 04:00",
            "24.11.2026, 04:00:00",
            "1795492800",
            "1795492800000",
            "46350.1666666667",
        ] {
            let read = instant(text).unwrap().value.map(|found| found.to_rfc3339());
            assert_eq!(read.as_deref(), Some("2026-11-24T04:00:00+00:00"), "{text}");
        }
    }

    #[test]
    fn a_day_alone_is_its_midnight() {
        let read = instant("24.11.2026").unwrap().value.unwrap();
        assert_eq!(read.to_rfc3339(), "2026-11-24T00:00:00+00:00");
    }

    #[test]
    fn what_is_no_instant_is_a_problem() {
        assert_eq!(instant("gestern"), Err(Reason::NotAnInstant));
        assert_eq!(instant("2026-13-01 00:00:00"), Err(Reason::NotAnInstant));
        assert_eq!(instant("").unwrap().value, None);
        assert_eq!(instant("0000-00-00 00:00:00").unwrap().value, None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[0-9:. TZ+-]{0,30}") {
            let _ = instant(&text);
        }
    }
}
