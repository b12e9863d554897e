//! pull and stage: asks each source for what is new, and puts each page at rest together with its cursor.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use kartei_connector::{
    ColumnProfile, Connector, ConnectorError, Cursor, Drift, FreshnessState, ListingMark, Page, RowReject, drift,
    freshness, mapped_columns,
};
use kartei_schemas::frame::{FINGERPRINT, KEY, SOURCE};
use kartei_schemas::source::{MissingRow, OnDrift, SourceSchema};
use kartei_store::{Batch, NewBatch, NewReject, SourceCursor};
use polars::prelude::*;
use serde::{Deserialize, Serialize};

use super::Step;
use crate::error::FlowError;
use crate::project::{connect, source_version};
use crate::rest::Rest;
use crate::stage::Known;

/// The end of the name of a frame that holds the keys of records that are gone.
pub const GONE: &str = "-gone";

/// What was pulled, by source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pulled {
    /// The sources.
    pub sources: BTreeMap<String, SourcePull>,
}

/// What one source brought.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SourcePull {
    /// Rows read.
    pub read: u64,
    /// Rows put at rest.
    pub staged: u64,
    /// Records never seen before.
    pub new: u64,
    /// Records that differ from what was known.
    pub changed: u64,
    /// Rows equal to what was known, and rows that the delivery held twice.
    pub unchanged: u64,
    /// Records that a complete listing no longer holds.
    pub gone: u64,
    /// Rows in quarantine, by reason.
    pub rejects: BTreeMap<String, u64>,
    /// How the columns differ from those of the last pull.
    pub drift: Drift,
    /// The newest thing that the source told.
    pub newest_at: Option<DateTime<Utc>>,
    /// How old that is: `fresh`, `stale` or `too_old`.
    pub freshness: String,
}

impl SourcePull {
    /// Rows in quarantine.
    pub fn rejected(&self) -> u64 {
        self.rejects.values().sum()
    }
}

/// Where a source was left: what the store keeps as its cursor.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// The connector's cursor.
    at: Option<Cursor>,
    /// The version of the schema by which the rows were read.
    schema: u64,
    /// The columns, with the kind of their contents.
    columns: Vec<ColumnProfile>,
}

