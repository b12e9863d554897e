//! How good clusters are, where the truth is known: pairs, B-cubed, and errors per 10,000 records.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::Serialize;

/// Found clusters against true persons.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// Records that have both a cluster and a true person.
    pub records: u64,
    /// Pairs that clusters imply.
    pub found_pairs: u64,
    /// Pairs that the truth implies.
    pub true_pairs: u64,
    /// Pairs that both imply.
    pub right_pairs: u64,
    /// Right pairs among found ones.
    pub precision: f64,
    /// Right pairs among true ones.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// B-cubed precision (Bagga and Baldwin, 1998): the mean over records of the right share of their cluster.
    pub bcubed_precision: f64,
    /// B-cubed recall.
    pub bcubed_recall: f64,
    /// Harmonic mean of the two.
    pub bcubed_f1: f64,
    /// Records that stand in a cluster with the records of another person that has more records there, per 10,000
    /// (Homonymfehler).
    pub false_merges_per_10000: f64,
    /// Records that stand outside the cluster that holds most records of their person, per 10,000 (Synonymfehler).
    pub missed_merges_per_10000: f64,
    /// Size → number of found clusters and number of true persons of that size, ascending.
    pub sizes: Vec<(u32, u64, u64)>,
}

/// Compares `found` with `truth`: per record a label, equal labels meaning one person. Where one is longer, its
/// further labels are left aside.
pub fn evaluate(found: &[u32], truth: &[u32]) -> Evaluation {
    let mut cells: FxHashMap<(u32, u32), u64> = FxHashMap::default();
    for (found, truth) in found.iter().zip(truth) {
        *cells.entry((*found, *truth)).or_insert(0) += 1;
    }
    let clusters = Side::new(cells.iter().map(|((found, _), count)| (*found, *count)));
    let persons = Side::new(cells.iter().map(|((_, truth), count)| (*truth, *count)));
    let records: u64 = cells.values().sum();
    let mut evaluation = Evaluation {
        records,
        found_pairs: clusters.pairs(),
        true_pairs: persons.pairs(),
        right_pairs: cells.values().map(|count| pairs(*count)).sum(),
        sizes: sizes(&clusters, &persons),
        ..Evaluation::default()
    };
    evaluation.precision = share(evaluation.right_pairs as f64, evaluation.found_pairs as f64);
    evaluation.recall = share(evaluation.right_pairs as f64, evaluation.true_pairs as f64);
    evaluation.f1 = harmonic(evaluation.precision, evaluation.recall);
    let squares = |side: &Side, label: fn(&(u32, u32)) -> u32| {
        let sum: f64 =
            cells.iter().map(|(cell, count)| (count * count) as f64 / side.totals[&label(cell)] as f64).sum();
        share(sum, records as f64)
    };
    evaluation.bcubed_precision = squares(&clusters, |cell| cell.0);
    evaluation.bcubed_recall = squares(&persons, |cell| cell.1);
    evaluation.bcubed_f1 = harmonic(evaluation.bcubed_precision, evaluation.bcubed_recall);
    let outside = |side: &Side| (records - side.largest.values().sum::<u64>()) as f64;
    let per_10000 = |count: f64| if records == 0 { 0.0 } else { count * 10_000.0 / records as f64 };
    evaluation.false_merges_per_10000 = per_10000(outside(&clusters));
    evaluation.missed_merges_per_10000 = per_10000(outside(&persons));
    evaluation
}

/// The labels of one side: how many records each has, and how many of these go together on the other side.
struct Side {
    totals: FxHashMap<u32, u64>,
    largest: FxHashMap<u32, u64>,
}

impl Side {
    fn new(cells: impl Iterator<Item = (u32, u64)>) -> Self {
        let mut side = Self { totals: FxHashMap::default(), largest: FxHashMap::default() };
        for (label, count) in cells {
            *side.totals.entry(label).or_insert(0) += count;
            let largest = side.largest.entry(label).or_insert(0);
            *largest = count.max(*largest);
        }
        side
    }

    fn pairs(&self) -> u64 {
        self.totals.values().map(|count| pairs(*count)).sum()
    }
}

fn sizes(clusters: &Side, persons: &Side) -> Vec<(u32, u64, u64)> {
    let mut sizes: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    let size = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    for count in clusters.totals.values() {
        sizes.entry(size(*count)).or_default().0 += 1;
    }
    for count in persons.totals.values() {
        sizes.entry(size(*count)).or_default().1 += 1;
    }
    sizes.into_iter().map(|(size, (found, truth))| (size, found, truth)).collect()
}

fn pairs(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// Nothing out of nothing is all of it.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 1.0 }
}

fn harmonic(left: f64, right: f64) -> f64 {
    if left + right > 0.0 { 2.0 * left * right / (left + right) } else { 0.0 }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the expected figures are exact in binary")]
mod tests {
    use super::*;

    #[test]
    fn the_truth_itself_has_no_fault() {
        let truth = [0, 0, 2, 3, 3, 3];
        let evaluation = evaluate(&truth, &[7, 7, 1, 9, 9, 9]);
        assert_eq!((evaluation.precision, evaluation.recall, evaluation.bcubed_f1), (1.0, 1.0, 1.0));
        assert_eq!((evaluation.false_merges_per_10000, evaluation.missed_merges_per_10000), (0.0, 0.0));
        assert_eq!(evaluation.sizes, [(1, 1, 1), (2, 1, 1), (3, 1, 1)]);
    }

    #[test]
    fn wrong_and_missing_pairs_are_told_apart() {
        // Persons a a b b; found: {a b} {a} {b}.
        let evaluation = evaluate(&[0, 1, 0, 3], &[0, 0, 1, 1]);
        assert_eq!((evaluation.found_pairs, evaluation.true_pairs, evaluation.right_pairs), (1, 2, 0));
        assert_eq!((evaluation.false_merges_per_10000, evaluation.missed_merges_per_10000), (2500.0, 5000.0));
        assert_eq!(evaluation.bcubed_precision, 0.75);
        assert_eq!(evaluation.bcubed_recall, 0.5);
    }

    #[test]
    fn no_record_at_all_is_no_fault() {
        assert_eq!(evaluate(&[], &[]).precision, 1.0);
    }
}
