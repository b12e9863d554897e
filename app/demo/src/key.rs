//! Keys of records: unique, and silent about who is behind them.

use crate::chance::mix;
use crate::record::Source;

/// The key of a source's row; each number is given out once.
pub(crate) fn of(seed: u64, source: Source, number: u64) -> String {
    match source {
        Source::Membership => (10_000_000 + scattered(seed, number, 89_999_999)).to_string(),
        Source::Newsletter => format!("{:016x}", mix(number ^ mix(seed))),
        Source::Survey => (100_000 + scattered(seed, number, 899_999_981)).to_string(),
        Source::Leads => format!("L-{:09}", scattered(seed, number, 999_999_937)),
    }
}

/// A permutation of the numbers below a bound that shares no factor with the multiplier.
fn scattered(seed: u64, number: u64, bound: u64) -> u64 {
    (number % bound * 40_503_001 % bound + mix(seed) % bound) % bound
}
