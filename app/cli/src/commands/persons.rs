//! `kartei persons`: finds, shows, exports, merges, splits, restricts and erases persons.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use comfy_table::Cell;
use kartei_schemas::consent::SaidPrecision;
use kartei_schemas::org::Language;
use kartei_schemas::person::PersonSchema;
use kartei_store::{PersonRow, PersonState, PersonView};
use serde_json::Value;

use super::changes;
use crate::configuration::Configuration;
use crate::console::{Console, Listing, optional, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::moment::Moments;

mod dossier;
mod events;
mod export;
mod rights;

/// Finds, shows, exports, merges, splits, restricts and erases persons
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei persons find \"anna schmidt\"
  kartei persons show 7K3M9QXW2ABC
  kartei persons history 7K3M9QXW2ABC
  kartei persons export --org ov-nord --out persons.csv
  kartei persons merge 7K3M9QXW2ABC 9X2M4QYW7CDE --reason \"same phone call\"
  kartei persons split 7K3M9QXW2ABC leads:17 leads:18
  kartei persons undo 3
  kartei persons erase 7K3M9QXW2ABC --reason \"Art. 17, letter of 12 May\"
  kartei persons restrict 7K3M9QXW2ABC --reason \"Art. 18\"
  kartei persons export-one 7K3M9QXW2ABC --out person.html")]
pub(crate) struct Persons {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Finds persons by name, mail address, telephone number, membership number, PLZ or id
    Find {
        /// What to look for; every word must fit
        #[arg(required = true)]
        text: Vec<String>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Shows a person with every value and where it came from
    Show {
        /// The person's id
        id: String,
    },
    /// Shows what changed about a person, and when, with merges and splits by hand; of nobody in particular, all of these
    History {
        /// The person's id; left out: all merges and splits by hand
        id: Option<String>,
    },
    Merge(events::Merge),
    Split(events::Split),
    Undo(events::Undo),
    /// Writes all persons to a file
    Export {
        /// Only the persons of this unit and below it
        #[arg(long, value_name = "UNIT")]
        org: Option<String>,
        /// Only members
        #[arg(long)]
        members: bool,
        /// The format
        #[arg(long, value_name = "FORMAT", default_value = "csv")]
        format: ExportFormat,
        /// Where to; left out: standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    ExportOne(dossier::ExportOne),
    Erase(rights::Erase),
    /// Lets an erased person come back, because the person wishes so
    Readmit(rights::Stated),
    /// Keeps a person's data and uses them no more (Art. 18 GDPR): in no export, mail or notice
    Restrict(rights::Stated),
    /// Lifts a restriction
    Unrestrict(rights::Stated),
    /// Lists who has been gone for longer than `[retention] gone` says; the next run removes their values
    Retention,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// Comma-separated, UTF-8 with byte order mark; cells that a spreadsheet would run are made text
    Csv,
    /// One JSON object a line
    Ndjson,
}

pub(crate) async fn run(command: &Persons, context: &Context) -> Outcome {
    match &command.action {
        Action::ExportOne(command) => dossier::run(command, context).await?,
        Action::Erase(command) => Box::pin(rights::erase(command, context)).await?,
        Action::Readmit(command) => rights::readmit(command, context).await?,
        Action::Retention => rights::retention(context).await?,
        _ => return run_on_store(command, context).await,
    }
    Ok(Exit::Done)
}

async fn run_on_store(command: &Persons, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let store = crate::store::open_existing(&configuration).await?;
    let (console, moments) = (context.console, Moments::of(&configuration));
    match &command.action {
        Action::Find { text, limit } => list(&store.find_persons(&text.join(" "), *limit).await?, console)?,
        Action::Show { id } => {
            let view = store.person_view(&canonical(id)).await?.ok_or_else(|| no_such_person(id))?;
            show(&view, &configuration, moments, console)?;
        }
        Action::History { id: None } => events::list(None, &store, moments, console).await?,
        Action::History { id: Some(id) } => {
            let id = canonical(id);
            store.person(&id).await?.ok_or_else(|| no_such_person(&id))?;
            changes::list(&store.history(&id).await?, console, moments)?;
            if !console.json() {
                events::list(Some(&id), &store, moments, console).await?;
            }
        }
        Action::Merge(command) => events::merge(command, &store, context.now, console).await?,
        Action::Split(command) => events::split(command, &store, context.now, console).await?,
        Action::Undo(command) => events::undo(command, &store, context.now, console).await?,
        Action::Export { org, members, format, out } => {
            let org_unit = match org {
                Some(text) => Some(changes::unit(text, &store).await?),
                None => None,
            };
            let is_member = members.then_some(true);
            let filter = kartei_store::ExportFilter { all_states: false, org_unit, is_member, restricted: false };
            let writer = export::Writer::new(*format, configuration.schemas()?.person);
            export::write(store.export_persons(filter), writer, out.as_deref(), console).await?;
            let restricted = store.count_restricted().await?;
            if restricted > 0 {
                console.remark(format_args!("{restricted} restricted persons are left out (Art. 18 GDPR)"));
            }
        }
        Action::Restrict(command) => rights::restrict(command, &store, context.now, console).await?,
        Action::Unrestrict(command) => rights::unrestrict(command, &store, context.now, console).await?,
        Action::ExportOne(_) | Action::Erase(_) | Action::Readmit(_) | Action::Retention => {
            unreachable!("what needs more than the store was run above")
        }
    }
    Ok(Exit::Done)
}

/// An id as it was issued: Crockford's base32 is read in either case, O as 0, I and L as 1, and hyphens do not count.
pub(super) fn canonical(id: &str) -> String {
    let letters = id.trim().chars().filter(|one| *one != '-').map(|one| match one.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    letters.collect()
}

pub(super) fn no_such_person(id: &str) -> Failure {
    Failure::wrong_use(format!("there is no person {id}")).with_hint("`kartei persons find` looks for a name")
}

/// Writes a file for its owner alone.
fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // One that was there already may have been open to others.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(content)
}

fn list(persons: &[PersonRow], console: Console) -> Result<(), Failure> {
    console.list(&Listing {
        header: &["id", "name", "born", "e-mail", "PLZ", "place", "member", "unit"],
        items: persons,
        row,
        nothing: "nobody was found",
    })
}

fn row(person: &PersonRow) -> Vec<Cell> {
    let name: Vec<&str> =
        [&person.title, &person.given_name, &person.surname].into_iter().flatten().map(String::as_str).collect();
    let mark = if person.restricted { " (restricted)" } else { "" };
    vec![
        text(&person.id),
        text(format!("{}{mark}", name.join(" "))),
        optional(person.birth_date.as_ref()),
        optional(person.email.as_ref()),
        optional(person.postal_code.as_ref()),
        optional(person.city.as_ref()),
        text(if person.is_member == Some(true) { "✓" } else { "" }),
        optional(person.org_unit.as_ref()),
    ]
}

fn show(view: &PersonView, configuration: &Configuration, moments: Moments, console: Console) -> Result<(), Failure> {
    if console.json() {
        return console.write_json(view);
    }
    let schema = configuration.schemas()?.person;
    let cells = cells(&view.person, &schema)?;
    let mut fields = table(&["field", "value"]);
    for (name, value) in &cells {
        let shown = plain(value);
        if !shown.is_empty() {
            fields.add_row(vec![text(label(name, &schema, configuration)), text(shown)]);
        }
    }
    if view.person.restricted {
        fields.add_row(vec![text("restricted (Art. 18 GDPR)"), text("✓")]);
    }
    console.table(&fields)?;
    if view.person.state == PersonState::Erased {
        console.remark("the person was erased: nothing is left but the id");
    }
    consents(view, moments, console)?;
    let mut records = table(&["source", "key", "still there"]);
    for record in &view.records {
        records.add_row(vec![text(&record.source), text(&record.key), text(if record.present { "✓" } else { "" })]);
    }
    console.line("")?;
    console.table(&records)?;
    if view.values.is_empty() {
        return Ok(());
    }
    let mut values = table(&["field", "value", "source", "survives", "why"]);
    for value in &view.values {
        values.add_row(vec![
            text(label(&value.field, &schema, configuration)),
            optional(value.value.as_ref()),
            optional(value.source.as_ref()),
            text(if value.survives { "✓" } else { "" }),
            optional(value.reason.as_ref()),
        ]);
    }
    console.line("")?;
    console.table(&values)
}

/// What was said of consents: when, when it was heard, by which source and with which proof.
fn consents(view: &PersonView, moments: Moments, console: Console) -> Result<(), Failure> {
    if view.consent_events.is_empty() {
        return Ok(());
    }
    let mut events = table(&["consent", "state", "said", "heard", "source", "key", "proof", "by"]);
    for event in &view.consent_events {
        let said = event.said_at.map(|at| match event.said_precision {
            SaidPrecision::Day => moments.day(at),
            SaidPrecision::Instant => moments.show(at),
            SaidPrecision::Unknown => format!("{} (?)", moments.show(at)),
        });
        events.add_row(vec![
            text(&event.purpose),
            text(event.state.word()),
            optional(said),
            text(moments.show(event.heard_at)),
            text(&event.source),
            text(&event.key),
            optional(event.proof.as_ref()),
            optional(event.by_whom.as_ref()),
        ]);
    }
    console.line("")?;
    console.table(&events)
}

/// A field's name in the language of the settings.
fn label(name: &str, schema: &PersonSchema, configuration: &Configuration) -> String {
    let field = schema.field(name);
    let label = field.map(|field| match configuration.settings.locale.language {
        Language::De => &field.label_de,
        Language::En => &field.label_en,
    });
    label.cloned().unwrap_or_else(|| name.to_owned())
}

/// A person's columns: the id, the fields in the order of the schema, and what kartei adds.
fn cells(person: &PersonRow, schema: &PersonSchema) -> Result<Vec<(String, Value)>, Failure> {
    let Value::Object(mut cells) = serde_json::to_value(person)? else { return Ok(Vec::new()) };
    // Said apart: who is restricted is in no export.
    cells.remove("restricted");
    let fields = schema.columns().map(|field| field.name.as_str());
    let mut ordered: Vec<(String, Value)> =
        std::iter::once("id").chain(fields).filter_map(|name| cells.remove_entry(name)).collect();
    ordered.extend(cells);
    Ok(ordered)
}

/// A value as one text: lists of texts side by side, anything deeper as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => String::new(),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_people_write_it() {
        assert_eq!(canonical(" 7k3m-9qxw-2abo "), "7K3M9QXW2AB0");
        assert_eq!(canonical("il0o"), "1100");
    }

    #[test]
    fn lists_of_texts_stand_side_by_side() {
        assert_eq!(plain(&serde_json::json!(["Klima", "Verkehr"])), "Klima; Verkehr");
        assert_eq!(plain(&serde_json::json!([{"a": 1}])), "[{\"a\":1}]");
        assert_eq!(plain(&Value::Null), "");
    }
}
