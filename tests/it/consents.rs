//! A person's no is never lost: by no order of runs, no `--as-of`, no change of keys, no lost frame, no unknown word.

use std::fs::{self, File};
use std::time::Duration;

use serde_json::Value;

use crate::app::{Ended, TestApp};
use crate::on_postgres::postgres;

/// A newsletter tool that writes all its rows each night.
const NEWSLETTER: &str = r#"
family = "newsletter"
key = ["id"]
updated_at = "last_changed"
[connector]
product = "files"
path = "inbox/nl-*.csv"
listing = "complete"
[fields]
email = "email"
given_name = "first"
surname = "last"
[[consent]]
purpose = "newsletter"
column = "status"
states = { subscribed = "granted", unsubscribed = "withdrawn", pending = "pending" }
at = "status_changed"
"#;

/// A form on the web that writes what is new.
const LEADS: &str = r#"
family = "leads"
key = ["id"]
missing_row = "keep"
[connector]
product = "files"
path = "inbox/ld-*.csv"
listing = "delta"
[fields]
email = "email"
given_name = "first"
surname = "last"
[[consent]]
purpose = "newsletter"
column = "optin"
states = { yes = "granted", no = "withdrawn" }
at = "when"
"#;

/// The mailbox of whom most stories tell.
const LOTTE: &str = "lotte@blumenpost.example";
const GRANTED: &str = "2,lotte@blumenpost.example,Lotte,Brandner,subscribed,2024-10-01T10:00:00Z,2024-10-01T10:00:00Z";
const WITHDRAWN: &str =
    "2,lotte@blumenpost.example,Lotte,Brandner,unsubscribed,2024-11-01T10:00:00Z,2024-11-01T10:00:00Z";

/// An installation with both sources, on one of the two stores.
struct Books {
    app: TestApp,
    store: Option<String>,
    files: std::cell::Cell<u32>,
}

impl Books {
    fn open(store: Option<String>) -> Self {
        let app = TestApp::started();
        fs::remove_dir_all(app.path("schemas/sources")).unwrap();
        app.write("schemas/org.toml", "");
        app.write("schemas/sources/nl.toml", NEWSLETTER);
        app.write("schemas/sources/ld.toml", LEADS);
        let books = Self { app, store, files: std::cell::Cell::new(0) };
        books.form(&["900,meta@stadtnetz.example,Meta,Sieveking,yes,2024-01-01T00:00:00Z"]);
        books
    }

    fn on_sqlite() -> Self {
        Self::open(None)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let environment: Vec<(&str, &str)> =
            self.store.iter().map(|url| ("KARTEI__STORE__URL", url.as_str())).collect();
        self.app.run_with(arguments, &environment)
    }

    /// A file that was written some time ago, later than those before it.
    fn deliver(&self, name: &str, header: &str, rows: &[&str]) {
        let number = self.files.get() + 1;
        self.files.set(number);
        let name = format!("inbox/{name}-{number:03}.csv");
        self.app.write(&name, &format!("{header}\n{}\n", rows.join("\n")));
        let file = File::options().write(true).open(self.app.path(&name)).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now - Duration::from_hours(10) + Duration::from_mins(u64::from(number))).unwrap();
    }

    /// The newsletter's rows, beside those of somebody who never changes.
    fn newsletter(&self, rows: &[&str]) {
        let kuno = "9,kuno@stadtnetz.example,Kuno,Wirth,subscribed,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z";
        self.deliver("nl", "id,email,first,last,status,status_changed,last_changed", &[&[kuno], rows].concat());
    }

    fn form(&self, rows: &[&str]) {
        self.deliver("ld", "id,email,first,last,optin,when", rows);
    }

    #[track_caller]
    fn night(&self) {
        self.run(&["run"]).succeeds();
    }

    fn persons(&self) -> Vec<Value> {
        let exported = self.run(&["persons", "export", "--format", "ndjson"]).succeeds();
        exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What holds for the newsletter at a mail address, in the words of all persons who bear it.
    fn states_of(&self, email: &str) -> Vec<String> {
        let persons = self.persons().into_iter().filter(|person| person["email"] == email);
        let consents = persons.flat_map(|person| person["consents"].as_array().cloned().unwrap_or_default());
        let mut states: Vec<String> =
            consents.map(|consent| consent["state"].as_str().unwrap_or_default().to_owned()).collect();
        states.sort();
        states.dedup();
        states
    }

    #[track_caller]
    fn holds(&self, state: &str) {
        assert_eq!(self.states_of(LOTTE), [state]);
    }
}

/// Tells a story on both stores.
fn on_both(story: impl Fn(&Books)) {
    story(&Books::on_sqlite());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    story(&Books::open(Some(runtime.block_on(postgres::fresh_database()))));
}

/// Five grants that are proven, and then five withdrawals without a time, heard in a run for a due time of long ago.
#[test]
fn a_run_for_a_due_time_of_the_past_hears_the_same_as_an_ordinary_one() {
    on_both(|books| {
        books.newsletter(&[GRANTED]);
        books.night();
        books.holds("granted");
        let undated = "2,lotte@blumenpost.example,Lotte,Brandner,unsubscribed,,2024-11-01T10:00:00Z";
        books.newsletter(&[undated]);
        books.run(&["run", "--as-of", "2023-01-01"]).succeeds();
        books.holds("withdrawn");
        books.night();
        books.holds("withdrawn");
    });
}

#[test]
fn a_run_for_the_future_is_refused() {
    let books = Books::on_sqlite();
    let said = books.run(&["run", "--as-of", "2962-11-29"]).fails_with(2);
    assert!(said.contains("`--as-of` lies in the future"), "{said}");
}

