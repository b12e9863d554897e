//! An installation that is open: its configuration, its store, and the runs that a command makes in this process.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use kartei_jobs::serve::{LEASE, limits};
use kartei_jobs::{Ended, FlowError, Project, RunOptions, Stop, Watch, conduct};
use kartei_schemas::jobs::JobSchema;
use kartei_schemas::problem::Problem;
use kartei_store::{Cause, Claim, NewRun, Run, RunFilter, RunState, Store, StoreError};

use crate::configuration::Configuration;
use crate::console::Console;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;

/// An installation that is open.
pub(crate) struct Installation {
    /// What the steps need.
    pub(crate) project: Project,
    /// The store.
    pub(crate) store: Store,
    /// What works, but hardly as meant.
    warnings: Vec<Problem>,
}

/// What an installation is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To run a job: the tables are brought up to date, and store and data folder must belong together.
    Work,
    /// To serve: the same, but where the data folder is another's the process stays, says so, and claims no run.
    Serving,
    /// To look, or to ask for something: the store stays as it is.
    Asking,
}

/// What a command asks of a run.
pub(crate) struct Asked<'a> {
    /// The job.
    pub(crate) job: &'a str,
    /// The options.
    pub(crate) options: RunOptions,
    /// The time that the run stands for.
    pub(crate) due_at: DateTime<Utc>,
    /// Why, in the words of who asks.
    pub(crate) reason: Option<String>,
}

impl Installation {
    /// Reads the configuration that the flags point at, and opens its store to run a job.
    pub(crate) async fn open(context: &Context) -> Result<Self, Failure> {
        Self::open_for(Purpose::Work, context).await
    }

    /// Reads the configuration that the flags point at, and opens its store.
    pub(crate) async fn open_for(purpose: Purpose, context: &Context) -> Result<Self, Failure> {
        let installation = Self::of(context.configuration()?, purpose).await?;
        installation.warn(context.console);
        Ok(installation)
    }

    /// Opens the store of a configuration.
    pub(crate) async fn of(configuration: Configuration, purpose: Purpose) -> Result<Self, Failure> {
        let schemas = configuration.schemas()?;
        let (jobs, warnings) = configuration.jobs(&schemas.sources)?;
        let warnings = schemas.warnings.iter().cloned().chain(warnings).collect();
        let store = match purpose {
            Purpose::Work | Purpose::Serving => crate::store::open_for_runs(&configuration).await?,
            Purpose::Asking => crate::store::open_as_it_is(&configuration).await?,
        };
        let Configuration { folder, settings } = configuration;
        let project = Project { base: folder, settings, schemas, jobs };
        match purpose {
            Purpose::Work => bind(&store, &project).await?,
            Purpose::Serving => {
                if let Err(error) = bind(&store, &project).await {
                    tracing::error!(error = %error, hint = error.hint(), "no run is claimed until that is mended");
                }
            }
            Purpose::Asking => {}
        }
        Ok(Self { project, store, warnings })
    }

    /// Says what works, but hardly as meant.
    fn warn(&self, console: Console) {
        for warning in &self.warnings {
            console.remark(warning);
            if let Some(hint) = &warning.hint {
                console.hint(hint);
            }
        }
    }

    /// Makes a run now and conducts it to its end. Ctrl-C asks it to end.
    pub(crate) async fn run(&self, asked: &Asked<'_>, context: &Context) -> Result<Ended, Failure> {
        let job = self.project.jobs.jobs.get(asked.job);
        let concurrency = job.map(JobSchema::groups).unwrap_or_default();
        self.refuse_beside_another(asked.job, &concurrency).await?;
        let new = NewRun {
            job: asked.job.to_owned(),
            cause: Cause::AdHoc,
            due_at: asked.due_at,
            asked_by: asker(),
            reason: asked.reason.clone(),
            parameters: asked.options.to_parameters(),
            retry_of: None,
            start_at: now(),
            concurrency,
            after_run: None,
            attended: true,
        };
        let run = self.store.create_run(&new, now()).await?;
        let limits = limits(&self.project.jobs);
        let claim = Claim { run_id: Some(run.id), worker: worker(run.id), length: LEASE, limits };
        let Some(claimed) = self.store.claim_run(&claim, now()).await? else {
            self.store.request_cancel(run.id, &asker(), "another run was faster", now()).await?;
            return Err(self.beside(None));
        };
        let log = crate::logging::keep_with_runs(&self.store, &self.project.settings.log);
        let stop = Stop::default();
        tokio::spawn(ask_on_signal(stop.clone(), context.console));
        let watch = Shown { console: context.console, bar: Mutex::new(None) };
        let ended = Box::pin(conduct(&self.project, &self.store, claimed, &watch, (&stop, &now))).await;
        log.finish().await;
        ended.map_err(|error| of_flow(&error))
    }

