//! When a job is due: a pure function of its schedule, its zone, its windows, and an instant.
//!
//! A time of day in the gap of a clock change is due once, right after the gap; one in the fold once, in its first pass.
//! An interval (an hour field with `*`, `/` or `-`) keeps running through both. The cron library finds matching wall
//! clock times and no more: it takes `0,30 2 * * *` for an interval, which would come twice in autumn and never in spring.

use chrono::{DateTime, Duration, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};

use crate::jobs::JobSchema;
use crate::window::{Blackout, Moment};

/// No two clock changes of one zone are nearer than this.
const STRIDE: TimeDelta = TimeDelta::hours(6);
/// So many windows or clock changes are passed before a schedule is held to be never due.
const PATIENCE: usize = 2_000;

/// A schedule that has been read.
#[derive(Debug, Clone)]
pub struct Due {
    lines: Vec<Line>,
    zone: Tz,
    from: Option<NaiveDateTime>,
    until: Option<NaiveDateTime>,
    blackouts: Vec<Blackout>,
}

#[derive(Debug, Clone)]
struct Line {
    cron: Cron,
    is_interval: bool,
}

/// Due times that nobody has planned yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unplanned {
    /// The newest of them, in order.
    pub times: Vec<DateTime<Utc>>,
    /// Whether there are older ones still.
    pub more: bool,
}

impl Due {
    /// Reads a job's schedule; `zone` is what a job without a zone of its own has.
    pub fn of_job(job: &JobSchema, zone: &str) -> Result<Self, DueError> {
        let mut due = Self::parse(&job.schedule.lines, job.time_zone.as_deref().unwrap_or(zone))?;
        let moment = |key: &'static str, text: &Option<String>| -> Result<Option<NaiveDateTime>, DueError> {
            let read = |text: &String| {
                Moment::parse(text).ok_or_else(|| DueError::Moment { key, text: text.clone() }).map(|moment| moment.0)
            };
            text.as_ref().map(read).transpose()
        };
        due.from = moment("enabled_from", &job.enabled_from)?;
        due.until = moment("enabled_until", &job.enabled_until)?;
        let blackout = |text: &String| text.parse().map_err(|reason| DueError::Blackout { text: text.clone(), reason });
        due.blackouts = job.blackout.iter().map(blackout).collect::<Result<_, _>>()?;
        Ok(due)
    }

    /// Reads the lines of a schedule in an IANA zone. A schedule without lines is never due.
    pub fn parse(lines: &[String], zone: &str) -> Result<Self, DueError> {
        let zone = zone.parse().map_err(|_| DueError::Zone { zone: zone.to_owned() })?;
        let lines = lines.iter().map(|line| Line::parse(line)).collect::<Result<_, _>>()?;
        Ok(Self { lines, zone, from: None, until: None, blackouts: Vec::new() })
    }

    /// What a job's due times follow from: when it changes, planning begins anew.
    pub fn expression_of(&self, job: &JobSchema) -> String {
        format!("{} {}", job.schedule.lines.join(" | "), self.zone.name())
    }

    /// The first due time after an instant.
    pub fn next_after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut after = instant;
        if let Some(from) = self.from {
            after = after.max(instant_of(from, self.zone) - TimeDelta::seconds(1));
        }
        for _ in 0..PATIENCE {
            let found = self.lines.iter().filter_map(|line| line.next_after(after, self.zone)).min()?;
            let local = found.with_timezone(&self.zone).naive_local();
            if self.until.is_some_and(|until| local >= until) {
                return None;
            }
            match self.blackouts.iter().filter_map(|blackout| blackout.end_of(local)).max() {
                None => return Some(found),
                // In a fold the window's end may lie before its middle.
                Some(end) => after = found.max(instant_of(end, self.zone) - TimeDelta::seconds(1)),
            }
        }
        None
    }

    /// The next due times after an instant, in order.
    pub fn upcoming(&self, instant: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        std::iter::successors(self.next_after(instant), |&last| self.next_after(last)).take(count).collect()
    }

    /// The newest due times in `after..=now`: what a scheduler that slept has to make up for. At most `count`.
    pub fn unplanned(&self, after: DateTime<Utc>, now: DateTime<Utc>, count: usize) -> Unplanned {
        if self.lines.is_empty() || after >= now {
            return Unplanned::default();
        }
        let mut span = TimeDelta::hours(1);
        // From the end, in windows that grow, since a process may have slept for a year.
        loop {
            let begin = now.checked_sub_signed(span).map_or(after, |begin| begin.max(after));
            let mut times = Vec::new();
            let mut last = begin;
            while let Some(next) = self.next_after(last).filter(|&next| next <= now) {
                times.push(next);
                last = next;
            }
            let surplus = times.len().saturating_sub(count);
            if begin == after || surplus > 0 {
                return Unplanned { more: surplus > 0, times: times.split_off(surplus) };
            }
            span = span * 4;
        }
    }

    /// The shortest time between two of the next due times after an instant.
    pub fn shortest_gap(&self, instant: DateTime<Utc>) -> Option<TimeDelta> {
        self.upcoming(instant, 100).windows(2).map(|pair| pair[1] - pair[0]).min()
    }

    /// The zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether it is due by itself at all.
    pub fn is_never(&self) -> bool {
        self.lines.is_empty()
    }
}

