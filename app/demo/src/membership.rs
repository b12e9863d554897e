//! The membership administration: CSV, semicolons, Windows-1252, German headers; every row in every export.

use chrono::{Datelike, NaiveDate};

use crate::chance::Chance;
use crate::contact::plain;
use crate::names::Sex;
use crate::record::{BirthDate, Record, phone_text};
use crate::shares;
use crate::world::World;

/// The header line.
pub(crate) const HEADER: &str = "Mitgliedsnummer;Anrede;Titel;Vorname;Nachname;Geburtsname;Geburtsdatum;Straße;PLZ;Ort;Telefon;Mobil;E-Mail;\
                                 Ortsverein;Eintritt;Austritt;Status;Geändert am\r\n";

/// What members did not tell.
pub(crate) fn thin(record: &mut Record, chance: &mut Chance) {
    let [birth, birth_surname, phone, mobile, email] = shares::MEMBERSHIP_FILLED;
    if !chance.roll(birth) {
        record.birth = BirthDate::Unknown;
    }
    for (text, share) in [
        (&mut record.birth_surname, birth_surname),
        (&mut record.phone, phone),
        (&mut record.mobile, mobile),
        (&mut record.email, email),
    ] {
        if !chance.roll(share) {
            text.clear();
        }
    }
}

/// Appends the row in Windows-1252.
pub(crate) fn write(world: &World, record: &Record, out: &mut Vec<u8>) {
    let left = record.has_left.then(|| record.changed.date());
    let branch = world.organisation.branch_name(record.area, record.style);
    let salutation = match record.sex {
        _ if record.style.is_multiple_of(97) => "",
        Sex::Female => "Frau",
        Sex::Male => "Herr",
    };
    let fields = [
        record.key.as_str(),
        salutation,
        record.title,
        &record.given,
        &record.surname,
        &record.birth_surname,
        &birth_text(record),
        &record.street_line(),
        &record.postal_code,
        &record.city,
        &phone_text(&record.phone, record.style / 8, 3),
        &phone_text(&record.mobile, record.style / 8, 3),
        &record.email,
        branch,
        &day_text(record.created.date()),
        &left.map(day_text).unwrap_or_default(),
        if record.has_left { "ausgetreten" } else { "aktiv" },
        &record.changed.format("%d.%m.%Y %H:%M:%S").to_string(),
    ];
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b';');
        }
        encode(field, out);
    }
    out.extend_from_slice(b"\r\n");
}

fn birth_text(record: &Record) -> String {
    match record.birth {
        BirthDate::Unknown => String::new(),
        BirthDate::Year(year) => year.to_string(),
        BirthDate::Day(day) if record.style.is_multiple_of(50) => day.to_string(),
        BirthDate::Day(day) => day_text(day),
    }
}

/// `05.03.1984`.
pub(crate) fn day_text(day: NaiveDate) -> String {
    format!("{:02}.{:02}.{:04}", day.day(), day.month(), day.year())
}

/// Letters outside Windows-1252 lose their accents, as they do in such systems; what needs quotes gets them.
fn encode(field: &str, out: &mut Vec<u8>) {
    let needs_quotes = field.contains([';', '"', '\n', '\r']);
    let quoted;
    let field = if needs_quotes {
        quoted = format!("\"{}\"", field.replace('"', "\"\""));
        &quoted
    } else {
        field
    };
    if field.is_ascii() {
        out.extend_from_slice(field.as_bytes());
        return;
    }
    for letter in field.chars() {
        let mut buffer = [0_u8; 4];
        let (bytes, _, is_lossy) = encoding_rs::WINDOWS_1252.encode(letter.encode_utf8(&mut buffer));
        if is_lossy {
            let lower = letter.to_lowercase().next().and_then(plain).unwrap_or('?');
            let folded = if letter.is_uppercase() { lower.to_ascii_uppercase() } else { lower };
            out.push(u8::try_from(folded).unwrap_or(b'?'));
        } else {
            out.extend_from_slice(&bytes);
        }
    }
}
