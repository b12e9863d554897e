//! Frames that nobody points at, and frames that are missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use kartei_store::Store;

use super::Ailment;
use crate::archive::files_below;
use crate::failure::{During, Failure};
use crate::installation::now;

/// Whatever was touched so recently may still be written by somebody.
const UNTOUCHED: Duration = Duration::from_hours(1);

/// What is wrong with the data folder.
pub(super) async fn examine(data: &Path, store: &Store, fix: bool) -> Result<Vec<Ailment>, Failure> {
    let mut found = missing(data, store).await?;
    let orphans = orphans(data, store).await?;
    if orphans.is_empty() {
        return Ok(found);
    }
    let bytes: u64 = orphans.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum();
    if fix {
        for file in &orphans {
            fs::remove_file(file).during(format_args!("{} cannot be removed", file.display()))?;
            // A folder that is empty now goes too; one that is not stays.
            let _ = file.parent().map(fs::remove_dir);
        }
    }
    let what = format!("{} files that nothing points at, {} MB", orphans.len(), bytes.div_ceil(1 << 20));
    found.push(Ailment::new("frames", what, "`kartei doctor --fix` removes them").harmless().mended(fix));
    Ok(found)
}

/// Frames that the published run or a batch names and that are not there: what comes next cannot go on without them.
async fn missing(data: &Path, store: &Store) -> Result<Vec<Ailment>, Failure> {
    let published = store.published().await?;
    let frames = published.iter().flat_map(|state| state.frames.as_object().into_iter().flatten());
    let published_names = frames.filter_map(|(_, name)| name.as_str().map(str::to_owned));
    let batches = store.waiting_batches().await?;
    let names: BTreeSet<String> = published_names.chain(batches.into_iter().filter_map(|batch| batch.frame)).collect();
    let is_missing = |name: &String| !data.join(format!("{name}.parquet")).is_file();
    let ailment = |name: String| {
        let what = format!("the frame `{name}` is missing");
        Ailment::new("frames", what, "put the data folder back from a backup (`kartei restore`)")
    };
    Ok(names.into_iter().filter(is_missing).map(ailment).collect())
}

/// Half-written frames, frames of runs that no row knows, and batches of such.
async fn orphans(data: &Path, store: &Store) -> Result<Vec<PathBuf>, Failure> {
    let runs = store.run_ids().await?;
    let published = store.published().await?.map_or(0, |state| state.run_id);
    let newest = runs.last().copied().unwrap_or(0);
    let mut orphans = Vec::new();
    for kind in ["runs", "batches"] {
        let folder = data.join(kind);
        if !folder.is_dir() {
            continue;
        }
        for file in files_below(&folder).during(format_args!("{} cannot be read", folder.display()))? {
            let name = file.strip_prefix(&folder).unwrap_or(&file);
            let Some(run) = run_of(kind, name) else { continue };
            let is_half = file.extension().is_some_and(|ending| ending == "part");
            // A batch outlives the row of the run that brought it, for as long as `retention.frames` says.
            let is_unknown = !runs.contains(&run) && (kind == "runs" || run > newest) && run != published;
            if (is_half || is_unknown) && is_untouched(&file, now()) {
                orphans.push(file);
            }
        }
    }
    Ok(orphans)
}

/// The run that a file belongs to; none where its name is not one of ours.
fn run_of(kind: &str, name: &Path) -> Option<i64> {
    let part = if kind == "runs" { name.iter().next()? } else { name.file_name()? };
    part.to_str()?.split('-').next()?.parse().ok()
}

fn is_untouched(file: &Path, now: DateTime<Utc>) -> bool {
    let touched = fs::metadata(file).and_then(|file| file.modified());
    touched.is_ok_and(|touched| DateTime::<Utc>::from(touched) + UNTOUCHED < now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_the_run_in_its_name() {
        assert_eq!(run_of("runs", Path::new("17/pairs.parquet")), Some(17));
        assert_eq!(run_of("batches", Path::new("members/18-0-gone.parquet")), Some(18));
        assert_eq!(run_of("runs", Path::new("notes/pairs.parquet")), None);
        assert_eq!(run_of("batches", Path::new("members/readme.txt")), None);
    }
}
