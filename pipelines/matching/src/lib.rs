//! Record linkage of people without labels and without configuration: candidate pairs, comparison levels, a
//! Fellegi-Sunter model with three classes, clusters under human judgements, and the reasons for each decision.
//!
//! [`link`] takes a frame of normalised records and gives each record its cluster. Nothing here reads a clock, a
//! file or a network, and the result does not depend on the number of threads.

pub mod estimate;
pub mod evaluate;
pub mod explain;
pub mod inference;
pub mod learned;
pub mod linked;
pub mod portrait;
pub mod recognise;
pub mod sample;
pub mod speed;

mod blocks;
mod clusters;
mod columns;
mod comparisons;
mod constraints;
mod contacts;
mod dates;
mod earlier;
mod extras;
mod forest;
mod full_name;
mod given_names;
mod keys;
mod link;
mod lists;
mod marks;
mod memo;
mod names;
mod nicknames;
mod origins;
mod outcome;
mod per_thread;
mod phonetic;
mod placeholders;
mod places;
mod rarity;
mod records;
mod scan;
mod similarity;
mod text;
mod texts;
mod threshold;
mod told_twice;
mod training;
mod trusted_keys;
mod weights;

pub use link::link;
pub use linked::{Linked, Model, Previous, ReviewPair, ReviewReason, ScoredPairs};

/// What a caller may add to [`link`].
#[derive(Default, Clone, Copy)]
pub struct LinkOptions<'a> {
    /// What an earlier run found: its model is kept, and only pairs that touch a changed record are formed and scored.
    pub previous: Option<&'a Previous>,
    /// Told how far the work has come; called from several threads.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
    /// Whether the model's portrait is wanted; it is drawn when the weights are fitted, and not when they are kept.
    pub portrait: bool,
}

/// How far the work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it is done: records, pairs or clusters.
    pub done: u64,
    /// How much there is; zero where that is not known yet.
    pub total: u64,
}

/// The stages of [`link`], in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Columns are read.
    Read,
    /// Candidate pairs are formed.
    Candidates,
    /// Pairs are compared.
    Score,
    /// Clusters are formed.
    Cluster,
}

/// Why records could not be linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A column has a type that its part cannot have.
    #[error("column {column} holds {found}, not text")]
    ColumnType {
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// More records than row numbers of 32 bits can name.
    #[error("{0} records are more than the matching can number")]
    TooManyRecords(usize),
    /// The weights name a comparison or a level that does not exist.
    #[error("the weights name {0}, which is no comparison or level")]
    UnknownWeight(String),
}
