//! The arguments that every command takes.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, ValueEnum};

use crate::commands::Command;
use crate::exit;

/// kartei keeps one card for each person of an organisation whose people are scattered over several databases.
#[derive(Debug, Parser)]
#[command(name = "kartei", version, after_help = exit::HELP, after_long_help = LONG_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that stand before or after any command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArguments {
    /// The folder of the configuration, or its `kartei.toml`
    #[arg(long, short, global = true, value_name = "DIR|FILE", env = "KARTEI_CONFIG", default_value = ".")]
    pub(crate) config: PathBuf,
    /// Replaces one setting, such as `--set locale.language=en`
    #[arg(long, global = true, value_name = "SECTION.KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Writes JSON instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Shows neither progress nor remarks
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Logs more: -v what happens, -vv details, -vvv everything
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Tells every stream.
    pub(crate) fn write_global(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

const LONG_HELP: &str = "\
Examples:
  kartei demo                        a made-up organisation, and two nights with it
  kartei init my-organisation        a starter configuration to fill in
  kartei check -c my-organisation    everything that can be wrong before a run
  kartei run nightly --dry-run       what the night would change
  kartei report                      what the last night did

Exit codes: 0 done, 1 failed, 2 wrong use, 3 stopped by a guard, 4 more rows quarantined than the limit allows.";
