//! Erasures: who was erased, by whom and why, how far it has come, and that it happened. No values.

mod marks;
mod removing;
mod scrubbing;
mod subject;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use marks::Marks;
pub use removing::{FrameSwap, Removal};
pub use subject::{KnownTraits, Subject};

use crate::session::{ROWS_AT_ONCE, Row, Session, places, sql};
use crate::words::words;
use crate::{ErasureHash, Lease, Result, Store, StoreError};

words! {
    /// What is done with a person.
    ErasureKind {
        /// Erased on demand: it does not come back.
        Erased = "erased",
        /// Gone for longer than is kept: only the values go, and it may come back as somebody new.
        Blanked = "blanked",
    }
}

words! {
    /// How far an erasure has come.
    ErasureState {
        /// Asked for.
        Requested = "requested",
        /// The tables are free of the person; frames and files are left to remove.
        Removed = "removed",
        /// All is free of the person.
        Done = "done",
        /// The person may come back.
        Lifted = "lifted",
    }
}

/// What was removed: what, and how many rows or files.
pub type Counts = BTreeMap<String, u64>;

/// Who is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewErasure {
    /// An opaque id.
    pub id: String,
    /// Whether it is on demand.
    pub kind: ErasureKind,
    /// The person's id.
    pub person_id: String,
    /// By what the person is known again; none where it may come back.
    pub hashes: Vec<ErasureHash>,
    /// Who asks for it.
    pub by: String,
    /// Why, without personal data.
    pub reason: String,
}

/// An erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its opaque id.
    pub id: String,
    /// Whether it was on demand.
    pub kind: ErasureKind,
    /// The id that the person bore.
    pub person_id: String,
    /// How far it has come.
    pub state: ErasureState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Who asked for it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When the tables were free of the person.
    pub removed_at: Option<DateTime<Utc>>,
    /// When all was free of it.
    pub done_at: Option<DateTime<Utc>>,
    /// What was removed.
    pub counts: Counts,
    /// Files in the folder of mails that are left to remove.
    pub mails: Vec<String>,
    /// Since when the person may come back.
    pub lifted_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, kind, person_id, state, requested_at, requested_by, reason, removed_at, done_at, counts, \
                       leftovers, lifted_at";

