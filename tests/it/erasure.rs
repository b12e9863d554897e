//! Who is erased is gone and stays gone: from store, frames, mails, reports and logs, through more nights with the same
//! files, and after an older backup was put back. Who is restricted is kept and not used.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::judgement::{Judgement, RecordId, Verdict};
use kartei_store::frames::{FrameRef, Frames};
use kartei_store::{NewJudgement, NewMail, NewOverride, PersonState, Store, StoreOptions};
use polars_core::prelude::DataType;
use sqlx::{Connection, Row};

use crate::app::{Ended, TestApp};
use crate::nightly::conserves;
use crate::on_postgres::postgres;
use crate::organisation::{MEMBERS, day, lines, member, persons_of};

const KEY: &str = "90077701";
const MAIL: &str = "xanthippa@quorzel.example";

/// What only the erased person is called, and what only its rows hold.
const VALUES: [&str; 15] = [
    "Xanthippa",
    "Quorzelbach",
    "Vlimmerdanz",
    "xanthippa@quorzel",
    "15166612397",
    "15177712397",
    "90077701",
    "Brumselpfad",
    "Plumperquatsch",
    "Zwirbeldrechseln",
    "Schnurzelgrund",
    "Wummerwechsel",
    "Flatterbrief",
    "1909-02-16",
    "nl-77701",
];

/// The person in the membership's file; a second row of the same number goes to quarantine.
fn members(mobile: &str) -> String {
    let row = |columns: &[(&str, &str)]| {
        let usual = [
            ("Mitgliedsnummer", KEY),
            ("Vorname", "Xanthippa"),
            ("Nachname", "Quorzelbach"),
            ("Geburtsname", "Vlimmerdanz"),
            ("Geburtsdatum", "16.02.1909"),
            ("Straße", "Brumselpfad 7"),
            ("Mobil", mobile),
            ("E-Mail", "haushalt@gemeinsam.example"),
        ];
        let mut all: Vec<(&str, &str)> = columns.to_vec();
        all.extend(usual.iter().filter(|(name, _)| !columns.iter().any(|(own, _)| own == name)));
        member(&all)
    };
    let household = member(&[
        ("Mitgliedsnummer", "90077702"),
        ("Anrede", "Herr"),
        ("Vorname", "Tassilo"),
        ("Nachname", "Nebenbei"),
        ("Geburtsdatum", "03.09.1968"),
        ("E-Mail", "haushalt@gemeinsam.example"),
    ]);
    [row(&[]), row(&[("Vorname", "Plumperquatsch")]), household].concat()
}

#[expect(clippy::disallowed_methods, reason = "the command reads the same clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

struct Story {
    app: TestApp,
    environment: Vec<(String, String)>,
}

impl Story {
    fn begin(url: Option<&str>) -> Self {
        let environment = url.map(|url| ("KARTEI__STORE__URL".to_owned(), url.to_owned())).into_iter().collect();
        let story = Self { app: TestApp::before_the_first_night(300), environment };
        story.app.add_members(members("0151 66612397").as_bytes());
        let subscriber = format!(
            "{{\"id\":\"nl-77701\",\"first_name\":\"Xanthippa\",\"last_name\":\"Quorzelbach\",\"email\":\"{MAIL}\",\
             \"postal_code\":\"13599\",\"birthday\":\"1909-02-16\",\"interests\":[\"Zwirbeldrechseln\"],\"status\":\"subscribed\",\
             \"updated_at\":\"2026-02-01T10:00:00Z\"}}\n"
        );
        story.app.write("inbox/newsletter-2026-03-01-b.ndjson", &subscriber);
        story.night(1);
        story
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let environment: Vec<_> =
            self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.app.run_with(arguments, &environment)
    }

    fn night(&self, night: u32) {
        self.run(&["run", "--as-of", &day(night)]).succeeds();
        let report = self.run(&["report", "--format", "json"]).succeeds();
        conserves(&serde_json::from_str(&report).unwrap());
    }

    fn person(&self, given_name: &str) -> Option<BTreeMap<String, String>> {
        let persons = persons_of(&self.run(&["persons", "export"]).succeeds());
        persons.into_values().find(|person| person["given_name"] == given_name)
    }

    fn id(&self) -> String {
        self.person("Xanthippa").unwrap()["id"].clone()
    }

