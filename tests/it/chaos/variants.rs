//! Other content at every attempt: which version of which file is delivered, and what may never be seen of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::chaos::chance::Chance;
use crate::chaos::deliveries;
use crate::organisation::{lines, member};

/// The member whose house number is the version of the delivery.
pub(crate) const SENTINEL: &str = "Wandelstern";
/// Surnames of a delivery that the guards must stop begin so.
pub(crate) const POISON: &str = "Zzgift";
/// The version of the last, undisturbed night.
const LAST: u32 = 1_000;
/// Subscribers whose words change: given name, surname.
const SUBSCRIBERS: [(&str, &str); 3] = [("Kasimir", "Wortstern"), ("Leontine", "Funkstern"), ("Balduin", "Nachtstern")];
const GRANTED_AT: &str = "2026-02-20T10:00:00Z";

/// The deliveries of one life.
#[derive(Debug, Default)]
pub(crate) struct Variants {
    version: u32,
    /// Newsletter file → the subscriber who withdraws in it.
    withdrawals: BTreeMap<String, usize>,
}

/// Whether the guards must stop this version of the members' list.
pub(crate) fn is_poisoned(version: u32) -> bool {
    version < LAST && version % 4 == 3
}

/// The mail address of a subscriber.
pub(crate) fn address(subscriber: usize) -> String {
    format!("chaos-{subscriber}@stern.example")
}

impl Variants {
    /// Puts the next version for a night into the inbox, in place of the one before.
    pub(crate) fn deliver(&mut self, house: &Path, night: usize, chance: &mut Chance) {
        self.version += 1;
        Self::put(house, night, self.version);
        self.put_words(house, night, chance);
    }

    /// Puts a version into the inbox that the guards let pass.
    pub(crate) fn deliver_sound(&mut self, house: &Path, night: usize) {
        self.version += if is_poisoned(self.version + 1) { 2 } else { 1 };
        Self::put(house, night, self.version);
    }

    /// What is delivered for the last night of every life.
    pub(crate) fn deliver_last(house: &Path, night: usize) {
        Self::put(house, night, LAST);
    }

    /// The subscribers' first words, before the first night.
    pub(crate) fn deliver_grants(house: &Path) {
        let rows: Vec<Value> = (0..SUBSCRIBERS.len()).map(|who| word(who, "subscribed", Some(GRANTED_AT))).collect();
        write(&house.join("inbox/newsletter-2026-02-28.ndjson"), &ndjson(&rows), 0);
    }

    /// The subscriber who withdraws in a file.
    pub(crate) fn withdrawn_in(&self, origin: &str) -> Option<usize> {
        self.withdrawals.get(origin).copied()
    }

    fn put(house: &Path, night: usize, version: u32) {
        let (name, bytes) = deliveries::members(night);
        let number = version.to_string();
        let street = format!("Lindenweg {number}");
        let row =
            member(&[("Mitgliedsnummer", "95000001"), ("Nachname", SENTINEL), ("E-Mail", ""), ("Straße", &street)]);
        let mut all = if is_poisoned(version) { poisoned(&bytes) } else { bytes };
        all.extend(row.as_bytes());
        write(&house.join("inbox").join(name), &all, version);
    }

    /// A word of one of the subscribers, in a file of its own, or none. A file of an earlier version may go away.
    fn put_words(&mut self, house: &Path, night: usize, chance: &mut Chance) {
        let who = usize::try_from(chance.below(SUBSCRIBERS.len() as u64)).unwrap();
        let name = format!("newsletter-2026-03-{night:02}-v{:03}.ndjson", self.version);
        let row = match chance.below(6) {
            0 | 1 => {
                self.withdrawals.insert(name.clone(), who);
                word(who, "unsubscribed", None)
            }
            2 => {
                self.withdrawals.insert(name.clone(), who);
                word(who, "unsubscribed", Some("2026-03-01T02:00:00Z"))
            }
            3 => word(who, "subscribed", Some(GRANTED_AT)),
            4 => word(who, "subscribed", None),
            _ => return,
        };
        if chance.below(4) == 0 {
            self.withdraw_a_file(house, chance);
        }
        write(&house.join("inbox").join(name), &ndjson(&[row]), self.version);
    }

    fn withdraw_a_file(&self, house: &Path, chance: &mut Chance) {
        let names: Vec<&String> = self.withdrawals.keys().collect();
        if names.is_empty() {
            return;
        }
        let name = chance.one_of(&names);
        let _may_be_gone_already = fs::remove_file(house.join("inbox").join(name));
    }
}

/// Half of the rows cannot be read, a third is missing, and the others bear a wrong name.
fn poisoned(bytes: &[u8]) -> Vec<u8> {
    let rows = lines(bytes);
    let mut out = rows[0].clone();
    for row in &rows[1..rows.len() * 2 / 3] {
        let mut cells: Vec<&[u8]> = row.split(|byte| *byte == b';').collect();
        let surname = [POISON.as_bytes(), cells[4]].concat();
        cells[4] = &surname;
        out.extend(cells.join(&b';'));
        out.extend(b"kaputt;kaputt\r\n");
    }
    out
}

fn word(who: usize, status: &str, at: Option<&str>) -> Value {
    let (given, surname) = SUBSCRIBERS[who];
    json!({
        "id": format!("chaos-{who}"), "email": address(who), "first_name": given, "last_name": surname,
        "postal_code": null, "birthday": null, "status": status, "interests": [], "signup_source": "event",
        "created_at": GRANTED_AT, "confirmed_at": null, "updated_at": at,
    })
}

fn ndjson(rows: &[Value]) -> Vec<u8> {
    rows.iter().flat_map(|row| format!("{row}\n").into_bytes()).collect()
}

/// Writes a file under another name first, so that nobody reads half of it. Later versions are younger.
fn write(path: &Path, bytes: &[u8], version: u32) {
    let aside = path.with_extension("arriving");
    fs::write(&aside, bytes).unwrap();
    let written = evening() + TimeDelta::seconds(i64::from(version));
    File::options().write(true).open(&aside).unwrap().set_modified(written.into()).unwrap();
    fs::rename(&aside, path).unwrap();
}

fn evening() -> DateTime<Utc> {
    "2026-03-01T01:00:00Z".parse().unwrap()
}
