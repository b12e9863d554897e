//! What is usual for a job, found from its own history, so that what is not stands out.

use serde::{Deserialize, Serialize};

/// Fewer values than this say nothing about what is usual.
const ENOUGH: usize = 8;
/// How many robust standard deviations from the median are still usual.
const DEVIATIONS: f64 = 4.0;
/// A median absolute deviation is this part of a standard deviation where values are normally distributed.
const NORMAL: f64 = 1.482_6;
/// A quarter more or less than the median is usual at any rate: a job that always takes the same must not cry wolf.
const AT_LEAST: f64 = 0.25;

/// The values between which a job usually is.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
pub struct Band {
    /// The middle of the values seen.
    pub median: f64,
    /// Less is unusual.
    pub low: f64,
    /// More is unusual.
    pub high: f64,
}

impl Band {
    /// The band of the values seen, the median and its absolute deviation: one wild night does not move it. `floor` is
    /// the least distance from the median that can matter to anyone. None where too few values are known.
    pub fn of(values: &[f64], floor: f64) -> Option<Self> {
        if values.len() < ENOUGH {
            return None;
        }
        let median = median(values)?;
        let distances: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
        let width = (DEVIATIONS * NORMAL * self::median(&distances)?).max(AT_LEAST * median.abs()).max(floor);
        Some(Self { median, low: (median - width).max(0.0), high: median + width })
    }

    /// Whether a value is usual.
    pub fn holds(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The middle of the values: of an even number the mean of the two.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_night_does_not_move_what_is_usual() {
        let calm = [100.0, 104.0, 98.0, 101.0, 99.0, 103.0, 97.0, 102.0, 100.0];
        let mut wild = calm.to_vec();
        wild.push(90_000.0);
        let (calm, wild) = (Band::of(&calm, 1.0).unwrap(), Band::of(&wild, 1.0).unwrap());
        assert!((calm.median - wild.median).abs() < 1.0);
        assert!(wild.holds(120.0) && !wild.holds(130.0) && !wild.holds(70.0) && !wild.holds(0.0));
    }

    #[test]
    fn a_job_that_always_takes_the_same_does_not_cry_wolf() {
        let band = Band::of(&[40.0; 10], 1.0).unwrap();
        assert_eq!((band.median, band.low, band.high), (40.0, 30.0, 50.0));
        let short = Band::of(&[0.2; 10], 1.0).unwrap();
        assert!(short.holds(1.1) && short.holds(0.0) && !short.holds(1.3));
    }

    #[test]
    fn too_few_values_say_nothing() {
        assert_eq!(Band::of(&[1.0; 7], 1.0), None);
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
