//! What befalls a life beside blows: other content at each attempt, other jobs in between, frames that go missing, and
//! somebody who mends what the guards have stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::app;
use crate::chaos::chance::Chance;
use crate::chaos::database::Reading;
use crate::chaos::deliveries::NIGHTS;
use crate::chaos::fault_layer::{Kind, Page};
use crate::chaos::life::{Life, PAST_A_LEASE};
use crate::chaos::process::Process;
use crate::chaos::standing::Standing;
use crate::chaos::variants::Variants;

/// What somebody runs by hand between two nights.
const ASIDES: [&[&str]; 3] =
    [&["run", "leads"], &["run", "nightly", "--dry-run"], &["run", "nightly", "--as-of", "2026-02-21"]];

impl Life<'_> {
    /// From now on each attempt meets other content.
    pub(crate) fn varied(mut self) -> Self {
        Variants::deliver_grants(self.house.path());
        self.variants = Some(Variants::default());
        self
    }

    /// Puts what arrives for a night, or for the next attempt at it, into the inbox; the last night brings the same to all.
    pub(crate) fn vary(&mut self, night: usize, chance: Option<&mut Chance>) {
        let Some(variants) = &mut self.variants else { return };
        let house = self.house.path();
        match chance {
            _ if night == NIGHTS => Variants::deliver_last(house, night),
            Some(chance) => variants.deliver(house, night, chance),
            None => variants.deliver_sound(house, night),
        }
    }

    /// After a night another file arrives, and somebody runs another job on it.
    pub(crate) fn between_nights(&mut self, night: usize, chance: &mut Chance) {
        if self.variants.is_some() && night < NIGHTS {
            self.vary(night, Some(chance));
            let command = chance.one_of(&ASIDES);
            let patience = (chance.below(4) == 0).then(|| Duration::from_millis(chance.below(600)));
            self.aside(command, patience);
        }
    }

    /// A guard has stopped the night's run: another job runs meanwhile, a sound file comes, and the run is tried again.
    pub(crate) fn mend(&mut self, night: usize, run: &str) {
        self.aside(ASIDES[0], None);
        if self.variants.is_some() {
            self.vary(night, None);
        }
        self.aside(&["runs", "retry", run, "--reason", "a sound file has come"], None);
    }

    /// A command beside the process that serves; killed where it takes longer than it may.
    fn aside(&mut self, arguments: &[&str], patience: Option<Duration>) {
        self.started += 1;
        let page = Page::new(self.house.path().join(format!("page-{}", self.started)));
        let mut command = app::command_in(self.house.path(), arguments);
        self.surround(&mut command);
        self.processes.push(Process::start(command, page, &self.log_file(), self.offset));
        let process = self.processes.len() - 1;
        let begun = Instant::now();
        while self.processes[process].ended().is_none() {
            if begun.elapsed() > patience.unwrap_or(Duration::from_secs(20)) {
                self.open_window(process);
                self.processes[process].kill();
                self.move_clock(PAST_A_LEASE);
                return self.wait_for_the_reaper();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Until the run of a command that was killed is noticed: while it seems to be under way, no night begins.
    fn wait_for_the_reaper(&mut self) {
        let (begun, mut reading) = (Instant::now(), Reading::of(&self.url));
        while begun.elapsed() < Duration::from_secs(20) {
            if reading.as_mut().and_then(Standing::look).is_some_and(|standing| !standing.active) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
            self.move_clock(TimeDelta::seconds(1));
        }
    }

    /// One thread waits past the lease, as on a stalled disk, while another process takes over; then it goes on.
    pub(crate) fn delay(&mut self, held: usize, chance: &mut Chance, night: usize) {
        self.open_window(held);
        self.vary(night, Some(chance));
        self.move_clock(PAST_A_LEASE * 4);
        let other = self.start();
        self.let_run(other, night, Duration::from_millis(200 + chance.below(1_800)));
        self.processes[held].page.hold_before(Kind::Write, 0);
        self.let_run(other, night, Duration::from_millis(chance.below(1_000)));
        let (ends, stays) = if chance.below(2) == 0 { (held, other) } else { (other, held) };
        self.kill(ends);
        self.current = Some(stays);
        self.move_clock(PAST_A_LEASE);
    }

    /// A frame at rest is not what it was for a while.
    pub(crate) fn damage_frame(&mut self, chance: &mut Chance) {
        let frames = frames(&self.house.path().join("data"));
        if frames.is_empty() {
            return;
        }
        let path = &frames[usize::try_from(chance.below(frames.len() as u64)).unwrap()];
        // The process may have removed it just now.
        let Ok(whole) = fs::read(path) else { return };
        let place = usize::try_from(chance.below(whole.len() as u64)).unwrap();
        match chance.below(4) {
            0 => fs::remove_file(path).unwrap_or_default(),
            1 => replace(path, &whole[..place]),
            2 => replace(path, &[&whole[..place], &[whole[place] ^ 0x55], &whole[place + 1..]].concat()),
            _ => replace(path, &another_like(path, &frames).unwrap_or_default()),
        }
        self.release();
        std::thread::sleep(Duration::from_millis(200 + chance.below(1_300)));
        replace(path, &whole);
    }
}

/// All frames below a folder, sorted.
fn frames(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map_while(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(frames(&path));
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What another run left under the same name.
fn another_like(path: &Path, all: &[PathBuf]) -> Option<Vec<u8>> {
    let other = all.iter().find(|other| *other != path && other.file_name() == path.file_name())?;
    fs::read(other).ok()
}

/// Puts other bytes in the place of a file, as somebody who restores it would. Its folder may have gone.
fn replace(path: &Path, bytes: &[u8]) {
    let aside = path.with_extension("restored");
    if fs::write(&aside, bytes).is_ok() {
        fs::rename(&aside, path).unwrap_or_default();
    }
}
