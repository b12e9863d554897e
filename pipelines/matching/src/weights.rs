//! The weights of a run: per comparison and level, how often it is seen in each class, and what that weighs.

use kartei_schemas::matching::{ComparisonWeights, LevelWeights, MatchSchema};

use crate::LinkError;
use crate::comparisons::{NO_LEVEL, Subject, level_of};
use crate::linked::Model;
use crate::records::Records;

/// No share is taken to be smaller than this.
pub(crate) const SMALLEST_SHARE: f64 = 1e-7;

/// The three classes that a pair may belong to.
pub(crate) const SAME: usize = 0;
pub(crate) const HOUSEHOLD: usize = 1;
pub(crate) const STRANGER: usize = 2;

/// The shares of one comparison's levels, from level 1 on, each for the three classes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shares {
    pub(crate) levels: Vec<[f64; 3]>,
}

/// The shares of all comparisons of a run, in their order, and the classes' shares of all pairs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    pub(crate) comparisons: Vec<Shares>,
    pub(crate) prior: [f64; 3],
}

impl Weights {
    /// The weights that the schema names, and the shipped ones for comparisons that it leaves out.
    pub(crate) fn of_schema(schema: &MatchSchema, subjects: &[Subject]) -> Result<Self, LinkError> {
        let shipped = MatchSchema::shipped();
        let comparisons = subjects
            .iter()
            .map(|subject| {
                let named = |list: &[ComparisonWeights]| list.iter().find(|it| it.name == subject.name()).cloned();
                let weights = named(&schema.comparisons).or_else(|| named(&shipped.comparisons));
                weights.map_or_else(
                    || Err(LinkError::UnknownWeight(subject.name().to_owned())),
                    |weights| shares_of(*subject, &weights),
                )
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { comparisons, prior: [0.0; 3] })
    }

    /// The weights of a model that was fitted to records with the same comparisons.
    pub(crate) fn of_model(model: &Model, subjects: &[Subject]) -> Result<Self, LinkError> {
        let prior = [model.prior_same, model.prior_household, 1.0 - model.prior_same - model.prior_household];
        let comparisons =
            subjects.iter().zip(&model.comparisons).map(|(subject, weights)| shares_of(*subject, weights));
        Ok(Self { comparisons: comparisons.collect::<Result<_, _>>()?, prior })
    }

    /// As the model keeps them.
    pub(crate) fn named(&self, subjects: &[Subject], records: &Records) -> Vec<ComparisonWeights> {
        let name_levels = |subject: &Subject, shares: &Shares| {
            let levels = subject.levels().iter().zip(&shares.levels);
            levels
                .map(|(name, [same, household, stranger])| LevelWeights {
                    name: (*name).to_owned(),
                    same: *same,
                    household: *household,
                    stranger: *stranger,
                })
                .collect()
        };
        subjects
            .iter()
            .zip(&self.comparisons)
            .map(|(subject, shares)| ComparisonWeights {
                name: subject.title(records).to_owned(),
                levels: name_levels(subject, shares),
            })
            .collect()
    }
}

impl Model {
    /// Whether the model weighs just these comparisons.
    pub(crate) fn fits(&self, subjects: &[Subject], records: &Records) -> bool {
        self.comparisons.len() == subjects.len()
            && self.comparisons.iter().zip(subjects).all(|(weights, subject)| {
                let levels = subject.levels();
                weights.name == subject.title(records)
                    && weights.levels.len() == levels.len()
                    && weights.levels.iter().zip(levels).all(|(level, name)| level.name == *name)
            })
    }
}

fn shares_of(subject: Subject, weights: &ComparisonWeights) -> Result<Shares, LinkError> {
    let levels = subject.levels().iter().map(|name| {
        let level = weights.levels.iter().find(|level| level.name == *name);
        let level = level.ok_or_else(|| LinkError::UnknownWeight(format!("{}.{name}", weights.name)))?;
        Ok([level.same, level.household, level.stranger].map(|share| share.max(SMALLEST_SHARE)))
    });
    Ok(Shares { levels: levels.collect::<Result<_, _>>()? })
}

/// log2 of the odds of a pair: one person, and one household, each against strangers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Odds {
    pub(crate) same: f32,
    pub(crate) household: f32,
}

impl Odds {
    /// The probabilities of the classes.
    pub(crate) fn probabilities(self) -> [f64; 3] {
        let (same, household) = (f64::from(self.same), f64::from(self.household));
        let most = same.max(household).max(0.0);
        let parts = [(same - most).exp2(), (household - most).exp2(), (-most).exp2()];
        let sum: f64 = parts.iter().sum();
        parts.map(|part| part / sum)
    }

    /// log2 of the odds that they are one person against all else.
    pub(crate) fn weight(self) -> f32 {
        let [same, household, stranger] = self.probabilities();
        if same >= 1.0 - 1e-9 {
            return self.same - self.household.max(0.0);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than seven digits")]
        let weight = (same.max(1e-30) / (household + stranger)).log2() as f32;
        weight
    }
}

/// What each level adds to the odds: a table that is looked up for every pair.
pub(crate) struct WeightTable {
    prior: Odds,
    levels: Vec<[Odds; 16]>,
}

impl WeightTable {
    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than seven digits")]
    pub(crate) fn new(weights: &Weights) -> Self {
        let odds = |shares: &[f64; 3]| Odds {
            same: (shares[SAME] / shares[STRANGER]).log2() as f32,
            household: (shares[HOUSEHOLD] / shares[STRANGER]).log2() as f32,
        };
        let levels = weights.comparisons.iter().map(|comparison| {
            let mut table = [Odds::default(); 16];
            for (place, shares) in comparison.levels.iter().enumerate() {
                table[place + 1] = odds(shares);
            }
            table
        });
        Self { prior: odds(&weights.prior), levels: levels.collect() }
    }

    /// The odds before any evidence.
    pub(crate) fn prior(&self) -> Odds {
        self.prior
    }

    /// What one level adds.
    pub(crate) fn level(&self, comparison: usize, level: u8) -> Odds {
        if level == NO_LEVEL { Odds::default() } else { self.levels[comparison][usize::from(level)] }
    }

    /// The odds of a pattern, rarity left out.
    pub(crate) fn odds(&self, pattern: u64) -> Odds {
        let mut odds = self.prior;
        for (comparison, table) in self.levels.iter().enumerate() {
            let level = table[usize::from(level_of(pattern, comparison))];
            odds.same += level.same;
            odds.household += level.household;
        }
        odds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_name_every_level_of_every_comparison() {
        assert!(Weights::of_schema(&MatchSchema::default(), &Subject::all()).is_ok());
    }

    #[test]
    fn the_probabilities_of_the_classes_sum_to_one() {
        for odds in [Odds { same: 40.0, household: -3.0 }, Odds { same: -60.0, household: 2.0 }, Odds::default()] {
            assert!((odds.probabilities().iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}
