//! `kartei doctor`: what a crash, a full disk or a long absence left behind, and how to mend it.

mod frames;
mod persons;
mod rights;

use chrono::TimeDelta;
use clap::Args;
use kartei_monitor::Unheard;
use kartei_store::frames::Frames;
use kartei_store::{Queue, RunFilter, RunState, Store, Stuck};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::configuration::Configuration;
use crate::console::printable;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::now;

/// A process that has not been heard of for so long and did not say goodbye was killed.
const SILENCE: TimeDelta = TimeDelta::minutes(5);
/// Its sign of life is of no interest to anyone after this.
const FORGOTTEN: TimeDelta = TimeDelta::days(1);

/// Finds stale leases, lost frames, persons that are not as published, stuck messages and files that are open to others
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei doctor          says what is wrong, and changes nothing
  kartei doctor --fix    mends what can be mended without asking

It exits with 1 while something is wrong that it has not mended.")]
pub(crate) struct Doctor {
    /// Mends what can be mended
    #[arg(long)]
    fix: bool,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ailment {
    /// Where: `runs`, `data`, `frames`, `persons`, `records`, `mails`, `calls`, `scheduler`, `rights`, `alerts`.
    pub(crate) area: &'static str,
    /// What is wrong.
    pub(crate) what: String,
    /// What helps.
    pub(crate) remedy: String,
    /// Whether it has been mended.
    pub(crate) mended: bool,
    /// Whether it is no more than untidy.
    pub(crate) harmless: bool,
    /// The persons whom it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) persons: Vec<String>,
}

impl Ailment {
    fn new(area: &'static str, what: String, remedy: &str) -> Self {
        Self { area, what, remedy: remedy.to_owned(), mended: false, harmless: false, persons: Vec::new() }
    }

    fn harmless(self) -> Self {
        Self { harmless: true, ..self }
    }

    fn of_persons(self, persons: Vec<String>) -> Self {
        Self { persons, ..self }
    }

