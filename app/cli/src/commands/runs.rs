//! `kartei runs`: what happened, step by step.

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// Lists the runs, or shows one of them step by step
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei runs
  kartei runs show 12")]
pub(crate) struct Runs {
    #[command(subcommand)]
    action: Option<Action>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Shows one run step by step
    Show {
        /// The run's number
        run: i64,
    },
}

pub(crate) async fn run(command: &Runs, context: &Context) -> Outcome {
    let _ = command.limit;
    if let Some(Action::Show { run: _ }) = &command.action {}
    let _configuration = context.configuration()?;
    Err(Failure::new("this build has no store yet"))
}
