//! The files of a source: found by glob, left alone while they are written, and put in order.

use std::fs::Metadata;
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use glob::{MatchOptions, Pattern};
use kartei_schemas::source::{FilesSettings, Listing};

use crate::content::{explain, file_name};
use crate::error::FileError;
use crate::inspect::{modified, stat};
use crate::order::{Made, Order};

/// The files of a source as they lie there now.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// The newest complete listing.
    pub(crate) complete: Option<Found>,
    /// The deltas, in the order in which they are read.
    pub(crate) deltas: Vec<Found>,
    /// Files that are being written.
    pub(crate) unsettled: Vec<Found>,
    /// The order of all of them.
    pub(crate) order: Order,
    /// Files by whose names their day cannot be told, where there are others by whose names it can.
    pub(crate) undated: Vec<String>,
}

/// A file that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) modified: Option<DateTime<Utc>>,
}

impl Made for Found {
    fn name(&self) -> &str {
        &self.name
    }

    fn modified(&self) -> Option<DateTime<Utc>> {
        self.modified
    }
}

/// What is done about a file that was written only just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It is left alone.
    Leaves,
    /// It is looked at again once it has been quiet for as long as is asked.
    Waits,
}

/// Looks into the folder.
pub(crate) fn look(settings: &FilesSettings, now: DateTime<Utc>, patience: Patience) -> Result<Inbox, FileError> {
    let delta = settings.delta_path.as_ref().map(|path| compile(settings, path)).transpose()?;
    let is_delta = |found: &Found| {
        let is_named_so = delta.as_ref().is_some_and(|delta| delta.matches_path_with(&found.path, OPTIONS));
        is_named_so || settings.listing == Listing::Delta
    };
    let mut all = matching(settings, &settings.path)?;
    if let Some(delta) = &settings.delta_path {
        all.extend(matching(settings, delta)?);
        all.sort_by(|one, other| one.path.cmp(&other.path));
        all.dedup_by(|one, other| one.path == other.path);
    }
    if all.is_empty() {
        let pattern = settings.base.join(&settings.path).display().to_string();
        return Err(FileError::NoFile { pattern });
    }
    let (settled, unsettled) = settle(settings, all, now, patience)?;
    let (deltas, complete) = settled.into_iter().partition::<Vec<Found>, _>(is_delta);
    if deltas.is_empty()
        && complete.is_empty()
        && let Some(writing) = unsettled.first()
    {
        let (file, settle_seconds) = (writing.name.clone(), settings.settle_seconds);
        return Err(FileError::StillWritten { file, settle_seconds });
    }
    Ok(in_order(deltas, complete, unsettled))
}

/// Puts listings and deltas in one order. Deltas without a day in their names keep the order of their names among
/// themselves: they are numbered, and file times change with copying.
fn in_order(mut deltas: Vec<Found>, mut complete: Vec<Found>, unsettled: Vec<Found>) -> Inbox {
    let order = Order::of(deltas.iter().chain(&complete));
    let is_dated = |found: &&Found| found.day_and_time().is_some();
    if deltas.iter().any(|delta| is_dated(&delta)) {
        deltas.sort_by(|one, other| order.compare(one, other));
    } else {
        deltas.sort_by(|one, other| one.name.cmp(&other.name));
    }
    let (dated, undated): (Vec<&Found>, Vec<&Found>) = deltas.iter().chain(&complete).partition(is_dated);
    let is_mixed = !dated.is_empty();
    let undated = undated.into_iter().filter(|_| is_mixed).map(|found| found.name.clone()).collect();
    complete.sort_by(|one, other| order.compare(one, other));
    Inbox { complete: complete.pop(), deltas, unsettled, order, undated }
}

/// Tells files that are at rest from those that are being written: by their names while they are sent, and by when they
/// were written. An upload that stalls looks quiet, so a file that is younger than it should be is looked at twice.
fn settle(
    settings: &FilesSettings,
    all: Vec<Found>,
    now: DateTime<Utc>,
    patience: Patience,
) -> Result<(Vec<Found>, Vec<Found>), FileError> {
    let settle = TimeDelta::seconds(i64::try_from(settings.settle_seconds).unwrap_or(i64::MAX / 1_000));
    // A time in the future is a wrong clock, not a file that is being written.
    let age = |found: &Found| found.modified.filter(|at| *at <= now).map(|at| now - at);
    let missing = |found: &Found| age(found).filter(|age| *age < settle).map(|age| settle - age);
    let (sent, mut at_rest): (Vec<Found>, Vec<Found>) = all.into_iter().partition(|found| is_being_sent(&found.name));
    let wait = at_rest.iter().filter_map(missing).max();
    let mut unsettled = sent;
    let Some(wait) = wait else { return Ok((at_rest, unsettled)) };
    let (young, old): (Vec<Found>, Vec<Found>) = at_rest.into_iter().partition(|found| missing(found).is_some());
    at_rest = old;
    if patience == Patience::Leaves || wait > LONGEST_WAIT {
        unsettled.extend(young);
        return Ok((at_rest, unsettled));
    }
    thread::sleep(wait.to_std().unwrap_or(Duration::ZERO));
    for found in young {
        let again = stat(&found.path)?;
        let is_same = again.len() == found.size && modified(&again) == found.modified;
        if is_same { at_rest.push(found) } else { unsettled.push(found) }
    }
    Ok((at_rest, unsettled))
}

/// Nobody waits longer for a file; it is left to the next run.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(60);

