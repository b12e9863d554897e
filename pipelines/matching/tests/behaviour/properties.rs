//! Properties that hold for all people: what may not depend on order, side, threads or repetition, and what judgements force.

use std::collections::{BTreeMap, BTreeSet};

use kartei_matching::explain::explain;
use kartei_matching::{LinkOptions, Linked, link};
use kartei_schemas::judgement::{Judgement, Verdict};
use kartei_schemas::matching::MatchSchema;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use crate::people::{FIELDS, Record, crowd, frame, judged, linked, linked_with, sets};

/// Few values a field, so that records agree and differ in all ways.
const VALUES: [&[&str]; 10] = [
    &["Anna", "Anne", "Karl", "Thomas", "Hans", "Johannes", "Uschi", "A."],
    &["Müller", "Mueller", "Krause", "Müller-Krause", "Schmidt"],
    &["1984-03-05", "1984-05-03", "1985-03-05", "1951-07-12", "1984"],
    &["anna.mueller@mail.example", "a.mueller@mail.example", "familie.krause@mail.example", "kalle77@mail.example"],
    &["+4915011111111", "+4915022222222", "+4915011111112"],
    &["+493011011111", "+493011022222"],
    &["Hauptstraße", "Hauptstr.", "Seestraße"],
    &["12", "12a", "3"],
    &["10115", "10117", "80331"],
    &["Berlin", "München"],
];

fn config(cases: u32, seed: u64) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(seed), max_shrink_iters: 200, ..Config::default() }
}

fn record() -> impl Strategy<Value = BTreeMap<String, String>> {
    let cell = |values: &'static [&'static str]| proptest::option::weighted(0.65, proptest::sample::select(values));
    VALUES.map(cell).prop_map(|cells| {
        let filled = FIELDS.iter().zip(cells).filter_map(|(name, cell)| Some(((*name).to_owned(), cell?.to_owned())));
        filled.collect()
    })
}

/// Records with keys; some stand twice under two keys.
fn records(most: usize) -> impl Strategy<Value = Vec<Record>> {
    let copies = proptest::collection::vec(any::<prop::sample::Index>(), 0..3);
    (proptest::collection::vec(record(), 2..most), copies).prop_map(|(mut all, copies)| {
        let doubled: Vec<_> = copies.iter().map(|place| all[place.index(all.len())].clone()).collect();
        all.extend(doubled);
        all.into_iter().enumerate().map(|(row, fields)| Record { key: format!("k{row:03}"), fields }).collect()
    })
}

/// Records, and judgements on some pairs of them.
fn judged_records(most: usize) -> impl Strategy<Value = (Vec<Record>, Vec<(usize, usize, Verdict)>)> {
    let verdict = prop_oneof![3 => Just(Verdict::Same), 3 => Just(Verdict::Different), 1 => Just(Verdict::Unsure)];
    let any_row = any::<prop::sample::Index>;
    (records(most), proptest::collection::vec((any_row(), any_row(), verdict), 0..10)).prop_map(|(records, picks)| {
        let count = records.len();
        let judged = picks.into_iter().map(|(left, right, verdict)| (left.index(count), right.index(count), verdict));
        let judged = judged.filter(|(left, right, _)| left != right).collect();
        (records, judged)
    })
}

fn on(records: &[Record], picks: &[(usize, usize, Verdict)]) -> Vec<Judgement> {
    picks.iter().map(|(left, right, verdict)| judged(&records[*left], &records[*right], *verdict)).collect()
}

/// The stewards' queue without rows: which two clusters, why, how sure.
fn asked(records: &[Record], linked: &Linked) -> BTreeSet<(BTreeSet<BTreeSet<String>>, String, i64)> {
    let members = |label: u32| -> BTreeSet<String> {
        let labelled = records.iter().zip(&linked.clusters);
        labelled.filter(|(_, cluster)| **cluster == label).map(|(record, _)| record.key.clone()).collect()
    };
    let side = |row: u32| members(linked.clusters[row as usize]);
    let entries = linked.review.iter().map(|pair| {
        #[expect(clippy::cast_possible_truncation, reason = "a probability in thousandths")]
        let thousandths = (f64::from(pair.probability) * 1000.0).round() as i64;
        (BTreeSet::from([side(pair.left), side(pair.right)]), format!("{:?}", pair.reason), thousandths)
    });
    entries.collect()
}

/// Groups of rows that judgements of one person hold together.
fn closure(count: usize, picks: &[(usize, usize, Verdict)]) -> Vec<usize> {
    let mut group: Vec<usize> = (0..count).collect();
    for (left, right, _) in picks.iter().filter(|pick| pick.2 == Verdict::Same) {
        let (from, to) = (group[*right], group[*left]);
        for label in group.iter_mut().filter(|label| **label == from) {
            *label = to;
        }
    }
    group
}

