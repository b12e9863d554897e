//! A whole file as one frame of text columns.

use std::path::Path;

use kartei_connector::{ConnectorError, RowReject};
use polars::frame::DataFrame;

use crate::options::ReadOptions;

/// A whole file.
#[derive(Clone)]
pub struct Table {
    /// The file's own columns, all text; no `key` is added.
    pub rows: DataFrame,
    /// Where each row stands: the line of a text file, the row of a sheet, the number of an element.
    pub positions: Vec<u64>,
    /// What could not be read.
    pub rejects: Vec<RowReject>,
    /// How the file is written, for people: `CSV, delimiter ';', windows-1252`.
    pub description: String,
}

/// Reads a whole file of any known format.
pub fn read_table(path: &Path, _options: &ReadOptions) -> Result<Table, ConnectorError> {
    Err(ConnectorError::Internal { file: path.display().to_string(), detail: "not built yet".into() })
}
