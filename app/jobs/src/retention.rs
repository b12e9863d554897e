//! What is removed once a run is over: frames that no later run reads, and rows older than `[retention]` says.
//!
//! The published run, the one published before it, and whatever is under way keep all their frames. Of those that ended
//! since without publishing the newest few keep theirs, so that they can be resumed; a night that fails for weeks must not
//! fill the disk.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::duration::Span;
use kartei_store::frames::Frames;
use kartei_store::{Keep, RunFilter, RunState};

use crate::error::FlowError;
use crate::steps::{Step, compute};

/// A half-written frame that nobody has touched for so long has no writer any more.
const ORPHANED_AFTER: Duration = Duration::from_hours(1);

/// So many runs that ended without publishing, counted from the newest, keep their frames.
const RESUMABLE: usize = 3;

/// Which frames stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The run that is published; 0 where none is.
    pub published: i64,
    /// Older runs whose frames stay.
    pub others: BTreeSet<i64>,
    /// Batches that wait to be published stay, however old.
    pub waiting: BTreeSet<String>,
    /// Consumed batches that came to rest since stay.
    pub batches_from: DateTime<Utc>,
    /// The moment.
    pub now: DateTime<Utc>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Runs' folders.
    pub runs: u64,
    /// Batches.
    pub batches: u64,
    /// Half-written frames.
    pub orphans: u64,
}

/// Removes what nobody needs once this run is over: old frames and rows, and its own frames when it was a dry one. A run
/// that ended well and left nothing at rest has no need to. Trouble is logged: it is no reason for the run to fail.
pub async fn clean(step: &Step<'_>, ended_well: bool) {
    let outcome = if step.options.dry_run {
        let own = step.rest.frames().remove_folder(&format!("runs/{}", step.run.id));
        own.map(|()| Swept { runs: 1, ..Swept::default() }).map_err(FlowError::from)
    } else if step.previous == Some(step.run.id) || ended_well && !step.rest.has_any() {
        // A run that was taken up again after it had published does not know which one was published before it.
        return;
    } else {
        remove(step).await
    };
    match outcome {
        Ok(swept) => tracing::info!(?swept, "removed what no later run needs"),
        Err(error) => tracing::warn!(error = crate::flow::chain(&error), "old frames and rows could not be removed"),
    }
}

async fn remove(step: &Step<'_>) -> Result<Swept, FlowError> {
    let settings = &step.project.settings.retention;
    let now = step.now();
    let states = vec![RunState::Due, RunState::Claimed, RunState::Running];
    let active = step.store.runs(&RunFilter { states, ..RunFilter::default() }).await?;
    let published = step.store.published().await?.map_or(0, |state| state.run_id);
    // Whoever did not publish sees what is published; the one before that is what the last publication has left below it.
    let before_that = match step.previous {
        Some(previous) if previous != published => Some(previous),
        _ => newest_below(published, step.rest.frames())?,
    };
    let others = active.iter().map(|run| run.id).chain(before_that).collect();
    let waiting = step.store.waiting_batches().await?.into_iter().filter_map(|batch| batch.frame);
    let waiting = waiting.filter_map(|name| name.strip_prefix("batches/").map(str::to_owned)).collect();
    let kept = Kept { published, others, waiting, batches_from: before(now, settings.frames), now };
    let frames = step.rest.frames().clone();
    let swept = compute(move || Ok(sweep(&frames, &kept)?)).await?;
    // What changed in a person, and the rows still in quarantine, stay for as long as the person does.
    let keep = Keep {
        runs_from: Some(before(now, settings.runs)),
        mails_from: Some(before(now, settings.mails)),
        rejects_from: Some(before(now, settings.rejects)),
        changes_from: None,
        alerts_from: Some(before(now, settings.alerts)),
        log_lines_from: Some(before(now, settings.logs)),
    };
    step.store.remove_old(&keep).await?;
    Ok(swept)
}

/// The newest run below this one that has frames.
fn newest_below(run: i64, frames: &Frames) -> Result<Option<i64>, kartei_store::frames::FrameError> {
    let runs = frames.folders("runs")?.into_iter().filter_map(|folder| folder.parse::<i64>().ok());
    Ok(runs.filter(|other| *other < run).max())
}

/// The moment before which all is older than this.
fn before(now: DateTime<Utc>, span: Span) -> DateTime<Utc> {
    let span = i64::try_from(span.seconds()).ok().and_then(TimeDelta::try_seconds);
    // Nothing is older than that, and both databases know it.
    span.and_then(|span| now.checked_sub_signed(span)).unwrap_or_default().max(DateTime::UNIX_EPOCH)
}

/// Removes the frames that do not stay.
pub fn sweep(frames: &Frames, kept: &Kept) -> Result<Swept, kartei_store::frames::FrameError> {
    let mut swept = Swept::default();
    // A folder that is not named as a run is none of ours.
    let mut runs: Vec<i64> = frames.folders("runs")?.iter().filter_map(|folder| folder.parse().ok()).collect();
    runs.sort_unstable();
    let ended = |run: &&i64| **run > kept.published && !kept.others.contains(run);
    let resumable: BTreeSet<i64> = runs.iter().rev().filter(ended).take(RESUMABLE).copied().collect();
    for run in runs {
        let name = format!("runs/{run}");
        if run != kept.published && !kept.others.contains(&run) && !resumable.contains(&run) {
            frames.remove_folder(&name)?;
            swept.runs += 1;
        } else {
            swept.orphans += remove_files(&frames.folder().join(&name), |file| is_orphan(file, kept));
        }
    }
    for source in frames.folders("batches")? {
        let folder = frames.folder().join("batches").join(&source);
        swept.orphans += remove_files(&folder, |file| is_orphan(file, kept));
        swept.batches += remove_files(&folder, |file| is_spent(&source, file, kept));
    }
    Ok(swept)
}

