//! One life of an installation: some nights, blows at points of each, and a quiet night at the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use tempfile::TempDir;

use crate::app;
use crate::chaos::books::{Books, Findings};
use crate::chaos::chance::Chance;
use crate::chaos::database::Reading;
use crate::chaos::deliveries::{self, NIGHTS};
use crate::chaos::fault_layer::{Kind, Page};
use crate::chaos::points::{Blow, Place, Point};
use crate::chaos::process::Process;
use crate::chaos::reader::Reader;
use crate::chaos::server::Server;
use crate::chaos::standing::Standing;
use crate::chaos::variants::Variants;

/// How long a night may take in all, however it is disturbed.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a run may seem to be under way before the clock moves on.
const LONG_FOR_A_RUN: Duration = Duration::from_secs(15);
/// More than any lease of a run.
pub(crate) const PAST_A_LEASE: TimeDelta = TimeDelta::seconds(15);
/// Blows in one night, at most.
const BLOWS_A_NIGHT: u64 = 8;

/// What stands under a life.
pub(crate) enum Ground<'a> {
    /// A file in the life's own folder.
    Sqlite,
    /// A database of this name.
    Postgres(&'a mut Server, String),
}

/// An installation under blows.
pub(crate) struct Life<'a> {
    pub(crate) house: TempDir,
    ground: Ground<'a>,
    pub(crate) url: String,
    pub(crate) offset: TimeDelta,
    pub(crate) processes: Vec<Process>,
    pub(crate) current: Option<usize>,
    pub(crate) started: u32,
    /// What is delivered, where each attempt meets other content.
    pub(crate) variants: Option<Variants>,
    /// The Message-IDs that may come once more, each for one blow: the last that a process handed over before it was
    /// struck, and the first that it handed over afterwards.
    windows: Vec<(usize, usize)>,
    environment: Vec<(String, String)>,
}

/// How a life went.
#[derive(Debug, Default)]
pub(crate) struct Lived {
    /// The points that were reached.
    pub(crate) points: Vec<String>,
    /// What is wrong with the books.
    pub(crate) findings: Findings,
    /// Mails that came twice inside the window.
    pub(crate) repeated: usize,
    /// How often another process of the same installation was looked at.
    pub(crate) glances: u64,
    /// The calls of each kind in each night, where nothing was disturbed.
    pub(crate) calls: Vec<[i64; 4]>,
    /// The books after each night.
    pub(crate) books: Vec<Books>,
}

/// What became of waiting.
enum Arrival {
    Reached,
    NightIsOver,
    Ended,
    TooLate,
}

impl<'a> Life<'a> {
    pub(crate) fn begin(ground: Ground<'a>, environment: &[(String, String)]) -> Self {
        let house = deliveries::house();
        let url = match &ground {
            Ground::Sqlite => format!("sqlite:{}", house.path().join("kartei.db").display()),
            Ground::Postgres(server, name) => {
                let made = Reading::of(&server.url("postgres")).unwrap().order(&format!("create database {name}"));
                assert!(made, "no database can be made");
                server.url(name)
            }
        };
        Self {
            house,
            ground,
            url,
            offset: TimeDelta::zero(),
            processes: Vec::new(),
            current: None,
            started: 0,
            variants: None,
            windows: Vec::new(),
            environment: environment.to_vec(),
        }
    }

    /// Lives without a blow; what others are compared with.
    pub(crate) fn undisturbed(mut self) -> Lived {
        let mut lived = Lived::default();
        self.first_evening();
        for night in 1..=NIGHTS {
            let before = self.calls();
            self.evening(night, None);
            let arrival = self.wait(night, None);
            assert!(matches!(arrival, Arrival::NightIsOver), "night {night} without a blow\n{}", self.log());
            let after = self.calls();
            lived.calls.push(std::array::from_fn(|kind| after[kind] - before[kind]));
            lived.books.push(Books::read(&self.url).unwrap());
        }
        lived.findings = self.close(&mut lived.repeated);
        lived
    }

