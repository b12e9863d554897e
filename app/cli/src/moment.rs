//! Shows instants in the zone of the settings.

use chrono::{DateTime, TimeDelta, Utc};
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

    /// The same, or nothing.
    pub(crate) fn show_if(self, instant: Option<DateTime<Utc>>) -> String {
        instant.map(|instant| self.show(instant)).unwrap_or_default()
    }
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
    fn a_duration_is_shown_in_its_two_largest_units() {
        let shown = |milliseconds| duration(TimeDelta::milliseconds(milliseconds));
        assert_eq!(shown(1_440), "1.4 s");
        assert_eq!(shown(185_000), "3 min 5 s");
        assert_eq!(shown(7_500_000), "2 h 5 min");
        assert_eq!(shown(-5), "0.0 s");
    }
}
