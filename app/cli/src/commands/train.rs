//! `kartei train`: takes the weights that the last run fitted, and what the stewards' judgements teach, into
//! `schemas/match.toml`; shows what changes on judged pairs that it did not learn from, and writes nothing worse.

use std::path::Path;

use clap::Args;
use kartei_matching::learned::{FEWEST_JUDGEMENTS, Fitness, JudgedPair, Lesson, fitness};
use kartei_matching::linked::Fit;
use kartei_matching::sample::sample;
use kartei_schemas::judgement::Verdict;
use kartei_schemas::load::SCHEMAS_FOLDER;
use kartei_schemas::matching::{ComparisonWeights, Learned, MatchSchema};
use serde::Serialize;
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use crate::console::{Console, number, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};
use crate::steward::Night;

/// Pairs that nobody judged, which hold the weights where judgements say nothing.
const HELD_PAIRS: usize = 2_000;

/// Learns the weights from the last run and from the stewards' judgements
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = "The weights that the last run fitted to the data become those to begin with. Some dozens of \
judgements also teach corrections: a slope, an intercept, and what single levels speak for. They are tried on judged \
pairs that they were not learnt from; where that is no better, they are not written.

Examples:
  kartei train --dry-run
  kartei train
  kartei train --only-judgements")]
pub(crate) struct Train {
    /// Shows what would be learnt, and writes nothing
    #[arg(long)]
    dry_run: bool,
    /// Leaves the weights to begin with as they are
    #[arg(long)]
    only_judgements: bool,
    /// Writes also what does worse on judged pairs
    #[arg(long)]
    force: bool,
    /// Forgets what judgements taught
    #[arg(long, conflicts_with_all = ["only_judgements", "force"])]
    forget: bool,
}

/// What was learnt, for machines.
#[derive(Debug, Serialize)]
struct Report<'a> {
    run: i64,
    judgements: usize,
    same: usize,
    /// The weights of the last run, without anything learnt from judgements.
    as_they_are: Option<Fitness>,
    /// What is learnt already and in `match.toml`, on the same pairs.
    in_use: Option<Fitness>,
    /// Corrected weights on pairs that they were not learnt from.
    learnt: Option<Fitness>,
    better: bool,
    weights_written: bool,
    corrections_written: bool,
    learned: Option<&'a Learned>,
}

pub(crate) async fn run(command: &Train, context: &Context) -> Outcome {
    let night = Night::open(context).await?;
    let project = &night.installation.project;
    let file = project.base.join(SCHEMAS_FOLDER).join("match.toml");
    if command.forget {
        let mut document = read(&file)?;
        let had = document.remove("learned").is_some();
        write(&file, &document, command.dry_run)?;
        context.console.remark(if had { "what was learnt is forgotten" } else { "nothing was learnt" });
        return Ok(Exit::Done);
    }
    let pairs = judged(&night);
    let made = made(&night, &pairs, context);
    let most = project.schemas.matching.candidates.max_block_records;
    let lesson = (pairs.len() >= FEWEST_JUDGEMENTS)
        .then(|| sample(&night.explainer, most, HELD_PAIRS, 1))
        .and_then(|drawn| night.explainer.learn(&pairs, &drawn, &made));
    let in_use = project.schemas.matching.learned.is_some().then(|| in_use(&night));
    let is_better = lesson.as_ref().is_some_and(Lesson::is_better);
    let takes_lesson = lesson.is_some() && (is_better || command.force);
    let is_fitted = matches!(night.run.model.fit, Fit::Converged { .. });
    let takes_weights = is_fitted && !command.only_judgements;
    let mut document = read(&file)?;
    if takes_weights {
        put_weights(&mut document, &night.run.model.comparisons, &made);
    }
    if let Some(lesson) = lesson.as_ref().filter(|_| takes_lesson) {
        put_learned(&mut document, &lesson.learned);
    }
    let writes = !command.dry_run && (takes_weights || takes_lesson);
    if writes {
        write(&file, &document, false)?;
    }
    let report = Report {
        run: night.run.run_id,
        judgements: pairs.len(),
        same: pairs.iter().filter(|pair| pair.same).count(),
        as_they_are: (!pairs.is_empty()).then(|| fitness(pairs.iter().map(|pair| (pair.weight, pair.same)))),
        in_use,
        learnt: lesson.as_ref().map(|lesson| lesson.after),
        better: is_better,
        weights_written: writes && takes_weights,
        corrections_written: writes && takes_lesson,
        learned: lesson.as_ref().map(|lesson| &lesson.learned),
    };
    if context.console.json() {
        context.console.write_json(&report)?;
    } else {
        show(&report, is_fitted, command, context.console)?;
        if writes {
            context.console.remark(format_args!("{} written; the next run matches everything anew", file.display()));
        }
    }
    Ok(Exit::Done)
}

