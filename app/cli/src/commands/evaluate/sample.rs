//! `kartei evaluate --sample` and `--answers`: precision and recall of the last run, estimated from a human's answers.

use std::collections::BTreeMap;
use std::path::Path;

use kartei_matching::estimate::{Answers, Estimate, Share, estimate};
use kartei_matching::sample::{Drawn, LEAST_PROBABILITY, sample};
use kartei_schemas::judgement::Verdict;
use serde::Serialize;

use crate::console::{grouped, number, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};
use crate::steward::{Night, name_of, record_id, verdict};

const HEADER: [&str; 7] = ["left", "right", "stratum", "together", "stratum_pairs", "run", "verdict"];

/// What was drawn, for machines.
#[derive(Debug, Serialize)]
struct Sampled<'a> {
    run: i64,
    pairs: usize,
    strata: &'a [kartei_matching::sample::Stratum],
    improbable_pairs: u64,
    improbable_pairs_expected_same: f64,
}

/// Draws a sample of the last run's pairs into a CSV.
pub(super) async fn draw(size: usize, seed: u64, out: &Path, context: &Context) -> Outcome {
    let night = Night::open(context).await?;
    let most = night.installation.project.schemas.matching.candidates.max_block_records;
    let drawn = sample(&night.explainer, most, size, seed);
    write(&drawn, &night, out)?;
    if context.console.json() {
        context.console.write_json(&Sampled {
            run: night.run.run_id,
            pairs: drawn.pairs.len(),
            strata: &drawn.strata,
            improbable_pairs: drawn.improbable,
            improbable_pairs_expected_same: drawn.improbable_same,
        })?;
        return Ok(Exit::Done);
    }
    let mut shown = table(&["stratum", "pairs", "drawn"]);
    for (place, stratum) in drawn.strata.iter().enumerate() {
        let count = drawn.pairs.iter().filter(|pair| pair.stratum == place).count();
        shown.add_row(vec![text(&stratum.name), number(stratum.pairs), number(count as u64)]);
    }
    context.console.table(&shown)?;
    context.console.line(format_args!(
        "{} candidate pairs below {LEAST_PROBABILITY} are not sampled; the model holds {:.1} of them to be one person",
        grouped(drawn.improbable),
        drawn.improbable_same
    ))?;
    let file = out.display();
    context.console.remark(format_args!("{} pairs drawn into {file}", drawn.pairs.len()));
    context.console.hint(format_args!("`kartei review --only {file}` asks about them"));
    context.console.hint(format_args!("`kartei evaluate --answers {file}` then estimates precision and recall"));
    Ok(Exit::Done)
}

/// The file holds names of records and no other data of people.
fn write(drawn: &Drawn, night: &Night, out: &Path) -> Result<(), Failure> {
    let during = || format!("{} cannot be written", out.display());
    let mut writer = csv::Writer::from_path(out).during(during())?;
    writer.write_record(HEADER).during(during())?;
    for pair in &drawn.pairs {
        let stratum = &drawn.strata[pair.stratum];
        let cells = [
            name_of(&night.run.record(pair.left as usize)),
            name_of(&night.run.record(pair.right as usize)),
            stratum.name.clone(),
            stratum.together.to_string(),
            stratum.pairs.to_string(),
            night.run.run_id.to_string(),
            String::new(),
        ];
        writer.write_record(&cells).during(during())?;
    }
    writer.flush().during(during())
}

/// What came out, for machines.
#[derive(Debug, Serialize)]
struct Estimated<'a> {
    #[serde(flatten)]
    estimate: &'a Estimate,
    strata: &'a [Answers],
    unanswered: usize,
}

/// Estimates from the verdicts in the file, or from the judgements where the file has none.
pub(super) async fn answers(file: &Path, context: &Context) -> Outcome {
    let configuration = context.configuration()?;
    let store = crate::store::open_existing(&configuration).await?;
    let inference = kartei_matching::inference::Inference::of(&store.active_judgements().await?);
    let (strata, unanswered) = read(file, &inference)?;
    let estimate = estimate(&strata);
    if estimate.answers == 0 {
        return Err(Failure::new("no pair of the sample is judged yet")
            .with_hint(format!("`kartei review --only {}` asks about them", file.display())));
    }
    let console = context.console;
    if console.json() {
        console.write_json(&Estimated { estimate: &estimate, strata: &strata, unanswered })?;
        return Ok(Exit::Done);
    }
    let mut shown = table(&["", "estimate", "95 of 100 cases"]);
    for (name, share) in [("precision", estimate.precision), ("recall", estimate.recall), ("F1", estimate.f1)] {
        if let Some(Share { value, low, high }) = share {
            shown.add_row(vec![
                text(name),
                text(percent(value)),
                text(format!("{} – {}", percent(low), percent(high))),
            ]);
        }
    }
    console.table(&shown)?;
    let mut by_stratum = table(&["stratum", "pairs", "same", "different", "unsure"]);
    for answers in &strata {
        by_stratum.add_row(vec![
            text(&answers.stratum),
            number(answers.pairs),
            number(answers.same),
            number(answers.different),
            number(answers.unsure),
        ]);
    }
    console.table(&by_stratum)?;
    console.line(format_args!(
        "about {:.0} wrong pairs stand together and {:.0} right ones apart; pairs that no key formed are not seen",
        estimate.wrong_pairs, estimate.missed_pairs
    ))?;
    if unanswered > 0 {
        console.remark(format_args!("{unanswered} pairs of the sample are not judged yet"));
    }
    Ok(Exit::Done)
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

fn read(file: &Path, inference: &kartei_matching::inference::Inference) -> Result<(Vec<Answers>, usize), Failure> {
    let during = || format!("{} cannot be read", file.display());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(file).during(during())?;
    let header = reader.headers().during(during())?.clone();
    let column = |name: &str| {
        header.iter().position(|column| column.trim_start_matches('\u{feff}') == name).ok_or_else(|| {
            Failure::wrong_use(format!("{} has no column `{name}`", file.display()))
                .with_hint("`kartei evaluate --sample 200 --out sample.csv` writes such a file")
        })
    };
    let [left, right, stratum] = [column("left")?, column("right")?, column("stratum")?];
    let [together, pairs, said] = [column("together")?, column("stratum_pairs")?, column("verdict")?];
    let mut strata: BTreeMap<String, Answers> = BTreeMap::new();
    let mut unanswered = 0;
    for row in reader.records() {
        let row = row.during(during())?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |place: usize| row.get(place).unwrap_or_default();
        let wrong = |what: &str| Failure::new(format!("{}:{line}: {what}", file.display()));
        let name = cell(stratum).to_owned();
        let pairs = cell(pairs).parse().map_err(|_| wrong("`stratum_pairs` is no number"))?;
        let answers = strata.entry(name.clone()).or_insert(Answers {
            stratum: name,
            together: cell(together) == "true",
            pairs,
            same: 0,
            different: 0,
            unsure: 0,
        });
        let answer = match cell(said) {
            "" => {
                let id = |place: usize| record_id(cell(place)).map_err(|what| wrong(&what));
                inference.of_pair(&id(left)?, &id(right)?)
            }
            text => Some(verdict(text).ok_or_else(|| wrong("the verdict is none of same, different, unsure"))?),
        };
        match answer {
            Some(Verdict::Same) => answers.same += 1,
            Some(Verdict::Different) => answers.different += 1,
            Some(Verdict::Unsure) => answers.unsure += 1,
            None => unanswered += 1,
        }
    }
    Ok((strata.into_values().collect(), unanswered))
}
