//! `kartei jobs`: what is planned.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::Args;
use comfy_table::Cell;
use kartei_jobs::{Project, planner};
use kartei_store::{Run, RunFilter, Store};
use serde::Serialize;

use crate::console::{optional, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::moment::Moments;

/// Lists the jobs, their schedules and their steps
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei jobs
  kartei jobs --json")]
pub(crate) struct Jobs {}

/// How many due times are shown of each job.
const NEXT: usize = 3;

/// A job as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    job: String,
    schedule: Vec<String>,
    time_zone: String,
    steps: Vec<&'static str>,
    sources: Vec<String>,
    next: Vec<DateTime<Utc>>,
    last_run: Option<Run>,
}

pub(crate) async fn run(_command: &Jobs, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let schemas = configuration.schemas()?;
    let (jobs, _) = configuration.jobs(&schemas.sources)?;
    let project = Project {
        base: configuration.folder.clone(),
        settings: configuration.settings.clone(),
        schemas: schemas.clone(),
        jobs: jobs.clone(),
    };
    let store = crate::store::open_if_there(&configuration).await?;
    let mut listed = Vec::with_capacity(jobs.jobs.len());
    for (name, job) in &jobs.jobs {
        listed.push(Listed {
            job: name.clone(),
            schedule: job.schedule.lines.clone(),
            time_zone: job.time_zone.clone().unwrap_or_else(|| configuration.settings.locale.time_zone.clone()),
            steps: job.steps.iter().map(|step| step.as_str()).collect(),
            sources: schemas.sources.iter().filter(|source| job.pulls(source)).map(|one| one.name.clone()).collect(),
            next: planner::due(job, &project)
                .map_err(|error| Failure::new(format!("job `{name}`: {error}")).with_hint(error.hint()))?
                .upcoming(context.now, NEXT),
            last_run: last_run(name, store.as_ref()).await?,
        });
    }
    if context.console.json() {
        context.console.write_json(&listed)?;
    } else {
        let moments = Moments::of(&configuration);
        let mut table = table(&["job", "schedule", "time zone", "next", "steps", "sources", "last run"]);
        for job in &listed {
            table.add_row(row(job, moments));
        }
        context.console.table(&table)?;
    }
    Ok(Exit::Done)
}

async fn last_run(job: &str, store: Option<&Store>) -> Result<Option<Run>, Failure> {
    let Some(store) = store else { return Ok(None) };
    let filter = RunFilter { job: Some(job.to_owned()), states: Vec::new(), limit: 1 };
    Ok(store.runs(&filter).await?.pop())
}

fn row(job: &Listed, moments: Moments) -> Vec<Cell> {
    let schedule = if job.schedule.is_empty() { "on demand".to_owned() } else { job.schedule.join(", ") };
    let zone = job.time_zone.parse().unwrap_or(Tz::UTC);
    let next: Vec<String> =
        job.next.iter().map(|due| due.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z").to_string()).collect();
    let last = job.last_run.as_ref();
    let last = last.map(|run| format!("{} {} {}", run.id, moments.show_if(run.started_at), run.state));
    vec![
        text(&job.job),
        text(schedule),
        text(&job.time_zone),
        Cell::new(next.join("\n")),
        text(job.steps.join(", ")),
        text(job.sources.join(", ")),
        optional(last),
    ]
}
