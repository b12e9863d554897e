//! Ids over time.

use std::collections::{BTreeMap, BTreeSet};

use polars_core::prelude::BooleanChunked;
use proptest::prelude::*;

use super::*;
use crate::testing::{Record, frame, issuer, night, record};

/// Records named by single letters; the same digit is the same cluster: `"a1 b1 c2"`.
fn world(text: &str) -> (Vec<Record>, Vec<u32>) {
    let parts = text.split_whitespace();
    parts.map(|part| (record("s", &part[..1], ""), part[1..].parse::<u32>().unwrap())).unzip()
}

fn step(text: &str, last: Option<&Identity>, number: i64) -> Identity {
    let (records, clusters) = world(text);
    let history = last.map_or_else(History::none, |last| History::from_record_map(&last.record_map).unwrap());
    assign(&frame(&records), &clusters, &history, &issuer(), &IdentityRules::default(), night(number)).unwrap()
}

fn id(letter: &str) -> PersonId {
    issuer().person("s", letter, |_| false)
}

#[test]
fn each_cluster_gets_one_id_on_the_first_night() {
    let first = step("a1 b1 c2", None, 1);
    assert_eq!(first.persons, [id("a"), id("a"), id("c")]);
    let mut events = [IdentityEvent::Created { person: id("a") }, IdentityEvent::Created { person: id("c") }];
    events.sort();
    assert_eq!(first.events, events);
}

#[test]
fn a_cluster_keeps_its_id_when_a_smaller_record_joins() {
    let first = step("c1", None, 1);
    let second = step("a1 c1", Some(&first), 2);
    assert_eq!(second.persons, [id("c"), id("c")]);
    assert_eq!(second.events, []);
    assert_eq!(second.stable, 0);
}

#[test]
fn two_clusters_that_become_one_keep_the_id_of_the_heavier() {
    let first = step("a1 b2 c2", None, 1);
    let second = step("a1 b1 c1", Some(&first), 2);
    assert_eq!(second.persons, [id("b"); 3]);
    assert_eq!(second.events, [IdentityEvent::Merged { person: id("a"), into: id("b") }]);
}

#[test]
fn the_weight_of_a_source_can_outvote_two_records() {
    let records = [record("leads", "1", ""), record("leads", "2", ""), record("members", "1", "")];
    let weights = [("members".to_owned(), 3)].into_iter().collect();
    let rules = IdentityRules { source_weights: weights, ..IdentityRules::default() };
    let first = assign(&frame(&records), &[1, 1, 2], &History::none(), &issuer(), &rules, night(1)).unwrap();
    let history = History::from_record_map(&first.record_map).unwrap();
    let second = assign(&frame(&records), &[1, 1, 1], &history, &issuer(), &rules, night(2)).unwrap();
    assert_eq!(second.persons, [first.persons[2]; 3]);
}

#[test]
fn a_split_leaves_the_id_with_the_majority() {
    let first = step("a1 b1 c1", None, 1);
    let second = step("a1 b2 c2", Some(&first), 2);
    assert_eq!(second.persons[1..], [id("a"); 2]);
    // The first id of record a is taken by the others for ever.
    assert_ne!(second.persons[0], id("a"));
    assert_eq!(second.events, [IdentityEvent::Split { person: second.persons[0], from: id("a") }]);
}

#[test]
fn an_even_split_leaves_the_id_with_the_larger_cluster_and_then_with_the_smaller_record() {
    let first = step("a1 b1", None, 1);
    assert_eq!(step("a1 b2", Some(&first), 2).persons[0], id("a"));
    assert_eq!(step("a1 b2 c2", Some(&first), 2).persons[1..], [id("a"); 2]);
}

#[test]
fn a_bonus_for_the_anchor_keeps_an_id_where_it_was_against_a_narrow_majority() {
    let (records, clusters) = world("a1 b2 c2");
    let first = step("a1 b1 c1", None, 1);
    let history = History::from_record_map(&first.record_map).unwrap();
    let rules = IdentityRules { anchor_bonus: 2, ..IdentityRules::default() };
    let second = assign(&frame(&records), &clusters, &history, &issuer(), &rules, night(2)).unwrap();
    assert_eq!(second.persons[0], id("a"));
}

