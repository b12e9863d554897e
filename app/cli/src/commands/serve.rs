//! `kartei serve`: runs the jobs when they are due.

use clap::Args;
use kartei_jobs::pulse::Pulse;
use kartei_jobs::{Stop, planner, serve};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::{Installation, ask_on_signal, now, worker};

mod watching;

use watching::Watching;

/// Runs the jobs when they are due, until it is stopped
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei serve -c /etc/kartei
  KARTEI__LOG__FORMAT=json kartei serve -c /etc/kartei")]
pub(crate) struct Serve {}

pub(crate) async fn run(_command: &Serve, context: &Context) -> Outcome {
    let installation = Installation::open(context).await?;
    let jobs = planner::read(&installation.project).map_err(|wrong| {
        let mut wrong = wrong.into_iter();
        let (job, error) = wrong.next().unwrap_or_else(|| unreachable!("an error names what is wrong"));
        Failure::new(format!("job `{job}`: {error}")).with_hint(error.hint())
    })?;
    for job in &jobs {
        if let Some(next) = job.due.next_after(context.now) {
            let local = next.with_timezone(&job.due.zone());
            context.console.remark(format_args!("{:20} next {}", job.name, local.format("%a %Y-%m-%d %H:%M %Z")));
        }
    }
    let stop = Stop::default();
    tokio::spawn(ask_on_signal(stop.clone(), context.console));
    let (project, store) = (&installation.project, &installation.store);
    let pulse = Pulse::default();
    let watching = Watching::begin((project, store), (&pulse, &stop), context.console).await?;
    watching::ready();
    let said = async {
        stop.asked().await;
        watching::stopping();
    };
    let worker = worker(0);
    let serving = serve::serve(project, store, &jobs, &worker, &pulse, (&stop, &now));
    tokio::join!(serving, watching.go_on(&stop), said);
    installation.store.close().await;
    Ok(Exit::Done)
}
