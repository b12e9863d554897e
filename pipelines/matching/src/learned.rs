//! What the stewards' judgements teach: corrections to the weights that leave the waterfall intact.
//!
//! A pair's weight `w` (log2 of the odds of one person against all else) becomes `slope · w + intercept + Σ δ`, with one
//! `δ` a level. This is logistic regression with the fitted weight as its offset: the slope and the intercept are Platt's
//! calibration (Platt 1999), and Gaussian priors hold the slope near 1 and the rest near 0, so that a few dozen
//! judgements move what they speak of and nothing else. Stewards see doubtful pairs, not a fair sample; a model of the
//! verdict *given* the comparison is not biased by that, as shares of levels counted on judged pairs would be. Where the
//! fitted weights grow from one level to the next, the corrected ones never fall (pool adjacent violators; Ayer et al.
//! 1955).

use kartei_schemas::matching::{Correction, Learned};
use serde::Serialize;

use crate::comparisons::{NO_LEVEL, Subject, level_of};
use crate::forest::Forest;
use crate::records::Records;
use crate::text::mix;
use crate::weights::Odds;

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
pub(crate) fn learn(pairs: &[JudgedPair], ladders: &[Ladder], made: &str) -> Option<Lesson> {
    let same = pairs.iter().filter(|pair| pair.same).count();
    let least = FEWEST_JUDGEMENTS / 4;
    if pairs.len() < FEWEST_JUDGEMENTS || same < least || pairs.len() - same < least {
        return None;
    }
    let folds = folds(pairs);
    let mut tested = Vec::with_capacity(pairs.len());
    for fold in 0..FOLDS {
        let apart: Vec<&JudgedPair> =
            pairs.iter().zip(&folds).filter(|(_, its)| **its != fold).map(|(pair, _)| pair).collect();
        let curve = Curve::fit(&apart, ladders);
        let held = pairs.iter().zip(&folds).filter(|(_, its)| **its == fold);
        tested.extend(held.map(|(pair, _)| (curve.weight(pair), pair.same)));
    }
    let all: Vec<&JudgedPair> = pairs.iter().collect();
    Some(Lesson {
        learned: Curve::fit(&all, ladders).learned(ladders, made),
        before: fitness(pairs.iter().map(|pair| (pair.weight, pair.same))),
        after: fitness(tested.into_iter()),
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

/// The curve that is fitted: slope, intercept, and one correction a level.
struct Curve {
    slope: f64,
    intercept: f64,
    levels: Vec<[f64; 16]>,
}

impl Curve {
    fn fit(pairs: &[&JudgedPair], ladders: &[Ladder]) -> Self {
        let mut counts = vec![[0_usize; 16]; ladders.len()];
        for (place, level) in pairs.iter().flat_map(|pair| &pair.levels) {
            counts[*place][usize::from(*level)] += 1;
        }
        let mut places = vec![[0_usize; 16]; ladders.len()];
        let mut unknowns = 2;
        for (counts, places) in counts.iter().zip(&mut places) {
            for (count, place) in counts.iter().zip(places.iter_mut()).skip(1) {
                if *count >= FEWEST_PAIRS {
                    *place = unknowns;
                    unknowns += 1;
                }
            }
        }
        let features = |pair: &JudgedPair| {
            let mut row = vec![(0, pair.weight.clamp(-MOST_WEIGHT, MOST_WEIGHT)), (1, 1.0)];
            let levels = pair.levels.iter().map(|(place, level)| (places[*place][usize::from(*level)], 1.0));
            row.extend(levels.filter(|(place, _)| *place > 0));
            row
        };
        let rows: Vec<(Vec<(usize, f64)>, bool)> = pairs.iter().map(|pair| (features(pair), pair.same)).collect();
        let found = newton(&rows, unknowns);
        let mut curve =
            Self { slope: found[0].clamp(0.1, 3.0), intercept: found[1], levels: vec![[0.0; 16]; ladders.len()] };
        for (place, ladder) in ladders.iter().enumerate() {
            for (bits, unknown) in curve.levels[place].iter_mut().zip(&places[place]) {
                if *unknown > 0 {
                    *bits = found[*unknown].clamp(-MOST_CORRECTION, MOST_CORRECTION);
                }
            }
            curve.keep_order(place, ladder, &counts[place]);
        }
        curve
    }

    /// Where the weights grow, the corrected ones do not fall.
    fn keep_order(&mut self, place: usize, ladder: &Ladder, counts: &[usize; 16]) {
        let base: Vec<f64> = ladder.levels.iter().map(|(_, weight)| *weight).take(15).collect();
        let mut start = 0;
        while start < base.len() {
            let mut end = start + 1;
            while end < base.len() && base[end] >= base[end - 1] {
                end += 1;
            }
            let wanted: Vec<(f64, f64)> = (start..end)
                .map(|level| (base[level] * self.slope + self.levels[place][level + 1], counts[level + 1] as f64 + 0.5))
                .collect();
            for (level, value) in (start..end).zip(pooled(&wanted)) {
                self.levels[place][level + 1] =
                    (value - base[level] * self.slope).clamp(-MOST_CORRECTION, MOST_CORRECTION);
            }
            start = end;
        }
    }

    fn weight(&self, pair: &JudgedPair) -> f64 {
        let levels = pair.levels.iter().map(|(place, level)| self.levels[*place][usize::from(*level)]);
        self.slope * pair.weight + self.intercept + levels.sum::<f64>()
    }

    fn learned(&self, ladders: &[Ladder], made: &str) -> Learned {
        let round = |bits: f64| (bits * 1000.0).round() / 1000.0;
        let mut corrections = Vec::new();
        for (ladder, levels) in ladders.iter().zip(&self.levels) {
            for ((name, _), bits) in ladder.levels.iter().zip(&levels[1..]) {
                if bits.abs() >= 0.05 {
                    let comparison = ladder.comparison.clone();
                    corrections.push(Correction { comparison, level: name.clone(), bits: round(*bits) });
                }
            }
        }
        Learned { made: made.to_owned(), slope: round(self.slope), intercept: round(self.intercept), corrections }
    }
}

/// Values that never fall, as near to the wanted ones as can be, each with its weight.
fn pooled(wanted: &[(f64, f64)]) -> Vec<f64> {
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (value, weight) in wanted {
        blocks.push((*value, *weight, 1));
        while let [.., before, last] = blocks.as_slice()
            && before.0 > last.0
        {
            let weight = before.1 + last.1;
            let joined = ((before.0 * before.1 + last.0 * last.1) / weight, weight, before.2 + last.2);
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    blocks.into_iter().flat_map(|(value, _, count)| std::iter::repeat_n(value, count)).collect()
}

fn sigmoid(bits: f64) -> f64 {
    1.0 / (1.0 + (-bits).exp2())
}

/// Newton's method on the penalised likelihood, which is concave: a few steps reach its top.
fn newton(rows: &[(Vec<(usize, f64)>, bool)], unknowns: usize) -> Vec<f64> {
    let prior = |place: usize| match place {
        0 => (1.0, SLOPE_DEVIATION),
        1 => (0.0, INTERCEPT_DEVIATION),
        _ => (0.0, CORRECTION_DEVIATION),
    };
    let mut values: Vec<f64> = (0..unknowns).map(|place| prior(place).0).collect();
    for _ in 0..50 {
        let mut gradient = vec![0.0; unknowns];
        let mut curvature = vec![0.0; unknowns * unknowns];
        for place in 0..unknowns {
            let (mean, deviation) = prior(place);
            gradient[place] = (mean - values[place]) / deviation.powi(2);
            curvature[place * unknowns + place] = deviation.powi(-2);
        }
        for (row, same) in rows {
            let bits: f64 = row.iter().map(|(place, value)| values[*place] * value).sum();
            let probability = sigmoid(bits);
            let slope = std::f64::consts::LN_2 * (f64::from(u8::from(*same)) - probability);
            let bend = std::f64::consts::LN_2.powi(2) * probability * (1.0 - probability);
            for (place, value) in row {
                gradient[*place] += slope * value;
                for (other, other_value) in row {
                    curvature[*place * unknowns + other] += bend * value * other_value;
                }
            }
        }
        let step = solve(curvature, gradient, unknowns);
        let longest = step.iter().fold(0.0_f64, |longest, step| longest.max(step.abs()));
        let damping = if longest > 2.0 { 2.0 / longest } else { 1.0 };
        for (value, step) in values.iter_mut().zip(&step) {
            *value += damping * step;
        }
        if longest < 1e-9 {
            break;
        }
    }
    values
}

/// Solves a symmetric, positive definite system by elimination; no pivot is needed for such a one.
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>, size: usize) -> Vec<f64> {
    for pivot in 0..size {
        for row in pivot + 1..size {
            let factor = matrix[row * size + pivot] / matrix[pivot * size + pivot];
            for column in pivot..size {
                matrix[row * size + column] -= factor * matrix[pivot * size + column];
            }
            right[row] -= factor * right[pivot];
        }
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|column| matrix[row * size + column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row * size + row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder() -> Vec<Ladder> {
        let level = |name: &str, weight: f64| (name.to_owned(), weight);
        let levels = vec![level("different", -6.0), level("near", 2.0), level("exact", 5.0)];
        vec![Ladder { comparison: "birth_date".to_owned(), levels }]
    }

    /// Pairs whose `near` dates are, against their weight, mostly two persons.
    fn judged(count: u32) -> Vec<JudgedPair> {
        let pair = |number: u32| {
            let level = u8::try_from(number % 3 + 1).unwrap();
            let base = [-6.0, 2.0, 5.0][usize::from(level) - 1];
            let same = match level {
                1 => false,
                2 => number.is_multiple_of(5),
                _ => true,
            };
            JudgedPair { rows: (2 * number, 2 * number + 1), same, weight: base, levels: vec![(0, level)] }
        };
        (0..count).map(pair).collect()
    }

    #[test]
    fn a_few_judgements_teach_nothing_and_some_dozens_mend_the_level_that_was_wrong() {
        assert_eq!(learn(&judged(20), &ladder(), ""), None);
        let lesson = learn(&judged(90), &ladder(), "from a test").unwrap();
        assert!(lesson.is_better(), "{lesson:?}");
        let near = lesson.learned.corrections.iter().find(|correction| correction.level == "near").unwrap();
        assert!(near.bits < -1.0, "{lesson:?}");
    }

    #[test]
    fn verdicts_that_follow_the_weights_change_next_to_nothing() {
        let mut pairs = judged(90);
        for (number, pair) in pairs.iter_mut().enumerate() {
            // The weights give 1/65, 4/5 and 32/33.
            pair.same = match pair.levels[0].1 {
                1 => false,
                2 => !number.is_multiple_of(5),
                _ => true,
            };
        }
        let lesson = learn(&pairs, &ladder(), "").unwrap();
        assert!(lesson.learned.corrections.iter().all(|correction| correction.bits.abs() < 1.0), "{lesson:?}");
        assert!((0.7..1.4).contains(&lesson.learned.slope), "{lesson:?}");
    }

    #[test]
    fn corrected_weights_keep_their_order() {
        let mut pairs = judged(120);
        for pair in &mut pairs {
            // The wrong way round: full agreement is said to be two persons, a near date to be one.
            pair.same = pair.levels[0].1 == 2;
        }
        let ladders = ladder();
        let all: Vec<&JudgedPair> = pairs.iter().collect();
        let curve = Curve::fit(&all, &ladders);
        let corrected: Vec<f64> = ladders[0]
            .levels
            .iter()
            .zip(&curve.levels[0][1..])
            .map(|((_, weight), bits)| weight * curve.slope + bits)
            .collect();
        assert!(corrected.is_sorted(), "{corrected:?}");
    }

    #[test]
    fn pooling_joins_what_falls_and_leaves_what_grows() {
        assert_eq!(pooled(&[(1.0, 1.0), (3.0, 1.0), (2.0, 3.0), (5.0, 1.0)]), [1.0, 2.25, 2.25, 5.0]);
    }

    #[test]
    fn corrections_move_the_weight_by_what_they_say() {
        let corrections = Corrections { slope: 0.5, intercept: 1.0, levels: vec![[0.25; 16]] };
        let odds = Odds { same: 10.0, household: 3.0 };
        let before = f64::from(odds.weight());
        let after = f64::from(corrections.apply(odds, 1).weight());
        assert!((after - (0.5 * before + 1.25)).abs() < 1e-3, "{before} {after}");
    }
}