#[test]
fn an_import_of_an_older_or_undated_grant_lifts_nothing_and_a_newer_word_does() {
    on_both(|books| {
        books.newsletter(&[WITHDRAWN]);
        books.night();
        books.form(&["1,lotte@blumenpost.example,Lotte,Brandner,yes,2024-10-01 10:00"]);
        books.night();
        books.holds("withdrawn");
        books.form(&["2,lotte@blumenpost.example,Lotte,Brandner,yes,"]);
        books.night();
        books.holds("withdrawn");
        books.form(&["3,lotte@blumenpost.example,Lotte,Brandner,yes,2024-11-20T10:00:00Z"]);
        books.night();
        books.holds("granted");
    });
}

#[test]
fn a_withdrawal_of_a_day_is_not_lifted_by_a_grant_of_that_morning() {
    let books = Books::on_sqlite();
    books.newsletter(&["2,lotte@blumenpost.example,Lotte,Brandner,unsubscribed,01.11.2024,2024-11-01T15:00:00Z"]);
    books.night();
    books.form(&["1,lotte@blumenpost.example,Lotte,Brandner,yes,2024-11-01T08:00:00Z"]);
    books.night();
    books.holds("withdrawn");
}

#[test]
fn a_time_without_a_zone_is_the_sources_local_time() {
    let no = "2,lotte@blumenpost.example,Lotte,Brandner,unsubscribed,2024-07-01T10:30:00Z,2024-07-01T10:30:00Z";
    let yes = "1,lotte@blumenpost.example,Lotte,Brandner,yes,01.07.2024 12:00";
    for (zone, state) in [("", "withdrawn"), ("time_zone = \"UTC\"\n", "granted")] {
        let books = Books::on_sqlite();
        books.app.write("schemas/sources/ld.toml", &format!("{zone}{LEADS}"));
        books.newsletter(&[no]);
        books.night();
        books.form(&[yes]);
        books.night();
        books.holds(state);
    }
}

#[test]
fn an_unknown_or_empty_word_leaves_no_grant_standing() {
    on_both(|books| {
        for word in ["complained", ""] {
            books.newsletter(&[GRANTED]);
            books.night();
            books.holds("granted");
            let unclear = GRANTED.replace("subscribed,2024-10-01", &format!("{word},2024-11-20"));
            books.newsletter(&[&unclear]);
            books.night();
            books.holds("unclear");
        }
        let report = books.run(&["report", "--format", "text"]).succeeds();
        assert!(report.contains("unklar"), "{report}");
    });
}

#[test]
fn a_withdrawal_outlives_the_key_of_its_row() {
    on_both(|books| {
        books.newsletter(&[GRANTED]);
        books.night();
        books.newsletter(&[WITHDRAWN]);
        books.night();
        books.holds("withdrawn");
        let anew = GRANTED.replacen("2,", "7,", 1);
        books.newsletter(&[&anew]);
        books.night();
        books.holds("withdrawn");
        books.newsletter(&[]);
        books.night();
        books.newsletter(&[&GRANTED.replacen("2,", "8,", 1)]);
        books.night();
        books.holds("withdrawn");
    });
}

#[test]
fn a_withdrawal_outlives_the_frames_and_its_source() {
    on_both(|books| {
        books.newsletter(&[WITHDRAWN]);
        books.night();
        // The newsletter tool goes, and a new one begins with the old list.
        fs::rename(books.app.path("schemas/sources/nl.toml"), books.app.path("schemas/sources/other.toml")).unwrap();
        books.newsletter(&[GRANTED]);
        // So does the copy of what was said: that stops the night, and whoever makes all anew finds it in the store.
        for entry in fs::read_dir(books.app.path("data/runs")).unwrap() {
            for frame in fs::read_dir(entry.unwrap().path()).unwrap() {
                let path = frame.unwrap().path();
                if path.file_name().unwrap().to_string_lossy().contains("consent_events") {
                    fs::remove_file(path).unwrap();
                }
            }
        }
        let said = books.run(&["run"]).fails_with(1);
        assert!(said.contains("consent_events"), "{said}");
        books.holds("withdrawn");
        books.run(&["run", "--param", "full=true"]).succeeds();
        books.holds("withdrawn");
        books.night();
        books.holds("withdrawn");
    });
}

#[test]
fn an_address_that_opted_out_is_never_shown_as_reachable() {
    on_both(|books| {
        let andrea = "3,berg@mail.example,Andrea,Berg,unsubscribed,2024-11-01T10:00:00Z,2024-11-01T10:00:00Z";
        books.newsletter(&[andrea]);
        books.night();
        books.form(&["4,berg@mail.example,Andreas,Berg,yes,2024-11-20T10:00:00Z"]);
        books.night();
        assert_eq!(books.states_of("berg@mail.example"), ["withdrawn"]);
    });
}

#[test]
fn a_person_is_shown_with_what_was_said_when_and_by_whom() {
    let books = Books::on_sqlite();
    books.newsletter(&[WITHDRAWN]);
    books.night();
    let persons = books.persons();
    let lotte = persons.iter().find(|person| person["email"] == LOTTE).unwrap();
    let shown = books.run(&["persons", "show", lotte["id"].as_str().unwrap(), "--json"]).succeeds();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let event = &shown["consent_events"][0];
    assert_eq!((&event["state"], &event["source"]), (&"withdrawn".into(), &"nl".into()), "{event:#}");
    assert_eq!(event["said_at"], "2024-11-01T10:00:00Z");
}