/// Whether a name is one that programs give to a file while they send it.
fn is_being_sent(name: &str) -> bool {
    const ENDINGS: [&str; 8] = [".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download", ".swp"];
    let name = name.to_ascii_lowercase();
    name.ends_with('~') || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// A path of the settings against the configuration's folder, whose own name is no pattern.
fn rooted(settings: &FilesSettings, path: &str) -> String {
    let base = Pattern::escape(&settings.base.to_string_lossy());
    Path::new(&base).join(path).to_string_lossy().into_owned()
}

fn compile(settings: &FilesSettings, path: &str) -> Result<Pattern, FileError> {
    Pattern::new(&rooted(settings, path)).map_err(|error| wrong_pattern(settings, path, error.msg))
}

fn wrong_pattern(settings: &FilesSettings, pattern: &str, message: &str) -> FileError {
    FileError::Settings {
        source_name: settings.path.clone(),
        what: format!("`{pattern}` is not a pattern: {message}"),
        hint: "write a path with `*` and `?`, such as `inbox/members-*.csv`".into(),
    }
}

fn matching(settings: &FilesSettings, path: &str) -> Result<Vec<Found>, FileError> {
    let pattern = rooted(settings, path);
    let paths = glob::glob_with(&pattern, OPTIONS).map_err(|error| wrong_pattern(settings, path, error.msg))?;
    let folder = folder_of(settings, path);
    let folder = folder.canonicalize().unwrap_or(folder);
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| {
            let file = file_name(error.path());
            FileError::Io { file, cause: error.into() }
        })?;
        if let Some(metadata) = own_metadata(&path, &folder)? {
            let name = file_name(&path);
            found.push(Found { name, size: metadata.len(), modified: modified(&metadata), path });
        }
    }
    Ok(found)
}

/// What a file is, if it is one. A link may lead to whatever kartei's user can read, and its first line into an error.
fn own_metadata(path: &Path, folder: &Path) -> Result<Option<Metadata>, FileError> {
    let metadata = std::fs::symlink_metadata(path).map_err(|cause| explain(path, cause))?;
    let elsewhere = || FileError::Elsewhere { file: file_name(path) };
    if metadata.is_symlink() {
        return Err(elsewhere());
    }
    if !metadata.is_file() {
        return Ok(None);
    }
    let lies_in = path.canonicalize().map_err(|cause| explain(path, cause))?;
    if lies_in.starts_with(folder) { Ok(Some(metadata)) } else { Err(elsewhere()) }
}

/// The folder that the settings name: what stands before the first part with a sign that makes it a pattern.
fn folder_of(settings: &FilesSettings, path: &str) -> PathBuf {
    let is_pattern = |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    let parts = Path::new(path).components();
    let named: PathBuf = parts.take_while(|part| !is_pattern(part)).collect();
    // A path without a pattern names its file.
    let folder = if named == Path::new(path) { named.parent().unwrap_or(&named).to_owned() } else { named };
    settings.base.join(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, minute: i64) -> Found {
        let modified = DateTime::from_timestamp(60 * minute, 0);
        Found { path: name.into(), name: name.into(), size: 1, modified }
    }

    fn files(named: &[(&str, i64)]) -> Vec<Found> {
        named.iter().map(|(name, minute)| file(name, *minute)).collect()
    }

    fn newest_of(named: &[(&str, i64)]) -> String {
        in_order(Vec::new(), files(named), Vec::new()).complete.unwrap().name
    }

    #[test]
    fn the_newest_listing_is_the_one_whose_name_says_so() {
        assert_eq!(newest_of(&[("m-2026-01-31.csv", 1), ("m-2026-01-30.csv", 9)]), "m-2026-01-31.csv");
        assert_eq!(newest_of(&[("20260201-0400.csv", 1), ("20260131-0400.csv", 9)]), "20260201-0400.csv");
        assert_eq!(newest_of(&[("m-2026-01-31-b.csv", 1), ("m-2026-01-31-a.csv", 9)]), "m-2026-01-31-a.csv");
        assert_eq!(newest_of(&[("a.csv", 9), ("b.csv", 1)]), "a.csv");
    }

    #[test]
    fn numbered_deltas_keep_the_order_of_their_names_and_dated_ones_that_of_their_days() {
        let names = |named: &[(&str, i64)]| {
            let inbox = in_order(files(named), Vec::new(), Vec::new());
            inbox.deltas.into_iter().map(|delta| delta.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[("d-2.csv", 1), ("d-1.csv", 9)]), ["d-1.csv", "d-2.csv"]);
        let dated = [("b-2026-01-30.csv", 9), ("a-2026-01-31.csv", 1)];
        assert_eq!(names(&dated), ["b-2026-01-30.csv", "a-2026-01-31.csv"]);
    }

    #[test]
    fn names_without_a_day_among_others_are_told() {
        let inbox = in_order(files(&[("d-2026-01-30.csv", 9)]), files(&[("m.csv", 1)]), Vec::new());
        assert_eq!(inbox.undated, ["m.csv"]);
        assert!(in_order(files(&[("d.csv", 9)]), files(&[("m.csv", 1)]), Vec::new()).undated.is_empty());
    }

    #[test]
    fn a_file_is_known_to_be_sent_by_the_ending_that_programs_give_it() {
        assert!(["m.csv.part", "m.csv.FilePart", "m.tmp", "m.csv~"].iter().all(|name| is_being_sent(name)));
        assert!(["m.csv", "part.csv", "tmp-members.csv"].iter().all(|name| !is_being_sent(name)));
    }
}
