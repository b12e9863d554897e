//! The commands: one file each.

mod alerts;
mod backfill;
mod backup;
mod changes;
mod check;
mod completions;
mod deliveries;
mod demo;
mod doctor;
mod evaluate;
mod explain;
mod init;
mod jobs;
mod judgements;
mod link;
mod persons;
mod rejects;
mod report;
mod restore;
mod review;
mod run;
mod runs;
mod serve;
mod sources;
mod status;
mod train;

use clap::Subcommand;

pub(crate) use restore::Marker;

use crate::context::Context;
use crate::failure::{During, Outcome};

/// Everything that kartei can be asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Check(check::Check),
    Run(run::Run),
    Serve(serve::Serve),
    Jobs(jobs::Jobs),
    Backfill(backfill::Backfill),
    Runs(runs::Runs),
    Status(status::Status),
    Alerts(alerts::Alerts),
    Backup(backup::BackupCommand),
    Restore(restore::Restore),
    Doctor(doctor::Doctor),
    Report(report::Report),
    Persons(persons::Persons),
    Changes(changes::Changes),
    Rejects(rejects::Rejects),
    Deliveries(deliveries::Deliveries),
    Sources(sources::Sources),
    Explain(explain::Explain),
    Review(review::Review),
    Judgements(judgements::Judgements),
    Train(train::Train),
    Match(link::Match),
    Evaluate(evaluate::Evaluate),
    Completions(completions::Completions),
}

/// Runs one command to its end.
pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    match command {
        Command::Init(command) => init::run(&command, context),
        Command::Completions(command) => completions::run(&command),
        Command::Match(command) => link::run(&command, context),
        other => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            let runtime = runtime.during("the runtime could not be started")?;
            let outcome = runtime.block_on(run_async(other, context));
            // A computation of a run that was asked to end may go on for a minute; nobody waits for its outcome.
            runtime.shutdown_background();
            outcome
        }
    }
}

async fn run_async(command: Command, context: &Context) -> Outcome {
    match command {
        Command::Demo(command) => Box::pin(demo::run(&command, context)).await,
        Command::Check(command) => check::run(&command, context).await,
        Command::Run(command) => Box::pin(run::run(&command, context)).await,
        Command::Serve(command) => Box::pin(serve::run(&command, context)).await,
        Command::Jobs(command) => jobs::run(&command, context).await,
        Command::Backfill(command) => backfill::run(&command, context).await,
        Command::Runs(command) => runs::run(&command, context).await,
        Command::Status(command) => status::run(&command, context).await,
        Command::Alerts(command) => Box::pin(alerts::run(&command, context)).await,
        Command::Backup(command) => backup::run(&command, context).await,
        Command::Restore(command) => Box::pin(restore::run(&command, context)).await,
        Command::Doctor(command) => doctor::run(&command, context).await,
        Command::Report(command) => report::run(&command, context).await,
        Command::Persons(command) => persons::run(&command, context).await,
        Command::Changes(command) => changes::run(&command, context).await,
        Command::Rejects(command) => rejects::run(&command, context).await,
        Command::Deliveries(command) => deliveries::run(&command, context).await,
        Command::Sources(command) => sources::run(&command, context).await,
        Command::Explain(command) => Box::pin(explain::run(&command, context)).await,
        Command::Review(command) => Box::pin(review::run(&command, context)).await,
        Command::Judgements(command) => judgements::run(&command, context).await,
        Command::Train(command) => Box::pin(train::run(&command, context)).await,
        Command::Evaluate(command) => Box::pin(evaluate::run(&command, context)).await,
        Command::Init(_) | Command::Completions(_) | Command::Match(_) => {
            unreachable!("commands without a runtime were run above")
        }
    }
}
