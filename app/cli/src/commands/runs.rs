//! `kartei runs`: what happened, step by step.

mod control;
mod logs;

use clap::{Args, Subcommand};
use comfy_table::Cell;
use kartei_store::{Run, RunFilter, RunView, Step};

use crate::console::{Console, number, optional, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::moment::{Moments, duration};

/// Lists the runs, shows one of them step by step, and lets it go on, end, or run again
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei runs
  kartei runs --job nightly --limit 5
  kartei runs show 12
  kartei runs logs -f 12
  kartei runs resume 12                       goes on where it stopped
  kartei runs resume 12 --from-step normalise
  kartei runs retry 12 --reason 'the file has been corrected'
  kartei runs cancel 12")]
pub(crate) struct Runs {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only runs of this job
    #[arg(long, value_name = "JOB")]
    job: Option<String>,
    /// At most so many; 0: all
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Shows one run step by step
    Show {
        /// The run's number
        run: i64,
    },
    /// Shows what a run said
    Logs(logs::Logs),
    /// Lets a run that ended go on where it stopped, by `kartei serve`
    Resume(control::Resumed),
    /// Asks for a new run that stands for the same due time, from its beginning
    Retry(control::Which),
    /// Asks a run to end; what is published stands
    Cancel(control::Which),
}

pub(crate) async fn run(command: &Runs, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let store = crate::store::open_existing(&configuration).await?;
    let (console, moments) = (context.console, Moments::of(&configuration));
    match &command.action {
        Some(Action::Show { run }) => {
            let view = store.run(*run).await?.ok_or_else(|| no_such_run(*run))?;
            return show(&view, console, moments);
        }
        Some(Action::Logs(command)) => return logs::run(command, &store, context, moments).await,
        Some(Action::Resume(command)) => return control::resume(command, &store, context).await,
        Some(Action::Retry(command)) => return control::retry(command, &store, context).await,
        Some(Action::Cancel(command)) => return control::cancel(command, &store, context).await,
        None => {}
    }
    let runs = store.runs(&RunFilter { job: command.job.clone(), states: Vec::new(), limit: command.limit }).await?;
    if console.json() {
        console.write_json(&runs)?;
    } else if runs.is_empty() {
        console.remark("there are no runs");
    } else {
        let mut table = table(&["run", "job", "state", "cause", "due", "began", "took", "remark"]);
        for run in &runs {
            table.add_row(row(run, moments));
        }
        console.table(&table)?;
    }
    Ok(Exit::Done)
}

/// A run that nobody knows.
pub(super) fn no_such_run(run: i64) -> Failure {
    Failure::wrong_use(format!("there is no run {run}")).with_hint("`kartei runs` lists them")
}

fn row(run: &Run, moments: Moments) -> Vec<Cell> {
    vec![
        text(run.id),
        text(&run.job),
        text(run.state),
        text(run.cause),
        text(moments.show(run.due_at)),
        text(moments.show_if(run.started_at)),
        text(took(run)),
        text(remark(run)),
    ]
}

/// Why it ended as it did; of a dry run also that it was one.
fn remark(run: &Run) -> String {
    let why = run.guard.as_ref().or(run.error.as_ref()).cloned().unwrap_or_default();
    match (run.parameters["dry_run"] == serde_json::Value::Bool(true), why.is_empty()) {
        (true, true) => "dry run".to_owned(),
        (true, false) => format!("dry run: {why}"),
        (false, _) => why,
    }
}

fn took(run: &Run) -> String {
    let span = run.started_at.zip(run.finished_at).map(|(began, ended)| ended - began);
    span.map(duration).unwrap_or_default()
}

fn show(view: &RunView, console: Console, moments: Moments) -> Outcome {
    if console.json() {
        console.write_json(view)?;
        return Ok(Exit::Done);
    }
    let run = &view.run;
    console.line(format_args!("run {} of {}: {}", run.id, run.job, run.state))?;
    console.line(format_args!("due {}, asked for by {} ({})", moments.show(run.due_at), run.asked_by, run.cause))?;
    if let Some(reason) = &run.reason {
        console.line(format_args!("why: {reason}"))?;
    }
    if let Some(guard) = &run.guard {
        console.line(format_args!("stopped by the guard {guard}"))?;
    }
    if let Some(error) = &run.error {
        console.line(format_args!("error: {error}"))?;
    }
    if let Some(hint) = &run.hint {
        console.line(format_args!("  hint: {hint}"))?;
    }
    let mut steps = table(&["step", "state", "attempt", "began", "took", "rows in", "rows out", "error"]);
    for step in &view.steps {
        steps.add_row(step_row(step, moments));
    }
    console.table(&steps)?;
    let mut events = table(&["when", "from", "to", "by", "why"]);
    for event in &view.events {
        events.add_row(vec![
            text(moments.show(event.at)),
            optional(event.before),
            text(event.after),
            text(&event.actor),
            optional(event.reason.as_ref()),
        ]);
    }
    console.table(&events)?;
    Ok(Exit::Done)
}

fn step_row(step: &Step, moments: Moments) -> Vec<Cell> {
    let took = step.finished_at.map(|ended| duration(ended - step.started_at)).unwrap_or_default();
    let rows = |rows: Option<u64>| rows.map_or_else(|| text(""), number);
    vec![
        text(&step.name),
        text(step.state),
        text(step.attempt),
        text(moments.show(step.started_at)),
        text(took),
        rows(step.rows_in),
        rows(step.rows_out),
        optional(step.error.as_ref()),
    ]
}
