//! The scheduler: wakes when something is due, plans, reaps, settles, and works on several runs at once until it is asked to
//! end.
//!
//! The tick is the runtime's own timer: it comes back after a stall, which the tick of tokio-cron-scheduler does not. All
//! that matters (what is due, claimed, done) is in rows, so a tick that comes late or twice changes nothing, and several
//! processes share one PostgreSQL.

mod silence;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::jobs::JobsSchema;
use kartei_store::{Claim, Lease, Run, RunEnd, RunState, Server, Store, StoreError};
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};

use self::silence::Silence;
use crate::error::FlowError;
use crate::flow::{Ended, chain, conduct};
use crate::planner::{self, Planned, plan};
use crate::project::{Project, fresh_id};
use crate::pulse::Pulse;
use crate::reload::{JobsFile, News, difference};
use crate::settle::settle;
use crate::watch::{Stop, Unwatched, Why};

/// How long a claim holds without renewal: a crash is noticed within ten seconds.
pub const LEASE: Duration = Duration::from_secs(8);
/// The longest that the scheduler sleeps.
const TICK: Duration = Duration::from_secs(1);
/// So often the process says that it lives, and looks for rows that were changed by hand.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// How long a database over a network may keep the scheduler waiting for one thing. An answer that got lost on its way
/// never comes, and no time limit of the database's own ends the waiting for it.
const PATIENCE_AFAR: Duration = Duration::from_secs(30);
/// How long a file may: a publication into SQLite makes the scheduler wait.
const PATIENCE_HERE: Duration = Duration::from_mins(15);

/// Reads the clock.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Is told of jobs that were read again.
pub type OnJobs = Arc<dyn Fn(&JobsSchema) + Send + Sync>;

/// What a process needs to serve.
pub struct Serve {
    /// The installation.
    pub project: Project,
    /// The store.
    pub store: Store,
    /// The jobs' file, where they may change.
    pub file: Option<JobsFile>,
    /// This process.
    pub server: Server,
    /// Asks it to end.
    pub stop: Stop,
    /// Asks it to read its jobs again.
    pub reload: Arc<Notify>,
    /// The scheduler's sign of life inside its process.
    pub pulse: Pulse,
    /// Told of the jobs when they were read again.
    pub on_jobs: OnJobs,
    /// Reads the clock of this machine.
    pub clock: Clock,
}

/// A process that serves.
struct Serving {
    project: Arc<Project>,
    planned: Vec<Planned>,
    store: Store,
    file: Option<JobsFile>,
    server: Server,
    on_jobs: OnJobs,
    /// The machine's clock, set right by the database's where several machines share one.
    clock: Clock,
    offset: Arc<AtomicI64>,
    silence: Silence,
    running: JoinSet<Result<Ended, FlowError>>,
    leases: HashMap<Id, (Lease, Stop)>,
    signed: Option<tokio::time::Instant>,
    /// When it last looked at everything, and when the next due time comes after that.
    turned: Option<tokio::time::Instant>,
    next_due: Option<DateTime<Utc>>,
    claims: u64,
    /// Why no run is claimed: the data folder is not that of the store.
    foreign: Option<String>,
}

impl Serve {
    /// Serves until asked to stop; then lets the runs under way go on for the grace that the settings allow. Troubles of
    /// the store are logged and outlived.
    pub async fn run(self) {
        let Self { project, store, file, server, stop, reload, pulse, on_jobs, clock } = self;
        let planned = read_planned(&project);
        let offset = Arc::new(AtomicI64::new(0));
        let base = (clock, offset.clone());
        let clock: Clock = Arc::new(move || (base.0)() + TimeDelta::milliseconds(base.1.load(Ordering::Relaxed)));
        let mut serving = Serving {
            project: Arc::new(project),
            planned,
            store,
            file,
            server,
            on_jobs,
            clock,
            offset,
            silence: Silence::new(LEASE),
            running: JoinSet::new(),
            leases: HashMap::new(),
            signed: None,
            turned: None,
            next_due: None,
            claims: 0,
            foreign: None,
        };
        loop {
            pulse.beat((serving.clock)());
            // A publication into SQLite makes the scheduler wait: while runs are under way, that is no sign of death.
            let (is_busy, clock) = (!serving.running.is_empty(), serving.clock.clone());
            tokio::select! {
                () = stop.asked() => break,
                () = serving.wake() => {}
                never = keep_beating(&pulse, &clock), if is_busy => match never {},
            }
            let pause = serving.pause();
            tokio::select! {
                () = stop.asked() => break,
                () = reload.notified() => serving.heed_file(true),
                Some(ended) = serving.running.join_next_with_id() => serving.all_ended(ended).await,
                () = tokio::time::sleep(pause) => {}
            }
        }
        serving.shut_down().await;
    }
}

