//! Frames that nobody names, and frames that are missing or not as they were.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kartei_store::frames::{FrameFile, Frames, Writer, is_half_written};
use kartei_store::{NamedFrames, Store};

use super::Ailment;
use crate::failure::Failure;
use crate::installation::now;

/// Whatever was touched so recently may still be written by somebody.
const UNTOUCHED: Duration = Duration::from_hours(1);

/// What is wrong with the data folder.
pub(super) async fn examine(frames: &Frames, store: &Store, fix: bool) -> Result<Vec<Ailment>, Failure> {
    let files = frames.files()?;
    let named = store.named_frames(u32::MAX).await?;
    let mut found = lost(frames, &named).await?;
    let orphans = orphans(&files, &named);
    if orphans.is_empty() {
        return Ok(found);
    }
    let bytes: u64 = orphans.iter().map(|file| file.bytes).sum();
    if fix {
        for file in &orphans {
            frames.remove_file(file)?;
        }
    }
    let what = format!("{} files that nothing points at, {} MB", orphans.len(), bytes.div_ceil(1 << 20));
    found.push(Ailment::new("frames", what, "`kartei doctor --fix` removes them").harmless().mended(fix));
    Ok(found)
}

/// Frames of the publication, and of pages that wait, that are not there or not as they were: no run can go on without them.
async fn lost(frames: &Frames, named: &NamedFrames) -> Result<Vec<Ailment>, Failure> {
    let mut references = named.needed.clone();
    references.sort();
    references.dedup();
    let frames = frames.clone();
    let checked = tokio::task::spawn_blocking(move || {
        let errors = references.iter().filter_map(|reference| frames.check(reference).err());
        errors
            .map(|error| {
                Ailment::new("frames", error.to_string(), "put the data folder back from a backup (`kartei restore`)")
            })
            .collect()
    });
    checked.await.map_err(|error| Failure::because("the frames could not be read", &error))
}

/// Half-written frames, and frames that no row names and no living attempt can have put.
fn orphans<'a>(files: &'a [FrameFile], named: &NamedFrames) -> Vec<&'a FrameFile> {
    let spent: HashSet<&str> = named.spent.iter().map(|frame| frame.name.as_str()).collect();
    let is_orphan = |file: &&FrameFile| {
        let Some(writer) = Writer::by_name(&file.name) else { return false };
        let is_named = named.is_kept(&file.name) || spent.contains(file.name.as_str());
        let is_alive = named.writers.contains(&writer);
        (is_half_written(file) || !is_named && !is_alive) && is_untouched(file, now())
    };
    files.iter().filter(is_orphan).collect()
}

fn is_untouched(file: &FrameFile, now: DateTime<Utc>) -> bool {
    file.modified + UNTOUCHED < now
}
