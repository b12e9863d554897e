//! `kartei serve`: the scheduler.

use clap::Args;

use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// Runs the jobs when they are due, until it is stopped
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei serve -c /etc/kartei
  KARTEI__LOG__FORMAT=json kartei serve -c /etc/kartei")]
pub(crate) struct Serve {}

pub(crate) async fn run(_command: &Serve, context: &Context) -> Outcome {
    let _configuration = context.configuration()?;
    Err(Failure::new("this build cannot serve yet"))
}
