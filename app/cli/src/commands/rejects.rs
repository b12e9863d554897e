//! `kartei rejects`: the rows in quarantine.

use clap::Args;
use comfy_table::Cell;
use kartei_store::{RejectEntry, RejectFilter, RejectState};
use serde::Serialize;

use crate::console::{Listing, number, optional, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Outcome;

/// Lists the rows in quarantine: source, file, line, column and reason
#[derive(Debug, Args)]
#[command(
    after_help = "The rows themselves are not shown: look at the named line of the named file. Each is tried again \
with the next run.

Examples:
  kartei rejects
  kartei rejects --source members --json"
)]
pub(crate) struct Rejects {
    /// Only rows of this source
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// At most so many; 0: all
    #[arg(long, value_name = "N", default_value_t = 200)]
    limit: u32,
}

/// A row as it is listed: without what stands in it.
#[derive(Debug, Serialize)]
struct Listed {
    source: String,
    file: String,
    line: Option<u64>,
    column: Option<String>,
    reason: String,
    detail: String,
    times: u64,
    run: i64,
    first_seen_at: chrono::DateTime<chrono::Utc>,
    last_seen_at: chrono::DateTime<chrono::Utc>,
}

impl From<RejectEntry> for Listed {
    fn from(entry: RejectEntry) -> Self {
        Self {
            source: entry.source,
            file: entry.origin,
            line: entry.line,
            column: entry.column,
            reason: entry.reason,
            detail: entry.detail,
            times: entry.times,
            run: entry.run_id,
            first_seen_at: entry.first_seen_at,
            last_seen_at: entry.last_seen_at,
        }
    }
}

pub(crate) async fn run(command: &Rejects, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let store = crate::store::open_existing(&configuration).await?;
    let filter = RejectFilter {
        source: command.source.clone(),
        run_id: None,
        state: Some(RejectState::Open),
        limit: command.limit,
    };
    let listed: Vec<Listed> = store.rejects(&filter).await?.into_iter().map(Listed::from).collect();
    context.console.list(&Listing {
        header: &["source", "file", "line", "column", "reason", "detail", "times"],
        items: &listed,
        row,
        nothing: "nothing is in quarantine",
    })?;
    if command.limit > 0 && listed.len() == command.limit as usize {
        context.console.hint("there may be more: `--limit 0` lists all");
    }
    Ok(Exit::Done)
}

fn row(reject: &Listed) -> Vec<Cell> {
    vec![
        text(&reject.source),
        text(&reject.file),
        optional(reject.line),
        optional(reject.column.as_ref()),
        text(&reject.reason),
        text(&reject.detail),
        number(reject.times),
    ]
}