    fn store<T>(&self, with: impl AsyncFnOnce(Store) -> T) -> T {
        let url = match self.environment.first() {
            Some((_, url)) => url.clone(),
            None => format!("sqlite:{}", self.app.path("kartei.db").display()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&StoreOptions::new(url)).await.unwrap();
            let out = with(store.clone()).await;
            store.close().await;
            out
        })
    }

    /// Stewards and a mailing leave traces, and a second night changes a value.
    fn leave_traces(&self) {
        let id = self.id();
        self.store(async |store| {
            let judgement = Judgement {
                left: RecordId { source: "membership".to_owned(), key: KEY.to_owned() },
                right: RecordId { source: "membership".to_owned(), key: "90077702".to_owned() },
                verdict: Verdict::Different,
            };
            let reason = Some("Schnurzelgrund".to_owned());
            let new = NewJudgement { judgement, by: "anna".to_owned(), reason };
            store.add_judgement(&new, now()).await.unwrap();
            let set = NewOverride {
                person_id: id.clone(),
                field: "city".to_owned(),
                value: Some("Wummerwechsel".to_owned()),
                by: "anna".to_owned(),
                reason: None,
            };
            store.add_override(&set, now()).await.unwrap();
            let mail = NewMail {
                deduplication_key: "mailing/1".to_owned(),
                kind: "mailing".to_owned(),
                recipient: MAIL.to_owned(),
                subject: "Flatterbrief".to_owned(),
                text: "Flatterbrief an Xanthippa Quorzelbach".to_owned(),
                html: "<p>Flatterbrief</p>".to_owned(),
                message_id: None,
            };
            store.queue_mails(&[mail], None, now() - TimeDelta::minutes(1)).await.unwrap();
        });
        self.app.replace_bytes(MEMBERS, b"0151 66612397", b"0151 77712397");
        self.night(2);
    }

    /// Whatever is kept, as text: every file but the inbox and what was copied away, the cells of every frame, and on
    /// PostgreSQL the rows of every table.
    fn all_that_is_kept(&self) -> Vec<(String, Vec<u8>)> {
        let mut kept = Vec::new();
        collect(&self.app.path(""), &mut kept);
        let frames = self.store(async |store| store.named_frames(10).await.unwrap());
        let all: Vec<FrameRef> = frames.needed.into_iter().chain(frames.kept).chain(frames.spent).collect();
        let folder = Frames::new(self.app.path("data"));
        for file in folder.files().unwrap() {
            let reference = all.iter().find(|frame| frame.name == file.name);
            let reference = reference.unwrap_or_else(|| panic!("nothing names {}", file.name));
            kept.push((file.name.clone(), cells(&folder, reference).into_bytes()));
        }
        if let Some((_, url)) = self.environment.first() {
            kept.extend(tables(url));
        }
        kept
    }

    #[track_caller]
    fn holds_nothing_of_the_person(&self) {
        let mut found = Vec::new();
        for (place, bytes) in self.all_that_is_kept() {
            for value in VALUES {
                let is_in = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
                if is_in(value) || is_in(&value.to_uppercase()) || is_in(&value.to_lowercase()) {
                    found.push(format!("{value} in {place}"));
                }
            }
        }
        assert!(found.is_empty(), "{found:#?}");
    }

    fn erase(&self) -> String {
        let id = self.id();
        let file = self.app.path("certificate.json").display().to_string();
        let arguments = ["persons", "erase", &id, "--reason", "Art. 17, by letter", "--yes", "--certificate", &file];
        self.run(&arguments).succeeds();
        id
    }
}

fn collect(folder: &Path, kept: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            let is_left_out = path.file_name().is_some_and(|name| name == "inbox" || name == "backup");
            if !is_left_out {
                collect(&path, kept);
            }
        } else {
            kept.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

fn cells(frames: &Frames, reference: &FrameRef) -> String {
    let frame = frames.get(reference, None).unwrap();
    let mut text = String::new();
    for column in frame.columns() {
        let column = column.as_materialized_series().cast(&DataType::String).unwrap();
        for cell in column.str().unwrap().iter().flatten() {
            text.push_str(cell);
            text.push('\n');
        }
    }
    text
}

/// The rows of every table of a PostgreSQL database, as text.
fn tables(url: &str) -> Vec<(String, Vec<u8>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        let names = "select table_name::text from information_schema.tables where table_schema = 'public'";
        let mut found = Vec::new();
        for row in sqlx::query(names).fetch_all(&mut connection).await.unwrap() {
            let name: String = row.get(0);
            let dump = sqlx::AssertSqlSafe(format!("select t::text from {name} as t"));
            let rows = sqlx::query(dump).fetch_all(&mut connection).await.unwrap();
            let text: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            found.push((name, text.join("\n").into_bytes()));
        }
        found
    })
}

