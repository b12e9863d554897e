//! The figures as Prometheus reads them. Labels hold names of jobs, steps, sources and states, and nothing of a person.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use chrono::{DateTime, Utc};
use kartei_report::median;
use kartei_store::{AlertFilter, OutboxDepth, PastRun, RunState, StoreError};

use crate::endpoint::Endpoint;

/// What is usual is found from so many runs of each job.
const HISTORY: u32 = 30;

/// All figures, in the text format of Prometheus.
pub async fn render(endpoint: &Endpoint) -> Result<String, StoreError> {
    let store = &endpoint.store;
    let mut page = Page::default();
    page.family("kartei_build_info", "The program's version.");
    page.value("kartei_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    scheduler(&mut page, endpoint);
    page.family("kartei_runs", "Runs that are kept, by job and state.");
    for count in store.run_counts().await? {
        page.value("kartei_runs", &[("job", &count.job), ("state", count.state.as_str())], count.runs);
    }
    let runs = store.last_runs_of_each_job(HISTORY).await?;
    let by_job = by_job(&runs);
    of_jobs(&mut page, &by_job);
    let latest: Vec<&PastRun> = by_job.values().filter_map(|runs| last_success(runs)).collect();
    let ids: Vec<i64> = latest.iter().map(|run| run.id).collect();
    page.family("kartei_step_rows", "Rows that a step of the last good run gave out.");
    for step in store.steps_of_runs(&ids).await? {
        let job = latest.iter().find(|run| run.id == step.run_id).map(|run| run.job.as_str());
        if let (Some(job), Some(rows)) = (job, step.rows_out) {
            page.value("kartei_step_rows", &[("job", job), ("step", &step.name)], rows);
        }
    }
    queues(&mut page, endpoint).await?;
    Ok(page.text)
}

fn scheduler(page: &mut Page, endpoint: &Endpoint) {
    page.family("kartei_scheduler_heartbeat_age_seconds", "Since when the scheduler has not turned.");
    if let Some(age) = endpoint.beat_age() {
        let seconds = age.num_milliseconds().max(0) as f64 / 1_000.0;
        page.value("kartei_scheduler_heartbeat_age_seconds", &[], seconds);
    }
    page.family("kartei_scheduler_turns", "1 while the scheduler turns, 0 when it hangs.");
    page.value("kartei_scheduler_turns", &[], u8::from(endpoint.turns()));
}

fn of_jobs(page: &mut Page, jobs: &BTreeMap<&str, Vec<&PastRun>>) {
    type Figure = fn(&[&PastRun]) -> Option<f64>;
    let figures: [(&str, &str, Figure); 6] = [
        ("kartei_run_last_duration_seconds", "How long the last good run took.", |runs| last_success(runs)?.seconds()),
        ("kartei_run_usual_duration_seconds", "How long a good run takes: the median of the last.", |runs| {
            median(&good(runs).filter_map(PastRun::seconds).collect::<Vec<_>>())
        }),
        ("kartei_run_last_lateness_seconds", "How long after its due time the last scheduled run began.", |runs| {
            runs.iter().find_map(|run| run.lateness_seconds())
        }),
        ("kartei_run_worst_lateness_seconds", "The largest lateness of the last runs.", |runs| {
            runs.iter().filter_map(|run| run.lateness_seconds()).reduce(f64::max)
        }),
        ("kartei_run_last_success_timestamp_seconds", "When the last good run ended.", |runs| {
            Some(seconds(last_success(runs)?.finished_at?))
        }),
        ("kartei_run_under_way", "Runs that a worker holds.", |runs| {
            Some(runs.iter().filter(|run| run.state.is_active()).count() as f64)
        }),
    ];
    for (name, help, figure) in figures {
        page.family(name, help);
        for (job, runs) in jobs {
            if let Some(value) = figure(runs) {
                page.value(name, &[("job", job)], value);
            }
        }
    }
}

async fn queues(page: &mut Page, endpoint: &Endpoint) -> Result<(), StoreError> {
    let store = &endpoint.store;
    let states = |depth: OutboxDepth| [("queued", depth.queued), ("sent", depth.sent), ("failed", depth.failed)];
    page.family("kartei_outbox_mails", "Mails in the outbox, by state.");
    for (state, mails) in states(store.outbox_depth(None).await?) {
        page.value("kartei_outbox_mails", &[("state", state)], mails);
    }
    page.family("kartei_http_calls", "Calls of webhook and dead man's switches, by state.");
    for (state, calls) in states(store.call_depth().await?) {
        page.value("kartei_http_calls", &[("state", state)], calls);
    }
    page.family("kartei_rejects_open", "Rows in quarantine, by source.");
    let mut rejects: BTreeMap<String, u64> = BTreeMap::new();
    for count in store.reject_counts().await? {
        *rejects.entry(count.source).or_default() += count.rows;
    }
    for (source, rows) in &rejects {
        page.value("kartei_rejects_open", &[("source", source)], rows);
    }
    page.family("kartei_reviews_open", "Pairs that wait for a steward.");
    page.value("kartei_reviews_open", &[], store.review_depth().await?.0);
    page.family("kartei_source_newest_data_timestamp_seconds", "The newest time of which a source speaks.");
    for cursor in store.cursors().await? {
        if let Some(newest) = cursor.newest_data_at {
            let labels = [("source", cursor.source.as_str())];
            page.value("kartei_source_newest_data_timestamp_seconds", &labels, seconds(newest));
        }
    }
    page.family("kartei_alerts_standing", "Troubles that have not been resolved, by kind.");
    let mut standing: BTreeMap<&str, u64> = BTreeMap::new();
    for alert in &store.alerts(&AlertFilter { standing: true, limit: 0 }).await? {
        *standing.entry(alert.kind.as_str()).or_default() += 1;
    }
    for (kind, alerts) in standing {
        page.value("kartei_alerts_standing", &[("kind", kind)], alerts);
    }
    Ok(())
}

/// The runs of each job, newest first.
pub(crate) fn by_job(runs: &[PastRun]) -> BTreeMap<&str, Vec<&PastRun>> {
    let mut jobs: BTreeMap<&str, Vec<&PastRun>> = BTreeMap::new();
    for run in runs {
        jobs.entry(&run.job).or_default().push(run);
    }
    jobs
}

pub(crate) fn good<'a>(runs: &'a [&PastRun]) -> impl Iterator<Item = &'a PastRun> {
    runs.iter().copied().filter(|run| run.state == RunState::Succeeded && !run.dry_run)
}

fn last_success<'a>(runs: &[&'a PastRun]) -> Option<&'a PastRun> {
    runs.iter().copied().find(|run| run.state == RunState::Succeeded && !run.dry_run)
}

fn seconds(instant: DateTime<Utc>) -> f64 {
    instant.timestamp_millis() as f64 / 1_000.0
}

/// A page of figures.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn family(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.text.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let open = if index == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{open}{label}=\"{}\"", escaped(text));
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_break_out_of_its_quotes() {
        let mut page = Page::default();
        page.value("kartei_runs", &[("job", "a\"b\\c\nd"), ("state", "due")], 3);
        page.value("kartei_reviews_open", &[], 0.5);
        assert_eq!(page.text, "kartei_runs{job=\"a\\\"b\\\\c\\nd\",state=\"due\"} 3\nkartei_reviews_open 0.5\n");
    }
}
