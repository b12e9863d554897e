//! Precision and recall from the answers to a stratified sample, with intervals.

use serde::Serialize;

/// Draws from which the intervals are read.
const DRAWS: usize = 4_000;

/// The answers of one stratum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answers {
    /// The stratum's name.
    pub stratum: String,
    /// Whether its pairs stand in one cluster.
    pub together: bool,
    /// All pairs that belong to it.
    pub pairs: u64,
    /// Sampled pairs that are one person.
    pub same: u64,
    /// Sampled pairs that are two.
    pub different: u64,
    /// Sampled pairs of which nobody could tell; they count for nothing.
    pub unsure: u64,
}

/// A share with the interval that holds it in 95 of 100 cases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// The estimate.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What the answers say of all pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Pairs that are one person, of those that stand together; none where no such pair was judged.
    pub precision: Option<Share>,
    /// Pairs that stand together, of the candidate pairs that are one person. Pairs that no key formed are not seen.
    pub recall: Option<Share>,
    /// Harmonic mean of both.
    pub f1: Option<Share>,
    /// Wrong pairs among those that stand together.
    pub wrong_pairs: f64,
    /// Right pairs among those that do not.
    pub missed_pairs: f64,
    /// Answers used.
    pub answers: u64,
}

/// Estimates precision and recall.
///
/// The estimates weigh each stratum by its pairs (the stratified estimator; Cochran, Sampling Techniques, 1977, chapter
/// 5). For the intervals the share of each stratum is drawn from its Jeffreys posterior, Beta(same + ½, different + ½)
/// (Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion, 2001), which stays honest where all answers
/// of a stratum are alike, and the quantiles of precision, recall and F1 over all draws are taken. The same answers
/// give the same intervals.
pub fn estimate(answers: &[Answers]) -> Estimate {
    let judged: Vec<&Answers> = answers.iter().filter(|stratum| stratum.same + stratum.different > 0).collect();
    let point = |stratum: &Answers| stratum.same as f64 / (stratum.same + stratum.different) as f64;
    let shares: Vec<f64> = judged.iter().map(|stratum| point(stratum)).collect();
    let [precision, recall, f1] = measures(&judged, &shares);
    let mut chance = Chance::new(20_261_125);
    let mut draws: [Vec<f64>; 3] = std::array::from_fn(|_| Vec::with_capacity(DRAWS));
    for _ in 0..DRAWS {
        let shares: Vec<f64> = judged
            .iter()
            .map(|stratum| chance.beta(stratum.same as f64 + 0.5, stratum.different as f64 + 0.5))
            .collect();
        for (draws, measure) in draws.iter_mut().zip(measures(&judged, &shares)) {
            draws.push(measure);
        }
    }
    let has_together = judged.iter().any(|stratum| stratum.together);
    let has_apart = judged.iter().any(|stratum| !stratum.together);
    let [of_precision, of_recall, of_f1] = draws;
    let weighed = |together: bool, wrong: bool| {
        let strata = judged.iter().zip(&shares).filter(|(stratum, _)| stratum.together == together);
        strata.map(|(stratum, share)| stratum.pairs as f64 * if wrong { 1.0 - share } else { *share }).sum()
    };
    Estimate {
        precision: has_together.then(|| Share::of(precision, of_precision)),
        recall: (has_together && has_apart).then(|| Share::of(recall, of_recall)),
        f1: (has_together && has_apart).then(|| Share::of(f1, of_f1)),
        wrong_pairs: weighed(true, true),
        missed_pairs: weighed(false, false),
        answers: judged.iter().map(|stratum| stratum.same + stratum.different).sum(),
    }
}

/// Precision, recall and F1 where each stratum has this share of pairs that are one person.
fn measures(strata: &[&Answers], shares: &[f64]) -> [f64; 3] {
    let (mut found, mut right, mut missed) = (0.0, 0.0, 0.0);
    for (stratum, share) in strata.iter().zip(shares) {
        let pairs = stratum.pairs as f64;
        if stratum.together {
            found += pairs;
            right += pairs * share;
        } else {
            missed += pairs * share;
        }
    }
    let of = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 1.0 };
    let (precision, recall) = (of(right, found), of(right, right + missed));
    [precision, recall, of(2.0 * precision * recall, precision + recall)]
}

