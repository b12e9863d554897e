//! Points in time: RFC 3339, database and German timestamps, epochs, Excel serials.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

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

/// A point in time as far as a text tells it: it lies between two instants, which are mostly the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The first instant that the text may mean: of a day its beginning.
    pub first: DateTime<Utc>,
    /// The last: of a day its last millisecond.
    pub last: DateTime<Utc>,
    /// Whether the text tells the day alone.
    pub is_day: bool,
}

impl Moment {
    fn exact(instant: DateTime<Utc>) -> Self {
        Self { first: instant, last: instant, is_day: false }
    }

    fn day(day: NaiveDate, zone: Tz) -> Self {
        let first = local(day.and_time(NaiveTime::MIN), zone).first;
        let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
        let last = local(next.and_time(NaiveTime::MIN), zone).first - TimeDelta::milliseconds(1);
        Self { first, last: last.max(first), is_day: true }
    }

    /// What a clock on the wall shows. Midnight to the second is how programs write a day of which they know no time.
    fn on_the_wall(time: NaiveDateTime, zone: Tz) -> Self {
        if time.time() == NaiveTime::MIN { Self::day(time.date(), zone) } else { local(time, zone) }
    }
}

/// A local time. When clocks are put back it happens twice, and when they are put forward it is between two readings.
fn local(time: NaiveDateTime, zone: Tz) -> Moment {
    match zone.from_local_datetime(&time) {
        chrono::LocalResult::Single(found) => Moment::exact(found.to_utc()),
        chrono::LocalResult::Ambiguous(first, last) => {
            Moment { first: first.to_utc(), last: last.to_utc(), is_day: false }
        }
        chrono::LocalResult::None => {
            let read = |near: NaiveDateTime| (time - zone.offset_from_utc_datetime(&near).fix()).and_utc();
            let (before, after) = (read(time - TimeDelta::days(1)), read(time + TimeDelta::days(1)));
            Moment { first: before.min(after), last: before.max(after), is_day: false }
        }
    }
}

/// Reads a point in time. A text without a zone is local time; of a day alone this is its beginning.
pub fn instant(text: &str, zone: Tz) -> Read<DateTime<Utc>> {
    moment(text, zone).map(|read| read.map(|moment| moment.first))
}

/// Reads a point in time with what remains open of it. A text without a zone is local time.
pub fn moment(text: &str, zone: Tz) -> Read<Moment> {
    if text.len() > 100 {
        return Err(Reason::NotAnInstant);
    }
    if let Some(found) = plain(text.as_bytes()) {
        let has_zone = text.ends_with('Z');
        let moment = if has_zone { Moment::exact(found.and_utc()) } else { Moment::on_the_wall(found, zone) };
        return Ok(Reading::of(moment));
    }
    let cleaned = clean_compatible(text);
    if is_placeholder_value(&cleaned) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    if cleaned.starts_with("0000-00-00") {
        return Ok(Reading::nothing(Warnings::of(Warning::PlaceholderDate)));
    }
    parse(&cleaned, zone).map(Reading::of).ok_or(Reason::NotAnInstant)
}

/// `2026-11-24T04:00:00Z` and `2026-11-24 04:00:00` without detours.
fn plain(bytes: &[u8]) -> Option<NaiveDateTime> {
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
    Some(day.and_time(time))
}

fn parse(text: &str, zone: Tz) -> Option<Moment> {
    if let Ok(found) = DateTime::parse_from_rfc3339(text) {
        return Some(Moment::exact(found.to_utc()));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() != 14 && text.len() != 8 {
        return epoch(text, zone);
    }
    if let Some(found) = WITH_ZONE.iter().find_map(|format| DateTime::parse_from_str(text, format).ok()) {
        return Some(Moment::exact(found.to_utc()));
    }
    if let Some(found) = WITHOUT_ZONE.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()) {
        return Some(Moment::on_the_wall(found, zone));
    }
    if let Some(day) = DAYS.iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok()) {
        return Some(Moment::day(day, zone));
    }
    excel(text, zone)
}

/// Seconds (ten digits) or milliseconds (thirteen) since 1970.
fn epoch(text: &str, zone: Tz) -> Option<Moment> {
    let value: i64 = text.parse().ok()?;
    match text.len() {
        9 | 10 => DateTime::from_timestamp(value, 0).map(Moment::exact),
        12 | 13 => DateTime::from_timestamp_millis(value).map(Moment::exact),
        5 => excel(text, zone),
        _ => None,
    }
}

/// Days since 1899-12-30, with a fraction for the time of day.
fn excel(text: &str, zone: Tz) -> Option<Moment> {
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
    let on_the_wall = DateTime::from_timestamp((days - 25_569) * 86_400 + i64::try_from(seconds).ok()?, 0)?;
    Some(Moment::on_the_wall(on_the_wall.naive_utc(), zone))
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
            let read = instant(text, Tz::UTC).unwrap().value.map(|found| found.to_rfc3339());
            assert_eq!(read.as_deref(), Some("2026-11-24T04:00:00+00:00"), "{text}");
        }
    }

    #[test]
    fn a_day_alone_is_all_of_that_day_where_the_source_is() {
        for text in ["24.11.2026", "2026-11-24 00:00:00", "46350"] {
            let read = moment(text, Tz::Europe__Berlin).unwrap().value.unwrap();
            assert!(read.is_day, "{text}");
            assert_eq!(read.first.to_rfc3339(), "2026-11-23T23:00:00+00:00");
            assert_eq!(read.last.to_rfc3339(), "2026-11-24T22:59:59.999+00:00");
        }
    }

    #[test]
    fn a_text_without_a_zone_is_local_time_in_summer_and_in_winter() {
        let read = |text| moment(text, Tz::Europe__Berlin).unwrap().value.unwrap();
        assert_eq!(read("01.07.2024 12:00"), Moment::exact(read("2024-07-01T10:00:00Z").first));
        assert_eq!(read("2024-12-01 12:00:00"), Moment::exact(read("2024-12-01T11:00:00Z").first));
        assert_eq!(read("2024-12-01T12:00:00+05:00"), Moment::exact(read("2024-12-01T07:00:00Z").first));
    }

    #[test]
    fn an_hour_that_happens_twice_or_not_at_all_is_both() {
        let read = |text| moment(text, Tz::Europe__Berlin).unwrap().value.unwrap();
        let both = |moment: Moment| [moment.first, moment.last].map(|instant| instant.format("%H:%M").to_string());
        assert_eq!(both(read("2024-10-27 02:30:00")), ["00:30", "01:30"]);
        assert_eq!(both(read("2024-03-31 02:30:00")), ["00:30", "01:30"]);
    }

    #[test]
    fn what_is_no_instant_is_a_problem() {
        assert_eq!(instant("gestern", Tz::UTC), Err(Reason::NotAnInstant));
        assert_eq!(instant("2026-13-01 00:00:00", Tz::UTC), Err(Reason::NotAnInstant));
        assert_eq!(instant("", Tz::UTC).unwrap().value, None);
        assert_eq!(instant("0000-00-00 00:00:00", Tz::UTC).unwrap().value, None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[0-9:. TZ+-]{0,30}") {
            let _ = moment(&text, Tz::Europe__Berlin);
        }
    }
}
