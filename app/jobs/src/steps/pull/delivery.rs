//! One source's pages on their way to rest: sorted out, written, and saved with how far their delivery has come.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use kartei_connector::{ColumnProfile, Connector, ConnectorError, Cursor, ListingMark, Page, RowReject};
use kartei_schemas::frame::KEY;
use kartei_schemas::source::{MissingRow, SourceSchema};
use kartei_store::frames::FrameRef;
use kartei_store::{
    BatchKind, Delivery, DeliveryCounts, DeliveryKind, DeliveryProgress, Effects, NewBatch, NewDelivery, NewReject,
    Resolves, SourceCursor, Tombstones,
};
use polars_core::prelude::*;

use super::decide::Saw;
use super::erased::{sift_rejects, sift_rows};
use super::known::{keys_of, staged_frames};
use super::{Place, SourcePull, Start};
use crate::error::FlowError;
use crate::stage::{Known, LINE, Sorted};
use crate::steps::{Step, compute};

/// What a page leaves at rest.
enum Staged {
    Nothing,
    Rows(DataFrame),
    Gone(DataFrame),
}

/// A delivery on its way to rest, or at rest.
pub(super) struct Open {
    pub(super) row: Delivery,
    pub(super) counts: DeliveryCounts,
    effects: Effects,
    /// Rows of the listing, also those in quarantine.
    listing_rows: u64,
    /// Where the source is once it is accepted.
    pub(super) cursor: Option<SourceCursor>,
    /// What its own guards saw.
    pub(super) looks: Vec<Saw>,
}

impl Open {
    pub(super) fn of(row: Delivery) -> Self {
        let (counts, effects, cursor) = (row.counts.clone(), row.effects.clone(), row.cursor.clone());
        Self { row, counts, effects, listing_rows: 0, cursor, looks: Vec::new() }
    }
}

/// One source's pull under way.
pub(super) struct Puller<'a> {
    pub(super) step: &'a Step<'a>,
    pub(super) source: &'a SourceSchema,
    /// The rows read of all sources.
    pub(super) rows: &'a AtomicU64,
    pub(super) known: Known,
    pub(super) number: u32,
    /// The columns that the next pull is compared with.
    pub(super) columns: Vec<ColumnProfile>,
    pub(super) keep_columns: Option<Vec<String>>,
    /// The newest point that the rows speak of, where they speak of any.
    pub(super) watermark: Option<DateTime<Utc>>,
    /// What the last listing held in quarantine, by reason.
    pub(super) listing_rejects: BTreeMap<String, u64>,
    /// Keys of records in quarantine, each with the delivery that held it.
    pub(super) quarantined: HashMap<String, String>,
    /// Content that a human discarded or took back, with the delivery.
    pub(super) refused: BTreeMap<String, i64>,
    pub(super) open: Option<Open>,
    pub(super) done: Vec<Open>,
    /// What the guards saw that look at the pull as a whole.
    pub(super) looks: Vec<Saw>,
    /// By what erased persons are known.
    pub(super) tombstones: Tombstones,
    /// Rows of such persons in the page under way.
    pub(super) erased: u64,
    pub(super) pulled: &'a mut SourcePull,
    pub(super) start: Start,
}

