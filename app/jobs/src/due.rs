//! When a job is due: a pure function of its schedule, its zone and an instant.
//!
//! A time in the gap of the spring clock change is due right after the gap, one in the fold of autumn once, in its first
//! pass; croner is the only cron library of several tried that gets both right.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use kartei_schemas::jobs::Schedule;

/// A schedule that has been read.
#[derive(Debug, Clone)]
pub struct Due {
    lines: Vec<Cron>,
    zone: Tz,
}

impl Due {
    /// Reads the lines of a schedule in an IANA zone. A schedule without lines is never due.
    pub fn parse(schedule: &Schedule, zone: &str) -> Result<Self, DueError> {
        let zone = zone.parse().map_err(|_| DueError::Zone { zone: zone.to_owned() })?;
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let read = |line: &String| {
            parser.parse(line).map_err(|source| DueError::Line { line: line.clone(), cause: source.to_string() })
        };
        let due = Self { lines: schedule.lines.iter().map(read).collect::<Result<_, _>>()?, zone };
        due.refuse_what_never_comes(schedule)?;
        Ok(due)
    }

    /// The first due time after an instant.
    pub fn next_after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = instant.with_timezone(&self.zone);
        let next = |line: &Cron| line.find_next_occurrence(&local, false).ok();
        self.lines.iter().filter_map(next).min().map(|time| time.to_utc())
    }

    /// The next due times after an instant, in order.
    pub fn upcoming(&self, instant: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        std::iter::successors(self.next_after(instant), |&last| self.next_after(last)).take(count).collect()
    }

    /// The last due time in `after..=now`: what a scheduler that slept has to make up for.
    pub fn latest_between(&self, after: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = now.with_timezone(&self.zone);
        let previous = |line: &Cron| line.find_previous_occurrence(&local, true).ok();
        let latest = self.lines.iter().filter_map(previous).max()?.to_utc();
        (latest > after && latest <= now).then_some(latest)
    }

    /// The zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether it is ever due.
    pub fn is_never(&self) -> bool {
        self.lines.is_empty()
    }

    fn refuse_what_never_comes(&self, schedule: &Schedule) -> Result<(), DueError> {
        let anchor = DateTime::<Utc>::UNIX_EPOCH.with_timezone(&self.zone);
        for (line, text) in self.lines.iter().zip(&schedule.lines) {
            if let Err(cause) = line.find_next_occurrence(&anchor, false) {
                return Err(DueError::Line { line: text.clone(), cause: format!("it is never due ({cause})") });
            }
        }
        Ok(())
    }
}

/// Why a schedule cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DueError {
    /// No such zone.
    #[error("there is no time zone `{zone}`")]
    Zone {
        /// The name.
        zone: String,
    },
    /// Not cron, or never due.
    #[error("schedule `{line}` cannot be read: {cause}")]
    Line {
        /// The line.
        line: String,
        /// The library's word.
        cause: String,
    },
}

impl DueError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Zone { .. } => "write an IANA name such as `Europe/Berlin`".to_owned(),
            Self::Line { .. } => {
                "write five fields, minute first, such as `0 4 * * *` for 04:00 every day, or six with seconds first"
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn due(line: &str) -> Due {
        Due::parse(&Schedule { lines: vec![line.to_owned()] }, "Europe/Berlin").unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn four_in_the_morning_stays_four_after_the_clock_change() {
        let due = due("0 4 * * *");
        assert_eq!(due.next_after(at("2026-03-28T12:00:00+01:00")), Some(at("2026-03-29T04:00:00+02:00")));
        assert_eq!(due.next_after(at("2026-10-24T12:00:00+02:00")), Some(at("2026-10-25T04:00:00+01:00")));
    }

    #[test]
    fn a_time_in_the_spring_gap_is_due_right_after_it() {
        assert_eq!(
            due("30 2 * * *").next_after(at("2026-03-29T00:00:00+01:00")),
            Some(at("2026-03-29T03:00:00+02:00"))
        );
    }

    #[test]
    fn a_time_in_the_autumn_fold_is_due_once_in_its_first_pass() {
        let times = due("30 2 * * *").upcoming(at("2026-10-25T00:00:00+02:00"), 2);
        assert_eq!(times, [at("2026-10-25T02:30:00+02:00"), at("2026-10-26T02:30:00+01:00")]);
    }

    #[test]
    fn several_lines_are_due_whenever_one_of_them_is() {
        let schedule = Schedule { lines: vec!["0 4 * * *".to_owned(), "0 12 * * MON".to_owned()] };
        let due = Due::parse(&schedule, "Europe/Berlin").unwrap();
        let times = due.upcoming(at("2026-11-23T03:00:00+01:00"), 3);
        assert_eq!(
            times,
            [at("2026-11-23T04:00:00+01:00"), at("2026-11-23T12:00:00+01:00"), at("2026-11-24T04:00:00+01:00")]
        );
    }

    #[test]
    fn what_was_missed_is_the_latest_due_time_only() {
        let due = due("0 4 * * *");
        let now = at("2026-11-23T09:00:00+01:00");
        assert_eq!(due.latest_between(at("2026-11-20T04:00:00+01:00"), now), Some(at("2026-11-23T04:00:00+01:00")));
        assert_eq!(due.latest_between(at("2026-11-23T04:00:00+01:00"), now), None);
    }

    #[test]
    fn a_day_that_never_comes_and_an_unknown_zone_are_refused() {
        let never = Schedule { lines: vec!["0 0 31 2 *".to_owned()] };
        assert!(matches!(Due::parse(&never, "Europe/Berlin"), Err(DueError::Line { .. })));
        let error = Due::parse(&Schedule::default(), "Europe/Berln").unwrap_err();
        assert_eq!(error.to_string(), "there is no time zone `Europe/Berln`");
    }

    proptest! {
        #[test]
        fn the_next_due_time_lies_ahead_and_nothing_lies_between(
            minute in 0..60u32, hour in 0..24u32, start in 946_684_800i64..2_145_916_800,
        ) {
            let due = due(&format!("{minute} {hour} * * *"));
            let start = DateTime::from_timestamp(start, 0).unwrap();
            let next = due.next_after(start).unwrap();
            prop_assert!(next > start && next - start <= TimeDelta::hours(26));
            prop_assert_eq!(due.next_after(next - TimeDelta::seconds(1)), Some(next));
        }
    }
}
