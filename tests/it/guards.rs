//! What stops a run before it publishes, under which name, and how it is let pass.

use crate::app::TestApp;
use crate::organisation::{lines, member, replaced};

/// Nothing was published, and the next run over the mended file publishes what was there before.
#[track_caller]
fn stands_and_recovers(app: &TestApp, before: &str, mended: &[u8]) {
    assert_eq!(app.exported(), before, "a run that was stopped left something behind");
    assert_eq!(app.mails(), [""; 0]);
    app.deliver_members(mended);
    app.night(3, &[]).succeeds();
    assert_eq!(app.exported(), before, "the next run came to another end");
}

#[test]
fn a_source_that_shrank_by_nine_tenths_stops_the_run() {
    let app = TestApp::after_a_night();
    let (before, whole) = (app.exported(), app.members());
    let rows = lines(&whole);
    app.deliver_members(&rows[..rows.len() / 10].concat());
    let said = app.night(2, &[]).fails_with(3);
    assert!(said.contains("guard `max_drop_percent`: source `membership` shrank from"), "{said}");
    assert!(said.contains("--accept-guard max_drop_percent"), "{said}");
    let report = app.report();
    assert_eq!(report["outcome"], "stopped_by_guard");
    let run = &app.json(&["runs"])[0];
    assert_eq!((&run["state"], &run["guard"]), (&"stopped".into(), &"max_drop_percent".into()), "{run:#}");
    stands_and_recovers(&app, &before, &whole);
}

#[test]
fn a_mass_deletion_stops_the_run_even_where_the_source_may_shrink() {
    let app = TestApp::after_a_night();
    let (before, whole) = (app.exported(), app.members());
    let rows = lines(&whole);
    app.deliver_members(&rows[..rows.len() / 10].concat());
    let said = app.night(2, &["--accept-guard", "max_drop_percent"]).fails_with(3);
    assert!(said.contains("guard `max_gone_percent`") && said.contains("would be gone"), "{said}");
    stands_and_recovers(&app, &before, &whole);
}

#[test]
fn guards_that_are_named_let_a_run_pass_once() {
    let app = TestApp::after_a_night();
    let before = app.persons();
    let whole = app.members();
    let rows = lines(&whole);
    app.deliver_members(&rows[..rows.len() / 10].concat());
    let accepted = ["max_drop_percent", "max_gone_percent", "max_changed_percent"];
    let flags: Vec<&str> = accepted.iter().flat_map(|guard| ["--accept-guard", *guard]).collect();
    app.night(2, &flags).succeeds();
    let active = app.persons().values().filter(|person| person["state"] == "active").count();
    assert!(active < before.len() * 9 / 10, "{active} of {} are left", before.len());
    app.deliver_members(&rows[..2].concat());
    app.night(3, &[]).fails_with(3);
}

#[test]
fn a_mass_change_stops_the_run() {
    let app = TestApp::after_a_night();
    let (before, whole) = (app.exported(), app.members());
    let moved: Vec<Vec<u8>> = lines(&whole).into_iter().enumerate().map(|(number, row)| moved(number, &row)).collect();
    app.deliver_members(&moved.concat());
    let said = app.night(2, &[]).fails_with(3);
    assert!(
        said.contains("guard `max_changed_percent`") && said.contains("--accept-guard max_changed_percent"),
        "{said}"
    );
    stands_and_recovers(&app, &before, &whole);
}

#[test]
fn too_many_rows_in_quarantine_stop_the_run_with_a_code_of_their_own() {
    let app = TestApp::after_a_night();
    let (before, whole) = (app.exported(), app.members());
    app.add_members(member(&[("Mitgliedsnummer", "")]).repeat(80).as_bytes());
    let said = app.night(2, &[]).fails_with(4);
    assert!(said.contains("source `membership`: 80 of") && said.contains("kartei rejects"), "{said}");
    assert!(app.run(&["rejects"]).succeeds().contains("missing_key"));
    assert_eq!(app.report()["outcome"], "too_many_rejects");
    stands_and_recovers(&app, &before, &whole);
    assert_eq!(app.rejects(), [], "rows that are mended leave the quarantine");
}

