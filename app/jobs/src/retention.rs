//! What is removed once a run is over: frames that nothing names, and rows older than `[retention]` says.
//!
//! Which frames are named the store says: those of the publication and of the one before it, of pages that wait, and of
//! finished steps of runs that go on or can be resumed. Of the runs that ended without publishing the newest few keep
//! theirs; a night that fails for weeks must not fill the disk.

mod reports;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::duration::Span;
use kartei_store::frames::{FrameError, FrameFile, Frames, Writer, is_half_written};
use kartei_store::{Keep, NamedFrames};

use crate::error::FlowError;
use crate::folding;
use crate::steps::{Step, compute};

/// A half-written frame that nobody has touched for so long has no writer any more.
const ORPHANED_AFTER: Duration = Duration::from_hours(1);

/// So many runs that ended without publishing, counted from the newest, keep their frames.
const RESUMABLE: u32 = 3;

/// The newest report of a job is looked for among so many of its runs.
const REPORTED: u32 = 100;

/// Which frames stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What the store names.
    pub named: NamedFrames,
    /// Pages that came to rest since stay, though they are part of nothing any more.
    pub batches_from: DateTime<Utc>,
    /// The moment.
    pub now: DateTime<Utc>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Frames of runs.
    pub frames: u64,
    /// Pages.
    pub batches: u64,
    /// Half-written frames.
    pub orphans: u64,
}

/// Removes what nobody needs once this run is over: old frames and rows, and its own frames when it was a dry one. A run
/// that ended well and left nothing at rest has no need to. Trouble is logged: it is no reason for the run to fail.
pub async fn clean(step: &Step<'_>, ended_well: bool) {
    let outcome = if step.options.dry_run {
        forget_rehearsal(step).await
    } else if ended_well && !step.rest.has_any() {
        return;
    } else {
        remove(step).await
    };
    match outcome {
        Ok(swept) => tracing::info!(?swept, "removed what no later run needs"),
        Err(error) => tracing::warn!(error = crate::flow::chain(&error), "old frames and rows could not be removed"),
    }
}

/// A dry run leaves nothing: no delivery, no frame.
async fn forget_rehearsal(step: &Step<'_>) -> Result<Swept, FlowError> {
    let batches = drop_rehearsals(step, Some(step.run.id)).await?;
    let (frames, run) = (step.rest.frames().clone(), step.run.id);
    compute(move || Ok(frames.remove_run(run)?)).await?;
    Ok(Swept { batches, ..Swept::default() })
}

/// Removes the rehearsals of this run, where it is a dry one, and of dry runs that were killed.
async fn drop_rehearsals(step: &Step<'_>, run_id: Option<i64>) -> Result<u64, FlowError> {
    let rehearsed = step.store.drop_rehearsals(run_id).await?;
    let frames = step.rest.frames().clone();
    compute(move || {
        for frame in &rehearsed {
            frames.remove(&frame.name)?;
        }
        Ok(rehearsed.len() as u64)
    })
    .await
}

async fn remove(step: &Step<'_>) -> Result<Swept, FlowError> {
    let settings = &step.project.settings.retention;
    let now = step.now();
    drop_rehearsals(step, None).await?;
    folding::fold(step, before(now, settings.frames)).await?;
    // Which files are there is asked first: one that comes to rest after this is nobody's to remove.
    let frames = step.rest.frames().clone();
    let files = compute(move || Ok(frames.files()?)).await?;
    let named = step.store.named_frames(RESUMABLE).await?;
    let kept = Kept { named, batches_from: before(now, settings.frames), now };
    let frames = step.rest.frames().clone();
    let swept = compute(move || Ok(sweep(&frames, &files, &kept)?)).await?;
    // What changed in a person, and the rows still in quarantine, stay for as long as the person does.
    let keep = Keep {
        runs_from: Some(before(now, settings.runs)),
        mails_from: Some(before(now, settings.mails)),
        rejects_from: Some(before(now, settings.rejects)),
        changes_from: None,
        alerts_from: Some(before(now, settings.alerts)),
        log_lines_from: Some(before(now, settings.logs)),
    };
    // Which job a report is of is known for as long as its run is.
    let (folder, runs) = (step.project.report_folder(), step.store.last_runs_of_each_job(REPORTED).await?);
    let from = before(now, settings.reports);
    let removed = compute(move || reports::sweep(&folder, &runs, from).map_err(FlowError::Report)).await?;
    if removed > 0 {
        tracing::info!(removed, "removed files of old reports");
    }
    step.store.remove_old(&keep).await?;
    Ok(swept)
}

/// The moment before which all is older than this.
fn before(now: DateTime<Utc>, span: Span) -> DateTime<Utc> {
    let span = i64::try_from(span.seconds()).ok().and_then(TimeDelta::try_seconds);
    // Nothing is older than that, and both databases know it.
    span.and_then(|span| now.checked_sub_signed(span)).unwrap_or_default().max(DateTime::UNIX_EPOCH)
}

