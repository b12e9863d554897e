//! Which file was made before which: by the times in their names, and else by when they were written.
//!
//! File times change with copying and putting back, so a name that tells the day has the say, whatever the file's time.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};

/// What tells the place of a file: its name, and when it was written.
pub(crate) trait Made {
    fn name(&self) -> &str;
    fn modified(&self) -> Option<DateTime<Utc>>;

    fn day_and_time(&self) -> Option<(NaiveDate, Option<NaiveTime>)> {
        day_and_time(self.name())
    }

    fn day(&self) -> Option<NaiveDate> {
        self.day_and_time().map(|(day, _)| day).or_else(|| self.modified().map(|at| at.date_naive()))
    }
}

type Place<'f> = (Option<NaiveDate>, Option<NaiveTime>, Option<DateTime<Utc>>, &'f str);

/// The order of some files: by day (the name's, or else the day on which it was written), by the time of day where all
/// files of that day have one in their names, by when they were written, and by name.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// Whether all files of a day tell the time.
    is_timed: BTreeMap<NaiveDate, bool>,
}

impl Order {
    pub(crate) fn of<'a, M: Made + 'a>(files: impl IntoIterator<Item = &'a M>) -> Self {
        let mut order = Self::default();
        for file in files {
            order.learn(file);
        }
        order
    }

    /// Takes in one more file.
    pub(crate) fn learn(&mut self, file: &impl Made) {
        let tells_time = file.day_and_time().is_some_and(|(_, time)| time.is_some());
        if let Some(day) = file.day() {
            *self.is_timed.entry(day).or_insert(true) &= tells_time;
        }
    }

    /// Which of two files, that the order has taken in, was made before the other.
    pub(crate) fn compare(&self, one: &impl Made, other: &impl Made) -> Ordering {
        self.place(one).cmp(&self.place(other))
    }

    fn place<'f>(&self, file: &'f impl Made) -> Place<'f> {
        let day = file.day();
        let is_timed = day.is_some_and(|day| self.is_timed.get(&day) == Some(&true));
        let time = file.day_and_time().and_then(|(_, time)| time).filter(|_| is_timed);
        (day, time, file.modified(), file.name())
    }
}

/// The day in a file's name (`2026-01-31`, `20260131` or `31.01.2026`), with the time behind it (`-0415`, `T04-15-00`).
pub(crate) fn day_and_time(name: &str) -> Option<(NaiveDate, Option<NaiveTime>)> {
    let bytes = name.as_bytes();
    let formats = [("%Y-%m-%d", 10), ("%Y_%m_%d", 10), ("%d.%m.%Y", 10), ("%Y%m%d", 8)];
    let at = |start: usize| {
        let follows_digit = start > 0 && bytes[start - 1].is_ascii_digit();
        let found = formats.iter().find_map(|(format, length)| {
            let day = NaiveDate::parse_from_str(name.get(start..start + length)?, format).ok()?;
            (1990..2100).contains(&day.year()).then_some((day, start + length))
        });
        found.filter(|_| !follows_digit)
    };
    let (day, end) = (0..name.len()).find_map(at)?;
    Some((day, time(&bytes[end..])))
}

/// Four or six digits, in one piece or with signs between the pairs, behind at most one sign.
fn time(rest: &[u8]) -> Option<NaiveTime> {
    let rest = match rest.first() {
        Some(sign) if sign.is_ascii_digit() => rest,
        Some(b'-' | b'_' | b'T' | b't' | b' ' | b'.') => &rest[1..],
        _ => return None,
    };
    let mut numbers = Vec::new();
    let mut place = 0;
    while numbers.len() < 3 {
        let Some([tens, ones]) = rest.get(place..place + 2) else { break };
        if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            break;
        }
        numbers.push(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'));
        place += 2;
        let is_apart = matches!(rest.get(place), Some(b'-' | b'_' | b':' | b'.' | b'h'))
            && rest.get(place + 1).is_some_and(u8::is_ascii_digit);
        place += usize::from(is_apart);
    }
    let is_longer = rest.get(place).is_some_and(u8::is_ascii_digit);
    match numbers[..] {
        [hour, minute] if !is_longer => NaiveTime::from_hms_opt(hour, minute, 0),
        [hour, minute, second] if !is_longer => NaiveTime::from_hms_opt(hour, minute, second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct File(&'static str, i64);

    impl Made for File {
        fn name(&self) -> &str {
            self.0
        }

        fn modified(&self) -> Option<DateTime<Utc>> {
            DateTime::from_timestamp(1_769_817_600 + 60 * self.1, 0)
        }
    }

    /// The names, oldest first. Minute 0 is the beginning of 31 January 2026.
    fn ordered(mut files: Vec<File>) -> Vec<&'static str> {
        let order = Order::of(&files);
        files.sort_by(|one, other| order.compare(one, other));
        files.into_iter().map(|file| file.0).collect()
    }

    #[test]
    fn days_in_names_decide_before_the_time_of_writing() {
        let files = vec![File("m-2026-01-31.csv", 1), File("d-2026-01-30.csv", 9), File("m_01.02.2026.csv", 0)];
        assert_eq!(ordered(files), ["d-2026-01-30.csv", "m-2026-01-31.csv", "m_01.02.2026.csv"]);
    }

    #[test]
    fn times_in_names_decide_where_all_of_a_day_have_one() {
        let files = vec![File("20260131-0800.csv", 1), File("20260131-0400.csv", 9)];
        assert_eq!(ordered(files), ["20260131-0400.csv", "20260131-0800.csv"]);
        let files = vec![File("20260131-0800.csv", 1), File("20260131-0400.csv", 9), File("20260131-b.csv", 5)];
        assert_eq!(ordered(files), ["20260131-0800.csv", "20260131-b.csv", "20260131-0400.csv"]);
    }

    #[test]
    fn a_name_without_a_day_stands_at_the_day_on_which_it_was_written() {
        let files = vec![File("m.csv", 30), File("m-2026-01-30.csv", 90), File("m-2026-02-01.csv", 1)];
        assert_eq!(ordered(files), ["m-2026-01-30.csv", "m.csv", "m-2026-02-01.csv"]);
        assert_eq!(ordered(vec![File("a.csv", 9), File("b.csv", 1), File("c.csv", 1)]), ["b.csv", "c.csv", "a.csv"]);
    }

    #[test]
    fn days_and_times_are_found_in_all_their_forms_and_other_numbers_are_none() {
        let time = |name| day_and_time(name).and_then(|(_, time)| time).map(|time| time.to_string());
        for name in ["x-2026-01-31_041500.csv", "x20260131041500.csv", "2026-01-31T04-15-00.csv", "31.01.2026 04.15.00"]
        {
            assert_eq!(time(name).as_deref(), Some("04:15:00"), "{name}");
        }
        assert_eq!(time("2026-01-31-0415.csv.gz").as_deref(), Some("04:15:00"));
        for name in ["2026-01-31.csv", "2026-01-31-1.csv", "2026-01-31-9999.csv", "2026-01-31-12345.csv"] {
            assert!(day_and_time(name).is_some() && time(name).is_none(), "{name}");
        }
        for name in ["members.csv", "1.csv", "120260131.csv", "2026-13-01.csv", "18990101.csv"] {
            assert!(day_and_time(name).is_none(), "{name}");
        }
    }
}