#[test]
fn a_run_that_was_stopped_has_no_say_in_how_many_rows_are_usual() {
    let app = TestApp::after_a_night();
    let (before, whole) = (app.exported(), app.members());
    let doubled: String = (0..200_u32)
        .map(|number| {
            let (key, name) = ((91_000_000 + number).to_string(), format!("Zwickel{}", letters(number)));
            member(&[("Mitgliedsnummer", &key), ("Nachname", &name), ("Vorname", &letters(number * 7)), ("E-Mail", "")])
        })
        .collect();
    let moved: Vec<Vec<u8>> = lines(&whole).into_iter().enumerate().map(|(number, row)| moved(number, &row)).collect();
    app.deliver_members(&[&moved.concat(), doubled.as_bytes()].concat());
    let said = app.night(2, &[]).fails_with(3);
    assert!(said.contains("guard `max_changed_percent`"), "{said}");
    stands_and_recovers(&app, &before, &whole);
}

#[test]
fn a_column_that_changed_stops_the_run_where_the_source_says_so() {
    let app = TestApp::after_a_night();
    let (before, whole) = (app.exported(), app.members());
    app.replace("schemas/sources/membership.toml", "trust = 90", "trust = 90\non_drift = \"stop\"");
    app.night(1, &[]).succeeds();
    app.deliver_members(&replaced(&whole, b"Nachname", b"Familienname"));
    let said = app.night(2, &[]).fails_with(3);
    assert!(said.contains("guard `drift`: the columns of source `membership` changed"), "{said}");
    assert!(said.contains("Familienname") && said.contains("Nachname"), "{said}");
    stands_and_recovers(&app, &before, &whole);
}

const FRESH: &str = "[freshness]\nwarn_after = \"1d\"\nerror_after = \"2d\"\n\n[connector]";

#[test]
fn a_source_that_nobody_renews_stops_the_run_where_it_says_so() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    let newest = std::fs::metadata(app.path(crate::organisation::MEMBERS)).unwrap().modified().unwrap();
    let changed = chrono::DateTime::<chrono::Utc>::from(newest).format("%d.%m.%Y %H:%M:%S").to_string();
    app.add_members(member(&[("Geändert am", &changed)]).as_bytes());
    let old = newest - std::time::Duration::from_hours(72);
    let file = std::fs::File::options().append(true).open(app.path(crate::organisation::MEMBERS)).unwrap();
    file.set_modified(old).unwrap();
    app.replace("schemas/sources/membership.toml", "[connector]", FRESH);
    let said = app.night(2, &[]).fails_with(3);
    assert!(said.contains("guard `freshness`: source `membership` was last renewed 72 hours ago"), "{said}");
    assert_eq!(app.exported(), before);
    app.night(3, &["--accept-guard", "freshness"]).succeeds();
}

#[test]
fn a_source_whose_rows_tell_nothing_new_stops_the_run_however_new_its_file_is() {
    let app = TestApp::after_a_night();
    let (before, whole) = (app.exported(), app.members());
    app.replace("schemas/sources/membership.toml", "[connector]", FRESH);
    app.deliver_members(&whole);
    let said = app.night(2, &[]).fails_with(3);
    assert!(said.contains("guard `freshness`: source `membership` was last renewed"), "{said}");
    assert_eq!(app.exported(), before);
}

#[test]
fn an_unknown_guard_is_wrong_use_and_named_with_the_nearest() {
    let app = TestApp::after_a_night();
    let said = app.night(2, &["--accept-guard", "max_gone_percnt"]).fails_with(2);
    assert!(said.contains("there is no guard `max_gone_percnt`"), "{said}");
    assert!(said.contains("did you mean `max_gone_percent`?"), "{said}");
}

/// The row of somebody who has moved and has another telephone; the header as it is.
fn moved(number: usize, row: &[u8]) -> Vec<u8> {
    let mut cells: Vec<Vec<u8>> = row.split(|byte| *byte == b';').map(<[u8]>::to_vec).collect();
    if number > 0 {
        cells[7] = format!("Neue Gasse {number}").into_bytes();
        cells[8] = b"01067".to_vec();
        cells[9] = b"Dresden".to_vec();
    }
    cells.join(&b';')
}

/// A number as letters, for names that are unlike each other.
fn letters(number: u32) -> String {
    let scrambled = number.wrapping_mul(2_654_435_761);
    (0..6).map(|place| char::from(b'a' + ((scrambled >> (place * 5)) % 26) as u8)).collect()
}
