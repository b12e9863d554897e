//! The pairs to ask about, and the order in which they are asked.

use std::collections::HashMap;
use std::path::Path;

use kartei_schemas::judgement::{RecordId, Verdict};
use serde::Serialize;

use super::Order;
use crate::failure::{During, Failure};
use crate::steward::{Night, record_id};

/// A pair to ask about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Asked {
    pub(super) left: RecordId,
    pub(super) right: RecordId,
    #[serde(skip)]
    pub(super) rows: (usize, usize),
    pub(super) probability: f64,
    /// Records that the answer would move.
    pub(super) impact: u64,
    pub(super) reason: String,
    /// What an answer is worth.
    pub(super) value: f64,
}

/// The queue as the last run left it, the most valuable first. Pairs whose answer is known are left out, and so are
/// those of records that are gone.
pub(super) async fn of_store(night: &Night) -> Result<Vec<Asked>, Failure> {
    let inference = night.inference();
    let mut queue = Vec::new();
    for item in night.installation.store.review_queue(u32::MAX >> 1).await? {
        let rows = night.run.row(&item.left).zip(night.run.row(&item.right));
        let is_conflict = item.reason == "judgement_conflict";
        let is_answered = !is_conflict && inference.of_pair(&item.left, &item.right).is_some();
        if let Some(rows) = rows.filter(|_| !is_answered) {
            queue.push(Asked {
                left: item.left,
                right: item.right,
                rows,
                probability: item.probability,
                impact: item.impact,
                reason: item.reason,
                value: 0.0,
            });
        }
    }
    appraise(&mut queue, night);
    Ok(queue)
}

/// The pairs of a CSV with the columns `left` and `right`, in its order. Pairs whose answer is known are left out.
pub(super) fn of_file(file: &Path, night: &Night) -> Result<Vec<Asked>, Failure> {
    let during = || format!("{} cannot be read", file.display());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(file).during(during())?;
    let header = reader.headers().during(during())?.clone();
    let column = |name: &str| {
        let place = header.iter().position(|column| column.trim_start_matches('\u{feff}') == name);
        place.ok_or_else(|| {
            Failure::wrong_use(format!("{} has no column `{name}`", file.display()))
                .with_hint("`kartei evaluate --sample 200 --out sample.csv` writes such a file")
        })
    };
    let (left, right) = (column("left")?, column("right")?);
    let inference = night.inference();
    let mut queue = Vec::new();
    for row in reader.records() {
        let row = row.during(during())?;
        let id = |place: usize| record_id(row.get(place).unwrap_or_default()).map_err(Failure::wrong_use);
        let (left, right) = (id(left)?, id(right)?);
        let rows = (night.row(&left)?, night.row(&right)?);
        if inference.of_pair(&left, &right).is_none() {
            let probability = night.explainer.probability(rows.0, rows.1).unwrap_or(0.0);
            queue.push(Asked { left, right, rows, probability, impact: 0, reason: String::new(), value: 0.0 });
        }
    }
    Ok(queue)
}

/// Gives each pair its value: the records that a wrong answer would leave wrong, times the chance that going by the
/// score alone is wrong; more where few pairs with the same levels were judged before, since such an answer teaches most.
fn appraise(queue: &mut [Asked], night: &Night) {
    let levels =
        |rows: (usize, usize)| night.explainer.judged(rows.0, rows.1, true).map(|pair| pair.levels).unwrap_or_default();
    let mut judged: HashMap<Vec<(usize, u8)>, u32> = HashMap::new();
    for said in night.judgements.iter().filter(|said| said.verdict != Verdict::Unsure) {
        if let Some(rows) = night.run.row(&said.left).zip(night.run.row(&said.right)) {
            *judged.entry(levels(rows)).or_insert(0) += 1;
        }
    }
    for asked in queue {
        let known = judged.get(&levels(asked.rows)).copied().unwrap_or(0);
        let error = asked.probability.min(1.0 - asked.probability);
        asked.value = asked.impact.max(1) as f64 * error * (1.0 + 1.0 / (1.0 + f64::from(known)));
    }
}

/// Puts the pairs in order.
pub(super) fn order(queue: &mut [Asked], order: Order) {
    let doubt = |asked: &Asked| (asked.probability - 0.5).abs();
    match order {
        // As the run left it.
        Order::Impact => {}
        Order::Doubt => queue.sort_by(|one, other| doubt(one).total_cmp(&doubt(other))),
        Order::Value => queue.sort_by(|one, other| other.value.total_cmp(&one.value)),
    }
}
