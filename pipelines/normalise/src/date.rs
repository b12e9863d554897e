//! Days and years: ISO, German, English, two-digit years, Excel serials, timestamps.

use std::fmt;

use chrono::{Datelike, Days, NaiveDate};

use crate::date_text::{Parsed, parse};
use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::text::clean_compatible;

/// A day, or a year where no more is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KnownDate {
    /// Only the year.
    Year(i32),
    /// The day.
    Day(NaiveDate),
}

impl fmt::Display for KnownDate {
    /// `1984` or `1984-03-05`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(out, "{year:04}"),
            Self::Day(day) => write!(out, "{:04}-{:02}-{:02}", day.year(), day.month(), day.day()),
        }
    }
}

impl KnownDate {
    /// The canonical text, written by hand: there are millions of them.
    pub(crate) fn written(self) -> String {
        let Self::Day(day) = self else { return self.to_string() };
        let Ok(year) = u32::try_from(day.year()) else { return self.to_string() };
        let (month, day) = (day.month(), day.day());
        let mut out = String::with_capacity(10);
        let places = [year / 1_000, year / 100, year / 10, year, 0, month / 10, month, 0, day / 10, day];
        for (place, number) in places.into_iter().enumerate() {
            let digit = u8::try_from(number % 10).unwrap_or_default();
            out.push(if matches!(place, 4 | 7) { '-' } else { char::from(b'0' + digit) });
        }
        out
    }
}

/// What a date field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateRange {
    /// A birth date: from 1900 to today. 01.01.1900 stands for "unknown".
    Birth,
    /// Joining and the like: from 1850 to two years from today. Years far ahead, such as 9999, stand for "never".
    Event,
}

/// Reads a date. `formats` (chrono's `strftime` signs) are tried first, in their order.
///
/// Day and month stand in German order unless only the American is possible; where both are, with slashes, the
/// reading carries a warning. Two-digit years fall into the hundred years that end with what `range` allows.
pub fn date(text: &str, range: DateRange, today: NaiveDate, formats: &[String]) -> Read<KnownDate> {
    if formats.iter().all(|format| is_plain_format(format))
        && let Some(day) = plain(text.as_bytes())
    {
        return judge(KnownDate::Day(day), Warnings::NONE, range, today);
    }
    if text.len() > 100 {
        return Err(Reason::NotADate);
    }
    let cleaned = clean_compatible(text);
    if is_placeholder_value(&cleaned) {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    for format in formats {
        if let Some(day) = by_format(&cleaned, format) {
            return judge(KnownDate::Day(day), Warnings::NONE, range, today);
        }
    }
    match parse(&cleaned) {
        Parsed::Known(known, warnings) => judge(known, warnings, range, today),
        Parsed::Short { year, month, day } => {
            let year = full_year(year, month, day, range, today);
            let known = NaiveDate::from_ymd_opt(year, month, day).map(KnownDate::Day).ok_or(Reason::NotADate)?;
            judge(known, Warnings::of(Warning::TwoDigitYear), range, today)
        }
        Parsed::Nothing => Ok(Reading::nothing(Warnings::of(Warning::PlaceholderDate))),
        Parsed::Unreadable => Err(Reason::NotADate),
    }
}

/// Formats that the short way reads, with the same result.
pub(crate) fn is_plain_format(format: &str) -> bool {
    matches!(format, "%d.%m.%Y" | "%Y-%m-%d")
}

/// A format with a time part is tried as one, so that `%d.%m.%Y %H:%M` works too.
fn by_format(text: &str, format: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, format)
        .ok()
        .or_else(|| chrono::NaiveDateTime::parse_from_str(text, format).ok().map(|instant| instant.date()))
        // `%Y` takes "84" for the year 84; the built-in forms know better.
        .filter(|day| day.year() >= 1_000)
}

