//! XLSX into rows: the first filled row is the header, dates become ISO text, whole numbers have no `.0`.

use std::io::{Read, Seek};

use calamine::{Data, DataRef, ExcelDateTime, Reader, Xlsx, XlsxError};
use kartei_connector::RejectReason;

use crate::content::whole_content;
use crate::error::FileError;
use crate::inspect::Delivery;
use crate::pager::{Halt, Pager};
use crate::reject::{raw_array, refused};

/// Reads the rows of a sheet: the stated one, or the first.
pub(crate) fn read_rows(delivery: &Delivery, pager: &mut Pager<'_>) -> Result<(), Halt> {
    let content = whole_content(&delivery.path, delivery.packing)?;
    let mut book = Xlsx::new(content).map_err(|error| explain(delivery, &error))?;
    let sheet = sheet_name(&book, delivery)?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|error| explain(delivery, &error))?;
    let mut sheet = Sheet { header: Vec::new(), row: Vec::new(), number: 0, failed: None };
    while let Some(cell) = cells.next_cell().map_err(|error| explain(delivery, &error))? {
        let (row, column) = cell.get_position();
        if row != sheet.number {
            sheet.close_row(pager)?;
            sheet.number = row;
        }
        sheet.take(column, cell.get_value());
    }
    sheet.close_row(pager)?;
    if sheet.header.is_empty() { Err(FileError::Empty { file: delivery.name.clone() }.into()) } else { Ok(()) }
}

fn sheet_name<R: Read + Seek>(book: &Xlsx<R>, delivery: &Delivery) -> Result<String, FileError> {
    let sheets = book.sheet_names();
    let found = match &delivery.sheet {
        Some(name) => sheets.iter().find(|sheet| *sheet == name),
        None => sheets.first(),
    };
    found.cloned().ok_or_else(|| FileError::UnknownSheet {
        file: delivery.name.clone(),
        sheet: delivery.sheet.clone().unwrap_or_default(),
        sheets,
    })
}

/// The row that is being read, and what the header says about its cells.
struct Sheet {
    /// Sheet column → name, in order.
    header: Vec<(u32, String)>,
    row: Vec<(u32, String)>,
    number: u32,
    failed: Option<u32>,
}

impl Sheet {
    fn take(&mut self, column: u32, value: &DataRef<'_>) {
        if matches!(value, DataRef::Error(_)) {
            self.failed = Some(column);
        }
        let text = text_of(value);
        if !text.is_empty() {
            self.row.push((column, text));
        }
    }

    fn close_row(&mut self, pager: &mut Pager<'_>) -> Result<(), Halt> {
        let row = std::mem::take(&mut self.row);
        let failed = self.failed.take();
        if row.is_empty() {
            return Ok(());
        }
        if self.header.is_empty() {
            self.header = row;
            let names: Vec<String> = self.header.iter().map(|(_, name)| name.clone()).collect();
            return pager.start(&names);
        }
        let line = u64::from(self.number) + 1;
        let cell_at = |column: u32| row.iter().find(|(at, _)| *at == column).map_or("", |(_, text)| text);
        let cell = |index: usize| self.header.get(index).map(|(column, _)| cell_at(*column));
        let beyond = row.iter().find(|(at, _)| !self.header.iter().any(|(column, _)| column == at));
        let fault = match (failed, beyond) {
            (Some(column), _) => Some((RejectReason::CellError, column, "a formula that failed")),
            (None, Some((column, _))) => {
                Some((RejectReason::RaggedRow, *column, "a cell in a column without a header"))
            }
            (None, None) => None,
        };
        let Some((reason, column, detail)) = fault else { return pager.push(line, cell) };
        let raw = raw_array(row.iter().map(|(_, text)| text.into()));
        let mut reject = refused(line, reason, format!("{detail} ({})", column_letters(column)), raw);
        reject.column = self.header.iter().find(|(at, _)| *at == column).map(|(_, name)| name.clone());
        reject.key = pager.key_of(cell);
        pager.refuse(reject)
    }
}

/// `A`, `B`, ..., `Z`, `AA`, as a spreadsheet calls its columns.
fn column_letters(column: u32) -> String {
    let mut letters = String::new();
    let mut rest = column + 1;
    while rest > 0 {
        let digit = (rest - 1) % 26;
        letters.insert(0, char::from(b'A' + u8::try_from(digit).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    letters
}

fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(instant) => date_text(instant),
        DataRef::Error(error) => Data::Error(error.clone()).to_string(),
    }
}

/// A day as `2026-01-31`, an instant as `2026-01-31 08:15:00`, a time of day or a duration as `08:15:00`.
fn date_text(instant: &ExcelDateTime) -> String {
    if instant.is_duration() {
        let seconds = (instant.as_f64() * 86_400.0).round();
        let (hours, rest) = ((seconds / 3_600.0).trunc(), seconds % 3_600.0);
        return format!("{hours:02}:{:02}:{:02}", (rest / 60.0).trunc(), rest % 60.0);
    }
    let (year, month, day, hour, minute, second, _) = instant.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    if instant.as_f64() < 1.0 {
        time
    } else if time == "00:00:00" {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {time}")
    }
}

fn explain(delivery: &Delivery, error: &XlsxError) -> FileError {
    match error {
        XlsxError::Password => FileError::WrongFormat {
            file: delivery.name.clone(),
            expected: "a readable XLSX workbook".into(),
            detail: "it is protected by a password".into(),
        },
        _ => FileError::Truncated { file: delivery.name.clone(), detail: "the workbook is damaged".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_as_in_a_spreadsheet() {
        assert_eq!([0, 25, 26, 701, 702].map(column_letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
