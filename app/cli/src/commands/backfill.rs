//! `kartei backfill`: makes up for due times of the past.

use chrono::{DateTime, Utc};
use clap::Args;
use kartei_jobs::planner::{self, BACKFILL};
use kartei_store::TickState;
use serde::Serialize;

use super::jobs::no_such_job;
use crate::console::{optional, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::{Installation, Purpose, asker};
use crate::moment::{Moments, When};

/// Makes up for due times of the past: a run each, one after another, by `kartei serve`
///
/// A due time that has a run already is left alone; one that was skipped or missed is made up for.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei backfill nightly --from 2026-03-01 --to 2026-03-07 --dry-run    all seven days
  kartei backfill nightly --from 2026-03-01 --to 2026-03-07 --reason 'the server was down'")]
pub(crate) struct Backfill {
    /// The job
    job: String,
    /// From this day or instant on, included; a day is one of the job's time zone
    #[arg(long, value_name = "TIME", value_parser = When::read)]
    from: When,
    /// Up to this day or instant, included; a day is included to its end
    #[arg(long, value_name = "TIME", value_parser = When::read)]
    to: When,
    /// Shows what would be made
    #[arg(long)]
    dry_run: bool,
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// A due time, and what becomes of it.
#[derive(Debug, Serialize)]
struct Line {
    due_at: DateTime<Utc>,
    run: Option<i64>,
    word: &'static str,
}

pub(crate) async fn run(command: &Backfill, context: &Context) -> Outcome {
    let installation = Installation::open_for(Purpose::Asking, context).await?;
    let project = &installation.project;
    let job = project.jobs.jobs.get(&command.job).ok_or_else(|| no_such_job(&command.job, &project.jobs))?;
    let due = planner::due(job, project)
        .map_err(|error| Failure::new(format!("job `{}`: {error}", command.job)).with_hint(error.hint()))?;
    let (from, to) = (command.from.first(due.zone()), command.to.last(due.zone()));
    // Today is not over: what is due in the rest of it comes by itself, and so does all that comes later.
    if to < from || command.to.first(due.zone()) > context.now {
        let failure = Failure::wrong_use("`--to` lies before `--from`, or in the future");
        return Err(failure.with_hint("what is due in the future comes by itself"));
    }
    let to = to.min(context.now);
    let (by, reason) = (asker(), command.reason.as_deref());
    let ticks = planner::backfill((&command.job, job, &due), (from, to), (&by, reason), context.now);
    let ticks = ticks.ok_or_else(|| {
        Failure::wrong_use(format!("job `{}` was due more than {BACKFILL} times in between", command.job))
            .with_hint("make up for a shorter time at once")
    })?;
    let known = installation.store.ticks(&command.job, 0).await?;
    let made = if command.dry_run { Vec::new() } else { installation.store.create_ticks(&ticks, context.now).await? };
    let line = |due_at: DateTime<Utc>| {
        let before = known.iter().find(|tick| tick.due_at == due_at);
        let now = made.iter().find(|run| run.due_at == due_at);
        let word = match (before.map(|tick| tick.state), now) {
            (Some(TickState::Planned), _) => "there already",
            (_, None) if command.dry_run => "would be made",
            (_, None) => "another process was faster",
            (_, Some(_)) => "made",
        };
        Line { due_at, run: now.map(|run| run.id).or(before.map(|tick| tick.run_id)), word }
    };
    let lines: Vec<Line> = ticks.iter().map(|tick| line(tick.run.due_at)).collect();
    if context.console.json() {
        context.console.write_json(&lines)?;
    } else if lines.is_empty() {
        context.console.remark("nothing was due in between");
    } else {
        let moments = Moments { zone: due.zone() };
        let mut table = table(&["due", "run", ""]);
        for line in &lines {
            table.add_row(vec![text(moments.show(line.due_at)), optional(line.run), text(line.word)]);
        }
        context.console.table(&table)?;
    }
    installation.store.close().await;
    Ok(Exit::Done)
}
