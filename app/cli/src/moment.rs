//! Shows instants in the zone of the settings.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::configuration::Configuration;

/// Shows instants in one zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) zone: Tz,
}

impl Moments {
    /// In the zone of the settings, which have been checked.
    pub(crate) fn of(configuration: &Configuration) -> Self {
        Self { zone: configuration.settings.locale.time_zone.parse().unwrap_or(Tz::UTC) }
    }

    /// `2026-03-01 04:00`.
    pub(crate) fn show(self, instant: DateTime<Utc>) -> String {
        instant.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }

    /// `2026-03-01`.
    pub(crate) fn day(self, instant: DateTime<Utc>) -> String {
        instant.with_timezone(&self.zone).format("%Y-%m-%d").to_string()
    }

    /// The same as [`Self::show`], or nothing.
    pub(crate) fn show_if(self, instant: Option<DateTime<Utc>>) -> String {
        instant.map(|instant| self.show(instant)).unwrap_or_default()
    }
}

/// An instant, or a whole day of a zone that is known later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// An instant.
    Instant(DateTime<Utc>),
    /// A day, from its first moment to its last.
    Day(NaiveDate),
}

impl When {
    /// Reads `2026-03-01T04:00:00Z` or `2026-03-01`.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let instant = DateTime::parse_from_rfc3339(text).map(|instant| Self::Instant(instant.to_utc()));
        let when = instant.or_else(|_| text.parse().map(Self::Day));
        when.map_err(|_| "write a day such as 2026-03-01, or an instant such as 2026-03-01T04:00:00Z".to_owned())
    }

    /// Its first moment.
    pub(crate) fn first(self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => instant,
            Self::Day(day) => midnight(day, zone),
        }
    }

    /// Its last moment.
    pub(crate) fn last(self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => instant,
            Self::Day(day) => midnight(day.succ_opt().unwrap_or(day), zone) - TimeDelta::milliseconds(1),
        }
    }
}

/// The first moment of a day. Where the clock is put forward at midnight, the day begins after the gap.
fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let mut wall = (0..24).filter_map(|hour| day.and_hms_opt(hour, 0, 0));
    let first = wall.find_map(|wall| wall.and_local_timezone(zone).earliest());
    first.map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |first| first.to_utc())
}

/// `1.4 s`, `3 min 5 s`, `2 h 5 min`.
pub(crate) fn duration(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    match seconds {
        ..60 => format!("{:.1} s", span.num_milliseconds().max(0) as f64 / 1000.0),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_whole_day_of_its_zone_also_when_the_clock_changes() {
        let day = |text: &str, zone: Tz| {
            let when = When::read(text).unwrap();
            (when.first(zone).to_rfc3339(), when.last(zone).to_rfc3339())
        };
        let berlin = day("2026-11-27", Tz::Europe__Berlin);
        assert_eq!(berlin, ("2026-11-26T23:00:00+00:00".to_owned(), "2026-11-27T22:59:59.999+00:00".to_owned()));
        assert_eq!(day("2026-10-25", Tz::Europe__Berlin).1, "2026-10-25T22:59:59.999+00:00", "a day of 25 hours");
        assert_eq!(day("2026-04-24", Tz::Africa__Cairo).0, "2026-04-23T22:00:00+00:00", "it begins at one o'clock");
        let instant = day("2026-11-27T04:00:00+01:00", Tz::Europe__Berlin);
        assert_eq!(instant.0, instant.1);
        assert!(When::read("27.11.2026").is_err());
    }

    #[test]
    fn a_duration_is_shown_in_its_two_largest_units() {
        let shown = |milliseconds| duration(TimeDelta::milliseconds(milliseconds));
        assert_eq!(shown(1_440), "1.4 s");
        assert_eq!(shown(185_000), "3 min 5 s");
        assert_eq!(shown(7_500_000), "2 h 5 min");
        assert_eq!(shown(-5), "0.0 s");
    }
}
