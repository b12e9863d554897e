//! Going on from an earlier run: only what touches a changed record is formed and scored, and the outcome is that of a
//! run over everything by the same model.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use kartei_matching::linked::{LinkStatistics, ReviewReason};
use kartei_matching::{LinkOptions, Linked, Previous, ScoredPairs, link};
use kartei_schemas::matching::MatchSchema;
use polars_core::prelude::{Column, DataFrame};
use proptest::prelude::*;
use proptest::test_runner::Config;

const COLUMNS: [&str; 6] = ["given_name", "surname", "birth_date", "email", "postal_code", "membership_number"];

/// A record: its key, and the values in the order of `COLUMNS`.
type Row = (u32, [String; 6]);

fn frame(rows: &[Row]) -> DataFrame {
    let keys: Vec<String> = rows.iter().map(|row| format!("{:04}", row.0)).collect();
    let mut columns = vec![Column::new("source".into(), vec!["members"; rows.len()]), Column::new("key".into(), keys)];
    for (place, name) in COLUMNS.iter().enumerate() {
        let cells: Vec<Option<&str>> =
            rows.iter().map(|row| Some(row.1[place].as_str()).filter(|cell| !cell.is_empty())).collect();
        columns.push(Column::new((*name).into(), cells));
    }
    DataFrame::new(rows.len(), columns).unwrap()
}

/// What a run left behind, as the next one sees it.
fn previous(before: &[Row], linked: &Linked, now: &[Row], all_changed: bool) -> Previous {
    let row_of = |key: u32| now.iter().position(|row| row.0 == key);
    Previous {
        model: Some(linked.model.clone()),
        pairs: linked.pairs.clone(),
        counted: linked.counted.clone(),
        clusters: linked.clusters.clone(),
        households: linked.households.clone(),
        merge_threshold: Some(linked.model.merge_threshold),
        rows: before.iter().map(|row| row_of(row.0).map(|place| u32::try_from(place).unwrap())).collect(),
        changed: now.iter().map(|row| all_changed || !before.contains(row)).collect(),
    }
}

/// The same, for a run that fits its weights anew.
fn refitting(before: &[Row], linked: &Linked, now: &[Row]) -> Previous {
    Previous { model: None, ..previous(before, linked, now, false) }
}

/// All of a run that persons and notices follow from; how many pairs were formed and kept is another matter.
fn found(linked: &Linked) -> Linked {
    Linked { pairs: ScoredPairs::default(), statistics: LinkStatistics::default(), ..linked.clone() }
}

fn run(rows: &[Row], previous: Option<&Previous>) -> Linked {
    let options = LinkOptions { previous, ..LinkOptions::default() };
    link(frame(rows), &MatchSchema::default(), &[], options).unwrap()
}

fn person(seed: u32) -> [String; 6] {
    const GIVEN: [&str; 6] = ["Anna", "Jörg", "Katharina", "Mehmet", "Uwe", "Lena"];
    const SURNAMES: [&str; 5] = ["Müller", "Özdemir", "Krause", "Lindenberg", "Voß"];
    let pick =
        |from: &[&str], salt: u32| from[((seed.wrapping_mul(2_654_435_761) >> salt) as usize) % from.len()].to_owned();
    let (given, surname) = (pick(&GIVEN, 3), pick(&SURNAMES, 9));
    let date = format!("19{:02}-{:02}-{:02}", 40 + seed % 50, 1 + seed % 12, 1 + seed % 28);
    let email = format!("{}{}@web.example", given.to_lowercase(), seed);
    [given, surname, date, email, format!("{:05}", 10_000 + seed % 40), String::new()]
}

/// Records of some persons, each with a value or two left out or misspelled.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let record = (0..25_u32, 0..7_usize, any::<bool>());
    proptest::collection::vec(record, 30..70).prop_map(|records| {
        let spoil = |(person_number, place, misspell): (u32, usize, bool)| {
            let mut values = person(person_number);
            match values.get_mut(place) {
                Some(value) if misspell && value.len() > 4 => *value = value.chars().skip(1).collect(),
                Some(value) => value.clear(),
                None => {}
            }
            values
        };
        (0_u32..).zip(records.into_iter().map(spoil)).collect()
    })
}