#[test]
fn a_record_that_goes_and_returns_brings_its_id_back() {
    let first = step("a1 b2", None, 1);
    let second = step("a1", Some(&first), 2);
    assert_eq!(second.events, [IdentityEvent::Gone { person: id("b") }]);
    let third = step("a1", Some(&second), 3);
    assert_eq!(third.events, [], "it is gone once");
    let fourth = step("a1 b2", Some(&third), 4);
    assert_eq!(fourth.persons[1], id("b"));
    assert_eq!(fourth.events, [IdentityEvent::Returned { person: id("b") }]);
}

#[test]
fn the_first_sight_of_a_record_outlives_its_absence() {
    let first = step("a1 b2", None, 1);
    let second = step("a1", Some(&first), 2);
    let third = step("a1 b2", Some(&second), 3);
    assert_eq!(third.entries.first_seen, [night(1).timestamp_millis(); 2]);
}

#[test]
fn an_undone_merge_gives_both_their_own_ids_back() {
    let first = step("a1 b2 c2 d3", None, 1);
    let second = step("a1 b1 c1 d1", Some(&first), 2);
    assert_eq!(second.persons, [id("b"); 4]);
    let third = step("a1 b2 c2 d3", Some(&second), 3);
    assert_eq!(third.persons, first.persons);
    assert!(third.events.contains(&IdentityEvent::Split { person: id("a"), from: id("b") }));
    assert!(third.events.contains(&IdentityEvent::Returned { person: id("a") }));
    assert_eq!(third.record_map.column("former").unwrap().null_count(), 4, "nothing of the merge is left");
}

#[test]
fn a_merge_of_merges_is_undone_in_either_order() {
    let first = step("a1 b2 c3 d3 e3", None, 1);
    let second = step("a1 b1 c3 d3 e3", Some(&first), 2);
    let third = step("a1 b1 c1 d1 e1", Some(&second), 3);
    assert_eq!(third.persons, [id("c"); 5]);
    assert_eq!(step("a1 b1 c3 d3 e3", Some(&third), 4).persons, second.persons);
    assert_eq!(step("a1 b2 c3 d3 e3", Some(&third), 4).persons, first.persons);
}

#[test]
fn the_natives_keep_the_id_when_those_who_joined_are_more() {
    let first = step("a1 b2 c3", None, 1);
    let second = step("a1 b1 c1", Some(&first), 2);
    assert_eq!(second.persons, [id("a"); 3]);
    let third = step("a1 b2 c2", Some(&second), 3);
    assert_eq!(third.persons, [id("a"), id("b"), id("b")]);
}

#[test]
fn a_person_who_flaps_has_the_same_two_ids_for_ever() {
    let mut last = step("a1 b2", None, 1);
    for number in 2..8 {
        let text = if number % 2 == 0 { "a1 b1" } else { "a1 b2" };
        let next = step(text, Some(&last), number);
        let expected = if number % 2 == 0 { [id("a"), id("a")] } else { [id("a"), id("b")] };
        assert_eq!(next.persons, expected, "night {number}");
        last = next;
    }
}

#[test]
fn an_id_that_was_merged_away_does_not_go_to_a_record_that_had_left_it_before() {
    // b leaves person a; then the rest of person a is merged into z; b must not become "person a" again.
    let first = step("a1 b1 c1 x2 y2 z2", None, 1);
    let second = step("a1 b3 c1 x2 y2 z2", Some(&first), 2);
    let own = second.persons[1];
    let third = step("a1 b3 c1 x1 y1 z1", Some(&second), 3);
    assert_eq!(third.persons[0], id("x"), "three outweigh two");
    let fourth = step("a1 b1 c1 x1 y1 z1", Some(&third), 4);
    let fifth = step("a1 b3 c1 x1 y1 z1", Some(&fourth), 5);
    assert_eq!(fifth.persons[1], own);
}

#[test]
fn a_gone_record_follows_its_person_into_a_merge_and_out_of_it() {
    let first = step("a1 b1 x2 y2 z2", None, 1);
    let second = step("a1 x2 y2 z2", Some(&first), 2);
    let third = step("a1 x1 y1 z1", Some(&second), 3);
    assert_eq!(third.entries.persons, [id("x"); 5]);
    let fourth = step("a1 x2 y2 z2", Some(&third), 4);
    assert_eq!(fourth.entries.persons[..2], [id("a"); 2]);
}

