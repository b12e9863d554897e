//! Why two records are one person, or not: the weights of each comparison, what each rests on, and what would tip it.

mod drawing;
mod sentence;
mod tip;
mod words;

use kartei_schemas::matching::MatchSchema;
use polars_core::frame::DataFrame;
use serde::{Deserialize, Serialize};

use crate::comparisons::{Comparer, Subject, level_of, subjects};
use crate::learned::{Anchor, Corrections, JudgedPair, Ladder, Lesson, against, learn};
use crate::linked::{Linked, Model};
use crate::rarity::Frequencies;
use crate::records::Records;
use crate::sample::{Drawn, stratum_of};
use crate::weights::{Odds, WeightTable, Weights};
use crate::{LinkError, contacts, training};

/// The reasons for the weight of one pair, as a waterfall: the prior, one step a comparison, what the chance of a
/// household takes away, and what judgements taught. Together they are the weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// log2 of the odds of one person against strangers before any evidence.
    pub prior: f64,
    /// The steps, in the order of the comparisons.
    pub steps: Vec<ExplanationStep>,
    /// What is taken away because they may be two of one household; never above 0.
    pub housemates: f64,
    /// What the calibration by judgements adds to the whole; 0 where nothing was learnt.
    pub calibration: f64,
    /// log2 of the odds of one person against all else, after all evidence.
    pub weight: f64,
    /// The probability that they are one person.
    pub probability: f64,
    /// The probability that they are two persons of one household or family.
    pub household: f64,
    /// The probability that they are strangers.
    pub stranger: f64,
    /// From this probability on pairs are merged.
    pub merge_threshold: f64,
    /// From this probability on a human is asked.
    pub review_threshold: f64,
    /// Whether the run held them to be one person.
    pub together: bool,
    /// The smallest change of one comparison that would take the pair over the merge threshold, or below it.
    pub tip: Option<Tip>,
}

/// What one comparison adds to the odds of one person against strangers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplanationStep {
    /// The comparison, e.g. `given_name`; for extra columns the column's name.
    pub comparison: String,
    /// The level, e.g. `typo`; `missing` where a value is.
    pub level: String,
    /// What the level adds.
    pub weight: f64,
    /// What the rarity of the agreeing value adds.
    pub rarity: f64,
    /// What judgements taught about the level.
    pub learned: f64,
}

impl ExplanationStep {
    /// All that the comparison adds.
    pub fn total(&self) -> f64 {
        self.weight + self.rarity + self.learned
    }

    /// Whether there was nothing to compare.
    pub fn is_missing(&self) -> bool {
        self.level == MISSING
    }
}

/// A change of one comparison that would decide the pair the other way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tip {
    /// The comparison.
    pub comparison: String,
    /// Its level now.
    pub from: String,
    /// The level that would tip it.
    pub to: String,
    /// The probability of one person then.
    pub probability: f64,
}

/// The level's name where there is nothing to compare.
const MISSING: &str = "missing";

/// Explains the pair of rows `left` and `right` by the model and the clusters of a run over the same records.
/// A row that is not there is no error: the pair is then one of strangers without any evidence.
pub fn explain(
    records: &DataFrame,
    schema: &MatchSchema,
    linked: &Linked,
    left: usize,
    right: usize,
) -> Result<Explanation, LinkError> {
    let explainer = Explainer::new(records, schema, &linked.model, (&linked.clusters, &linked.counted))?;
    Ok(explainer.pair(left, right).unwrap_or_else(|| explainer.of_nothing()))
}

/// A run's records and model, ready to explain any pair.
pub struct Explainer {
    pub(crate) records: Records,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) table: WeightTable,
    pub(crate) frequencies: Frequencies,
    pub(crate) corrections: Option<Corrections>,
    /// Per row of the frame its record's number.
    pub(crate) numbers: Vec<u32>,
    /// Per row of the frame its cluster.
    pub(crate) clusters: Vec<u32>,
    pub(crate) merge_threshold: f64,
    pub(crate) review_threshold: f64,
}

