//! Columns on their way into a table: typed cells out of a frame, or the same for every row.

use std::borrow::Cow;
use std::sync::Arc;

use polars_core::prelude::*;

use crate::{Result, StoreError};

/// The cells of one column. Texts are without U+0000, which PostgreSQL cannot hold.
pub(crate) enum Cells {
    Text(StringChunked),
    Json(StringChunked),
    Integer(Int64Chunked),
    Flag(BooleanChunked),
    /// Milliseconds since 1970.
    Instant(Int64Chunked),
    EveryText(Arc<str>),
    EveryInteger(i64),
    EveryFlag(bool),
    EveryInstant(i64),
    /// Null in every row.
    Missing,
}

/// One cell.
#[derive(PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Text(Cow<'a, str>),
    Json(Cow<'a, str>),
    Integer(i64),
    Flag(bool),
    Instant(i64),
}

impl Cells {
    pub(crate) fn at(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Text(column) => column.get(row).map_or(Cell::Null, |text| Cell::Text(without_nul(text))),
            Self::Json(column) => column.get(row).map_or(Cell::Null, |text| Cell::Json(json_without_nul(text))),
            Self::Integer(column) => column.get(row).map_or(Cell::Null, Cell::Integer),
            Self::Flag(column) => column.get(row).map_or(Cell::Null, Cell::Flag),
            Self::Instant(column) => column.get(row).map_or(Cell::Null, Cell::Instant),
            Self::EveryText(text) => Cell::Text(Cow::Borrowed(text)),
            Self::EveryInteger(number) => Cell::Integer(*number),
            Self::EveryFlag(flag) => Cell::Flag(*flag),
            Self::EveryInstant(milliseconds) => Cell::Instant(*milliseconds),
            Self::Missing => Cell::Null,
        }
    }
}

/// Reads the columns of a frame that goes into a table.
#[derive(Clone, Copy)]
pub(crate) struct FrameReader<'a> {
    pub(crate) frame: &'a DataFrame,
    pub(crate) table: &'static str,
}

impl FrameReader<'_> {
    fn column(&self, name: &str, kind: &DataType) -> Result<Option<Series>> {
        let Ok(column) = self.frame.column(name) else { return Ok(None) };
        let series = column.as_materialized_series().rechunk();
        if series.dtype() == &DataType::Null {
            return Ok(None);
        }
        // Only numbers are cast: a text where a number should be is a mistake of the caller.
        let fits = series.dtype() == kind || (kind.is_integer() && series.dtype().is_integer());
        let cast = if fits { series.cast(kind).ok() } else { None };
        cast.map(|series| Some(series.rechunk())).ok_or_else(|| StoreError::Frame {
            table: self.table,
            column: name.to_owned(),
            reason: format!("is {} and should be {kind}", series.dtype()),
        })
    }

    fn needed<T>(&self, name: &str, found: Option<T>) -> Result<T> {
        found.ok_or_else(|| StoreError::Frame {
            table: self.table,
            column: name.to_owned(),
            reason: "is missing".to_owned(),
        })
    }

    fn strings(&self, name: &str) -> Result<Option<StringChunked>> {
        Ok(self.column(name, &DataType::String)?.and_then(|series| series.str().ok().cloned()))
    }

    /// Text that must be there and is never null.
    pub(crate) fn key(&self, name: &str) -> Result<StringChunked> {
        let column = match self.strings(name)? {
            None if self.frame.height() == 0 => StringChunked::full_null(PlSmallStr::EMPTY, 0),
            found => self.needed(name, found)?,
        };
        if column.null_count() > 0 {
            return Err(StoreError::Frame {
                table: self.table,
                column: name.to_owned(),
                reason: "has nulls".to_owned(),
            });
        }
        Ok(column)
    }

    pub(crate) fn text(&self, name: &str) -> Result<Cells> {
        Ok(self.strings(name)?.map_or(Cells::Missing, Cells::Text))
    }

    pub(crate) fn json(&self, name: &str) -> Result<Cells> {
        Ok(self.strings(name)?.map_or(Cells::Missing, Cells::Json))
    }

    pub(crate) fn flag(&self, name: &str, missing: Cells) -> Result<Cells> {
        let column = self.column(name, &DataType::Boolean)?;
        Ok(column.and_then(|series| series.bool().ok().cloned()).map_or(missing, Cells::Flag))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Cells> {
        Ok(self.integers(name)?.map_or(Cells::Missing, Cells::Integer))
    }

    pub(crate) fn instant(&self, name: &str) -> Result<Cells> {
        Ok(self.integers(name)?.map_or(Cells::Missing, Cells::Instant))
    }

    fn integers(&self, name: &str) -> Result<Option<Int64Chunked>> {
        Ok(self.column(name, &DataType::Int64)?.and_then(|series| series.i64().ok().cloned()))
    }
}

fn without_nul(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte == 0) { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// In JSON the sign hides behind an escape; an escaped backslash before it makes it harmless text.
fn json_without_nul(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u0000") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\\\\", "\u{1}").replace("\\u0000", "\\ufffd").replace('\u{1}', "\\\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_nul_in_json_is_replaced_and_an_escaped_backslash_is_not() {
        assert_eq!(json_without_nul(r#"["a\u0000b"]"#), r#"["a\ufffdb"]"#);
        assert_eq!(json_without_nul(r#"["a\\u0000b"]"#), r#"["a\\u0000b"]"#);
    }

    #[test]
    fn a_column_of_another_type_is_named() {
        let frame = df!("id" => [1_i64]).unwrap();
        let error = FrameReader { frame: &frame, table: "person" }.key("id").unwrap_err();
        assert_eq!(error.to_string(), "frame for `person`: column `id` is i64 and should be str");
    }
}
