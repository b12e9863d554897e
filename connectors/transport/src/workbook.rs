//! XLSX and ODS into rows: of the sheets the one that holds the people; dates become ISO text, whole numbers have no `.0`.

use std::io::{Cursor, Read, Seek};

use calamine::{Data, DataRef, ExcelDateTime, Ods, OdsError, Reader, Sheet, SheetType, SheetVisible, Xlsx, XlsxError};

use crate::begin::{LOOK_ROWS, likeness};
use crate::content::whole_content;
use crate::error::FileError;
use crate::inspect::{Delivery, Format};
use crate::pager::{Halt, Pager};
use crate::sheet_rows::{SheetRow, SheetRows, cell_text, dense};

/// Reads the rows of a sheet: the stated one, or the one that looks most like a list of people.
pub(crate) fn read_rows(delivery: &Delivery, pager: &mut Pager<'_>) -> Result<(), Halt> {
    let content = whole_content(&delivery.path, delivery.packing)?;
    if delivery.format == Format::Ods {
        let book = Ods::new(content).map_err(|error| explain_ods(delivery, &error))?;
        return read_book(Book::Ods(book), delivery, pager);
    }
    let book = Xlsx::new(content).map_err(|error| explain(delivery, &error))?;
    read_book(Book::Xlsx(Box::new(book)), delivery, pager)
}

fn read_book(mut book: Book, delivery: &Delivery, pager: &mut Pager<'_>) -> Result<(), Halt> {
    let sheet = book.choose_sheet(delivery, pager.expected_columns())?;
    let mut rows = SheetRows::new(pager);
    book.each_row(&sheet, delivery, &mut |row| rows.take(row))?;
    rows.finish(delivery)
}

/// A workbook of either kind.
enum Book {
    Xlsx(Box<Xlsx<Cursor<Vec<u8>>>>),
    Ods(Ods<Cursor<Vec<u8>>>),
}

impl Book {
    /// The stated sheet; else of those that are shown the first that holds a list of people, else the first with a table,
    /// else the first with anything.
    fn choose_sheet(&mut self, delivery: &Delivery, expected: &[String]) -> Result<String, FileError> {
        let sheets = match self {
            Self::Xlsx(book) => shown(book.as_ref()),
            Self::Ods(book) => shown(book),
        };
        let names: Vec<String> = match self {
            Self::Xlsx(book) => book.sheet_names(),
            Self::Ods(book) => book.sheet_names(),
        };
        if let Some(stated) = &delivery.sheet {
            let unknown = || FileError::UnknownSheet {
                file: delivery.name.clone(),
                sheet: stated.clone(),
                sheets: names.clone(),
            };
            return names.iter().find(|name| *name == stated).cloned().ok_or_else(unknown);
        }
        let candidates = if sheets.is_empty() { names } else { sheets };
        if let [only] = candidates.as_slice() {
            return Ok(only.clone());
        }
        let mut best: Option<((bool, usize, bool), String)> = None;
        for name in candidates {
            let top = self.top(&name, delivery)?;
            let (known, is_table) = likeness(&top, expected);
            let rank = (!top.is_empty(), known, is_table);
            if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                best = Some((rank, name));
            }
        }
        best.map(|(_, name)| name).ok_or_else(|| FileError::Empty { file: delivery.name.clone() })
    }

    /// The first filled rows of a sheet.
    fn top(&mut self, sheet: &str, delivery: &Delivery) -> Result<Vec<Vec<String>>, FileError> {
        let mut top: Vec<SheetRow> = Vec::new();
        let read = self.each_row(sheet, delivery, &mut |row| {
            if !row.cells.is_empty() {
                top.push(row);
            }
            if top.len() >= LOOK_ROWS { Err(Halt::Stopped) } else { Ok(()) }
        });
        match read {
            Ok(()) | Err(Halt::Stopped) => Ok(dense(&top)),
            Err(Halt::Failed(error)) => Err(error),
        }
    }

    fn each_row(
        &mut self,
        sheet: &str,
        delivery: &Delivery,
        take: &mut dyn FnMut(SheetRow) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        match self {
            Self::Xlsx(book) => each_xlsx_row(book, sheet, delivery, take),
            Self::Ods(book) => each_ods_row(book, sheet, delivery, take),
        }
    }
}

/// The names of the sheets that people see.
fn shown<R: Read + Seek>(book: &impl Reader<R>) -> Vec<String> {
    let is_shown = |sheet: &&Sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet;
    book.sheets_metadata().iter().filter(is_shown).map(|sheet| sheet.name.clone()).collect()
}

fn each_xlsx_row<R: Read + Seek>(
    book: &mut Xlsx<R>,
    sheet: &str,
    delivery: &Delivery,
    take: &mut dyn FnMut(SheetRow) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let mut cells = book.worksheet_cells_reader(sheet).map_err(|error| explain(delivery, &error))?;
    let mut current = SheetRow::default();
    while let Some(cell) = cells.next_cell().map_err(|error| explain(delivery, &error))? {
        let (number, column) = cell.get_position();
        if number != current.number {
            let next = SheetRow { number, ..SheetRow::default() };
            take(std::mem::replace(&mut current, next))?;
        }
        if matches!(cell.get_value(), DataRef::Error(_)) {
            current.failed = Some(column);
        }
        current.cells.extend(cell_text(text_of(cell.get_value())).map(|text| (column, text)));
    }
    take(current)
}

fn each_ods_row<R: Read + Seek>(
    book: &mut Ods<R>,
    sheet: &str,
    delivery: &Delivery,
    take: &mut dyn FnMut(SheetRow) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let range = book.worksheet_range(sheet).map_err(|error| explain_ods(delivery, &error))?;
    let (top, left) = range.start().unwrap_or_default();
    for (number, cells) in (top..).zip(range.rows()) {
        let mut row = SheetRow { number, ..SheetRow::default() };
        for (column, value) in (left..).zip(cells) {
            if matches!(value, Data::Error(_)) {
                row.failed = Some(column);
            }
            row.cells.extend(cell_text(text_of_owned(value)).map(|text| (column, text)));
        }
        take(row)?;
    }
    Ok(())
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

fn text_of_owned(value: &Data) -> String {
    match value {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(truth) => truth.to_string(),
        Data::DateTime(instant) => date_text(instant),
        Data::Error(_) => value.to_string(),
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
        XlsxError::Password => is_protected(delivery),
        _ => damaged(delivery),
    }
}

fn explain_ods(delivery: &Delivery, error: &OdsError) -> FileError {
    match error {
        OdsError::Password => is_protected(delivery),
        _ => damaged(delivery),
    }
}

fn is_protected(delivery: &Delivery) -> FileError {
    FileError::WrongFormat {
        file: delivery.name.clone(),
        expected: "a readable workbook".into(),
        detail: "it is protected by a password".into(),
    }
}

fn damaged(delivery: &Delivery) -> FileError {
    FileError::Truncated { file: delivery.name.clone(), detail: "the workbook is damaged".into() }
}
