//! `kartei rejects`: the rows in quarantine.

use clap::Args;

use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// Lists the rows in quarantine: source, file, line, column and reason
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei rejects
  kartei rejects --source members --json")]
pub(crate) struct Rejects {
    /// Only rows of this source
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 200)]
    limit: u32,
}

pub(crate) async fn run(command: &Rejects, context: &Context) -> Outcome {
    let Rejects { source: _, limit: _ } = command;
    let _configuration = context.configuration()?;
    Err(Failure::new("this build has no store yet"))
}