/// Removes the files of a folder that a rule names. One that cannot be removed stays until the next time.
fn remove_files(folder: &Path, rule: impl Fn(&DirEntry) -> io::Result<bool>) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let spent = entries.flatten().filter(|file| rule(file).unwrap_or(false));
    spent.filter(|file| fs::remove_file(file.path()).is_ok()).count() as u64
}

fn is_orphan(file: &DirEntry, kept: &Kept) -> io::Result<bool> {
    let is_part = file.path().extension().is_some_and(|ending| ending == "part");
    Ok(is_part && DateTime::<Utc>::from(file.metadata()?.modified()?) + ORPHANED_AFTER < kept.now)
}

fn is_spent(source: &str, file: &DirEntry, kept: &Kept) -> io::Result<bool> {
    let name = file.file_name();
    let frame = name.to_str().and_then(|name| name.strip_suffix(".parquet"));
    let run = frame.and_then(run_of_batch);
    let is_consumed = run.is_some_and(|run| run <= kept.published)
        && frame.is_some_and(|frame| !kept.waiting.contains(&format!("{source}/{frame}")));
    Ok(is_consumed && DateTime::<Utc>::from(file.metadata()?.modified()?) < kept.batches_from)
}

/// The run that pulled a batch: `17` of `17-3-gone.parquet`.
fn run_of_batch(name: &str) -> Option<i64> {
    name.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use chrono::TimeZone;
    use polars_core::prelude::df;

    use super::*;

    fn at(hour: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 24, hour, 0, 0).unwrap()
    }

    fn put(frames: &Frames, names: &[&str], written: DateTime<Utc>) {
        for name in names {
            frames.write(name, &df!("key" => ["1"]).unwrap()).unwrap();
            let file = frames.folder().join(format!("{name}.parquet"));
            File::options().write(true).open(file).unwrap().set_modified(written.into()).unwrap();
        }
    }

    fn kept() -> Kept {
        Kept {
            published: 7,
            others: BTreeSet::from([5]),
            waiting: BTreeSet::from(["members/5-0".to_owned()]),
            batches_from: at(4),
            now: at(8),
        }
    }

    #[test]
    fn the_published_run_the_one_before_and_newer_ones_keep_their_frames() {
        let folder = tempfile::tempdir().unwrap();
        let frames = Frames::new(folder.path());
        let all = ["runs/4/records", "runs/5/records", "runs/6/records", "runs/7/records", "runs/8/records"];
        put(&frames, &all, at(1));
        let swept = sweep(&frames, &kept()).unwrap();
        assert_eq!((swept.runs, frames.folders("runs").unwrap()), (2, ["5", "7", "8"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn of_the_runs_that_ended_without_publishing_the_newest_keep_their_frames() {
        let folder = tempfile::tempdir().unwrap();
        let frames = Frames::new(folder.path());
        let all: Vec<String> = (7..=13).map(|run| format!("runs/{run}/records")).collect();
        put(&frames, &all.iter().map(String::as_str).collect::<Vec<_>>(), at(1));
        // Run 9 is under way: it keeps what it has, and does not count.
        let kept = Kept { others: BTreeSet::from([9]), ..kept() };
        assert_eq!(sweep(&frames, &kept).unwrap().runs, 2);
        assert_eq!(frames.folders("runs").unwrap(), ["11", "12", "13", "7", "9"]);
        sweep(&frames, &Kept { published: 0, others: BTreeSet::new(), ..kept }).unwrap();
        assert_eq!(frames.folders("runs").unwrap(), ["11", "12", "13"], "nothing was ever published");
    }

    #[test]
    fn a_batch_that_waits_to_be_published_stays_however_old_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let frames = Frames::new(folder.path());
        put(&frames, &["batches/members/5-0", "batches/members/5-1"], at(1));
        assert_eq!(sweep(&frames, &kept()).unwrap().batches, 1);
        assert!(frames.exists("batches/members/5-0"));
    }

    #[test]
    fn only_batches_that_are_consumed_and_old_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let frames = Frames::new(folder.path());
        put(&frames, &["batches/members/6-0", "batches/members/6-1-gone", "batches/members/8-0"], at(3));
        put(&frames, &["batches/members/7-0"], at(5));
        assert_eq!(sweep(&frames, &kept()).unwrap().batches, 2);
        assert!(frames.exists("batches/members/8-0") && frames.exists("batches/members/7-0"));
    }

    #[test]
    fn half_a_frame_without_a_writer_is_removed_but_not_one_that_is_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let frames = Frames::new(folder.path());
        put(&frames, &["runs/7/records"], at(1));
        for (name, written) in [("pairs.parquet.part", at(6)), ("ledger.parquet.part", at(8))] {
            let file = File::create(folder.path().join("runs/7").join(name)).unwrap();
            file.set_modified(written.into()).unwrap();
        }
        assert_eq!(sweep(&frames, &kept()).unwrap(), Swept { orphans: 1, ..Swept::default() });
        assert!(folder.path().join("runs/7/ledger.parquet.part").exists() && frames.exists("runs/7/records"));
    }

    #[test]
    fn a_span_longer_than_time_keeps_everything() {
        assert_eq!(before(at(8), Span::from_seconds(3_600)), at(7));
        assert_eq!(before(at(8), Span::from_seconds(u64::MAX)), DateTime::UNIX_EPOCH);
    }

    #[test]
    fn an_empty_data_folder_is_no_trouble() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(sweep(&Frames::new(folder.path().join("data")), &kept()).unwrap(), Swept::default());
    }
}
