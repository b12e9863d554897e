//! How old a source's newest news is, against what its schema allows.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use kartei_schemas::source::Freshness as FreshnessRules;
use polars_core::prelude::StringChunked;

/// A source's age and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// How it stands.
    pub state: FreshnessState,
    /// The age of the newest news; zero where it lies in the future, none where nothing tells.
    pub age: Option<TimeDelta>,
}

/// What a source's age means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FreshnessState {
    /// Young enough, or no rule says otherwise.
    Fresh,
    /// Older than `warn_after`, or unknown although a rule asks.
    Stale,
    /// Older than `error_after`: the run stops before publishing.
    TooOld,
}

/// Weighs the newest news of a source (its newest file, or its largest `updated_at`) against its rules.
pub fn freshness(newest: Option<DateTime<Utc>>, now: DateTime<Utc>, rules: &FreshnessRules) -> Freshness {
    let Some(newest) = newest else {
        let asked = rules.warn_after.is_some() || rules.error_after.is_some();
        return Freshness { state: if asked { FreshnessState::Stale } else { FreshnessState::Fresh }, age: None };
    };
    let age = (now - newest).max(TimeDelta::zero());
    let older = |limit: Option<kartei_schemas::duration::Span>| {
        limit.is_some_and(|span| i64::try_from(span.seconds()).is_ok_and(|seconds| age.num_seconds() > seconds))
    };
    let state = if older(rules.error_after) {
        FreshnessState::TooOld
    } else if older(rules.warn_after) {
        FreshnessState::Stale
    } else {
        FreshnessState::Fresh
    };
    Freshness { state, age: Some(age) }
}

/// The largest instant in a column of times as received: ISO 8601 or `31.12.2025 23:59`, UTC where no offset is given.
///
/// What cannot be read is passed over, and so is what lies after `now`: a typing error must not keep a source fresh.
pub fn newest_instant(column: &StringChunked, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    column.iter().flatten().filter_map(read_instant).filter(|instant| *instant <= now).max()
}

fn read_instant(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Some(instant) = read_plain(text.as_bytes()) {
        return Some(instant);
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.to_utc());
    }
    let with_time = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M"];
    let local = with_time.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()).or_else(|| {
        let day = ["%Y-%m-%d", "%d.%m.%Y"].iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok());
        day.and_then(|day| day.and_hms_opt(0, 0, 0))
    });
    local.map(|local| local.and_utc())
}

/// `2026-01-31`, `31.01.2026`, and either with ` 08:15` or ` 08:15:00`: nearly all there is, and read a million times.
fn read_plain(text: &[u8]) -> Option<DateTime<Utc>> {
    let number = |from: usize, length: usize| {
        let digits = text.get(from..from + length)?;
        digits.iter().try_fold(0_u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
    };
    let (year, month, day) = match (text.get(2)?, text.get(4)?, text.get(5)?, text.get(7)?) {
        (_, b'-', _, b'-') => (number(0, 4)?, number(5, 2)?, number(8, 2)?),
        (b'.', _, b'.', _) => (number(6, 4)?, number(3, 2)?, number(0, 2)?),
        _ => return None,
    };
    let (hour, minute, second) = match text.len() {
        10 => (0, 0, 0),
        16 | 19 if matches!(text[10], b' ' | b'T') && text[13] == b':' => {
            let second = if text.len() == 16 { 0 } else { number(17, 2).filter(|_| text[16] == b':')? };
            (number(11, 2)?, number(14, 2)?, second)
        }
        _ => return None,
    };
    let day = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(day.and_hms_opt(hour, minute, second)?.and_utc())
}

#[cfg(test)]
mod tests {
    use polars_core::prelude::{NewChunkedArray, PlSmallStr};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn rules() -> FreshnessRules {
        FreshnessRules { warn_after: Some("36h".parse().unwrap()), error_after: Some("7d".parse().unwrap()) }
    }

    #[test]
    fn a_source_is_fresh_then_stale_then_too_old() {
        let newest = Some(at("2026-03-01T04:00:00Z"));
        let state = |now| freshness(newest, at(now), &rules()).state;
        assert_eq!(state("2026-03-02T16:00:00Z"), FreshnessState::Fresh);
        assert_eq!(state("2026-03-02T16:00:01Z"), FreshnessState::Stale);
        assert_eq!(state("2026-03-08T04:00:01Z"), FreshnessState::TooOld);
    }

    #[test]
    fn a_file_from_the_future_is_fresh_and_has_no_negative_age() {
        let found = freshness(Some(at("2026-03-05T00:00:00Z")), at("2026-03-01T00:00:00Z"), &rules());
        assert_eq!(found, Freshness { state: FreshnessState::Fresh, age: Some(TimeDelta::zero()) });
    }

    #[test]
    fn an_unknown_age_is_stale_only_where_a_rule_asks() {
        let now = at("2026-03-01T00:00:00Z");
        assert_eq!(freshness(None, now, &rules()).state, FreshnessState::Stale);
        assert_eq!(freshness(None, now, &FreshnessRules::default()).state, FreshnessState::Fresh);
    }

    #[test]
    fn plain_instants_are_read_as_all_others_are() {
        let plain = ["2026-02-03", "2026-02-03 10:15", "03.02.2026 10:15:30", "2026-02-03T10:15:30", "03.02.2026"];
        let expected = ["00:00:00", "10:15:00", "10:15:30", "10:15:30", "00:00:00"];
        for (text, time) in plain.iter().zip(expected) {
            assert_eq!(read_plain(text.as_bytes()), Some(at(&format!("2026-02-03T{time}Z"))), "{text}");
        }
        for text in ["2026-02-03T10:15:30Z", "2026-02-30", "2026-2-3", "gestern war", "3.2.2026 10:15", ""] {
            assert_eq!(read_plain(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read_instant("2026-02-03T10:15:30+01:00"), Some(at("2026-02-03T09:15:30Z")));
    }

    #[test]
    fn the_newest_instant_is_found_among_mixed_formats_and_typing_errors() {
        let texts = ["2026-02-01", "03.02.2026 10:15", "", "gestern", "2026-02-03T10:14:59+01:00", "01.01.2062"];
        let column = StringChunked::from_slice(PlSmallStr::from_static("updated_at"), &texts);
        assert_eq!(newest_instant(&column, at("2026-03-01T00:00:00Z")), Some(at("2026-02-03T10:15:00Z")));
    }
}