impl Serving {
    /// One waking. What fails is logged; the rest is done all the same. Where it was only a run's end that woke it, and
    /// nothing has become due, that end is dealt with and others are claimed: with many runs that is often.
    async fn wake(&mut self) {
        let patience = if self.store.kind() == "postgres" { PATIENCE_AFAR } else { PATIENCE_HERE };
        let is_turn = self.turned.is_none_or(|turned| turned.elapsed() >= TICK)
            || self.next_due.is_some_and(|next| next <= self.now());
        if is_turn {
            self.turned = Some(tokio::time::Instant::now());
            self.heed_file(false);
            let now = self.now();
            if tell("planning", patience, plan(&self.planned, &self.store, now)).await {
                self.server.planned_at = Some(self.now());
            }
            self.next_due = self.planned.iter().filter_map(|job| job.next_after(now)).min();
            tell("looking for lost runs", patience, self.reap()).await;
        }
        let (project, store, now) = (self.project.clone(), self.store.clone(), self.now());
        tell("dealing with runs that ended", patience, settle(&project.jobs, &store, now)).await;
        tell("claiming", patience, self.claim()).await;
        if is_turn {
            tell("saying that it lives", patience, self.sign_of_life()).await;
        }
    }

    fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Until something is due, but a second at most: others may have asked for a run.
    fn pause(&self) -> Duration {
        let tick = TICK.saturating_sub(self.turned.map(|turned| turned.elapsed()).unwrap_or_default());
        let next = self.next_due.map(|next| (next - self.now()).to_std().unwrap_or_default());
        next.map_or(tick, |pause| pause.min(tick))
    }

    /// Takes in the jobs' file where it has changed, all or nothing.
    fn heed_file(&mut self, is_asked: bool) {
        let Some(file) = &mut self.file else { return };
        match file.look(is_asked) {
            News::None => {}
            News::Broken(problems) => {
                for problem in &problems.list {
                    tracing::error!(hint = problem.hint.as_deref(), "the jobs stay as they were: {problem}");
                }
            }
            News::Changed(jobs) => self.take_in(*jobs),
        }
    }

    fn take_in(&mut self, jobs: JobsSchema) {
        let lines = difference(&self.project.jobs, &jobs);
        let project = Project { jobs, ..Project::clone(&self.project) };
        self.planned = read_planned(&project);
        self.project = Arc::new(project);
        self.turned = None;
        (self.on_jobs)(&self.project.jobs);
        tracing::info!(changes = lines.len(), "the jobs were read again");
        for line in lines {
            tracing::info!("{line}");
        }
    }

    /// Marks as lost the runs whose worker vanished: by their lease, and by their silence where the clock cannot be trusted.
    async fn reap(&mut self) -> Result<(), StoreError> {
        let mut lost = self.store.reap_lost_runs(&self.server.id, self.now()).await?;
        for held in self.silence.look(self.store.held_runs().await?, std::time::Instant::now()) {
            lost.extend(self.store.reap_silent_run(&held, &self.server.id, self.now()).await?);
        }
        for run in lost {
            tracing::error!(run = run.id, job = run.job, worker = run.worker, "a run was lost: its worker vanished");
        }
        Ok(())
    }

    /// Claims runs for as long as there are workers without one.
    async fn claim(&mut self) -> Result<(), StoreError> {
        let limits = limits(&self.project.jobs);
        loop {
            let free = usize::try_from(self.server.workers).unwrap_or(1).saturating_sub(self.running.len());
            if free == 0 || !self.store.is_run_due(self.now()).await? {
                return Ok(());
            }
            if !self.has_its_data_folder().await? {
                return Ok(());
            }
            let workers: Vec<String> =
                (1..=free as u64).map(|number| format!("{}/{}", self.server.id, self.claims + number)).collect();
            self.claims += free as u64;
            let claim = Claim { run_id: None, worker: self.server.id.clone(), length: LEASE, limits: limits.clone() };
            let claimed = self.store.claim_runs(&claim, &workers, self.now()).await?;
            let is_all = claimed.len() < free;
            for claimed in claimed {
                self.begin(claimed);
            }
            if is_all {
                return Ok(());
            }
        }
    }

