//! Linkage in the report: candidate pairs, scores, clusters, and how the sources overlap.

use serde::{Deserialize, Serialize};

/// Candidate pairs and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct PairReport {
    /// The blocking keys, in the order in which they were applied.
    pub keys: Vec<BlockingKey>,
    /// Distinct pairs that were compared.
    pub compared: u64,
    /// Pairs of unchanged records that are as an earlier run found them; what it found separate is not among them.
    pub kept: u64,
    /// Pairs at or above the match threshold.
    pub matched: u64,
    /// Pairs between the two thresholds.
    pub doubtful: u64,
    /// Pairs below the review threshold, where all were compared.
    pub separate: u64,
}

/// One blocking key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct BlockingKey {
    /// Its name in the match schema, e.g. `surname+birth_date`.
    pub name: String,
    /// Pairs that it finds.
    pub pairs: u64,
    /// Pairs that no key before it found.
    pub added: u64,
    /// Pairs that no other key found.
    pub only: u64,
    /// Of its pairs, those that are one person.
    pub matched: u64,
    /// Of the pairs that no other key found, those that are one person.
    pub only_matched: u64,
    /// Records in its largest block, before it was split.
    pub largest_block: u64,
    /// Blocks that were too large and were split by a further key.
    pub split_blocks: u64,
    /// Blocks that were still too large, so that pairs inside them were left out.
    pub capped_blocks: u64,
    /// Whether its pairs were not compared, since a sample of them held next to none worth it.
    pub dropped: bool,
}

/// The scores of the compared pairs.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct ScoreReport {
    /// What the bins' bounds and the thresholds mean.
    pub scale: ScoreScale,
    /// The histogram, from low to high, without gaps.
    pub histogram: Vec<ScoreBin>,
    /// Pairs at or above this go to a steward.
    pub review_threshold: f64,
    /// Pairs at or above this are one person.
    pub match_threshold: f64,
    /// The sum over all matched pairs of the probability that they are two persons.
    pub expected_false_merges: f64,
    /// The sum over all other compared pairs of the probability that they are one person.
    pub expected_missed_merges: Option<f64>,
    /// Whether the training of the weights settled; none where built-in weights were used.
    pub converged: Option<bool>,
}

impl Default for ScoreReport {
    fn default() -> Self {
        Self {
            scale: ScoreScale::default(),
            histogram: Vec::new(),
            review_threshold: 0.5,
            match_threshold: 0.5,
            expected_false_merges: 0.0,
            expected_missed_merges: None,
            converged: None,
        }
    }
}

/// The scale of scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreScale {
    /// The probability that the pair is one person, 0 to 1.
    #[default]
    Probability,
    /// The match weight: the base-2 logarithm of the odds that the pair is one person.
    Weight,
}

/// Pairs whose score lies in `from..to`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
pub struct ScoreBin {
    /// The lower bound, included.
    pub from: f64,
    /// The upper bound, excluded but for the last bin's.
    pub to: f64,
    /// Pairs.
    pub pairs: u64,
}

/// Clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ClusterReport {
    /// How many clusters have how many records, small to large.
    pub sizes: Vec<ClusterSize>,
    /// The largest, largest first.
    pub largest: Vec<LargeCluster>,
    /// Households of two and more persons.
    pub households: u64,
    /// Links that were cut because they were a bridge or too weak.
    pub links_cut: u64,
    /// Clusters whose trusted keys contradict each other.
    pub conflicts: u64,
}

/// Clusters of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct ClusterSize {
    /// Records in the cluster.
    pub records: u32,
    /// Clusters of that size.
    pub clusters: u64,
}

/// A large cluster, by id only.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct LargeCluster {
    /// The person's opaque id.
    pub person_id: String,
    /// Records in it.
    pub records: u32,
    /// Sources that know the person.
    pub sources: u32,
}

/// Persons known to exactly these sources.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Overlap {
    /// The sources' names, sorted.
    pub sources: Vec<String>,
    /// Persons.
    pub persons: u64,
}
