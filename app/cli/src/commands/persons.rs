//! `kartei persons`: finds, shows and exports persons.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// Finds, shows and exports persons
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei persons find \"anna schmidt\"
  kartei persons show 7K3M9QXW2ABC
  kartei persons history 7K3M9QXW2ABC
  kartei persons export --org ov-nord --out persons.csv")]
pub(crate) struct Persons {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Finds persons by name, mail address, telephone number, membership number or id
    Find {
        /// What to look for
        text: String,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Shows a person with every value and where it came from
    Show {
        /// The person's id
        id: String,
    },
    /// Shows what changed about a person, and when
    History {
        /// The person's id
        id: String,
    },
    /// Writes all persons to a file
    Export {
        /// Only the persons of this unit and below it
        #[arg(long, value_name = "UNIT")]
        org: Option<String>,
        /// The format
        #[arg(long, value_name = "FORMAT", default_value = "csv")]
        format: ExportFormat,
        /// Where to; left out: standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// Comma-separated, UTF-8 with byte order mark; cells that a spreadsheet would run are made text
    Csv,
    /// One JSON object a line
    Ndjson,
}

pub(crate) async fn run(command: &Persons, context: &Context) -> Outcome {
    let _configuration = context.configuration()?;
    match &command.action {
        Action::Find { text: _, limit: _ } | Action::Show { id: _ } | Action::History { id: _ } => {}
        Action::Export { org: _, format: _, out: _ } => {}
    }
    Err(Failure::new("this build has no store yet"))
}
