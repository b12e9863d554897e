//! `kartei sources`: which sources there are, and taking one out.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use comfy_table::Cell;
use kartei_store::Store;
use serde::Serialize;

use crate::console::{Listing, number, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::installation::asker;

/// Lists the sources, and takes one out
#[derive(Debug, Args)]
#[command(after_help = "A source that was taken out of `schemas/sources`, or renamed, keeps its records until it is \
retired. The next run then finds that it lists nothing, and its guards look as they always do.

Examples:
  kartei sources
  kartei sources retire web-form                 how many records and persons that would take out
  kartei sources retire web-form --yes --reason \"replaced by the new form\"")]
pub(crate) struct Sources {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Takes out the records of a source that is no longer configured
    Retire {
        /// The source
        name: String,
        /// Does it; without this, only tells what it would do
        #[arg(long)]
        yes: bool,
        /// Why, in your words
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
}

/// A source as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    source: String,
    records: u64,
    configured: bool,
}

pub(crate) async fn run(command: &Sources, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let schemas = configuration.schemas()?;
    let store = crate::store::open_existing(&configuration).await?;
    let names: Vec<&str> = schemas.sources.iter().map(|source| source.name.as_str()).collect();
    let outcome = match &command.action {
        None => list(&store, &names, context).await,
        Some(Action::Retire { name, yes, reason }) => retire(&store, &names, (name, *yes, reason), context).await,
    };
    store.close().await;
    outcome
}

async fn list(store: &Store, names: &[&str], context: &Context) -> Outcome {
    let mut records: BTreeMap<String, u64> = store.records_by_source().await?;
    for name in names {
        records.entry((*name).to_owned()).or_default();
    }
    let listed = |(source, records): (String, u64)| {
        let configured = names.contains(&source.as_str());
        Listed { source, records, configured }
    };
    let items: Vec<Listed> = records.into_iter().map(listed).collect();
    let row = |one: &Listed| -> Vec<Cell> {
        let state = if one.configured { "" } else { "not configured: `kartei sources retire` takes its records out" };
        vec![text(&one.source), number(one.records), text(state)]
    };
    context.console.list(&Listing { header: &["source", "records", ""], items: &items, row, nothing: "no source" })?;
    Ok(Exit::Done)
}

async fn retire(store: &Store, names: &[&str], (name, yes, reason): (&str, bool, &str), context: &Context) -> Outcome {
    if names.contains(&name) {
        let failure = Failure::wrong_use(format!("the source `{name}` is configured"));
        return Err(
            failure.with_hint("take its file out of `schemas/sources` first: else the next pull brings it back")
        );
    }
    let records = store.records_by_source().await?;
    let Some(count) = records.get(name).copied() else {
        let known = records.keys().map(String::as_str);
        let hint = kartei_schemas::problem::suggest(name, known);
        return Err(Failure::wrong_use(format!("there is no record of a source `{name}`")).with_hint_if(hint));
    };
    let alone = store.persons_of_source_alone(name).await?;
    let console = context.console;
    if !yes {
        console.line(format_args!(
            "{count} records of `{name}`; {alone} persons are known from it alone and would be gone"
        ))?;
        console.hint("`--yes` retires it; the next run takes the records out");
        return Ok(Exit::Done);
    }
    let delivery = store.retire_source(name, (&asker(), reason), context.now).await?;
    if console.json() {
        console.write_json(&delivery)?;
    } else {
        console.line(format_args!("the source `{name}` is retired: the next run takes {count} records out"))?;
        console.hint(format_args!("until then, `kartei deliveries discard {}` takes that back", delivery.id));
    }
    Ok(Exit::Done)
}
