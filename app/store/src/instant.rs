//! Instants as SQLite keeps them: ISO 8601 in UTC with milliseconds, which sorts as time does.

use chrono::{DateTime, SecondsFormat, Utc};

/// `2026-11-24T02:00:00.000Z`.
pub(crate) fn to_text(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The instant that the text stands for.
pub(crate) fn from_text(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.with_timezone(&Utc))
}

/// Writes milliseconds since 1970 as [`to_text`] would, for bulk writes: years 0 to 9999, others are clamped.
pub(crate) fn write_milliseconds(milliseconds: i64, out: &mut String) {
    const DAY: i64 = 86_400_000;
    let milliseconds = milliseconds.clamp(-62_135_596_800_000, 253_402_300_799_999);
    let (year, month, day) = civil(milliseconds.div_euclid(DAY));
    let rest = milliseconds.rem_euclid(DAY);
    digits(out, year, 4);
    out.push('-');
    digits(out, month, 2);
    out.push('-');
    digits(out, day, 2);
    out.push('T');
    digits(out, rest / 3_600_000, 2);
    out.push(':');
    digits(out, rest / 60_000 % 60, 2);
    out.push(':');
    digits(out, rest / 1_000 % 60, 2);
    out.push('.');
    digits(out, rest % 1_000, 3);
    out.push('Z');
}

/// Days since 1970 as year, month, day: Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

fn digits(out: &mut String, number: i64, width: u32) {
    for place in (0..width).rev() {
        let digit = u8::try_from(number / 10_i64.pow(place) % 10).unwrap_or(0);
        out.push(char::from(b'0' + digit));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bulk_and_single_writes_agree(milliseconds in -62_135_596_800_000_i64..=253_402_300_799_999) {
            let instant = DateTime::from_timestamp_millis(milliseconds).unwrap();
            let mut text = String::new();
            write_milliseconds(milliseconds, &mut text);
            prop_assert_eq!(&text, &to_text(instant));
            prop_assert_eq!(from_text(&text), Some(instant));
        }
    }
}