proptest! {
    #![proptest_config(config(48, 11))]

    #[test]
    fn the_order_of_the_rows_changes_nothing(
        (records, picks) in judged_records(22),
        order in any::<u64>(),
    ) {
        let judgements = on(&records, &picks);
        let mut shuffled = records.clone();
        let mut dice = crate::people::Dice::new(order);
        for place in (1..shuffled.len()).rev() {
            shuffled.swap(place, dice.below(place + 1));
        }
        let (one, other) = (linked_with(&records, &judgements), linked_with(&shuffled, &judgements));
        prop_assert_eq!(sets(&records, &one.clusters), sets(&shuffled, &other.clusters));
        prop_assert_eq!(sets(&records, &one.households), sets(&shuffled, &other.households));
        prop_assert_eq!(asked(&records, &one), asked(&shuffled, &other));
    }

    #[test]
    fn a_pair_weighs_the_same_from_both_sides(records in records(8)) {
        let (frame, schema, linked) = (frame(&records), MatchSchema::default(), linked(&records));
        for left in 0..records.len() {
            for right in 0..left {
                let there = explain(&frame, &schema, &linked, left, right).unwrap();
                let back = explain(&frame, &schema, &linked, right, left).unwrap();
                prop_assert!((there.weight - back.weight).abs() < 1e-3, "{left} {right}: {there:?} {back:?}");
                let levels = |side: &kartei_matching::explain::Explanation| -> Vec<String> {
                    side.steps.iter().map(|step| format!("{} {}", step.comparison, step.level)).collect()
                };
                prop_assert_eq!(levels(&there), levels(&back));
            }
        }
    }

    #[test]
    fn judgements_always_hold_also_through_others((records, picks) in judged_records(14)) {
        let linked = linked_with(&records, &on(&records, &picks));
        let group = closure(records.len(), &picks);
        let together = |left: usize, right: usize| linked.clusters[left] == linked.clusters[right];
        let apart: Vec<_> = picks.iter().filter(|pick| pick.2 == Verdict::Different).collect();
        for (left, right, _) in &apart {
            prop_assert!(!together(*left, *right), "{left} and {right} were said to differ");
        }
        let is_contradicted = |label: usize| apart.iter().any(|(left, right, _)| group[*left] == label && group[*right] == label);
        for (left, right, _) in picks.iter().filter(|pick| pick.2 == Verdict::Same) {
            if !is_contradicted(group[*left]) {
                prop_assert!(together(*left, *right), "{left} and {right} were said to be one");
            }
        }
        for (left, right, _) in &apart {
            let (one, other) = (group[*left], group[*right]);
            if one == other || is_contradicted(one) || is_contradicted(other) {
                continue;
            }
            for member in (0..records.len()).filter(|row| group[*row] == one) {
                for stranger in (0..records.len()).filter(|row| group[*row] == other) {
                    prop_assert!(!together(member, stranger), "{member} and {stranger} follow to differ");
                }
            }
        }
    }

    #[test]
    fn what_was_found_and_judged_so_is_found_again(records in records(10)) {
        let first = linked(&records);
        let mut judgements = Vec::new();
        for left in 0..records.len() {
            for right in 0..left {
                let is_one = first.clusters[left] == first.clusters[right];
                let verdict = if is_one { Verdict::Same } else { Verdict::Different };
                judgements.push(judged(&records[left], &records[right], verdict));
            }
        }
        let again = linked_with(&records, &judgements);
        prop_assert_eq!(&first.clusters, &again.clusters);
        prop_assert!(again.review.is_empty(), "all is judged, yet {:?} is asked", again.review);
        prop_assert_eq!(linked(&records), first, "a second run differs from the first");
    }
}

fn in_pool(threads: usize, records: &[Record]) -> Linked {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| link(frame(records), &MatchSchema::default(), &[], LinkOptions::default()).unwrap())
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let (records, _) = crowd(700, 3);
    let one = in_pool(1, &records);
    assert!(one.statistics.matched_pairs > 100, "{:?}", one.statistics);
    assert_eq!(one, in_pool(2, &records));
    assert_eq!(one, in_pool(5, &records));
}

#[test]
fn each_key_is_told_by_what_it_forms_and_what_only_it_forms() {
    let (records, _) = crowd(700, 3);
    let statistics = linked(&records).statistics;
    let used: Vec<_> = statistics.keys.iter().filter(|key| key.new_pairs > 0).collect();
    assert_eq!(used.iter().map(|key| key.new_pairs).sum::<u64>(), statistics.scored_pairs);
    for key in &used {
        assert!(key.only_pairs <= key.new_pairs && key.new_pairs <= key.pairs, "{key:?}");
        assert!(key.only_matched <= key.only_pairs.min(key.matched_pairs), "{key:?}");
        assert!(key.largest_block >= 2, "{key:?}");
    }
    assert!(used.iter().any(|key| key.only_pairs > 0), "some pair is formed by one key alone");
    // Most persons are found by several keys, so that these count them several times.
    let (all, alone) = used.iter().fold((0, 0), |sum, key| (sum.0 + key.matched_pairs, sum.1 + key.only_matched));
    assert!(all > statistics.matched_pairs && alone < statistics.matched_pairs, "{all} {alone}");
}

#[test]
fn what_a_fitted_model_finds_does_not_depend_on_the_order_of_the_rows() {
    let (records, _) = crowd(500, 4);
    let mut turned = records.clone();
    turned.reverse();
    turned.rotate_left(211);
    let (one, other) = (linked(&records), linked(&turned));
    assert!(matches!(one.model.fit, kartei_matching::linked::Fit::Converged { .. }), "{:?}", one.model.fit);
    assert_eq!(one.model, other.model);
    assert_eq!(sets(&records, &one.clusters), sets(&turned, &other.clusters));
}
