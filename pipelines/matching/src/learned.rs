//! What the stewards' judgements teach: corrections to the weights that leave the waterfall intact.
//!
//! A pair's weight `w` (log2 of the odds of one person against all else) becomes `slope · w + intercept + Σ δ`, with one
//! `δ` a level. This is logistic regression with the fitted weight as its offset: the slope and the intercept are Platt's
//! calibration (Platt 1999), and Gaussian priors hold the slope near 1 and the rest near 0, so that a few dozen
//! judgements move what they speak of and nothing else. Stewards see doubtful pairs, not a fair sample: among the probable
//! pairs they are asked only about those that the clusters kept apart. So each judged pair stands for its share of its
//! stratum, and strata that nobody judged are held where they are by pairs that count as the run has them. Where the
//! fitted weights grow from one level to the next, the corrected ones never fall (pool adjacent violators; Ayer et al.
//! 1955).

mod curve;

use kartei_schemas::matching::Learned;
use serde::Serialize;

use crate::comparisons::{NO_LEVEL, Subject, level_of};
use crate::forest::Forest;
use crate::records::Records;
use crate::text::mix;
use crate::weights::Odds;
use curve::Curve;

/// Fewer judgements than this, or fewer than a quarter of it of either verdict, teach nothing.
pub const FEWEST_JUDGEMENTS: usize = 30;

/// Standard deviations of the priors: of the slope, of the intercept and of a level's correction, the last two in bits.
const SLOPE_DEVIATION: f64 = 0.25;
const INTERCEPT_DEVIATION: f64 = 1.5;
const CORRECTION_DEVIATION: f64 = 1.0;

/// No correction is larger, in bits.
const MOST_CORRECTION: f64 = 6.0;

/// No weight counts for more while learning, in bits: beyond, a pair is decided anyhow.
const MOST_WEIGHT: f64 = 16.0;

/// Parts of the cross-validation.
const FOLDS: u64 = 5;

/// A level that fewer judged pairs show is not corrected.
const FEWEST_PAIRS: usize = 4;

/// Corrections as they are applied to the odds of every pair.
pub(crate) struct Corrections {
    slope: f64,
    intercept: f64,
    levels: Vec<[f64; 16]>,
}

impl Corrections {
    /// The corrections of the schema for the comparisons of a run; none where nothing was learnt. Comparisons and levels
    /// that the records do not have are left aside.
    pub(crate) fn of(learned: Option<&Learned>, subjects: &[Subject], records: &Records) -> Option<Self> {
        let learned = learned?;
        let mut levels = vec![[0.0; 16]; subjects.len()];
        for correction in &learned.corrections {
            let place = subjects.iter().position(|subject| subject.title(records) == correction.comparison);
            let Some(place) = place else { continue };
            let level = subjects[place].levels().iter().position(|level| *level == correction.level);
            if let Some(level) = level {
                levels[place][level + 1] = correction.bits.clamp(-MOST_CORRECTION, MOST_CORRECTION);
            }
        }
        Some(Self { slope: learned.slope.clamp(0.1, 3.0), intercept: learned.intercept, levels })
    }

    /// What one level is corrected by.
    pub(crate) fn level(&self, comparison: usize, level: u8) -> f64 {
        if level == NO_LEVEL { 0.0 } else { self.levels[comparison][usize::from(level)] }
    }

    /// The corrected odds of a pair: the household's against strangers stay as they are.
    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than seven digits")]
    pub(crate) fn apply(&self, odds: Odds, pattern: u64) -> Odds {
        let rest = against(f64::from(odds.household));
        let weight = f64::from(odds.same) - rest;
        let corrected = self.slope * weight + self.intercept + self.sum(pattern);
        Odds { same: (corrected + rest) as f32, household: odds.household }
    }

    fn sum(&self, pattern: u64) -> f64 {
        let levels = self.levels.iter().enumerate();
        levels.map(|(place, bits)| bits[usize::from(level_of(pattern, place))]).sum()
    }
}

/// log2 of the odds of a household or strangers against strangers alone.
pub(crate) fn against(household: f64) -> f64 {
    if household > 60.0 { household } else { household.exp2().ln_1p() / std::f64::consts::LN_2 }
}

/// A judged pair, as learning sees it.
#[derive(Debug, Clone)]
pub struct JudgedPair {
    /// The rows of the records; pairs that share records are never parted between learning and testing.
    pub rows: (u32, u32),
    /// Whether a steward said that they are one person.
    pub same: bool,
    /// The weight without anything learnt, in bits.
    pub weight: f64,
    /// Comparison and level of each step, levels counted from 1; missing ones left out.
    pub levels: Vec<(usize, u8)>,
    /// The stratum of the sample to which the pair belongs; none where it is too improbable.
    pub stratum: Option<String>,
}

/// A pair that nobody judged: it counts as its weight has it, for all pairs of its stratum that it stands for.
pub(crate) struct Anchor {
    pub(crate) stratum: String,
    pub(crate) pair: JudgedPair,
    pub(crate) stands_for: f64,
}

/// So many judged pairs speak for their stratum; with fewer, pairs that nobody judged hold it.
const SPEAK_FOR_STRATUM: usize = 10;

/// No judged pair stands for more pairs.
const MOST_STANDS_FOR: f64 = 10.0;

/// A pair as it enters the fit: what it is held to be, and for how many pairs it counts.
struct Example<'a> {
    pair: &'a JudgedPair,
    belief: f64,
    count: f64,
}

