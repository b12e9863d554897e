//! `kartei changes`: what changed, person by person and field by field.

use chrono::{DateTime, Utc};
use clap::Args;

use super::run::instant;
use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// Lists what changed
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei changes
  kartei changes --since 2026-03-01 --org kv-luebeck --json")]
pub(crate) struct Changes {
    /// Only changes since then; left out: those of the last run
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<DateTime<Utc>>,
    /// Only changes in this unit and below it
    #[arg(long, value_name = "UNIT")]
    org: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 200)]
    limit: u32,
}

pub(crate) async fn run(command: &Changes, context: &Context) -> Outcome {
    let Changes { since: _, org: _, limit: _ } = command;
    let _configuration = context.configuration()?;
    Err(Failure::new("this build has no store yet"))
}