    fn mended(self, mended: bool) -> Self {
        Self { mended, ..self }
    }
}

pub(crate) async fn run(command: &Doctor, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let store = crate::store::open_existing(&configuration).await?;
    let found = examine(&configuration, &store, command.fix).await;
    store.close().await;
    let found = found?;
    if context.console.json() {
        context.console.write_json(&found)?;
    } else {
        if found.iter().all(|ailment| ailment.harmless && !ailment.mended) {
            context.console.line(format_args!("{} nothing is wrong", "✓".green()))?;
        }
        for ailment in &found {
            let mark = match (ailment.mended, ailment.harmless) {
                (true, _) => "✓".green().to_string(),
                (false, true) => "·".dimmed().to_string(),
                (false, false) => "✗".red().to_string(),
            };
            let state = if ailment.mended { " (mended)" } else { "" };
            context.console.line(format_args!("{mark} {}: {}{state}", ailment.area, printable(&ailment.what)))?;
            if !ailment.mended {
                context.console.line(format_args!("  {} {}", "hint:".cyan(), ailment.remedy))?;
            }
        }
    }
    let is_ill = found.iter().any(|ailment| !ailment.mended && !ailment.harmless);
    Ok(if is_ill { Exit::Failed } else { Exit::Done })
}

async fn examine(configuration: &Configuration, store: &Store, fix: bool) -> Result<Vec<Ailment>, Failure> {
    let mut found = leases(store, fix).await?;
    found.extend(processes(store, fix).await?);
    for (queue, area) in [(Queue::Mails, "mails"), (Queue::Calls, "calls")] {
        let stuck = store.stuck(queue, now()).await?;
        let mended = fix && (stuck.given_up > 0 || stuck.lapsed > 0) && store.requeue(queue, now()).await? > 0;
        found.extend(of_queue(area, &stuck, mended));
    }
    found.extend(rights::examine(configuration, fix)?);
    found.extend(waiting(store).await?);
    if let Some(unheard) = Unheard::by(&configuration.settings) {
        found.push(Ailment::new("alerts", unheard.reason.to_owned(), unheard.hint).harmless());
    }
    let data = &configuration.settings.data.folder;
    match store.check_data_folder(data).await {
        Ok(()) => {
            let frames = Frames::new(data);
            found.extend(frames::examine(&frames, store, fix).await?);
            found.extend(persons::examine(&frames, store).await?);
        }
        // Whatever lies in another store's folder says nothing of this one.
        Err(error) => found.push(Ailment::new("data", error.to_string(), &error.hint().unwrap_or_default())),
    }
    Ok(found)
}

/// Runs that wait although nobody is there to work on them.
async fn waiting(store: &Store) -> Result<Option<Ailment>, Failure> {
    let is_there = |pulse: &kartei_store::Pulse| pulse.ended_at.is_none() && now() - pulse.written_at <= SILENCE;
    if store.pulses(100).await?.iter().any(is_there) {
        return Ok(None);
    }
    let due = store.runs(&RunFilter { states: vec![RunState::Due], ..RunFilter::default() }).await?;
    let count = due.iter().filter(|run| run.start_at + SILENCE < now()).count();
    let what = format!("{count} runs wait, and no `kartei serve` is there to work on them");
    Ok((count > 0).then(|| Ailment::new("runs", what, "start `kartei serve`, or cancel them").harmless()))
}

/// Runs whose worker vanished. While a scheduler runs it marks them within seconds.
async fn leases(store: &Store, fix: bool) -> Result<Vec<Ailment>, Failure> {
    let lapsed = store.lapsed_runs(now()).await?;
    if fix && !lapsed.is_empty() {
        store.reap_lost_runs("doctor", now()).await?;
    }
    let ailment = |run: &i64| {
        let what = format!("run {run} has no worker any more: its lease has ended without a word");
        Ailment::new("runs", what, "`kartei doctor --fix` marks it as lost, and so does `kartei serve`").mended(fix)
    };
    Ok(lapsed.iter().map(ailment).collect())
}

/// Processes that were killed, or that hang.
async fn processes(store: &Store, fix: bool) -> Result<Vec<Ailment>, Failure> {
    let (now, mut found) = (now(), Vec::new());
    for pulse in store.pulses(100).await?.into_iter().filter(|pulse| pulse.ended_at.is_none()) {
        let silent = now - pulse.written_at;
        if silent > SILENCE {
            let what = format!("process {} ended without a word {} minutes ago", pulse.worker, silent.num_minutes());
            let remedy = "look at its log; `kartei doctor --fix` takes note of it";
            let ended = kartei_store::Pulse { ended_at: Some(pulse.written_at), ..pulse };
            if fix {
                store.write_pulse(&ended).await?;
            }
            found.push(Ailment::new("scheduler", what, remedy).harmless().mended(fix));
        } else if pulse.written_at - pulse.beaten_at > SILENCE {
            let what = format!("process {} writes signs of life, and its scheduler does not turn", pulse.worker);
            found.push(Ailment::new("scheduler", what, "restart it: `systemctl restart kartei`"));
        }
    }
    if fix {
        store.forget_pulses(now - FORGOTTEN).await?;
    }
    Ok(found)
}

fn of_queue(area: &'static str, stuck: &Stuck, mended: bool) -> Vec<Ailment> {
    let reason = stuck.reason.as_ref().map(|reason| format!("; the last one: {reason}")).unwrap_or_default();
    let mut found = Vec::new();
    if stuck.given_up > 0 {
        let what = format!("{} were given up after many attempts{reason}", stuck.given_up);
        let remedy = "mend the cause, then `kartei doctor --fix` lets them go out again";
        found.push(Ailment::new(area, what, remedy).mended(mended));
    }
    if stuck.refused > 0 {
        let what = format!("{} were refused for good{reason}", stuck.refused);
        found.push(
            Ailment::new(area, what, "see the address in org.toml or kartei.toml; they are not sent again").harmless(),
        );
    }
    if stuck.lapsed > 0 {
        let what = format!("{} are held by a process that is gone", stuck.lapsed);
        found.push(Ailment::new(area, what, "they are due again by themselves").harmless().mended(mended));
    }
    found
}
