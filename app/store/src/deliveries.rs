//! Deliveries: what a source handed over at one time, from its first page to the day on which it is published or forgotten.
//!
//! A run stages a delivery page by page. The guards of the source give their verdict on the whole of it, and only what was
//! accepted is consolidated, by whichever run. Accepting moves the source's place, settles what it says about the quarantine
//! and lets it be consolidated, in one transaction. What waits has its reasons beside it.

mod deciding;
mod folding;
mod undoing;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use self::deciding::{Judged, PullDecision};
pub use self::folding::BasePage;
use crate::session::{Row, Session, sql};
use crate::words::words;
use crate::{Lease, Result, SourceCursor, Store, StoreError};

words! {
    /// Where a delivery stands.
    DeliveryState {
        /// At rest, and not decided.
        Staged = "staged",
        /// The next run that consolidates takes it up.
        Accepted = "accepted",
        /// It is never consolidated.
        Discarded = "discarded",
        /// Of a dry run, which alone sees it.
        Rehearsal = "rehearsal",
        /// It is part of what is visible.
        Published = "published",
        /// It was published, and is taken back.
        Forgotten = "forgotten",
        /// It is part of an older base delivery.
        Folded = "folded",
    }
}

words! {
    /// What a delivery is.
    DeliveryKind {
        /// All that the source has.
        Listing = "listing",
        /// What is new or changed.
        Delta = "delta",
        /// Older deliveries in one.
        Base = "base",
        /// The source is taken out: a listing that lists nothing, accepted by a human.
        Retirement = "retirement",
    }
}

/// What a guard saw in a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The name under which `--accept-guard` lets it pass.
    pub guard: String,
    /// What was found.
    pub actual: f64,
    /// What is allowed.
    pub limit: f64,
    /// `passed`, `stopped` or `accepted`.
    pub verdict: String,
    /// What it saw, without personal data; only where it did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What the pages of a delivery held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeliveryCounts {
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
    /// Rows in quarantine whose key could not be read: such a listing says nothing about absence.
    pub keyless: u64,
    /// Rows of persons who were erased, which were put nowhere.
    pub erased: u64,
}

impl DeliveryCounts {
    /// Rows in quarantine.
    pub fn rejected(&self) -> u64 {
        self.rejects.values().sum()
    }
}

/// What accepting a delivery does to the quarantine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effects {
    /// What the delivery says about rows that it does not hold in quarantine.
    pub resolves: Resolves,
    /// Keys of records that were in quarantine and could be read now.
    pub mended: Vec<String>,
}

/// Which rows in quarantine a delivery shows to be mended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolves {
    /// None but those of the records that it brings.
    #[default]
    Nothing,
    /// All that its run did not meet: it is a complete listing.
    Unseen,
    /// Those met since the last listing, which it repeats; the others are met again.
    SinceListing,
    /// Those of the same file with other content.
    Replaced,
}

/// A delivery to be staged.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// The source.
    pub source: String,
    /// Listing or delta.
    pub kind: DeliveryKind,
    /// The file or endpoint.
    pub origin: String,
    /// The same when the same content comes again.
    pub fingerprint: String,
    /// Whether a dry run stages it.
    pub rehearsal: bool,
    /// The delivery on whose place in the source it builds.
    pub base: Option<i64>,
    /// When its origin last changed.
    pub data_at: Option<DateTime<Utc>>,
    /// Guards that a human let the same content pass before.
    pub accepted_guards: Vec<String>,
    /// Deliveries that the same pull has staged: another one of the same content stands beside them.
    pub beside: Vec<i64>,
}

/// How far a delivery has been staged: saved with each page.
#[derive(Debug, Clone)]
pub struct DeliveryProgress {
    /// Whether this is its last page.
    pub complete: bool,
    /// What its pages so far held.
    pub counts: DeliveryCounts,
    /// What accepting it does.
    pub effects: Effects,
    /// Where the next pull goes on once it is accepted; until then, where this pull goes on.
    pub cursor: SourceCursor,
}