    /// Whether store and data folder belong together. A process that has the one and not the other claims nothing: it would
    /// take for lost what lies elsewhere. It is said once.
    async fn has_its_data_folder(&mut self) -> Result<bool, StoreError> {
        match self.store.bind_data_folder(&self.project.data_folder(), &fresh_id(), self.now()).await {
            Ok(()) => {
                if self.foreign.take().is_some() {
                    tracing::warn!("the data folder is that of the store again: runs are claimed");
                }
                Ok(true)
            }
            Err(error @ StoreError::DataFolder { .. }) => {
                let reason = error.to_string();
                if self.foreign.as_ref() != Some(&reason) {
                    tracing::error!(error = reason, hint = error.hint(), "no run is claimed until that is mended");
                    self.foreign = Some(reason);
                }
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Works on a run beside the others.
    fn begin(&mut self, claimed: (Run, Lease)) {
        let (lease, stop) = (claimed.1.clone(), Stop::default());
        let (project, store, clock) = (self.project.clone(), self.store.clone(), self.clock.clone());
        let asked = stop.clone();
        let work = async move { conduct(&project, &store, claimed, &Unwatched, (&asked, &*clock)).await };
        let task = self.running.spawn(work);
        self.leases.insert(task.id(), (lease, stop));
    }

    /// A run ended, and perhaps others with it.
    async fn all_ended(&mut self, first: Result<(Id, Result<Ended, FlowError>), JoinError>) {
        let mut next = Some(first);
        while let Some(ended) = next {
            self.ended(ended).await;
            next = self.running.try_join_next_with_id();
        }
    }

    /// A run came to its end, or fell over.
    async fn ended(&mut self, ended: Result<(Id, Result<Ended, FlowError>), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some((lease, _)) = self.leases.remove(&id) else { return };
        let run = lease.run_id;
        match ended {
            Ok((_, Ok(Ended { error: None, .. }))) => tracing::info!(run, "the run is done"),
            Ok((_, Ok(Ended { error: Some(error), .. }) | Err(error))) => {
                tracing::error!(run, error = chain(&error), "the run did not come to its end");
                if !matches!(error, FlowError::PutDown | FlowError::LostLease) {
                    self.give_up(&lease, &chain(&error)).await;
                }
            }
            Err(_) => {
                tracing::error!(run, "the run fell over: this is a fault of kartei");
                self.give_up(&lease, "the run fell over: this is a fault of kartei, please report it").await;
            }
        }
    }

    /// Writes down that a run failed, where it could not do so itself.
    async fn give_up(&self, lease: &Lease, error: &str) {
        let end = RunEnd { state: RunState::Failed, error: Some(error.to_owned()), hint: None, guard: None };
        match self.store.finish_run(lease, &end, self.now()).await {
            // It had written its end itself.
            Ok(()) | Err(StoreError::LostLease { .. }) => {}
            Err(trouble) => tracing::warn!(run = lease.run_id, error = %trouble, "its end could not be written down"),
        }
    }

    async fn sign_of_life(&mut self) -> Result<(), StoreError> {
        if self.signed.is_some_and(|signed| signed.elapsed() < SIGN_OF_LIFE) {
            return Ok(());
        }
        self.signed = Some(tokio::time::Instant::now());
        if self.store.kind() == "postgres" {
            let (there, here) = (self.store.clock().await?, self.now());
            self.offset.fetch_add((there - here).num_milliseconds(), Ordering::Relaxed);
        }
        self.store.set_aside_unknown_states(self.now()).await?;
        self.server.heartbeat_at = self.now();
        self.store.note_server(&self.server).await
    }

    /// Lets the runs under way go on for a while, then puts them down.
    async fn shut_down(mut self) {
        let grace = self.project.settings.serve.shutdown_grace.as_duration();
        if !self.running.is_empty() {
            tracing::warn!(runs = self.running.len(), seconds = grace.as_secs(), "kartei ends when its runs have");
        }
        let patience = tokio::time::sleep(grace);
        tokio::pin!(patience);
        let mut is_over = false;
        while !self.running.is_empty() {
            tokio::select! {
                Some(ended) = self.running.join_next_with_id() => self.ended(ended).await,
                () = &mut patience, if !is_over => {
                    is_over = true;
                    for (_, stop) in self.leases.values() {
                        stop.ask_since(Why::Shutdown);
                    }
                }
            }
        }
        self.server.heartbeat_at = self.now();
        self.server.ended_at = Some(self.now());
        tell("saying that it ends", PATIENCE_AFAR, self.store.note_server(&self.server)).await;
    }
}

/// Beats on, until it is dropped.
async fn keep_beating(pulse: &Pulse, clock: &Clock) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(TICK).await;
        pulse.beat(clock());
    }
}

/// The jobs with a schedule. One that cannot be read is left out: the loader has refused it before.
fn read_planned(project: &Project) -> Vec<Planned> {
    planner::read(project).unwrap_or_else(|wrong| {
        for (job, error) in wrong {
            tracing::error!(job, error = %error, "the job cannot be planned");
        }
        Vec::new()
    })
}

/// How many runs of each group may be under way.
pub fn limits(jobs: &JobsSchema) -> BTreeMap<String, u32> {
    let groups = jobs.jobs.values().flat_map(kartei_schemas::jobs::JobSchema::groups);
    groups.map(|group| (group.clone(), jobs.limit_of(&group))).collect()
}

/// Waits for a piece of the scheduler's work and logs what went wrong; whether it was done. What is dropped halfway is as
/// after a crash: its transaction is rolled back, and a claim that had come through lapses with its lease.
async fn tell<T>(what: &str, patience: Duration, work: impl Future<Output = Result<T, StoreError>>) -> bool {
    match tokio::time::timeout(patience, work).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::error!(error = chain(&error), "{what} failed; the scheduler goes on");
            false
        }
        Err(_) => {
            tracing::error!(seconds = patience.as_secs(), "{what}: the store does not answer; the scheduler goes on");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_store_that_never_answers_does_not_hold_up_the_scheduler() {
        let never = std::future::pending::<Result<(), StoreError>>();
        assert!(!tell("planning", Duration::from_millis(1), never).await);
        assert!(tell("planning", Duration::from_mins(1), std::future::ready(Ok(()))).await);
    }
}
