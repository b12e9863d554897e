//! Which columns a source's newest file has, and what stands in them.

use chrono::{DateTime, Utc};
use kartei_connector::{Discovery, mapped_columns, profile};
use kartei_schemas::source::{FilesSettings, SourceSchema};

use crate::error::FileError;
use crate::inbox::{self, Patience};
use crate::inspect::inspect;
use crate::options::ReadOptions;
use crate::pager::{Halt, PageRules, Pager};
use crate::reading::read_delivery;

/// Rows that are looked at.
const SAMPLE_ROWS: usize = 5_000;

/// Looks at the newest file: the complete listing, else the last delta.
pub(crate) fn discover(
    schema: &SourceSchema,
    settings: &FilesSettings,
    (now, patience): (DateTime<Utc>, Patience),
) -> Result<Discovery, FileError> {
    let mut inbox = inbox::look(settings, now, patience)?;
    // Only where nothing else is there, a delta without content is looked at, and said to be empty.
    inbox.deltas.sort_by_key(|delta| delta.size > 0);
    let Some(newest) = inbox.complete.or_else(|| inbox.deltas.pop()) else {
        return Err(FileError::NoFile { pattern: settings.path.clone() });
    };
    let delivery = inspect(&newest.path, &ReadOptions::from(settings))?;
    let mut sampled = None;
    let mut take = |batch| {
        sampled = Some(batch);
        Err(Halt::Stopped)
    };
    let rules = PageRules {
        key: schema.key.clone(),
        updated_at: schema.updated_at.clone(),
        known: mapped_columns(schema),
        page_rows: SAMPLE_ROWS,
        ..PageRules::default()
    };
    if let Err(Halt::Failed(error)) = read_delivery(&delivery, Pager::new(delivery.name.clone(), rules, &mut take)) {
        return Err(error);
    }
    let batch = sampled.ok_or_else(|| FileError::Empty { file: delivery.name.clone() })?;
    let is_own = |name: &str| match name {
        "key" => schema.key == ["key"],
        "updated_at" => schema.updated_at.as_deref().is_none_or(|column| column == "updated_at"),
        _ => true,
    };
    Ok(Discovery {
        origin: delivery.name.clone(),
        columns: profile(&batch.rows, is_own),
        sampled_rows: batch.rows_read,
        modified: delivery.modified,
        description: delivery.description(),
    })
}