/// What a source handed over at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// The source.
    pub source: String,
    /// The run that staged it last.
    pub run_id: Option<i64>,
    /// What it is.
    pub kind: DeliveryKind,
    /// The file or endpoint.
    pub origin: String,
    /// The same when the same content comes again.
    pub fingerprint: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Whether all its pages are at rest.
    pub complete: bool,
    /// Its place in the order in which deliveries take effect.
    pub sequence: i64,
    /// The delivery on whose place in the source it builds.
    pub base: Option<i64>,
    /// When its origin last changed.
    pub data_at: Option<DateTime<Utc>>,
    /// When it was staged first.
    pub staged_at: DateTime<Utc>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// By whom.
    pub decided_by: Option<String>,
    /// Why it waits, or was discarded or forgotten.
    pub reason: Option<String>,
    /// What each guard saw.
    pub verdicts: Vec<Verdict>,
    /// Guards that a human lets it pass.
    pub accepted_guards: Vec<String>,
    /// What its pages held.
    pub counts: DeliveryCounts,
    /// What accepting it does to the quarantine.
    #[serde(skip)]
    pub effects: Effects,
    /// Where the next pull goes on once it is accepted.
    #[serde(skip)]
    pub cursor: Option<SourceCursor>,
    /// The run that published it.
    pub published_by: Option<i64>,
    /// When that run heard it.
    pub heard_at: Option<DateTime<Utc>>,
    /// The run that published without it after it was forgotten.
    pub undone_by: Option<i64>,
}

impl Delivery {
    /// Whether it waits for a human's word.
    pub fn waits(&self) -> bool {
        self.state == DeliveryState::Staged && self.reason.is_some()
    }

    /// The guards that hold it back.
    pub fn stopped_by(&self) -> Vec<&str> {
        let stopped = self.verdicts.iter().filter(|verdict| verdict.verdict == "stopped");
        stopped.map(|verdict| verdict.guard.as_str()).collect()
    }
}

/// Which deliveries to list, the newest first.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only of this source.
    pub source: Option<String>,
    /// Only in these states; empty: in any.
    pub states: Vec<DeliveryState>,
    /// Only staged last by this run.
    pub run_id: Option<i64>,
    /// At most so many; 0: all.
    pub limit: u32,
}

impl Store {
    /// Begins to stage a delivery. One of the same content that waits undecided is staged anew under its number, so that it
    /// never waits twice; what it had at rest is replaced by the pages that follow.
    pub async fn open_delivery(&self, lease: &Lease, new: &NewDelivery, now: DateTime<Utc>) -> Result<Delivery> {
        let mut session = self.begin_fenced(lease).await?;
        let waiting = if new.rehearsal {
            None
        } else {
            sql("select id from delivery where state = 'staged' and source = ? and kind = ? and fingerprint = ? order by id")
                .bind(&new.source)
                .bind(new.kind)
                .bind(&new.fingerprint)
                .rows(&mut session)
                .await?
                .iter()
                .map(|row| row.integer("id"))
                .collect::<Result<Vec<i64>>>()?
                .into_iter()
                .find(|id| !new.beside.contains(id))
        };
        let id = match waiting {
            Some(id) => reopen(&mut session, id, (lease.run_id, new)).await?,
            None => insert(&mut session, lease.run_id, new, now).await?,
        };
        let delivery = find(&mut session, id).await?;
        session.commit().await?;
        Ok(delivery)
    }

