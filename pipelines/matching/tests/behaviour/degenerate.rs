//! Frames that nobody would send on purpose. Each ends, compares a bounded number of pairs, and says something sensible.

use kartei_matching::{LinkOptions, Linked, link};
use kartei_schemas::matching::MatchSchema;
use polars_core::prelude::{Column, DataFrame};

use crate::people::{Record, crowd, linked};

fn link_columns(rows: usize, columns: Vec<Column>) -> Linked {
    let mut all = vec![Column::new("key".into(), (0..rows).map(|row| format!("{row:08}")).collect::<Vec<_>>())];
    all.push(Column::new("source".into(), vec!["members"; rows]));
    all.extend(columns);
    let frame = DataFrame::new(rows, all).unwrap();
    link(frame, &MatchSchema::default(), &[], LinkOptions::default()).unwrap()
}

fn text(name: &str, rows: usize, value: impl Fn(usize) -> String) -> Column {
    Column::new(name.into(), (0..rows).map(value).collect::<Vec<_>>())
}

/// Pairs compared are few for so many records.
fn assert_bounded(linked: &Linked, rows: u64, most_a_record: u64) {
    let pairs = linked.statistics.scored_pairs;
    assert!(pairs <= rows * most_a_record, "{pairs} pairs for {rows} records");
    assert_eq!(linked.clusters.len() as u64, rows);
    assert!(linked.clusters.iter().zip(0..).all(|(cluster, row)| *cluster <= row), "a label is the smallest row");
}

/// A word of its own for each number, unlike its neighbours' words.
fn word(number: usize) -> String {
    const PARTS: [&str; 16] =
        ["ba", "del", "fi", "gor", "hu", "jan", "ke", "lom", "mi", "nur", "po", "ras", "se", "tov", "wu", "zin"];
    let mixed = number.wrapping_mul(0x9E37_79B1) & 0xF_FFFF;
    (0..5).map(|place| PARTS[mixed >> (place * 4) & 15]).collect()
}

#[test]
fn no_record_and_one_record_are_linked_to_nobody() {
    assert!(linked(&[]).clusters.is_empty());
    let one = linked(&crowd(1, 1).0[..1]);
    assert_eq!((one.clusters, one.pairs.len()), (vec![0], 0));
}

#[test]
fn records_that_are_all_equal_are_one_person() {
    let record = crowd(1, 2).0.remove(0);
    let records: Vec<Record> = (0..250).map(|row| record.clone().with(&format!("{row:05}"), &[])).collect();
    let linked = linked(&records);
    assert_bounded(&linked, 250, 250);
    assert!(linked.clusters.iter().all(|cluster| *cluster == 0), "{:?}", linked.statistics.cluster_sizes);
}

#[test]
fn records_that_share_nothing_stay_apart() {
    let rows = 3_000;
    let linked = link_columns(
        rows,
        vec![
            text("given_name", rows, word),
            text("surname", rows, |row| word(row + 500_000)),
            text("email", rows, |row| format!("{}@mail.example", word(row + 777_777))),
            text("postal_code", rows, |row| format!("{:05}", 10_000 + row * 17 % 89_999)),
        ],
    );
    assert_bounded(&linked, rows as u64, 50);
    assert_eq!(linked.statistics.clusters, rows as u64);
}

#[test]
fn records_of_which_one_field_is_known_are_not_joined_by_it() {
    for (field, value) in
        [("given_name", "Anna"), ("surname", "Müller"), ("birth_date", "1984-03-05"), ("city", "Berlin")]
    {
        let linked = link_columns(400, vec![text(field, 400, |_| value.to_owned())]);
        assert_bounded(&linked, 400, 400);
        assert_eq!(linked.statistics.clusters, 400, "{field} alone joined people");
    }
}

#[test]
fn one_value_that_a_hundred_thousand_records_share_joins_none_of_them() {
    let rows = 100_000;
    for (field, value) in [("email", "verein@mail.example"), ("mobile", "+4915011111111"), ("postal_code", "10115")] {
        let shared = text(field, rows, |_| value.to_owned());
        let linked = link_columns(
            rows,
            vec![text("given_name", rows, word), text("surname", rows, |row| word(row + 99)), shared],
        );
        assert_bounded(&linked, rows as u64, 150);
        let joined = rows as u64 - linked.statistics.clusters;
        assert!(joined < rows as u64 / 100, "{field}: {joined} records were joined");
    }
}

#[test]
fn a_million_of_one_surname_are_compared_with_few() {
    let rows = 1_000_000;
    let linked = link_columns(
        rows,
        vec![
            text("surname", rows, |_| "Nguyen".to_owned()),
            text("given_name", rows, word),
            text("birth_date", rows, |row| {
                format!("{}-{:02}-{:02}", 1940 + row % 61, 1 + row / 61 % 12, 1 + row / 732 % 28)
            }),
            text("postal_code", rows, |row| format!("{:05}", 10_000 + row * 31 % 89_999)),
        ],
    );
    assert_bounded(&linked, rows as u64, 150);
    let joined = rows as u64 - linked.statistics.clusters;
    assert!(joined < rows as u64 / 100, "{joined} records were joined");
}

#[test]
fn two_hundred_columns_do_not_stop_the_matching() {
    let (records, _) = crowd(150, 5);
    let mut wide = records.clone();
    for (row, record) in wide.iter_mut().enumerate() {
        let person: usize = record.key[1..6].parse().unwrap();
        for column in 0..200 {
            let value = if column % 2 == 0 { word(person * 211 + column) } else { word(row * 977 + column) };
            record.fields.insert(format!("extra_{column:03}"), value);
        }
    }
    let linked = linked(&wide);
    assert_bounded(&linked, records.len() as u64, 400);
    assert!(linked.model.comparisons.len() >= 9);
    let found = linked.statistics.matched_pairs;
    assert!(found > 20, "{found} pairs found");
}

#[test]
fn texts_of_a_megabyte_do_not_stop_the_matching() {
    let rows = 24;
    let long = |row: usize| {
        let word = word(row / 2);
        format!("{}{}", word.repeat((1 << 20) / word.len()), if row.is_multiple_of(2) { "a" } else { "b" })
    };
    for field in ["remarks", "surname", "email", "street"] {
        let linked = link_columns(
            rows,
            vec![
                text("given_name", rows, |row| word(row / 2)),
                text("city", rows, |_| "Kiel".to_owned()),
                text(field, rows, long),
            ],
        );
        assert_bounded(&linked, rows as u64, 24);
    }
}
