//! How all stands, on one screen: the scheduler, what is under way, the last day, and what needs a human.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_report::{Band, median};
use kartei_store::{
    Alert, AlertFilter, PastRun, PastStep, Pulse, RunState, Step, StepProgress, StepState, Store, StoreError,
};
use serde::Serialize;

use crate::metrics::{by_job, good};
use crate::watched::Watched;

/// What is usual is found from so many runs of each job.
const HISTORY: u32 = 30;
/// A duration that differs by less than this from the usual one is nobody's business.
const SECONDS_THAT_MATTER: f64 = 5.0;
/// So many rows more or less are nobody's business.
const ROWS_THAT_MATTER: f64 = 20.0;
/// The last night: what happened in the last day.
const NIGHT: TimeDelta = TimeDelta::hours(24);
/// A sign of life that is older than this has no process behind it.
const SILENCE: TimeDelta = TimeDelta::seconds(30);

/// How all stands.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// When this was found out.
    pub at: DateTime<Utc>,
    /// The processes that schedule; empty: none does.
    pub schedulers: Vec<Scheduler>,
    /// The runs that are under way.
    pub under_way: Vec<UnderWay>,
    /// The jobs.
    pub jobs: Vec<Job>,
    /// The runs of the last day, newest first.
    pub last_day: Vec<PastRun>,
    /// What is not as usual in the last good run of each job.
    pub oddities: Vec<Oddity>,
    /// What needs a human.
    pub needs: Vec<Need>,
}

/// A process that schedules.
#[derive(Debug, Clone, Serialize)]
pub struct Scheduler {
    /// Its sign of life.
    #[serde(flatten)]
    pub pulse: Pulse,
    /// Whether it turns; one that writes signs of life without turning hangs.
    pub turns: bool,
}

/// A run that is under way.
#[derive(Debug, Clone, Serialize)]
pub struct UnderWay {
    /// The run.
    pub run: PastRun,
    /// The step that is being worked on.
    pub step: Option<String>,
    /// How far it has come, where it says so.
    pub progress: Option<StepProgress>,
    /// How long the run has been going, in seconds.
    pub elapsed_seconds: f64,
    /// How long it usually takes, in seconds.
    pub usual_seconds: Option<f64>,
}

/// A job.
#[derive(Debug, Clone, Serialize)]
pub struct Job {
    /// Its name.
    pub job: String,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// Its last run that has ended.
    pub last: Option<PastRun>,
    /// How long a good run usually takes, in seconds.
    pub usual_seconds: Option<f64>,
}

/// A figure that is not as usual.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Oddity {
    /// The job.
    pub job: String,
    /// The run.
    pub run_id: i64,
    /// The step whose rows are odd; none: the run's duration is.
    pub step: Option<String>,
    /// The figure: rows, or seconds.
    pub value: f64,
    /// Between what it usually is.
    pub band: Band,
}

/// Something that needs a human.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Need {
    /// What: `alert`, `run`, `delivery`, `rejects`, `reviews`, `mails`, `calls`, `scheduler`, `audience`.
    pub kind: &'static str,
    /// How many of it.
    pub count: u64,
    /// In words.
    pub text: String,
    /// The command that shows more.
    pub command: String,
}

/// Finds out how all stands.
pub async fn overview(store: &Store, watched: &Watched, now: DateTime<Utc>) -> Result<Overview, StoreError> {
    let runs = store.last_runs_of_each_job(HISTORY).await?;
    let jobs = by_job(&runs);
    let ids: Vec<i64> = jobs.values().flat_map(|runs| good(runs).map(|run| run.id)).collect();
    let steps = store.steps_of_runs(&ids).await?;
    let mut last_day = store.runs_since(now - NIGHT).await?;
    last_day.reverse();
    let schedulers = schedulers(store.pulses(20).await?, now);
    let mut under_way = Vec::new();
    for run in last_day.iter().filter(|run| run.state.is_active()) {
        under_way.push(of_active(store, run, jobs.get(run.job.as_str()), now).await?);
    }
    let paused: BTreeMap<String, Option<DateTime<Utc>>> =
        store.schedules().await?.into_iter().map(|one| (one.job, one.paused_at)).collect();
    let job = |name: &String| {
        let runs = jobs.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        Job {
            job: name.clone(),
            paused_at: paused.get(name).copied().flatten(),
            last: runs.iter().find(|run| run.state.is_final()).map(|run| (*run).clone()),
            usual_seconds: usual_seconds(runs),
        }
    };
    last_day.retain(|run| run.state.is_final());
    let of_jobs: Vec<Job> = watched.jobs.keys().map(job).collect();
    Ok(Overview {
        at: now,
        needs: needs(store, &schedulers, (&of_jobs, watched)).await?,
        schedulers,
        under_way,
        jobs: of_jobs,
        last_day,
        oddities: jobs.values().flat_map(|runs| oddities(runs, &steps)).collect(),
    })
}

