//! The organisation of every life, and what arrives in its inbox before each night: made once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::{TimeZone, Utc};
use kartei_demo::{advance, generate};
use tempfile::TempDir;

use crate::organisation::{copy, member, options};

/// Three nights with blows, and a quiet one.
pub(crate) const NIGHTS: usize = 4;
/// So few that a night takes a moment, and that no guard holds it back.
const PEOPLE: u64 = 40;

/// A folder with the configuration, and an empty inbox.
pub(crate) fn house() -> TempDir {
    let house = tempfile::tempdir().unwrap();
    copy(&arrived(0), house.path());
    house
}

/// Puts into the inbox what has arrived before a night, counted from 1.
pub(crate) fn deliver(house: &Path, night: usize) {
    copy(&arrived(night), &house.join("inbox"));
    for file in fs::read_dir(house.join("inbox")).unwrap().map(Result::unwrap) {
        let is_new = arrived(night).join(file.file_name()).exists();
        if is_new {
            let day = u32::try_from(night).unwrap();
            let evening = Utc.with_ymd_and_hms(2026, 3, day, 1, 0, 0).unwrap();
            File::options().write(true).open(file.path()).unwrap().set_modified(evening.into()).unwrap();
        }
    }
}

/// Name and bytes of the members' list that arrived for a night.
pub(crate) fn members(night: usize) -> (String, Vec<u8>) {
    let mut files = fs::read_dir(arrived(night)).unwrap().map(|file| file.unwrap());
    let list = files.find(|file| file.file_name().to_string_lossy().contains("mitglieder")).unwrap();
    (list.file_name().into_string().unwrap(), fs::read(list.path()).unwrap())
}

/// 0: the configuration; else the files that arrived for this night.
fn arrived(night: usize) -> PathBuf {
    static ALL: OnceLock<TempDir> = OnceLock::new();
    ALL.get_or_init(make).path().join(night.to_string())
}

fn make() -> TempDir {
    let all = tempfile::tempdir().unwrap();
    let house = all.path().join("0");
    let options = options(&house, PEOPLE);
    generate(&options).unwrap();
    fs::write(house.join("jobs.toml"), include_str!("jobs.toml")).unwrap();
    for night in 1..=NIGHTS {
        if night > 1 {
            advance(&options, u32::try_from(night).unwrap()).unwrap();
        }
        let folder = all.path().join(night.to_string());
        fs::rename(house.join("inbox"), &folder).unwrap();
        fs::create_dir(house.join("inbox")).unwrap();
        // One more member in each night, so that there is something to tell.
        let delivered = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        for path in delivered.filter(|path| path.to_string_lossy().contains("mitglieder")) {
            let mut bytes = fs::read(&path).unwrap();
            for number in 1..=night {
                let key = format!("9000000{number}");
                let name = ["Zwickelbauer", "Quandt", "Yorck", "Xylander"][number - 1];
                bytes.extend(member(&[("Mitgliedsnummer", &key), ("Nachname", name), ("E-Mail", "")]).as_bytes());
            }
            fs::write(path, bytes).unwrap();
        }
    }
    all
}
