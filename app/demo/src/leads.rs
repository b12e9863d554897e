//! Leads: people who left a contact at a stall, on a petition, on a landing page. Thin rows, as Parquet, only what is new.

use std::fs::File;
use std::path::Path;

use polars_core::prelude::{Column, DataFrame, PolarsError};
use polars_io::parquet::write::ParquetWriter;

use crate::chance::Chance;
use crate::newsletter::stamp;
use crate::record::{BirthDate, Record, phone_text};
use crate::shares;

const CAMPAIGNS: [&str; 6] =
    ["Infostand Marktplatz", "Petition Bahnhof", "Landingpage Rente", "Sommerfest", "Hausbesuch", "Landingpage Klima"];
const COMMENTS: [&str; 6] =
    ["", "", "", "bitte Rückruf", "möchte Infomaterial", "interessiert sich für eine Mitgliedschaft"];

/// Which of mail, PLZ, place, address, phone each shape of [`shares::LEAD_SHAPES`] gives; all but the mail alone give a name.
const SHAPES: [[bool; 5]; 7] = [
    [true, false, false, false, false],
    [false, true, true, false, false],
    [false, false, false, false, true],
    [true, false, false, false, false],
    [false, true, true, true, true],
    [true, true, false, false, false],
    [false, false, true, false, false],
];
const MAIL_ALONE: usize = 3;

/// What people did not tell at the stall.
pub(crate) fn thin(record: &mut Record, chance: &mut Chance) {
    let mut shape = chance.weighted(&shares::LEAD_SHAPES);
    if record.email.is_empty() && matches!(shape, 0 | MAIL_ALONE) {
        shape = 1;
    }
    let [email, postal_code, city, address, phone] = SHAPES[shape];
    for (text, keeps) in [
        (&mut record.email, email),
        (&mut record.postal_code, postal_code),
        (&mut record.city, city),
        (&mut record.street, address),
        (&mut record.house_number, address),
        (&mut record.phone, phone),
        (&mut record.mobile, phone && chance.roll(0.8)),
        (&mut record.birth_surname, false),
        (&mut record.given, shape != MAIL_ALONE && chance.roll(0.95)),
        (&mut record.surname, shape != MAIL_ALONE && chance.roll(0.97)),
    ] {
        if !keeps {
            text.clear();
        }
    }
    if !record.mobile.is_empty() && !record.phone.is_empty() && chance.roll(0.8) {
        record.phone.clear();
    }
    if !chance.roll(0.06) {
        record.birth = BirthDate::Unknown;
    }
}

/// The columns of the file, filled row by row.
#[derive(Default)]
pub(crate) struct Columns {
    values: [Vec<String>; 13],
}

const NAMES: [&str; 13] = [
    "lead_id",
    "created_at",
    "updated_at",
    "first_name",
    "last_name",
    "email",
    "phone",
    "street",
    "zip",
    "city",
    "birth_date",
    "campaign",
    "comment",
];

impl Columns {
    /// Adds a row.
    pub(crate) fn push(&mut self, record: &Record) {
        let pick = |shift: u64| usize::try_from((record.style >> shift) % 6).unwrap_or(0);
        let number = if record.mobile.is_empty() { &record.phone } else { &record.mobile };
        let birth = match record.birth {
            BirthDate::Day(day) if record.style.is_multiple_of(2) => day.format("%-d.%-m.%y").to_string(),
            BirthDate::Day(day) => day.format("%d/%m/%Y").to_string(),
            _ => String::new(),
        };
        let zip = if record.style.is_multiple_of(4) {
            record.postal_code.trim_start_matches('0')
        } else {
            &record.postal_code
        };
        let row = [
            record.key.clone(),
            stamp(record.created),
            stamp(record.changed),
            record.given.clone(),
            record.surname.clone(),
            record.email.clone(),
            phone_text(number, record.style / 8, 8),
            record.street_line(),
            zip.to_owned(),
            record.city.clone(),
            birth,
            CAMPAIGNS[pick(5)].to_owned(),
            COMMENTS[pick(9)].to_owned(),
        ];
        for (column, value) in self.values.iter_mut().zip(row) {
            column.push(value);
        }
    }

    /// Adds the rows of another part.
    pub(crate) fn append(&mut self, other: &mut Self) {
        for (column, more) in self.values.iter_mut().zip(&mut other.values) {
            column.append(more);
        }
    }

    /// Writes the file; empty texts become null.
    pub(crate) fn save(self, path: &Path) -> Result<(), PolarsError> {
        let height = self.values[0].len();
        let columns = NAMES.iter().zip(self.values).map(|(name, values)| {
            let values: Vec<Option<String>> =
                values.into_iter().map(|value| (!value.is_empty()).then_some(value)).collect();
            Column::new((*name).into(), values)
        });
        let mut frame = DataFrame::new(height, columns.collect())?;
        ParquetWriter::new(File::create(path)?).finish(&mut frame)?;
        Ok(())
    }
}
