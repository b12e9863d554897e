//! The files of a source: found by glob, left alone while they are written, and put in order.

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use glob::{MatchOptions, Pattern};
use kartei_schemas::source::{FilesSettings, Listing};

use crate::content::file_name;
use crate::error::FileError;
use crate::inspect::{modified, stat};

/// The files of a source as they lie there now.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// The newest complete listing.
    pub(crate) complete: Option<Found>,
    /// The deltas, in the order of their names.
    pub(crate) deltas: Vec<Found>,
    /// Files that are being written.
    pub(crate) unsettled: Vec<Found>,
}

/// A file that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) modified: Option<DateTime<Utc>>,
}

/// Looks into the folder.
pub(crate) fn look(settings: &FilesSettings, now: DateTime<Utc>) -> Result<Inbox, FileError> {
    let pattern = rooted(&settings.base, &settings.path);
    let is_delta = |found: &Found| -> Result<bool, FileError> {
        Ok(match &settings.delta_path {
            Some(delta) => compile(settings, &rooted(&settings.base, delta))?.matches_path_with(&found.path, OPTIONS),
            None => settings.listing == Listing::Delta,
        })
    };
    let mut all = matching(settings, &pattern)?;
    if let Some(delta) = &settings.delta_path {
        all.extend(matching(settings, &rooted(&settings.base, delta))?);
        all.sort_by(|one, other| one.path.cmp(&other.path));
        all.dedup_by(|one, other| one.path == other.path);
    }
    if all.is_empty() {
        return Err(FileError::NoFile { pattern });
    }
    let settle = TimeDelta::seconds(i64::try_from(settings.settle_seconds).unwrap_or(i64::MAX / 1_000));
    let mut inbox = Inbox::default();
    let mut complete = Vec::new();
    for found in all {
        // A time in the future is a wrong clock, not a file that is being written.
        let is_unsettled = found.modified.is_some_and(|at| at <= now && now - at < settle);
        if is_unsettled {
            inbox.unsettled.push(found);
        } else if is_delta(&found)? || settings.listing == Listing::Delta {
            inbox.deltas.push(found);
        } else {
            complete.push(found);
        }
    }
    inbox.deltas.sort_by(|one, other| one.name.cmp(&other.name));
    inbox.complete = newest(complete);
    if inbox.complete.is_none()
        && inbox.deltas.is_empty()
        && let Some(writing) = inbox.unsettled.first()
    {
        return Err(FileError::StillWritten { file: writing.name.clone(), settle_seconds: settings.settle_seconds });
    }
    Ok(inbox)
}

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

fn rooted(base: &Path, pattern: &str) -> String {
    base.join(pattern).to_string_lossy().into_owned()
}

fn compile(settings: &FilesSettings, pattern: &str) -> Result<Pattern, FileError> {
    Pattern::new(pattern).map_err(|error| wrong_pattern(settings, pattern, error.msg))
}

fn wrong_pattern(settings: &FilesSettings, pattern: &str, message: &str) -> FileError {
    FileError::Settings {
        source_name: settings.path.clone(),
        what: format!("`{pattern}` is not a pattern: {message}"),
        hint: "write a path with `*` and `?`, such as `inbox/members-*.csv`".into(),
    }
}

fn matching(settings: &FilesSettings, pattern: &str) -> Result<Vec<Found>, FileError> {
    let paths = glob::glob_with(pattern, OPTIONS).map_err(|error| wrong_pattern(settings, pattern, error.msg))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| {
            let file = file_name(error.path());
            FileError::Io { file, cause: error.into() }
        })?;
        let metadata = stat(&path)?;
        if metadata.is_file() {
            let name = file_name(&path);
            found.push(Found { name, size: metadata.len(), modified: modified(&metadata), path });
        }
    }
    Ok(found)
}

/// The newest of several complete listings: by the days in their names where each has one, else by when they were written.
fn newest(files: Vec<Found>) -> Option<Found> {
    let all_dated = files.iter().all(|file| day_in_name(&file.name).is_some());
    files.into_iter().max_by_key(|file| {
        let day = if all_dated { day_in_name(&file.name) } else { None };
        (day, file.modified, file.name.clone())
    })
}

/// The day in a file's name: `2026-01-31`, `20260131` or `31.01.2026`.
fn day_in_name(name: &str) -> Option<NaiveDate> {
    let bytes = name.as_bytes();
    let formats = [("%Y-%m-%d", 10), ("%Y_%m_%d", 10), ("%d.%m.%Y", 10), ("%Y%m%d", 8)];
    let at = |start: usize| {
        formats.iter().find_map(|(format, length)| {
            let text = name.get(start..start + length)?;
            let is_cut = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
            // Of twelve digits in a row the first eight may be the day, with the time behind them.
            let follows_digit = start > 0 && is_cut(bytes.get(start - 1));
            let day = NaiveDate::parse_from_str(text, format).ok()?;
            (!follows_digit && (1990..2100).contains(&chrono::Datelike::year(&day))).then_some(day)
        })
    };
    (0..name.len()).find_map(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, minute: i64) -> Found {
        let modified = DateTime::from_timestamp(60 * minute, 0);
        Found { path: name.into(), name: name.into(), size: 1, modified }
    }

    fn newest_of(files: &[(&str, i64)]) -> String {
        newest(files.iter().map(|(name, minute)| file(name, *minute)).collect()).unwrap().name
    }

    #[test]
    fn days_in_names_decide_before_the_time_of_writing() {
        assert_eq!(newest_of(&[("m-2026-01-31.csv", 1), ("m-2026-01-30.csv", 9)]), "m-2026-01-31.csv");
        assert_eq!(newest_of(&[("m_01.02.2026.csv", 1), ("m_31.01.2026.csv", 9)]), "m_01.02.2026.csv");
        assert_eq!(newest_of(&[("20260201-0400.csv", 1), ("20260131-0400.csv", 9)]), "20260201-0400.csv");
    }

    #[test]
    fn without_days_the_file_written_last_is_the_newest() {
        assert_eq!(newest_of(&[("a.csv", 9), ("b.csv", 1)]), "a.csv");
        assert_eq!(newest_of(&[("a-2026-01-31.csv", 1), ("b.csv", 2)]), "b.csv");
        assert_eq!(newest_of(&[("a.csv", 1), ("b.csv", 1)]), "b.csv");
    }

    #[test]
    fn two_deliveries_of_a_day_are_told_apart_by_the_time_of_writing() {
        assert_eq!(newest_of(&[("m-2026-01-31-b.csv", 1), ("m-2026-01-31-a.csv", 9)]), "m-2026-01-31-a.csv");
    }
}