/// Pulls the sources one after another; each is named when it fails, and the first failure is the run's.
pub async fn pull(step: &Step<'_>, sources: &[&SourceSchema]) -> Result<Pulled, FlowError> {
    let mut pulled = Pulled::default();
    let mut failure = None;
    for source in sources {
        match pull_source(step, source).await {
            Ok(outcome) => {
                pulled.sources.insert(source.name.clone(), outcome);
            }
            Err(error @ (FlowError::Store(_) | FlowError::Frame(_) | FlowError::Interrupted)) => return Err(error),
            Err(error) => {
                tracing::error!(source = source.name, error = %error, "a source could not be pulled");
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(pulled), Err)
}

async fn pull_source(step: &Step<'_>, source: &SourceSchema) -> Result<SourcePull, FlowError> {
    let failed = |cause: ConnectorError| FlowError::Source { name: source.name.clone(), cause };
    let connector = connect(source, &step.project.base).map_err(failed)?;
    let version = source_version(source, &step.project.schemas.person);
    let stored = step.store.cursor(&source.name).await?;
    let place: Place = stored
        .as_ref()
        .and_then(|cursor| serde_json::from_value(cursor.cursor.clone()).ok())
        .filter(|place: &Place| place.schema == version)
        .unwrap_or_default();
    let discovery = connector.discover(step.now()).await.map_err(failed)?;
    let mut delivery = Delivery {
        step,
        source,
        version,
        known: known(step, source).await?,
        number: next_number(step, source).await?,
        columns: discovery.columns.clone(),
        keep_columns: None,
        listing_rows: 0,
        stored,
        pulled: SourcePull { drift: found_drift(&place, &discovery.columns, source), ..SourcePull::default() },
    };
    delivery.heed_drift(&place)?;
    delivery.run(connector.as_ref(), place.at).await?;
    delivery.heed_freshness(discovery.modified)?;
    heed_rejects(step, source, &delivery.pulled)?;
    Ok(delivery.pulled)
}

fn found_drift(place: &Place, columns: &[ColumnProfile], source: &SourceSchema) -> Drift {
    drift(&place.columns, columns, &mapped_columns(source).into_iter().collect::<Vec<_>>())
}

/// What a page leaves at rest.
enum Staged {
    Nothing,
    Rows(DataFrame),
    Gone(DataFrame),
}

/// One source's pull under way.
struct Delivery<'a> {
    step: &'a Step<'a>,
    source: &'a SourceSchema,
    version: u64,
    known: Known,
    number: u32,
    columns: Vec<ColumnProfile>,
    keep_columns: Option<Vec<String>>,
    listing_rows: u64,
    stored: Option<SourceCursor>,
    pulled: SourcePull,
}

impl Delivery<'_> {
    async fn run(&mut self, connector: &dyn Connector, cursor: Option<Cursor>) -> Result<(), FlowError> {
        let failed = |cause: ConnectorError| FlowError::Source { name: self.source.name.clone(), cause };
        let mut pages = connector.pull(cursor, self.step.now()).await.map_err(failed)?;
        let mut delivery = String::new();
        while let Some(page) = pages.next().await {
            if self.step.stop.is_asked() {
                return Err(FlowError::Interrupted);
            }
            let page = page.map_err(|cause| FlowError::Source { name: self.source.name.clone(), cause })?;
            if page.delivery != delivery {
                delivery.clone_from(&page.delivery);
                self.known.begin_listing();
                self.listing_rows = 0;
            }
            self.take(page).await?;
            self.step.watch.moved("rows pulled", self.pulled.read, 0);
        }
        Ok(())
    }

    async fn take(&mut self, page: Page) -> Result<(), FlowError> {
        if let ListingMark::Unchanged { rows } = page.listing {
            self.pulled.read += rows;
            self.pulled.unchanged += rows;
            return self.save(&page, Staged::Nothing, true).await;
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
            *self.pulled.rejects.entry(reject.reason.code().to_owned()).or_default() += 1;
        }
        if ends {
            self.heed_volume()?;
        }
        let staged = if sorted.fresh.height() > 0 { Staged::Rows(sorted.fresh) } else { Staged::Nothing };
        let is_delta = page.listing == ListingMark::Delta;
        let gone = if ends && self.source.missing_row == MissingRow::Gone { self.gone().await? } else { None };
        self.save(&page, staged, is_delta || (ends && gone.is_none())).await?;
        if let Some(gone) = gone {
            self.pulled.gone += gone.height() as u64;
            self.save(&Page { rejects: Vec::new(), rows_read: 0, collapsed: 0, ..page }, Staged::Gone(gone), true)
                .await?;
        }
        if ends {
            self.step.store.resolve_unseen_rejects(self.step.lease, &self.source.name, self.step.now()).await?;
        }
        Ok(())
    }

    /// Puts a page at rest. The cursor moves only where `moves` says so: in a complete listing not before its end,
    /// since what a listing lacks is known only to whoever has read it from its beginning.
    async fn save(&mut self, page: &Page, staged: Staged, moves: bool) -> Result<(), FlowError> {
        let rows_staged = if let Staged::Rows(rows) = &staged { rows.height() as u64 } else { 0 };
        let frame = self.put(staged)?;
        if self.step.options.dry_run && frame.is_none() {
            return Ok(());
        }
        let rejects: Vec<NewReject> = page.rejects.iter().map(new_reject).collect();
        let batch = NewBatch {
            source: self.source.name.clone(),
            number: self.number,
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
        Ok(())
    }

    fn put(&self, staged: Staged) -> Result<Option<String>, FlowError> {
        let place = format!("batches/{}/{}-{}", self.source.name, self.step.run.id, self.number);
        let (name, mut frame) = match staged {
            Staged::Nothing => return Ok(None),
            Staged::Rows(rows) => (place, rows),
            Staged::Gone(keys) => (format!("{place}{GONE}"), keys),
        };
        self.step.rest.frames().write(&name, &mut frame)?;
        Ok(Some(name))
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
        };
        let listed = matches!(page.listing, ListingMark::Complete { .. } | ListingMark::Unchanged { .. });
        let rows = if let ListingMark::Unchanged { rows } = page.listing { rows } else { self.listing_rows };
        SourceCursor {
            source: self.source.name.clone(),
            cursor: serde_json::to_value(place).unwrap_or_default(),
            columns: self.columns.iter().map(|column| column.name.clone()).collect(),
            listing_rows: if listed { Some(rows) } else { old.as_ref().and_then(|old| old.listing_rows) },
            listed_at: if listed { Some(self.step.now()) } else { old.as_ref().and_then(|old| old.listed_at) },
            newest_data_at: page.modified.or(old.and_then(|old| old.newest_data_at)),
        }
    }

    async fn gone(&self) -> Result<Option<DataFrame>, FlowError> {
        let mut absent = Vec::new();
        if let Some(previous) = self.step.previous {
            let records = self.step.rest.of_earlier(previous, "records")?;
            if let Some(records) = records {
                let keys = keys_of(&records, &self.source.name)?;
                absent = self.known.absent(keys.iter().flatten());
            }
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

    fn heed_drift(&mut self, place: &Place) -> Result<(), FlowError> {
        let found = &self.pulled.drift;
        if found.is_empty() {
            return Ok(());
        }
        tracing::warn!(source = self.source.name, drift = ?found, "the source's columns are not as they were");
        match self.source.on_drift {
            OnDrift::Report => Ok(()),
            OnDrift::Freeze => {
                let known = place.columns.iter().map(|column| column.name.clone());
                let always = [KEY.to_owned(), "updated_at".to_owned()];
                self.keep_columns = Some(known.chain(mapped_columns(self.source)).chain(always).collect());
                Ok(())
            }
            OnDrift::Stop => {
                let names: Vec<&str> = found.new.iter().map(String::as_str).collect();
                let missing: Vec<&str> = found.missing.iter().map(|column| column.name.as_str()).collect();
                let message = format!(
                    "the columns of source `{}` changed (new: {}; missing: {}; retyped: {})",
                    self.source.name,
                    listed(&names),
                    listed(&missing),
                    found.retyped.len()
                );
                self.step.guard("drift", message)
            }
        }
    }

    fn heed_volume(&self) -> Result<(), FlowError> {
        let (rows, rules, name) = (self.listing_rows, &self.source.volume, &self.source.name);
        if let Some(minimum) = rules.min_rows.filter(|&minimum| rows < minimum) {
            self.step.guard("min_rows", format!("source `{name}` lists {rows} rows, fewer than {minimum}"))?;
        }
        let before = self.stored.as_ref().and_then(|stored| stored.listing_rows).filter(|&before| before > 0);
        if let (Some(before), Some(limit)) = (before, rules.max_drop_percent) {
            let drop = 100.0 * before.saturating_sub(rows) as f64 / before as f64;
            if drop > limit {
                let message =
                    format!("source `{name}` shrank from {before} to {rows} rows ({drop:.1} %; {limit} % are allowed)");
                self.step.guard("max_drop_percent", message)?;
            }
        }
        Ok(())
    }

    fn heed_freshness(&mut self, modified: Option<DateTime<Utc>>) -> Result<(), FlowError> {
        let found = freshness(modified, self.step.now(), &self.source.freshness);
        self.pulled.newest_at = modified;
        self.pulled.freshness = match found.state {
            FreshnessState::Fresh => "fresh",
            FreshnessState::Stale => "stale",
            FreshnessState::TooOld => "too_old",
        }
        .to_owned();
        if found.state == FreshnessState::TooOld {
            let age = found.age.map_or(0, |age| age.num_hours());
            let message = format!("source `{}` was last renewed {age} hours ago", self.source.name);
            self.step.guard("freshness", message)?;
        }
        Ok(())
    }
}

fn heed_rejects(step: &Step<'_>, source: &SourceSchema, pulled: &SourcePull) -> Result<(), FlowError> {
    let (rejected, read) = (pulled.rejected(), pulled.read.max(1));
    let percent = 100.0 * rejected as f64 / read as f64;
    if percent > source.max_reject_percent && !step.options.accepts("max_reject_percent") {
        let message = format!(
            "source `{}`: {rejected} of {read} rows went to quarantine ({percent:.1} %; {} % are allowed)",
            source.name, source.max_reject_percent
        );
        return Err(FlowError::TooManyRejects { message });
    }
    Ok(())
}

/// What is known of the source's records: the published ones, with what has been staged since.
async fn known(step: &Step<'_>, source: &SourceSchema) -> Result<Known, FlowError> {
    let mut known = Known::default();
    if let Some(previous) = step.previous
        && let Some(records) = step.rest.of_earlier(previous, "records")?
    {
        let sources = records.column(SOURCE)?.str()?;
        let own: BooleanChunked = sources.iter().map(|name| name == Some(source.name.as_str())).collect();
        known.learn(&records.select([KEY, FINGERPRINT])?.filter(&own)?)?;
    }
    for batch in pending(step, &source.name).await? {
        let Some(name) = batch.frame else { continue };
        if name.ends_with(GONE) {
            let gone = step.rest.frames().read(&name, None)?;
            known.forget(gone.column(KEY)?.str()?.iter().flatten());
        } else {
            known.learn(&step.rest.frames().read(&name, Some(&[KEY, FINGERPRINT]))?)?;
        }
    }
    Ok(known)
}

async fn pending(step: &Step<'_>, source: &str) -> Result<Vec<Batch>, FlowError> {
    let batches = step.store.batches_after_run(step.previous.unwrap_or(0)).await?;
    Ok(batches.into_iter().filter(|batch| batch.source == source).collect())
}

async fn staged_frames(step: &Step<'_>, source: &str) -> Result<Vec<DataFrame>, FlowError> {
    let mut frames = Vec::new();
    for batch in pending(step, source).await? {
        if let Some(name) = batch.frame.filter(|name| !name.ends_with(GONE)) {
            frames.push(step.rest.frames().read(&name, Some(&[KEY]))?);
        }
    }
    Ok(frames)
}

async fn next_number(step: &Step<'_>, source: &SourceSchema) -> Result<u32, FlowError> {
    let batches = step.store.batches_of_run(step.run.id).await?;
    let own = batches.iter().filter(|batch| batch.source == source.name);
    Ok(own.map(|batch| batch.number + 1).max().unwrap_or(0))
}

fn keys_of(records: &DataFrame, source: &str) -> PolarsResult<StringChunked> {
    let own: BooleanChunked = records.column(SOURCE)?.str()?.iter().map(|name| name == Some(source)).collect();
    records.column(KEY)?.str()?.filter(&own)
}

fn new_reject(reject: &RowReject) -> NewReject {
    NewReject {
        origin: reject.origin.clone(),
        line: reject.line,
        column: reject.column.clone(),
        reason: reject.reason.code().to_owned(),
        detail: reject.detail.clone(),
        raw: reject.raw.clone(),
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The name of the frame that a run's records have at rest.
pub fn records_name(run_id: i64) -> String {
    Rest::name(run_id, "records")
}
