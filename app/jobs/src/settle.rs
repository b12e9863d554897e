//! What follows from a run's end: the retry policy decides whether it goes on, and the jobs after it are made.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::jobs::{JobsSchema, On};
use kartei_store::{Cause, NewRun, Run, RunState, Settlement, Store, StoreError};

use crate::chance::share;
use crate::options::RunOptions;
use crate::planner::new_run;

/// Deals with every run that has ended since the last time.
pub async fn settle(jobs: &JobsSchema, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
    let ended = store.unsettled_runs(now).await?;
    if ended.is_empty() {
        return Ok(());
    }
    let schedules = store.schedules().await?;
    let paused = schedules.into_iter().filter(|schedule| schedule.paused_at.is_some()).map(|schedule| schedule.job);
    let paused: HashSet<String> = paused.collect();
    let mut over = Vec::new();
    for run in &ended {
        let settlement = settlement(jobs, &paused, run, now);
        if matches!(&settlement, Settlement::Over { followers } if followers.is_empty()) {
            over.push(run);
            continue;
        }
        let Some(made) = store.settle_run(run, &settlement, "scheduler", now).await? else { continue };
        if let Settlement::Again { at, reason } = &settlement {
            tracing::warn!(run = run.id, job = run.job, %at, reason, "the run is tried again");
        }
        for follower in made {
            tracing::info!(run = follower.id, job = follower.job, after = run.id, "a run follows");
        }
    }
    store.settle_runs(&over, now).await
}

/// What follows from a run's end.
fn settlement(jobs: &JobsSchema, paused: &HashSet<String>, run: &Run, now: DateTime<Utc>) -> Settlement {
    if RunOptions::of_parameters(&run.parameters).dry_run {
        return Settlement::Over { followers: Vec::new() };
    }
    if let Some(again) = again(jobs, run, now) {
        return again;
    }
    let follows = |name: &str, on: On| name == run.job && is_met(on, run.state);
    let followers = jobs.jobs.iter().filter(|(name, _)| !paused.contains(*name));
    let followers = followers.filter(|(_, job)| job.after.iter().any(|after| follows(&after.job, after.on)));
    let follower = |(name, job): (&String, _)| NewRun {
        start_at: now,
        after_run: Some(run.id),
        reason: Some(format!("after run {} of `{}`: {}", run.id, run.job, run.state)),
        ..new_run(name, job, Cause::After, run.due_at)
    };
    Settlement::Over { followers: followers.map(follower).collect() }
}

/// Whether and when the run goes on. A run that was lost goes on at once the first time: it was hardly its own fault.
fn again(jobs: &JobsSchema, run: &Run, now: DateTime<Utc>) -> Option<Settlement> {
    let retry = jobs.jobs.get(&run.job)?.retry;
    let attempts = run.retries + 1;
    let pause = match run.state {
        RunState::Failed | RunState::Lost => retry.pause_after(attempts)?,
        _ => return None,
    };
    let is_at_once = run.state == RunState::Lost && run.retries == 0;
    let jitter = TimeDelta::milliseconds(share(&run.job, run.due_at, attempts, retry.jitter));
    let at = if is_at_once { now } else { now + pause + jitter };
    let reason = format!("attempt {} of {} after it was {}", attempts + 1, retry.attempts, run.state);
    Some(Settlement::Again { at, reason })
}

fn is_met(on: On, state: RunState) -> bool {
    match state {
        RunState::Succeeded => matches!(on, On::Success | On::Always),
        RunState::Failed | RunState::Lost | RunState::Stopped => matches!(on, On::Failure | On::Always),
        RunState::Cancelled => on == On::Always,
        // A run that never was has no end.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn jobs() -> JobsSchema {
        serde_json::from_value(json!({ "job": {
            "nightly": { "steps": ["pull"], "retry": { "attempts": 3, "backoff": "1m", "max": "90s" } },
            "report": { "steps": ["report"], "after": ["nightly"] },
            "alarm": { "steps": ["notify"], "after": [{ "job": "nightly", "on": "failure" }] },
            "tidy": { "steps": ["notify"], "after": [{ "job": "nightly", "on": "always" }] },
            "other": { "steps": ["report"], "after": ["report"] },
        } }))
        .unwrap()
    }

    fn moment() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    fn ended(state: RunState, retries: u32) -> Run {
        let due = (moment() - TimeDelta::hours(1)).to_rfc3339();
        serde_json::from_value(json!({
            "id": 7, "job": "nightly", "cause": "schedule", "state": state, "due_at": due, "asked_by": "scheduler",
            "parameters": {}, "created_at": due, "attempt": 1, "start_at": due, "retries": retries, "concurrency": [],
        }))
        .unwrap()
    }

    fn after(run: &Run, paused: &[&str]) -> Settlement {
        settlement(&jobs(), &paused.iter().map(|&job| job.to_owned()).collect(), run, moment())
    }

    fn followers(run: &Run) -> Vec<String> {
        match after(run, &[]) {
            Settlement::Over { followers } => followers.into_iter().map(|run| run.job).collect(),
            again @ Settlement::Again { .. } => panic!("{again:?}"),
        }
    }

    fn wait(run: &Run) -> Option<i64> {
        match after(run, &[]) {
            Settlement::Again { at, .. } => Some((at - moment()).num_seconds()),
            Settlement::Over { .. } => None,
        }
    }

    #[test]
    fn a_failed_run_waits_longer_each_time_and_then_stays_failed() {
        assert_eq!([0, 1, 2].map(|retries| wait(&ended(RunState::Failed, retries))), [Some(60), Some(90), None]);
    }

    #[test]
    fn a_lost_run_goes_on_at_once_the_first_time_and_not_for_ever() {
        assert_eq!([0, 1, 2].map(|retries| wait(&ended(RunState::Lost, retries))), [Some(0), Some(90), None]);
    }

    #[test]
    fn a_cancelled_or_stopped_run_is_not_tried_again() {
        assert_eq!([RunState::Cancelled, RunState::Stopped].map(|state| wait(&ended(state, 0))), [None, None]);
    }

    #[test]
    fn each_end_has_the_jobs_that_asked_for_it() {
        assert_eq!(followers(&ended(RunState::Succeeded, 0)), ["report", "tidy"]);
        assert_eq!(followers(&ended(RunState::Failed, 2)), ["alarm", "tidy"]);
        assert_eq!(followers(&ended(RunState::Stopped, 0)), ["alarm", "tidy"]);
        assert_eq!(followers(&ended(RunState::Cancelled, 0)), ["tidy"]);
        assert!(followers(&ended(RunState::Skipped, 0)).is_empty());
    }

    #[test]
    fn a_follower_stands_for_the_same_due_time_and_says_why_it_is_there() {
        let run = ended(RunState::Succeeded, 0);
        let Settlement::Over { followers } = after(&run, &["tidy"]) else { panic!() };
        let [follower] = &followers[..] else { panic!("a paused job follows nobody: {followers:?}") };
        assert_eq!((follower.due_at, follower.after_run, follower.cause), (run.due_at, Some(7), Cause::After));
        assert_eq!(follower.reason.as_deref(), Some("after run 7 of `nightly`: succeeded"));
    }

    #[test]
    fn a_dry_run_and_a_job_that_is_no_more_have_no_consequences() {
        let dry = Run { parameters: json!({ "dry_run": true }), ..ended(RunState::Failed, 0) };
        let gone = Run { job: "gone".to_owned(), ..ended(RunState::Failed, 0) };
        assert!(followers(&dry).is_empty() && followers(&gone).is_empty());
    }
}