impl Puller<'_> {
    pub(super) async fn run(&mut self, connector: &dyn Connector, cursor: Option<Cursor>) -> Result<(), FlowError> {
        let failed = |cause: ConnectorError| FlowError::Source { name: self.source.name.clone(), cause };
        self.take_up_own();
        let mut pages = connector.pull(cursor, self.step.now()).await.map_err(failed)?;
        let mut passed_over = None;
        while let Some(page) = pages.next().await {
            if self.step.stop.is_asked() {
                return Err(FlowError::Interrupted);
            }
            let page = page.map_err(failed)?;
            self.watermark = self.watermark.max(page.watermark);
            if let Some(delivery) = self.refused.get(&page.delivery) {
                if passed_over != Some(*delivery) {
                    tracing::warn!(
                        source = self.source.name,
                        delivery,
                        "a delivery that was taken back is passed over"
                    );
                    self.pulled.passed_over.push(*delivery);
                    passed_over = Some(*delivery);
                }
                continue;
            }
            if self.is_own(&page) {
                continue;
            }
            if self.open.as_ref().is_none_or(|open| open.row.fingerprint != page.delivery) {
                self.finish().await?;
                self.begin(&page).await?;
            }
            self.watermark = self.watermark.max(page.watermark);
            let before = self.pulled.read;
            self.take(page).await?;
            let read = self.pulled.read - before;
            self.step.watch.moved("rows pulled", self.rows.fetch_add(read, Ordering::Relaxed) + read, 0);
        }
        self.finish().await
    }

    /// Whether a page only says that what this run staged before it was interrupted is still there.
    fn is_own(&self, page: &Page) -> bool {
        let is_unchanged = matches!(page.listing, ListingMark::Unchanged { .. });
        is_unchanged && self.done.iter().any(|done| done.row.fingerprint == page.delivery)
    }

    /// What the run staged before it was interrupted: whole deliveries are judged with the others, a delta goes on.
    fn take_up_own(&mut self) {
        for row in std::mem::take(&mut self.start.own) {
            let open = Open::of(row);
            if open.row.complete { self.done.push(open) } else { self.open = Some(open) }
        }
    }

    /// The delivery that a page belongs to begins.
    async fn begin(&mut self, page: &Page) -> Result<(), FlowError> {
        let kind = if page.listing == ListingMark::Delta { DeliveryKind::Delta } else { DeliveryKind::Listing };
        let new = NewDelivery {
            source: self.source.name.clone(),
            kind,
            origin: page.origin.clone(),
            fingerprint: page.delivery.clone(),
            rehearsal: self.step.options.dry_run,
            base: self.done.last().map(|done| done.row.id).or(self.start.base),
            data_at: data_at(page),
            accepted_guards: match page.listing {
                ListingMark::Unchanged { .. } => self.start.settled.clone(),
                _ => Vec::new(),
            },
            beside: self.done.iter().map(|done| done.row.id).collect(),
        };
        let row = self.step.store.open_delivery(self.step.lease, &new, self.step.now()).await?;
        self.known.begin_listing();
        let mut open = Open::of(row);
        if kind == DeliveryKind::Delta && page.replaces {
            open.effects.resolves = Resolves::Replaced;
        }
        self.open = Some(open);
        Ok(())
    }

    /// The delivery under way is whole, as far as it is a delta: of a listing its last page says so.
    async fn finish(&mut self) -> Result<(), FlowError> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        if open.row.kind == DeliveryKind::Delta {
            self.step.store.complete_delivery(self.step.lease, open.row.id).await?;
            open.row.complete = true;
        }
        if open.row.complete {
            self.done.push(open);
        }
        Ok(())
    }

    async fn take(&mut self, mut page: Page) -> Result<(), FlowError> {
        self.erased = 0;
        if let ListingMark::Unchanged { rows } = page.listing {
            return self.take_unchanged(&page, rows).await;
        }
        let ends = matches!(page.listing, ListingMark::Complete { last: true });
        let sorted = {
            let mut rows = self.kept_columns(&page.rows)?;
            let fingerprints = kartei_normalise::fingerprint(&rows);
            if page.positions.len() == rows.height() {
                rows.with_column(Column::new(LINE.into(), page.positions.as_slice()))?;
            }
            self.known.sort(&rows, &fingerprints, self.start.version)?
        };
        self.erased = sift_rejects(&self.tombstones, &self.source.name, &mut page);
        let sorted = self.without_erased(sorted).await?;
        for key in page.rejects.iter().filter_map(|reject| reject.key.as_deref()) {
            self.known.keep(key);
        }
        let counts = DeliveryCounts { erased: self.erased, ..counted(&page, &sorted) };
        self.count(&counts, page.rows_read);
        self.note_mended(&page)?;
        if ends {
            self.heed_volume();
            if let Some(open) = &mut self.open {
                open.effects.resolves = Resolves::Unseen;
                self.listing_rejects.clone_from(&open.counts.rejects);
            }
        }
        let gone = match page.listing {
            ListingMark::Delta => self.said_gone(&page)?,
            _ if ends && self.says_who_is_absent() => self.gone().await?,
            _ => None,
        };
        let staged = if sorted.fresh.height() > 0 { Staged::Rows(sorted.fresh) } else { Staged::Nothing };
        self.save(&page, staged, ends && gone.is_none()).await?;
        if let Some(gone) = gone {
            let counts = DeliveryCounts { gone: gone.height() as u64, ..DeliveryCounts::default() };
            self.count(&counts, 0);
            self.erased = 0;
            let rest = Page { rejects: Vec::new(), rows_read: 0, collapsed: 0, ..page };
            self.save(&rest, Staged::Gone(gone), ends).await?;
        }
        Ok(())
    }

    /// Leaves out what is of erased persons: it was new to this source, or had changed.
    async fn without_erased(&mut self, sorted: Sorted) -> Result<Sorted, FlowError> {
        if self.tombstones.is_empty() {
            return Ok(sorted);
        }
        let Sorted { fresh, new, changed, unchanged } = sorted;
        let before = fresh.height() as u64;
        let context = crate::steps::normalise::context(self.step);
        let (tombstones, source, person) =
            (self.tombstones.clone(), self.source.clone(), self.step.project.schemas.person.clone());
        let fresh = compute(move || sift_rows(&tombstones, (&source, &person), fresh, &context)).await?;
        let erased = before - fresh.height() as u64;
        self.erased += erased;
        let of_new = erased.min(new);
        Ok(Sorted { fresh, new: new - of_new, changed: changed - (erased - of_new).min(changed), unchanged })
    }

    /// A listing with rows whose keys cannot be read says nothing about who is absent: it may be one of these.
    fn says_who_is_absent(&self) -> bool {
        let keyless = self.open.as_ref().map_or(0, |open| open.counts.keyless);
        if keyless > 0 && self.source.missing_row == MissingRow::Gone {
            tracing::warn!(
                source = self.source.name,
                rows = keyless,
                "the keys of some rows cannot be read: nobody is held to be absent from this listing"
            );
        }
        keyless == 0 && self.source.missing_row == MissingRow::Gone
    }

    /// The listing is the one that was accepted last, byte for byte: its rows in quarantine cannot be read any better.
    async fn take_unchanged(&mut self, page: &Page, rows: u64) -> Result<(), FlowError> {
        let rejects = self.start.place.rejects.clone();
        let unchanged = rows.saturating_sub(rejects.values().sum());
        self.count(&DeliveryCounts { read: rows, unchanged, rejects, ..DeliveryCounts::default() }, rows);
        if let Some(open) = &mut self.open {
            open.effects.resolves = Resolves::SinceListing;
        }
        self.save(page, Staged::Nothing, true).await
    }

    /// Counts what a page held, for its delivery and for the source.
    fn count(&mut self, counts: &DeliveryCounts, rows: u64) {
        let pulled = &mut *self.pulled;
        let Some(open) = &mut self.open else { return };
        open.listing_rows += rows;
        for (whole, part) in [
            (&mut open.counts.read, counts.read),
            (&mut open.counts.staged, counts.staged),
            (&mut open.counts.new, counts.new),
            (&mut open.counts.changed, counts.changed),
            (&mut open.counts.unchanged, counts.unchanged),
            (&mut open.counts.gone, counts.gone),
            (&mut open.counts.keyless, counts.keyless),
            (&mut open.counts.erased, counts.erased),
            (&mut pulled.read, counts.read),
            (&mut pulled.staged, counts.staged),
            (&mut pulled.new, counts.new),
            (&mut pulled.changed, counts.changed),
            (&mut pulled.unchanged, counts.unchanged),
            (&mut pulled.gone, counts.gone),
            (&mut pulled.keyless, counts.keyless),
            (&mut pulled.erased, counts.erased),
        ] {
            *whole += part;
        }
        for (reason, count) in &counts.rejects {
            for whole in [&mut open.counts.rejects, &mut pulled.rejects] {
                *whole.entry(reason.clone()).or_default() += count;
            }
        }
    }

    /// Notes records in quarantine that a later delivery brought so that they could be read.
    fn note_mended(&mut self, page: &Page) -> Result<(), FlowError> {
        if self.quarantined.is_empty() || page.rows.height() == 0 || page.listing != ListingMark::Delta {
            return Ok(());
        }
        let keys = page.rows.column(KEY)?.str()?;
        let is_mended = |key: &&str| self.quarantined.get(*key).is_some_and(|delivery| *delivery != page.delivery);
        if let Some(open) = &mut self.open {
            open.effects.mended.extend(keys.iter().flatten().filter(is_mended).map(str::to_owned));
        }
        Ok(())
    }

    /// Puts a page at rest, with how far its delivery has come.
    async fn save(&mut self, page: &Page, staged: Staged, complete: bool) -> Result<(), FlowError> {
        let rows_staged = if let Staged::Rows(rows) = &staged { rows.height() as u64 } else { 0 };
        let (kind, frame) = self.put(staged).await?;
        let cursor = self.cursor(page);
        let Some(open) = &mut self.open else { return Ok(()) };
        let rejects: Vec<NewReject> = page.rejects.iter().map(|reject| new_reject(reject, &page.delivery)).collect();
        let progress = DeliveryProgress {
            complete,
            counts: open.counts.clone(),
            effects: open.effects.clone(),
            cursor: cursor.clone(),
        };
        let batch = NewBatch {
            delivery: open.row.id,
            source: self.source.name.clone(),
            number: self.number,
            kind,
            frame,
            origin: page.origin.clone(),
            complete_listing: page.listing != ListingMark::Delta,
            rows_read: page.rows_read,
            rows_staged,
            rows_unchanged: page
                .rows_read
                .saturating_sub(rows_staged + page.collapsed + rejects.len() as u64 + self.erased),
            rows_collapsed: page.collapsed,
            rejects,
            keeps_rejects: !self.step.options.dry_run,
            progress,
        };
        self.step.store.stage_batch(self.step.lease, &batch, self.step.now()).await?;
        open.row.complete = complete;
        open.cursor = Some(cursor);
        self.number += 1;
        Ok(())
    }

    async fn put(&self, staged: Staged) -> Result<(BatchKind, Option<FrameRef>), FlowError> {
        let (kind, page) = match staged {
            Staged::Nothing => return Ok((BatchKind::Rows, None)),
            Staged::Rows(rows) => (BatchKind::Rows, rows),
            Staged::Gone(keys) => (BatchKind::Gone, keys),
        };
        Ok((kind, Some(self.step.rest.put_page(&self.source.name, self.number, page).await?)))
    }

    /// Where the source is after a page.
    fn cursor(&self, page: &Page) -> SourceCursor {
        let old = self.last_cursor();
        let place = Place {
            at: Some(page.cursor.clone()),
            schema: self.start.version,
            columns: self.columns.clone(),
            run: self.step.run.id,
            rejects: self.listing_rejects.clone(),
        };
        let listed = page.listing != ListingMark::Delta;
        let rows = self.open.as_ref().map_or(0, |open| open.listing_rows);
        SourceCursor {
            source: self.source.name.clone(),
            cursor: serde_json::to_value(place).unwrap_or_default(),
            columns: self.columns.iter().map(|column| column.name.clone()).collect(),
            listing_rows: if listed { Some(rows) } else { old.and_then(|old| old.listing_rows) },
            listed_at: if listed { Some(self.step.now()) } else { old.and_then(|old| old.listed_at) },
            newest_data_at: data_at(page).or(old.and_then(|old| old.newest_data_at)),
        }
    }

    /// Where the source was before the delivery under way.
    fn last_cursor(&self) -> Option<&SourceCursor> {
        self.done.last().and_then(|done| done.cursor.as_ref()).or(self.start.stored.as_ref())
    }

    /// The rows of the listing before this one.
    pub(super) fn usual_rows(&self) -> Option<u64> {
        self.last_cursor().and_then(|cursor| cursor.listing_rows)
    }

    pub(super) fn listing_rows(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.listing_rows)
    }

    /// Records that a delta says are deleted, of those that are known.
    fn said_gone(&mut self, page: &Page) -> PolarsResult<Option<DataFrame>> {
        let known: Vec<&str> = page.gone.iter().map(String::as_str).filter(|key| self.known.holds(key)).collect();
        if known.is_empty() {
            return Ok(None);
        }
        let gone = df!(KEY => &known)?;
        self.known.forget(known);
        Ok(Some(gone))
    }

    async fn gone(&self) -> Result<Option<DataFrame>, FlowError> {
        let mut absent = Vec::new();
        if let Some(records) = self.step.rest.published_records().await? {
            let keys = keys_of(&records, &self.source.name)?;
            absent = self.known.absent(keys.iter().flatten());
        }
        let own: Vec<i64> = self.done.iter().chain(&self.open).map(|open| open.row.id).collect();
        for frame in staged_frames(self.step, &self.source.name, &own).await? {
            absent.extend(self.known.absent(frame.column(KEY)?.str()?.iter().flatten()));
        }
        absent.sort();
        absent.dedup();
        Ok((!absent.is_empty()).then(|| df!(KEY => absent)).transpose()?)
    }

    fn kept_columns(&self, rows: &DataFrame) -> PolarsResult<DataFrame> {
        match &self.keep_columns {
            None => Ok(rows.clone()),
            Some(keep) => {
                let present = rows.get_column_names_owned();
                rows.select(present.into_iter().filter(|name| keep.iter().any(|kept| kept == name.as_str())))
            }
        }
    }
}

fn counted(page: &Page, sorted: &crate::stage::Sorted) -> DeliveryCounts {
    let mut counts = DeliveryCounts {
        read: page.rows_read,
        staged: sorted.fresh.height() as u64,
        new: sorted.new,
        changed: sorted.changed,
        unchanged: sorted.unchanged + page.collapsed,
        ..DeliveryCounts::default()
    };
    for reject in &page.rejects {
        *counts.rejects.entry(reject.reason.code().to_owned()).or_default() += 1;
    }
    if page.listing != ListingMark::Delta {
        counts.keyless = page.rejects.iter().filter(|reject| reject.key.is_none()).count() as u64;
    }
    counts
}

fn new_reject(reject: &RowReject, delivery: &str) -> NewReject {
    NewReject {
        origin: reject.origin.clone(),
        line: reject.line,
        column: reject.column.clone(),
        reason: reject.reason.code().to_owned(),
        detail: reject.detail.clone(),
        raw: reject.raw.clone(),
        key: reject.key.clone(),
        delivery: delivery.to_owned(),
    }
}

/// How new a page's data are: as its newest row says, or its file, whichever is older.
fn data_at(page: &Page) -> Option<DateTime<Utc>> {
    [page.watermark, page.modified].into_iter().flatten().min()
}
