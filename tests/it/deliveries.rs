//! Only what was accepted is published: whatever runs next, whichever job, whatever was deleted in between.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::app::{Ended, TestApp};
use crate::on_postgres::postgres;
use crate::organisation::{MEMBERS, Persons, day, lines, member, persons_of, replaced};

/// An organisation on one of the two stores.
struct Story {
    app: TestApp,
    environment: Vec<(String, String)>,
}

impl Story {
    fn on_sqlite() -> Self {
        Self { app: TestApp::after_a_night(), environment: Vec::new() }
    }

    fn on_postgres() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = runtime.block_on(postgres::fresh_database());
        let story = Self {
            app: TestApp::before_the_first_night(300),
            environment: vec![("KARTEI__STORE__URL".to_owned(), url)],
        };
        story.job("nightly", 1).succeeds();
        story
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.app.run_with(arguments, &environment)
    }

    fn job(&self, job: &str, night: u32) -> Ended {
        self.run(&["run", job, "--as-of", &day(night)])
    }

    fn exported(&self) -> String {
        self.run(&["persons", "export"]).succeeds()
    }

    fn persons(&self) -> Persons {
        persons_of(&self.exported())
    }

    fn deliveries(&self) -> Vec<Value> {
        let text = self.run(&["deliveries", "list", "--limit", "0", "--json"]).succeeds();
        serde_json::from_str(&text).unwrap()
    }

    /// The delivery of the membership that waits.
    #[track_caller]
    fn waiting(&self) -> Value {
        let all = self.deliveries();
        let waits = |one: &&Value| one["state"] == "staged" && one["source"] == "membership";
        let waiting: Vec<&Value> = all.iter().filter(waits).collect();
        assert_eq!(waiting.len(), 1, "{all:#?}");
        waiting[0].clone()
    }

    /// A newer file of the membership.
    fn newer_file(&self, bytes: &[u8]) {
        fs::write(self.app.path(NEWER), bytes).unwrap();
    }

    /// Whichever job runs next, and whatever was deleted: the persons are as they were.
    #[track_caller]
    fn nothing_changes(&self, before: &str) {
        self.job("hourly-leads", 2).succeeds();
        assert_eq!(self.exported(), before, "another job published what a guard had stopped");
        fs::remove_file(self.app.path(NEWER)).unwrap();
        for night in 3..=4 {
            self.job("nightly", night).succeeds();
            assert_eq!(self.exported(), before, "night {night} published what a guard had stopped");
        }
        self.job("hourly-leads", 5).succeeds();
        assert_eq!(self.exported(), before);
        assert!(self.deliveries().iter().all(|one| one["state"] != "staged"), "a later pull supersedes it");
    }
}

const NEWER: &str = "inbox/mitglieder-2026-03-02.csv";

/// The rows of the membership: 16 without a key, 24 of them under a wrong name.
fn damaged(whole: &[u8]) -> Vec<u8> {
    let damage = |(number, row): (usize, Vec<u8>)| match number {
        1..=16 => row.iter().position(|byte| *byte == b';').map_or(row.clone(), |end| row[end..].to_vec()),
        17..=40 => {
            let mut cells: Vec<Vec<u8>> = row.split(|byte| *byte == b';').map(<[u8]>::to_vec).collect();
            cells[4] = b"Verkehrt".to_vec();
            cells.join(&b';')
        }
        _ => row,
    };
    lines(whole).into_iter().enumerate().map(damage).collect::<Vec<_>>().concat()
}

fn rows_without_keys_and_wrong_names(story: &Story) {
    let before = story.exported();
    story.newer_file(&damaged(&story.app.members()));
    story.job("nightly", 2).fails_with(4);
    let waiting = story.waiting();
    assert!(waiting["reason"].as_str().unwrap().contains("max_reject_percent"), "{waiting:#}");
    story.nothing_changes(&before);
}

#[test]
fn what_has_too_many_rows_in_quarantine_is_published_by_no_job() {
    rows_without_keys_and_wrong_names(&Story::on_sqlite());
}

#[test]
fn what_has_too_many_rows_in_quarantine_is_published_by_no_job_on_postgres() {
    rows_without_keys_and_wrong_names(&Story::on_postgres());
}