/// The judged pairs of the last run; unsure ones teach nothing.
fn judged(night: &Night) -> Vec<JudgedPair> {
    let told = night.judgements.iter().filter(|said| said.verdict != Verdict::Unsure);
    told.filter_map(|said| {
        let (left, right) = (night.run.row(&said.left)?, night.run.row(&said.right)?);
        night.explainer.judged(left, right, said.verdict == Verdict::Same)
    })
    .collect()
}

/// How well what is in use fits: it has seen most of these pairs, so that it looks better than it is.
fn in_use(night: &Night) -> Fitness {
    let told = night.judgements.iter().filter(|said| said.verdict != Verdict::Unsure);
    fitness(told.filter_map(|said| {
        let (left, right) = (night.run.row(&said.left)?, night.run.row(&said.right)?);
        Some((night.explainer.pair(left, right)?.weight, said.verdict == Verdict::Same))
    }))
}

fn made(night: &Night, pairs: &[JudgedPair], context: &Context) -> String {
    let same = pairs.iter().filter(|pair| pair.same).count();
    format!(
        "by `kartei train` on {} from run {} and {} judgements ({same} same, {} different)",
        context.now.format("%Y-%m-%d"),
        night.run.run_id,
        pairs.len(),
        pairs.len() - same
    )
}

fn show(report: &Report<'_>, is_fitted: bool, command: &Train, console: Console) -> Result<(), Failure> {
    let mut shown = table(&["on judged pairs", "bits lost a pair", "Brier", "wrong", "pairs"]);
    let lines = [
        ("the run's weights", report.as_they_are),
        ("with what was learnt before", report.in_use),
        ("with what is learnt now, cross-validated", report.learnt),
    ];
    for (name, fitness) in lines {
        if let Some(Fitness { log_loss, brier, wrong, pairs }) = fitness {
            let figures = [format!("{log_loss:.3}"), format!("{brier:.3}")].map(text);
            let [log_loss, brier] = figures;
            shown.add_row(vec![text(name), log_loss, brier, number(wrong), number(pairs)]);
        }
    }
    if report.judgements > 0 {
        console.table(&shown)?;
    }
    if report.learned.is_none() {
        console.line(format_args!(
            "too few judgements to learn from: {} ({} same); {FEWEST_JUDGEMENTS} are needed, a quarter of them of either \
             verdict",
            report.judgements, report.same
        ))?;
        console.hint("`kartei review --order value` asks what teaches most");
    } else if !report.better {
        let done = if command.force { "it is written all the same" } else { "it is not written" };
        console.line(format_args!("what the judgements teach does no better on pairs that it has not seen: {done}"))?;
    }
    if !is_fitted && !command.only_judgements {
        console.line("the last run had too little to fit weights to: those to begin with stay")?;
    }
    if let Some(learned) = report.learned {
        let mut corrections = table(&["comparison", "level", "bits"]);
        for correction in &learned.corrections {
            let bits = text(format!("{:+.2}", correction.bits));
            corrections.add_row(vec![text(&correction.comparison), text(&correction.level), bits]);
        }
        console.line(format_args!("slope {:.2}, intercept {:+.2} bits", learned.slope, learned.intercept))?;
        console.table(&corrections)?;
    }
    Ok(())
}

/// The file as it is, comments and all; an empty one where there is none.
fn read(file: &Path) -> Result<DocumentMut, Failure> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::because(format!("{} cannot be read", file.display()), &error)),
    };
    text.parse::<DocumentMut>().during(format_args!("{} is no TOML", file.display()))
}

/// Writes beside the name and renames, so that no half a file is ever read.
fn write(file: &Path, document: &DocumentMut, dry_run: bool) -> Result<(), Failure> {
    if dry_run {
        return Ok(());
    }
    let text = document.to_string();
    kartei_schemas::load::matching(file, &text)?;
    let partial = file.with_added_extension("part");
    let during = || format!("{} cannot be written", file.display());
    std::fs::write(&partial, text).during(during())?;
    // Whoever could read the file before can read it after.
    if let Ok(metadata) = file.metadata() {
        std::fs::set_permissions(&partial, metadata.permissions()).during(during())?;
    }
    std::fs::rename(&partial, file).during(during())
}

