//! Why two records are one person, or not: the weights of each comparison, and what each rests on.

use kartei_schemas::matching::MatchSchema;
use polars::frame::DataFrame;
use serde::Serialize;

use crate::comparisons::{Comparer, Subject, level_of, subjects};
use crate::linked::Linked;
use crate::rarity::Frequencies;
use crate::records::Records;
use crate::weights::{Odds, WeightTable, Weights};
use crate::{LinkError, contacts, training};

/// The reasons for the weight of one pair, as a waterfall: the prior, then one step a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// log2 of the odds of one person against strangers before any evidence.
    pub prior: f64,
    /// The steps, in the order of the comparisons.
    pub steps: Vec<ExplanationStep>,
    /// log2 of the odds of one person against all else, after all evidence.
    pub weight: f64,
    /// The probability that they are one person.
    pub probability: f64,
    /// The probability that they are two persons of one household or family.
    pub household: f64,
}

/// What one comparison adds to the odds of one person against strangers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplanationStep {
    /// The comparison, e.g. `given_name`; for extra columns the column's name.
    pub comparison: String,
    /// The level, e.g. `typo`; `missing` where a value is.
    pub level: String,
    /// What the level adds.
    pub weight: f64,
    /// What the rarity of the agreeing value adds.
    pub rarity: f64,
}

/// Explains the pair of rows `left` and `right` by the model and the clusters of a run over the same records.
/// A row that is not there is no error: the pair is then one of strangers without any evidence.
pub fn explain(
    records: &DataFrame,
    schema: &MatchSchema,
    linked: &Linked,
    left: usize,
    right: usize,
) -> Result<Explanation, LinkError> {
    let mut prepared = Records::read(records, schema)?;
    contacts::drop_junk(&mut prepared);
    let subjects = subjects(&prepared);
    let weights = Weights::of_model(&linked.model, schema, &subjects)?;
    let table = WeightTable::new(&weights);
    let numbers = prepared.numbers();
    let (Some(left), Some(right)) = (numbers.get(left).copied(), numbers.get(right).copied()) else {
        return Ok(Reasons { records: &prepared, subjects: &subjects, table: &table }.of_nothing());
    };
    let labels: Vec<u32> =
        prepared.rows.iter().map(|row| linked.clusters.get(*row as usize).copied().unwrap_or(*row)).collect();
    let shipped = Weights::of_schema(schema, &subjects)?;
    let believed = |slot| training::belief(&shipped, &subjects, slot);
    let frequencies = Frequencies::count(&prepared, believed, Some(&labels));
    let pattern = Comparer::unremembering(&prepared, &subjects).pattern(left, right);
    let reasons = Reasons { records: &prepared, subjects: &subjects, table: &table };
    Ok(reasons.of_pair(&frequencies, pattern, (left, right)))
}

struct Reasons<'a> {
    records: &'a Records,
    subjects: &'a [Subject],
    table: &'a WeightTable,
}

impl Reasons<'_> {
    fn of_nothing(&self) -> Explanation {
        self.summed(self.table.prior(), Vec::new())
    }

    fn of_pair(&self, frequencies: &Frequencies, pattern: u64, (left, right): (u32, u32)) -> Explanation {
        let pair = frequencies.pair(self.records, left, right);
        let together = frequencies.of_pair(self.subjects, pattern, pair);
        let mut odds = self.table.odds(pattern);
        odds.same += together.same;
        odds.household += together.household;
        let mut steps: Vec<ExplanationStep> = Vec::new();
        let mut apart = 0.0;
        for (place, subject) in self.subjects.iter().enumerate() {
            let level = level_of(pattern, place);
            let rarity = if level == 0 { Odds::default() } else { frequencies.of_level(*subject, level, pair) };
            apart += rarity.same;
            let name = level.checked_sub(1).map_or("missing", |level| subject.levels()[usize::from(level)]);
            steps.push(ExplanationStep {
                comparison: subject.title(self.records).to_owned(),
                level: name.to_owned(),
                weight: f64::from(self.table.level(place, level).same),
                rarity: f64::from(rarity.same),
            });
        }
        // Names that go together more often than chance has it: shown with the first comparison of a name.
        if let Some(step) = steps.first_mut() {
            step.rarity += f64::from(together.same - apart);
        }
        self.summed(odds, steps)
    }

    fn summed(&self, odds: Odds, steps: Vec<ExplanationStep>) -> Explanation {
        let [probability, household, _] = odds.probabilities();
        Explanation {
            prior: f64::from(self.table.prior().same),
            steps,
            weight: f64::from(odds.weight()),
            probability,
            household,
        }
    }
}
