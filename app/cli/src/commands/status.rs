//! `kartei status`: how all stands, on one screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use kartei_jobs::{Project, planner};
use kartei_monitor::overview::{Need, Oddity, Scheduler, UnderWay};
use kartei_monitor::{Overview, Watched, overview};
use kartei_store::{PastRun, RunState};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::console::{Console, grouped, optional, printable, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::moment::{Moments, duration};

/// So many runs of the last day are shown at most.
const SHOWN: usize = 12;

/// Shows how all stands: what runs, what ran last night, and what needs a human
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei status
  watch --color kartei status --color always
  kartei status --json
  kartei status --quiet --exit-code || echo 'look after kartei'")]
pub(crate) struct Status {
    /// Ends with 1 where something needs a human
    #[arg(long)]
    exit_code: bool,
}

/// The overview with what only the schedules know.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    overview: Overview,
    /// Job → its next due time.
    next_due: BTreeMap<String, Option<DateTime<Utc>>>,
}

pub(crate) async fn run(command: &Status, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let schemas = configuration.schemas()?;
    let (jobs, _) = configuration.jobs(&schemas.sources)?;
    let store = crate::store::open_existing(&configuration).await?;
    let watched = Watched::of(&configuration.settings, &jobs, &schemas);
    let mut overview = overview(&store, &watched, context.now).await?;
    if let Err(error) = store.check_data_folder(&configuration.settings.data.folder).await {
        let (text, command) = (error.to_string(), "kartei doctor".to_owned());
        overview.needs.insert(0, Need { kind: "data", count: 1, text, command });
    }
    let moments = Moments::of(&configuration);
    let (settings, base) = (configuration.settings, configuration.folder);
    let project = Project { base, settings, schemas, jobs };
    let mut next_due = BTreeMap::new();
    for (name, job) in &project.jobs.jobs {
        let due = planner::due(job, &project)
            .map_err(|error| Failure::new(format!("job `{name}`: {error}")).with_hint(error.hint()))?;
        next_due.insert(name.clone(), due.next_after(context.now));
    }
    store.close().await;
    let shown = Shown { overview, next_due };
    if context.console.json() {
        context.console.write_json(&shown)?;
    } else {
        Screen { console: context.console, moments, now: context.now }.show(&shown)?;
    }
    let is_needed = command.exit_code && !shown.overview.needs.is_empty();
    Ok(if is_needed { Exit::Failed } else { Exit::Done })
}

/// A terminal's screen.
struct Screen {
    console: Console,
    moments: Moments,
    now: DateTime<Utc>,
}

impl Screen {
    fn show(&self, shown: &Shown) -> Result<(), Failure> {
        let overview = &shown.overview;
        self.schedulers(&overview.schedulers)?;
        self.under_way(&overview.under_way)?;
        self.jobs(shown)?;
        self.last_day(&overview.last_day)?;
        self.odd(&overview.oddities)?;
        self.head("needs a human")?;
        if overview.needs.is_empty() {
            return self.console.line(format_args!("  {} nothing", "✓".green()));
        }
        for need in &overview.needs {
            self.console.line(format_args!(
                "  {} {}  ({})",
                "!".yellow(),
                printable(&need.text),
                need.command.cyan()
            ))?;
        }
        Ok(())
    }

    fn schedulers(&self, schedulers: &[Scheduler]) -> Result<(), Failure> {
        if schedulers.is_empty() {
            return self.console.line(format_args!("{} no scheduler is running (`kartei serve`)", "!".yellow()));
        }
        for scheduler in schedulers {
            let (mark, word) =
                if scheduler.turns { ("✓".green().to_string(), "runs") } else { ("✗".red().to_string(), "hangs") };
            let pulse = &scheduler.pulse;
            let since = self.moments.show(pulse.started_at);
            let heard = duration(self.now - pulse.written_at);
            let line = format!("the scheduler {word} since {since}, heard of {heard} ago, kartei {}", pulse.version);
            self.console.line(format_args!("{mark} {line}"))?;
        }
        Ok(())
    }

