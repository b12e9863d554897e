//! What a few dozen judgements teach, and what they do not.

use super::curve::pooled;
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
        JudgedPair {
            rows: (2 * number, 2 * number + 1),
            same,
            weight: base,
            levels: vec![(0, level)],
            stratum: Some("apart".to_owned()),
        }
    };
    (0..count).map(pair).collect()
}

#[test]
fn a_few_judgements_teach_nothing_and_some_dozens_mend_the_level_that_was_wrong() {
    assert_eq!(learn(&judged(20), &[], &ladder(), ""), None);
    let lesson = learn(&judged(90), &[], &ladder(), "from a test").unwrap();
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
    let lesson = learn(&pairs, &[], &ladder(), "").unwrap();
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
    let belief = |pair: &JudgedPair| f64::from(u8::from(pair.same));
    let all: Vec<Example<'_>> = pairs.iter().map(|pair| Example { pair, belief: belief(pair), count: 1.0 }).collect();
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
fn pairs_that_nobody_judged_hold_the_weights_where_they_are() {
    // Asked only about what the clusters kept apart, stewards call half of the probable pairs two persons.
    let mut pairs = judged(90);
    for (number, pair) in pairs.iter_mut().enumerate() {
        pair.levels = vec![(0, 3)];
        pair.weight = 5.0;
        pair.same = number.is_multiple_of(2);
    }
    let anchor = |number: u32| {
        let pair = JudgedPair {
            rows: (1000 + 2 * number, 1001 + 2 * number),
            same: false,
            weight: [-6.0, 8.0][number as usize % 2],
            levels: vec![(0, [1, 3][number as usize % 2])],
            stratum: Some("together".to_owned()),
        };
        Anchor { stratum: "together".to_owned(), pair, stands_for: 20.0 }
    };
    let anchors: Vec<Anchor> = (0..200).map(anchor).collect();
    let bits = |anchors: &[Anchor]| {
        let Learned { slope, intercept, corrections, .. } = learn(&pairs, anchors, &ladder(), "").unwrap().learned;
        let exact = corrections.iter().find(|it| it.level == "exact").map_or(0.0, |it| it.bits);
        slope * 8.0 + intercept + exact
    };
    assert!(bits(&[]) < 4.0 && bits(&anchors) > 5.0, "{} {}", bits(&[]), bits(&anchors));
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
