//! Files of reports that nobody reads any more: all that are older than `retention.reports`, but the newest of each job.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use kartei_store::PastRun;

/// A report of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Report {
    run: i64,
    file: PathBuf,
    written: DateTime<Utc>,
}

/// Removes the files of reports from before this moment. `runs` say to which job a run belonged; of a run that no row knows
/// any more nothing stays for the sake of its job. Gives how many were removed.
pub(super) fn sweep(folder: &Path, runs: &[PastRun], from: DateTime<Utc>) -> io::Result<u64> {
    let reports = reports(folder)?;
    let mut newest: BTreeMap<&str, i64> = BTreeMap::new();
    for run in runs.iter().filter(|run| reports.iter().any(|report| report.run == run.id)) {
        let kept = newest.entry(&run.job).or_insert(run.id);
        *kept = run.id.max(*kept);
    }
    let is_old = |report: &&Report| report.written < from && !newest.values().any(|kept| *kept == report.run);
    // One that cannot be removed stays until the next time.
    Ok(reports.iter().filter(is_old).filter(|report| fs::remove_file(&report.file).is_ok()).count() as u64)
}

fn reports(folder: &Path) -> io::Result<Vec<Report>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let file = entry?.path();
        let run = file.file_stem().and_then(|name| name.to_str()?.strip_prefix("run-")?.parse().ok());
        if let (Some(run), Ok(written)) = (run, file.metadata().and_then(|metadata| metadata.modified())) {
            found.push(Report { run, file, written: written.into() });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kartei_store::{Cause, RunState};

    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + day * 86_400, 0).unwrap()
    }

    fn run(id: i64, job: &str) -> PastRun {
        PastRun {
            id,
            job: job.to_owned(),
            cause: Cause::Schedule,
            state: RunState::Succeeded,
            due_at: day(0),
            started_at: None,
            finished_at: None,
            guard: None,
            error: None,
            dry_run: false,
        }
    }

    #[test]
    fn old_reports_go_and_the_newest_of_each_job_stays() {
        let folder = tempfile::tempdir().unwrap();
        for (name, written) in [
            ("run-1.html", 0),
            ("run-1.json", 0),
            ("run-2.html", 1),
            ("run-3.html", 2),
            ("run-4.html", 9),
            ("notes.html", 0),
        ] {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(day(written).into()).unwrap();
        }
        let runs = [run(1, "nightly"), run(2, "leads"), run(3, "nightly"), run(4, "weekly"), run(5, "nightly")];
        assert_eq!(sweep(folder.path(), &runs, day(5)).unwrap(), 2);
        let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: BTreeSet<String> = left.collect();
        assert_eq!(left, ["notes.html", "run-2.html", "run-3.html", "run-4.html"].map(str::to_owned).into());
        assert_eq!(sweep(folder.path(), &[], day(9)).unwrap(), 2, "no row knows them");
        assert_eq!(sweep(&folder.path().join("nowhere"), &runs, day(5)).unwrap(), 0);
    }
}