/// What is not as usual in the last good run of a job, against those before it.
pub fn oddities(runs: &[&PastRun], steps: &[PastStep]) -> Vec<Oddity> {
    let good: Vec<&PastRun> = good(runs).collect();
    let Some((last, earlier)) = good.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    let seconds: Vec<f64> = earlier.iter().filter_map(|run| run.seconds()).collect();
    if let (Some(value), Some(band)) = (last.seconds(), Band::of(&seconds, SECONDS_THAT_MATTER))
        && !band.holds(value)
    {
        found.push(Oddity { job: last.job.clone(), run_id: last.id, step: None, value, band });
    }
    for step in steps.iter().filter(|step| step.run_id == last.id) {
        let before: Vec<f64> = steps
            .iter()
            .filter(|one| one.name == step.name && earlier.iter().any(|run| run.id == one.run_id))
            .filter_map(|one| one.rows_out.map(|rows| rows as f64))
            .collect();
        if let (Some(rows), Some(band)) = (step.rows_out, Band::of(&before, ROWS_THAT_MATTER))
            && !band.holds(rows as f64)
        {
            let step = Some(step.name.clone());
            found.push(Oddity { job: last.job.clone(), run_id: last.id, step, value: rows as f64, band });
        }
    }
    found
}

fn usual_seconds(runs: &[&PastRun]) -> Option<f64> {
    median(&good(runs).filter_map(PastRun::seconds).collect::<Vec<_>>())
}

/// The processes that have not ended and have been heard of lately.
fn schedulers(pulses: Vec<Pulse>, now: DateTime<Utc>) -> Vec<Scheduler> {
    let is_there = |pulse: &Pulse| pulse.ended_at.is_none() && now - pulse.written_at <= SILENCE;
    let scheduler = |pulse: Pulse| Scheduler { turns: pulse.written_at - pulse.beaten_at <= SILENCE, pulse };
    pulses.into_iter().filter(is_there).map(scheduler).collect()
}

async fn of_active(
    store: &Store,
    run: &PastRun,
    runs: Option<&Vec<&PastRun>>,
    now: DateTime<Utc>,
) -> Result<UnderWay, StoreError> {
    let steps = store.run(run.id).await?.map(|view| view.steps).unwrap_or_default();
    let step = steps.into_iter().find(|step: &Step| step.state == StepState::Running).map(|step| step.name);
    let progress = store.progress_of_run(run.id).await?.into_iter().rfind(|one| Some(&one.step) == step.as_ref());
    let elapsed = run.started_at.map_or(TimeDelta::zero(), |started| now - started);
    Ok(UnderWay {
        run: run.clone(),
        step,
        progress,
        elapsed_seconds: elapsed.num_milliseconds().max(0) as f64 / 1_000.0,
        usual_seconds: runs.and_then(|runs| usual_seconds(runs)),
    })
}

