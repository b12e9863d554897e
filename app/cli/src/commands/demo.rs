//! `kartei demo`: a made-up organisation, the nightly job on it, and what to try next.

use std::path::PathBuf;

use clap::Args;

use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// Makes up an organisation and runs the nightly job on it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei demo                                 10,000 people in ./kartei-demo, two nights
  kartei demo /tmp/party --people 100000      a larger one, elsewhere
  kartei demo --seed 7 --nights 5             other people, more nights")]
pub(crate) struct Demo {
    /// Where the organisation is written; must be empty or not exist
    #[arg(default_value = "kartei-demo")]
    pub(crate) dir: PathBuf,
    /// How many people
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) people: u64,
    /// The seed: the same seed makes the same people
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many nights
    #[arg(long, value_name = "K", default_value_t = 2)]
    pub(crate) nights: u32,
}

pub(crate) async fn run(command: &Demo, _context: &Context) -> Outcome {
    let Demo { dir: _, people: _, seed: _, nights: _ } = command;
    Err(Failure::new("this build has no demo yet"))
}
