//! `kartei runs logs`: what a run said, and says.

use std::time::Duration;

use clap::Args;
use kartei_store::{LogLine, Store};
use serde_json::Value as Json;

use super::no_such_run;
use crate::console::printable;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::moment::Moments;

/// So many lines are read at once.
const PAGE: u32 = 1_000;
/// So often somebody who follows a run looks for more.
const LOOK: Duration = Duration::from_millis(300);
/// After its end a run is followed until so many looks in a row brought nothing.
const QUIET: u32 = 3;

/// A run whose log is shown.
#[derive(Debug, Args)]
pub(super) struct Logs {
    /// The run's number
    run: i64,
    /// Goes on until the run has ended
    #[arg(long, short)]
    follow: bool,
}

pub(super) async fn run(command: &Logs, store: &Store, context: &Context, moments: Moments) -> Outcome {
    let mut last = 0;
    let mut quiet = 0;
    loop {
        let before = last;
        // The state first: what was said before the end is read after it.
        let state = store.run(command.run).await?.ok_or_else(|| no_such_run(command.run))?.run.state;
        loop {
            let lines = store.run_log(command.run, last, PAGE).await?;
            for line in &lines {
                last = line.id;
                if context.console.json() {
                    context.console.line(serde_json::to_string(line)?)?;
                } else {
                    context.console.line(shown(line, moments))?;
                }
            }
            if lines.len() < PAGE as usize {
                break;
            }
        }
        // What a run says is written in batches, the last of which may come to rest a moment after its end.
        quiet = if state.is_final() && last == before { quiet + 1 } else { 0 };
        if !command.follow || quiet == QUIET {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    if last == 0 {
        context.console.remark("it has said nothing, or its lines were removed");
    }
    Ok(Exit::Done)
}

fn shown(line: &LogLine, moments: Moments) -> String {
    let fields = line.fields.as_object().into_iter().flatten();
    let fields = fields.fold(String::new(), |line, (key, value)| line + " " + key + "=" + &plain(value));
    let step = line.step.as_deref().unwrap_or("-");
    let time = line.at.with_timezone(&moments.zone).format("%H:%M:%S%.3f");
    printable(&format!("{time} {:5} {step:10} {}{fields}", line.level, line.message))
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
