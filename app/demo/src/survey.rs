//! The survey tool: an Excel workbook with one row an answer sheet, a name in one column, and questions.

use std::path::Path;

use chrono::Datelike;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use crate::chance::Chance;
use crate::record::{BirthDate, Record, phone_text};
use crate::shares;

/// The questions, as the workbook's columns word them.
pub(crate) const QUESTIONS: [&str; 4] = [
    "Welches Thema ist Ihnen am wichtigsten?",
    "Wie zufrieden sind Sie mit der Arbeit vor Ort (1 bis 5)?",
    "Möchten Sie selbst mitarbeiten?",
    "Was sollten wir besser machen?",
];
const COLUMNS: [&str; 9] = [
    "Antwort-ID",
    "Abgegeben am",
    "Name",
    "E-Mail",
    "PLZ",
    "Wohnort",
    "Geburtsjahr",
    "Telefon",
    "Einwilligung Kontakt",
];
const THEMES: [&str; 6] =
    ["Bezahlbares Wohnen", "Klimaschutz", "Gute Arbeit", "Bildung", "Gesundheit und Pflege", "Sicherheit"];
const WISHES: [&str; 7] = [
    "",
    "",
    "",
    "Mehr Veranstaltungen am Wochenende",
    "Öfter per Mail informieren",
    "Weniger Sitzungen, mehr Aktionen",
    "Kinderbetreuung bei Treffen",
];

/// What people left blank. Nobody asks for a street.
pub(crate) fn thin(record: &mut Record, chance: &mut Chance) {
    let [name, email, postal_code, birth, phone] = shares::SURVEY_FILLED;
    if !chance.roll(name) {
        record.given.clear();
        record.surname.clear();
    }
    if !chance.roll(email) {
        record.email.clear();
    }
    if !chance.roll(postal_code) {
        record.postal_code.clear();
    }
    if !chance.roll(0.4) {
        record.city.clear();
    }
    record.birth = match record.birth {
        BirthDate::Day(day) if chance.roll(birth) => BirthDate::Year(day.year()),
        _ => BirthDate::Unknown,
    };
    if !chance.roll(phone) {
        record.mobile.clear();
        record.phone.clear();
    }
    for text in [&mut record.birth_surname, &mut record.street, &mut record.house_number] {
        text.clear();
    }
}

/// The workbook, written row by row.
pub(crate) struct Sheet {
    workbook: Workbook,
    row: u32,
}

impl Sheet {
    /// An empty sheet with its header; the time stamp makes equal worlds equal files.
    pub(crate) fn new(year: u16) -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        let created = ExcelDateTime::from_ymd(year, 1, 1)?;
        workbook.set_properties(&DocProperties::new().set_author("Umfragewerkzeug").set_creation_datetime(&created));
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name("Antworten")?;
        for (column, title) in (0_u16..).zip(COLUMNS.iter().chain(&QUESTIONS)) {
            sheet.write_string(0, column, *title)?;
        }
        Ok(Self { workbook, row: 1 })
    }

    /// Adds a row.
    pub(crate) fn write(&mut self, record: &Record) -> Result<(), XlsxError> {
        let row = self.row;
        self.row += 1;
        let sheet = self.workbook.worksheet_from_index(0)?;
        let number = if record.mobile.is_empty() { &record.phone } else { &record.mobile };
        put(sheet, row, 0, &record.key)?;
        put(sheet, row, 1, &record.created.format("%d.%m.%Y").to_string())?;
        put(sheet, row, 2, &name_text(record))?;
        put(sheet, row, 3, &record.email)?;
        put(sheet, row, 4, &postal_code_text(record))?;
        put(sheet, row, 5, &record.city)?;
        if let BirthDate::Year(year) = record.birth {
            let year = if record.style.is_multiple_of(83) { year % 100 } else { year };
            sheet.write_number(row, 6, f64::from(year))?;
        }
        put(sheet, row, 7, &phone_text(number, record.style / 8, 8))?;
        put(sheet, row, 8, if record.style % 5 < 3 { "ja" } else { "nein" })?;
        let pick = |shift: u64, count: u64| usize::try_from((record.style >> shift) % count).unwrap_or(0);
        put(sheet, row, 9, THEMES[pick(7, 6)])?;
        sheet.write_number(row, 10, pick(11, 5) as f64 + 1.0)?;
        put(sheet, row, 11, ["ja", "nein", "vielleicht", ""][pick(15, 4)])?;
        put(sheet, row, 12, WISHES[pick(18, 7)])
    }

    /// Closes the workbook.
    pub(crate) fn save(&mut self, path: &Path) -> Result<(), XlsxError> {
        self.workbook.save(path)
    }
}

fn put(sheet: &mut Worksheet, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
    if !text.is_empty() {
        sheet.write_string(row, column, text)?;
    }
    Ok(())
}

/// "Anna Müller", "Müller, Anna", "Frau Anna Müller".
fn name_text(record: &Record) -> String {
    let (given, surname) = (record.given.as_str(), record.surname.as_str());
    if given.is_empty() && surname.is_empty() {
        return String::new();
    }
    match record.style % 20 {
        0..=3 => format!("{surname}, {given}"),
        4 => {
            let salutation = if record.sex == crate::names::Sex::Female { "Frau" } else { "Herr" };
            format!("{salutation} {given} {surname}")
        }
        5 => surname.to_owned(),
        _ if !record.title.is_empty() => format!("{} {given} {surname}", record.title),
        _ => format!("{given} {surname}"),
    }
}

/// Excel likes to take the leading zero.
fn postal_code_text(record: &Record) -> String {
    let code = record.postal_code.as_str();
    if record.style.is_multiple_of(3) { code.trim_start_matches('0').to_owned() } else { code.to_owned() }
}
