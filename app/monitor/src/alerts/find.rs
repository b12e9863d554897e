//! Finds what there is to tell: in the changes of runs' states, in runs that are not done in time, in old sources.

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::settings::AlertKind;
use kartei_store::{
    CallKind, Finding, LOOK_BACK, NewAlert, NewCall, PastRun, RunState, SeenEvent, SourceCursor, Store,
};
use serde_json::{Value as Json, json};

use super::WATCHER;
use crate::MonitorError;
use crate::watched::{Watched, WatchedSource};

/// The name of the guard that stops a run with too many rejects.
const QUARANTINE: &str = "max_reject_percent";

/// Looks at all that happened since the last look, and writes down what there is to tell. Gives how much is new.
pub async fn look(store: &Store, watched: &Watched, now: DateTime<Utc>) -> Result<u64, MonitorError> {
    let seen = store.watched(WATCHER, now).await?;
    let from = (seen.reached_at - LOOK_BACK).max(seen.since);
    let mut findings: Vec<(DateTime<Utc>, Finding)> = Vec::new();
    for event in store.run_events_since(from).await? {
        findings.extend(of_event(&event, watched).into_iter().map(|finding| (event.at, finding)));
    }
    for (name, job) in &watched.jobs {
        let Some(limit) = job.expect_within else { continue };
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
    let findings: Vec<Finding> = findings.into_iter().map(|(_, finding)| finding).collect();
    // Nothing is written while nothing happens, but for a mark now and then.
    if findings.is_empty() && now - seen.reached_at < LOOK_BACK / 2 {
        return Ok(0);
    }
    Ok(store.note_findings(&findings, (WATCHER, now), now).await?)
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
            let alert = NewAlert {
                deduplication_key: format!("late:{name}:{}", last.due_at.timestamp_millis()),
                kind: AlertKind::Late,
                job: Some(name.to_owned()),
                source: None,
                run_id: Some(last.id),
                at,
                detail: json!({ "due_at": last.due_at, "limit_seconds": limit.num_seconds() }),
            };
            found.push((at, Finding::Alert(alert)));
        }
    }
    found
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
