//! How the records of one person hang together: each record by its strongest link to those before it.

use kartei_schemas::org::Language;
use serde::Serialize;

use crate::console::{table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::steward::{Night, name_of, no_such_record};

/// One link, for machines and people.
#[derive(Debug, Serialize)]
struct Link {
    record: String,
    to: String,
    probability: f64,
    weight: f64,
    /// The probability of the weakest pair that the record has with any other of the person.
    weakest: f64,
    sentence: String,
}

pub(super) fn run(night: &Night, rows: &[usize], language: Language, context: &Context) -> Outcome {
    let links = links(night, rows, language)?;
    if context.console.json() {
        context.console.write_json(&links)?;
        return Ok(Exit::Done);
    }
    if links.is_empty() {
        context.console.remark(format_args!("the person is one record: {}", name_of(&night.run.record(rows[0]))));
        return Ok(Exit::Done);
    }
    let mut shown = table(&["record", "is held by", "probability", "weakest pair", "why"]);
    for link in &links {
        let share = |probability: f64| text(format!("{:.1} %", probability * 100.0));
        shown.add_row(vec![
            text(&link.record),
            text(&link.to),
            share(link.probability),
            share(link.weakest),
            text(&link.sentence),
        ]);
    }
    context.console.table(&shown)?;
    Ok(Exit::Done)
}

/// A spanning tree of the strongest pairs (Prim), beginning at the first record.
fn links(night: &Night, rows: &[usize], language: Language) -> Result<Vec<Link>, Failure> {
    let weight = |left: usize, right: usize| night.explainer.probability(left, right).unwrap_or(0.0);
    let mut held: Vec<usize> = rows.iter().take(1).copied().collect();
    let mut waiting: Vec<usize> = rows.iter().skip(1).copied().collect();
    let mut links = Vec::new();
    while !waiting.is_empty() {
        let pairs = waiting.iter().flat_map(|row| held.iter().map(move |to| (*row, *to)));
        let best = pairs.max_by(|one, other| weight(one.0, one.1).total_cmp(&weight(other.0, other.1)));
        let Some((row, to)) = best else { break };
        let record = night.run.record(row);
        let explanation = night.explainer.pair(row, to).ok_or_else(|| no_such_record(&record))?;
        let others = rows.iter().filter(|other| **other != row);
        links.push(Link {
            record: name_of(&record),
            to: name_of(&night.run.record(to)),
            probability: explanation.probability,
            weight: explanation.weight,
            weakest: others.map(|other| weight(row, *other)).fold(1.0, f64::min),
            sentence: explanation.sentence(language),
        });
        waiting.retain(|other| *other != row);
        held.push(row);
    }
    Ok(links)
}