    fn under_way(&self, runs: &[UnderWay]) -> Result<(), Failure> {
        if runs.is_empty() {
            return Ok(());
        }
        self.head("under way")?;
        for one in runs {
            let mut line = format!("  run {} of {}", one.run.id, one.run.job);
            if let Some(step) = &one.step {
                let _ = write!(line, ": {step}");
            }
            if let Some(progress) = &one.progress {
                let of = progress.total.map(|total| format!(" of {}", grouped(total))).unwrap_or_default();
                let _ = write!(line, ", {}{of} {}", grouped(progress.done), progress.unit);
            }
            let _ = write!(line, ", for {}", seconds(one.elapsed_seconds));
            if let Some(usual) = one.usual_seconds {
                let _ = write!(line, " of about {}", seconds(usual));
            }
            self.console.line(line)?;
        }
        Ok(())
    }

    fn jobs(&self, shown: &Shown) -> Result<(), Failure> {
        self.head("jobs")?;
        let mut table = table(&["job", "next", "last run", "state", "took", "usually"]);
        for job in &shown.overview.jobs {
            let next = match (job.paused_at, shown.next_due.get(&job.job).copied().flatten()) {
                (Some(paused), _) => format!("paused since {}", self.moments.show(paused)),
                (None, Some(next)) => self.moments.show(next),
                (None, None) => "on demand".to_owned(),
            };
            let last = job.last.as_ref();
            table.add_row(vec![
                text(&job.job),
                text(next),
                text(last.map(|run| self.moments.show(run.started_at.unwrap_or(run.due_at))).unwrap_or_default()),
                optional(
                    last.map(
                        |run| if run.dry_run { format!("{} (dry run)", run.state) } else { run.state.to_string() },
                    ),
                ),
                text(last.and_then(PastRun::seconds).map(seconds).unwrap_or_default()),
                text(job.usual_seconds.map(seconds).unwrap_or_default()),
            ]);
        }
        self.console.table(&table)
    }

    fn last_day(&self, runs: &[PastRun]) -> Result<(), Failure> {
        self.head("last 24 hours")?;
        if runs.is_empty() {
            return self.console.line("  no run");
        }
        let mut counts: BTreeMap<RunState, usize> = BTreeMap::new();
        for run in runs {
            *counts.entry(run.state).or_default() += 1;
        }
        let told: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
        self.console.line(format_args!("  {}", told.join(", ")))?;
        for run in runs.iter().filter(|run| run.state != RunState::Succeeded).take(SHOWN) {
            let reason = run.guard.as_ref().or(run.error.as_ref()).map(|reason| format!(": {}", printable(reason)));
            let when = self.moments.show(run.started_at.unwrap_or(run.due_at));
            let state = run.state.to_string();
            let state = if run.state == RunState::Skipped { state } else { state.yellow().to_string() };
            self.console.line(format_args!(
                "  {when}  run {} of {} {state}{}",
                run.id,
                run.job,
                reason.unwrap_or_default()
            ))?;
        }
        Ok(())
    }

    fn odd(&self, oddities: &[Oddity]) -> Result<(), Failure> {
        if oddities.is_empty() {
            return Ok(());
        }
        self.head("not as usual")?;
        for odd in oddities {
            let line = match &odd.step {
                None => format!(
                    "run {} of {} took {}, usually {}",
                    odd.run_id,
                    odd.job,
                    seconds(odd.value),
                    seconds(odd.band.median)
                ),
                Some(step) => format!(
                    "run {} of {}: {} rows out of the step {step}, usually {} to {}",
                    odd.run_id,
                    odd.job,
                    rows(odd.value),
                    rows(odd.band.low),
                    rows(odd.band.high)
                ),
            };
            self.console.line(format_args!("  {} {line}", "!".yellow()))?;
        }
        Ok(())
    }

    fn head(&self, title: &str) -> Result<(), Failure> {
        self.console.line(format_args!("\n{}", title.bold()))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a duration of a run in milliseconds")]
fn seconds(seconds: f64) -> String {
    duration(TimeDelta::milliseconds((seconds * 1_000.0) as i64))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
fn rows(rows: f64) -> String {
    grouped(rows.max(0.0).round() as u64)
}
