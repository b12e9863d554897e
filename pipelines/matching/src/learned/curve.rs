//! The fit: a logistic curve over weight and levels with Gaussian priors, by Newton's method.

use kartei_schemas::matching::{Correction, Learned};

use super::{
    CORRECTION_DEVIATION, Example, FEWEST_PAIRS, INTERCEPT_DEVIATION, JudgedPair, Ladder, MOST_CORRECTION, MOST_WEIGHT,
    SLOPE_DEVIATION, sigmoid,
};

/// The curve that is fitted: slope, intercept, and one correction a level.
pub(super) struct Curve {
    pub(super) slope: f64,
    pub(super) intercept: f64,
    pub(super) levels: Vec<[f64; 16]>,
}

impl Curve {
    pub(super) fn fit(examples: &[Example<'_>], ladders: &[Ladder]) -> Self {
        let mut counts = vec![[0_usize; 16]; ladders.len()];
        for (place, level) in examples.iter().flat_map(|example| &example.pair.levels) {
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
        let rows: Vec<Row> =
            examples.iter().map(|it| Row { features: features(it.pair), belief: it.belief, count: it.count }).collect();
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

    pub(super) fn weight(&self, pair: &JudgedPair) -> f64 {
        let levels = pair.levels.iter().map(|(place, level)| self.levels[*place][usize::from(*level)]);
        self.slope * pair.weight + self.intercept + levels.sum::<f64>()
    }

    pub(super) fn learned(&self, ladders: &[Ladder], made: &str) -> Learned {
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
pub(super) fn pooled(wanted: &[(f64, f64)]) -> Vec<f64> {
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

/// An example as numbers.
struct Row {
    features: Vec<(usize, f64)>,
    belief: f64,
    count: f64,
}

/// Newton's method on the penalised likelihood, which is concave: a few steps reach its top.
fn newton(rows: &[Row], unknowns: usize) -> Vec<f64> {
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
        for Row { features: row, belief, count } in rows {
            let bits: f64 = row.iter().map(|(place, value)| values[*place] * value).sum();
            let probability = sigmoid(bits);
            let slope = count * std::f64::consts::LN_2 * (belief - probability);
            let bend = count * std::f64::consts::LN_2.powi(2) * probability * (1.0 - probability);
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