    /// Lives with blows at points by chance, as many as `may_strike` allows.
    pub(crate) fn disturbed(
        mut self,
        quiet: &Lived,
        (mut chance, only): (Chance, Option<Blow>),
        may_strike: &dyn Fn() -> bool,
    ) -> Lived {
        let mut lived = Lived::default();
        let is_varied = self.variants.is_some();
        let reader = Reader::start(&self.url, (!is_varied).then_some(&quiet.books));
        self.first_evening();
        for night in 1..=NIGHTS {
            self.evening(night, Some(&mut chance));
            let usual = quiet.calls[night - 1];
            let mut arrival = Arrival::Reached;
            for _ in 0..if night < NIGHTS { BLOWS_A_NIGHT } else { 0 } {
                let mut point = Point::draw(&mut chance, usual, matches!(self.ground, Ground::Postgres(..)));
                if let Some(blow) = only {
                    point = Point { blow, place: Place::draw(&mut chance, usual, blow) };
                }
                arrival = self.wait(night, Some(point.place));
                if !matches!(arrival, Arrival::Reached) || !may_strike() {
                    break;
                }
                lived.points.push(format!("night {night}: {point}"));
                self.strike(point.blow, &mut chance, night);
            }
            self.release();
            if !matches!(arrival, Arrival::NightIsOver) {
                arrival = self.wait(night, None);
            }
            if !matches!(arrival, Arrival::NightIsOver) {
                let (log, doing) = (self.log(), self.doings());
                lived.findings.lost.push(format!("night {night} has not come to its end\n{doing}{log}"));
                self.close(&mut lived.repeated);
                reader.stop();
                return lived;
            }
            match Books::read(&self.url) {
                Some(books) if !is_varied => {
                    books.compare_persons(&quiet.books[night - 1], night, &mut lived.findings);
                }
                Some(_) => self.between_nights(night, &mut chance),
                None => lived.findings.torn.push(format!("night {night}: the books cannot be read")),
            }
        }
        let (glances, seen) = reader.stop();
        lived.glances = glances;
        lived.findings.add(seen);
        let last = Books::read(&self.url);
        let variants = self.variants.take();
        let closed = self.close(&mut lived.repeated);
        lived.findings.add(closed);
        if let Some((last, expected)) = last.as_ref().zip(quiet.books.last()) {
            match variants {
                None => last.compare(expected, &mut lived.findings),
                Some(variants) => last.compare_varied(expected, &variants, &mut lived.findings),
            }
        }
        lived
    }