impl Line {
    fn parse(text: &str) -> Result<Self, DueError> {
        let wrong = |cause: String| DueError::Line { line: text.to_owned(), cause };
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let cron = parser.parse(text).map_err(|cause| wrong(cause.to_string().trim_end_matches('.').to_owned()))?;
        if cron.find_next_occurrence(&DateTime::UNIX_EPOCH.naive_utc(), false).is_err() {
            return Err(wrong("it is never due".to_owned()));
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let is_interval = match fields[..] {
            [nickname] => nickname.eq_ignore_ascii_case("@hourly"),
            [.., hour, _, _, _] => hour.contains(['*', '?', '/', '-']),
            _ => false,
        };
        Ok(Self { cron, is_interval })
    }

    fn next_after(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let instant = instant.with_nanosecond(0)?;
        if self.is_interval { self.next_of_interval(instant, zone) } else { self.next_of_day(instant, zone) }
    }

    /// The next match of the wall clock that comes to lie after the instant.
    fn next_of_day(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let mut local = instant.with_timezone(&zone).naive_local();
        loop {
            local = self.cron.find_next_occurrence(&local, false).ok()?;
            let found = instant_of(local, zone);
            if found > instant {
                return Some(found);
            }
        }
    }

    /// The next instant whose wall clock matches: one offset after another.
    fn next_of_interval(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let mut from = instant;
        let mut is_included = false;
        for _ in 0..PATIENCE {
            let offset = Duration::seconds(offset_at(from, zone));
            let local = self.cron.find_next_occurrence(&(from.naive_utc() + offset), is_included).ok()?;
            let found = (local - offset).and_utc();
            let Some(change) = first_change(from, found, zone) else { return Some(found) };
            from = change;
            is_included = true;
        }
        None
    }
}

/// The instant of a wall clock time: in a gap the first one after it, in a fold its first pass.
pub fn instant_of(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    if let Some(found) = zone.from_local_datetime(&local).earliest() {
        return found.to_utc();
    }
    let reaches = |instant: DateTime<Utc>| instant.with_timezone(&zone).naive_local() >= local;
    bisect(local.and_utc() - TimeDelta::hours(48), local.and_utc() + TimeDelta::hours(48), reaches)
}

/// The first clock change in `from..=to`, not counting one at `from` itself.
fn first_change(from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
    let offset = offset_at(from, zone);
    let mut low = from;
    while low < to {
        let high = to.min(low + STRIDE);
        if offset_at(high, zone) != offset {
            return Some(bisect(low, high, |instant| offset_at(instant, zone) != offset));
        }
        low = high;
    }
    None
}

fn offset_at(instant: DateTime<Utc>, zone: Tz) -> i64 {
    i64::from(zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc())
}

/// The first second in `low..=high` of which something holds that does not hold at `low`, but at `high`.
fn bisect(mut low: DateTime<Utc>, mut high: DateTime<Utc>, holds: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
    while high - low > TimeDelta::seconds(1) {
        let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
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
    #[error("the schedule `{line}` cannot be: {cause}")]
    Line {
        /// The line.
        line: String,
        /// The library's word.
        cause: String,
    },
    /// No day and no time of a day.
    #[error("`{key}` is `{text}`, which is neither a day nor a time of a day")]
    Moment {
        /// The key.
        key: &'static str,
        /// The text.
        text: String,
    },
    /// No window.
    #[error("the blackout `{text}` cannot be read: {reason}")]
    Blackout {
        /// The text.
        text: String,
        /// Why.
        reason: String,
    },
}

impl DueError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Zone { .. } => "write an IANA name such as `Europe/Berlin`",
            Self::Line { line, .. } if line.trim_start().starts_with('@') => {
                "there are @hourly, @daily, @weekly, @monthly and @yearly"
            }
            Self::Line { .. } => {
                "minute, hour, day of month, month, day of week: `0 4 * * *` is each day at four; six fields begin with \
                 the second"
            }
            Self::Moment { .. } => "write `2026-12-01` or `2026-12-01T08:00`, by the clock of the job's zone",
            Self::Blackout { .. } => {
                "write `22:00-06:00`, `Sat-Sun`, `Mon-Fri 08:00-18:00`, `2026-12-24` or `2026-12-24..2026-12-26`"
            }
        }
        .to_owned()
    }

    /// The key of the job that is wrong.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Zone { .. } => "time_zone",
            Self::Line { .. } => "schedule",
            Self::Moment { key, .. } => key,
            Self::Blackout { .. } => "blackout",
        }
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
