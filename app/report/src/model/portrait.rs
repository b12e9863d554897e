//! The model in the report: its weights, what it can and cannot tell, and the clusters that it doubts most.

use serde::{Deserialize, Serialize};

/// The model that decided. Without comparisons there is nothing to report.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct ModelReport {
    /// The comparisons, in the model's order.
    pub comparisons: Vec<ComparisonReport>,
    /// Among all pairs of records, the share that is one person.
    pub prior_same: f64,
    /// Among all pairs of records, the share that is two persons of one household.
    pub prior_household: f64,
    /// Share of pairs inside clusters that the model itself calls a match.
    pub coherence: f64,
    /// How many records of each source hold too little.
    pub sources: Vec<SourceReach>,
    /// Values that are far more frequent than others of their field.
    pub frequent: Vec<FrequentValues>,
    /// The clusters that hang together least, the most doubtful first.
    pub doubtful: Vec<DoubtfulCluster>,
}

/// One comparison.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct ComparisonReport {
    /// Its name, e.g. `given_name`.
    pub name: String,
    /// Its levels, from difference to agreement.
    pub levels: Vec<LevelReport>,
}

/// How often one level is seen in each class.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct LevelReport {
    /// Its name, e.g. `typo`.
    pub name: String,
    /// Among pairs of one person (m).
    pub same: f64,
    /// Among pairs of one household.
    pub household: f64,
    /// Among pairs of strangers (u).
    pub stranger: f64,
}

impl LevelReport {
    /// What the level weighs for one person against strangers, in bits.
    pub fn weight(&self) -> f64 {
        (self.same.max(1e-12) / self.stranger.max(1e-12)).log2()
    }
}

/// How many of a source's records hold too little to be found again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct SourceReach {
    /// The source.
    pub source: String,
    /// Its records.
    pub records: u64,
    /// Records that would stay below the merge threshold even beside a copy of themselves.
    pub unlinkable: u64,
}

/// Values that are far more frequent than others of their field: agreeing on one tells at least three bits less.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct FrequentValues {
    /// The comparison.
    pub comparison: String,
    /// How many values.
    pub values: u64,
    /// Records that hold one of them.
    pub records: u64,
}

/// A cluster as a graph. Its records go by source and a number of their own inside the cluster, never by key.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct DoubtfulCluster {
    /// The person's opaque id, or its number in the clusters' file.
    pub person_id: String,
    /// The source of each record.
    pub sources: Vec<String>,
    /// Pairs of records by place, with the probability that they are one person.
    pub pairs: Vec<(u32, u32, f64)>,
    /// The probability of the weakest of the strongest pairs that join all records; 0 where the pairs do not join them.
    pub weakest: f64,
}