impl Explainer {
    /// Reads the records of a run, with the model that decided, the clusters that it found, and as which persons it
    /// counted the rows' values.
    pub fn new(
        records: &DataFrame,
        schema: &MatchSchema,
        model: &Model,
        (clusters, counted): (&[u32], &[u32]),
    ) -> Result<Self, LinkError> {
        let mut prepared = Records::read(records.clone(), schema)?;
        contacts::drop_junk(&mut prepared);
        let subjects = subjects(&prepared);
        let shipped = Weights::of_schema(schema, &subjects)?;
        let weights =
            if model.fits(&subjects, &prepared) { Weights::of_model(model, &subjects)? } else { shipped.clone() };
        let labels: Vec<u32> =
            prepared.rows.iter().map(|row| counted.get(*row as usize).copied().unwrap_or(*row)).collect();
        let believed = |slot| training::belief(&shipped, &subjects, slot);
        let frequencies = Frequencies::count(&prepared, believed, Some(&labels));
        Ok(Self {
            corrections: Corrections::of(schema.learned.as_ref(), &subjects, &prepared),
            table: WeightTable::new(&weights),
            numbers: prepared.numbers(),
            clusters: clusters.to_vec(),
            merge_threshold: model.merge_threshold,
            review_threshold: model.review_threshold,
            records: prepared,
            subjects,
            frequencies,
        })
    }

    /// Explains a pair of rows; `None` where one of them is not there.
    pub fn pair(&self, left: usize, right: usize) -> Option<Explanation> {
        let (one, other) = (*self.numbers.get(left)?, *self.numbers.get(right)?);
        let pattern = self.pattern(one, other);
        let odds = self.odds(pattern, (one, other));
        let steps = self.steps(pattern, (one, other));
        let together = self.clusters.get(left) == self.clusters.get(right);
        let mut explanation = self.summed(odds, steps, self.corrections.as_ref().map(|it| it.apply(odds, pattern)));
        explanation.together = together;
        explanation.tip = self.tip(pattern, (one, other), explanation.probability);
        Some(explanation)
    }

    /// The probability that two rows are one person, by the pair alone.
    pub fn probability(&self, left: usize, right: usize) -> Option<f64> {
        let pair = (*self.numbers.get(left)?, *self.numbers.get(right)?);
        let pattern = self.pattern(pair.0, pair.1);
        Some(self.corrected(pattern, pair).probabilities()[0])
    }

    /// What learning needs of a judged pair: its levels, and its weight without anything learnt.
    pub fn judged(&self, left: usize, right: usize, same: bool) -> Option<JudgedPair> {
        let pair = (*self.numbers.get(left)?, *self.numbers.get(right)?);
        let pattern = self.pattern(pair.0, pair.1);
        let odds = self.odds(pattern, pair);
        let levels = (0..self.subjects.len()).map(|place| (place, level_of(pattern, place)));
        Some(JudgedPair {
            rows: (pair.0, pair.1),
            same,
            weight: f64::from(odds.same) - against(f64::from(odds.household)),
            levels: levels.filter(|(_, level)| *level > 0).collect(),
            stratum: stratum_of(self, left, right),
        })
    }

    /// Learns corrections from judged pairs; `None` where they are too few. `drawn` is a sample of all pairs, which holds
    /// the weights where nobody judged. `made` says how, for the file's reader.
    pub fn learn(&self, pairs: &[JudgedPair], drawn: &Drawn, made: &str) -> Option<Lesson> {
        let unjudged = drawn.pairs.iter().filter_map(|pair| {
            let stratum = &drawn.strata[pair.stratum];
            let count = drawn.pairs.iter().filter(|other| other.stratum == pair.stratum).count();
            let judged = self.judged(pair.left as usize, pair.right as usize, false)?;
            Some(Anchor {
                stratum: stratum.name.clone(),
                pair: judged,
                stands_for: stratum.pairs as f64 / count as f64,
            })
        });
        let unjudged: Vec<Anchor> = unjudged.collect();
        let ladder = |(place, subject): (usize, &Subject)| Ladder {
            comparison: subject.title(&self.records).to_owned(),
            levels: (1_u8..)
                .zip(subject.levels())
                .map(|(level, name)| ((*name).to_owned(), f64::from(self.table.level(place, level).same)))
                .collect(),
        };
        let ladders: Vec<Ladder> = self.subjects.iter().enumerate().map(ladder).collect();
        learn(pairs, &unjudged, &ladders, made)
    }