proptest! {
    #![proptest_config(Config {
        cases: 48, ..Config::default()
    })]

    #[test]
    fn going_on_gives_what_a_run_over_everything_gives(
        before in rows(), fresh in rows(), gone in proptest::collection::btree_set(0..70_u32, 0..6),
        changed in proptest::collection::btree_set(0..70_u32, 0..6),
    ) {
        let first = run(&before, None);
        let mut now: Vec<Row> = before.iter().filter(|row| !gone.contains(&row.0)).cloned().collect();
        for row in now.iter_mut().filter(|row| changed.contains(&row.0)) {
            row.1 = fresh[row.0 as usize % fresh.len()].1.clone();
        }
        now.extend(fresh.iter().take(5).map(|row| (row.0 + 100, row.1.clone())));
        let again = run(&now, Some(&previous(&before, &first, &now, false)));
        let whole = run(&now, Some(&previous(&before, &first, &now, true)));
        prop_assert_eq!(&again.clusters, &whole.clusters);
        prop_assert_eq!(&again.counted, &whole.counted);
        prop_assert!(again.statistics.scored_pairs <= whole.statistics.scored_pairs);
    }

    #[test]
    fn going_on_with_nothing_changed_changes_nothing_and_compares_nothing(before in rows()) {
        let first = run(&before, None);
        let again = run(&before, Some(&previous(&before, &first, &before, false)));
        prop_assert_eq!(&again.clusters, &first.clusters);
        prop_assert_eq!(again.statistics.scored_pairs, 0);
    }

    #[test]
    fn whatever_nights_there_were_a_rerun_on_unchanged_records_finds_the_same(
        before in rows(), fresh in rows(), changed in proptest::collection::btree_set(0..70_u32, 0..20), keeps in any::<bool>(),
    ) {
        let first = run(&before, None);
        prop_assert_eq!(&found(&run(&before, Some(&refitting(&before, &first, &before)))), &found(&first));
        let mut now = before.clone();
        for row in now.iter_mut().filter(|row| changed.contains(&row.0)) {
            row.1 = fresh[row.0 as usize % fresh.len()].1.clone();
        }
        let before_that = if keeps { previous(&before, &first, &now, false) } else { refitting(&before, &first, &now) };
        let second = run(&now, Some(&before_that));
        for _ in 0..2 {
            let going_on = run(&now, Some(&previous(&now, &second, &now, false)));
            prop_assert_eq!(&found(&going_on), &found(&second), "going on from what was found");
            if !keeps {
                let anew = run(&now, Some(&refitting(&now, &second, &now)));
                prop_assert_eq!(&found(&anew), &found(&second), "fitting anew");
            }
        }
    }

    #[test]
    fn equal_records_are_one_cluster_however_many(count in 2..400_u32) {
        let rows: Vec<Row> = (0..count).map(|key| (key, person(7))).collect();
        prop_assert_eq!(run(&rows, None).clusters, vec![0; count as usize]);
    }
}

#[test]
fn one_membership_number_with_two_names_and_birth_dates_is_asked_about() {
    let mut rows: Vec<Row> = (0..12).map(|key| (key, person(key))).collect();
    for (key, values) in &mut rows {
        values[5] = format!("{}", 5_000 + *key / 2);
    }
    rows[3].1[5] = "4711".to_owned();
    rows[8].1[5] = "4711".to_owned();
    rows[8].1[0] = "Friedhelm".to_owned();
    let linked = run(&rows, None);
    assert_ne!(linked.clusters[3], linked.clusters[8]);
    let asked = linked.review.iter().find(|pair| (pair.left, pair.right) == (3, 8)).unwrap();
    assert_eq!(asked.reason, ReviewReason::KeyConflict);
}
