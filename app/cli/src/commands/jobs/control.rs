//! Pausing, resuming and triggering jobs: a row each, which `kartei serve` heeds.

use kartei_jobs::{GUARDS, RunOptions, planner};
use kartei_store::{Cause, NewRun};
use serde_json::json;

use super::{Trigger, Which, no_such_job};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::{Installation, Purpose, asker};

pub(super) async fn pause(which: &Which, is_paused: bool, context: &Context) -> Outcome {
    let installation = Installation::open_for(Purpose::Asking, context).await?;
    if !installation.project.jobs.jobs.contains_key(&which.job) {
        return Err(no_such_job(&which.job, &installation.project.jobs));
    }
    let by = match &which.reason {
        Some(reason) => format!("{}: {reason}", asker()),
        None => asker(),
    };
    installation.store.pause_schedule(&which.job, is_paused.then_some(by.as_str()), context.now).await?;
    if context.console.json() {
        context.console.write_json(&json!({ "job": which.job, "paused": is_paused }))?;
    } else {
        let word = if is_paused { "paused" } else { "resumed" };
        context.console.line(format_args!("job `{}` is {word}", which.job))?;
    }
    installation.store.close().await;
    Ok(Exit::Done)
}

pub(super) async fn trigger(trigger: &Trigger, context: &Context) -> Outcome {
    let installation = Installation::open_for(Purpose::Asking, context).await?;
    let project = &installation.project;
    let name = &trigger.which.job;
    let job = project.jobs.jobs.get(name).ok_or_else(|| no_such_job(name, &project.jobs))?;
    if let Some(unknown) =
        trigger.accept_guard.iter().map(|name| kartei_jobs::guard_named(name)).find(|name| !GUARDS.contains(name))
    {
        let hint = kartei_schemas::problem::suggest(unknown, GUARDS);
        return Err(Failure::wrong_use(format!("there is no guard `{unknown}`")).with_hint_if(hint));
    }
    if let Some(unknown) = trigger.source.iter().find(|name| project.schemas.source(name).is_none()) {
        let hint =
            kartei_schemas::problem::suggest(unknown, project.schemas.sources.iter().map(|one| one.name.as_str()));
        return Err(Failure::wrong_use(format!("there is no source `{unknown}`")).with_hint_if(hint));
    }
    let options = RunOptions {
        sources: trigger.source.clone(),
        params: trigger.param.iter().cloned().collect(),
        dry_run: trigger.dry_run,
        accept_guards: trigger.accept_guard.clone(),
    };
    let run = NewRun {
        asked_by: asker(),
        reason: trigger.which.reason.clone(),
        parameters: options.to_parameters(),
        ..planner::new_run(name, job, Cause::AdHoc, context.now)
    };
    let run = installation.store.create_run(&run, context.now).await?;
    if context.console.json() {
        context.console.write_json(&run)?;
    } else {
        context.console.line(format_args!("run {} of job `{name}` waits for `kartei serve`", run.id))?;
        context.console.hint(format_args!("`kartei runs logs -f {}` follows it", run.id));
    }
    installation.store.close().await;
    Ok(Exit::Done)
}