fn tells_of_erasure_and_stays_erased(url: Option<&str>) {
    let story = Story::begin(url);
    let backup = story.app.path("backup/first").display().to_string();
    fs::create_dir_all(story.app.path("backup")).unwrap();
    story.run(&["backup", &backup]).succeeds();
    story.leave_traces();
    let kept = story.all_that_is_kept();
    for value in VALUES {
        let is_there =
            kept.iter().any(|(_, bytes)| bytes.windows(value.len()).any(|window| window == value.as_bytes()));
        assert!(is_there, "{value} is nowhere: the story proves nothing");
    }
    let household = story.person("Tassilo").unwrap();
    let id = story.erase();
    story.holds_nothing_of_the_person();
    assert_eq!(story.person("Tassilo").unwrap(), household, "who shares the address is as before");
    let certificate: serde_json::Value = serde_json::from_str(&story.app.read("certificate.json")).unwrap();
    assert_eq!((&certificate["state"], &certificate["person_id"]), (&"done".into(), &id.as_str().into()));
    // Two more nights: the same files, and one with a row more, so that it is read again.
    story.night(3);
    story.app.add_members(member(&[]).as_bytes());
    story.night(4);
    let report: serde_json::Value =
        serde_json::from_str(&story.run(&["report", "--format", "json"]).succeeds()).unwrap();
    assert_eq!(report["flow"]["erased"], 2, "the person's row, and the one in quarantine");
    story.holds_nothing_of_the_person();
    assert!(story.person("Xanthippa").is_none() && story.person("Rosalinde").is_some());
    // A backup from before the erasure is put back.
    story.run(&["restore", &backup, "--replace"]).succeeds();
    story.night(5);
    story.holds_nothing_of_the_person();
    assert!(story.person("Xanthippa").is_none() && story.person("Tassilo").is_some());
    // The person wishes to come back.
    story.run(&["persons", "readmit", &id, "--reason", "joined again"]).succeeds();
    story.app.add_members(member(&[("Mitgliedsnummer", "90000009"), ("Vorname", "Isolde")]).as_bytes());
    story.night(6);
    assert_ne!(story.id(), id, "an id is issued once");
}

#[test]
fn who_is_erased_is_gone_and_stays_gone() {
    tells_of_erasure_and_stays_erased(None);
}

#[test]
fn who_is_erased_is_gone_and_stays_gone_on_postgres() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = runtime.block_on(postgres::fresh_database());
    tells_of_erasure_and_stays_erased(Some(&url));
}

#[test]
fn an_erasure_asks_first_and_keeps_no_name_as_its_reason() {
    let story = Story::begin(None);
    let id = story.id();
    let asked = story.run(&["persons", "erase", &id, "--reason", "Art. 17"]);
    assert!(asked.stdout.contains("records"), "{asked:?}");
    assert!(asked.fails_with(2).contains("nothing was erased"));
    let named = story.run(&["persons", "erase", &id, "--reason", "Frau Quorzelbach wrote", "--yes"]).fails_with(2);
    assert!(named.contains("the reason names the person") && !named.contains("Quorzelbach"), "{named}");
    assert_eq!(story.id(), id);
    story.erase();
    let again = story.run(&["persons", "erase", &id, "--reason", "Art. 17", "--yes"]).fails_with(2);
    assert!(again.contains("was erased on"), "{again}");
    assert!(story.run(&["persons", "show", &id]).stderr.contains("erased"));
}

