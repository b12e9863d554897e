//! `kartei judgements`: what stewards said of pairs: listed, exported, imported, undone.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comfy_table::Cell;
use kartei_schemas::judgement::{Judgement, RecordId, Verdict};
use kartei_store::{JudgementEntry, NewJudgement, Store, owner};
use serde::Serialize;

use crate::console::{Console, number, optional, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};
use crate::moment::Moments;
use crate::spreadsheet;
use crate::steward::{Signature, name_of, record_id, verdict, word};

/// Lists, exports, imports and undoes judgements on pairs
#[derive(Debug, Args)]
#[command(after_help = "A judgement is undone, never deleted: what was said of the pair before holds again.

Examples:
  kartei judgements list
  kartei judgements list --record members:4711 --all
  kartei judgements export --out judgements.csv
  kartei judgements import judgements.csv --by anna
  kartei judgements undo 17 --reason \"wrong twin\"
  kartei judgements undo --where-reason 'rule: probability>=0.9'")]
pub(crate) struct Judgements {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists judgements, newest first
    List {
        /// Only those on this record
        #[arg(long, value_name = "SOURCE:KEY", value_parser = record_id)]
        record: Option<RecordId>,
        /// Also those that were undone or overruled
        #[arg(long)]
        all: bool,
        /// At most so many; 0: all
        #[arg(long, value_name = "N", default_value_t = 200)]
        limit: usize,
    },
    /// Writes the judgements that hold as CSV: left, right, verdict, by, at, reason
    Export {
        /// Where to; left out: standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Also those that were undone or overruled
        #[arg(long)]
        all: bool,
    },
    /// Reads judgements from a CSV with the columns left, right, verdict, and perhaps by and reason
    Import {
        /// The file; rows that were undone or have no verdict are passed by, and so are judgements that hold already
        file: PathBuf,
        #[command(flatten)]
        signature: Signature,
    },
    /// Undoes judgements
    Undo {
        /// Their numbers
        #[arg(value_name = "NUMBER", required_unless_present = "where_reason")]
        numbers: Vec<i64>,
        /// Undoes all that hold and whose reason holds this text, such as a rule
        #[arg(long, value_name = "TEXT", conflicts_with = "numbers")]
        where_reason: Option<String>,
        #[command(flatten)]
        signature: Signature,
    },
}

/// A judgement as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    entry: JudgementEntry,
    /// Whether it is the one that counts.
    holds: bool,
}

pub(crate) async fn run(command: &Judgements, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let store = crate::store::open_existing(&configuration).await?;
    let console = context.console;
    match &command.action {
        Action::List { record, all, limit } => {
            let mut entries = read(&store, record.as_ref(), *all).await?;
            let total = entries.len();
            if *limit > 0 {
                entries.truncate(*limit);
            }
            list(&entries, Moments::of(&configuration), console)?;
            if entries.len() < total {
                console.hint("there are more: `--limit 0` lists all");
            }
        }
        Action::Export { out, all } => export(&read(&store, None, *all).await?, out.as_deref(), console)?,
        Action::Import { file, signature } => import(file, signature, &store, context).await?,
        Action::Undo { numbers, where_reason, signature } => {
            let numbers = match where_reason {
                Some(reason) => by_reason(&store, reason).await?,
                None => numbers.clone(),
            };
            for id in &numbers {
                store.undo_judgement(*id, &signature.by, signature.reason.as_deref(), context.now).await?;
            }
            console.remark(format_args!("judgements undone: {}; the next run goes by what is left", numbers.len()));
        }
    }
    Ok(Exit::Done)
}

/// The judgements, newest first; without `all`, those that hold.
async fn read(store: &Store, record: Option<&RecordId>, all: bool) -> Result<Vec<Listed>, Failure> {
    let mut newest: HashMap<(RecordId, RecordId), i64> = HashMap::new();
    let entries = store.judgements(record).await?;
    for entry in entries.iter().filter(|entry| entry.undone_at.is_none()) {
        let pair = (entry.judgement.left.clone(), entry.judgement.right.clone());
        let known = newest.entry(pair).or_insert(entry.id);
        *known = entry.id.max(*known);
    }
    let listed = entries.into_iter().map(|entry| {
        let pair = (entry.judgement.left.clone(), entry.judgement.right.clone());
        let holds = newest.get(&pair) == Some(&entry.id);
        Listed { entry, holds }
    });
    Ok(listed.filter(|listed| all || listed.holds).collect())
}

fn list(entries: &[Listed], moments: Moments, console: Console) -> Result<(), Failure> {
    if console.json() {
        return console.write_json(&entries);
    }
    if entries.is_empty() {
        console.remark("no judgement");
        return Ok(());
    }
    let mut shown = table(&["number", "record", "record", "verdict", "by", "when", "reason", "holds"]);
    for listed in entries {
        shown.add_row(row(listed, moments));
    }
    console.table(&shown)
}

fn row(listed: &Listed, moments: Moments) -> Vec<Cell> {
    let entry = &listed.entry;
    let state = match (&entry.undone_by, listed.holds) {
        (_, true) => "✓".to_owned(),
        (Some(by), _) => format!("undone by {by}"),
        (None, _) => "overruled".to_owned(),
    };
    vec![
        number(u64::try_from(entry.id).unwrap_or(0)),
        text(name_of(&entry.judgement.left)),
        text(name_of(&entry.judgement.right)),
        text(word(entry.judgement.verdict)),
        text(&entry.by),
        text(moments.show(entry.at)),
        optional(entry.reason.as_ref()),
        text(state),
    ]
}

