//! What linking gives: a cluster and a household for each record, the scored pairs, the pairs to ask a human
//! about, the model, and the statistics of the run.

use kartei_schemas::matching::ComparisonWeights;
use serde::{Deserialize, Serialize};

use crate::portrait::Portrait;

/// The outcome of [`crate::link`].
#[derive(Debug, Clone, PartialEq)]
pub struct Linked {
    /// Per row the cluster: the smallest row of the cluster.
    pub clusters: Vec<u32>,
    /// Per row the household: the smallest row of the household. A household holds whole clusters.
    pub households: Vec<u32>,
    /// Per row as which person its values were counted: the smallest row of that person. The next run goes on with it.
    pub counted: Vec<u32>,
    /// The pairs that may be one person or one household at all, sorted by rows; most stay far below the review
    /// threshold.
    pub pairs: ScoredPairs,
    /// The pairs to ask a human about, the most valuable first.
    pub review: Vec<ReviewPair>,
    /// The weights, frequencies and thresholds that decided.
    pub model: Model,
    /// What the model can and cannot tell; none where nobody asked, or the weights are those of an earlier run.
    pub portrait: Option<Portrait>,
    /// What was counted on the way.
    pub statistics: LinkStatistics,
}

/// The weight of two rows that hold equal values and enough of them: they are one person beyond any weighing.
pub const EQUAL_BITS: f32 = 100.0;

/// Scored pairs, column by column, sorted by `left`, then `right`; `left` is the smaller row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoredPairs {
    /// The smaller row.
    pub left: Vec<u32>,
    /// The larger row.
    pub right: Vec<u32>,
    /// log2 of the odds that they are one person, evidence and prior together.
    pub weight: Vec<f32>,
    /// The probability that they are one person.
    pub probability: Vec<f32>,
    /// The probability that they are two persons of one household or family.
    pub household: Vec<f32>,
}

impl ScoredPairs {
    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.left.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

/// A pair that a human should look at.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewPair {
    /// The smaller row.
    pub left: u32,
    /// The larger row.
    pub right: u32,
    /// The probability that they are one person.
    pub probability: f32,
    /// Why the pair is asked about.
    pub reason: ReviewReason,
    /// Records that the answer would move.
    pub impact: u32,
}

/// Why a pair is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewReason {
    /// Between the two thresholds.
    Uncertain,
    /// Above the threshold, but cut to keep the clusters coherent.
    Cut,
    /// A trusted key says that they are two, the rest that they are one, or the reverse.
    KeyConflict,
    /// The judgements contradict each other.
    JudgementConflict,
}

/// What an earlier run found, so that only pairs that touch a changed record are formed and scored.
///
/// The outcome is the one that a run over all records by the same model would have, since a pair's weight is a function of
/// the model, of the values counted and of the two records alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Previous {
    /// The model to keep; none: all pairs are formed, and the weights fitted anew.
    pub model: Option<Model>,
    /// The pairs of the earlier run, in the rows of its own frame.
    pub pairs: ScoredPairs,
    /// As which persons the earlier run counted its rows: [`Linked::counted`].
    pub counted: Vec<u32>,
    /// The clusters of the earlier run: records that were together stay so in case of doubt, and those that were apart.
    pub clusters: Vec<u32>,
    /// The households of the earlier run, for which the same holds.
    pub households: Vec<u32>,
    /// The threshold at which the earlier run merged: kept, unless another one promises clearly more.
    pub merge_threshold: Option<f64>,
    /// Per row of the earlier frame its row in the present one; none where the record is gone.
    pub rows: Vec<Option<u32>>,
    /// Per row of the present frame, whether it is new or has changed since.
    pub changed: Vec<bool>,
}

/// What decides: weights, priors and thresholds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The weights of each comparison's levels, in the order of the comparisons.
    pub comparisons: Vec<ComparisonWeights>,
    /// Among all pairs of records, the share that is one person.
    pub prior_same: f64,
    /// Among all pairs of records, the share that is two persons of one household.
    pub prior_household: f64,
    /// Merged by itself from this probability on.
    pub merge_threshold: f64,
    /// Asked about from this probability on.
    pub review_threshold: f64,
    /// Records from which the weights were fitted.
    pub records: u64,
    /// How the weights came about.
    pub fit: Fit,
    /// How the blocking keys were used, so that an incremental run forms the same pairs.
    #[serde(default)]
    pub keys: Vec<KeyPlan>,
}

/// How a blocking key is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPlan {
    /// The key's name.
    pub name: String,
    /// Blocks of more records are split.
    pub max_block_records: usize,
    /// Whether the key is left out, since it brought next to nothing.
    pub dropped: bool,
}

/// How the weights came about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Fit {
    /// The shipped weights as they are, because there was too little to learn from or training was off.
    #[default]
    Shipped,
    /// Fitted, and the last round changed nothing that matters.
    Converged {
        /// Rounds taken.
        rounds: u32,
    },
    /// Not settled after the last round: the shipped weights stand in.
    NotConverged {
        /// Rounds taken.
        rounds: u32,
    },
}

/// What was counted on the way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkStatistics {
    /// Records read.
    pub records: u64,
    /// Pairs that were compared in this run: those that the keys formed, each once.
    pub scored_pairs: u64,
    /// Pairs of unchanged records that an earlier run compared and kept as possible matches.
    pub kept_pairs: u64,
    /// Pairs at or above the merge threshold, compared now or kept.
    pub matched_pairs: u64,
    /// Clusters, single records among them.
    pub clusters: u64,
    /// Households of two clusters or more.
    pub households: u64,
    /// Cluster size → clusters, ascending.
    pub cluster_sizes: Vec<(u32, u64)>,
    /// Pairs per probability, in twenty equal bins.
    pub histogram: Vec<u64>,
    /// What each blocking key brought.
    pub keys: Vec<KeyStatistics>,
    /// Share of pairs inside clusters that the model itself calls a match.
    pub coherence: f64,
    /// Values that were no evidence, by column: placeholders and contacts that too many share.
    pub junk: Vec<(String, u64)>,
    /// Judgements that were used, left aside because a record is gone, and contradicting each other.
    pub judgements: JudgementStatistics,
}

/// What one blocking key brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStatistics {
    /// The key, e.g. `surname + birth_date`.
    pub name: String,
    /// Pairs that the key forms.
    pub pairs: u64,
    /// Pairs that no key before it formed.
    pub new_pairs: u64,
    /// Pairs that no other key formed: what would be lost without it.
    #[serde(default)]
    pub only_pairs: u64,
    /// Of all its pairs, those at or above the merge threshold. Set against those of all keys together this is its
    /// pair completeness, as far as the run itself can tell.
    pub matched_pairs: u64,
    /// Of the pairs that no other key formed, those at or above the merge threshold.
    #[serde(default)]
    pub only_matched: u64,
    /// Records in the largest block, before it was split.
    #[serde(default)]
    pub largest_block: u64,
    /// Blocks that were too large and were split by a further key.
    pub split_blocks: u64,
    /// Blocks that stayed too large and were compared among neighbours only.
    pub capped_blocks: u64,
    /// Whether its pairs were not compared, since a sample of them held next to no one person and no one household.
    #[serde(default)]
    pub dropped: bool,
}

/// What became of the judgements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgementStatistics {
    /// Used.
    pub used: u64,
    /// Left aside because a record is not in the frame.
    pub without_record: u64,
    /// Contradicting: said to be different, yet joined by others.
    pub contradicting: u64,
}
