//! The jobs as they are listed: when they are due, whether they are paused, how the last run fared and how long runs take.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use comfy_table::Cell;
use kartei_jobs::{Project, planner};
use kartei_schemas::jobs::JobSchema;
use kartei_store::{Run, RunFilter, RunState, Schedule, Store};
use serde::Serialize;

use crate::console::{optional, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::moment::{Moments, duration};

/// How many due times are shown of each job.
const NEXT: usize = 3;
/// Of so many runs that came to their end it is told how long they take.
const TREND: u32 = 10;

/// A job as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    job: String,
    state: &'static str,
    paused_by: Option<String>,
    schedule: Vec<String>,
    after: Vec<String>,
    time_zone: String,
    steps: Vec<&'static str>,
    sources: Vec<String>,
    next: Vec<DateTime<Utc>>,
    last_run: Option<Run>,
    /// How long the last runs that succeeded took, the newest first.
    milliseconds: Vec<i64>,
}

pub(super) async fn list(context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let schemas = configuration.schemas()?;
    let (jobs, _) = configuration.jobs(&schemas.sources)?;
    let project = Project {
        base: configuration.folder.clone(),
        settings: configuration.settings.clone(),
        schemas,
        jobs: jobs.clone(),
    };
    let store = crate::store::open_if_there(&configuration).await?;
    let schedules = match &store {
        Some(store) => store.schedules().await?,
        None => Vec::new(),
    };
    let mut listed = Vec::with_capacity(jobs.jobs.len());
    for (name, job) in &jobs.jobs {
        let schedule = schedules.iter().find(|schedule| schedule.job == *name);
        listed.push(of_job((name, job), &project, (store.as_ref(), schedule), context.now).await?);
    }
    if context.console.json() {
        context.console.write_json(&listed)?;
    } else {
        let moments = Moments::of(&configuration);
        let mut table = table(&["job", "state", "schedule", "next", "last run", "takes", "steps", "sources"]);
        for job in &listed {
            table.add_row(row(job, moments));
        }
        context.console.table(&table)?;
    }
    Ok(Exit::Done)
}

async fn of_job(
    (name, job): (&String, &JobSchema),
    project: &Project,
    (store, schedule): (Option<&Store>, Option<&Schedule>),
    now: DateTime<Utc>,
) -> Result<Listed, Failure> {
    let (runs, took) = match store {
        Some(store) => (runs(store, name, Vec::new(), 1).await?, took(store, name).await?),
        None => (Vec::new(), Vec::new()),
    };
    let last_run = runs.into_iter().next();
    let is_under_way = last_run.as_ref().is_some_and(|run| run.state.is_active());
    let paused = schedule.filter(|schedule| schedule.paused_at.is_some());
    let due = planner::due(job, project)
        .map_err(|error| Failure::new(format!("job `{name}`: {error}")).with_hint(error.hint()))?;
    let next = if paused.is_some() { Vec::new() } else { due.upcoming(now, NEXT) };
    let state = match () {
        () if is_under_way => "running",
        () if paused.is_some() => "paused",
        () if !next.is_empty() => "scheduled",
        () if !job.after.is_empty() => "after others",
        () if due.is_never() => "on demand",
        () => "over",
    };
    let zone = job.time_zone.clone().unwrap_or_else(|| project.settings.locale.time_zone.clone());
    Ok(Listed {
        job: name.clone(),
        state,
        paused_by: paused.and_then(|schedule| schedule.paused_by.clone()),
        schedule: job.schedule.lines.clone(),
        after: job.after.iter().map(|after| after.job.clone()).collect(),
        time_zone: zone,
        steps: job.steps.iter().map(|step| step.as_str()).collect(),
        sources: project
            .schemas
            .sources
            .iter()
            .filter(|source| job.pulls(source))
            .map(|one| one.name.clone())
            .collect(),
        next,
        last_run,
        milliseconds: took,
    })
}

async fn runs(store: &Store, job: &str, states: Vec<RunState>, limit: u32) -> Result<Vec<Run>, Failure> {
    Ok(store.runs(&RunFilter { job: Some(job.to_owned()), states, limit }).await?)
}

async fn took(store: &Store, job: &str) -> Result<Vec<i64>, Failure> {
    let runs = runs(store, job, vec![RunState::Succeeded], TREND).await?;
    let spans = runs.iter().filter_map(|run| Some((run.finished_at? - run.started_at?).num_milliseconds()));
    Ok(spans.collect())
}

fn row(job: &Listed, moments: Moments) -> Vec<Cell> {
    let mut schedule = job.schedule.join("\n");
    if !job.after.is_empty() {
        let comma = if schedule.is_empty() { "" } else { "\n" };
        schedule = format!("{schedule}{comma}after {}", job.after.join(", "));
    }
    let zone = job.time_zone.parse().unwrap_or(Tz::UTC);
    let next: Vec<String> =
        job.next.iter().map(|due| due.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z").to_string()).collect();
    let last = job.last_run.as_ref();
    let last = last.map(|run| format!("{} {} {}", run.id, moments.show_if(run.started_at), run.state));
    let state = job.paused_by.as_ref().map_or_else(|| job.state.to_owned(), |by| format!("{} by {by}", job.state));
    vec![
        text(&job.job),
        text(state),
        Cell::new(schedule),
        Cell::new(next.join("\n")),
        optional(last),
        optional(trend(&job.milliseconds)),
        text(job.steps.join(", ")),
        text(job.sources.join(", ")),
    ]
}

/// How long the last run took, and how that compares with the ones before it.
fn trend(milliseconds: &[i64]) -> Option<String> {
    let (&last, earlier) = milliseconds.split_first()?;
    let shown = duration(TimeDelta::milliseconds(last));
    let mut earlier = earlier.to_vec();
    earlier.sort_unstable();
    let Some(&usual) = earlier.get(earlier.len() / 2) else { return Some(shown) };
    let word = match last {
        _ if last > usual + usual / 4 => "longer than",
        _ if last < usual - usual / 4 => "shorter than",
        _ => "as",
    };
    Some(format!("{shown}, {word} the usual {}", duration(TimeDelta::milliseconds(usual))))
}

#[cfg(test)]
mod tests {
    use super::trend;

    #[test]
    fn the_last_run_is_held_against_the_middle_one_of_those_before() {
        assert_eq!(trend(&[]), None);
        assert_eq!(trend(&[1_400]).as_deref(), Some("1.4 s"));
        assert_eq!(trend(&[2_000, 1_000, 900, 60_000]).as_deref(), Some("2.0 s, longer than the usual 1.0 s"));
        assert_eq!(trend(&[1_100, 1_000, 900]).as_deref(), Some("1.1 s, as the usual 1.0 s"));
        assert_eq!(trend(&[500, 1_000, 900]).as_deref(), Some("0.5 s, shorter than the usual 1.0 s"));
    }
}
