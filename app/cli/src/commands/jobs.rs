//! `kartei jobs`: what is planned; pausing, resuming and triggering jobs.

mod control;
mod listed;

use clap::{Args, Subcommand};
use kartei_schemas::jobs::{JobsSchema, ParamValue};

use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// Lists the jobs, when they are due next, and how they fare; pauses, resumes and triggers them
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei jobs
  kartei jobs --json
  kartei jobs pause nightly --reason 'the source is being moved'
  kartei jobs resume nightly
  kartei jobs trigger nightly --reason 'a corrected file has come'")]
pub(crate) struct Jobs {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Makes no runs of a job until it is resumed
    Pause(Which),
    /// Lets a paused job go on; what was due in between is not made up for
    Resume(Which),
    /// Asks `kartei serve` for a run now, with retries and the jobs after it
    Trigger(Trigger),
}

/// A job, and why.
#[derive(Debug, Args)]
struct Which {
    /// The job
    job: String,
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What is asked of a run.
#[derive(Debug, Args)]
struct Trigger {
    #[command(flatten)]
    which: Which,
    /// Replaces a parameter of the job; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = super::run::param)]
    param: Vec<(String, ParamValue)>,
    /// Pulls only this source; may be repeated
    #[arg(long, value_name = "SOURCE")]
    source: Vec<String>,
    /// Does all but publish and mail
    #[arg(long)]
    dry_run: bool,
    /// Lets a guard pass this once; may be repeated
    #[arg(long, value_name = "GUARD")]
    accept_guard: Vec<String>,
}

pub(crate) async fn run(command: &Jobs, context: &Context) -> Outcome {
    match &command.action {
        None => listed::list(context).await,
        Some(Action::Pause(which)) => control::pause(which, true, context).await,
        Some(Action::Resume(which)) => control::pause(which, false, context).await,
        Some(Action::Trigger(trigger)) => control::trigger(trigger, context).await,
    }
}

/// A job that nobody knows.
pub(super) fn no_such_job(name: &str, jobs: &JobsSchema) -> Failure {
    let hint = kartei_schemas::problem::suggest(name, jobs.jobs.keys().map(String::as_str));
    Failure::wrong_use(format!("there is no job `{name}`")).with_hint_if(hint)
}