impl Store {
    /// All erasures, oldest first.
    pub async fn erasures(&self) -> Result<Vec<Erasure>> {
        let mut session = self.read().await?;
        let text = format!("select {COLUMNS} from erasure order by requested_at, id");
        sql(text).rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// Erasures that a crash cut short, or that an older store brought up again: the next run finishes them first.
    pub async fn open_erasures(&self) -> Result<Vec<Erasure>> {
        let mut session = self.read().await?;
        let text =
            format!("select {COLUMNS} from erasure where state in ('requested', 'removed') order by requested_at, id");
        sql(text).rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// The erasure of a person that holds; none when there is none.
    pub async fn erasure_of(&self, person_id: &str) -> Result<Option<Erasure>> {
        let mut session = self.read().await?;
        let text = format!(
            "select {COLUMNS} from erasure where person_id = ? and state <> 'lifted' order by requested_at desc, id"
        );
        let row = sql(text).bind(person_id).row(&mut session).await?;
        row.as_ref().map(from_row).transpose()
    }

    /// By what the person of an erasure is known again.
    pub async fn erasure_hashes(&self, id: &str) -> Result<Vec<ErasureHash>> {
        let mut session = self.read().await?;
        let rows = sql("select kind, hash from erasure_hash where erasure_id = ? order by kind, hash").bind(id);
        let hash = |row: &Row| Ok(ErasureHash { kind: row.text("kind")?, hash: row.text("hash")? });
        rows.rows(&mut session).await?.iter().map(hash).collect()
    }

    /// Writes down that a person is to be erased. From now on no source brings it back, and the next run erases it if
    /// nobody does before.
    pub async fn request_erasure(&self, lease: &Lease, new: &NewErasure, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        request(&mut session, new, "requested", now).await?;
        session.commit().await
    }

    /// Takes erasures in that this store does not know, since it is older than they are. Gives how many there were.
    pub async fn recall_erasures(&self, lease: &Lease, known: &[NewErasure], now: DateTime<Utc>) -> Result<u64> {
        let mut session = self.begin_fenced(lease).await?;
        let mut recalled = 0;
        for new in known {
            if sql("select id from erasure where id = ?").bind(&new.id).row(&mut session).await?.is_none() {
                request(&mut session, new, "found_again", now).await?;
                recalled += 1;
            }
        }
        session.commit().await?;
        Ok(recalled)
    }

    /// All is free of the person: frames, files and free pages too.
    pub async fn finish_erasure(&self, id: &str, counts: &Counts, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        let finished = sql("update erasure set state = 'done', done_at = ?, leftovers = null, counts = ? \
             where id = ? and state = 'removed' returning person_id, requested_by")
        .bind(now)
        .bind(json_of(counts))
        .bind(id)
        .row(&mut session)
        .await?;
        if let Some(row) = finished {
            let (person, by) = (row.text("person_id")?, row.text("requested_by")?);
            let event =
                NewErasureEvent { kind: "done", person_id: &person, erasure_id: Some(id), by: &by, reason: None };
            record(&mut session, &event, Some(counts), now).await?;
        }
        session.commit().await
    }

    /// Lets an erased person come back, because the person wishes so: what a source delivers from now on is taken.
    pub async fn lift_erasure(&self, person_id: &str, by: &str, reason: &str, now: DateTime<Utc>) -> Result<u64> {
        let mut session = self.begin().await?;
        let lifted = sql("update erasure set state = 'lifted', lifted_at = ?, lifted_by = ?, lifted_reason = ? \
             where person_id = ? and kind = 'erased' and state in ('done', 'removed')")
        .bind(now)
        .bind(by)
        .bind(reason)
        .bind(person_id)
        .execute(&mut session)
        .await?;
        if lifted == 0 {
            return Err(StoreError::absent("erasure", person_id, "not there, not done yet, or lifted before"));
        }
        let event = NewErasureEvent { kind: "readmitted", person_id, erasure_id: None, by, reason: Some(reason) };
        record(&mut session, &event, None, now).await?;
        session.commit().await?;
        Ok(lifted)
    }

    /// The list of erasures says that these were lifted since this store was copied.
    pub async fn recall_lifting(&self, lease: &Lease, id: &str, at: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        sql("update erasure set state = 'lifted', lifted_at = ? where id = ? and state = 'done'")
            .bind(at)
            .bind(id)
            .execute(&mut session)
            .await?;
        session.commit().await
    }

    /// Ids that no record bears any more and that must not be issued again.
    pub async fn retired_ids(&self) -> Result<Vec<String>> {
        let mut session = self.read().await?;
        let rows = sql("select id from person where state = 'erased' or blanked_at is not null order by id");
        rows.rows(&mut session).await?.iter().map(|row| row.text("id")).collect()
    }

    /// Persons who have been in no source since before then, and whose values are still there: by id.
    pub async fn persons_gone_before(&self, before: DateTime<Utc>) -> Result<Vec<String>> {
        let mut session = self.read().await?;
        let text = "select id from person where state = 'gone' and blanked_at is null and updated_at < ? order by id";
        let rows = sql(text).bind(before).rows(&mut session).await?;
        rows.iter().map(|row| row.text("id")).collect()
    }

    /// Persons who held a record of somebody erased since then: they must be made anew.
    pub async fn persons_to_renew(&self, since: DateTime<Utc>) -> Result<Vec<String>> {
        let mut session = self.read().await?;
        let rows = sql("select renew from erasure where removed_at >= ? and renew is not null").bind(since);
        let mut found = Vec::new();
        for row in rows.rows(&mut session).await? {
            found.extend(serde_json::from_value::<Vec<String>>(row.json("renew")?).unwrap_or_default());
        }
        Ok(found)
    }

    /// What was done about erasures and restrictions, newest first; of one person when it is named.
    pub async fn erasure_events(&self, of: Option<&str>) -> Result<Vec<ErasureEvent>> {
        let mut statement =
            sql("select id, at, kind, person_id, erasure_id, by_user, reason, counts from erasure_event where 1 = 1");
        if let Some(person) = of {
            statement = statement.and(" and person_id = ?").bind(person);
        }
        let mut session = self.read().await?;
        statement.and(" order by id desc").rows(&mut session).await?.iter().map(event).collect()
    }
}

/// Something that was done about an erasure or a restriction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureEvent {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What: `requested`, `found_again`, `removed`, `done`, `readmitted`, `restricted`, `unrestricted`, `blanked`.
    pub kind: String,
    /// The person.
    pub person_id: String,
    /// The erasure, where it is about one.
    pub erasure_id: Option<String>,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// What was removed.
    pub counts: Counts,
}

/// Something to write down about an erasure or a restriction.
pub(crate) struct NewErasureEvent<'a> {
    pub(crate) kind: &'static str,
    pub(crate) person_id: &'a str,
    pub(crate) erasure_id: Option<&'a str>,
    pub(crate) by: &'a str,
    pub(crate) reason: Option<&'a str>,
}

