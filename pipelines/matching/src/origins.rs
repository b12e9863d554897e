//! Which given names go with which surnames: a mixture of a few origins, fitted to the names at hand.
//!
//! Hoang goes with Dung, and Çelik with Fatih: two records that share both share less than the two rarities say.
//! This is probabilistic latent semantic analysis (Hofmann, 1999) over pairs of names.

use rayon::prelude::*;

use crate::text::mix;

/// Origins that are told apart.
const ORIGINS: usize = 10;

/// Rounds of the fit; it need not settle, since only the rough shape counts.
const ROUNDS: u32 = 12;

/// The last rounds look at all names, the others at the names of so many pairs, about.
const LAST_ROUNDS: u32 = 2;
const SAMPLED_PAIRS: usize = 100_000;

/// How much of each origin is the mean of all, in names.
const SMOOTHING: f64 = 20.0;

/// A given name and a surname that go together, and in how many persons.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamePair {
    pub(crate) given: u32,
    pub(crate) surname: u32,
    pub(crate) count: f32,
    /// A hash of the surname's text: where the fit begins must not depend on the order in which names were met.
    pub(crate) seed: u64,
}

/// The fitted mixture.
pub(crate) struct Origins {
    shares: [f64; ORIGINS],
    given: Vec<[f32; ORIGINS]>,
    surnames: Vec<[f32; ORIGINS]>,
    /// Per name, the share of persons that have it as given name, and as surname.
    given_shares: Vec<f32>,
    surname_shares: Vec<f32>,
}

impl Origins {
    /// Fits the mixture; `names` is how many names there are.
    pub(crate) fn fit(pairs: &[NamePair], names: usize) -> Self {
        let mut origins = Self {
            shares: [1.0 / ORIGINS as f64; ORIGINS],
            given: Vec::new(),
            surnames: Vec::new(),
            given_shares: shares(pairs, names, |pair| pair.given),
            surname_shares: shares(pairs, names, |pair| pair.surname),
        };
        // Surnames are drawn, each with all its given names: what is learnt of these then says where the others belong.
        let one_of = (pairs.len() / SAMPLED_PAIRS).max(1) as u64;
        let drawn: Vec<NamePair> =
            pairs.par_iter().filter(|pair| mix(pair.seed, 11).is_multiple_of(one_of)).copied().collect();
        let mut weights: Vec<[f32; ORIGINS]> = drawn.par_iter().map(first_guess).collect();
        for _ in LAST_ROUNDS..ROUNDS {
            origins.learn(&drawn, &weights, names);
            weights = drawn.par_iter().map(|pair| origins.weigh(pair)).collect();
        }
        origins.learn(&drawn, &weights, names);
        for _ in 0..LAST_ROUNDS {
            weights = pairs.par_iter().map(|pair| origins.weigh(pair)).collect();
            origins.learn(pairs, &weights, names);
        }
        origins
    }

    /// How much more often the two go together than chance has it: at least about one.
    pub(crate) fn lift(&self, given: u32, surname: u32) -> f64 {
        let place = (given as usize, surname as usize);
        let (Some(given_parts), Some(surname_parts)) = (self.given.get(place.0), self.surnames.get(place.1)) else {
            return 1.0;
        };
        let together: f64 = self
            .shares
            .iter()
            .zip(given_parts.iter().zip(surname_parts))
            .map(|(share, (given, surname))| share * f64::from(*given) * f64::from(*surname))
            .sum();
        let apart = f64::from(self.given_shares[place.0]) * f64::from(self.surname_shares[place.1]);
        if apart > 0.0 && together > 0.0 { together / apart } else { 1.0 }
    }

    fn weigh(&self, pair: &NamePair) -> [f32; ORIGINS] {
        let (given, surname) = (&self.given[pair.given as usize], &self.surnames[pair.surname as usize]);
        let mut weights = [0.0; ORIGINS];
        let mut sum = 0.0;
        for origin in 0..ORIGINS {
            #[expect(clippy::cast_possible_truncation, reason = "a share needs no more than seven digits")]
            let share = self.shares[origin] as f32;
            weights[origin] = share * given[origin] * surname[origin] * 1e12;
            sum += weights[origin];
        }
        if sum > 0.0 { weights.map(|weight| weight / sum) } else { first_guess(pair) }
    }

    fn learn(&mut self, pairs: &[NamePair], weights: &[[f32; ORIGINS]], names: usize) {
        let mut totals = [0.0_f64; ORIGINS];
        for (pair, weights) in pairs.iter().zip(weights) {
            for (total, weight) in totals.iter_mut().zip(weights) {
                *total += f64::from(*weight * pair.count);
            }
        }
        let sum: f64 = totals.iter().sum();
        self.shares = totals.map(|total| total / sum.max(1.0));
        (self.given, self.surnames) = rayon::join(
            || learn_side(pairs, weights, (&self.given_shares, &totals), names, |pair| pair.given),
            || learn_side(pairs, weights, (&self.surname_shares, &totals), names, |pair| pair.surname),
        );
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a share needs no more than seven digits")]
fn learn_side(
    pairs: &[NamePair],
    weights: &[[f32; ORIGINS]],
    (shares, totals): (&[f32], &[f64; ORIGINS]),
    names: usize,
    name: fn(&NamePair) -> u32,
) -> Vec<[f32; ORIGINS]> {
    let mut side = vec![[0.0_f32; ORIGINS]; names];
    for (pair, weights) in pairs.iter().zip(weights) {
        for (sum, weight) in side[name(pair) as usize].iter_mut().zip(weights) {
            *sum += weight * pair.count;
        }
    }
    for (parts, share) in side.iter_mut().zip(shares) {
        for (part, total) in parts.iter_mut().zip(totals) {
            *part = ((f64::from(*part) + SMOOTHING * f64::from(*share)) / (total + SMOOTHING)) as f32;
        }
    }
    side
}

#[expect(clippy::cast_possible_truncation, reason = "a share needs no more than seven digits")]
fn shares(pairs: &[NamePair], names: usize, name: fn(&NamePair) -> u32) -> Vec<f32> {
    let mut sums = vec![0.0_f64; names];
    for pair in pairs {
        sums[name(pair) as usize] += f64::from(pair.count);
    }
    let total: f64 = sums.iter().sum();
    sums.into_iter().map(|sum| (sum / total.max(1.0)) as f32).collect()
}

/// Some origin by the surname's text, with a little of all others: the same in every run.
fn first_guess(pair: &NamePair) -> [f32; ORIGINS] {
    let mut weights = [0.5 / ORIGINS as f32; ORIGINS];
    #[expect(clippy::cast_possible_truncation, reason = "a remainder below ten")]
    let favourite = (mix(pair.seed, 5) % ORIGINS as u64) as usize;
    weights[favourite] += 0.5;
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_origin_go_together() {
        // Given names 1 to 20, surnames 21 to 40; the first half of each goes with the first half of the other.
        let mut pairs = Vec::new();
        for given in 1..=20_u32 {
            for surname in 21..=40_u32 {
                if (given <= 10) == (surname <= 30) && (given + surname) % 3 != 0 {
                    pairs.push(NamePair { given, surname, count: 4.0, seed: u64::from(surname) });
                }
            }
        }
        let origins = Origins::fit(&pairs, 41);
        assert!(origins.lift(1, 23) > 1.2, "a pair never seen, of one origin: {}", origins.lift(1, 23));
        assert!(origins.lift(1, 40) < 0.9, "a pair of two origins: {}", origins.lift(1, 40));
    }
}
