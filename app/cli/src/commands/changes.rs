//! `kartei changes`: what changed, person by person and field by field.

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Cell;
use kartei_schemas::org_tree::OrgTree;
use kartei_schemas::problem::suggest;
use kartei_store::{Change, ChangeFilter, Store};

use super::run::instant;
use crate::console::{Console, optional, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::moment::Moments;

/// Lists what changed
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei changes
  kartei changes --since 2026-03-01 --org kv-luebeck --json")]
pub(crate) struct Changes {
    /// Only changes since then; left out: those of the last run that published
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<DateTime<Utc>>,
    /// Only changes in this unit and below it
    #[arg(long, value_name = "UNIT")]
    org: Option<String>,
    /// At most so many; 0: all
    #[arg(long, value_name = "N", default_value_t = 200)]
    limit: u32,
}

pub(crate) async fn run(command: &Changes, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let store = crate::store::open_existing(&configuration).await?;
    let org_unit = match &command.org {
        Some(text) => Some(unit(text, &store).await?),
        None => None,
    };
    let run_id = match command.since {
        Some(_) => None,
        None => store.published().await?.map(|published| published.run_id),
    };
    let filter = ChangeFilter { since: command.since, run_id, org_unit, kinds: Vec::new(), limit: command.limit };
    let changes = store.changes(&filter).await?;
    list(&changes, context.console, Moments::of(&configuration))?;
    if command.limit > 0 && changes.len() == command.limit as usize {
        context.console.hint("there may be more: `--limit 0` lists all");
    }
    Ok(Exit::Done)
}

/// Lists changes, newest first.
pub(super) fn list(changes: &[Change], console: Console, moments: Moments) -> Result<(), Failure> {
    if console.json() {
        return console.write_json(&changes);
    }
    if changes.is_empty() {
        console.remark("nothing changed");
        return Ok(());
    }
    let mut table = table(&["when", "person", "kind", "field", "before", "after", "unit"]);
    for change in changes {
        table.add_row(row(change, moments));
    }
    console.table(&table)
}

fn row(change: &Change, moments: Moments) -> Vec<Cell> {
    let unit = match (&change.org_unit_before, &change.org_unit_after) {
        (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
        (before, after) => after.as_ref().or(before.as_ref()).cloned().unwrap_or_default(),
    };
    vec![
        text(moments.show(change.at)),
        text(&change.person_id),
        text(&change.kind),
        optional(change.field.as_ref()),
        optional(change.old.as_ref()),
        optional(change.new.as_ref()),
        text(unit),
    ]
}

/// The id of the published unit that a text means.
pub(super) async fn unit(text: &str, store: &Store) -> Result<String, Failure> {
    let org = store.org().await?;
    let known = OrgTree::build(&org).ok().and_then(|tree| tree.resolve(text).map(|unit| unit.id.clone()));
    known.ok_or_else(|| {
        let hint = suggest(text, org.units.iter().map(|unit| unit.id.as_str()));
        Failure::wrong_use(format!("there is no unit `{text}`")).with_hint_if(hint)
    })
}
