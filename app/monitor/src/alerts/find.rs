//! Finds what there is to tell: in the changes of runs' states, in runs that are not done in time, in old sources.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::settings::AlertKind;
use kartei_store::{
    CallKind, Finding, LOOK_BACK, NewAlert, NewCall, PastRun, RunState, Schedule, SeenEvent, SourceCursor, Store,
};
use serde_json::{Value as Json, json};

use super::WATCHER;
use crate::MonitorError;
use crate::watched::{Watched, WatchedDue, WatchedJob, WatchedSource};

/// The name of the guard that stops a run with too many rejects.
const QUARANTINE: &str = "max_reject_percent";
/// Of the due times of a job that nobody planned only the newest are told.
const UNPLANNED: usize = 5;

/// Looks at all that happened since the last look, and writes down what there is to tell. Gives how much is new.
///
/// The first look goes back to the beginning of the store, and finds what has not become well since: a run that failed
/// before anybody watched needs a human too. Calls are made for nothing that is so old.
pub async fn look(store: &Store, watched: &Watched, now: DateTime<Utc>) -> Result<u64, MonitorError> {
    let seen = store.watched(WATCHER, now).await?;
    let is_first = seen.reached_at < seen.since;
    let from = if is_first { seen.reached_at } else { (seen.reached_at - LOOK_BACK).max(seen.since) };
    let mut findings: Vec<(DateTime<Utc>, Finding)> = Vec::new();
    for event in store.run_events_since(from).await? {
        findings.extend(of_event(&event, watched).into_iter().map(|finding| (event.at, finding)));
    }
    let expects = watched.jobs.values().any(|job| job.expect_within.is_some());
    let schedules = if expects { store.schedules().await? } else { Vec::new() };
    for (name, job) in &watched.jobs {
        let Some(limit) = job.expect_within else { continue };
        let schedule = schedules.iter().find(|schedule| schedule.job == *name);
        let found = schedule.map(|schedule| unplanned((job, schedule), seen.since, (limit, now)));
        findings.extend(found.into_iter().flatten());
        let Some(earliest) = from.checked_sub_signed(limit) else { continue };
        let runs = store.runs_due_between(name, earliest.max(seen.since), now - limit).await?;
        findings.extend(late(name, &runs, (limit, now)));
    }
    if !watched.sources.is_empty() {
        for cursor in store.cursors().await? {
            findings.extend(
                watched.sources.iter().find(|one| one.name == cursor.source).and_then(|one| age(one, &cursor, now)),
            );
        }
    }
    findings.sort_by_key(|(at, _)| *at);
    if is_first {
        leave_out_what_is_over(&mut findings, seen.since);
    }
    let findings: Vec<Finding> = findings.into_iter().map(|(_, finding)| finding).collect();
    // Nothing is written while nothing happens, but for a mark now and then.
    if findings.is_empty() && !is_first && now - seen.reached_at < LOOK_BACK / 2 {
        return Ok(0);
    }
    Ok(store.note_findings(&findings, (WATCHER, now), now).await?)
}

/// Of what happened before anybody watched only the troubles stay that no success has come after.
fn leave_out_what_is_over(findings: &mut Vec<(DateTime<Utc>, Finding)>, since: DateTime<Utc>) {
    let subject = |alert: &NewAlert| (alert.job.clone(), alert.source.clone());
    let mut well = HashSet::new();
    findings.reverse();
    findings.retain(|(at, finding)| match finding {
        Finding::Alert(alert) => *at >= since || !well.contains(&subject(alert)),
        Finding::Well(alert) => {
            well.insert(subject(alert));
            *at >= since
        }
        Finding::Call(_) => *at >= since,
    });
    findings.reverse();
}

/// What a change of a run's state means to an admin. A rehearsal means nothing, and a failure that is tried again nothing
/// yet.
fn of_event(event: &SeenEvent, watched: &Watched) -> Vec<Finding> {
    if event.parameters["dry_run"] == Json::Bool(true) {
        return Vec::new();
    }
    let stands = event.state == event.after && !event.is_retried;
    let (kind, call) = match event.after {
        RunState::Running => (None, Some(CallKind::Start)),
        RunState::Succeeded => (Some(AlertKind::Recovered), Some(CallKind::Success)),
        RunState::Failed if stands => (Some(AlertKind::Failed), Some(CallKind::Fail)),
        RunState::Lost => (Some(AlertKind::Lost), stands.then_some(CallKind::Fail)),
        RunState::Stopped if event.guard.as_deref() == Some(QUARANTINE) => {
            (Some(AlertKind::Quarantine), Some(CallKind::Fail))
        }
        RunState::Stopped => (Some(AlertKind::Guard), Some(CallKind::Fail)),
        RunState::Missed => (Some(AlertKind::Missed), Some(CallKind::Fail)),
        _ => (None, None),
    };
    let mut findings = Vec::new();
    if let Some(kind) = kind {
        let alert = NewAlert {
            deduplication_key: format!("{kind}:{}:{}", event.run_id, event.id),
            kind,
            job: Some(event.job.clone()),
            source: None,
            run_id: Some(event.run_id),
            at: event.at,
            detail: detail(event),
        };
        findings.push(if kind == AlertKind::Recovered { Finding::Well(alert) } else { Finding::Alert(alert) });
    }
    if let Some(kind) = call
        && watched.alerts.ping.iter().any(|ping| ping.job == event.job)
    {
        findings.push(Finding::Call(NewCall {
            deduplication_key: format!("ping:{kind}:{}:{}", event.run_id, event.id),
            target: format!("ping:{}", event.job),
            kind,
            run_id: Some(event.run_id),
            body: None,
        }));
    }
    findings
}

