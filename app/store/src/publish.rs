//! Publishing: persons, records, values, changes, review items, figures and mails in one transaction, or nothing.

use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use kartei_schemas::org::OrgSchema;
use polars_core::prelude::DataFrame;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::frames::FrameSet;
use crate::session::{Row, Session, sql};
use crate::{
    Lease, NewMail, NewReject, NewReviewItem, Result, Store, StoreError, bulk, claims, outbox, rejects, review,
    statistics,
};

/// What one run makes visible.
#[derive(Debug, Clone, Copy)]
pub struct Publication<'a> {
    /// The run against whose publication the changes were found; none for the first. When another run has published
    /// since, nothing is written.
    pub base: Option<i64>,
    /// Whether persons, records and values are all that there are, and take the place of whatever stands in the store.
    pub whole: bool,
    /// Persons that are new or changed: the persons frame of the pipeline.
    pub persons: &'a DataFrame,
    /// `person_id`, `merged_into` (null: gone) of the persons that are no more.
    pub gone: &'a DataFrame,
    /// `source`, `key`, `person_id`, and where known `present` (Boolean) and `first_seen` (Int64, milliseconds) of the
    /// records that are new, moved or vanished. All records may be given; fewer are faster.
    pub records: &'a DataFrame,
    /// `source`, `key` of records that are erased; none: no record is.
    pub erased: Option<&'a DataFrame>,
    /// `person_id`, `field`, `value`, `source`, `key`, `survives`, `reason`.
    pub values: &'a DataFrame,
    /// The persons whose values are replaced by `values`; those gone or merged need not be named.
    pub renewed: &'a [String],
    /// `person_id`, `kind`, `field`, `old`, `new`, `org_unit_before`, `org_unit_after`.
    pub changes: &'a DataFrame,
    /// The deliveries from which all this was made: accepted ones, which are published from now on.
    pub deliveries: &'a [i64],
    /// The deliveries without which all this was made: forgotten ones.
    pub forgotten: &'a [i64],
    /// Source and values that could not be read, for quarantine.
    pub unreadable: &'a [(String, Vec<NewReject>)],
    /// The values in quarantine for which readable ones have come.
    pub readable: &'a [i64],
    /// When what they say was heard.
    pub heard_at: DateTime<Utc>,
    /// What was heard of consents in this run, in the columns of the table; none: nothing.
    pub consents: Option<&'a DataFrame>,
    /// The whole queue, the most valuable first.
    pub review: &'a [NewReviewItem],
    /// What goes into the outbox.
    pub mails: &'a [NewMail],
    /// The organisation's tree, when it is to be replaced.
    pub org: Option<&'a OrgSchema>,
    /// The run's figures.
    pub statistics: &'a Json,
    /// The frames at rest that are current from now on.
    pub frames: &'a FrameSet,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Whether the run had published before it was interrupted, so that nothing was written now.
    pub before: bool,
    /// Persons written.
    pub persons: u64,
    /// Persons marked as gone or merged.
    pub gone: u64,
    /// Records written.
    pub records: u64,
    /// Values written.
    pub values: u64,
    /// Changes written.
    pub changes: u64,
    /// Mails queued.
    pub mails: u64,
}

/// What is visible now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedState {
    /// The run that published it.
    pub run_id: i64,
    /// When.
    pub published_at: DateTime<Utc>,
    /// The frames at rest that belong to it.
    pub frames: FrameSet,
    /// A digest of all that they hold: the same for the same records, persons and links.
    pub digest: String,
    /// Those of the publication before it, which whoever still reads them may need.
    pub frames_before: FrameSet,
}

impl Store {
    /// What is visible now; none before the first run has published.
    pub async fn published(&self) -> Result<Option<PublishedState>> {
        let mut session = self.read().await?;
        pointer(&mut session).await
    }

