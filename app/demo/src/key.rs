//! Keys of records: unique, and silent about who is behind them.

use crate::chance::mix;
use crate::record::Source;

const MULTIPLIER: u64 = 40_503_001;
const MEMBERS: u64 = 89_999_999;
const ANSWERS: u64 = 899_999_981;
const LEADS: u64 = 999_999_937;

/// The key of a source's row; each number is given out once.
pub(crate) fn of(seed: u64, source: Source, number: u64) -> String {
    match source {
        Source::Membership => (10_000_000 + scattered(seed, number, MEMBERS)).to_string(),
        Source::Newsletter => format!("{:016x}", mix(number ^ mix(seed))),
        Source::Survey => (100_000 + scattered(seed, number, ANSWERS)).to_string(),
        Source::Leads => format!("L-{:09}", scattered(seed, number, LEADS)),
    }
}

/// A permutation of the numbers below a bound that shares no factor with the multiplier.
fn scattered(seed: u64, number: u64, bound: u64) -> u64 {
    (number % bound * MULTIPLIER % bound + mix(seed) % bound) % bound
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_has_a_key_of_its_own_in_every_source() {
        for source in Source::ALL {
            let keys: BTreeSet<String> = (0..300_000).map(|number| of(11, source, number)).collect();
            assert_eq!(keys.len(), 300_000, "{source:?}");
        }
    }

    #[test]
    fn the_multiplier_shares_no_factor_with_any_bound() {
        for bound in [MEMBERS, ANSWERS, LEADS] {
            let (mut left, mut right) = (MULTIPLIER, bound);
            while right > 0 {
                (left, right) = (right, left % right);
            }
            assert_eq!(left, 1, "{bound}");
        }
    }
}