#[test]
fn a_gone_record_does_not_follow_an_id_that_it_gave_up_in_an_earlier_merge() {
    // h was d, then a, then f with them. When both are back, it is a. That d joins b and leaves again is not its affair.
    let first = step("a0 d4 f1 h4", None, 1);
    let second = step("a2 d2", Some(&first), 2);
    let third = step("b2 d2 f2", Some(&second), 3);
    let apart = step("a2 b1 d0", Some(&third), 4);
    assert_eq!(apart.entries.persons, [id("a"), id("f"), id("d"), id("f"), id("a")]);
    let merged = step("a2 b0 d0", Some(&apart), 5);
    let undone = step("a2 b1 d0", Some(&merged), 6);
    assert_eq!(undone.entries.persons, apart.entries.persons);
    assert!(undone.record_map.equals_missing(&apart.record_map));
}

#[test]
fn a_record_that_moves_between_persons_is_neither_merge_nor_split() {
    let first = step("a1 b1 c1 x2 y2", None, 1);
    let second = step("a1 b1 c2 x2 y2", Some(&first), 2);
    assert_eq!(second.events, []);
    assert_eq!(second.moved_records, 1);
    assert_eq!(second.stable, 0);
}

#[test]
fn an_id_issued_once_and_erased_is_not_issued_again() {
    let (records, clusters) = world("a1");
    let history = History::none().with_issued([id("a")]);
    let first = assign(&frame(&records), &clusters, &history, &issuer(), &IdentityRules::default(), night(1)).unwrap();
    assert_ne!(first.persons[0], id("a"));
}

#[test]
fn one_key_twice_is_an_error_that_names_the_rows() {
    let (records, clusters) = world("a1 b2 a3");
    let error = assign(&frame(&records), &clusters, &History::none(), &issuer(), &IdentityRules::default(), night(1));
    assert_eq!(
        error.unwrap_err().to_string(),
        "source `s` delivers one key twice, in rows 0 and 2 of the records frame"
    );
}

#[test]
fn a_map_without_the_further_columns_still_keeps_ids() {
    let first = step("a1 b2", None, 1);
    let slim = first.record_map.select(["source", "key", "person_id"]).unwrap();
    let history = History::from_record_map(&slim).unwrap();
    let (records, clusters) = world("a1 b2");
    let second = assign(&frame(&records), &clusters, &history, &issuer(), &IdentityRules::default(), night(2)).unwrap();
    assert_eq!(second.persons, first.persons);
    assert_eq!(second.stable, 2);
}

/// Which records there are on each of some nights, and in which clusters.
fn nights() -> impl Strategy<Value = Vec<BTreeMap<u8, u32>>> {
    prop::collection::vec(prop::collection::btree_map(0_u8..8, 0_u32..5, 1..8), 1..6)
}

fn text(night: &BTreeMap<u8, u32>) -> String {
    let parts = night.iter().map(|(record, cluster)| format!("{}{cluster}", char::from(b'a' + record)));
    parts.collect::<Vec<_>>().join(" ")
}

fn play(nights: &[BTreeMap<u8, u32>]) -> Identity {
    let mut last: Option<Identity> = None;
    for (number, night) in (1..).zip(nights) {
        last = Some(step(&text(night), last.as_ref(), number));
    }
    last.unwrap()
}

