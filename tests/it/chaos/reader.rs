//! Looks at the database throughout, as a reader of the pages would, and finds what should never be seen.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::chaos::books::{Books, PERSONS, contents};
use crate::chaos::database::Reading;

/// A thread that looks until it is stopped.
pub(crate) struct Reader {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(u64, BTreeSet<String>)>,
}

const POINTER: &str = "select cast(run_id as text) from publication";
const FIGURES: &str = "select cast(statistics as text) from run_statistics s join publication p on p.run_id = s.run_id";
const CHANGES: &str = "select cast(count(*) as text) from change c join publication p on p.run_id = c.run_id";
const AHEAD: &str = "select cast(run_id as text) from change where run_id > coalesce((select run_id from publication), 0) \
                     union select cast(run_id as text) from person where run_id > coalesce((select run_id from publication), 0)";

impl Reader {
    /// Begins to look; `expected` are the books after each night that nothing disturbed.
    pub(crate) fn start(url: &str, expected: &[Books]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (url, asked) = (url.to_owned(), Arc::clone(&stop));
        let nights: Vec<Vec<String>> = expected.iter().map(Books::contents).collect();
        let thread = std::thread::spawn(move || {
            let (mut glances, mut faults, mut reading) = (0, BTreeSet::new(), None);
            while !asked.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(25));
                if reading.is_none() {
                    reading = Reading::of(&url);
                }
                match reading.as_mut().and_then(|reading| reading.ask([POINTER, FIGURES, CHANGES, AHEAD, PERSONS])) {
                    None => reading = None,
                    Some(seen) => {
                        glances += 1;
                        faults.extend(look(&seen, &nights));
                    }
                }
            }
            (glances, faults)
        });
        Self { stop, thread }
    }

    /// Ends it: how often it looked, and what it saw.
    pub(crate) fn stop(self) -> (u64, BTreeSet<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// What one moment shows that it should not.
fn look([pointer, figures, changes, ahead, persons]: &[Vec<Vec<String>>; 5], nights: &[Vec<String>]) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(run) = ahead.first() {
        faults.push(format!("changes or persons of run {} are visible before it is published", run[0]));
    }
    let Some(published) = pointer.first().map(|row| &row[0]) else {
        if !persons.is_empty() {
            faults.push("persons are visible before the first run is published".to_owned());
        }
        return faults;
    };
    let Some(report) = figures.first().and_then(|row| serde_json::from_str::<serde_json::Value>(&row[0]).ok()) else {
        return vec![format!("run {published} is published without figures")];
    };
    let active = persons.iter().filter(|person| person[2] == "active").count() as u64;
    if report["persons"]["after"].as_u64() != Some(active) {
        faults.push(format!("run {published} shows {active} persons, its figures {}", report["persons"]["after"]));
    }
    if (report["changes"]["persons"].as_u64() == Some(0)) != (changes[0][0] == "0") {
        faults.push(format!("run {published} shows {} changes, its figures {}", changes[0][0], report["changes"]));
    }
    if !nights.contains(&contents(persons)) {
        faults.push(format!("run {published} shows persons that no undisturbed night shows"));
    }
    faults
}
