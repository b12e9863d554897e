//! A made-up organisation after its first night: made once, copied for every story that changes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::{Days, NaiveDate};
use kartei_demo::{DemoOptions, advance, generate};
use serde_json::Value;

use crate::app::{Ended, TestApp};

/// The persons that are published, by id; each with its columns.
pub(crate) type Persons = BTreeMap<String, BTreeMap<String, String>>;

/// The columns of the membership's file.
const MEMBER: [(&str, &str); 18] = [
    ("Mitgliedsnummer", "90000001"),
    ("Anrede", "Frau"),
    ("Titel", ""),
    ("Vorname", "Rosalinde"),
    ("Nachname", "Zwickelbauer"),
    ("Geburtsname", ""),
    ("Geburtsdatum", "17.02.1971"),
    ("Straße", "Lindenweg 10"),
    ("PLZ", "13599"),
    ("Ort", "Berlin"),
    ("Telefon", ""),
    ("Mobil", ""),
    ("E-Mail", "rosalinde.zwickelbauer@mail.example"),
    ("Ortsverein", "Ortsverein Berlin"),
    ("Eintritt", "28.02.2022"),
    ("Austritt", ""),
    ("Status", "aktiv"),
    ("Geändert am", "28.02.2026 10:04:06"),
];

/// The file of the membership in the first night.
pub(crate) const MEMBERS: &str = "inbox/mitglieder-2026-03-01.csv";

/// What is made up in this folder.
pub(crate) fn options(folder: &Path, people: u64) -> DemoOptions {
    let first_night = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    DemoOptions { folder: folder.to_owned(), people, seed: 1, first_night }
}

/// A row of the membership's file, as usual but for some columns.
pub(crate) fn member(columns: &[(&str, &str)]) -> String {
    let value = |(name, usual): &(&str, &'static str)| {
        columns.iter().find(|(column, _)| column == name).map_or((*usual).to_owned(), |(_, value)| (*value).to_owned())
    };
    format!("{}\r\n", MEMBER.iter().map(value).collect::<Vec<String>>().join(";"))
}

impl TestApp {
    /// An organisation of 300 people after its first night.
    pub(crate) fn after_a_night() -> Self {
        static FIRST_NIGHT: OnceLock<PathBuf> = OnceLock::new();
        let app = Self::empty();
        copy(FIRST_NIGHT.get_or_init(first_night), &app.path(""));
        app
    }

    /// An organisation that waits for its first night.
    pub(crate) fn before_the_first_night(people: u64) -> Self {
        let app = Self::empty();
        generate(&options(&app.path(""), people)).unwrap();
        app
    }

    /// What arrives in the inbox for another night; of an organisation of 300 people.
    pub(crate) fn another_night_arrives(&self, night: u32) {
        advance(&options(&self.path(""), 300), night).unwrap();
    }

    /// The nightly run of that night.
    pub(crate) fn night(&self, night: u32, more: &[&str]) -> Ended {
        self.run(&[&["run", "--as-of", &day(night)], more].concat())
    }

    /// The bytes of the membership's file.
    pub(crate) fn members(&self) -> Vec<u8> {
        fs::read(self.path(MEMBERS)).unwrap()
    }

    /// Another file of the membership.
    pub(crate) fn deliver_members(&self, bytes: &[u8]) {
        fs::write(self.path(MEMBERS), bytes).unwrap();
    }

    /// More rows in the membership's file; the number of the line where they begin.
    pub(crate) fn add_members(&self, rows: &[u8]) -> u64 {
        let mut bytes = self.members();
        let line = bytes.split(|byte| *byte == b'\n').count();
        bytes.extend(rows);
        self.deliver_members(&bytes);
        u64::try_from(line).unwrap()
    }

    /// All persons as they are published, as the command writes them.
    pub(crate) fn exported(&self) -> String {
        self.run(&["persons", "export"]).succeeds()
    }

    /// All persons as they are published.
    pub(crate) fn persons(&self) -> Persons {
        persons_of(&self.exported())
    }

    /// The one person of this name.
    #[track_caller]
    pub(crate) fn person(&self, surname: &str) -> BTreeMap<String, String> {
        let mut found = self.persons().into_values().filter(|person| person["surname"] == surname);
        let person = found.next().unwrap_or_else(|| panic!("nobody is called {surname}"));
        assert!(found.next().is_none(), "several are called {surname}");
        person
    }

    /// What a command writes for machines.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[arguments, &["--json"]].concat()).succeeds()).unwrap()
    }

    /// The report of the last run.
    #[track_caller]
    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.run(&["report", "--format", "json"]).succeeds()).unwrap()
    }

    /// The rows in quarantine, without single values that cannot be read: line, column and reason.
    pub(crate) fn rejects(&self) -> Vec<(u64, String, String)> {
        let text = |reject: &Value, key: &str| reject[key].as_str().unwrap_or_default().to_owned();
        let listed = self.json(&["rejects", "--limit", "0"]);
        let row = |reject: &Value| {
            (reject["line"].as_u64().unwrap_or_default(), text(reject, "column"), text(reject, "reason"))
        };
        let is_row = |reject: &&Value| reject["reason"] != "unreadable_value";
        let mut rows: Vec<_> = listed.as_array().unwrap().iter().filter(is_row).map(row).collect();
        rows.sort();
        rows
    }

    /// The mails in the folder, read as a mail program would.
    pub(crate) fn mails(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("mail")) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(paths.iter().all(|path| path.extension().is_some_and(|ending| ending == "eml")), "{paths:?}");
        paths.iter().map(|path| quoted_printable(&fs::read_to_string(path).unwrap())).collect()
    }
}

/// The day of a night.
pub(crate) fn day(night: u32) -> String {
    let first = options(Path::new(""), 0).first_night;
    (first + Days::new(u64::from(night) - 1)).to_string()
}

/// The persons of an export.
pub(crate) fn persons_of(exported: &str) -> Persons {
    let mut reader = csv::Reader::from_reader(exported.trim_start_matches('\u{feff}').as_bytes());
    let rows = reader.deserialize::<BTreeMap<String, String>>().map(Result::unwrap);
    rows.map(|row| (row["id"].clone(), row)).collect()
}

/// The rows of a delivery, the header first.
pub(crate) fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// A delivery with the first of these texts in it replaced.
pub(crate) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let place = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..place], to, &bytes[place + from.len()..]].concat()
}

fn first_night() -> PathBuf {
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = shared.join(format!("organisation-{}", std::process::id()));
    for entry in fs::read_dir(shared).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_left =
            |process: &str| process == std::process::id().to_string() || !Path::new("/proc").join(process).exists();
        if name.strip_prefix("organisation-").is_some_and(is_left) {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    let app = TestApp::before_the_first_night(300);
    app.night(1, &[]).succeeds();
    copy(&app.path(""), &folder);
    folder
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) fn quoted_printable(text: &str) -> String {
    let joined = text.replace("\r\n", "\n").replace("=\n", "");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let [first, others @ ..] = rest {
        let escaped = || u8::from_str_radix(std::str::from_utf8(others.get(..2)?).ok()?, 16).ok();
        if let Some(byte) = (*first == b'=').then(escaped).flatten() {
            bytes.push(byte);
            rest = &others[2..];
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    String::from_utf8(bytes).unwrap()
}