    /// The last page of a delta has come, which shows only when something else comes, or nothing.
    pub async fn complete_delivery(&self, lease: &Lease, id: i64) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        let text = "update delivery set complete = ? where id = ? and run_id = ? and state in ('staged', 'rehearsal')";
        let whole = sql(text).bind(true).bind(id).bind(lease.run_id).execute(&mut session).await?;
        if whole != 1 {
            return Err(StoreError::absent("delivery", id, "was decided meanwhile"));
        }
        session.commit().await
    }

    /// One delivery.
    pub async fn delivery(&self, id: i64) -> Result<Delivery> {
        find(&mut self.read().await?, id).await
    }

    /// The deliveries, the newest first.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>> {
        let mut statement = sql(SELECT).and(" where 1 = 1");
        if let Some(source) = &filter.source {
            statement = statement.and(" and source = ?").bind(source);
        }
        if let Some(run_id) = filter.run_id {
            statement = statement.and(" and run_id = ?").bind(run_id);
        }
        if !filter.states.is_empty() {
            let places = vec!["?"; filter.states.len()].join(", ");
            statement = statement.and(&format!(" and state in ({places})"));
            statement = filter.states.iter().fold(statement, |statement, state| statement.bind(*state));
        }
        statement = statement.and(" order by sequence desc, id desc");
        if filter.limit > 0 {
            statement = statement.and(" limit ?").bind(filter.limit);
        }
        let mut session = self.read().await?;
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// What waits for a human's word, in the order in which it came.
    pub async fn waiting_deliveries(&self) -> Result<Vec<Delivery>> {
        let mut session = self.read().await?;
        let statement = sql(SELECT).and(" where state = 'staged' and reason is not null order by sequence, id");
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// What a run consolidates, in the order in which it takes effect: whatever was accepted, by any run, and the run's own
    /// rehearsal. With `own` also what the run itself has staged, to see what would come of it.
    pub async fn deliveries_to_consolidate(&self, run_id: i64, own: bool) -> Result<Vec<Delivery>> {
        let mut session = self.read().await?;
        let mut statement =
            sql(SELECT).and(" where state = 'accepted' or complete = ? and run_id = ? and (state = 'rehearsal'");
        statement = statement.and(if own { " or state = 'staged')" } else { ")" });
        let statement = statement.and(" order by sequence, id").bind(true).bind(run_id);
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// What is published and not forgotten, in the order in which it took effect: what everything can be made anew from.
    pub async fn published_deliveries(&self, source: &str) -> Result<Vec<Delivery>> {
        let mut session = self.read().await?;
        let statement = sql(SELECT).and(" where state = 'published' and source = ? order by sequence, id").bind(source);
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// What was forgotten and is still part of what is visible.
    pub async fn forgotten_deliveries(&self) -> Result<Vec<Delivery>> {
        let mut session = self.read().await?;
        let statement = sql(SELECT).and(" where state = 'forgotten' and undone_by is null order by sequence, id");
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// The fingerprints of what a human discarded or took back: content that is passed over when it comes again.
    pub async fn refused_deliveries(&self, source: &str) -> Result<BTreeMap<String, i64>> {
        let mut session = self.read().await?;
        let rows = sql("select fingerprint, max(id) as id from delivery where source = ? and (state = 'forgotten' \
             or state = 'discarded' and decided_by is not null) group by fingerprint")
        .bind(source)
        .rows(&mut session)
        .await?;
        rows.iter().map(|row| Ok((row.text("fingerprint")?, row.integer("id")?))).collect()
    }
}

const SELECT: &str = "select id, source, run_id, kind, origin, fingerprint, state, complete, sequence, base, data_at, \
                      staged_at, decided_at, decided_by, reason, verdicts, accepted_guards, counts, effects, cursor, \
                      published_by, heard_at, undone_by from delivery";

async fn insert(session: &mut Session, run_id: i64, new: &NewDelivery, now: DateTime<Utc>) -> Result<i64> {
    let state = if new.rehearsal { DeliveryState::Rehearsal } else { DeliveryState::Staged };
    sql("insert into delivery (source, run_id, kind, origin, fingerprint, state, complete, sequence, base, data_at, \
         staged_at, verdicts, accepted_guards, counts, effects) \
         values (?, ?, ?, ?, ?, ?, ?, (select coalesce(max(sequence), 0) + 1 from delivery), ?, ?, ?, ?, ?, ?, ?) \
         returning id")
    .bind(&new.source)
    .bind(run_id)
    .bind(new.kind)
    .bind(&new.origin)
    .bind(&new.fingerprint)
    .bind(state)
    .bind(false)
    .bind(new.base)
    .bind(new.data_at)
    .bind(now)
    .bind(Json::Array(Vec::new()))
    .bind(to_json(&new.accepted_guards))
    .bind(to_json(&DeliveryCounts::default()))
    .bind(to_json(&Effects::default()))
    .integer(session)
    .await
}

async fn reopen(session: &mut Session, id: i64, (run_id, new): (i64, &NewDelivery)) -> Result<i64> {
    sql("delete from batch where delivery_id = ?").bind(id).execute(session).await?;
    sql("update delivery set run_id = ?, origin = ?, complete = ?, base = ?, data_at = ?, reason = null, cursor = null, \
         verdicts = ?, counts = ?, effects = ?, sequence = (select max(sequence) + 1 from delivery) where id = ?")
    .bind(run_id)
    .bind(&new.origin)
    .bind(false)
    .bind(new.base)
    .bind(new.data_at)
    .bind(Json::Array(Vec::new()))
    .bind(to_json(&DeliveryCounts::default()))
    .bind(to_json(&Effects::default()))
    .bind(id)
    .execute(session)
    .await?;
    Ok(id)
}

/// Saves how far a delivery has come, with a page of it. One that was decided meanwhile takes no more.
pub(crate) async fn advance(
    session: &mut Session,
    (run_id, id): (i64, i64),
    progress: &DeliveryProgress,
) -> Result<()> {
    let advanced = sql("update delivery set complete = ?, counts = ?, effects = ?, cursor = ? \
         where id = ? and run_id = ? and state in ('staged', 'rehearsal')")
    .bind(progress.complete)
    .bind(to_json(&progress.counts))
    .bind(to_json(&progress.effects))
    .bind(to_json(&progress.cursor))
    .bind(id)
    .bind(run_id)
    .execute(session)
    .await?;
    if advanced == 1 { Ok(()) } else { Err(StoreError::absent("delivery", id, "was decided meanwhile")) }
}

pub(crate) async fn find(session: &mut Session, id: i64) -> Result<Delivery> {
    let row = sql(SELECT).and(" where id = ?").bind(id).row(session).await?;
    row.as_ref().map(from_row).transpose()?.ok_or_else(|| StoreError::absent("delivery", id, "is not there"))
}

/// Marks what a run took up as published, and what it made undone as undone. What is no longer as the run found it means that
/// somebody decided otherwise meanwhile.
pub(crate) async fn mark_published(
    session: &mut Session,
    (run_id, heard_at): (i64, DateTime<Utc>),
    (taken, forgotten): (&[i64], &[i64]),
) -> Result<()> {
    for id in taken {
        let marked = sql("update delivery set state = 'published', published_by = ?, heard_at = ? \
             where id = ? and state = 'accepted'")
        .bind(run_id)
        .bind(heard_at)
        .bind(*id)
        .execute(session)
        .await?;
        if marked != 1 {
            return Err(StoreError::Overtaken { run_id });
        }
        let text = "update batch set published_by = ? where delivery_id = ?";
        sql(text).bind(run_id).bind(*id).execute(session).await?;
    }
    for id in forgotten {
        let text = "update delivery set undone_by = ? where id = ? and state = 'forgotten' and undone_by is null";
        if sql(text).bind(run_id).bind(*id).execute(session).await? != 1 {
            return Err(StoreError::Overtaken { run_id });
        }
    }
    Ok(())
}

fn to_json(value: &impl Serialize) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

fn parsed<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T> {
    serde_json::from_value(row.json(column)?)
        .map_err(|_| StoreError::Column { column: column.to_owned(), reason: "it has another form".to_owned() })
}

fn from_row(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        id: row.integer("id")?,
        source: row.text("source")?,
        run_id: row.optional_integer("run_id")?,
        kind: row.word("kind")?,
        origin: row.text("origin")?,
        fingerprint: row.text("fingerprint")?,
        state: row.word("state")?,
        complete: row.flag("complete")?,
        sequence: row.integer("sequence")?,
        base: row.optional_integer("base")?,
        data_at: row.optional_instant("data_at")?,
        staged_at: row.instant("staged_at")?,
        decided_at: row.optional_instant("decided_at")?,
        decided_by: row.optional_text("decided_by")?,
        reason: row.optional_text("reason")?,
        verdicts: parsed(row, "verdicts")?,
        accepted_guards: parsed(row, "accepted_guards")?,
        counts: parsed(row, "counts")?,
        effects: parsed(row, "effects")?,
        cursor: parsed(row, "cursor")?,
        published_by: row.optional_integer("published_by")?,
        heard_at: row.optional_instant("heard_at")?,
        undone_by: row.optional_integer("undone_by")?,
    })
}