    /// The evening before the first night: the tables are made, and the planner begins.
    fn first_evening(&mut self) {
        self.set_clock(night_begins(1) - TimeDelta::minutes(10));
        self.start();
        let begun = Instant::now();
        while Reading::of(&self.url)
            .and_then(|mut reading| reading.ask(["select job from schedule"]))
            .is_none_or(|[schedules]| schedules.is_empty())
        {
            assert!(begun.elapsed() < PATIENCE, "the planner did not begin\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn evening(&mut self, night: usize, chance: Option<&mut Chance>) {
        deliveries::deliver(self.house.path(), night);
        self.vary(night, chance);
        self.set_clock(night_begins(night));
        if self.current.is_none() {
            self.start();
        }
    }

    /// Waits until the process stands at a place, or the night is over. Where nothing is under way, time passes faster.
    fn wait(&mut self, night: usize, place: Option<Place>) -> Arrival {
        let current = self.current.unwrap_or_else(|| self.start());
        if let Some(Place::Call(kind, call)) = place {
            let page = &self.processes[current].page;
            page.stop_before(kind, page.calls(kind) + call);
        }
        if let Some(Place::Hold(kind, call)) = place {
            let page = &self.processes[current].page;
            page.hold_before(kind, page.calls(kind) + call);
        }
        let begun = Instant::now();
        let mut reading = None;
        let mut looked = Instant::now();
        let (mut idle, mut moved) = (0, begun);
        while begun.elapsed() < PATIENCE {
            let process = &mut self.processes[current];
            if process.ended().is_some() {
                self.current = None;
                if place.is_some() {
                    return Arrival::Ended;
                }
                self.move_clock(PAST_A_LEASE);
                return self.wait(night, place);
            }
            if process.is_stopped() {
                if place.is_some() {
                    return Arrival::Reached;
                }
                // It was on its way to a point that nobody waits for any more.
                process.signal("CONT");
            }
            if matches!(place, Some(Place::Hold(..))) && process.page.is_holding() {
                return Arrival::Reached;
            }
            if let Some(Place::Instant(after)) = place
                && begun.elapsed() >= after
            {
                process.signal("STOP");
                return Arrival::Reached;
            }
            if looked.elapsed() > Duration::from_millis(40) {
                looked = Instant::now();
                if reading.is_none() {
                    reading = Reading::of(&self.url);
                }
                match reading.as_mut().and_then(Standing::look) {
                    None => reading = None,
                    Some(standing) if standing.is_over(night) => return Arrival::NightIsOver,
                    Some(Standing { active: false, stopped: Some(run), .. }) => self.mend(night, &run),
                    Some(standing) => idle = if standing.active { 0 } else { idle + 1 },
                }
                // A run that seems to be under way for so long may be held by nobody; whoever does hold it gets the
                // time to renew its lease before the clock moves again.
                let is_late = moved.elapsed() > LONG_FOR_A_RUN;
                if idle > 20 || is_late {
                    (idle, moved) = (0, Instant::now());
                    // A clock that was set back is mended, or the night would not be due for long.
                    let behind = night_begins(night) - self.clock();
                    self.move_clock(behind.max(PAST_A_LEASE));
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Arrival::TooLate
    }

    fn strike(&mut self, blow: Blow, chance: &mut Chance, night: usize) {
        let Some(current) = self.current else { return };
        match blow {
            Blow::Kill => {
                self.kill(current);
                self.move_clock(PAST_A_LEASE);
            }
            Blow::Terminate => self.terminate(current),
            Blow::Freeze => self.freeze(current, chance, night),
            Blow::Delay => self.delay(current, chance, night),
            Blow::DamageFrame => self.damage_frame(chance),
            Blow::Clock { seconds } => self.move_clock(TimeDelta::seconds(seconds)),
            Blow::DiskFull => {
                self.open_window(current);
                self.processes[current].page.fill_disk(true);
                self.release();
                std::thread::sleep(Duration::from_millis(chance.below(1_500)));
                self.processes[current].page.fill_disk(false);
            }
            Blow::CutConnections => {
                self.open_window(current);
                let cut = "select pg_terminate_backend(pid) from pg_stat_activity \
                           where application_name = 'kartei' and datname = current_database()";
                Reading::of(&self.url).unwrap().order(cut);
            }
            Blow::RestartDatabase => {
                self.open_window(current);
                if let Ground::Postgres(server, _) = &mut self.ground {
                    server.restart();
                }
            }
        }
        self.release();
        if !matches!(blow, Blow::Delay) {
            self.vary(night, Some(chance));
        }
    }

    pub(crate) fn kill(&mut self, process: usize) {
        self.open_window(process);
        self.processes[process].kill();
        if self.current == Some(process) {
            self.current = None;
        }
    }

    fn terminate(&mut self, process: usize) {
        self.processes[process].signal("TERM");
        self.release();
        let begun = Instant::now();
        while self.processes[process].ended().is_none() {
            if begun.elapsed() > Duration::from_secs(20) {
                self.kill(process);
                self.move_clock(PAST_A_LEASE);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.current = None;
        self.move_clock(TimeDelta::seconds(1));
    }

    /// The process stands still past its lease, another one takes over, and then both go on for a while.
    fn freeze(&mut self, frozen: usize, chance: &mut Chance, night: usize) {
        self.open_window(frozen);
        self.move_clock(TimeDelta::minutes(1));
        let other = self.start();
        self.let_run(other, night, Duration::from_millis(200 + chance.below(1_800)));
        self.processes[frozen].page.stop_before(Kind::Write, 0);
        self.processes[frozen].signal("CONT");
        self.let_run(other, night, Duration::from_millis(chance.below(1_000)));
        let (ends, stays) = if chance.below(2) == 0 { (frozen, other) } else { (other, frozen) };
        self.kill(ends);
        self.current = Some(stays);
        self.move_clock(PAST_A_LEASE);
    }

    /// Lets a process run for a while, or until the night is over.
    pub(crate) fn let_run(&mut self, process: usize, night: usize, span: Duration) {
        let begun = Instant::now();
        let mut reading = Reading::of(&self.url);
        while begun.elapsed() < span && self.processes[process].ended().is_none() {
            if reading.as_mut().and_then(Standing::look).is_some_and(|standing| standing.is_over(night)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    /// Lets the current process go on from where it was stopped.
    pub(crate) fn release(&mut self) {
        let Some(current) = self.current else { return };
        let process = &self.processes[current];
        process.page.stop_before(Kind::Write, 0);
        process.page.hold_before(Kind::Write, 0);
        // Also where it does not stand still yet: the order to stop may be on its way.
        process.signal("CONT");
    }

    /// From here on the last mail of this process may come once more, or its next one.
    pub(crate) fn open_window(&mut self, process: usize) {
        self.windows.push((process, self.processes[process].sink.taken().len()));
    }

    pub(crate) fn start(&mut self) -> usize {
        self.started += 1;
        let page = Page::new(self.house.path().join(format!("page-{}", self.started)));
        let mut command = app::command_in(self.house.path(), &["serve"]);
        self.surround(&mut command);
        self.processes.push(Process::start(command, page, &self.log_file(), self.offset));
        let process = self.processes.len() - 1;
        self.current = Some(process);
        process
    }

    /// What every process of this installation is told.
    pub(crate) fn surround(&self, command: &mut std::process::Command) {
        command.env("KARTEI__STORE__URL", &self.url).env("KARTEI__STORE__BUSY_TIMEOUT_SECONDS", "3");
        command.env("KARTEI__LOG__LEVEL", "info").envs(self.environment.iter().cloned());
    }

    /// Ends what is running, and counts the mails.
    fn close(mut self, repeated: &mut usize) -> Findings {
        if let Some(current) = self.current {
            self.terminate(current);
        }
        let mut findings = Findings::default();
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        for id in self.processes.iter().flat_map(|process| process.sink.taken()) {
            *taken.entry(id).or_default() += 1;
        }
        let mut windows = self.windows.clone();
        for (id, times) in taken.iter().filter(|(_, times)| **times > 1) {
            for _ in 1..*times {
                let is_inside = |(process, place): &(usize, usize)| {
                    let ids = self.processes[*process].sink.taken();
                    place.checked_sub(1).and_then(|last| ids.get(last)) == Some(id) || ids.get(*place) == Some(id)
                };
                match windows.iter().position(is_inside) {
                    Some(window) => {
                        windows.swap_remove(window);
                        *repeated += 1;
                    }
                    None => findings.doubled.push(format!("mail {id} was sent {times} times")),
                }
            }
        }
        match Books::read(&self.url) {
            Some(books) => books.check_mails(&taken.into_keys().collect(), &mut findings),
            None => findings.torn.push("the books cannot be read at the end".to_owned()),
        }
        if let Ground::Postgres(server, name) = &self.ground {
            let dropped = Reading::of(&server.url("postgres"))
                .map(|mut it| it.order(&format!("drop database {name} with (force)")));
            assert_eq!(dropped, Some(true), "the database cannot be dropped");
        }
        findings
    }

    /// In what state the runs are, and what the database is at, for whoever must find out why a night does not end.
    fn doings(&self) -> String {
        let runs = "select 'run', cast(id as text), job, state from run order by id";
        let backends = "select 'backend', cast(pid as text), application_name, state, wait_event_type, wait_event, \
                        left(query, 80) from pg_stat_activity where datname = current_database() order by pid";
        let questions = if matches!(self.ground, Ground::Postgres(..)) {
            [runs, backends]
        } else {
            [runs, "select null where false"]
        };
        let answers = Reading::of(&self.url).and_then(|mut reading| reading.ask(questions));
        answers.into_iter().flatten().flatten().map(|row| row.join(" ") + "\n").collect()
    }

    fn set_clock(&mut self, moment: DateTime<Utc>) {
        self.offset += moment - self.clock();
        self.tell_clock();
    }

    /// What the command takes for the time.
    fn clock(&self) -> DateTime<Utc> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the harness says how far the command's clock is from the real one"
        )]
        let real = Utc::now();
        real + self.offset
    }

    pub(crate) fn move_clock(&mut self, span: TimeDelta) {
        self.offset += span;
        self.tell_clock();
    }

    fn tell_clock(&self) {
        for process in &self.processes {
            process.page.shift_clock(self.offset);
        }
        if let Ground::Postgres(server, _) = &self.ground {
            server.page.shift_clock(self.offset);
        }
    }

    fn calls(&self) -> [i64; 4] {
        let pages = self.current.map(|current| &self.processes[current].page);
        Kind::ALL.map(|kind| pages.map_or(0, |page| page.calls(kind)))
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        Path::new(self.house.path()).join("log")
    }

    /// The end of what the processes said.
    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

/// One second after the job is due.
fn night_begins(night: usize) -> DateTime<Utc> {
    let day = u32::try_from(night).unwrap();
    Utc.with_ymd_and_hms(2026, 3, day, 3, 0, 1).unwrap()
}