/// How well probabilities fit verdicts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Fitness {
    /// Mean of −log2 of the probability that was given to what the steward said.
    pub log_loss: f64,
    /// Mean squared difference between probability and verdict (Brier 1950).
    pub brier: f64,
    /// Pairs on the wrong side of one half.
    pub wrong: u64,
    /// Pairs.
    pub pairs: u64,
}

/// What was learnt, and whether it is any better.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// The corrections.
    pub learned: Learned,
    /// How the weights fit as they are.
    pub before: Fitness,
    /// How corrected ones fit pairs that they were not learnt from, by five-fold cross-validation.
    pub after: Fitness,
}

impl Lesson {
    /// Whether the corrections pay on pairs that they were not learnt from.
    pub fn is_better(&self) -> bool {
        self.after.log_loss < self.before.log_loss && self.after.wrong <= self.before.wrong + self.before.pairs / 50
    }
}

/// The names of comparisons and levels, and the weights that hold the corrected ones in order.
pub(crate) struct Ladder {
    pub(crate) comparison: String,
    pub(crate) levels: Vec<(String, f64)>,
}

/// How weights as they are fit verdicts.
pub fn fitness(pairs: impl Iterator<Item = (f64, bool)>) -> Fitness {
    let mut fitness = Fitness::default();
    for (weight, same) in pairs {
        let probability = sigmoid(weight);
        let given = if same { probability } else { 1.0 - probability };
        fitness.log_loss -= given.max(1e-6).log2();
        fitness.brier += (1.0 - given).powi(2);
        fitness.wrong += u64::from(given < 0.5);
        fitness.pairs += 1;
    }
    let count = (fitness.pairs as f64).max(1.0);
    Fitness { log_loss: fitness.log_loss / count, brier: fitness.brier / count, ..fitness }
}

/// Learns from judged pairs; `None` where they are too few.
pub(crate) fn learn(pairs: &[JudgedPair], anchors: &[Anchor], ladders: &[Ladder], made: &str) -> Option<Lesson> {
    let same = pairs.iter().filter(|pair| pair.same).count();
    let least = FEWEST_JUDGEMENTS / 4;
    if pairs.len() < FEWEST_JUDGEMENTS || same < least || pairs.len() - same < least {
        return None;
    }
    let counts = counts(pairs, anchors);
    let judged = |wanted: &dyn Fn(usize) -> bool| -> Vec<Example<'_>> {
        let chosen = pairs.iter().enumerate().filter(|(place, _)| wanted(*place));
        let examples =
            chosen.map(|(place, pair)| Example { pair, belief: f64::from(u8::from(pair.same)), count: counts[place] });
        examples.chain(held(pairs, anchors)).collect()
    };
    let folds = folds(pairs);
    let mut tested = Vec::with_capacity(pairs.len());
    for fold in 0..FOLDS {
        let curve = Curve::fit(&judged(&|place| folds[place] != fold), ladders);
        let held_out = pairs.iter().zip(&folds).filter(|(_, its)| **its == fold);
        tested.extend(held_out.map(|(pair, _)| (curve.weight(pair), pair.same)));
    }
    Some(Lesson {
        learned: Curve::fit(&judged(&|_| true), ladders).learned(ladders, made),
        before: fitness(pairs.iter().map(|pair| (pair.weight, pair.same))),
        after: fitness(tested.into_iter()),
    })
}

fn judged_in(pairs: &[JudgedPair], stratum: Option<&str>) -> usize {
    pairs.iter().filter(|pair| pair.stratum.as_deref() == stratum).count()
}

/// For how many pairs each judged one counts: an even share of its stratum, and never less than itself.
fn counts(pairs: &[JudgedPair], anchors: &[Anchor]) -> Vec<f64> {
    let share = |pair: &JudgedPair| {
        let of_stratum = anchors.iter().filter(|anchor| Some(&anchor.stratum) == pair.stratum.as_ref());
        let whole: f64 = of_stratum.map(|anchor| anchor.stands_for).sum();
        let judged = judged_in(pairs, pair.stratum.as_deref());
        if judged < SPEAK_FOR_STRATUM { 1.0 } else { (whole / judged as f64).clamp(1.0, MOST_STANDS_FOR) }
    };
    pairs.iter().map(share).collect()
}

/// The pairs that hold strata for which too few judged ones speak.
fn held<'a>(pairs: &'a [JudgedPair], anchors: &'a [Anchor]) -> impl Iterator<Item = Example<'a>> {
    let silent = move |anchor: &&Anchor| judged_in(pairs, Some(&anchor.stratum)) < SPEAK_FOR_STRATUM;
    anchors.iter().filter(silent).map(|anchor| Example {
        pair: &anchor.pair,
        belief: sigmoid(anchor.pair.weight),
        count: anchor.stands_for,
    })
}

/// Pairs that hang together by their records go into one part.
fn folds(pairs: &[JudgedPair]) -> Vec<u64> {
    let mut rows: Vec<u32> = pairs.iter().flat_map(|pair| [pair.rows.0, pair.rows.1]).collect();
    rows.sort_unstable();
    rows.dedup();
    let place = |row: u32| u32::try_from(rows.binary_search(&row).unwrap_or(0)).unwrap_or(0);
    let mut forest = Forest::new(rows.len());
    for pair in pairs {
        forest.join(place(pair.rows.0), place(pair.rows.1));
    }
    let labels = forest.labels();
    pairs.iter().map(|pair| mix(u64::from(labels[place(pair.rows.0) as usize]), 41) % FOLDS).collect()
}

fn sigmoid(bits: f64) -> f64 {
    1.0 / (1.0 + (-bits).exp2())
}

#[cfg(test)]
mod tests;
