//! `kartei match`: the matching engine alone, on any file of people, without a store.

use std::path::PathBuf;

use clap::Args;

use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// Finds out which rows of some files are one person, without a store
#[derive(Debug, Args)]
#[command(after_help = "Columns are recognised by their headers and contents; a schema file overrides.

Examples:
  kartei match members.csv newsletter.xlsx --out clusters.csv
  kartei match people.parquet --out clusters.csv --pairs pairs.parquet --report match.html
  kartei match people.csv --schema match.toml --out clusters.csv")]
pub(crate) struct Match {
    /// CSV, NDJSON, JSON, XLSX or Parquet
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// A match.toml that says which column is what
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// Where the clusters go: CSV with `source,record,person`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Where the scored pairs go
    #[arg(long, value_name = "FILE")]
    pub(crate) pairs: Option<PathBuf>,
    /// Where a report goes, as HTML
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

pub(crate) fn run(command: &Match, _context: &Context) -> Outcome {
    let Match { files: _, schema: _, out: _, pairs: _, report: _ } = command;
    Err(Failure::new("this build cannot match files yet"))
}