fn detail(event: &SeenEvent) -> Json {
    if event.after == RunState::Succeeded {
        return json!({ "due_at": event.due_at });
    }
    json!({ "due_at": event.due_at, "error": event.error, "hint": event.hint, "guard": event.guard })
}

/// The due times of a job that were not met. One whose run failed, was missed or was left out has been told, or is as it
/// should be; one that is under way, was lost, or was done too late is late.
fn late(name: &str, runs: &[PastRun], (limit, now): (TimeDelta, DateTime<Utc>)) -> Vec<(DateTime<Utc>, Finding)> {
    let mut found = Vec::new();
    for of_one_time in runs.chunk_by(|left, right| left.due_at == right.due_at) {
        let Some(last) = of_one_time.last() else { continue };
        let at = last.due_at + limit;
        let is_late = match last.state {
            RunState::Succeeded => last.finished_at.is_some_and(|finished| finished > at),
            RunState::Due | RunState::Claimed | RunState::Running | RunState::Lost => at <= now,
            _ => false,
        };
        if is_late {
            found.push(is_over(name, (last.due_at, Some(last.id)), limit));
        }
    }
    found
}

/// The due times of a job for which there is no run although one should be done by now: nobody planned at the time, and
/// nobody has made up for it. What is paused, or has another schedule than the one by which it was planned, waits for
/// nothing.
fn unplanned(
    (job, schedule): (&WatchedJob, &Schedule),
    since: DateTime<Utc>,
    (limit, now): (TimeDelta, DateTime<Utc>),
) -> Vec<(DateTime<Utc>, Finding)> {
    let Some(WatchedDue { due, expression }) = &job.due else { return Vec::new() };
    let Some(latest) = now.checked_sub_signed(limit) else { return Vec::new() };
    if schedule.paused_at.is_some() || schedule.expression.as_ref() != Some(expression) {
        return Vec::new();
    }
    let times = due.unplanned(schedule.last_due_at.max(since), latest, UNPLANNED).times;
    times.into_iter().map(|due_at| is_over(&schedule.job, (due_at, None), limit)).collect()
}

/// The finding that a due time was not met.
fn is_over(job: &str, (due_at, run_id): (DateTime<Utc>, Option<i64>), limit: TimeDelta) -> (DateTime<Utc>, Finding) {
    let at = due_at + limit;
    let alert = NewAlert {
        // With or without a run it is the same due time, and told once.
        deduplication_key: format!("late:{job}:{}", due_at.timestamp_millis()),
        kind: AlertKind::Late,
        job: Some(job.to_owned()),
        source: None,
        run_id,
        at,
        detail: json!({ "due_at": due_at, "limit_seconds": limit.num_seconds() }),
    };
    (at, Finding::Alert(alert))
}

