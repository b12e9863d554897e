//! `kartei check`: everything that can be wrong before a run.

use clap::Args;
use kartei_connector::{Finding, FindingLevel};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::console::Console;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Outcome;

mod files;
mod sources;
mod surroundings;

/// Looks for everything that can be wrong before a run
#[derive(Debug, Args)]
#[command(after_help = "Ends with 0 where nothing is wrong or only warnings are left, with 1 where a run would fail.

Examples:
  kartei check
  kartei check -c /etc/kartei --json")]
pub(crate) struct Check {}

/// A finding, and the part of the configuration that it is about.
#[derive(Debug, Serialize)]
struct Line {
    part: String,
    #[serde(flatten)]
    finding: Finding,
}

pub(crate) async fn run(_command: &Check, context: &Context) -> Outcome {
    let mut lines = Lines::default();
    let read = files::check(context, &mut lines)?;
    if let Some(configuration) = &read.configuration {
        surroundings::check(configuration, context.now, &mut lines).await;
    }
    if let (Some(configuration), Some(schemas)) = (&read.configuration, &read.schemas) {
        sources::check(configuration, schemas, context.now, &mut lines).await;
    }
    lines.tell(context.console)
}

/// The lines found so far.
#[derive(Debug, Default)]
struct Lines {
    list: Vec<Line>,
}

impl Lines {
    fn add(&mut self, part: &str, finding: Finding) {
        self.list.push(Line { part: part.to_owned(), finding });
    }

    fn count(&self, level: FindingLevel) -> usize {
        self.list.iter().filter(|line| line.finding.level == level).count()
    }

    fn tell(self, console: Console) -> Outcome {
        if console.json() {
            console.write_json(&self.list)?;
        } else {
            for line in &self.list {
                tell(line, console)?;
            }
            let (warnings, errors) = (self.count(FindingLevel::Warning), self.count(FindingLevel::Error));
            console.remark(format_args!("{} ok, {warnings} warnings, {errors} errors", self.count(FindingLevel::Ok)));
        }
        Ok(if self.count(FindingLevel::Error) > 0 { Exit::Failed } else { Exit::Done })
    }
}

fn tell(line: &Line, console: Console) -> Result<(), crate::failure::Failure> {
    let Line { part, finding } = line;
    let level = match finding.level {
        FindingLevel::Ok => format!("{:7}", "ok").green().to_string(),
        FindingLevel::Warning => format!("{:7}", "warning").yellow().to_string(),
        FindingLevel::Error => format!("{:7}", "error").red().bold().to_string(),
    };
    let subject = if finding.subject.is_empty() { String::new() } else { format!("{}: ", finding.subject) };
    console.line(format_args!("{level}  {part:<14}  {subject}{}", finding.message))?;
    if let Some(hint) = &finding.hint {
        console.line(format_args!("{:7}  {:14}  {} {hint}", "", "", "hint:".cyan()))?;
    }
    Ok(())
}
