//! `kartei report`: what a run did.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// Shows the report of a run
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei report
  kartei report 12 --format html --out report.html
  kartei report --json")]
pub(crate) struct Report {
    /// The run's number; left out: the last run that has a report
    run: Option<i64>,
    /// The form; left out: text, or what the ending of `--out` says
    #[arg(long, value_name = "FORMAT")]
    format: Option<ReportFormat>,
    /// Where to; left out: standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
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

pub(crate) async fn run(command: &Report, context: &Context) -> Outcome {
    let Report { run: _, format: _, out: _ } = command;
    let _configuration = context.configuration()?;
    Err(Failure::new("this build has no store yet"))
}