impl Share {
    fn of(value: f64, mut draws: Vec<f64>) -> Self {
        draws.sort_by(f64::total_cmp);
        let at = |thousandth: usize| draws[(draws.len() - 1) * thousandth / 1000];
        Self { value, low: at(25).min(value), high: at(975).max(value) }
    }
}

/// The number in this place of the sequence that a seed begins (SplitMix64; Steele, Lea and Flood 2014).
pub(crate) const fn scrambled(seed: u64, place: u64) -> u64 {
    let mut mixed = seed.wrapping_add(place.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Chance that comes out the same each time.
struct Chance {
    seed: u64,
    drawn: u64,
}

impl Chance {
    fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Between 0 and 1, without either end.
    fn even(&mut self) -> f64 {
        self.drawn += 1;
        ((scrambled(self.seed, self.drawn) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.even().ln()).sqrt() * (std::f64::consts::TAU * self.even()).cos()
    }

    /// Marsaglia and Tsang, A Simple Method for Generating Gamma Variables, 2000.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.even().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.even().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    fn beta(&mut self, one: f64, other: f64) -> f64 {
        let (one, other) = (self.gamma(one), self.gamma(other));
        one / (one + other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stratum(together: bool, pairs: u64, same: u64, different: u64) -> Answers {
        Answers { stratum: String::new(), together, pairs, same, different, unsure: 0 }
    }

    #[test]
    fn strata_count_by_their_pairs_not_by_their_answers() {
        let answers = [stratum(true, 900, 20, 0), stratum(true, 100, 10, 10), stratum(false, 500, 1, 9)];
        let estimate = estimate(&answers);
        assert!((estimate.precision.unwrap().value - 0.95).abs() < 1e-9);
        assert!((estimate.recall.unwrap().value - 0.95).abs() < 1e-9);
        assert_eq!((estimate.wrong_pairs, estimate.missed_pairs, estimate.answers), (50.0, 50.0, 50));
    }

    #[test]
    fn answers_that_are_all_alike_still_leave_a_doubt() {
        let precision = estimate(&[stratum(true, 1000, 30, 0)]).precision.unwrap();
        assert!(precision.value > 0.999_999 && precision.low < 0.95 && precision.low > 0.85, "{precision:?}");
    }

    #[test]
    fn what_was_not_judged_is_not_estimated() {
        let nothing = estimate(&[stratum(true, 1000, 0, 0)]);
        assert_eq!((nothing.precision, nothing.recall, nothing.answers), (None, None, 0));
        assert_eq!(estimate(&[stratum(true, 10, 5, 0)]).recall, None);
    }

    /// Of 400 samples from known strata the intervals hold the truth about as often as they say.
    #[test]
    fn the_intervals_hold_the_truth_as_often_as_they_say() {
        let truth = [(true, 5_000_u64, 0.99), (true, 800, 0.8), (false, 900, 0.3), (false, 20_000, 0.01)];
        let strata: Vec<Answers> = truth.iter().map(|(together, pairs, _)| stratum(*together, *pairs, 0, 0)).collect();
        let references: Vec<&Answers> = strata.iter().collect();
        let shares: Vec<f64> = truth.iter().map(|(_, _, share)| *share).collect();
        let [precision, recall, _] = measures(&references, &shares);
        let mut chance = Chance::new(7);
        let (mut precision_held, mut recall_held) = (0, 0);
        for _ in 0..400 {
            let answers: Vec<Answers> = truth
                .iter()
                .map(|(together, pairs, share)| {
                    let same = (0..60).filter(|_| chance.even() < *share).count() as u64;
                    stratum(*together, *pairs, same, 60 - same)
                })
                .collect();
            let estimate = estimate(&answers);
            let holds = |share: Option<Share>, truth: f64| share.is_some_and(|it| it.low <= truth && truth <= it.high);
            precision_held += u32::from(holds(estimate.precision, precision));
            recall_held += u32::from(holds(estimate.recall, recall));
        }
        assert!(precision_held >= 364 && recall_held >= 364, "{precision_held} and {recall_held} of 400");
    }
}
