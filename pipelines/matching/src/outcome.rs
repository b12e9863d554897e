//! From decided clusters to what a caller sees: rows, households, review, statistics.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::blocks::Blocks;
use crate::comparisons::Subject;
use crate::constraints::Constraints;
use crate::forest::Forest;
use crate::linked::{EQUAL_BITS, KeyStatistics, LinkStatistics, Linked, Model, ReviewPair, ReviewReason, ScoredPairs};
use crate::lists::NONE;
use crate::records::Records;
use crate::trusted_keys::{KeyConflict, TrustedKeys};
use crate::weights::Odds;

/// From this probability on two clusters are one household; a little sooner or later, where they were one before or not.
const HOUSEHOLD_FROM: f64 = 0.5;
const HOUSEHOLD_HABIT: f64 = 0.05;

/// A pair that was kept, in the records' numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scored {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) pattern: u64,
    pub(crate) odds: Odds,
    /// The keys that formed it, a bit each.
    pub(crate) keys: u64,
}

/// What the run decided, in the records' numbers.
#[derive(Default)]
pub(crate) struct Decided {
    pub(crate) scored: Vec<Scored>,
    pub(crate) clusters: Vec<u32>,
    /// As which persons the values were counted.
    pub(crate) counted: Vec<u32>,
    pub(crate) pairs: u64,
    /// Pairs taken over from an earlier run.
    pub(crate) kept_pairs: u64,
    pub(crate) new_pairs: Vec<u64>,
    pub(crate) only_pairs: Vec<u64>,
}

/// A scored pair in the frame's rows.
struct Pair {
    left: u32,
    right: u32,
    weight: f32,
    probabilities: [f64; 3],
    keys: u64,
    /// What a trusted key says against the rest.
    conflict: Option<KeyConflict>,
}

/// Puts everything into the frame's rows.
pub(crate) fn outcome(
    (records, subjects): (&Records, &[Subject]),
    blocks: &Blocks,
    (constraints, households_before): (&Constraints, &[u32]),
    model: Model,
    decided: &Decided,
) -> Linked {
    let keys = TrustedKeys::of(subjects);
    let rows = &records.rows;
    let clusters = by_row(records, &decided.clusters);
    let counted = by_row(records, &decided.counted);
    let mut pairs: Vec<Pair> = decided
        .scored
        .par_iter()
        .map(|pair| {
            let (left, right) = (rows[pair.left as usize], rows[pair.right as usize]);
            Pair {
                left: left.min(right),
                right: left.max(right),
                weight: pair.odds.weight(),
                probabilities: pair.odds.probabilities(),
                keys: pair.keys,
                conflict: keys.conflict(pair.pattern),
            }
        })
        .collect();
    pairs.extend(equal_rows(records));
    pairs.par_sort_unstable_by_key(|pair| (pair.left, pair.right));
    let households = households(&clusters, &pairs, households_before);
    let review = review(&clusters, &pairs, &model, constraints, rows);
    let statistics = statistics(records, blocks, constraints, &model, decided, (&clusters, &households, &pairs));
    Linked { pairs: columns_of(pairs.iter()), clusters, counted, households, review, model, portrait: None, statistics }
}

/// Rows that hold equal values, each with the row of the record that stands for them.
fn equal_rows(records: &Records) -> impl Iterator<Item = Pair> {
    records.folded.iter().map(|(row, record)| {
        let other = records.rows[*record as usize];
        Pair {
            left: other.min(*row),
            right: other.max(*row),
            weight: EQUAL_BITS,
            probabilities: [1.0, 0.0, 0.0],
            keys: 0,
            conflict: None,
        }
    })
}

/// Labels in rows: the smallest row of each set.
fn by_row(records: &Records, labels: &[u32]) -> Vec<u32> {
    let mut forest = Forest::new(records.height());
    for (record, label) in labels.iter().enumerate() {
        forest.join(records.rows[record], records.rows[*label as usize]);
    }
    for (row, record) in &records.folded {
        forest.join(*row, records.rows[*record as usize]);
    }
    forest.labels()
}

/// Per row the smallest row of its household. `before` is per row its household in an earlier run, or empty.
fn households(clusters: &[u32], pairs: &[Pair], before: &[u32]) -> Vec<u32> {
    let mut forest = Forest::new(clusters.len());
    for (row, label) in (0_u32..).zip(clusters) {
        forest.join(row, *label);
    }
    let known = |row: u32| before.get(row as usize).copied().filter(|household| *household != NONE);
    let is_home = |pair: &&Pair| {
        let habit = match (known(pair.left), known(pair.right)) {
            (Some(left), Some(right)) if left == right => HOUSEHOLD_HABIT,
            (Some(_), Some(_)) => -HOUSEHOLD_HABIT,
            _ => 0.0,
        };
        let [same, household, _] = pair.probabilities;
        household + habit >= HOUSEHOLD_FROM || household + habit >= 0.2 && same + household + habit >= 0.8
    };
    for pair in pairs.iter().filter(is_home) {
        forest.join(pair.left, pair.right);
    }
    forest.labels()
}

fn columns_of<'a>(pairs: impl Iterator<Item = &'a Pair>) -> ScoredPairs {
    let mut columns = ScoredPairs::default();
    for pair in pairs {
        columns.left.push(pair.left);
        columns.right.push(pair.right);
        columns.weight.push(pair.weight);
        columns.probability.push(narrow(pair.probabilities[0]));
        columns.household.push(narrow(pair.probabilities[1]));
    }
    columns
}

