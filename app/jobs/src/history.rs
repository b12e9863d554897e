//! What was before this run, for its report: the last runs, and what is usual in them.

use chrono::TimeDelta;
use kartei_report::Band;
use kartei_report::model::{OddFigure, PastRun as PastRunReport, PastState, Step as StepReport};
use kartei_schemas::jobs::{JobSchema, StepName};
use kartei_store::{PastRun, RunState};

use crate::error::FlowError;
use crate::steps::Step;

/// So many runs of each job say what is usual, and are shown.
const RUNS: u32 = 30;
/// A timeline of more jobs than this can be read by nobody.
const JOBS: usize = 20;
/// What is older is not shown.
const SHOWN: TimeDelta = TimeDelta::days(7);
/// Differences below these are nobody's business.
const MILLISECONDS_THAT_MATTER: f64 = 5_000.0;
const ROWS_THAT_MATTER: f64 = 20.0;

/// The last runs of all jobs with this one, and what is not as usual in it.
pub async fn of_run(step: &Step<'_>, steps: &[StepReport]) -> Result<(Vec<PastRunReport>, Vec<OddFigure>), FlowError> {
    let jobs = jobs_of_timeline(step);
    let runs = step.store.last_runs_of_jobs(&jobs, RUNS).await?;
    let earlier: Vec<&PastRun> = runs
        .iter()
        .filter(|run| run.job == step.run.job && run.id != step.run.id && run.state == RunState::Succeeded)
        .collect();
    let ids: Vec<i64> = earlier.iter().map(|run| run.id).collect();
    let before = step.store.steps_of_runs(&ids).await?;
    let mut odd = Vec::new();
    let durations: Vec<f64> = earlier.iter().filter_map(|run| run.seconds().map(|seconds| seconds * 1_000.0)).collect();
    let took = step.run.started_at.map_or(TimeDelta::zero(), |started| step.now() - started).num_milliseconds() as f64;
    odd.extend(unusual(None, took, &durations, MILLISECONDS_THAT_MATTER));
    for done in steps {
        let Some(rows) = done.items else { continue };
        let usual: Vec<f64> = before
            .iter()
            .filter(|one| one.name == done.name)
            .filter_map(|one| one.rows_out.map(|rows| rows as f64))
            .collect();
        odd.extend(unusual(Some(done.name.clone()), rows as f64, &usual, ROWS_THAT_MATTER));
    }
    let oldest = step.now() - SHOWN;
    let mut shown: Vec<PastRunReport> =
        runs.iter().filter_map(past_run).filter(|run| run.started_at >= oldest).collect();
    shown.sort_by_key(|run| (run.started_at, run.id));
    Ok((shown, odd))
}

/// The jobs whose runs are shown beside those of this one: none where nobody will draw them.
fn jobs_of_timeline<'a>(step: &Step<'a>) -> Vec<&'a str> {
    let all = &step.project.jobs.jobs;
    let is_drawn = |job: &JobSchema| job.steps.iter().any(|one| matches!(one, StepName::Publish | StepName::Report));
    let own = step.run.job.as_str();
    let others = all.keys().map(String::as_str).filter(|name| *name != own);
    let others = others.take(if all.get(own).is_some_and(is_drawn) { JOBS - 1 } else { 0 });
    std::iter::once(own).chain(others).collect()
}

fn unusual(step: Option<String>, value: f64, before: &[f64], floor: f64) -> Option<OddFigure> {
    let band = Band::of(before, floor)?;
    (!band.holds(value)).then_some(OddFigure { step, value, band })
}

/// A run that began, as the report shows it.
fn past_run(run: &PastRun) -> Option<PastRunReport> {
    let state = match run.state {
        RunState::Succeeded => PastState::Succeeded,
        RunState::Stopped => PastState::Stopped,
        RunState::Failed | RunState::Lost => PastState::Failed,
        RunState::Cancelled => PastState::Cancelled,
        _ => PastState::Running,
    };
    let started_at = run.started_at?;
    Some(PastRunReport { id: run.id, job: run.job.clone(), state, started_at, finished_at: run.finished_at })
}