proptest! {
    #[test]
    fn a_rerun_on_the_same_input_changes_nothing(nights in nights()) {
        let last = play(&nights);
        let again = step(&text(nights.last().unwrap()), Some(&last), 30);
        prop_assert_eq!(&again.persons, &last.persons);
        prop_assert_eq!(&again.events, &vec![]);
        prop_assert!(again.record_map.equals_missing(&last.record_map));
        prop_assert_eq!(again.stable, again.persons.iter().collect::<BTreeSet<_>>().len() as u64);
    }

    #[test]
    fn a_permutation_of_the_input_changes_nothing(nights in nights(), seed in any::<u64>()) {
        let before = play(&nights[..nights.len() - 1].iter().cloned().chain([nights[0].clone()]).collect::<Vec<_>>());
        let (records, clusters) = world(&text(nights.last().unwrap()));
        let history = History::from_record_map(&before.record_map).unwrap();
        let rules = IdentityRules::default();
        let straight = assign(&frame(&records), &clusters, &history, &issuer(), &rules, night(20)).unwrap();
        let mut order: Vec<usize> = (0..records.len()).collect();
        order.sort_by_key(|place| (*place as u64 + 1).wrapping_mul(seed | 1));
        let shuffled: Vec<Record> = order.iter().map(|place| records[*place].clone()).collect();
        // Other labels for the same clusters.
        let labels: Vec<u32> = order.iter().map(|place| 100 - clusters[*place] * 7).collect();
        let permuted = assign(&frame(&shuffled), &labels, &history, &issuer(), &rules, night(20)).unwrap();
        prop_assert_eq!(&permuted.events, &straight.events);
        prop_assert!(permuted.record_map.equals_missing(&straight.record_map));
        for (place, original) in order.iter().enumerate() {
            prop_assert_eq!(permuted.persons[place], straight.persons[*original]);
        }
    }

    #[test]
    fn no_id_is_used_by_two_clusters_and_each_cluster_has_one(nights in nights()) {
        let last = play(&nights);
        let mut of_cluster: BTreeMap<u32, BTreeSet<PersonId>> = BTreeMap::new();
        for (cluster, person) in nights.last().unwrap().values().zip(&last.persons) {
            of_cluster.entry(*cluster).or_default().insert(*person);
        }
        prop_assert!(of_cluster.values().all(|ids| ids.len() == 1));
        let distinct: BTreeSet<&PersonId> = of_cluster.values().flatten().collect();
        prop_assert_eq!(distinct.len(), of_cluster.len());
    }

    #[test]
    fn removing_a_record_and_adding_it_again_brings_the_same_ids_back(nights in nights(), gone in any::<prop::sample::Index>()) {
        let last = play(&nights);
        let all = nights.last().unwrap();
        let victim = *gone.get(&all.keys().copied().collect::<Vec<_>>());
        let mut fewer = all.clone();
        fewer.remove(&victim);
        let without = step(&text(&fewer), Some(&last), 20);
        let back = step(&text(all), Some(&without), 21);
        prop_assert_eq!(back.persons, last.persons);
    }

    #[test]
    fn a_merge_of_any_two_persons_is_undone_without_a_trace(nights in nights(), pick in any::<[prop::sample::Index; 2]>()) {
        let last = play(&nights);
        let apart = nights.last().unwrap();
        let labels: Vec<u32> = apart.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let (one, other) = (*pick[0].get(&labels), *pick[1].get(&labels));
        let together = apart.iter().map(|(record, label)| (*record, if *label == other { one } else { *label })).collect();
        let merged = step(&text(&together), Some(&last), 20);
        let undone = step(&text(apart), Some(&merged), 21);
        prop_assert_eq!(undone.persons, last.persons);
        prop_assert!(undone.record_map.equals_missing(&last.record_map));
    }

    #[test]
    fn a_record_keeps_its_number_and_no_other_record_ever_bears_it(nights in nights(), erased in any::<prop::sample::Index>()) {
        let mut bore: BTreeMap<u32, String> = BTreeMap::new();
        let mut last: Option<DataFrame> = None;
        for (number_of_night, records_of_night) in (1..).zip(&nights) {
            let (records, clusters) = world(&text(records_of_night));
            let history = last.as_ref().map_or_else(History::none, |map| History::from_record_map(map).unwrap());
            let rules = IdentityRules::default();
            let next = assign(&frame(&records), &clusters, &history, &issuer(), &rules, night(number_of_night)).unwrap();
            let map = next.record_map;
            let keys = map.column("key").unwrap().str().unwrap().iter().flatten();
            let numbers = map.column("number").unwrap().u32().unwrap().iter().flatten();
            for (key, number) in keys.zip(numbers) {
                let bearer = bore.entry(number).or_insert_with(|| key.to_owned());
                prop_assert_eq!(&*bearer, key, "number {} went on", number);
            }
            // One record is erased: if it comes back, it is another one.
            let victim = erased.index(map.height());
            let stays: BooleanChunked = (0..map.height()).map(|row| Some(row != victim || map.height() == 1)).collect();
            last = Some(map.filter(&stays).unwrap());
        }
    }

    #[test]
    fn an_id_never_comes_to_records_of_which_none_ever_bore_it(nights in nights()) {
        let mut bore: BTreeMap<PersonId, BTreeSet<String>> = BTreeMap::new();
        let mut last: Option<Identity> = None;
        for (number, night) in (1..).zip(&nights) {
            let next = step(&text(night), last.as_ref(), number);
            // A gone record goes where its id goes, and counts: it is in the map.
            let mut holders: BTreeMap<PersonId, BTreeSet<String>> = BTreeMap::new();
            let keys = next.record_map.column("key").unwrap().str().unwrap().iter().flatten();
            for (key, person) in keys.zip(&next.entries.persons) {
                holders.entry(*person).or_default().insert(key.to_owned());
            }
            for (person, records) in holders {
                let known = bore.entry(person).or_default();
                prop_assert!(known.is_empty() || !known.is_disjoint(&records), "{person} went to {records:?}");
                known.extend(records);
            }
            last = Some(next);
        }
    }
}