pub(crate) async fn record(
    session: &mut Session,
    event: &NewErasureEvent<'_>,
    counts: Option<&Counts>,
    now: DateTime<Utc>,
) -> Result<()> {
    sql("insert into erasure_event (at, kind, person_id, erasure_id, by_user, reason, counts) values (?, ?, ?, ?, ?, ?, ?)")
        .bind(now)
        .bind(event.kind)
        .bind(event.person_id)
        .bind(event.erasure_id)
        .bind(event.by)
        .bind(event.reason)
        .bind(counts.map(json_of))
        .execute(session)
        .await
        .map(|_| ())
}

async fn request(session: &mut Session, new: &NewErasure, kind: &'static str, now: DateTime<Utc>) -> Result<()> {
    sql("insert into erasure (id, kind, person_id, state, requested_at, requested_by, reason) \
         values (?, ?, ?, 'requested', ?, ?, ?)")
    .bind(&new.id)
    .bind(new.kind)
    .bind(&new.person_id)
    .bind(now)
    .bind(&new.by)
    .bind(&new.reason)
    .execute(session)
    .await?;
    for hashes in new.hashes.chunks(ROWS_AT_ONCE) {
        let text = format!("insert into erasure_hash (erasure_id, kind, hash) values {}", places(hashes.len(), 3));
        let bind = |statement: crate::session::Statement, hash: &ErasureHash| {
            statement.bind(&new.id).bind(&hash.kind).bind(&hash.hash)
        };
        hashes.iter().fold(sql(text), bind).execute(session).await?;
    }
    let (person_id, by) = (new.person_id.as_str(), new.by.as_str());
    let event = NewErasureEvent { kind, person_id, erasure_id: Some(&new.id), by, reason: Some(&new.reason) };
    record(session, &event, None, now).await
}

fn json_of(counts: &Counts) -> Json {
    serde_json::to_value(counts).unwrap_or_default()
}

fn counts(row: &Row) -> Result<Counts> {
    Ok(serde_json::from_value(row.json("counts")?).unwrap_or_default())
}

fn from_row(row: &Row) -> Result<Erasure> {
    Ok(Erasure {
        id: row.text("id")?,
        kind: row.word("kind")?,
        person_id: row.text("person_id")?,
        state: row.word("state")?,
        requested_at: row.instant("requested_at")?,
        by: row.text("requested_by")?,
        reason: row.text("reason")?,
        removed_at: row.optional_instant("removed_at")?,
        done_at: row.optional_instant("done_at")?,
        counts: counts(row)?,
        mails: serde_json::from_value(row.json("leftovers")?).unwrap_or_default(),
        lifted_at: row.optional_instant("lifted_at")?,
    })
}

fn event(row: &Row) -> Result<ErasureEvent> {
    Ok(ErasureEvent {
        id: row.integer("id")?,
        at: row.instant("at")?,
        kind: row.text("kind")?,
        person_id: row.text("person_id")?,
        erasure_id: row.optional_text("erasure_id")?,
        by: row.text("by_user")?,
        reason: row.optional_text("reason")?,
        counts: counts(row)?,
    })
}
