//! Batches at rest: a page's frame, its rejects and how far its delivery has come, in one transaction.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::deliveries::{self, DeliveryProgress};
use crate::frames::FrameRef;
use crate::rejects::{self, NewReject};
use crate::session::{Row, Session, sql};
use crate::words::words;
use crate::{Lease, Result, Store, StoreError};

words! {
    /// What the frame of a page holds.
    BatchKind {
        /// Rows that are new or changed.
        Rows = "rows",
        /// Keys of records that a complete listing no longer holds.
        Gone = "gone",
    }
}

/// How far a source has been read, and what its last delivery looked like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceCursor {
    /// The source.
    pub source: String,
    /// Where the next pull goes on; only the connector understands it.
    pub cursor: Json,
    /// The columns seen last, to notice drift.
    pub columns: Vec<String>,
    /// Rows of the last complete listing, to notice one that shrank.
    pub listing_rows: Option<u64>,
    /// When the last complete listing was read to its end.
    pub listed_at: Option<DateTime<Utc>>,
    /// The newest point in time that the source's data speaks of, to notice staleness.
    pub newest_data_at: Option<DateTime<Utc>>,
}

/// A page to put at rest. Its frame is put before, and named here.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// The delivery to which it belongs.
    pub delivery: i64,
    /// The source.
    pub source: String,
    /// The page's number within this run and source, from 0. The same number again replaces nothing and is no error:
    /// the page had come to rest before the run was interrupted.
    pub number: u32,
    /// What its frame holds.
    pub kind: BatchKind,
    /// The frame at rest; none when the page held nothing new.
    pub frame: Option<FrameRef>,
    /// The file or endpoint that the page came from, as a person would name it.
    pub origin: String,
    /// Whether the page belongs to a complete listing.
    pub complete_listing: bool,
    /// Records read: staged, rejected, unchanged and collapsed ones.
    pub rows_read: u64,
    /// Rows put at rest.
    pub rows_staged: u64,
    /// Rows that are as they were known.
    pub rows_unchanged: u64,
    /// Rows left out because the page held them already.
    pub rows_collapsed: u64,
    /// Rows that could not be read.
    pub rejects: Vec<NewReject>,
    /// Whether those rows go to quarantine; those of a rehearsal are counted and no more.
    pub keeps_rejects: bool,
    /// How far its delivery has come with it.
    pub progress: DeliveryProgress,
}