fn a_stale_file(story: &Story) {
    let before = story.exported();
    let schema = story.app.read("schemas/sources/membership.toml");
    let fresh = "[freshness]\nwarn_after = \"1d\"\nerror_after = \"2d\"\n\n[connector]";
    story.app.write("schemas/sources/membership.toml", &schema.replace("[connector]", fresh));
    let newest = fs::metadata(story.app.path(MEMBERS)).unwrap().modified().unwrap();
    let stale = newest - Duration::from_hours(20 * 24);
    for (name, bytes) in [(MEMBERS, story.app.members()), (NEWER, replaced(&story.app.members(), b"Berlin", b"Erfurt"))]
    {
        fs::write(story.app.path(name), bytes).unwrap();
        let older = if name == MEMBERS { stale - Duration::from_hours(24) } else { stale };
        fs::File::options().append(true).open(story.app.path(name)).unwrap().set_modified(older).unwrap();
    }
    let said = story.job("nightly", 2).fails_with(3);
    assert!(said.contains("guard `freshness`"), "{said}");
    story.job("hourly-leads", 2).succeeds();
    assert_eq!(story.exported(), before);
    fs::remove_file(story.app.path(NEWER)).unwrap();
    story.job("nightly", 3).fails_with(3);
    story.job("hourly-leads", 3).succeeds();
    assert_eq!(story.exported(), before);
}

#[test]
fn what_is_too_old_is_published_by_no_job() {
    a_stale_file(&Story::on_sqlite());
}

#[test]
fn what_is_too_old_is_published_by_no_job_on_postgres() {
    a_stale_file(&Story::on_postgres());
}

fn a_mass_change(story: &Story) {
    let before = story.exported();
    let moved = |row: Vec<u8>| {
        let mut cells: Vec<Vec<u8>> = row.split(|byte| *byte == b';').map(<[u8]>::to_vec).collect();
        cells[7] = b"Neue Gasse 1".to_vec();
        cells.join(&b';')
    };
    let rows = lines(&story.app.members()).into_iter().enumerate();
    let rows = rows.map(|(number, row)| if number == 0 { row } else { moved(row) });
    story.newer_file(&rows.collect::<Vec<_>>().concat());
    let said = story.job("nightly", 2).fails_with(3);
    assert!(said.contains("guard `max_changed_percent`"), "{said}");
    assert!(story.waiting()["reason"].as_str().unwrap().contains("max_changed_percent"));
    story.nothing_changes(&before);
}

#[test]
fn what_would_change_too_many_persons_is_published_by_no_job() {
    a_mass_change(&Story::on_sqlite());
}

#[test]
fn what_would_change_too_many_persons_is_published_by_no_job_on_postgres() {
    a_mass_change(&Story::on_postgres());
}

