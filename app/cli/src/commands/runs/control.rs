//! Ending a run, letting it go on, and running it again.

use clap::Args;
use kartei_store::{Cause, NewRun, Resume, RunState, Store};
use serde_json::json;

use super::no_such_run;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::asker;

/// A run, and why.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The run's number
    run: i64,
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// A run that shall go on.
#[derive(Debug, Args)]
pub(super) struct Resumed {
    #[command(flatten)]
    which: Which,
    /// Does this step and all after it again; `kartei runs show` names the steps
    #[arg(long, value_name = "STEP")]
    from_step: Option<String>,
}

pub(super) async fn resume(command: &Resumed, store: &Store, context: &Context) -> Outcome {
    let id = command.which.run;
    let view = store.run(id).await?.ok_or_else(|| no_such_run(id))?;
    if let Some(step) = &command.from_step
        && !view.steps.iter().any(|known| known.name == *step)
    {
        let names: Vec<&str> = view.steps.iter().map(|step| step.name.as_str()).collect();
        let failure = Failure::wrong_use(format!("run {id} has not come to a step `{step}`"));
        return Err(failure.with_hint(format!("it has been at: {}", names.join(", "))));
    }
    let by = asker();
    let resume =
        Resume { from_step: command.from_step.as_deref(), actor: &by, reason: command.which.reason.as_deref() };
    let hint = match store.resume_run(id, &resume, context.now).await? {
        RunState::Failed | RunState::Lost | RunState::Cancelled | RunState::Stopped => None,
        RunState::Succeeded if command.from_step.is_some() => None,
        RunState::Succeeded => Some("it has succeeded: `--from-step` does a step and all after it again"),
        RunState::Skipped | RunState::Missed => Some("it never began: `kartei backfill` makes up for its due time"),
        RunState::Due => Some("it waits already"),
        RunState::Claimed | RunState::Running => Some("it is under way"),
    };
    match hint {
        None => said(id, "waits for `kartei serve` to go on with it", context),
        Some(hint) => Err(Failure::new(format!("run {id} cannot go on")).with_hint(hint)),
    }
}

pub(super) async fn retry(command: &Which, store: &Store, context: &Context) -> Outcome {
    let run = store.run(command.run).await?.ok_or_else(|| no_such_run(command.run))?.run;
    if !run.state.is_final() {
        let failure = Failure::new(format!("run {} has not ended: it is {}", run.id, run.state));
        return Err(failure.with_hint("`kartei runs cancel` asks it to end"));
    }
    let new = NewRun {
        job: run.job,
        cause: Cause::Retry,
        due_at: run.due_at,
        asked_by: asker(),
        reason: command.reason.clone(),
        parameters: run.parameters,
        retry_of: Some(run.id),
        start_at: context.now,
        concurrency: run.concurrency,
        after_run: None,
        attended: false,
    };
    let made = store.create_run(&new, context.now).await?;
    said(made.id, "waits for `kartei serve`", context)
}

pub(super) async fn cancel(command: &Which, store: &Store, context: &Context) -> Outcome {
    store.run(command.run).await?.ok_or_else(|| no_such_run(command.run))?;
    let reason = command.reason.as_deref().unwrap_or("asked for");
    match store.request_cancel(command.run, &asker(), reason, context.now).await? {
        RunState::Due => said(command.run, "is cancelled", context),
        RunState::Claimed | RunState::Running => said(command.run, "is asked to end", context),
        state => Err(Failure::new(format!("run {} has ended already: it is {state}", command.run))),
    }
}

fn said(run: i64, what: &str, context: &Context) -> Outcome {
    if context.console.json() {
        context.console.write_json(&json!({ "run": run }))?;
    } else {
        context.console.line(format_args!("run {run} {what}"))?;
    }
    Ok(Exit::Done)
}
