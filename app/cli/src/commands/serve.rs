//! `kartei serve`: runs the jobs when they are due.

use std::sync::Arc;

use clap::Args;
use kartei_jobs::pulse::Pulse;
use kartei_jobs::reload::JobsFile;
use kartei_jobs::serve::Serve as Serving;
use kartei_jobs::{Stop, planner};
use kartei_schemas::load::JOBS_FILE;
use kartei_store::{Served, Server};
use tokio::sync::Notify;

use crate::console::Console;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::{Installation, Purpose, ask_on_signal, now, worker};

mod watching;

use watching::Watching;

/// Runs the jobs when they are due, until it is stopped
///
/// A changed jobs.toml is read again by itself, or at once on SIGHUP. SIGTERM lets the runs under way go on for as long as
/// `serve.shutdown_grace` allows; what is not done by then goes on at the next start.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei serve -c /etc/kartei
  kartei serve -c /etc/kartei --set serve.workers=4
  KARTEI__LOG__FORMAT=json KARTEI__LOG__LEVEL=info kartei serve -c /etc/kartei")]
pub(crate) struct Serve {}

pub(crate) async fn run(_command: &Serve, context: &Context) -> Outcome {
    let installation = Installation::open_for(Purpose::Serving, context).await?;
    let jobs = planner::read(&installation.project).map_err(|wrong| {
        let mut wrong = wrong.into_iter();
        let (job, error) = wrong.next().unwrap_or_else(|| unreachable!("an error names what is wrong"));
        Failure::new(format!("job `{job}`: {error}")).with_hint(error.hint())
    })?;
    let Installation { project, store, .. } = installation;
    let host = host();
    let words =
        format!("process {} on {host}, since {}", std::process::id(), context.now.format("%Y-%m-%d %H:%M:%S UTC"));
    let _lock = match store.lock_serving(&words)? {
        Served::Here(lock) => lock,
        Served::Elsewhere(holder) => {
            let failure = Failure::new(format!("another kartei serves this store: {holder}"));
            return Err(failure.with_hint("end it first, or use PostgreSQL, which several processes can serve"));
        }
    };
    for job in &jobs {
        if let Some(next) = job.due.next_after(context.now) {
            let local = next.with_timezone(&job.due.zone());
            context.console.remark(format_args!("{:20} next {}", job.name, local.format("%a %Y-%m-%d %H:%M %Z")));
        }
    }
    let server = Server {
        id: worker(0),
        host,
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        workers: project.settings.serve.workers,
        started_at: context.now,
        heartbeat_at: context.now,
        planned_at: None,
        ended_at: None,
    };
    let (stop, reload) = (Stop::default(), Arc::new(Notify::new()));
    tokio::spawn(ask_on_signal(stop.clone(), context.console));
    tokio::spawn(reload_on_signal(reload.clone(), context.console));
    let log = crate::logging::keep_with_runs(&store, &project.settings.log);
    let file = project.base.join(JOBS_FILE);
    let file = file.is_file().then(|| JobsFile::new(file, project.schemas.sources.clone()));
    let pulse = Pulse::default();
    let watching = Watching::begin((&project, &store), (&pulse, &stop), context.console).await?;
    watching::ready();
    let said = async {
        stop.asked().await;
        watching::stopping();
    };
    let (asked, clock, on_jobs) = (stop.clone(), Arc::new(now), watching.follow(&project));
    let serving = Serving { project, store: store.clone(), file, server, stop: asked, reload, pulse, on_jobs, clock };
    tokio::join!(serving.run(), watching.go_on(&stop), said);
    log.finish().await;
    store.close().await;
    Ok(Exit::Done)
}

/// Each SIGHUP asks for the jobs to be read again.
async fn reload_on_signal(reload: Arc<Notify>, console: Console) {
    let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else { return };
    while signal.recv().await.is_some() {
        console.remark("reading jobs.toml again");
        reload.notify_one();
    }
}

/// The machine's name.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "this machine".to_owned() } else { name.trim().to_owned() }
}
