//! `kartei explain`: why two records or persons are one, or not; and how the records of one person hang together.

mod person;

use std::path::PathBuf;

use clap::Args;
use kartei_matching::explain::Explanation;
use kartei_schemas::judgement::{RecordId, Verdict};
use kartei_schemas::org::Language;
use kartei_store::owner;
use serde::Serialize;

use super::persons::{canonical, no_such_person};
use crate::card::card;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};
use crate::steward::{Night, Spoken, name_of, no_such_record, record_id};

/// Explains why two records are one person, or not
#[derive(Debug, Args)]
#[command(
    after_help = "A record is named `source:key`, a person by its id. Of two persons the best pair of records is \
explained; of one person, how its records hang together.

Examples:
  kartei explain members:4711 newsletter:88
  kartei explain 7K3M9QXW2ABC 9X2M4QYW7CDE --language en
  kartei explain 7K3M9QXW2ABC
  kartei explain members:4711 newsletter:88 --svg why.svg"
)]
pub(crate) struct Explain {
    /// A record or a person
    #[arg(value_name = "RECORD|PERSON")]
    one: String,
    /// Another record or person
    #[arg(value_name = "RECORD|PERSON")]
    other: Option<String>,
    /// Where to draw the waterfall, as SVG; it holds no value of either record
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// The language; left out: `locale.language`
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<Spoken>,
}

/// A pair with its reasons, for machines.
#[derive(Debug, Serialize)]
struct PairExplained {
    left: String,
    right: String,
    sentence: String,
    /// What a steward said of the pair, or what follows from it.
    judgement: Option<Verdict>,
    #[serde(flatten)]
    explanation: Explanation,
}

pub(crate) async fn run(command: &Explain, context: &Context) -> Outcome {
    let night = Night::open(context).await?;
    let language = night.language(command.language);
    let one = rows_of(&command.one, &night).await?;
    let Some(other) = &command.other else {
        if command.svg.is_some() {
            return Err(Failure::wrong_use("a drawing needs two records").with_hint("name a second record or person"));
        }
        let rows = match one.as_slice() {
            [row] => night.run.cluster_of(*row),
            _ => one,
        };
        return person::run(&night, &rows, language, context);
    };
    let other = rows_of(other, &night).await?;
    let (left, right) = best_pair(&night, &one, &other)?;
    let explained = explained(&night, (left, right), language)?;
    if let Some(file) = &command.svg {
        let svg = explained.explanation.svg(language);
        owner::write(file, svg).during(format_args!("{} cannot be written", file.display()))?;
        context.console.remark(format_args!("drawn in {}", file.display()));
    }
    if context.console.json() {
        context.console.write_json(&explained)?;
        return Ok(Exit::Done);
    }
    context.console.line(card(&night, (left, right), language))?;
    context.console.line(format_args!("{}\n", explained.sentence))?;
    context.console.line(explained.explanation.text(language, true).trim_end())?;
    if let Some(verdict) = explained.judgement {
        context.console.line(judged(verdict, language))?;
    }
    Ok(Exit::Done)
}

fn explained(night: &Night, rows: (usize, usize), language: Language) -> Result<PairExplained, Failure> {
    let (left, right) = (night.run.record(rows.0), night.run.record(rows.1));
    let explanation = night.explainer.pair(rows.0, rows.1).ok_or_else(|| no_such_record(&left))?;
    Ok(PairExplained {
        sentence: explanation.sentence(language),
        judgement: night.inference().of_pair(&left, &right),
        left: name_of(&left),
        right: name_of(&right),
        explanation,
    })
}

/// What was said of a pair.
pub(super) fn judged(verdict: Verdict, language: Language) -> &'static str {
    match (verdict, language) {
        (Verdict::Same, Language::De) => "Entschieden, oder folgt aus Entscheidungen: eine Person.",
        (Verdict::Different, Language::De) => "Entschieden, oder folgt aus Entscheidungen: zwei Personen.",
        (Verdict::Unsure, Language::De) => "Schon angesehen: nicht zu klären.",
        (Verdict::Same, Language::En) => "Judged, or following from judgements: one person.",
        (Verdict::Different, Language::En) => "Judged, or following from judgements: two persons.",
        (Verdict::Unsure, Language::En) => "Looked at before: could not be told.",
    }
}

/// The rows that a text means: one record, or the records of a person.
async fn rows_of(text: &str, night: &Night) -> Result<Vec<usize>, Failure> {
    if text.contains(':') {
        let id = record_id(text).map_err(Failure::wrong_use)?;
        return Ok(vec![night.row(&id)?]);
    }
    let view = night.installation.store.person_view(&canonical(text)).await?.ok_or_else(|| no_such_person(text))?;
    let present = view.records.iter().filter(|record| record.present);
    let id = |record: &kartei_store::PersonRecord| RecordId { source: record.source.clone(), key: record.key.clone() };
    let rows: Vec<usize> = present.filter_map(|record| night.run.row(&id(record))).collect();
    if rows.is_empty() {
        let failure = Failure::wrong_use(format!("no source has a record of person {text} any more"));
        return Err(failure.with_hint_if(view.person.merged_into.map(|into| format!("it was merged into {into}"))));
    }
    Ok(rows)
}

/// The pair of records, one from each side, that is most probably one person.
fn best_pair(night: &Night, one: &[usize], other: &[usize]) -> Result<(usize, usize), Failure> {
    let mut best = None;
    for left in one {
        for right in other.iter().filter(|right| *right != left) {
            let Some(probability) = night.explainer.probability(*left, *right) else { continue };
            if best.is_none_or(|(most, _)| probability > most) {
                best = Some((probability, (*left, *right)));
            }
        }
    }
    best.map(|(_, pair)| pair).ok_or_else(|| {
        Failure::wrong_use("both names mean the same record").with_hint("`kartei explain ID` shows one person alone")
    })
}