#[expect(clippy::cast_possible_truncation, reason = "a probability needs no more than seven digits")]
fn narrow(probability: f64) -> f32 {
    probability as f32
}

/// Pairs to ask about: uncertain ones between clusters, cut ones, and contradictions, the most valuable first.
fn review(clusters: &[u32], pairs: &[Pair], model: &Model, constraints: &Constraints, rows: &[u32]) -> Vec<ReviewPair> {
    let mut sizes = vec![0_u32; clusters.len()];
    for label in clusters {
        sizes[*label as usize] += 1;
    }
    let mut best: BTreeMap<(u32, u32), ReviewPair> = BTreeMap::new();
    let answered = constraints.answered(rows);
    for pair in pairs {
        let (left, right) = (clusters[pair.left as usize], clusters[pair.right as usize]);
        let Some(reason) = reason(pair, left == right, model) else { continue };
        if answered.knows(pair.left, pair.right) {
            continue;
        }
        let impact = sizes[left as usize].min(sizes[right as usize]);
        let asked = ReviewPair {
            left: pair.left,
            right: pair.right,
            probability: narrow(pair.probabilities[0]),
            reason,
            impact,
        };
        let place = best.entry((left.min(right), left.max(right))).or_insert_with(|| asked.clone());
        if asked.probability > place.probability {
            *place = asked;
        }
    }
    let contradictions = constraints.contradictions.iter().map(|(left, right)| {
        let (left, right) = (rows[*left as usize], rows[*right as usize]);
        let reason = ReviewReason::JudgementConflict;
        ReviewPair { left: left.min(right), right: left.max(right), probability: 1.0, reason, impact: 2 }
    });
    let mut review: Vec<ReviewPair> = best.into_values().chain(contradictions).collect();
    let doubt = |pair: &ReviewPair| (pair.probability - 0.5).abs();
    review.sort_by(|one, other| {
        other
            .impact
            .cmp(&one.impact)
            .then(doubt(one).total_cmp(&doubt(other)))
            .then((one.left, one.right).cmp(&(other.left, other.right)))
    });
    review
}

/// Why a pair is asked about, if it is.
fn reason(pair: &Pair, together: bool, model: &Model) -> Option<ReviewReason> {
    match (together, pair.conflict) {
        (true, Some(KeyConflict::Differs)) | (false, Some(KeyConflict::Agrees)) => Some(ReviewReason::KeyConflict),
        (true, _) => None,
        (false, _) if pair.probabilities[0] >= model.merge_threshold => Some(ReviewReason::Cut),
        (false, _) => (pair.probabilities[0] >= model.review_threshold).then_some(ReviewReason::Uncertain),
    }
}

fn statistics(
    records: &Records,
    blocks: &Blocks,
    constraints: &Constraints,
    model: &Model,
    decided: &Decided,
    (clusters, households, pairs): (&[u32], &[u32], &[Pair]),
) -> LinkStatistics {
    let mut keys = blocks.statistics.clone();
    for (key, (new, only)) in keys.iter_mut().zip(decided.new_pairs.iter().zip(&decided.only_pairs)) {
        (key.new_pairs, key.only_pairs) = (*new, *only);
    }
    for (key, plan) in keys.iter_mut().zip(&model.keys) {
        key.dropped = plan.dropped;
    }
    let mut histogram = vec![0_u64; 20];
    let (mut inside, mut coherent, mut matched) = (0_u64, 0_u64, 0_u64);
    for pair in pairs {
        let is_match = pair.probabilities[0] >= model.merge_threshold;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bin from 0 to 19")]
        let bin = ((pair.probabilities[0] * 20.0) as usize).min(19);
        histogram[bin] += 1;
        matched += u64::from(is_match);
        if is_match {
            count_matched(&mut keys, pair.keys);
        }
        if clusters[pair.left as usize] == clusters[pair.right as usize] {
            inside += 1;
            coherent += u64::from(is_match);
        }
    }
    let cluster_sizes = sizes_of(clusters);
    LinkStatistics {
        records: records.height() as u64,
        scored_pairs: decided.pairs,
        kept_pairs: decided.kept_pairs,
        matched_pairs: matched,
        clusters: cluster_sizes.values().sum(),
        households: households_of_several(clusters, households),
        cluster_sizes: cluster_sizes.into_iter().collect(),
        histogram,
        keys,
        coherence: if inside == 0 { 1.0 } else { coherent as f64 / inside as f64 },
        junk: records.placeholders.clone(),
        judgements: constraints.statistics,
    }
}

/// Counts a pair that is one person under all keys that formed it.
fn count_matched(statistics: &mut [KeyStatistics], mut keys: u64) {
    let is_only = keys.is_power_of_two();
    while keys != 0 {
        if let Some(key) = statistics.get_mut(keys.trailing_zeros() as usize) {
            key.matched_pairs += 1;
            key.only_matched += u64::from(is_only);
        }
        keys &= keys - 1;
    }
}

fn sizes_of(labels: &[u32]) -> BTreeMap<u32, u64> {
    let mut members = vec![0_u32; labels.len()];
    for label in labels {
        members[*label as usize] += 1;
    }
    let mut sizes = BTreeMap::new();
    for size in members.into_iter().filter(|size| *size > 0) {
        *sizes.entry(size).or_insert(0) += 1;
    }
    sizes
}

fn households_of_several(clusters: &[u32], households: &[u32]) -> u64 {
    let mut several = vec![false; households.len()];
    for (cluster, household) in clusters.iter().zip(households) {
        several[*household as usize] |= cluster != household;
    }
    several.into_iter().filter(|several| *several).count() as u64
}