/// `1984-03-05` and `05.03.1984` without detours: nearly all dates are one of them.
fn plain(bytes: &[u8]) -> Option<NaiveDate> {
    let digits = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .try_fold(0_u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
    };
    if bytes.len() != 10 {
        return None;
    }
    let (year, month, day) = if bytes[4] == b'-' && bytes[7] == b'-' {
        (digits(0..4)?, digits(5..7)?, digits(8..10)?)
    } else if bytes[2] == b'.' && bytes[5] == b'.' {
        (digits(6..10)?, digits(3..5)?, digits(0..2)?)
    } else {
        return None;
    };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn judge(known: KnownDate, warnings: Warnings, range: DateRange, today: NaiveDate) -> Read<KnownDate> {
    let year = match known {
        KnownDate::Year(year) => year,
        KnownDate::Day(day) => day.year(),
    };
    if is_placeholder(known, range, year) {
        return Ok(Reading::nothing(Warnings::of(Warning::PlaceholderDate)));
    }
    let (first, last) = match range {
        DateRange::Birth => (1900, today),
        DateRange::Event => (1850, today.checked_add_days(Days::new(731)).unwrap_or(today)),
    };
    if year < first {
        return Err(Reason::TooLongAgo);
    }
    let ahead = match known {
        KnownDate::Year(year) => year > last.year(),
        KnownDate::Day(day) => day > last,
    };
    if ahead { Err(Reason::InTheFuture) } else { Ok(Reading::with(known, warnings)) }
}

/// Days that systems write for "unknown" or "never": year 0 and 1, 1900-01-01, Excel's first days, 9999.
fn is_placeholder(known: KnownDate, range: DateRange, year: i32) -> bool {
    let day = match known {
        KnownDate::Year(_) => return matches!(year, 0 | 1 | 9999),
        KnownDate::Day(day) => day,
    };
    let written = (day.year(), day.month(), day.day());
    matches!(year, 0 | 1 | 2999 | 9999)
        || matches!(written, (1900, 1, 0..=1) | (1899, 12, 30..=31) | (1111, 11, 11))
        || (range == DateRange::Birth && written == (1800, 1, 1))
}

/// The century in which a two-digit year lies: the latest that is not ahead of what the range allows.
fn full_year(short: i32, month: u32, day: u32, range: DateRange, today: NaiveDate) -> i32 {
    let last = match range {
        DateRange::Birth => today,
        DateRange::Event => today.checked_add_days(Days::new(366)).unwrap_or(today),
    };
    let century = last.year() - last.year() % 100;
    let year = century + short;
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(found) if found <= last => year,
        _ => year - 100,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
    }

    fn birth(text: &str) -> Read<KnownDate> {
        date(text, DateRange::Birth, today(), &[])
    }

    #[track_caller]
    fn check(cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            let read = birth(text).map(|reading| reading.value.map(|value| value.to_string()));
            assert_eq!(read, Ok(Some((*expected).to_owned())), "{text}");
        }
    }

    #[test]
    fn dates_are_read_in_every_usual_form() {
        check(&[
            ("1984-03-05", "1984-03-05"),
            ("05.03.1984", "1984-03-05"),
            ("5.3.1984", "1984-03-05"),
            ("5. 3. 1984", "1984-03-05"),
            ("05/03/1984", "1984-03-05"),
            ("05-03-1984", "1984-03-05"),
            ("1984/03/05", "1984-03-05"),
            ("5. März 1984", "1984-03-05"),
            ("5.März 1984", "1984-03-05"),
            ("05 MAR 1984", "1984-03-05"),
            ("March 5, 1984", "1984-03-05"),
            ("5. Jänner 1984", "1984-01-05"),
            ("5. Jän. 1984", "1984-01-05"),
            ("05-Mar-1984", "1984-03-05"),
            ("5th March 1984", "1984-03-05"),
            ("March 5th, 1984", "1984-03-05"),
            ("5 de marzo de 1984", "1984-03-05"),
            ("5 mars 1984", "1984-03-05"),
            ("5 maart 1984", "1984-03-05"),
            ("5 marca 1984", "1984-03-05"),
            ("5 Mart 1984", "1984-03-05"),
            ("1er mars 1984", "1984-03-01"),
            ("5.III.1984", "1984-03-05"),
            ("* 5.3.1984", "1984-03-05"),
            ("geb. 5.3.1984", "1984-03-05"),
            ("19840305", "1984-03-05"),
            ("05031984", "1984-03-05"),
            ("1984-03-05T00:00:00", "1984-03-05"),
            ("1984-03-05 12:30:00.000", "1984-03-05"),
            ("05.03.1984 00:00", "1984-03-05"),
            ("30746", "1984-03-05"),
            ("30746.0", "1984-03-05"),
            ("Mo, 05.03.1984", "1984-03-05"),
        ]);
    }

    #[test]
    fn american_order_is_read_only_where_nothing_else_is_possible() {
        check(&[("03/25/1984", "1984-03-25")]);
        assert!(birth("05/03/1984").unwrap().warnings.has(Warning::AmbiguousDate));
        assert!(!birth("05.03.1984").unwrap().warnings.has(Warning::AmbiguousDate));
    }

    #[test]
    fn a_stated_format_goes_first() {
        let read = date("03/05/1984", DateRange::Birth, today(), &["%m/%d/%Y".to_owned()]).unwrap();
        assert_eq!(read.value.unwrap().to_string(), "1984-03-05");
    }

    #[test]
    fn a_stated_format_with_a_full_year_does_not_spoil_a_short_one() {
        let read = date("05.03.84", DateRange::Birth, today(), &["%d.%m.%Y".to_owned()]).unwrap();
        assert_eq!(read.value.unwrap().to_string(), "1984-03-05");
    }

    #[test]
    fn a_birth_date_with_a_two_digit_year_is_never_in_the_future() {
        check(&[
            ("5.3.84", "1984-03-05"),
            ("05.03.26", "2026-03-05"),
            ("31.12.26", "1926-12-31"),
            ("1.1.27", "1927-01-01"),
        ]);
        assert!(birth("5.3.84").unwrap().warnings.has(Warning::TwoDigitYear));
    }

    #[test]
    fn where_only_the_year_is_known_it_is_kept() {
        check(&[
            ("1984", "1984"),
            ("00.00.1984", "1984"),
            ("1984-00-00", "1984"),
            ("03/1984", "1984"),
            ("März 1984", "1984"),
        ]);
        assert!(birth("03/1984").unwrap().warnings.has(Warning::PartialDate));
    }

    #[test]
    fn days_that_stand_for_unknown_are_nothing() {
        for text in ["0000-00-00", "00.00.0000", "01.01.1900", "1900-01-01", "9999-12-31", "0001-01-01", "31.12.9999"] {
            let read = birth(text).unwrap();
            assert_eq!(read.value, None, "{text}");
            assert!(read.warnings.has(Warning::PlaceholderDate), "{text}");
        }
        assert_eq!(birth("").unwrap(), Reading::nothing(Warnings::NONE));
        assert_eq!(birth("unbekannt").unwrap().value, None);
    }

    #[test]
    fn implausible_days_are_problems() {
        assert_eq!(birth("2026-11-25"), Err(Reason::InTheFuture));
        assert_eq!(birth("05.03.1884"), Err(Reason::TooLongAgo));
        assert_eq!(birth("31.02.1984"), Err(Reason::NotADate));
        assert_eq!(birth("gestern"), Err(Reason::NotADate));
        assert_eq!(birth("2027"), Err(Reason::InTheFuture));
        assert_eq!(
            date("2027-12-31", DateRange::Event, today(), &[]).unwrap().value.unwrap().to_string(),
            "2027-12-31"
        );
    }

    #[test]
    fn midnight_in_germany_written_in_utc_is_put_back_on_its_day() {
        check(&[
            ("1984-03-04T23:00:00.000Z", "1984-03-05"),
            ("1984-07-04T22:00:00Z", "1984-07-05"),
            ("1984-07-04T21:00:00Z", "1984-07-04"),
        ]);
        assert!(birth("1984-03-04T23:00:00.000Z").unwrap().warnings.has(Warning::DateFromUtc));
    }

    proptest! {
        #[test]
        fn every_day_is_read_in_all_its_written_forms(days in 0_u64..45_000) {
            let day = NaiveDate::from_ymd_opt(1900, 1, 2).unwrap() + Days::new(days);
            let expected = Ok(Reading::of(KnownDate::Day(day)));
            for format in ["%Y-%m-%d", "%d.%m.%Y", "%-d.%-m.%Y", "%Y%m%d", "%d-%m-%Y", "%d.%m.%Y 00:00:00", "%Y-%m-%dT00:00:00Z"] {
                prop_assert_eq!(birth(&day.format(format).to_string()), expected.clone(), "{}", format);
            }
            prop_assert_eq!(KnownDate::Day(day).written(), KnownDate::Day(day).to_string());
        }

        #[test]
        fn the_canonical_date_is_its_own_canonical_date(text in "[0-9]{0,4}[-./ ]?[0-9]{0,2}[-./ ]?[0-9]{0,4}|\\PC*") {
            for range in [DateRange::Birth, DateRange::Event] {
                if let Ok(Reading { value: Some(once), .. }) = date(&text, range, today(), &[]) {
                    prop_assert_eq!(date(&once.to_string(), range, today(), &[]), Ok(Reading::of(once)));
                }
            }
        }
    }
}