const HEADER: [&str; 7] = ["left", "right", "verdict", "by", "at", "reason", "undone_at"];

fn export(entries: &[Listed], out: Option<&Path>, console: Console) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).during("the header cannot be written")?;
    for Listed { entry, .. } in entries.iter().rev() {
        let instant = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let cells = [
            name_of(&entry.judgement.left),
            name_of(&entry.judgement.right),
            word(entry.judgement.verdict).to_owned(),
            entry.by.clone(),
            instant(entry.at),
            entry.reason.clone().unwrap_or_default(),
            entry.undone_at.map(instant).unwrap_or_default(),
        ];
        let cells = cells.iter().map(|cell| spreadsheet::cell(cell).into_owned());
        writer.write_record(cells).during("a row cannot be written")?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::from_error(error.error()))?;
    match out {
        Some(path) => {
            let during = || format!("{} cannot be written", path.display());
            owner::create(path).and_then(|mut file| file.write_all(&bytes)).during(during())?;
            console.remark(format_args!("judgements written to {}: {}", path.display(), entries.len()));
        }
        None => std::io::stdout().write_all(&bytes)?,
    }
    Ok(())
}

/// What an import did, for machines.
#[derive(Debug, Serialize)]
struct Imported {
    written: usize,
    held_already: usize,
    without_verdict: usize,
    unknown_records: usize,
}

async fn import(file: &Path, signature: &Signature, store: &Store, context: &Context) -> Result<(), Failure> {
    let (rows, without_verdict) = parse(file, signature)?;
    let held: HashMap<(RecordId, RecordId), Verdict> =
        store.active_judgements().await?.into_iter().map(|said| ((said.left, said.right), said.verdict)).collect();
    let mut counts = Imported { written: 0, held_already: 0, without_verdict, unknown_records: 0 };
    let mut new = Vec::new();
    for one in rows {
        let Judgement { left, right, verdict } = &one.judgement;
        let pair = if left <= right { (left.clone(), right.clone()) } else { (right.clone(), left.clone()) };
        if held.get(&pair) == Some(verdict) {
            counts.held_already += 1;
            continue;
        }
        for id in [left, right] {
            if store.person_of_record(&id.source, &id.key).await?.is_none() {
                counts.unknown_records += 1;
            }
        }
        new.push(one);
    }
    counts.written = store.add_judgements(&new, context.now).await?.len();
    if context.console.json() {
        return context.console.write_json(&counts);
    }
    context.console.line(format_args!(
        "judgements written: {}, held already: {}, rows passed by: {}",
        counts.written, counts.held_already, counts.without_verdict
    ))?;
    if counts.unknown_records > 0 {
        context.console.remark(format_args!(
            "records not known yet: {}; what was said of them counts once they come",
            counts.unknown_records
        ));
    }
    Ok(())
}

/// The judgements of a file, all or none, and how many rows have no verdict.
fn parse(file: &Path, signature: &Signature) -> Result<(Vec<NewJudgement>, usize), Failure> {
    let during = || format!("{} cannot be read", file.display());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(file).during(during())?;
    let header = reader.headers().during(during())?.clone();
    let find = |name: &str| header.iter().position(|column| column.trim_start_matches('\u{feff}') == name);
    let need = |name: &str| {
        find(name).ok_or_else(|| {
            Failure::wrong_use(format!("{} has no column `{name}`", file.display()))
                .with_hint("the columns are left, right, verdict, and perhaps by and reason")
        })
    };
    let (left, right, said) = (need("left")?, need("right")?, need("verdict")?);
    let (by, reason, undone) = (find("by"), find("reason"), find("undone_at"));
    let (mut rows, mut empty) = (Vec::new(), 0);
    for row in reader.records() {
        let row = row.during(during())?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |place: usize| row.get(place).unwrap_or_default().trim_start_matches('\'').to_owned();
        let filled = |place: Option<usize>| place.map(cell).filter(|cell| !cell.is_empty());
        if cell(said).is_empty() || filled(undone).is_some() {
            empty += 1;
            continue;
        }
        let wrong = |what: String| {
            Failure::new(format!("{}:{line}: {what}", file.display())).with_hint("nothing was imported; mend the line")
        };
        let verdict =
            verdict(&cell(said)).ok_or_else(|| wrong("the verdict is none of same, different, unsure".to_owned()))?;
        let (left, right) = (record_id(&cell(left)).map_err(wrong)?, record_id(&cell(right)).map_err(wrong)?);
        if left == right {
            return Err(wrong("a record cannot be compared with itself".to_owned()));
        }
        rows.push(NewJudgement {
            judgement: Judgement { left, right, verdict },
            by: filled(by).unwrap_or_else(|| signature.by.clone()),
            reason: filled(reason).or_else(|| signature.reason.clone()),
        });
    }
    Ok((rows, empty))
}

async fn by_reason(store: &Store, reason: &str) -> Result<Vec<i64>, Failure> {
    let held = read(store, None, false).await?;
    let numbers: Vec<i64> = held
        .iter()
        .filter(|listed| listed.entry.reason.as_deref().is_some_and(|text| text.contains(reason)))
        .map(|listed| listed.entry.id)
        .collect();
    if numbers.is_empty() {
        let failure = Failure::wrong_use("no judgement that holds has this text in its reason");
        return Err(failure.with_hint("`kartei judgements list` shows the reasons"));
    }
    Ok(numbers)
}