/// Whether a source is older than it may be, or is fresh.
fn age(source: &WatchedSource, cursor: &SourceCursor, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Finding)> {
    let newest = cursor.newest_data_at?;
    let stale_at = newest.checked_add_signed(source.stale_after)?;
    let is_stale = stale_at < now;
    let kind = if is_stale { AlertKind::Stale } else { AlertKind::Recovered };
    let at = if is_stale { stale_at } else { now };
    let alert = NewAlert {
        deduplication_key: format!("{kind}:source:{}:{}", source.name, newest.timestamp_millis()),
        kind,
        job: None,
        source: Some(source.name.clone()),
        run_id: None,
        at,
        detail: json!({ "newest_data_at": newest, "limit_seconds": source.stale_after.num_seconds() }),
    };
    Some((at, if is_stale { Finding::Alert(alert) } else { Finding::Well(alert) }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic here is a failed test")]
mod tests {
    use kartei_schemas::jobs::JobsSchema;
    use kartei_schemas::load::Schemas;
    use kartei_schemas::settings::Settings;
    use kartei_store::{Alert, AlertFilter, Cause, Claim, NewRun, RunEnd, StoreOptions};
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    const LEASE: Duration = Duration::from_mins(1);

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-11-{text}:00Z")).unwrap().to_utc()
    }

    fn watched(schedule: &str) -> Watched {
        let job = json!({ "steps": ["notify"], "schedule": schedule, "time_zone": "UTC", "expect_within": "2h" });
        let jobs: JobsSchema = serde_json::from_value(json!({ "job": { "nightly": job } })).unwrap();
        Watched::of(&Settings::default(), &jobs, &Schemas::default())
    }

    /// A store whose planner came as far as the third of the month, and a watcher that began with it.
    struct House {
        store: Store,
        _folder: tempfile::TempDir,
    }

    impl House {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("kartei.db").display());
            let store = Store::open(&StoreOptions::new(url)).await.unwrap();
            store.begin_schedule("nightly", "0 4 * * * UTC", at("03T05:00")).await.unwrap();
            let house = Self { store, _folder: folder };
            assert!(house.told(&watched("0 4 * * *"), "03T05:00").await.is_empty());
            house
        }

        async fn told(&self, watched: &Watched, now: &str) -> Vec<Alert> {
            look(&self.store, watched, at(now)).await.unwrap();
            self.store.alerts(&AlertFilter::default()).await.unwrap()
        }
    }

    #[tokio::test]
    async fn the_first_look_finds_what_went_wrong_before_it_and_has_not_become_well() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("kartei.db").display());
        let store = Store::open(&StoreOptions::new(url)).await.unwrap();
        let ends = [
            ("weekly", RunState::Failed, "01T04:00"),
            ("nightly", RunState::Failed, "01T04:00"),
            ("nightly", RunState::Succeeded, "02T04:00"),
            ("weekly", RunState::Stopped, "02T04:30"),
        ];
        for (job, state, time) in ends {
            let new = NewRun {
                job: job.to_owned(),
                cause: Cause::AdHoc,
                due_at: at(time),
                asked_by: "a user".to_owned(),
                reason: None,
                parameters: json!({}),
                retry_of: None,
                start_at: at(time),
                concurrency: Vec::new(),
                after_run: None,
                attended: true,
            };
            let run = store.create_run(&new, at(time)).await.unwrap();
            let claim =
                Claim { run_id: Some(run.id), worker: "one".to_owned(), length: LEASE, limits: BTreeMap::new() };
            let (_, lease) = store.claim_run(&claim, at(time)).await.unwrap().unwrap();
            let end = RunEnd { state, error: None, hint: None, guard: None };
            store.finish_run(&lease, &end, at(time)).await.unwrap();
        }
        let jobs: JobsSchema =
            serde_json::from_value(json!({ "job": { "nightly": { "steps": ["notify"] } } })).unwrap();
        let mut settings = Settings::default();
        let ping = json!({ "job": "nightly", "url": "http://127.0.0.1:9/ping", "timeout_seconds": 1 });
        settings.alerts.ping.push(serde_json::from_value(ping).unwrap());
        let watched = Watched::of(&settings, &jobs, &Schemas::default());
        for now in ["03T05:00", "03T05:01"] {
            look(&store, &watched, at(now)).await.unwrap();
            let found = store.alerts(&AlertFilter::default()).await.unwrap();
            let found: Vec<_> = found.iter().map(|alert| (alert.kind, alert.job.as_deref())).collect();
            assert_eq!(found, [(AlertKind::Guard, Some("weekly")), (AlertKind::Failed, Some("weekly"))]);
        }
        assert_eq!(store.call_depth().await.unwrap().queued, 0, "no call for what is long past");
    }

    #[tokio::test]
    async fn a_due_time_that_nobody_planned_is_late_once_although_it_has_no_run() {
        let (house, watched) = (House::new().await, watched("0 4 * * *"));
        assert!(house.told(&watched, "04T05:59").await.is_empty(), "it has two hours");
        for now in ["04T06:00", "04T06:01", "04T09:00"] {
            let told = house.told(&watched, now).await;
            let [late] = &told[..] else { panic!("{told:?}") };
            assert_eq!((late.kind, late.run_id, late.at), (AlertKind::Late, None, at("04T06:00")));
            assert_eq!(late.detail["due_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), at("04T04:00"));
        }
        assert_eq!(house.told(&watched, "05T07:00").await.len(), 2, "the next night is another due time");
    }

    #[tokio::test]
    async fn a_job_that_is_paused_or_has_another_schedule_by_now_is_expected_by_nobody() {
        let house = House::new().await;
        assert!(house.told(&watched("0 3 * * *"), "04T09:00").await.is_empty(), "planning has not begun with it");
        house.store.pause_schedule("nightly", Some("a user"), at("03T12:00")).await.unwrap();
        assert!(house.told(&watched("0 4 * * *"), "04T09:00").await.is_empty());
    }
}
