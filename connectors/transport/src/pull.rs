//! One pull of files: which ones are read, in which order, and the pages that come of them.

use chrono::{DateTime, Utc};
use kartei_connector::{Cancel, ListingMark, Page, mapped_columns};
use kartei_schemas::source::{FilesSettings, SourceSchema};
use polars_core::frame::DataFrame;
use xxhash_rust::xxh3::xxh3_64;

use crate::cursor::{FileMark, FilesCursor};
use crate::error::FileError;
use crate::inbox::{self, Found, Inbox};
use crate::inspect::{Delivery, inspect};
use crate::options::ReadOptions;
use crate::pager::{Batch, Halt, PageRules, Pager, RepeatedKey};
use crate::reading::read_delivery;

/// Where pages go; `Err(Halt::Stopped)` where nobody takes them any more.
pub(crate) type Send<'a> = dyn FnMut(Page) -> Result<(), Halt> + 'a;

/// What is pulled, and how.
pub(crate) struct Pull<'a> {
    pub(crate) schema: &'a SourceSchema,
    pub(crate) settings: &'a FilesSettings,
    pub(crate) now: DateTime<Utc>,
    pub(crate) cancel: &'a Cancel,
}

impl Pull<'_> {
    /// Reads all that is new since the cursor. Deltas that are older than the newest complete listing are read before it.
    pub(crate) fn run(&self, mut cursor: FilesCursor, send: &mut Send<'_>) -> Result<(), Halt> {
        cursor.follow(self.reading());
        let Inbox { complete, deltas, .. } = inbox::look(self.settings, self.now)?;
        let waiting = self.waiting_deltas(deltas, &mut cursor)?;
        let is_before = |delta: &Found| complete.as_ref().is_some_and(|file| delta.modified < file.modified);
        let (before, after): (Vec<Found>, Vec<Found>) = waiting.into_iter().partition(is_before);
        for delta in &before {
            self.pull_delta(delta, &mut cursor, send)?;
        }
        if let Some(file) = &complete {
            self.pull_complete(file, &mut cursor, send)?;
        }
        for delta in &after {
            self.pull_delta(delta, &mut cursor, send)?;
        }
        Ok(())
    }

    /// The deltas from the first one on that is new or changed. Those behind it are read again, so that the end is what
    /// it would be had all been read in the order of their names.
    fn waiting_deltas(&self, deltas: Vec<Found>, cursor: &mut FilesCursor) -> Result<Vec<Found>, FileError> {
        let mut first_waiting = deltas.len();
        for (index, delta) in deltas.iter().enumerate() {
            let mark = cursor.deltas.iter().find(|mark| mark.name == delta.name);
            let is_known = match mark {
                None => false,
                Some(mark) if mark.size != delta.size => false,
                Some(mark) if mark.modified == delta.modified => true,
                Some(mark) => mark.hash == inspect(&delta.path, &self.options())?.hash,
            };
            if !is_known {
                first_waiting = index;
                break;
            }
        }
        let known: Vec<&Found> = deltas[..first_waiting].iter().collect();
        cursor.deltas.retain(|mark| known.iter().any(|delta| delta.name == mark.name));
        Ok(deltas.into_iter().skip(first_waiting).collect())
    }

    fn pull_complete(&self, file: &Found, cursor: &mut FilesCursor, send: &mut Send<'_>) -> Result<(), Halt> {
        let delivery = inspect(&file.path, &self.options())?;
        if let Some(mark) = cursor.complete.as_ref().filter(|mark| mark.hash == delivery.hash) {
            let rows = mark.records;
            cursor.complete = Some(FileMark::new(&delivery, rows));
            return send(unchanged_page(&delivery, cursor, rows));
        }
        self.pull_file(&delivery, cursor, RepeatedKey::Contradiction, send)
    }

    fn pull_delta(&self, file: &Found, cursor: &mut FilesCursor, send: &mut Send<'_>) -> Result<(), Halt> {
        if file.size == 0 {
            // Some systems write an empty file on a day without changes.
            cursor.deltas.push(FileMark {
                name: file.name.clone(),
                size: 0,
                modified: file.modified,
                hash: String::new(),
                records: 0,
            });
            return Ok(());
        }
        let delivery = inspect(&file.path, &self.options())?;
        self.pull_file(&delivery, cursor, RepeatedKey::LaterState, send)
    }

    /// Reads a file into pages. The last page is held back until the end has been seen, so that none is sent as the last
    /// that is not.
    fn pull_file(
        &self,
        delivery: &Delivery,
        cursor: &mut FilesCursor,
        repeated_key: RepeatedKey,
        send: &mut Send<'_>,
    ) -> Result<(), Halt> {
        if self.cancel.is_asked() {
            return Err(FileError::Stopped { file: delivery.name.clone() }.into());
        }
        let rules = PageRules {
            key: self.schema.key.clone(),
            updated_at: self.schema.updated_at.clone(),
            known: mapped_columns(self.schema),
            repeated_key,
            page_rows: self.settings.page_rows,
            skip_records: cursor.staged_records(delivery),
        };
        let is_complete = repeated_key == RepeatedKey::Contradiction;
        let mut held: Option<Batch> = None;
        let mut take = |batch: Batch| {
            let Some(earlier) = held.replace(batch) else { return Ok(()) };
            let partial = Some(FileMark::new(delivery, earlier.records));
            let cursor = FilesCursor { partial, ..cursor.clone() };
            let listing = if is_complete { ListingMark::Complete { last: false } } else { ListingMark::Delta };
            send(page(delivery, earlier, &cursor, listing))
        };
        read_delivery(delivery, Pager::new(delivery.name.clone(), rules, &mut take))?;
        delivery.check_unchanged()?;
        let Some(last) = held else { return Ok(()) };
        let allows_none = self.schema.volume.min_rows == Some(0);
        if is_complete && last.records == 0 && !allows_none {
            return Err(FileError::HeaderOnly { file: delivery.name.clone() }.into());
        }
        let mark = FileMark::new(delivery, last.records);
        cursor.partial = None;
        if is_complete {
            cursor.complete = Some(mark);
            send(page(delivery, last, cursor, ListingMark::Complete { last: true }))
        } else {
            cursor.deltas.push(mark);
            send(page(delivery, last, cursor, ListingMark::Delta))
        }
    }

    /// What decides which rows a file gives: where it changes, all of it is read again.
    fn reading(&self) -> String {
        let text = format!("{:?} {:?} {:?}", self.schema.key, self.schema.updated_at, self.options());
        format!("{:016x}", xxh3_64(text.as_bytes()))
    }

    fn options(&self) -> ReadOptions {
        ReadOptions::from(self.settings)
    }
}

fn page(delivery: &Delivery, batch: Batch, cursor: &FilesCursor, listing: ListingMark) -> Page {
    Page {
        rows: batch.rows,
        positions: batch.positions,
        rejects: batch.rejects,
        rows_read: batch.rows_read,
        collapsed: batch.collapsed,
        replaces: true,
        snapshot: Some(delivery.hash.clone()),
        modified: delivery.modified,
        ..Page::of(delivery.name.clone(), delivery.hash.clone(), listing, cursor.write())
    }
}

fn unchanged_page(delivery: &Delivery, cursor: &FilesCursor, rows: u64) -> Page {
    let nothing = Batch {
        rows: DataFrame::empty(),
        positions: Vec::new(),
        rejects: Vec::new(),
        rows_read: 0,
        collapsed: 0,
        records: rows,
    };
    page(delivery, nothing, cursor, ListingMark::Unchanged { rows })
}