/// Removes those of the files that do not stay.
pub fn sweep(frames: &Frames, files: &[FrameFile], kept: &Kept) -> Result<Swept, FrameError> {
    let mut swept = Swept::default();
    for file in files {
        // A file that is not named as a frame is none of ours.
        let Some(writer) = Writer::by_name(&file.name) else { continue };
        let count = if is_half_written(file) {
            if file.modified + ORPHANED_AFTER >= kept.now {
                continue;
            }
            &mut swept.orphans
        } else if kept.named.is_kept(&file.name) || kept.named.writers.contains(&writer) {
            continue;
        } else if file.name.starts_with("batches/") {
            if file.modified >= kept.batches_from {
                continue;
            }
            &mut swept.batches
        } else {
            &mut swept.frames
        };
        frames.remove_file(file)?;
        *count += 1;
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs::File;

    use chrono::TimeZone;
    use kartei_store::frames::FrameRef;
    use polars_core::prelude::df;

    use super::*;

    fn at(hour: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 24, hour, 0, 0).unwrap()
    }

    struct House {
        folder: tempfile::TempDir,
        frames: Frames,
    }

    impl House {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self { frames: Frames::new(folder.path()), folder }
        }

        fn put(&self, name: &str, written: DateTime<Utc>) -> FrameRef {
            let reference = self.frames.put(name, &df!("key" => ["1"]).unwrap()).unwrap();
            let file = File::options().write(true).open(self.frames.path(name)).unwrap();
            file.set_modified(written.into()).unwrap();
            reference
        }

        fn sweep(&self, named: NamedFrames) -> Swept {
            let kept = Kept { named, batches_from: at(4), now: at(8) };
            sweep(&self.frames, &self.frames.files().unwrap(), &kept).unwrap()
        }

        fn names(&self) -> Vec<String> {
            self.frames.files().unwrap().into_iter().map(|file| file.name).collect()
        }
    }

    #[test]
    fn what_is_named_stays_and_what_nothing_names_goes_with_its_folder() {
        let house = House::new();
        let published = house.put("runs/7-1/records", at(1));
        let step = house.put("runs/5-2/records", at(1));
        house.put("runs/7-1/upserts", at(1));
        house.put("runs/5-1/records", at(1));
        let swept = house.sweep(NamedFrames { needed: vec![published], kept: vec![step], ..NamedFrames::default() });
        assert_eq!(
            (swept.frames, house.names()),
            (2, ["runs/5-2/records", "runs/7-1/records"].map(str::to_owned).to_vec())
        );
        assert_eq!(house.frames.folders("runs").unwrap(), ["5-2", "7-1"]);
    }

    #[test]
    fn what_a_living_attempt_has_put_and_not_yet_named_stays_and_what_a_dead_one_left_goes() {
        let house = House::new();
        house.put("runs/9-1/records", at(1));
        house.put("runs/9-2/records", at(1));
        let writers = BTreeSet::from([Writer { run_id: 9, token: 2 }]);
        assert_eq!(house.sweep(NamedFrames { writers, ..NamedFrames::default() }).frames, 1);
        assert_eq!(house.names(), ["runs/9-2/records"]);
    }

    #[test]
    fn a_page_that_is_named_stays_however_old_it_is_and_one_that_is_not_for_its_term() {
        let house = House::new();
        let waiting = house.put("batches/members/5-1-0", at(1));
        for (name, written) in
            [("batches/members/5-1-1", 1), ("batches/members/6-1-1", 3), ("batches/members/7-1-0", 5)]
        {
            house.put(name, at(written));
        }
        assert_eq!(house.sweep(NamedFrames { needed: vec![waiting], ..NamedFrames::default() }).batches, 2);
        assert_eq!(house.names(), ["batches/members/5-1-0", "batches/members/7-1-0"]);
    }

    #[test]
    fn half_a_frame_without_a_writer_is_removed_but_not_one_that_is_being_written() {
        let house = House::new();
        let named = NamedFrames { needed: vec![house.put("runs/7-1/records", at(1))], ..NamedFrames::default() };
        for (name, written) in [("pairs.parquet.3-1.part", at(6)), ("ledger.parquet.3-1.part", at(8))] {
            let file = File::create(house.folder.path().join("runs/7-1").join(name)).unwrap();
            file.set_modified(written.into()).unwrap();
        }
        assert_eq!(house.sweep(named), Swept { orphans: 1, ..Swept::default() });
        assert_eq!(house.names(), ["runs/7-1/ledger.parquet.3-1.part", "runs/7-1/records"]);
    }

    #[test]
    fn what_is_not_named_as_a_frame_stays() {
        let house = House::new();
        house.put("runs/of-the-admin/notes", at(1));
        assert_eq!(house.sweep(NamedFrames::default()), Swept::default());
    }

    #[test]
    fn a_span_longer_than_time_keeps_everything() {
        assert_eq!(before(at(8), Span::from_seconds(3_600)), at(7));
        assert_eq!(before(at(8), Span::from_seconds(u64::MAX)), DateTime::UNIX_EPOCH);
    }

    #[test]
    fn an_empty_data_folder_is_no_trouble() {
        assert_eq!(House::new().sweep(NamedFrames::default()), Swept::default());
    }
}
