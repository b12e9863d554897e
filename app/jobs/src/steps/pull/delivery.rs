//! One source's pages on their way to rest: sorted out, written, and saved together with the cursor.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use kartei_connector::{ColumnProfile, Connector, ConnectorError, Cursor, ListingMark, Page, RowReject};
use kartei_schemas::frame::KEY;
use kartei_schemas::source::{MissingRow, SourceSchema};
use kartei_store::frames::FrameRef;
use kartei_store::{BatchKind, NewBatch, NewReject, SourceCursor};
use polars_core::prelude::*;

use super::known::{keys_of, staged_frames};
use super::{Place, SourcePull};
use crate::error::FlowError;
use crate::stage::Known;
use crate::steps::Step;

/// What a page leaves at rest.
pub(super) enum Staged {
    Nothing,
    Rows(DataFrame),
    Gone(DataFrame),
}

/// One source's pull under way.
pub(super) struct Delivery<'a> {
    pub(super) step: &'a Step<'a>,
    pub(super) source: &'a SourceSchema,
    /// The rows read of all sources.
    pub(super) rows: &'a AtomicU64,
    pub(super) version: u64,
    pub(super) known: Known,
    pub(super) number: u32,
    pub(super) columns: Vec<ColumnProfile>,
    pub(super) keep_columns: Option<Vec<String>>,
    pub(super) listing_rows: u64,
    /// The newest instant that the rows speak of, where they speak of any.
    pub(super) watermark: Option<DateTime<Utc>>,
    /// What the listing under way holds in quarantine, by reason.
    pub(super) listing_rejects: BTreeMap<String, u64>,
    /// What the last listing held.
    pub(super) rejects_before: BTreeMap<String, u64>,
    /// Keys of records in quarantine, each with the delivery that held it.
    pub(super) quarantined: HashMap<String, String>,
    /// Of the last listing that was published.
    pub(super) published_rows: Option<u64>,
    /// What the next listing is weighed against.
    pub(super) usual_rows: Option<u64>,
    pub(super) stored: Option<SourceCursor>,
    pub(super) pulled: &'a mut SourcePull,
}