    /// The comparisons of the run, each with its levels by growing agreement.
    pub fn levels(&self) -> Vec<(String, &'static [&'static str])> {
        let subjects = self.subjects.iter();
        subjects.map(|subject| (subject.title(&self.records).to_owned(), subject.levels())).collect()
    }

    pub(crate) fn pattern(&self, left: u32, right: u32) -> u64 {
        Comparer::unremembering(&self.records, &self.subjects).pattern(left, right)
    }

    /// The odds by the model alone.
    fn odds(&self, pattern: u64, (left, right): (u32, u32)) -> Odds {
        let pair = self.frequencies.pair(&self.records, left, right);
        let rarity = self.frequencies.of_pair(&self.subjects, pattern, pair);
        let odds = self.table.odds(pattern);
        Odds { same: odds.same + rarity.same, household: odds.household + rarity.household }
    }

    /// The odds with what judgements taught.
    pub(crate) fn corrected(&self, pattern: u64, pair: (u32, u32)) -> Odds {
        let odds = self.odds(pattern, pair);
        self.corrections.as_ref().map_or(odds, |corrections| corrections.apply(odds, pattern))
    }

    fn steps(&self, pattern: u64, (left, right): (u32, u32)) -> Vec<ExplanationStep> {
        let pair = self.frequencies.pair(&self.records, left, right);
        let together = self.frequencies.of_pair(&self.subjects, pattern, pair);
        let mut apart = 0.0;
        let mut steps: Vec<ExplanationStep> = Vec::with_capacity(self.subjects.len());
        for (place, subject) in self.subjects.iter().enumerate() {
            let level = level_of(pattern, place);
            let rarity = if level == 0 { Odds::default() } else { self.frequencies.of_level(*subject, level, pair) };
            apart += rarity.same;
            steps.push(ExplanationStep {
                comparison: subject.title(&self.records).to_owned(),
                level: level_name(*subject, level).to_owned(),
                weight: f64::from(self.table.level(place, level).same),
                rarity: f64::from(rarity.same),
                learned: self.corrections.as_ref().map_or(0.0, |it| it.level(place, level)),
            });
        }
        // What is told twice is shown with the mail address that tells it again; names that go together more often than chance
        // has it, with the first comparison of a name.
        let twice = f64::from(self.frequencies.told_twice_by(&self.subjects, pattern, pair));
        if let Some(place) = self.subjects.iter().position(|subject| *subject == Subject::Email) {
            steps[place].rarity -= twice;
            steps[0].rarity += twice;
        }
        if let Some(step) = steps.first_mut() {
            step.rarity += f64::from(together.same - apart);
        }
        steps
    }

    fn of_nothing(&self) -> Explanation {
        self.summed(self.table.prior(), Vec::new(), None)
    }

    fn summed(&self, odds: Odds, steps: Vec<ExplanationStep>, corrected: Option<Odds>) -> Explanation {
        let rest = against(f64::from(odds.household));
        let decided = corrected.unwrap_or(odds);
        let [probability, household, stranger] = decided.probabilities();
        let weight = f64::from(decided.same) - rest;
        let learned: f64 = steps.iter().map(|step| step.learned).sum();
        Explanation {
            prior: f64::from(self.table.prior().same),
            steps,
            housemates: -rest,
            calibration: f64::from(decided.same - odds.same) - learned,
            weight,
            probability,
            household,
            stranger,
            merge_threshold: self.merge_threshold,
            review_threshold: self.review_threshold,
            together: false,
            tip: None,
        }
    }
}

/// A level's name.
fn level_name(subject: Subject, level: u8) -> &'static str {
    level.checked_sub(1).and_then(|level| subject.levels().get(usize::from(level)).copied()).unwrap_or(MISSING)
}
