//! `kartei jobs`: what is planned.

use clap::Args;
use comfy_table::Cell;
use kartei_schemas::jobs::JobSchema;
use serde::Serialize;

use crate::console::{Listing, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Outcome;

/// Lists the jobs, their schedules and their steps
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei jobs
  kartei jobs --json")]
pub(crate) struct Jobs {}

/// A job as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    job: String,
    schedule: Vec<String>,
    time_zone: String,
    steps: Vec<&'static str>,
    sources: Vec<String>,
}

pub(crate) async fn run(_command: &Jobs, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let schemas = configuration.schemas()?;
    let (jobs, _) = configuration.jobs(&schemas.sources)?;
    let list = |(name, job): (&String, &JobSchema)| Listed {
        job: name.clone(),
        schedule: job.schedule.lines.clone(),
        time_zone: job.time_zone.clone().unwrap_or_else(|| configuration.settings.locale.time_zone.clone()),
        steps: job.steps.iter().map(|step| step.as_str()).collect(),
        sources: schemas.sources.iter().filter(|source| job.pulls(source)).map(|source| source.name.clone()).collect(),
    };
    let listed: Vec<Listed> = jobs.jobs.iter().map(list).collect();
    context.console.list(&Listing {
        header: &["job", "schedule", "time zone", "steps", "sources"],
        items: &listed,
        row,
        nothing: "there are no jobs",
    })?;
    Ok(Exit::Done)
}

fn row(job: &Listed) -> Vec<Cell> {
    let schedule = if job.schedule.is_empty() { "on demand".to_owned() } else { job.schedule.join(", ") };
    vec![text(&job.job), text(schedule), text(&job.time_zone), text(job.steps.join(", ")), text(job.sources.join(", "))]
}
