//! `kartei persons export-one`: everything about one person, as JSON or as a page to be read.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use kartei_jobs::dossier::{Dossier, dossier};
use kartei_schemas::org::Language;
use kartei_schemas::person::PersonSchema;
use serde_json::Value;

use super::{canonical, no_such_person, plain, write_private};
use crate::context::Context;
use crate::failure::{During, Failure};
use crate::installation::{Installation, Purpose, of_flow};

/// Writes everything that is kept of one person (Art. 15 GDPR)
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kartei persons export-one 7K3M9QXW2ABC --out person.html    to be read; it needs nothing from elsewhere
  kartei persons export-one 7K3M9QXW2ABC --out person.json    for machines; docs/privacy.en.md says what is in it")]
pub(super) struct ExportOne {
    /// The person's id
    id: String,
    /// Where to: a file that ends in .json or .html, for its owner alone
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) async fn run(command: &ExportOne, context: &Context) -> Result<(), Failure> {
    let configuration = context.configuration()?;
    crate::store::refuse_missing(&configuration)?;
    let installation = Installation::of(configuration, Purpose::Asking).await?;
    let project = &installation.project;
    let id = canonical(&command.id);
    let found = dossier(project, &installation.store, &id, context.now).await.map_err(|error| of_flow(&error))?;
    let found = found.ok_or_else(|| no_such_person(&id))?;
    let ending = command.out.extension().and_then(|ending| ending.to_str());
    let written = match ending {
        Some("json") => format!("{}\n", serde_json::to_string_pretty(&found)?),
        Some("html") => page(&found, &project.schemas.person, project.settings.locale.language)?,
        _ => return Err(Failure::wrong_use("the file must end in .json or .html")),
    };
    let out = &command.out;
    write_private(out, written.as_bytes()).during(format_args!("{} cannot be written", out.display()))?;
    context.console.remark(format_args!("everything about person {id} is in {}", out.display()));
    Ok(())
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}\
    h2{margin-top:2.5rem;border-bottom:1px solid #bbb}h3{margin-bottom:.3rem}\
    table{border-collapse:collapse;margin:.5rem 0}th,td{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;\
    border-bottom:1px solid #e3e3e3;overflow-wrap:anywhere}th{font-weight:600}.none{color:#666}";

/// The page: self-contained, without scripts.
fn page(found: &Dossier, schema: &PersonSchema, language: Language) -> Result<String, Failure> {
    let all = serde_json::to_value(found)?;
    let writer = Page { schema, language };
    let (code, title) = match language {
        Language::De => ("de", "Auskunft über eine Person"),
        Language::En => ("en", "Everything about one person"),
    };
    let mut html = format!(
        "<!doctype html>\n<html lang=\"{code}\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body>\n\
         <h1>{title}</h1>\n<p>{}</p>\n",
        escaped(&plain(&all["made_at"]))
    );
    for (part, de, en) in PARTS {
        let heading = if language == Language::De { de } else { en };
        let _ = writeln!(html, "<h2>{heading}</h2>");
        match &all[*part] {
            Value::Array(records) if *part == "records" => {
                for record in records {
                    html.push_str(&writer.record(record));
                }
            }
            Value::Array(rows) => html.push_str(&writer.rows(rows)),
            value => html.push_str(&writer.fields(value)),
        }
    }
    html.push_str("</body></html>\n");
    Ok(html)
}

/// The parts of the page: the field of the dossier, and its heading.
const PARTS: &[(&str, &str, &str)] = &[
    ("person", "Die Person", "The person"),
    ("former_ids", "Frühere Kennungen", "Former ids"),
    ("records", "Was die Quellen geliefert haben", "What the sources delivered"),
    ("values", "Werte und ihre Herkunft", "Values and where they come from"),
    ("overrides", "Von Hand gesetzte Werte", "Values set by hand"),
    ("consents", "Einwilligungen", "Consents"),
    ("changes", "Änderungen", "Changes"),
    ("judgements", "Entscheidungen über Datensätze", "Decisions on records"),
    ("merges_and_splits", "Zusammenlegungen und Trennungen", "Merges and splits"),
    ("restrictions", "Einschränkungen der Verarbeitung", "Restrictions of processing"),
    ("rights", "Löschung und Einschränkung", "Erasure and restriction"),
    ("mails", "Mails", "Mails"),
    ("rejects", "Zeilen in Quarantäne", "Rows in quarantine"),
    ("looks", "Wer hineingesehen hat", "Who looked"),
];

struct Page<'a> {
    schema: &'a PersonSchema,
    language: Language,
}

impl Page<'_> {
    fn none(&self) -> String {
        let word = if self.language == Language::De { "nichts" } else { "nothing" };
        format!("<p class=\"none\">{word}</p>\n")
    }

    fn record(&self, record: &Value) -> String {
        let mut html =
            format!("<h3>{}: {}</h3>\n", escaped(&plain(&record["source_label"])), escaped(&plain(&record["key"])));
        let mut facts = record.clone();
        let (mut received, mut normalised) = (Value::Null, Value::Null);
        if let Some(facts) = facts.as_object_mut() {
            received = facts.remove("received").unwrap_or_default();
            normalised = facts.remove("normalised").unwrap_or_default();
        }
        html.push_str(&self.fields(&facts));
        for row in received.as_array().into_iter().flatten() {
            let (at, origin) = (escaped(&plain(&row["at"])), escaped(&plain(&row["origin"])));
            let _ = write!(html, "<h4>{at}, {origin}</h4>\n{}", self.fields(&row["row"]));
        }
        let heading = if self.language == Language::De { "Wie gelesen" } else { "As read" };
        let _ = write!(html, "<h4>{heading}</h4>\n{}", self.fields(&normalised));
        html
    }

    /// Names and values below one another.
    fn fields(&self, value: &Value) -> String {
        let Some(fields) = value.as_object() else { return self.none() };
        let rows = fields.iter().filter(|(_, value)| !plain(value).is_empty());
        let row = |(name, value): (&String, &Value)| {
            format!("<tr><th>{}</th><td>{}</td></tr>\n", escaped(&self.label(name)), escaped(&plain(value)))
        };
        format!("<table>\n{}</table>\n", rows.map(row).collect::<String>())
    }

    /// One row for each thing, with the columns that any of them fills.
    fn rows(&self, rows: &[Value]) -> String {
        if rows.is_empty() {
            return self.none();
        }
        let mut columns: Vec<&String> = Vec::new();
        for (name, _) in
            rows.iter().filter_map(Value::as_object).flatten().filter(|(_, value)| !plain(value).is_empty())
        {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        if columns.is_empty() {
            let items = rows.iter().map(|row| format!("<li>{}</li>\n", escaped(&plain(row))));
            return format!("<ul>\n{}</ul>\n", items.collect::<String>());
        }
        let head: Vec<String> = columns.iter().map(|name| escaped(&self.label(name))).collect();
        let row = |row: &Value| {
            let cells = columns.iter().map(|name| format!("<td>{}</td>", escaped(&plain(&row[name.as_str()]))));
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        let head = head.join("</th><th>");
        format!("<table>\n<tr><th>{head}</th></tr>\n{}</table>\n", rows.iter().map(row).collect::<String>())
    }

    fn label(&self, name: &str) -> String {
        if let Some(field) = self.schema.field(name) {
            return match self.language {
                Language::De => field.label_de.clone(),
                Language::En => field.label_en.clone(),
            };
        }
        let word = WORDS.iter().find(|word| word.0 == name).filter(|_| self.language == Language::De);
        word.map_or_else(|| name.replace('_', " "), |word| word.1.to_owned())
    }
}

const WORDS: &[(&str, &str)] = &[
    ("id", "Kennung"),
    ("state", "Stand"),
    ("source", "Quelle"),
    ("source_label", "Name der Quelle"),
    ("key", "Schlüssel"),
    ("present", "noch da"),
    ("first_seen", "zuerst gesehen"),
    ("last_changed", "zuletzt geändert"),
    ("at", "wann"),
    ("by", "durch"),
    ("reason", "Grund"),
    ("kind", "Art"),
    ("field", "Feld"),
    ("value", "Wert"),
    ("old", "vorher"),
    ("new", "nachher"),
    ("survives", "gilt"),
    ("records", "Datensätze"),
    ("sources", "Quellen"),
    ("updated_at", "geändert"),
    ("restricted", "eingeschränkt"),
    ("household_id", "Haushalt"),
    ("person_id", "Person"),
    ("run_id", "Lauf"),
    ("purpose", "Zweck"),
    ("detail", "Einzelheit"),
    ("raw", "wie erhalten"),
    ("subject", "Betreff"),
    ("recipient", "Empfänger"),
    ("text", "Text"),
    ("sent_at", "versandt"),
];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_value_is_no_markup() {
        let page = Page { schema: &PersonSchema::default(), language: Language::De };
        let html = page.fields(&serde_json::json!({ "reason": "<script>alert(\"x\")</script>", "empty": null }));
        assert!(html.contains("&lt;script&gt;alert(&quot;x&quot;)") && html.contains("Grund"), "{html}");
        assert!(!html.contains("empty"));
    }
}
