//! Rows of a sheet, of a web page's table: held back until it is known where the table begins, then handed on.

use kartei_connector::RejectReason;

use crate::begin::{self, LOOK_ROWS};
use crate::cells::bare;
use crate::error::FileError;
use crate::inspect::Delivery;
use crate::pager::{Halt, Pager};
use crate::reject::{raw_array, refused};

/// A row: its number from 0, and its filled cells by column.
#[derive(Debug, Default)]
pub(crate) struct SheetRow {
    pub(crate) number: u32,
    pub(crate) cells: Vec<(u32, String)>,
    /// The column of a formula that failed.
    pub(crate) failed: Option<u32>,
}

impl SheetRow {
    fn at(&self, column: u32) -> &str {
        self.cells.iter().find(|(at, _)| *at == column).map_or("", |(_, text)| text)
    }
}

/// Takes rows from the top to the end.
pub(crate) struct SheetRows<'p, 'e> {
    pager: &'p mut Pager<'e>,
    /// The rows at the top; none once the table has begun.
    top: Option<Vec<SheetRow>>,
    /// Sheet column → name, in order.
    columns: Vec<(u32, String)>,
    header: Option<SheetRow>,
}

impl<'p, 'e> SheetRows<'p, 'e> {
    pub(crate) fn new(pager: &'p mut Pager<'e>) -> Self {
        Self { pager, top: Some(Vec::new()), columns: Vec::new(), header: None }
    }

    /// Takes the next row; one without cells is passed by.
    pub(crate) fn take(&mut self, row: SheetRow) -> Result<(), Halt> {
        if row.cells.is_empty() {
            return Ok(());
        }
        let Some(top) = &mut self.top else { return self.push(&row) };
        top.push(row);
        if top.len() >= LOOK_ROWS { self.begin() } else { Ok(()) }
    }

    /// Ends the sheet.
    pub(crate) fn finish(mut self, delivery: &Delivery) -> Result<(), Halt> {
        if self.top.as_ref().is_some_and(Vec::is_empty) {
            return Err(FileError::Empty { file: delivery.name.clone() }.into());
        }
        self.begin()
    }

    fn begin(&mut self) -> Result<(), Halt> {
        let Some(mut top) = self.top.take() else { return Ok(()) };
        let rows = dense(&top);
        let beginning = begin::find(&rows, self.pager.expected_columns());
        let below = &rows[beginning.first.min(rows.len())..];
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        for column in 0..width {
            let name = beginning.names.get(column).map_or("", |name| name.trim());
            let filled = below.iter().filter(|row| row.get(column).is_some_and(|cell| !cell.is_empty())).count();
            // A column without a name counts where most rows fill it.
            let counts = if beginning.header.is_some() { filled * 2 > below.len() } else { filled > 0 };
            if !name.is_empty() || counts {
                self.columns.push((u32::try_from(column).unwrap_or(u32::MAX), name.to_owned()));
            }
        }
        let names: Vec<String> = self.columns.iter().map(|(_, name)| name.clone()).collect();
        self.pager.start(&names)?;
        let behind = top.split_off(beginning.first.min(top.len()));
        self.header = beginning.header.and_then(|row| (row < top.len()).then(|| top.swap_remove(row)));
        behind.iter().try_for_each(|row| self.push(row))
    }

    fn push(&mut self, row: &SheetRow) -> Result<(), Halt> {
        let line = u64::from(row.number) + 1;
        let cell = |index: usize| self.columns.get(index).map(|(column, _)| row.at(*column));
        let beyond = row.cells.iter().find(|(at, _)| !self.columns.iter().any(|(column, _)| column == at));
        let is_header = self.header.as_ref().is_some_and(|header| header.cells == row.cells && row.cells.len() > 1);
        let fault = match (row.failed, beyond) {
            (Some(column), _) => Some((RejectReason::CellError, column, "a formula that failed")),
            (None, Some((column, _))) => {
                Some((RejectReason::RaggedRow, *column, "a cell in a column without a header"))
            }
            (None, None) if is_header => Some((RejectReason::RaggedRow, row.cells[0].0, "the header once more")),
            (None, None) => None,
        };
        let Some((reason, column, detail)) = fault else { return self.pager.push(line, cell) };
        let raw = raw_array(row.cells.iter().map(|(_, text)| text.into()));
        let mut reject = refused(line, reason, format!("{detail} ({})", column_letters(column)), raw);
        reject.column = self.columns.iter().find(|(at, _)| *at == column).map(|(_, name)| name.clone());
        reject.key = self.pager.key_of(cell);
        self.pager.refuse(reject)
    }
}

/// The rows with all their cells, the empty ones too.
pub(crate) fn dense(rows: &[SheetRow]) -> Vec<Vec<String>> {
    let width = rows.iter().flat_map(|row| &row.cells).map(|(column, _)| column + 1).max().unwrap_or(0);
    rows.iter().map(|row| (0..width).map(|column| row.at(column).to_owned()).collect()).collect()
}

/// A cell's text without the signs that programs put around it; none where it is empty.
pub(crate) fn cell_text(text: String) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    Some(if text.starts_with(['=', '\'', '"', ' ']) { bare(&text).into_owned() } else { text })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_as_in_a_spreadsheet() {
        assert_eq!([0, 25, 26, 701, 702].map(column_letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