    /// Says how a run ended.
    pub(crate) fn show(&self, ended: &Ended, context: &Context) -> Outcome {
        if context.console.json() {
            context.console.write_json(&ended.report)?;
        } else {
            let language = self.project.settings.locale.language;
            let text = match &ended.error {
                None => crate::console::report(&ended.report, language),
                Some(_) => crate::console::summary(&ended.report, language),
            };
            context.console.line(text.trim_end())?;
            let file = self.project.report_file(ended.report.run.id).with_extension("html");
            if file.is_file() {
                context.console.remark(format_args!("report: {}", file.display()));
            }
        }
        match &ended.error {
            None => Ok(Exit::Done),
            Some(error) => Err(of_flow(error)),
        }
    }

    /// Refuses to go on while another run is under way that must end first.
    pub(crate) async fn refuse_beside_another(&self, job: &str, groups: &[String]) -> Result<(), Failure> {
        self.store.reap_lost_runs("command line", now()).await?;
        let states = vec![RunState::Claimed, RunState::Running];
        let active = self.store.runs(&RunFilter { states, limit: 0, job: None }).await?;
        let limits: BTreeMap<String, u32> = limits(&self.project.jobs);
        let is_full = |group: &String| {
            let taken = active.iter().filter(|run| run.concurrency.contains(group)).count();
            taken >= limits.get(group).copied().unwrap_or(1) as usize
        };
        let full: Vec<&String> = groups.iter().filter(|group| is_full(group)).collect();
        let in_the_way =
            active.iter().find(|run| run.job == job || full.iter().any(|group| run.concurrency.contains(group)));
        in_the_way.map_or(Ok(()), |run| Err(self.beside(Some(run))))
    }

    #[expect(clippy::unused_self, reason = "it is said of this installation")]
    pub(crate) fn beside(&self, run: Option<&Run>) -> Failure {
        let message = match run {
            Some(run) => format!("run {} of job `{}` is under way", run.id, run.job),
            None => "another run is under way that must end first".to_owned(),
        };
        Failure::new(message).with_hint("wait until it has ended; one that was killed is noticed within ten seconds")
    }
}

/// Makes sure that store and data folder belong together.
async fn bind(store: &Store, project: &Project) -> Result<(), StoreError> {
    store.bind_data_folder(&project.data_folder(), &kartei_jobs::project::fresh_id(), now()).await
}

/// A run's error as a failure of the command.
pub(crate) fn of_flow(error: &FlowError) -> Failure {
    let exit = match error {
        FlowError::Guard { .. } => Exit::Guarded,
        FlowError::TooManyRejects { .. } => Exit::Quarantined,
        FlowError::UnknownJob(_) | FlowError::UnknownSource(_) => Exit::WrongUse,
        _ => Exit::Failed,
    };
    Failure::from_error(error).with_hint_if(error.hint()).with_exit(exit)
}

/// The moment.
#[expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Who asks at this terminal.
pub(crate) fn asker() -> String {
    let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_default();
    if user.is_empty() { "command line".to_owned() } else { format!("{user} (command line)") }
}

/// A name for this start of the process, unlike that of any other.
pub(crate) fn worker(number: i64) -> String {
    format!("{}-{number}-{}", std::process::id(), now().timestamp_micros())
}

/// The first Ctrl-C or SIGTERM asks the run to end.
pub(crate) async fn ask_on_signal(stop: Stop, console: Console) {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate => {}
    }
    console.remark("ending; what is published stands");
    stop.ask();
}

/// Shows a run's steps on the terminal.
struct Shown {
    console: Console,
    bar: Mutex<Option<(&'static str, Progress)>>,
}

impl Watch for Shown {
    fn began(&self, _step: &'static str) {}

    fn moved(&self, unit: &'static str, done: u64, total: u64) {
        let Ok(mut bar) = self.bar.lock() else { return };
        if bar.as_ref().is_none_or(|(shown, _)| *shown != unit)
            && let Some((_, finished)) = bar.replace((unit, Progress::begin(self.console, unit, total)))
        {
            finished.finish();
        }
        if let Some((_, bar)) = bar.as_ref() {
            bar.set(done, total);
        }
    }

    fn ended(&self, _step: &'static str, _summary: &str) {
        let Ok(mut bar) = self.bar.lock() else { return };
        if let Some((_, finished)) = bar.take() {
            finished.finish();
        }
    }
}
