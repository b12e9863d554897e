//! One pull of files: which ones are read, in which order, and the pages that come of them.

use chrono::{DateTime, Utc};
use kartei_connector::{Cancel, ListingMark, Page, mapped_columns, newest_instant};
use kartei_schemas::source::{FilesSettings, SourceSchema};
use polars_core::frame::DataFrame;
use xxhash_rust::xxh3::xxh3_64;

use crate::cursor::{FileMark, FilesCursor};
use crate::error::FileError;
use crate::inbox::{self, Found, Inbox, Patience};
use crate::inspect::{Delivery, inspect};
use crate::options::ReadOptions;
use crate::order::Order;
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

/// One file of those that are read one after another.
enum Turn {
    Delta(Found),
    Listing(Found),
}

impl Pull<'_> {
    /// Reads all that is new since the cursor: the newest listing, the deltas that were made before it, and those after
    /// it, in the order in which they were made. From the first one that is new or changed on everything is read again,
    /// so that the end is what it would be had all been read in this order.
    pub(crate) fn run(&self, mut cursor: FilesCursor, send: &mut Send<'_>) -> Result<(), Halt> {
        cursor.follow(self.reading());
        let Inbox { complete, deltas, mut order, .. } = inbox::look(self.settings, self.now, Patience::Waits)?;
        let turns = turns(complete, deltas, &order);
        if let Some(since) = &cursor.since {
            order.learn(since);
        }
        let (first_news, mut listing) = self.first_news(&turns, &mut cursor, &order)?;
        for (number, turn) in turns.iter().enumerate() {
            match turn {
                Turn::Delta(_) if number < first_news => {}
                Turn::Delta(file) => self.pull_delta(file, (&mut cursor, &order), send)?,
                Turn::Listing(file) => {
                    let delivery = listing.take().map_or_else(|| inspect(&file.path, &self.options()), Ok)?;
                    self.pull_complete(&delivery, number >= first_news, &mut cursor, send)?;
                }
            }
        }
        Ok(())
    }

    /// The first file that is new or changed; the cursor forgets what was read of those behind it. Gives the listing too,
    /// where it had to be looked at.
    fn first_news(
        &self,
        turns: &[Turn],
        cursor: &mut FilesCursor,
        order: &Order,
    ) -> Result<(usize, Option<Delivery>), FileError> {
        let marks = std::mem::take(&mut cursor.deltas);
        let mut listing = None;
        for (number, turn) in turns.iter().enumerate() {
            match turn {
                Turn::Delta(file) => {
                    let mark = marks.iter().find(|mark| mark.name == file.name);
                    let Some(mark) = mark.filter(|mark| mark.size == file.size) else { return Ok((number, listing)) };
                    if !self.is_as_marked(file, mark)? {
                        return Ok((number, listing));
                    }
                    cursor.deltas.push(mark.clone());
                }
                Turn::Listing(file) => {
                    let delivery = listing.insert(inspect(&file.path, &self.options())?);
                    let is_same = cursor.complete.as_ref().is_some_and(|mark| mark.hash == delivery.hash);
                    if !is_same || cursor.is_followed_before(file, order) {
                        return Ok((number, listing));
                    }
                }
            }
        }
        Ok((turns.len(), listing))
    }

    /// Whether a delta is the one that was read; one that was only touched is.
    fn is_as_marked(&self, delta: &Found, mark: &FileMark) -> Result<bool, FileError> {
        Ok(mark.modified == delta.modified || mark.hash == inspect(&delta.path, &self.options())?.hash)
    }

    /// Reads the listing, unless it is the one that was read last and nothing came in between.
    fn pull_complete(
        &self,
        delivery: &Delivery,
        is_news: bool,
        cursor: &mut FilesCursor,
        send: &mut Send<'_>,
    ) -> Result<(), Halt> {
        let Some(mark) = cursor.complete.clone().filter(|_| !is_news) else {
            return self.pull_file(delivery, cursor, RepeatedKey::Contradiction, send);
        };
        let (name, size, modified) = (delivery.name.clone(), delivery.size, delivery.modified);
        cursor.complete = Some(FileMark { name, size, modified, ..mark.clone() });
        send(unchanged_page(delivery, cursor, &mark))
    }

    fn pull_delta(
        &self,
        file: &Found,
        (cursor, order): (&mut FilesCursor, &Order),
        send: &mut Send<'_>,
    ) -> Result<(), Halt> {
        if file.size == 0 {
            // Some systems write an empty file on a day without changes.
            cursor.deltas.push(FileMark {
                name: file.name.clone(),
                size: 0,
                modified: file.modified,
                hash: String::new(),
                records: 0,
                pages: 0,
                watermark: None,
            });
            return Ok(());
        }
        let delivery = inspect(&file.path, &self.options())?;
        cursor.note_delta(file, order);
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
        let mut mark = cursor.staged(delivery);
        let rules = PageRules {
            key: self.schema.key.clone(),
            updated_at: self.schema.updated_at.clone(),
            known: mapped_columns(self.schema),
            repeated_key,
            page_rows: self.settings.page_rows,
            skip_records: mark.records,
        };
        let is_complete = repeated_key == RepeatedKey::Contradiction;
        let mut held: Option<(Batch, FileMark)> = None;
        let mut take = |batch: Batch| {
            mark.records = batch.records;
            mark.watermark = mark.watermark.max(self.watermark(&batch.rows));
            mark.pages += 1;
            let Some((earlier, mark)) = held.replace((batch, mark.clone())) else { return Ok(()) };
            let cursor = FilesCursor { partial: Some(mark.clone()), ..cursor.clone() };
            let listing = if is_complete { ListingMark::Complete { last: false } } else { ListingMark::Delta };
            send(page(delivery, (earlier, &mark), &cursor, listing))
        };
        read_delivery(delivery, Pager::new(delivery.name.clone(), rules, &mut take))?;
        delivery.check_unchanged()?;
        let Some((last, mark)) = held else { return Ok(()) };
        let allows_none = self.schema.volume.min_rows == Some(0);
        if is_complete && last.records == 0 && !allows_none {
            return Err(FileError::HeaderOnly { file: delivery.name.clone() }.into());
        }
        cursor.partial = None;
        if is_complete {
            cursor.complete = Some(mark.clone());
            cursor.since = None;
            send(page(delivery, (last, &mark), cursor, ListingMark::Complete { last: true }))
        } else {
            cursor.deltas.push(mark.clone());
            send(page(delivery, (last, &mark), cursor, ListingMark::Delta))
        }
    }

    /// The newest instant that some rows speak of, where the source has a column for it.
    fn watermark(&self, rows: &DataFrame) -> Option<DateTime<Utc>> {
        self.schema.updated_at.as_ref()?;
        newest_instant(rows.column("updated_at").ok()?.str().ok()?, self.now)
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

/// The deltas that were made before the newest listing, the listing, and the deltas that were made after it.
fn turns(complete: Option<Found>, deltas: Vec<Found>, order: &Order) -> Vec<Turn> {
    let Some(listing) = complete else { return deltas.into_iter().map(Turn::Delta).collect() };
    let (before, after): (Vec<Found>, Vec<Found>) =
        deltas.into_iter().partition(|delta| order.compare(delta, &listing).is_lt());
    let before = before.into_iter().map(Turn::Delta);
    before.chain([Turn::Listing(listing)]).chain(after.into_iter().map(Turn::Delta)).collect()
}

fn page(delivery: &Delivery, (batch, mark): (Batch, &FileMark), cursor: &FilesCursor, listing: ListingMark) -> Page {
    Page {
        rows: batch.rows,
        positions: batch.positions,
        rejects: batch.rejects,
        rows_read: batch.rows_read,
        collapsed: batch.collapsed,
        number: mark.pages.saturating_sub(1),
        replaces: true,
        snapshot: Some(delivery.hash.clone()),
        modified: delivery.modified,
        watermark: mark.watermark,
        ..Page::of(delivery.name.clone(), delivery.hash.clone(), listing, cursor.write())
    }
}

fn unchanged_page(delivery: &Delivery, cursor: &FilesCursor, mark: &FileMark) -> Page {
    let listing = ListingMark::Unchanged { rows: mark.records };
    Page {
        replaces: true,
        snapshot: Some(delivery.hash.clone()),
        modified: delivery.modified,
        watermark: mark.watermark,
        ..Page::of(delivery.name.clone(), delivery.hash.clone(), listing, cursor.write())
    }
}
