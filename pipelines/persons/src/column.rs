//! Columns out of frames by name and type, and rows in the order of their records.

use polars_core::prelude::*;

use crate::PersonsError;

/// No row: stands for null in lists of row numbers.
pub(crate) const NO_ROW: u32 = u32::MAX;

/// A text column, or an error that names it.
pub(crate) fn text<'a>(
    frame: &'a DataFrame,
    what: &'static str,
    name: &str,
) -> Result<&'a StringChunked, PersonsError> {
    optional_text(frame, what, name)?
        .ok_or_else(|| PersonsError::MissingColumn { frame: what, column: name.to_owned() })
}

/// A text column, if the frame has it.
pub(crate) fn optional_text<'a>(
    frame: &'a DataFrame,
    what: &'static str,
    name: &str,
) -> Result<Option<&'a StringChunked>, PersonsError> {
    let Ok(column) = frame.column(name) else { return Ok(None) };
    column.str().map(Some).map_err(|_| wrong_type(what, column, "text"))
}

/// A Boolean column as a list; missing columns are all null.
pub(crate) fn flags(frame: &DataFrame, what: &'static str, name: &str) -> Result<Vec<Option<bool>>, PersonsError> {
    let Ok(column) = frame.column(name) else { return Ok(vec![None; frame.height()]) };
    Ok(column.bool().map_err(|_| wrong_type(what, column, "Boolean"))?.iter().collect())
}

/// An `Int64` column as a list; missing columns are all null.
pub(crate) fn integers(frame: &DataFrame, what: &'static str, name: &str) -> Result<Vec<Option<i64>>, PersonsError> {
    let Ok(column) = frame.column(name) else { return Ok(vec![None; frame.height()]) };
    Ok(column.i64().map_err(|_| wrong_type(what, column, "Int64"))?.iter().collect())
}

pub(crate) fn counts(frame: &DataFrame, what: &'static str, name: &str) -> Result<Vec<Option<u32>>, PersonsError> {
    let Ok(column) = frame.column(name) else { return Ok(vec![None; frame.height()]) };
    Ok(column.u32().map_err(|_| wrong_type(what, column, "UInt32"))?.iter().collect())
}

/// The cells of a text column, or nothing but nulls where there is no column.
pub(crate) fn cells(column: Option<&StringChunked>, height: usize) -> Vec<Option<&str>> {
    column.map_or_else(|| vec![None; height], |column| column.iter().collect())
}

fn wrong_type(what: &'static str, column: &Column, wanted: &'static str) -> PersonsError {
    PersonsError::WrongType {
        frame: what,
        column: column.name().to_string(),
        found: column.dtype().to_string(),
        wanted,
    }
}

/// The names of a frame's records, and the rows in the order of those names.
pub(crate) struct RecordKeys<'a> {
    sources: Vec<&'a str>,
    keys: Vec<&'a str>,
    /// Row numbers, sorted by source and key.
    pub(crate) order: Vec<u32>,
}

impl<'a> RecordKeys<'a> {
    /// Reads `source` and `key`; a name that comes twice is an error.
    pub(crate) fn read(frame: &'a DataFrame, what: &'static str) -> Result<Self, PersonsError> {
        let sources: Vec<&str> = text(frame, what, "source")?.iter().map(Option::unwrap_or_default).collect();
        let keys: Vec<&str> = text(frame, what, "key")?.iter().map(Option::unwrap_or_default).collect();
        let mut read = Self { sources, keys, order: Vec::new() };
        let mut order: Vec<u32> = (0..u32::try_from(frame.height()).unwrap_or(NO_ROW)).collect();
        if !order.is_sorted_by_key(|&row| read.name(row)) {
            order.sort_unstable_by_key(|&row| read.name(row));
        }
        read.order = order;
        for pair in read.order.windows(2) {
            if read.name(pair[0]) == read.name(pair[1]) {
                let (first, second) = (pair[0].min(pair[1]) as usize, pair[0].max(pair[1]) as usize);
                let source_name = read.sources[first].to_owned();
                return Err(PersonsError::DuplicateRecord { frame: what, source_name, first, second });
            }
        }
        Ok(read)
    }

    /// Reads the names of some rows; those of the list are numbered by their places in it.
    pub(crate) fn of_rows(frame: &'a DataFrame, rows: &[usize]) -> Result<Self, PersonsError> {
        let pick = |name| -> Result<Vec<&'a str>, PersonsError> {
            let all = cells(Some(text(frame, "records", name)?), frame.height());
            Ok(rows.iter().map(|row| all[*row].unwrap_or_default()).collect())
        };
        let mut read = Self { sources: pick("source")?, keys: pick("key")?, order: Vec::new() };
        let mut order: Vec<u32> = (0..u32::try_from(rows.len()).unwrap_or(NO_ROW)).collect();
        if !order.is_sorted_by_key(|&row| read.name(row)) {
            order.sort_unstable_by_key(|&row| read.name(row));
        }
        read.order = order;
        Ok(read)
    }

    /// Source and key of a row.
    pub(crate) fn name(&self, row: u32) -> (&'a str, &'a str) {
        (self.sources[row as usize], self.keys[row as usize])
    }

    /// For each row the row of `other` with the same name, or [`NO_ROW`].
    pub(crate) fn rows_in(&self, other: &RecordKeys<'_>) -> Vec<u32> {
        let mut found = vec![NO_ROW; self.order.len()];
        let mut theirs = other.order.iter().copied().peekable();
        for &row in &self.order {
            let name = self.name(row);
            while theirs.next_if(|&candidate| other.name(candidate) < name).is_some() {}
            if let Some(&candidate) = theirs.peek()
                && other.name(candidate) == name
            {
                found[row as usize] = candidate;
            }
        }
        found
    }
}
