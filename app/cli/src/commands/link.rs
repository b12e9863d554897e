//! `kartei match`: the matching alone, on any files of people, without a store.

mod people;
mod reasons;
mod writing;

use std::path::PathBuf;

use clap::Args;
use kartei_jobs::assemble;
use kartei_matching::recognise::Because;
use kartei_matching::{LinkOptions, Linked, Progress as Moved, Stage};
use kartei_report::RunReport;
use kartei_schemas::load;
use kartei_schemas::matching::MatchSchema;
use kartei_schemas::problem::Problems;
use kartei_store::owner;
use polars_core::frame::DataFrame;
use serde::Serialize;

use crate::console::{grouped, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};
use crate::progress::Progress;
use crate::steward::Spoken;
use people::People;
use reasons::Reasons;

/// Finds out which rows of some files are one person, without a store
#[derive(Debug, Args)]
#[command(after_help = "Columns are recognised by their headers and contents; a schema file overrides.

Examples:
  kartei match members.csv newsletter.xlsx --out clusters.csv
  kartei match people.parquet --out clusters.csv --pairs pairs.parquet --report match.html
  kartei match people.csv --schema match.toml --out clusters.csv
  kartei match people.csv --out clusters.csv --explain 17 4711")]
pub(crate) struct Match {
    /// CSV, NDJSON, JSON, XLSX or Parquet
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// A match.toml that says which column is what
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// Where the clusters go: CSV with `source,record,person`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Where the scored pairs go
    #[arg(long, value_name = "FILE")]
    pub(crate) pairs: Option<PathBuf>,
    /// Where a report goes, as HTML: the model, the pairs, the clusters that it doubts
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Two records of whom to say why they are one person, or not: `source:record` as in the clusters
    #[arg(long, num_args = 2, value_names = ["RECORD", "RECORD"])]
    pub(crate) explain: Vec<String>,
    /// The language of report and explanation
    #[arg(long, value_enum, default_value = "en")]
    pub(crate) language: Spoken,
}

pub(crate) fn run(command: &Match, context: &Context) -> Outcome {
    let mut schema = schema(command)?;
    let mut people = People::read(&command.files, context)?;
    say_what_was_recognised(&people, context);
    for (column, role) in people.roles() {
        schema.columns.entry(column).or_insert(role);
    }
    // Only an explanation looks at the records again; at ten million they are worth some gigabytes.
    let records = if command.explain.is_empty() { std::mem::take(&mut people.records) } else { people.records.clone() };
    let linked = link(records, &schema, command.report.is_some(), context)?;
    writing::clusters(&command.out, &people, &linked.clusters)?;
    if let Some(file) = &command.pairs {
        writing::pairs(file, &people, &linked.pairs)?;
    }
    if let Some(file) = &command.report {
        let report = report(&people, &linked);
        let page = kartei_report::render_html(&report, command.language.into());
        owner::write(file, page).during(format_args!("cannot write {}", file.display()))?;
    }
    let language = command.language.into();
    let explained = match command.explain.as_slice() {
        [left, right] => Some(Reasons::of([left, right], (&people, &schema, &linked), language)?),
        _ => None,
    };
    let summary = Summary { explained, ..Summary::of(&people, &linked) };
    if context.console.json() {
        context.console.write_json(&summary)?;
    } else {
        context.console.line(format_args!(
            "{} records, {} persons, {} pairs compared, {} matched",
            grouped(summary.records),
            grouped(summary.persons),
            grouped(summary.pairs_compared),
            grouped(summary.pairs_matched)
        ))?;
        if let Some(reasons) = &summary.explained {
            context.console.line(format_args!("\n{}", reasons.text(language)))?;
        }
    }
    Ok(Exit::Done)
}

fn schema(command: &Match) -> Result<MatchSchema, Failure> {
    let Some(file) = &command.schema else { return Ok(MatchSchema::default()) };
    let words = std::fs::read_to_string(file).map_err(|error| Problems::from(load::unreadable(file, &error)))?;
    Ok(load::matching(file, &words)?.0)
}

fn link(records: DataFrame, schema: &MatchSchema, portrait: bool, context: &Context) -> Result<Linked, Failure> {
    let bar = Progress::begin(context.console, "pairs compared", 0);
    let report = |moved: Moved| {
        if moved.stage == Stage::Score {
            bar.set(moved.done, moved.total);
        }
    };
    let options = LinkOptions { progress: Some(&report), portrait, ..LinkOptions::default() };
    let linked = kartei_matching::link(records, schema, &[], options);
    bar.finish();
    linked.map_err(|error| Failure::from_error(&error))
}

fn report(people: &People, linked: &Linked) -> RunReport {
    let source_of = |row: u32| people.name(row as usize).0.to_owned();
    assemble::matching(linked, source_of)
}

/// What the files' columns were taken for.
fn say_what_was_recognised(people: &People, context: &Context) {
    if context.console.json() || context.console.quiet() {
        return;
    }
    let mut lines = table(&["file", "column", "taken for", "because of"]);
    for file in &people.files {
        for column in &file.recognition.columns {
            let because = match column.because {
                Because::Header => "its header",
                Because::Content => "its content",
                Because::Nothing => "nothing: an extra field",
            };
            let part = match column.part {
                kartei_matching::recognise::Part::Key => "the record's key".to_owned(),
                kartei_matching::recognise::Part::Truth => "the truth (not read)".to_owned(),
                kartei_matching::recognise::Part::Ignored => "nothing".to_owned(),
                _ => column.field.clone(),
            };
            lines.add_row(vec![text(&file.source), text(&column.header), text(part), text(because)]);
        }
    }
    context.console.remark(lines.trim_fmt());
}

/// What was found, for machines.
#[derive(Debug, Serialize)]
struct Summary {
    records: u64,
    quarantined: u64,
    persons: u64,
    pairs_compared: u64,
    pairs_matched: u64,
    merge_threshold: f64,
    cluster_sizes: Vec<(u32, u64)>,
    columns: Vec<FileColumns>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explained: Option<Reasons>,
}

#[derive(Debug, Serialize)]
struct FileColumns {
    source: String,
    columns: Vec<kartei_matching::recognise::RecognisedColumn>,
}

impl Summary {
    fn of(people: &People, linked: &Linked) -> Self {
        let statistics = &linked.statistics;
        let columns = |file: &people::PeopleFile| FileColumns {
            source: file.source.clone(),
            columns: file.recognition.columns.clone(),
        };
        Self {
            records: people.count() as u64,
            quarantined: people.files.iter().map(|file| file.rejected).sum(),
            persons: statistics.clusters,
            pairs_compared: statistics.scored_pairs,
            pairs_matched: statistics.matched_pairs,
            merge_threshold: linked.model.merge_threshold,
            cluster_sizes: statistics.cluster_sizes.clone(),
            columns: people.files.iter().map(columns).collect(),
            explained: None,
        }
    }
}
