//! `kartei report`: what a run did.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kartei_report::{RunReport, render_html, render_json, render_text};
use kartei_schemas::org::Language;
use kartei_store::{RunFilter, Store, owner};

use super::runs::no_such_run;
use crate::console;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};

/// How many runs back the last report is looked for.
const RUNS_BACK: u32 = 1_000;

/// Shows the report of a run
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei report
  kartei report 12 --format html --out report.html
  kartei report --language en --json")]
pub(crate) struct Report {
    /// The run's number; left out: the last run that has a report
    run: Option<i64>,
    /// The form; left out: text, or what the ending of `--out` says
    #[arg(long, value_name = "FORMAT")]
    format: Option<ReportFormat>,
    /// Where to; left out: standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The language; left out: `locale.language`
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<ReportLanguage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For the terminal
    Text,
    /// For machines
    Json,
    /// One self-contained page with plots
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportLanguage {
    /// German
    De,
    /// English
    En,
}

pub(crate) async fn run(command: &Report, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let store = crate::store::open_existing(&configuration).await?;
    let report = find(command.run, &store).await?;
    let language = match command.language {
        Some(ReportLanguage::De) => Language::De,
        Some(ReportLanguage::En) => Language::En,
        None => configuration.settings.locale.language,
    };
    let format = if context.global.json { ReportFormat::Json } else { format(command) };
    let text = match format {
        ReportFormat::Json => render_json(&report)?,
        ReportFormat::Html => render_html(&report, language),
        ReportFormat::Text if command.out.is_none() => console::report(&report, language),
        ReportFormat::Text => render_text(&report, language, console::REPORT_WIDTH, false),
    };
    match &command.out {
        None => context.console.line(text.trim_end())?,
        Some(file) => {
            owner::write(file, text).during(format_args!("{} cannot be written", file.display()))?;
            context.console.remark(format_args!("written to {}", file.display()));
        }
    }
    Ok(Exit::Done)
}

/// What was asked for, or what the file's ending says.
fn format(command: &Report) -> ReportFormat {
    let ending = command.out.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
    command.format.unwrap_or(match ending {
        Some("html" | "htm") => ReportFormat::Html,
        Some("json") => ReportFormat::Json,
        _ => ReportFormat::Text,
    })
}

/// The report of this run, or of the last one that has one.
async fn find(run: Option<i64>, store: &Store) -> Result<RunReport, Failure> {
    let Some(id) = run else {
        for run in store.runs(&RunFilter { limit: RUNS_BACK, ..RunFilter::default() }).await? {
            if let Some(statistics) = store.statistics(run.id).await? {
                return read(run.id, statistics);
            }
        }
        return Err(Failure::new("no run has left a report yet").with_hint("`kartei run` makes one"));
    };
    store.run(id).await?.ok_or_else(|| no_such_run(id))?;
    let statistics = store.statistics(id).await?;
    let statistics = statistics.ok_or_else(|| {
        Failure::new(format!("run {id} has left no report"))
            .with_hint(format!("`kartei runs show {id}` says how far it came"))
    })?;
    read(id, statistics)
}

fn read(run: i64, statistics: serde_json::Value) -> Result<RunReport, Failure> {
    serde_json::from_value(statistics).during(format_args!("the report of run {run} cannot be read"))
}
