//! Windows of local time: moments by the clock of a zone, and blackouts in which nothing is due.

use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Weekday};

/// A moment by the clock of a zone: `2026-12-01`, which is its midnight, or `2026-12-01T08:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub NaiveDateTime);

impl Moment {
    /// Reads a day or a time of a day.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let day = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN));
        let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"];
        let time = || forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        day().or_else(time).map(Self)
    }
}

/// A window in which nothing is due, by the clock of the job's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blackout {
    /// Whole days, both included.
    Days(NaiveDate, NaiveDate),
    /// Some hours of some days of the week. A window that goes over midnight belongs to the day on which it begins.
    Hours {
        /// For each day from Monday on whether the window begins on it.
        weekdays: [bool; 7],
        /// When it begins.
        from: NaiveTime,
        /// When it ends; the same as `from`: a whole day later.
        until: NaiveTime,
    },
}

impl Blackout {
    /// When the window ends that holds this moment; none where it holds it not.
    pub fn end_of(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        match *self {
            Self::Days(first, last) => {
                let end = last.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
                (first <= local.date() && local < end).then_some(end)
            }
            Self::Hours { weekdays, from, until } => {
                let today = local.date();
                [today.checked_sub_days(Days::new(1))?, today].into_iter().find_map(|day| {
                    let is_wanted = weekdays[day.weekday().num_days_from_monday() as usize];
                    let last = if until > from { day } else { day.checked_add_days(Days::new(1))? };
                    let (begin, end) = (day.and_time(from), last.and_time(until));
                    (is_wanted && begin <= local && local < end).then_some(end)
                })
            }
        }
    }
}

impl FromStr for Blackout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            [one] if one.starts_with(|first: char| first.is_ascii_digit()) && one.contains(':') => {
                let (from, until) = hours(one)?;
                Ok(Self::Hours { weekdays: [true; 7], from, until })
            }
            [one] if one.starts_with(|first: char| first.is_ascii_digit()) => days(one),
            [one] => Ok(Self::Hours { weekdays: weekdays(one)?, from: NaiveTime::MIN, until: NaiveTime::MIN }),
            [days, times] => {
                let (from, until) = hours(times)?;
                Ok(Self::Hours { weekdays: weekdays(days)?, from, until })
            }
            _ => Err("it is neither days, nor hours, nor days and hours".to_owned()),
        }
    }
}

fn days(text: &str) -> Result<Blackout, String> {
    let day = |text: &str| text.trim().parse::<NaiveDate>().map_err(|_| format!("`{text}` is no day"));
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    if last < first {
        return Err("it ends before it begins".to_owned());
    }
    Ok(Blackout::Days(first, last))
}

fn hours(text: &str) -> Result<(NaiveTime, NaiveTime), String> {
    let time = |text: &str| match text {
        "24:00" => Ok(NaiveTime::MIN),
        _ => NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| format!("`{text}` is no time of the day")),
    };
    let (from, until) = text.split_once('-').ok_or_else(|| format!("`{text}` has no end"))?;
    let (from, until) = (time(from)?, time(until)?);
    if from == until && from != NaiveTime::MIN {
        return Err("it ends when it begins".to_owned());
    }
    Ok((from, until))
}

fn weekdays(text: &str) -> Result<[bool; 7], String> {
    let day = |text: &str| {
        let day = text.parse::<Weekday>().map_err(|_| format!("`{text}` is no day of the week"))?;
        Ok::<_, String>(day.num_days_from_monday() as usize)
    };
    let mut wanted = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (day(first)?, day(last)?);
        wanted[at] = true;
        while at != last {
            at = (at + 1) % 7;
            wanted[at] = true;
        }
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        Moment::parse(text).unwrap().0
    }

    fn end(window: &str, moment: &str) -> Option<String> {
        let end = window.parse::<Blackout>().unwrap().end_of(at(moment));
        end.map(|end| end.format("%Y-%m-%d %H:%M").to_string())
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
        // 2026-11-27 is a Friday.
        assert_eq!(end("Fri 22:00-06:00", "2026-11-27 21:59"), None);
        assert_eq!(end("Fri 22:00-06:00", "2026-11-27 22:00").as_deref(), Some("2026-11-28 06:00"));
        assert_eq!(end("Fri 22:00-06:00", "2026-11-28 05:59").as_deref(), Some("2026-11-28 06:00"));
        assert_eq!(end("Fri 22:00-06:00", "2026-11-28 06:00"), None);
        assert_eq!(end("Fri 22:00-06:00", "2026-11-28 22:00"), None);
        assert_eq!(end("22:00-24:00", "2026-11-28 23:59").as_deref(), Some("2026-11-29 00:00"));
    }

    #[test]
    fn days_of_the_week_and_of_the_calendar_are_whole() {
        assert_eq!(end("Sat-Sun", "2026-11-29 12:00").as_deref(), Some("2026-11-30 00:00"));
        assert_eq!(end("Sat-Mon,Wed", "2026-11-30 00:00").as_deref(), Some("2026-12-01 00:00"));
        assert_eq!(end("Sat-Sun", "2026-11-30 00:00"), None);
        assert_eq!(end("2026-12-24..2026-12-26", "2026-12-26 23:59").as_deref(), Some("2026-12-27 00:00"));
        assert_eq!(end("2026-12-24", "2026-12-25"), None);
    }

    #[test]
    fn what_is_no_window_is_refused_with_its_reason() {
        let reason = |text: &str| text.parse::<Blackout>().unwrap_err();
        assert_eq!(reason("22:00"), "`22:00` has no end");
        assert_eq!(reason("22:00-26:00"), "`26:00` is no time of the day");
        assert_eq!(reason("Sam-Son"), "`Sam` is no day of the week");
        assert_eq!(reason("2026-12-26..2026-12-24"), "it ends before it begins");
        assert_eq!(reason("08:00-08:00"), "it ends when it begins");
        assert_eq!(reason("Mon Tue Wed"), "it is neither days, nor hours, nor days and hours");
    }
}