/// A page at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The run.
    pub run_id: i64,
    /// The delivery to which it belongs.
    pub delivery_id: i64,
    /// The source.
    pub source: String,
    /// The page's number within the run and source.
    pub number: u32,
    /// What its frame holds.
    pub kind: BatchKind,
    /// The frame at rest; none when the page held nothing new.
    pub frame: Option<FrameRef>,
    /// Where the page came from.
    pub origin: String,
    /// Whether the page belongs to a complete listing.
    pub complete_listing: bool,
    /// Records read.
    pub rows_read: u64,
    /// Rows put at rest.
    pub rows_staged: u64,
    /// Rows that are as they were known.
    pub rows_unchanged: u64,
    /// Rows left out because the page held them already.
    pub rows_collapsed: u64,
    /// Rows that could not be read.
    pub rows_rejected: u64,
    /// When it came to rest.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// How far a source has been read; none when never.
    pub async fn cursor(&self, source: &str) -> Result<Option<SourceCursor>> {
        find_cursor(&mut self.read().await?, source).await
    }

    /// The delivery whose acceptance moved a source's place last, and whether the next pull begins anew.
    pub async fn cursor_base(&self, source: &str) -> Result<(Option<i64>, bool)> {
        let mut session = self.read().await?;
        let text = "select delivery_id, anew from source_cursor where source = ?";
        let Some(row) = sql(text).bind(source).row(&mut session).await? else { return Ok((None, false)) };
        Ok((row.optional_integer("delivery_id")?, row.optional_flag("anew")? == Some(true)))
    }

    /// How far each source has been read, by name.
    pub async fn cursors(&self) -> Result<Vec<SourceCursor>> {
        let mut session = self.read().await?;
        sql(CURSOR).and(" order by source").rows(&mut session).await?.iter().map(cursor).collect()
    }

    /// Puts a page at rest: the batch, its rejects and how far its delivery has come, or nothing. Says whether it was new.
    pub async fn stage_batch(&self, lease: &Lease, batch: &NewBatch, now: DateTime<Utc>) -> Result<bool> {
        let mut session = self.begin_fenced(lease).await?;
        if !insert(&mut session, lease.run_id, batch, now).await? {
            session.rollback().await?;
            return Ok(false);
        }
        if batch.keeps_rejects {
            let place = (lease.run_id, batch.source.as_str(), batch.delivery);
            rejects::upsert(&mut session, place, &batch.rejects, now).await?;
        }
        deliveries::advance(&mut session, (lease.run_id, batch.delivery), &batch.progress).await?;
        session.commit().await?;
        Ok(true)
    }

    /// The batches of one run, by source and number.
    pub async fn batches_of_run(&self, run_id: i64) -> Result<Vec<Batch>> {
        let mut session = self.read().await?;
        let statement = sql(BATCH).and(" where run_id = ? order by source, number").bind(run_id);
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// The batches of one delivery, in the order in which they came to rest.
    pub async fn batches_of_delivery(&self, delivery: i64) -> Result<Vec<Batch>> {
        let mut session = self.read().await?;
        let statement = sql(BATCH).and(" where delivery_id = ? order by sequence, number").bind(delivery);
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// The batches that were accepted and that no publication has taken up, in the order in which they take effect: also those
    /// of runs that failed, and of runs with a lower number than the one that was published last.
    pub async fn waiting_batches(&self) -> Result<Vec<Batch>> {
        let mut session = self.read().await?;
        let statement = sql(BATCH).and(
            " where delivery_id in (select id from delivery where state = 'accepted') \
             order by (select sequence from delivery where delivery.id = batch.delivery_id), sequence",
        );
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// The batches whose frames are needed: of all that is published and not folded, that was accepted, or that waits.
    pub async fn kept_batches(&self) -> Result<Vec<Batch>> {
        kept(&mut self.read().await?).await
    }
}

pub(crate) async fn kept(session: &mut Session) -> Result<Vec<Batch>> {
    let statement = sql(BATCH).and(
        " where delivery_id in (select id from delivery where state in ('staged', 'accepted', 'rehearsal', 'published')) \
         order by sequence, run_id, source, number",
    );
    statement.rows(session).await?.iter().map(from_row).collect()
}

/// The frames of batches that are part of nothing any more: of what was discarded, forgotten or folded.
pub(crate) async fn spent_frames(session: &mut Session) -> Result<Vec<FrameRef>> {
    let statement = sql("select frame from batch where frame is not null and delivery_id in \
         (select id from delivery where state in ('discarded', 'forgotten', 'folded'))");
    statement.rows(session).await?.iter().map(|row| frame_of(&row.text("frame")?)).collect()
}

pub(crate) async fn find_cursor(session: &mut Session, source: &str) -> Result<Option<SourceCursor>> {
    let row = sql(CURSOR).and(" where source = ?").bind(source).row(session).await?;
    row.as_ref().map(cursor).transpose()
}

impl Store {
    /// All batches that name a frame, published or not.
    pub async fn batches_at_rest(&self) -> Result<Vec<Batch>> {
        let mut session = self.read().await?;
        let statement = sql(BATCH).and(" where frame is not null order by sequence, run_id, source, number");
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }
}

const CURSOR: &str = "select source, cursor, columns, listing_rows, listed_at, newest_data_at from source_cursor";

const BATCH: &str = "select run_id, delivery_id, source, number, kind, frame, origin, complete_listing, rows_read, rows_staged, \
                     rows_unchanged, rows_collapsed, rows_rejected, created_at from batch";

async fn insert(session: &mut Session, run_id: i64, batch: &NewBatch, now: DateTime<Utc>) -> Result<bool> {
    let fresh = sql(
        "insert into batch (run_id, source, number, kind, frame, origin, complete_listing, rows_read, rows_staged, \
         rows_unchanged, rows_collapsed, rows_rejected, created_at, delivery_id, sequence) \
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (select coalesce(max(sequence), 0) + 1 from batch)) \
         on conflict (run_id, source, number) do nothing",
    )
    .bind(run_id)
    .bind(&batch.source)
    .bind(batch.number)
    .bind(batch.kind)
    .bind(batch.frame.as_ref().map(FrameRef::to_text))
    .bind(&batch.origin)
    .bind(batch.complete_listing)
    .bind(batch.rows_read)
    .bind(batch.rows_staged)
    .bind(batch.rows_unchanged)
    .bind(batch.rows_collapsed)
    .bind(batch.rejects.len() as u64)
    .bind(now)
    .bind(batch.delivery)
    .execute(session)
    .await?;
    Ok(fresh == 1)
}

/// Moves a source's place, in the name of a run and of the delivery that was accepted.
pub(crate) async fn save_cursor(
    session: &mut Session,
    (run_id, delivery): (i64, Option<i64>),
    cursor: &SourceCursor,
    now: DateTime<Utc>,
) -> Result<()> {
    sql("insert into source_cursor (source, cursor, columns, listing_rows, listed_at, newest_data_at, run_id, updated_at, \
         delivery_id, anew) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (source) do update set \
         cursor = excluded.cursor, columns = excluded.columns, listing_rows = excluded.listing_rows, \
         listed_at = excluded.listed_at, newest_data_at = excluded.newest_data_at, run_id = excluded.run_id, \
         updated_at = excluded.updated_at, delivery_id = excluded.delivery_id, anew = excluded.anew")
    .bind(&cursor.source)
    .bind(cursor.cursor.clone())
    .bind(Json::from(cursor.columns.clone()))
    .bind(cursor.listing_rows)
    .bind(cursor.listed_at)
    .bind(cursor.newest_data_at)
    .bind(run_id)
    .bind(now)
    .bind(delivery)
    .bind(false)
    .execute(session)
    .await?;
    Ok(())
}

fn cursor(row: &Row) -> Result<SourceCursor> {
    Ok(SourceCursor {
        source: row.text("source")?,
        cursor: row.json("cursor")?,
        columns: serde_json::from_value(row.json("columns")?).unwrap_or_default(),
        listing_rows: row.optional_integer("listing_rows")?.and_then(|rows| u64::try_from(rows).ok()),
        listed_at: row.optional_instant("listed_at")?,
        newest_data_at: row.optional_instant("newest_data_at")?,
    })
}

fn from_row(row: &Row) -> Result<Batch> {
    Ok(Batch {
        run_id: row.integer("run_id")?,
        delivery_id: row.optional_integer("delivery_id")?.unwrap_or(0),
        source: row.text("source")?,
        number: u32::try_from(row.integer("number")?).unwrap_or(u32::MAX),
        kind: row.word("kind")?,
        frame: row.optional_text("frame")?.as_deref().map(frame_of).transpose()?,
        origin: row.text("origin")?,
        complete_listing: row.flag("complete_listing")?,
        rows_read: row.count("rows_read")?,
        rows_staged: row.count("rows_staged")?,
        rows_unchanged: row.count("rows_unchanged")?,
        rows_collapsed: row.count("rows_collapsed")?,
        rows_rejected: row.count("rows_rejected")?,
        created_at: row.instant("created_at")?,
    })
}

pub(crate) fn frame_of(text: &str) -> Result<FrameRef> {
    FrameRef::from_text(text)
        .map_err(|_| StoreError::Column { column: "frame".to_owned(), reason: "it names no frame".to_owned() })
}