#[test]
fn an_erasure_that_a_crash_cut_short_is_finished_by_the_next_run() {
    let story = Story::begin(None);
    let id = story.id();
    story.erase();
    // As if the process had ended between the transaction and the removal of what it left.
    let stray = story.app.path("data/runs/1-1/stray.parquet");
    fs::create_dir_all(stray.parent().unwrap()).unwrap();
    fs::write(&stray, "Quorzelbach").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = format!("sqlite:{}", story.app.path("kartei.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query("update erasure set state = 'removed', done_at = null").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    story.night(2);
    story.holds_nothing_of_the_person();
    assert!(!stray.exists());
    let of_person = story.store(async |store| store.erasure_of(&id).await.unwrap().unwrap());
    assert!(of_person.done_at.is_some());
}

#[test]
fn who_is_restricted_is_shown_and_in_no_export_and_no_notice() {
    let story = Story::begin(None);
    let id = story.id();
    story.run(&["persons", "restrict", &id, "--reason", "Art. 18"]).succeeds();
    let exported = story.run(&["persons", "export"]);
    assert!(exported.stderr.contains("1 restricted persons are left out"), "{}", exported.stderr);
    assert!(!exported.stdout.contains("Quorzelbach"));
    let shown = story.run(&["persons", "show", &id]).succeeds();
    assert!(shown.contains("restricted") && shown.contains("Quorzelbach"), "{shown}");
    assert!(story.run(&["persons", "find", "quorzelbach"]).succeeds().contains("(restricted)"));
    story.app.replace_bytes(MEMBERS, b"0151 66612397", b"0151 77712397");
    story.night(2);
    let told = story.app.mails();
    assert!(told.iter().all(|mail| !mail.contains("Berlin")), "nobody is told: {told:?}");
    assert!(story.person("Xanthippa").is_none(), "the next night keeps the restriction");
    story.run(&["persons", "unrestrict", &id, "--reason", "settled"]).succeeds();
    assert_eq!(story.id(), id);
}

#[test]
fn everything_about_one_person_is_written_for_machines_and_to_be_read() {
    let story = Story::begin(None);
    story.leave_traces();
    let id = story.id();
    let (json, html) = (story.app.path("one.json"), story.app.path("one.html"));
    for file in [&json, &html] {
        story.run(&["persons", "export-one", &id, "--out", &file.display().to_string()]).succeeds();
    }
    let (json, html) = (story.app.read("one.json"), story.app.read("one.html"));
    for value in
        ["Xanthippa", "Vlimmerdanz", MAIL, "Zwirbeldrechseln", "Schnurzelgrund", "Wummerwechsel", "Flatterbrief"]
    {
        assert!(json.contains(value) && html.contains(value), "{value} is missing");
    }
    assert!(!html.contains("<script") && !html.contains("http://") && html.contains("Auskunft"));
    assert!(!json.contains("Nebenbei"), "nothing of anybody else");
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    let records = found["records"].as_array().unwrap();
    assert!(records.iter().all(|record| !record["received"].as_array().unwrap().is_empty()), "{records:#?}");
}

#[test]
fn who_is_gone_for_longer_than_is_kept_loses_the_values_and_keeps_the_id() {
    let story = Story::begin(None);
    let id = story.person("Tassilo").unwrap()["id"].clone();
    let whole = story.app.members();
    let others = lines(&whole).into_iter().filter(|line| !line.starts_with(b"90077702"));
    story.app.deliver_members(&others.collect::<Vec<_>>().concat());
    story.night(2);
    assert!(story.run(&["persons", "retention"]).stderr.contains("is not set"));
    let person = |id: &str| story.store(async |store| store.person(id).await.unwrap().unwrap());
    assert_eq!((person(&id).state, person(&id).surname.as_deref()), (PersonState::Gone, Some("Nebenbei")));
    story.app.write("kartei.toml", &format!("{}\n[retention]\ngone = \"1s\"\n", story.app.read("kartei.toml")));
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let listed = story.run(&["persons", "retention", "--json"]).succeeds();
    assert!(listed.contains(&id), "{listed}");
    story.night(3);
    assert_eq!((person(&id).state, person(&id).surname), (PersonState::Gone, None));
    let history = story.store(async |store| store.history(&id).await.unwrap());
    assert!(!history.is_empty() && history.iter().all(|change| change.old.is_none() && change.new.is_none()));
    story.app.deliver_members(&whole);
    story.night(4);
    assert_ne!(story.person("Tassilo").unwrap()["id"], id, "whoever comes back is somebody new");
}
