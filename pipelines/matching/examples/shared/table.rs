//! CSV files as frames, for the examples.

use std::path::Path;

use polars_core::prelude::{Column, DataFrame};

/// The headers of a file and its rows, all trimmed.
pub(crate) fn rows(path: &Path) -> csv::Result<(Vec<String>, Vec<csv::StringRecord>)> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path)?;
    let headers = reader.headers()?.iter().map(str::to_owned).collect();
    let rows = reader.records().collect::<Result<_, _>>()?;
    Ok((headers, rows))
}

/// Text columns; an empty cell is null.
pub(crate) fn frame(headers: &[String], rows: &[csv::StringRecord]) -> polars_core::error::PolarsResult<DataFrame> {
    let columns = headers.iter().enumerate().map(|(place, header)| {
        let cells: Vec<Option<&str>> = rows.iter().map(|row| row.get(place).filter(|cell| !cell.is_empty())).collect();
        Column::new(header.as_str().into(), cells)
    });
    DataFrame::new(rows.len(), columns.collect())
}
