//! The newsletter tool: one JSON object a line, double opt-in, interests; only what changed since the last export.

use chrono::{NaiveDateTime, TimeDelta};
use serde::Serialize;

use crate::chance::Chance;
use crate::record::{BirthDate, Record};
use crate::shares;

const STATES: [&str; 4] = ["subscribed", "pending", "unsubscribed", "cleaned"];
/// The position of "unsubscribed".
pub(crate) const UNSUBSCRIBED: usize = 2;
const TOPICS: [&str; 9] =
    ["Klima", "Wohnen", "Arbeit", "Bildung", "Europa", "Gesundheit", "Verkehr", "Kultur", "Rente"];

/// What receivers did not tell. A row without an address cannot be: such people sign up with one made for it.
pub(crate) fn thin(record: &mut Record, chance: &mut Chance) {
    let [given, surname, postal_code, birth] = shares::NEWSLETTER_FILLED;
    for (text, share) in
        [(&mut record.given, given), (&mut record.surname, surname), (&mut record.postal_code, postal_code)]
    {
        if !chance.roll(share) {
            text.clear();
        }
    }
    if !chance.roll(birth) {
        record.birth = BirthDate::Unknown;
    }
    for text in [
        &mut record.birth_surname,
        &mut record.street,
        &mut record.house_number,
        &mut record.city,
        &mut record.phone,
        &mut record.mobile,
    ] {
        text.clear();
    }
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    email: &'a str,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    postal_code: Option<&'a str>,
    birthday: Option<String>,
    status: &'a str,
    interests: Vec<&'a str>,
    signup_source: &'a str,
    created_at: String,
    confirmed_at: Option<String>,
    updated_at: String,
}

/// Appends the row.
pub(crate) fn write(record: &Record, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let confirmed =
        (record.state != 1).then(|| stamp(record.created + TimeDelta::minutes(3 + (record.style % 900).cast_signed())));
    let row = Row {
        id: &record.key,
        email: &record.email,
        first_name: present(&record.given),
        last_name: present(&record.surname),
        postal_code: present(&record.postal_code),
        birthday: match record.birth {
            BirthDate::Day(day) => Some(day.to_string()),
            _ => None,
        },
        status: STATES[record.state],
        interests: interests(record.style),
        signup_source: ["website", "event", "petition", "import"][usize::try_from(record.style / 13 % 4).unwrap_or(0)],
        created_at: stamp(record.created),
        confirmed_at: confirmed,
        updated_at: stamp(record.changed),
    };
    serde_json::to_writer(&mut *out, &row)?;
    out.push(b'\n');
    Ok(())
}

fn interests(style: u64) -> Vec<&'static str> {
    let bits = (style >> 8) & (style >> 19);
    TOPICS.iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1).map(|(_, topic)| *topic).collect()
}

fn present(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// An instant in UTC.
pub(crate) fn stamp(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