    /// Makes a run's result visible: all of it, or nothing. Doing it twice under one run changes nothing.
    pub async fn publish(&self, lease: &Lease, publication: &Publication<'_>, now: DateTime<Utc>) -> Result<Published> {
        // Where there is one writer, it makes a heartbeat wait; see `renew_lease`. The mark stands before the transaction is asked
        // for: a heartbeat that came in between would wait for all of it.
        let _mark = self.has_one_writer().then(|| Publishing::begin(self, lease.run_id));
        let mut session = self.begin().await?;
        claims::glance(&mut session, lease).await?;
        let began = crate::open::clock(&mut session).await?;
        let seen = pointer(&mut session).await?.map(|state| state.run_id);
        if seen == Some(lease.run_id) {
            session.rollback().await?;
            return Ok(Published { before: true, ..Published::default() });
        }
        move_pointer(&mut session, lease.run_id, publication, now).await?;
        let published = write(&mut session, lease.run_id, publication, now).await?;
        // At the end, so that PostgreSQL does not hold the run's row against the heartbeat all the while.
        claims::fence_and_renew(&mut session, lease, began).await?;
        session.commit().await?;
        Ok(published)
    }
}

async fn write(
    session: &mut Session,
    run_id: i64,
    publication: &Publication<'_>,
    now: DateTime<Utc>,
) -> Result<Published> {
    let gone = bulk::mark_gone(session, run_id, publication.gone, now).await?;
    if publication.whole {
        bulk::remove_strays(session, publication.persons).await?;
    }
    let persons = bulk::write_persons(session, run_id, publication.persons).await?;
    let records = bulk::write_records(session, publication.records, publication.erased).await?;
    crate::restrictions::carry_over(session, now).await?;
    let values = bulk::replace_values(session, publication.values, publication.renewed).await?;
    let changes = bulk::write_changes(session, run_id, publication.changes, now).await?;
    let taken = (publication.deliveries, publication.forgotten);
    crate::deliveries::mark_published(session, (run_id, publication.heard_at), taken).await?;
    rejects::resolve(session, publication.readable, now).await?;
    for (source, values) in publication.unreadable {
        rejects::upsert(session, (run_id, source.as_str(), 0), values, now).await?;
    }
    if let Some(consents) = publication.consents {
        bulk::add_consent_events(session, run_id, consents).await?;
    }
    review::replace(session, run_id, publication.review, now).await?;
    if let Some(org) = publication.org {
        crate::org::replace(session, org).await?;
    }
    statistics::upsert(session, run_id, publication.statistics, now).await?;
    let mails = outbox::insert(session, publication.mails, Some(run_id), now).await?;
    Ok(Published { before: false, persons, gone, records, values, changes, mails })
}

pub(crate) async fn pointer(session: &mut Session) -> Result<Option<PublishedState>> {
    let row = sql("select run_id, published_at, frames, digest, frames_before from publication where id = 1")
        .row(session)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(PublishedState {
        run_id: row.integer("run_id")?,
        published_at: row.instant("published_at")?,
        frames: frames_of(&row, "frames")?,
        digest: row.optional_text("digest")?.unwrap_or_default(),
        frames_before: frames_of(&row, "frames_before")?,
    }))
}

fn frames_of(row: &Row, column: &str) -> Result<FrameSet> {
    serde_json::from_value(row.json(column)?)
        .map_err(|_| StoreError::Column { column: column.to_owned(), reason: "it names no frames".to_owned() })
}

/// Moves the pointer first: of two runs that publish at once the second waits here, and then sees that it was overtaken.
async fn move_pointer(
    session: &mut Session,
    run_id: i64,
    publication: &Publication<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let (frames, digest) = (serde_json::json!(publication.frames), publication.frames.digest());
    let moved = match publication.base {
        Some(base) => {
            sql("update publication set run_id = ?, published_at = ?, frames_before = frames, frames = ?, digest = ? where id = 1 and run_id = ?")
                .bind(run_id)
                .bind(now)
                .bind(frames)
                .bind(digest)
                .bind(base)
                .execute(session)
                .await?
        }
        None => {
            sql("insert into publication (id, run_id, published_at, frames, digest, frames_before) values (1, ?, ?, ?, ?, '{}') on conflict (id) do nothing")
                .bind(run_id)
                .bind(now)
                .bind(frames)
                .bind(digest)
                .execute(session)
                .await?
        }
    };
    if moved == 1 { Ok(()) } else { Err(StoreError::Overtaken { run_id }) }
}

/// Tells the heartbeat of this process that the run is publishing, until it is dropped.
struct Publishing<'a>(&'a Store);

impl<'a> Publishing<'a> {
    fn begin(store: &'a Store, run_id: i64) -> Self {
        store.publishing.store(run_id, Ordering::Release);
        Self(store)
    }
}

impl Drop for Publishing<'_> {
    fn drop(&mut self) {
        self.0.publishing.store(0, Ordering::Release);
    }
}
