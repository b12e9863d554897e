//! `kartei demo`: a made-up organisation, and the nightly job on it.

use std::path::{Path, PathBuf};

use chrono::{Days, NaiveTime, TimeZone};
use clap::Args;
use kartei_demo::{DemoOptions, DemoSummary, advance, generate};
use kartei_jobs::{Ended, RunOptions};

use crate::arguments::GlobalArguments;
use crate::console::grouped;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::{Asked, Installation};
use crate::progress::Progress;

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
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) people: u64,
    /// The seed: the same seed makes the same people
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many nights
    #[arg(long, value_name = "K", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) nights: u32,
}

pub(crate) async fn run(command: &Demo, context: &Context) -> Outcome {
    refuse_to_overwrite(&command.dir)?;
    let options = DemoOptions {
        folder: command.dir.clone(),
        people: command.people,
        seed: command.seed,
        first_night: context.now.date_naive() - Days::new(u64::from(command.nights - 1)),
    };
    let mut last = None;
    for night in 1..=command.nights {
        let summary = make(&options, night, context).await?;
        context.console.remark(format_args!(
            "night {night}: {} people, {} records in four sources, {} new or changed",
            grouped(summary.people),
            grouped(summary.record_count()),
            grouped(summary.changed.iter().sum())
        ));
        let ended = Box::pin(nightly(&options, night, context)).await?;
        if ended.error.is_some() || night == command.nights {
            last = Some(ended);
            break;
        }
    }
    let Some(ended) = last else { return Ok(Exit::Done) };
    let installation = Installation::open(&within(context, &command.dir)).await?;
    installation.show(&ended, context)?;
    installation.store.close().await;
    say_what_next(&command.dir, context);
    Ok(Exit::Done)
}

async fn make(options: &DemoOptions, night: u32, context: &Context) -> Result<DemoSummary, Failure> {
    let progress = Progress::begin(context.console, "people made up", 0);
    let options = options.clone();
    let people = options.people;
    let work = move || if night == 1 { generate(&options) } else { advance(&options, night) };
    let made = tokio::task::spawn_blocking(work).await;
    progress.set(people, people);
    progress.finish();
    made.map_err(|_| Failure::new("the organisation could not be made up"))?
        .map_err(|error| Failure::from_error(&error).with_hint_if(error.hint()))
}

async fn nightly(options: &DemoOptions, night: u32, context: &Context) -> Result<Ended, Failure> {
    let installation = Installation::open(&within(context, &options.folder)).await?;
    let day = options.first_night + Days::new(u64::from(night - 1));
    let due_at = chrono::Utc.from_utc_datetime(&day.and_time(NaiveTime::MIN));
    let ended = installation
        .run(&Asked { job: "nightly", options: RunOptions::default(), due_at, reason: None }, context)
        .await?;
    installation.store.close().await;
    Ok(ended)
}

/// The same context over the configuration in the demo's folder.
fn within(context: &Context, folder: &Path) -> Context {
    let global = GlobalArguments { config: folder.to_owned(), ..context.global.clone() };
    Context { global, console: context.console, now: context.now }
}

fn refuse_to_overwrite(folder: &Path) -> Result<(), Failure> {
    let is_empty = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(error.into()),
    };
    if is_empty {
        return Ok(());
    }
    let failure = Failure::wrong_use(format!("`{}` is not empty", folder.display()));
    Err(failure.with_hint("name a folder that does not exist yet: the demo never overwrites"))
}

fn say_what_next(folder: &Path, context: &Context) {
    let flag = format!("-c {}", folder.display());
    context.console.remark(format_args!(
        "\nTry next:\n  kartei {flag} persons find Müller\n  kartei {flag} changes\n  kartei {flag} rejects\n  \
         kartei {flag} runs\n  ls {}/mail          the notices, as files",
        folder.display()
    ));
}
