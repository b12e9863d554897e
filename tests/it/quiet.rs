//! Nights without news: no id, no person, no change, no notice, for any number of them, however the same rows are written.

use std::collections::BTreeSet;

use kartei_demo::{DemoOptions, generate};

use crate::app::TestApp;
use crate::organisation::{lines, options};

/// An organisation after its first night.
fn organisation(people: u64, seed: u64) -> TestApp {
    let app = TestApp::empty();
    generate(&DemoOptions { seed, ..options(&app.path(""), people) }).unwrap();
    app.night(1, &[]).succeeds();
    app
}

/// The same rows, backwards.
fn turned(members: &[u8]) -> Vec<u8> {
    let mut rows = lines(members);
    rows[1..].reverse();
    rows.concat()
}

/// The same rows, each cell in quotes.
fn quoted(members: &[u8]) -> Vec<u8> {
    let quote = |row: Vec<u8>| {
        let end = row.len() - row.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let cells: Vec<Vec<u8>> =
            row[..end].split(|byte| *byte == b';').map(|cell| [b"\"", cell, b"\""].concat()).collect();
        [&cells.join(&b';'), &row[end..]].concat()
    };
    lines(members).into_iter().flat_map(quote).collect()
}

#[test]
fn twenty_nights_without_news_change_nothing() {
    let app = organisation(500, 3);
    let (members, before) = (app.members(), app.exported());
    assert!(!members.contains(&b'"'), "the rows are written without quotes");
    for night in 2..=21 {
        app.deliver_members(&match night % 4 {
            1 => turned(&members),
            2 => quoted(&members),
            _ => members.clone(),
        });
        app.night(night, &[]).succeeds();
        let report = app.report();
        assert_eq!(report["changes"]["persons"], 0, "night {night}: {:#}", report["changes"]);
    }
    assert_eq!(app.exported(), before);
    let changes = app.json(&["changes"]);
    assert!(changes.as_array().unwrap().iter().all(|change| change["run_id"] == 1), "{changes:#}");
    assert_eq!(app.mails(), [""; 0]);
}

#[test]
fn one_record_that_changes_changes_its_person_and_nobody_else() {
    let app = organisation(500, 4);
    let mut rows = lines(&app.members());
    let (before, mut night) = (app.persons(), 1);
    for place in [3, 90, 177] {
        let key = String::from_utf8_lossy(&rows[place]).split(';').next().unwrap().to_owned();
        let text: Vec<u8> = rows[place].clone();
        let mut cells: Vec<&[u8]> = text.split(|byte| *byte == b';').collect();
        cells[7] = b"Umzugsweg 99";
        rows[place] = cells.join(&b';');
        app.deliver_members(&rows.concat());
        night += 1;
        app.night(night, &[]).succeeds();
        let after = app.persons();
        let owner = after.values().find(|person| person["membership_number"] == key).map(|person| person["id"].clone());
        let changed = app.json(&["changes"]);
        let of_night = changed.as_array().unwrap().iter().filter(|change| change["run_id"] == night);
        let persons: BTreeSet<String> =
            of_night.map(|change| change["person_id"].as_str().unwrap().to_owned()).collect();
        assert!(
            persons.len() <= 1 && persons.iter().all(|id| Some(id) == owner.as_ref()),
            "{persons:?}, not {owner:?}"
        );
        assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "nobody came or went");
    }
}