/// The comparisons that `match.toml` knows by name; extra columns are fitted in each run.
fn put_weights(document: &mut DocumentMut, fitted: &[ComparisonWeights], made: &str) {
    let shipped = MatchSchema::shipped();
    let mut list = ArrayOfTables::new();
    for comparison in fitted.iter().filter(|it| shipped.comparisons.iter().any(|known| known.name == it.name)) {
        let mut entry = Table::new();
        if list.is_empty() {
            entry.decor_mut().set_prefix(format!("\n# The weights to begin with, fitted {made}.\n"));
        }
        entry["name"] = value(&comparison.name);
        let mut levels = toml_edit::Array::new();
        for level in &comparison.levels {
            let mut row = InlineTable::new();
            row.insert("name", level.name.as_str().into());
            for (class, share) in [("same", level.same), ("household", level.household), ("stranger", level.stranger)] {
                row.insert(class, rounded(share).into());
            }
            let mut row = toml_edit::Value::InlineTable(row);
            row.decor_mut().set_prefix("\n    ");
            levels.push_formatted(row);
        }
        levels.set_trailing("\n");
        levels.set_trailing_comma(true);
        entry["levels"] = value(levels);
        list.push(entry);
    }
    // Comparisons that the run had nothing for keep what the file says of them.
    let others = document.get("comparison").and_then(Item::as_array_of_tables).cloned();
    for other in others.iter().flat_map(ArrayOfTables::iter) {
        let name = other.get("name").and_then(Item::as_str);
        if !fitted.iter().any(|comparison| Some(comparison.name.as_str()) == name) {
            list.push(other.clone());
        }
    }
    document["comparison"] = Item::ArrayOfTables(list);
}

/// Six digits are more than any count behind a share has.
fn rounded(share: f64) -> f64 {
    format!("{share:.6e}").parse().unwrap_or(share)
}

fn put_learned(document: &mut DocumentMut, learned: &Learned) {
    let mut entry = Table::new();
    entry.decor_mut().set_prefix("\n# What the stewards' judgements taught; `kartei train --forget` takes it away.\n");
    entry["made"] = value(&learned.made);
    entry["slope"] = value(learned.slope);
    entry["intercept"] = value(learned.intercept);
    let mut list = ArrayOfTables::new();
    for correction in &learned.corrections {
        let mut row = Table::new();
        row["comparison"] = value(&correction.comparison);
        row["level"] = value(&correction.level);
        row["bits"] = value(correction.bits);
        list.push(row);
    }
    if !list.is_empty() {
        entry["correction"] = Item::ArrayOfTables(list);
    }
    document["learned"] = Item::Table(entry);
}

#[cfg(test)]
mod tests {
    use kartei_schemas::load::matching;
    use kartei_schemas::matching::Correction;

    use super::*;

    #[test]
    fn what_is_learnt_is_read_back_as_it_was_and_the_rest_of_the_file_stays() {
        let own = "# our own\n[thresholds]\nmerge = 0.8\n\n[[comparison]]\nname = \"mobile\"\nlevels = []\n";
        let mut document: DocumentMut = own.parse().unwrap();
        let shipped = MatchSchema::shipped();
        let fitted: Vec<ComparisonWeights> =
            shipped.comparisons.iter().filter(|comparison| comparison.name != "mobile").cloned().collect();
        let learned = Learned {
            made: "by a test".to_owned(),
            slope: 0.9,
            intercept: -0.25,
            corrections: vec![Correction { comparison: "surname".to_owned(), level: "typo".to_owned(), bits: 0.5 }],
        };
        put_weights(&mut document, &fitted, "by a test");
        put_learned(&mut document, &learned);
        let text = document.to_string();
        assert!(text.starts_with("# our own\n[thresholds]\nmerge = 0.8\n"), "{text}");
        let (read, _) = matching(Path::new("match.toml"), &text).unwrap();
        assert_eq!((read.learned, read.thresholds.merge), (Some(learned), Some(0.8)));
        assert_eq!(read.comparisons.len(), shipped.comparisons.len());
        assert_eq!(read.comparisons[0], shipped.comparisons[0]);
    }
}