fn a_human_decides(story: &Story) {
    let (before, whole) = (story.persons(), story.app.members());
    let rows = lines(&whole);
    story.newer_file(&rows[..rows.len() / 10].concat());
    let said = story.job("nightly", 2).fails_with(3);
    for guard in ["max_drop_percent", "max_gone_percent"] {
        assert!(said.contains(&format!("guard `{guard}`")), "all that would trip is named at once: {said}");
    }
    let id = story.waiting()["id"].to_string();
    assert!(said.contains(&format!("kartei deliveries show {id}")), "{said}");
    // The same content waits once, under the same number, however often it is met.
    story.job("nightly", 3).fails_with(3);
    assert_eq!(story.waiting()["id"].to_string(), id);
    story.run(&["deliveries", "accept", &id, "--reason", "a branch was closed"]).succeeds();
    story.job("hourly-leads", 3).succeeds();
    let active = story.persons().values().filter(|person| person["state"] == "active").count();
    assert!(active < before.len() * 9 / 10, "{active} of {} are left", before.len());

    let guards = ["--accept-guard", "max_changed_percent", "--accept-guard", "max_merged_percent"];
    story.run(&[&["deliveries", "forget", &id, "--reason", "a torn export"][..], &guards].concat()).succeeds();
    story.job("nightly", 4).succeeds();
    let active = |persons: &Persons| {
        let of = |person: &&std::collections::BTreeMap<String, String>| person["state"] == "active";
        persons.values().filter(of).map(|person| (person["id"].clone(), person["surname"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(active(&story.persons()), active(&before), "they are as if it had never come, under their own ids");
}

#[test]
fn what_waits_is_published_once_a_human_accepts_it_and_can_be_taken_back() {
    a_human_decides(&Story::on_sqlite());
}

#[test]
fn what_waits_is_published_once_a_human_accepts_it_and_can_be_taken_back_on_postgres() {
    a_human_decides(&Story::on_postgres());
}

fn a_dry_run_over_a_bad_file(story: &Story) {
    let (before, deliveries) = (story.exported(), story.deliveries().len());
    let rows = lines(&replaced(&story.app.members(), b"Berlin", b"Erfurt"));
    story.newer_file(&rows[..rows.len() - 10].concat());
    let frames = || files_below(&story.app.path("data/batches"));
    let at_rest = frames();
    story.run(&["run", "nightly", "--dry-run", "--as-of", &day(2)]).succeeds();
    assert_eq!((story.deliveries().len(), frames()), (deliveries, at_rest), "a dry run left something");
    fs::remove_file(story.app.path(NEWER)).unwrap();
    story.job("hourly-leads", 2).succeeds();
    story.job("nightly", 3).succeeds();
    assert_eq!(story.exported(), before);
}

#[test]
fn what_a_dry_run_saw_is_published_by_no_job() {
    a_dry_run_over_a_bad_file(&Story::on_sqlite());
}

#[test]
fn what_a_dry_run_saw_is_published_by_no_job_on_postgres() {
    a_dry_run_over_a_bad_file(&Story::on_postgres());
}

#[test]
fn a_listing_with_a_row_without_a_key_makes_nobody_gone() {
    let story = Story::on_sqlite();
    let whole = story.app.members();
    let rows = lines(&whole);
    let keyless = member(&[("Mitgliedsnummer", ""), ("Nachname", "Ohnezahl")]);
    // Two are missing, of whom one may be the row without a number.
    story.app.deliver_members(&[&rows[..rows.len() - 2].concat(), keyless.as_bytes()].concat());
    story.job("nightly", 2).succeeds();
    assert!(story.persons().values().all(|person| person["state"] == "active"));
    story.app.deliver_members(&rows[..rows.len() - 2].concat());
    story.job("nightly", 3).succeeds();
    let report = story.app.report();
    let sources = report["sources"].as_array().unwrap();
    let membership = sources.iter().find(|source| source["name"] == "membership").unwrap();
    assert_eq!(membership["gone"], 2, "{membership:#}");
}

#[test]
fn columns_that_are_left_out_stay_out_until_somebody_accepts_them() {
    let story = Story::on_sqlite();
    story.app.replace("schemas/sources/membership.toml", "trust = 90", "trust = 90\non_drift = \"freeze\"");
    story.job("nightly", 1).succeeds();
    let widened = |word: &str| {
        let rows = lines(&story.app.members()).into_iter().enumerate();
        let add = |(number, row): (usize, Vec<u8>)| {
            let more = format!(";{}\r\n", if number == 0 { "Spitzname" } else { word });
            [row.trim_ascii_end(), more.as_bytes()].concat()
        };
        rows.map(add).collect::<Vec<_>>().concat()
    };
    let verdicts = || {
        let newest = story.deliveries().into_iter().find(|one| one["source"] == "membership").unwrap();
        let of_drift = newest["verdicts"].as_array().unwrap().iter().find(|verdict| verdict["guard"] == "drift");
        of_drift.map(|verdict| verdict["verdict"].clone())
    };
    for (night, word) in [(2, "Ente"), (3, "Gans")] {
        story.newer_file(&widened(word));
        story.job("nightly", night).succeeds();
        assert_eq!(verdicts(), Some("frozen".into()), "night {night}");
    }
    story.run(&["run", "--as-of", &day(4), "--accept-guard", "drift=membership"]).succeeds();
    assert_eq!(verdicts(), Some("accepted".into()));
    story.newer_file(&widened("Huhn"));
    story.job("nightly", 5).succeeds();
    assert_eq!(verdicts(), None, "the columns are known now");
}

#[test]
fn a_source_that_is_no_longer_configured_goes_once_it_is_retired() {
    let story = Story::on_sqlite();
    let before = story.persons();
    fs::remove_file(story.app.path("schemas/sources/leads.toml")).unwrap();
    story.job("nightly", 2).succeeds();
    let known = |persons: &Persons| persons.values().filter(|person| person["sources"].contains("leads")).count();
    assert_eq!(known(&story.persons()), known(&before), "it lives on until somebody says otherwise");
    let preview = story.run(&["sources", "retire", "leads"]).succeeds();
    assert!(preview.contains("records of `leads`"), "{preview}");
    story.run(&["sources", "retire", "membership"]).fails_with(2);
    story.run(&["sources", "retire", "leads", "--yes", "--reason", "replaced"]).succeeds();
    let ended = story.job("nightly", 3);
    if ended.code == 3 {
        // The guards look as they always do, and what they stop waits.
        let all = story.deliveries();
        let waiting = all.iter().find(|one| one["state"] == "staged").unwrap();
        story.run(&["deliveries", "accept", &waiting["id"].to_string()]).succeeds();
        story.job("nightly", 3).succeeds();
    }
    let persons = story.persons();
    let active = persons.values().filter(|person| person["state"] == "active");
    assert_eq!(active.filter(|person| person["sources"].contains("leads")).count(), 0);
    for gone in before.keys().filter(|id| !persons.contains_key(*id)) {
        let shown = story.run(&["persons", "show", gone]).succeeds();
        assert!(shown.contains(gone.as_str()), "an id is never forgotten: {shown}");
    }
}

fn unreadable_values(story: &Story) {
    let before = story.persons();
    let whole = story.app.members();
    let spoilt = |count: usize| {
        let rows = lines(&whole).into_iter().enumerate();
        let spoil = |(number, row): (usize, Vec<u8>)| {
            let mut cells: Vec<Vec<u8>> = row.split(|byte| *byte == b';').map(<[u8]>::to_vec).collect();
            if (1..=count).contains(&number) {
                cells[6] = b"99.99.9999".to_vec();
            }
            cells.join(&b';')
        };
        rows.map(spoil).collect::<Vec<_>>().concat()
    };
    let dates = |persons: &Persons| {
        let of =
            |person: &std::collections::BTreeMap<String, String>| (person["id"].clone(), person["birth_date"].clone());
        persons.values().map(of).collect::<Vec<_>>()
    };
    let listed = || {
        let text = story.run(&["rejects", "--json", "--limit", "0"]).succeeds();
        let all: Vec<Value> = serde_json::from_str(&text).unwrap();
        all.into_iter().filter(|one| one["reason"] == "unreadable_value").collect::<Vec<_>>()
    };
    let known = listed().len();
    story.newer_file(&spoilt(10));
    story.job("nightly", 2).succeeds();
    assert_eq!(dates(&story.persons()), dates(&before), "what cannot be read clears nothing");
    let values = listed();
    assert_eq!(values.len(), known + 10, "{values:#?}");
    let one = values.iter().find(|one| one["line"] == 2).unwrap();
    assert_eq!(
        (one["column"].as_str(), one["file"].as_str()),
        (Some("Geburtsdatum"), Some("mitglieder-2026-03-02.csv"))
    );
    assert_eq!(one["detail"], "birth_date: not_a_date");

    story.newer_file(&spoilt(100));
    let said = story.job("nightly", 3).fails_with(3);
    assert!(said.contains("guard `max_unreadable_percent`") && said.contains("`birth_date`"), "{said}");
    story.job("hourly-leads", 3).succeeds();
    assert_eq!(dates(&story.persons()), dates(&before));
    story.newer_file(&whole);
    story.job("nightly", 4).succeeds();
    assert_eq!(dates(&story.persons()), dates(&before));
    story.newer_file(&replaced(&whole, b"Berlin", b"Potsdam"));
    story.job("nightly", 5).succeeds();
    assert_eq!(dates(&story.persons()), dates(&before));
}

#[test]
fn what_cannot_be_read_clears_nothing_is_listed_with_its_line_and_watched() {
    unreadable_values(&Story::on_sqlite());
}

#[test]
fn what_cannot_be_read_clears_nothing_on_postgres() {
    unreadable_values(&Story::on_postgres());
}

#[test]
fn those_who_come_back_are_told_as_such_and_not_as_new() {
    let story = Story::on_sqlite();
    let whole = story.app.members();
    let rows = lines(&whole);
    story.app.deliver_members(&rows[..rows.len() - 8].concat());
    story.job("nightly", 2).succeeds();
    story.app.deliver_members(&whole);
    story.job("nightly", 3).succeeds();
    let changes = story.app.report()["changes"]["kinds"].to_string();
    assert!(changes.contains("returned") && !changes.contains("new_member"), "{changes}");
}

/// The files below a folder, sorted.
fn files_below(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found.sort();
    found
}
