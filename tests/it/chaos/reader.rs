//! Looks at the database throughout, as a reader of the pages would, and finds what should never be seen.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::chaos::books::{Books, Findings, PERSONS, SURNAME, contents};
use crate::chaos::database::Reading;
use crate::chaos::variants::{POISON, SENTINEL, is_poisoned};

/// A thread that looks until it is stopped.
pub(crate) struct Reader {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(u64, BTreeSet<String>, BTreeSet<String>)>,
}

const POINTER: &str = "select cast(run_id as text) from publication";
const FIGURES: &str = "select cast(statistics as text) from run_statistics s join publication p on p.run_id = s.run_id";
const CHANGES: &str = "select cast(count(*) as text) from change c join publication p on p.run_id = c.run_id";
const AHEAD: &str = "select cast(run_id as text) from change where run_id > coalesce((select run_id from publication), 0) \
                     union select cast(run_id as text) from person where run_id > coalesce((select run_id from publication), 0)";

impl Reader {
    /// Begins to look; `expected` are the books after each night that nothing disturbed, where content does not vary.
    pub(crate) fn start(url: &str, expected: Option<&Vec<Books>>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (url, asked) = (url.to_owned(), Arc::clone(&stop));
        let nights: Option<Vec<Vec<String>>> = expected.map(|nights| nights.iter().map(Books::contents).collect());
        let thread = std::thread::spawn(move || {
            let (mut glances, mut faults, mut reading) = (0, BTreeSet::new(), None);
            let (mut memory, mut unsaid) = (Memory::default(), BTreeSet::new());
            while !asked.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(25));
                if reading.is_none() {
                    reading = Reading::of(&url);
                }
                match reading.as_mut().and_then(|reading| reading.ask([POINTER, FIGURES, CHANGES, AHEAD, PERSONS])) {
                    None => reading = None,
                    Some(seen) => {
                        glances += 1;
                        faults.extend(look(&seen, nights.as_deref()));
                        let [.., persons] = &seen;
                        faults.extend(memory.heed_versions(persons));
                        unsaid.extend(memory.heed_words(persons));
                    }
                }
            }
            (glances, faults, unsaid)
        });
        Self { stop, thread }
    }

    /// Ends it: how often it looked, and what it saw.
    pub(crate) fn stop(self) -> (u64, Findings) {
        self.stop.store(true, Ordering::Relaxed);
        let (glances, torn, unsaid) = self.thread.join().unwrap();
        let findings =
            Findings { torn: torn.into_iter().collect(), unsaid: unsaid.into_iter().collect(), ..Findings::default() };
        (glances, findings)
    }
}

/// What was seen before, where content varies.
#[derive(Default)]
struct Memory {
    version: u32,
    withdrawn: BTreeSet<String>,
}

impl Memory {
    /// No delivery that a guard must stop is ever visible, and no older one after a newer one.
    fn heed_versions(&mut self, persons: &[Vec<String>]) -> Vec<String> {
        let mut faults = Vec::new();
        for person in persons.iter().filter(|person| person[2] == "active") {
            if person[SURNAME].starts_with(POISON) {
                faults.push("a name of a delivery is visible that a guard must stop".to_owned());
            }
            let version = (person[SURNAME] == SENTINEL).then(|| person[SURNAME + 8].parse::<u32>().ok()).flatten();
            let Some(version) = version else { continue };
            if is_poisoned(version) {
                faults.push(format!("version {version} is visible, which a guard must stop"));
            }
            if version < self.version {
                faults.push(format!("version {version} is visible after version {}", self.version));
            }
            self.version = self.version.max(version);
        }
        faults
    }

    /// A withdrawal that was visible once stays in force: no later word of these subscribers is a newer grant.
    fn heed_words(&mut self, persons: &[Vec<String>]) -> Vec<String> {
        let mut faults = Vec::new();
        for person in persons.iter().filter(|person| person[SURNAME + 4].starts_with("chaos-")) {
            let address = &person[SURNAME + 4];
            if state_of(&person[SURNAME + 19]) == "withdrawn" {
                self.withdrawn.insert(address.clone());
            } else if self.withdrawn.contains(address) {
                faults.push(format!("{address} was withdrawn, and is so no more"));
            }
        }
        faults
    }
}

/// The state of the newsletter's consent.
pub(crate) fn state_of(consents: &str) -> String {
    let consents: serde_json::Value = serde_json::from_str(consents).unwrap_or_default();
    let all = consents.as_array().cloned().unwrap_or_default();
    let newsletter = all.iter().find(|consent| consent["purpose"] == "newsletter");
    newsletter.and_then(|consent| consent["state"].as_str()).unwrap_or_default().to_owned()
}

/// What one moment shows that it should not.
fn look(
    [pointer, figures, changes, ahead, persons]: &[Vec<Vec<String>>; 5],
    nights: Option<&[Vec<String>]>,
) -> Vec<String> {
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
    if nights.is_some_and(|nights| !nights.contains(&contents(persons))) {
        faults.push(format!("run {published} shows persons that no undisturbed night shows"));
    }
    faults
}
