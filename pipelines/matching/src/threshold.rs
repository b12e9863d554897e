//! The merge threshold without labels: the one whose clusters the model itself expects to be best.
//!
//! Two groups are one person or they are not, all their pairs at once, and the mean weight of these pairs says how
//! probably. So the F1 that the clusters of each threshold will have can be expected without any truth, and the best be taken.
//! Where the probabilities are right that is half of the F1 reached (Lipton, Elkan and Naryanaswamy 2014).

use rayon::prelude::*;

use crate::clusters::{Merge, probability_of};

/// The lowest threshold that is considered, and the highest, as probabilities. Below even odds nothing is merged, whatever
/// F1 it promises: a wrong merge harms people, and where many are in doubt the probabilities are too. Beyond the highest it is
/// the probabilities that are doubtful, and not the clusters.
const LOWEST: f64 = 0.5;
const HIGHEST: f64 = 0.6;

/// At this threshold, in bits, the merges come about from which one is chosen.
pub(crate) const EARLIEST: f32 = -2.0;

/// Another threshold must promise so much more F1 than the one that was kept: what it promises is not known more exactly, and
/// each change makes persons of two and two of one for nothing.
const LEAST_GAIN: f64 = 0.002;

/// The threshold as a probability. `merges` came about at [`EARLIEST`], without habit; `kept` is the threshold of the run before.
pub(crate) fn choose(merges: &[Merge], kept: Option<f64>) -> f64 {
    let mut merges = merges.to_vec();
    merges
        .par_sort_unstable_by(|left, right| right.mean.total_cmp(&left.mean).then(right.pairs.total_cmp(&left.pairs)));
    let expected = |merge: &Merge| f64::from(merge.pairs) * f64::from(probability_of(merge.mean));
    let in_all: f64 = merges.iter().map(expected).sum();
    let (mut right_pairs, mut pairs) = (0.0, 0.0);
    let (mut best, mut promised_by_kept) = ((0.0, LOWEST), 0.0);
    for merge in &merges {
        right_pairs += expected(merge);
        pairs += f64::from(merge.pairs);
        let f1 = 2.0 * right_pairs / (pairs + in_all);
        let threshold = f64::from(probability_of(merge.mean));
        if f1 > best.0 {
            best = (f1, threshold);
        }
        if kept.is_some_and(|kept| threshold >= kept) {
            promised_by_kept = f1;
        }
    }
    match kept.filter(|kept| (LOWEST..=HIGHEST).contains(kept)) {
        Some(kept) if best.0 - promised_by_kept <= LEAST_GAIN => kept,
        // In whole hundredths of a percent: what is written down is read again as the same number.
        _ => (best.1.clamp(LOWEST, HIGHEST) * 10_000.0).floor() / 10_000.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merges(means: &[(usize, f32)]) -> Vec<Merge> {
        let several =
            |&(count, mean): &(usize, f32)| std::iter::repeat_n(Merge { left: 0, right: 1, mean, pairs: 1.0 }, count);
        means.iter().flat_map(several).collect()
    }

    #[test]
    fn merges_that_are_more_likely_wrong_than_right_stay_out() {
        let threshold = choose(&merges(&[(100, 9.0), (100, -1.5)]), None);
        assert!((threshold - HIGHEST).abs() < 1e-9, "{threshold}");
    }

    #[test]
    fn merges_that_are_as_likely_right_as_wrong_come_in() {
        assert!(choose(&merges(&[(100, 9.0), (100, 0.0)]), None) <= 0.5);
    }

    #[test]
    fn without_any_merge_the_threshold_is_even_odds() {
        assert!((choose(&[], None) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_threshold_of_before_is_kept_unless_another_one_promises_clearly_more() {
        let about_even = merges(&[(1000, 9.0), (2, 0.4)]);
        assert!((choose(&about_even, Some(0.52)) - 0.52).abs() < 1e-9);
        assert!((choose(&about_even, Some(0.6)) - 0.6).abs() < 1e-9, "two merges of a thousand are not worth a change");
        let many = merges(&[(100, 9.0), (100, 0.4)]);
        let chosen = choose(&many, Some(0.6));
        assert!((0.5..0.57).contains(&chosen), "{chosen}");
        assert!((choose(&many, Some(chosen)) - chosen).abs() < 1e-12, "what was chosen is chosen again");
    }
}