async fn needs(
    store: &Store,
    schedulers: &[Scheduler],
    (jobs, watched): (&[Job], &Watched),
) -> Result<Vec<Need>, StoreError> {
    let mut needs = Vec::new();
    for scheduler in schedulers.iter().filter(|one| !one.turns) {
        let text =
            format!("the scheduler of {} hangs: it writes signs of life and does not turn", scheduler.pulse.worker);
        needs.push(Need { kind: "scheduler", count: 1, text, command: "kartei doctor".to_owned() });
    }
    let standing = store.alerts(&AlertFilter { standing: true, limit: 0 }).await?;
    for (alert, count) in grouped(&standing) {
        let command = match alert.run_id {
            Some(run) => format!("kartei runs show {run}"),
            None => "kartei alerts".to_owned(),
        };
        needs.push(Need { kind: "alert", count, text: words(alert, count), command });
    }
    for waiting in store.waiting_deliveries().await? {
        let stopped = waiting.stopped_by().join(", ");
        let text = format!("delivery {} of source {} waits for a decision: {stopped}", waiting.id, waiting.source);
        needs.push(Need {
            kind: "delivery",
            count: 1,
            text,
            command: format!("kartei deliveries show {}", waiting.id),
        });
    }
    needs.extend(jobs.iter().filter_map(|job| ended_badly(job, &standing)));
    if let Some(unheard) = watched.unheard {
        let text = unheard.reason.to_owned();
        needs.push(Need { kind: "audience", count: 1, text, command: "kartei check".to_owned() });
    }
    let rejects: u64 = store.reject_counts().await?.iter().map(|count| count.rows).sum();
    let (reviews, _) = store.review_depth().await?;
    let (mails, calls) = (store.outbox_depth(None).await?.failed, store.call_depth().await?.failed);
    for (kind, count, one, many, command) in [
        ("reviews", reviews, "pair waits for a steward", "pairs wait for a steward", "kartei review"),
        ("rejects", rejects, "row is in quarantine", "rows are in quarantine", "kartei rejects"),
        ("mails", mails, "mail was given up", "mails were given up", "kartei doctor"),
        ("calls", calls, "call over HTTP was given up", "calls over HTTP were given up", "kartei doctor"),
    ] {
        if count > 0 {
            let text = format!("{count} {}", if count == 1 { one } else { many });
            needs.push(Need { kind, count, text, command: command.to_owned() });
        }
    }
    Ok(needs)
}

/// A job whose last run ended badly: also where nobody has looked for alerts since.
fn ended_badly(job: &Job, standing: &[Alert]) -> Option<Need> {
    let last = job.last.as_ref().filter(|run| badness(run.state) >= 2)?;
    if standing.iter().any(|alert| alert.job.as_ref() == Some(&job.job)) {
        return None;
    }
    let reason = last.guard.as_ref().or(last.error.as_ref()).map(|reason| format!(": {reason}")).unwrap_or_default();
    let text = format!("job {}: its last run is {}{reason}", job.job, last.state);
    Some(Need { kind: "run", count: 1, text, command: format!("kartei runs show {}", last.id) })
}

/// One of each kind and subject, the newest, with how many there are.
fn grouped(alerts: &[Alert]) -> Vec<(&Alert, u64)> {
    let mut groups: Vec<(&Alert, u64)> = Vec::new();
    for alert in alerts {
        let same = |one: &Alert| (one.kind, &one.job, &one.source) == (alert.kind, &alert.job, &alert.source);
        match groups.iter_mut().find(|(one, _)| same(one)) {
            Some((_, count)) => *count += 1,
            None => groups.push((alert, 1)),
        }
    }
    groups
}

fn words(alert: &Alert, count: u64) -> String {
    let about = match (&alert.job, &alert.source) {
        (Some(job), _) => format!("job {job}"),
        (None, Some(source)) => format!("source {source}"),
        (None, None) => "kartei".to_owned(),
    };
    let times = if count == 1 { String::new() } else { format!(" ({count} times)") };
    let reason = alert.detail["error"].as_str().map(|error| format!(": {error}")).unwrap_or_default();
    format!("{about}: {}{times}{reason}", alert.kind)
}

/// A run that a state's word stands for on the screen: how it ended, the worst first.
pub const fn badness(state: RunState) -> u8 {
    match state {
        RunState::Failed | RunState::Lost => 3,
        RunState::Stopped | RunState::Missed => 2,
        RunState::Cancelled | RunState::Skipped => 1,
        RunState::Succeeded | RunState::Due | RunState::Claimed | RunState::Running => 0,
    }
}
