//! A whole file as one frame of text columns.

use std::path::Path;

use kartei_connector::{ConnectorError, RowReject};
use polars_core::frame::DataFrame;

use crate::error::FileError;
use crate::inspect::inspect;
use crate::options::ReadOptions;
use crate::pager::{Halt, PageRules, Pager};
use crate::reading::read_delivery;

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

/// Reads a whole file of any known format. Blocks while it reads.
pub fn read_table(path: &Path, options: &ReadOptions) -> Result<Table, ConnectorError> {
    let delivery = inspect(path, options)?;
    let mut table = None;
    let mut take = |batch: crate::pager::Batch| {
        table = Some(Table {
            rows: batch.rows,
            positions: batch.positions,
            rejects: batch.rejects,
            description: delivery.description(),
        });
        Ok(())
    };
    let rules = PageRules { page_rows: usize::MAX, ..PageRules::default() };
    let pager = Pager::new(delivery.name.clone(), rules, &mut take);
    match read_delivery(&delivery, pager) {
        Ok(()) | Err(Halt::Stopped) => {}
        Err(Halt::Failed(error)) => return Err(error.into()),
    }
    delivery.check_unchanged()?;
    if let Some(Table { rows, rejects, .. }) = &table
        && rows.height() == 0
        && let Some(first) = rejects.first()
    {
        let error = FileError::NoRowRead {
            file: delivery.name.clone(),
            rows: rejects.len(),
            line: first.line.unwrap_or(1),
            detail: first.detail.clone(),
        };
        return Err(error.into());
    }
    table.ok_or_else(|| FileError::Empty { file: delivery.name.clone() }.into())
}
