//! `jobs.toml` while it is served: read again when it changes, all or nothing, and what differs is told.

use std::path::PathBuf;
use std::time::SystemTime;

use kartei_schemas::jobs::JobsSchema;
use kartei_schemas::load;
use kartei_schemas::problem::Problems;
use kartei_schemas::source::SourceSchema;
use serde_json::Value as Json;

/// The file, as it was read last.
#[derive(Debug)]
pub struct JobsFile {
    path: PathBuf,
    sources: Vec<SourceSchema>,
    /// What was taken in, or found to be broken.
    seen: Option<Stamp>,
    /// What was there at the last look: a file that is still being written looks different at the next.
    last: Option<Stamp>,
}

/// By what a file is known to have changed.
type Stamp = (SystemTime, u64);

/// What became of the file since the last look.
#[derive(Debug)]
pub enum News {
    /// Nothing that matters.
    None,
    /// The jobs are these now.
    Changed(Box<JobsSchema>),
    /// It cannot be read: the jobs stay as they were.
    Broken(Problems),
}

impl JobsFile {
    /// The file from which the jobs have just been read.
    pub fn new(path: PathBuf, sources: Vec<SourceSchema>) -> Self {
        let seen = stamp(&path);
        Self { path, sources, seen, last: seen }
    }

    /// Looks whether the file has changed. Half a file is no file: it is read once it has looked the same twice, unless
    /// somebody asked for it (`is_asked`). A broken one is told once.
    pub fn look(&mut self, is_asked: bool) -> News {
        let now = stamp(&self.path);
        let is_still = now == self.last;
        self.last = now;
        // A file that is away for a moment is being replaced.
        if !is_asked && (now.is_none() || now == self.seen || !is_still) {
            return News::None;
        }
        self.seen = now;
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) => return News::Broken(load::unreadable(&self.path, &error).into()),
        };
        match load::jobs(&self.path, &text, &self.sources) {
            Ok((jobs, _)) => News::Changed(Box::new(jobs)),
            Err(problems) => News::Broken(problems),
        }
    }
}

fn stamp(path: &std::path::Path) -> Option<Stamp> {
    let found = path.metadata().ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// What differs between two states of the jobs, a line each, in the order of their names.
pub fn difference(before: &JobsSchema, after: &JobsSchema) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = before.jobs.keys().chain(after.jobs.keys()).collect();
    let mut lines = Vec::new();
    for name in names {
        match (before.jobs.get(name), after.jobs.get(name)) {
            (Some(_), None) => lines.push(format!("- job `{name}`")),
            (None, Some(_)) => lines.push(format!("+ job `{name}`")),
            (Some(old), Some(new)) if old != new => {
                let (old, new) = (serde_json::to_value(old), serde_json::to_value(new));
                lines.extend(keys(name, &old.unwrap_or_default(), &new.unwrap_or_default()));
            }
            _ => {}
        }
    }
    if before.concurrency != after.concurrency {
        lines.push("~ concurrency".to_owned());
    }
    lines
}

fn keys(name: &str, old: &Json, new: &Json) -> Vec<String> {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return Vec::new() };
    let changed = new.iter().filter(|(key, value)| old.get(*key) != Some(value));
    changed
        .map(|(key, value)| {
            let before = old.get(key).unwrap_or(&Json::Null);
            format!("~ job `{name}`: {key} {before} -> {value}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "[job.a]\nschedule = \"0 4 * * *\"\nsteps = [\"report\"]\n";

    fn read(text: &str) -> JobsSchema {
        load::jobs(std::path::Path::new("jobs.toml"), text, &[]).unwrap().0
    }

    struct House {
        folder: tempfile::TempDir,
        second: u64,
    }

    impl House {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap(), second: 0 }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("jobs.toml")
        }

        /// Writes the file a second later than before.
        fn write(&mut self, text: &str) {
            std::fs::write(self.path(), text).unwrap();
            self.second += 1;
            let written = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_795_000_000 + self.second);
            std::fs::File::options().write(true).open(self.path()).unwrap().set_modified(written).unwrap();
        }
    }

    #[test]
    fn a_changed_file_is_taken_in_once_it_is_still() {
        let mut house = House::new();
        house.write(ONE);
        let mut file = JobsFile::new(house.path(), Vec::new());
        assert!(matches!(file.look(false), News::None));
        house.write(&ONE.replace('4', "5"));
        assert!(matches!(file.look(false), News::None), "it may still be written");
        let News::Changed(jobs) = file.look(false) else { panic!("it is still now") };
        assert_eq!(jobs.jobs["a"].schedule.lines, ["0 5 * * *"]);
        assert!(matches!(file.look(false), News::None));
    }

    #[test]
    fn half_a_file_keeps_the_old_jobs_and_is_told_once() {
        let mut house = House::new();
        house.write(ONE);
        let mut file = JobsFile::new(house.path(), Vec::new());
        house.write(&ONE[..20]);
        assert!(matches!(file.look(false), News::None));
        let News::Broken(problems) = file.look(false) else { panic!("half a file cannot be read") };
        assert!(problems.to_string().contains("jobs.toml:2"), "{problems}");
        assert!(matches!(file.look(false), News::None));
        house.write(ONE);
        assert!(matches!(file.look(false), News::None));
        assert!(matches!(file.look(false), News::Changed(_)));
    }

    #[test]
    fn a_file_that_is_away_while_it_is_replaced_changes_nothing_and_whoever_asks_is_told() {
        let mut house = House::new();
        house.write(ONE);
        let mut file = JobsFile::new(house.path(), Vec::new());
        std::fs::remove_file(house.path()).unwrap();
        assert!(matches!(file.look(false), News::None) && matches!(file.look(false), News::None));
        assert!(matches!(file.look(true), News::Broken(_)));
    }

    #[test]
    fn the_difference_names_jobs_and_keys_with_both_values() {
        let after = ONE.replace("0 4", "0 5").replace("[job.a]", "[job.a]\noverlap = \"queue\"")
            + "[job.b]\nsteps = [\"notify\"]\n";
        let lines = difference(&read(ONE), &read(&after));
        let expected = [
            "~ job `a`: overlap \"skip\" -> \"queue\"",
            "~ job `a`: schedule \"0 4 * * *\" -> \"0 5 * * *\"",
            "+ job `b`",
        ];
        assert_eq!(lines, expected);
        assert_eq!(difference(&read(&after), &read(ONE)).last().unwrap(), "- job `b`");
        assert!(difference(&read(ONE), &read(ONE)).is_empty());
    }
}