impl Delivery<'_> {
    pub(super) async fn run(&mut self, connector: &dyn Connector, cursor: Option<Cursor>) -> Result<(), FlowError> {
        let failed = |cause: ConnectorError| FlowError::Source { name: self.source.name.clone(), cause };
        let mut pages = connector.pull(cursor, self.step.now()).await.map_err(failed)?;
        let mut delivery = String::new();
        while let Some(page) = pages.next().await {
            if self.step.stop.is_asked() {
                return Err(FlowError::Interrupted);
            }
            let page = page.map_err(failed)?;
            if page.delivery != delivery {
                delivery.clone_from(&page.delivery);
                self.known.begin_listing();
                self.listing_rows = 0;
                self.listing_rejects.clear();
                if page.listing == ListingMark::Delta && page.replaces {
                    self.forget_replaced(&page).await?;
                }
            }
            self.watermark = self.watermark.max(page.watermark);
            let before = self.pulled.read;
            self.take(page).await?;
            let read = self.pulled.read - before;
            self.step.watch.moved("rows pulled", self.rows.fetch_add(read, Ordering::Relaxed) + read, 0);
        }
        Ok(())
    }

    async fn take(&mut self, page: Page) -> Result<(), FlowError> {
        if let ListingMark::Unchanged { rows } = page.listing {
            return self.take_unchanged(&page, rows).await;
        }
        let ends = matches!(page.listing, ListingMark::Complete { last: true });
        let sorted = {
            let rows = self.kept_columns(&page.rows)?;
            let fingerprints = kartei_normalise::fingerprint(&rows);
            self.known.sort(&rows, &fingerprints, self.version)?
        };
        for key in page.rejects.iter().filter_map(|reject| reject.key.as_deref()) {
            self.known.keep(key);
        }
        self.listing_rows += page.rows_read;
        self.pulled.read += page.rows_read;
        self.pulled.staged += sorted.fresh.height() as u64;
        self.pulled.new += sorted.new;
        self.pulled.changed += sorted.changed;
        self.pulled.unchanged += sorted.unchanged + page.collapsed;
        for reject in &page.rejects {
            for counts in [&mut self.pulled.rejects, &mut self.listing_rejects] {
                *counts.entry(reject.reason.code().to_owned()).or_default() += 1;
            }
        }
        if ends {
            self.heed_volume()?;
            self.rejects_before.clone_from(&self.listing_rejects);
        }
        let staged = if sorted.fresh.height() > 0 { Staged::Rows(sorted.fresh) } else { Staged::Nothing };
        let is_delta = page.listing == ListingMark::Delta;
        let gone = match page.listing {
            ListingMark::Delta => self.said_gone(&page)?,
            _ if ends && self.source.missing_row == MissingRow::Gone => self.gone().await?,
            _ => None,
        };
        // What holds too many rows that cannot be read is read again by the next run, and weighed again.
        let may_move = !self.has_too_many_rejects();
        self.save(&page, staged, may_move && (is_delta || ends) && gone.is_none()).await?;
        if is_delta {
            self.release_mended(&page).await?;
        }
        if let Some(gone) = gone {
            self.pulled.gone += gone.height() as u64;
            let rest = Page { rejects: Vec::new(), rows_read: 0, collapsed: 0, ..page };
            self.save(&rest, Staged::Gone(gone), may_move).await?;
        }
        if ends {
            self.step.store.resolve_unseen_rejects(self.step.lease, &self.source.name, self.step.now()).await?;
        }
        Ok(())
    }

    /// The listing is the one that was pulled last, byte for byte: its rows in quarantine cannot be read any better.
    async fn take_unchanged(&mut self, page: &Page, rows: u64) -> Result<(), FlowError> {
        for (reason, count) in &self.rejects_before {
            *self.pulled.rejects.entry(reason.clone()).or_default() += count;
        }
        self.pulled.read += rows;
        self.pulled.unchanged += rows.saturating_sub(self.rejects_before.values().sum());
        let (store, lease, now) = (self.step.store, self.step.lease, self.step.now());
        store.resolve_rejects_since_listing(lease, &self.source.name, now).await?;
        store.meet_rejects_again(lease, &self.source.name, now).await?;
        self.save(page, Staged::Nothing, true).await
    }

    /// What a file held in quarantine before it came with other content is no more.
    async fn forget_replaced(&self, page: &Page) -> Result<(), FlowError> {
        let delivery = (page.origin.as_str(), page.delivery.as_str());
        self.step.store.resolve_replaced_rejects(self.step.lease, &self.source.name, delivery, self.step.now()).await?;
        Ok(())
    }

    /// Records in quarantine that a later delta brought so that they could be read.
    async fn release_mended(&mut self, page: &Page) -> Result<(), FlowError> {
        if self.quarantined.is_empty() || page.rows.height() == 0 {
            return Ok(());
        }
        let keys = page.rows.column(KEY)?.str()?;
        let is_mended = |key: &&str| self.quarantined.get(*key).is_some_and(|delivery| *delivery != page.delivery);
        let mended: Vec<String> = keys.iter().flatten().filter(is_mended).map(str::to_owned).collect();
        if !mended.is_empty() {
            let (store, lease, now) = (self.step.store, self.step.lease, self.step.now());
            store.resolve_rejects_of_records(lease, &self.source.name, (&mended, &page.delivery), now).await?;
        }
        Ok(())
    }

    /// Puts a page at rest. The cursor moves only where `moves` says so: in a complete listing not before its end,
    /// since what a listing lacks is known only to whoever has read it from its beginning.
    async fn save(&mut self, page: &Page, staged: Staged, moves: bool) -> Result<(), FlowError> {
        let rows_staged = if let Staged::Rows(rows) = &staged { rows.height() as u64 } else { 0 };
        let (kind, frame) = self.put(staged).await?;
        if self.step.options.dry_run && frame.is_none() {
            return Ok(());
        }
        let rejects: Vec<NewReject> = page.rejects.iter().map(|reject| new_reject(reject, &page.delivery)).collect();
        let batch = NewBatch {
            source: self.source.name.clone(),
            number: self.number,
            kind,
            frame,
            origin: page.origin.clone(),
            complete_listing: page.listing != ListingMark::Delta,
            rows_read: page.rows_read,
            rows_staged,
            rows_unchanged: page.rows_read.saturating_sub(rows_staged + page.collapsed + rejects.len() as u64),
            rows_collapsed: page.collapsed,
            rejects,
            cursor: self.cursor(page, moves && !self.step.options.dry_run),
        };
        self.step.store.stage_batch(self.step.lease, &batch, self.step.now()).await?;
        self.number += 1;
        if moves {
            // The next listing of the same pull goes on from here, and is weighed against this one.
            self.usual_rows = batch.cursor.listing_rows;
            self.stored = Some(batch.cursor);
        }
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

    fn cursor(&self, page: &Page, moves: bool) -> SourceCursor {
        let old = self.stored.clone();
        if !moves && let Some(old) = old {
            return old;
        }
        let place = Place {
            at: moves.then(|| page.cursor.clone()),
            schema: if moves { self.version } else { 0 },
            columns: self.columns.clone(),
            run: self.step.run.id,
            published_rows: self.published_rows,
            rejects: self.rejects_before.clone(),
        };
        let newest = [self.watermark, page.modified].into_iter().flatten().min();
        let listed = matches!(page.listing, ListingMark::Complete { .. } | ListingMark::Unchanged { .. });
        let rows = if let ListingMark::Unchanged { rows } = page.listing { rows } else { self.listing_rows };
        SourceCursor {
            source: self.source.name.clone(),
            cursor: serde_json::to_value(place).unwrap_or_default(),
            columns: self.columns.iter().map(|column| column.name.clone()).collect(),
            listing_rows: if listed { Some(rows) } else { old.as_ref().and_then(|old| old.listing_rows) },
            listed_at: if listed { Some(self.step.now()) } else { old.as_ref().and_then(|old| old.listed_at) },
            newest_data_at: newest.or(old.and_then(|old| old.newest_data_at)),
        }
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
        for frame in staged_frames(self.step, &self.source.name).await? {
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
