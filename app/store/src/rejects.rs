//! Quarantine: rows that could not be read, each kept once however often it comes again.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::session::{Row, Session, sql};
use crate::words::words;
use crate::{Lease, Result, Store};

words! {
    /// Where a rejected row stands.
    RejectState {
        /// It waits for a mended delivery, a changed schema or a retry.
        Open = "open",
        /// It was read again, and could be.
        Resolved = "resolved",
        /// Somebody said that it may be left out.
        Dismissed = "dismissed",
    }
}

/// A row that could not be read.
#[derive(Clone, PartialEq, Eq)]
pub struct NewReject {
    /// The file or endpoint.
    pub origin: String,
    /// The line, the sheet's row or the element's number.
    pub line: Option<u64>,
    /// The column that is wrong.
    pub column: Option<String>,
    /// A stable code in snake case.
    pub reason: String,
    /// What is wrong, without personal data.
    pub detail: String,
    /// The row as received. Never logged.
    pub raw: String,
    /// The record's key, as far as it could be read.
    pub key: Option<String>,
    /// The fingerprint of the delivery that holds it.
    pub delivery: String,
}

impl fmt::Debug for NewReject {
    /// Without the row: it is personal data.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("NewReject")
            .field("origin", &self.origin)
            .field("line", &self.line)
            .field("column", &self.column)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// A row in quarantine.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectEntry {
    /// Its number.
    pub id: i64,
    /// The run that met it last.
    pub run_id: i64,
    /// The source.
    pub source: String,
    /// The file or endpoint where it was met last.
    pub origin: String,
    /// The line, the sheet's row or the element's number.
    pub line: Option<u64>,
    /// The column that is wrong.
    pub column: Option<String>,
    /// A stable code in snake case.
    pub reason: String,
    /// What is wrong, without personal data.
    pub detail: String,
    /// The row as received.
    pub raw: String,
    /// Where it stands.
    pub state: RejectState,
    /// How many runs met it.
    pub times: u64,
    /// When it was met first.
    pub first_seen_at: DateTime<Utc>,
    /// When it was met last.
    pub last_seen_at: DateTime<Utc>,
}

impl fmt::Debug for RejectEntry {
    /// Without the row: it is personal data.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RejectEntry").field("id", &self.id).field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// Which rejects to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct RejectFilter {
    /// Only of this source.
    pub source: Option<String>,
    /// Only met last by this run.
    pub run_id: Option<i64>,
    /// Only in this state.
    pub state: Option<RejectState>,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// How many rejects a source has, of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectCount {
    /// The source.
    pub source: String,
    /// The reason.
    pub reason: String,
    /// Open rejects.
    pub rows: u64,
}

impl Store {
    /// The rejects, newest first.
    pub async fn rejects(&self, filter: &RejectFilter) -> Result<Vec<RejectEntry>> {
        let mut statement =
            sql("select id, run_id, source, origin, line, column_name, reason, detail, raw, state, times, \
             first_seen_at, last_seen_at from reject where 1 = 1");
        if let Some(source) = &filter.source {
            statement = statement.and(" and source = ?").bind(source);
        }
        if let Some(run_id) = filter.run_id {
            statement = statement.and(" and run_id = ?").bind(run_id);
        }
        if let Some(state) = filter.state {
            statement = statement.and(" and state = ?").bind(state);
        }
        statement = statement.and(" order by last_seen_at desc, id desc");
        if filter.limit > 0 {
            statement = statement.and(" limit ?").bind(filter.limit);
        }
        let mut session = self.read().await?;
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// Open rejects by source and reason.
    pub async fn reject_counts(&self) -> Result<Vec<RejectCount>> {
        let mut session = self.read().await?;
        let rows = sql("select source, reason, count(*) as entries from reject where state = 'open' \
             group by source, reason order by source, reason")
        .rows(&mut session)
        .await?;
        let count = |row: &Row| {
            Ok(RejectCount { source: row.text("source")?, reason: row.text("reason")?, rows: row.count("entries")? })
        };
        rows.iter().map(count).collect()
    }

    /// After a complete listing was read to its end: what this run did not meet again has been mended at the source.
    /// Gives the number of rejects that are resolved by this.
    pub async fn resolve_unseen_rejects(&self, lease: &Lease, source: &str, now: DateTime<Utc>) -> Result<u64> {
        let mut session = self.begin_fenced(lease).await?;
        let resolved = sql("update reject set state = 'resolved', resolved_at = ? \
             where source = ? and state = 'open' and run_id <> ?")
        .bind(now)
        .bind(source)
        .bind(lease.run_id)
        .execute(&mut session)
        .await?;
        session.commit().await?;
        Ok(resolved)
    }

    /// The complete listing that was accepted last came again: what was met only since then, in a listing that was held
    /// back, has been mended. Gives the number of rejects that are resolved by this.
    pub async fn resolve_rejects_since_listing(&self, lease: &Lease, source: &str, now: DateTime<Utc>) -> Result<u64> {
        let mut session = self.begin_fenced(lease).await?;
        let resolved =
            sql("update reject set state = 'resolved', resolved_at = ? where source = ? and state = 'open' \
             and first_seen_at > (select listed_at from source_cursor where source_cursor.source = reject.source)")
            .bind(now)
            .bind(source)
            .execute(&mut session)
            .await?;
        session.commit().await?;
        Ok(resolved)
    }

    /// A complete listing came again as it was: what it held in quarantine is met again, without being read.
    pub async fn meet_rejects_again(&self, lease: &Lease, source: &str, now: DateTime<Utc>) -> Result<u64> {
        let mut session = self.begin_fenced(lease).await?;
        let met = sql("update reject set run_id = ?, last_seen_at = ?, times = times + 1 \
             where source = ? and state = 'open' and run_id <> ?")
        .bind(lease.run_id)
        .bind(now)
        .bind(source)
        .bind(lease.run_id)
        .execute(&mut session)
        .await?;
        session.commit().await?;
        Ok(met)
    }

    /// A file came with other content than the one whose rows went to quarantine: those rows are no more. Rows of the
    /// new content that cannot be read are kept anew when their page comes to rest.
    pub async fn resolve_replaced_rejects(
        &self,
        lease: &Lease,
        source: &str,
        (origin, delivery): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let mut session = self.begin_fenced(lease).await?;
        let resolved = sql("update reject set state = 'resolved', resolved_at = ? \
             where source = ? and state = 'open' and origin = ? and delivery <> ?")
        .bind(now)
        .bind(source)
        .bind(origin)
        .bind(delivery)
        .execute(&mut session)
        .await?;
        session.commit().await?;
        Ok(resolved)
    }

    /// The keys of a source's records that wait in quarantine, each with the delivery that held it.
    pub async fn quarantined_keys(&self, source: &str) -> Result<Vec<(String, String)>> {
        let mut session = self.read().await?;
        let rows = sql("select record_key, coalesce(delivery, '') as delivery from reject \
             where source = ? and state = 'open' and record_key is not null")
        .bind(source)
        .rows(&mut session)
        .await?;
        rows.iter().map(|row| Ok((row.text("record_key")?, row.text("delivery")?))).collect()
    }

    /// Later deliveries brought these records so that they could be read: the rows of old are resolved.
    pub async fn resolve_rejects_of_records(
        &self,
        lease: &Lease,
        source: &str,
        (keys, delivery): (&[String], &str),
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let mut session = self.begin_fenced(lease).await?;
        let mut resolved = 0;
        for key in keys {
            resolved += sql("update reject set state = 'resolved', resolved_at = ? \
                 where source = ? and state = 'open' and record_key = ? and delivery <> ?")
            .bind(now)
            .bind(source)
            .bind(key)
            .bind(delivery)
            .execute(&mut session)
            .await?;
        }
        session.commit().await?;
        Ok(resolved)
    }

    /// Marks rejects as read again (`Resolved`), left out on purpose (`Dismissed`) or open. Gives how many there were.
    pub async fn mark_rejects(&self, ids: &[i64], state: RejectState, by: &str, now: DateTime<Utc>) -> Result<u64> {
        let mut session = self.begin().await?;
        let mut marked = 0;
        for id in ids {
            marked += sql("update reject set state = ?, resolved_at = ?, resolved_by = ? where id = ?")
                .bind(state)
                .bind(Some(now).filter(|_| state != RejectState::Open))
                .bind(by)
                .bind(*id)
                .execute(&mut session)
                .await?;
        }
        session.commit().await?;
        Ok(marked)
    }
}

/// Keeps rejects: one that was met before is counted, not doubled. A dismissed one stays dismissed.
pub(crate) async fn upsert(
    session: &mut Session,
    run_id: i64,
    source: &str,
    rejects: &[NewReject],
    now: DateTime<Utc>,
) -> Result<()> {
    for reject in rejects {
        sql("insert into reject (source, digest, run_id, origin, line, column_name, reason, detail, raw, record_key, \
             delivery, state, times, first_seen_at, last_seen_at) \
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', 1, ?, ?) \
             on conflict (source, digest) do update set run_id = excluded.run_id, origin = excluded.origin, \
             line = excluded.line, detail = excluded.detail, last_seen_at = excluded.last_seen_at, \
             record_key = excluded.record_key, delivery = excluded.delivery, \
             times = reject.times + 1, \
             state = case when reject.state = 'dismissed' then 'dismissed' else 'open' end")
        .bind(source)
        .bind(digest(reject))
        .bind(run_id)
        .bind(&reject.origin)
        .bind(reject.line)
        .bind(reject.column.clone())
        .bind(&reject.reason)
        .bind(&reject.detail)
        .bind(&reject.raw)
        .bind(reject.key.clone())
        .bind(&reject.delivery)
        .bind(now)
        .bind(now)
        .execute(session)
        .await?;
    }
    Ok(())
}

/// What makes a reject the same one when it comes again: the row, the column and the reason, not the file or the line.
/// A row without content is told apart by its place.
fn digest(reject: &NewReject) -> i64 {
    let mut hash = Xxh3::new();
    for part in [&reject.reason, reject.column.as_deref().unwrap_or_default(), &reject.raw] {
        hash.update(part.as_bytes());
        hash.update(&[0xff]);
    }
    if reject.raw.is_empty() {
        hash.update(reject.origin.as_bytes());
        hash.update(&reject.line.unwrap_or(0).to_le_bytes());
    }
    hash.digest().cast_signed()
}

fn from_row(row: &Row) -> Result<RejectEntry> {
    Ok(RejectEntry {
        id: row.integer("id")?,
        run_id: row.integer("run_id")?,
        source: row.text("source")?,
        origin: row.text("origin")?,
        line: row.optional_integer("line")?.and_then(|line| u64::try_from(line).ok()),
        column: row.optional_text("column_name")?,
        reason: row.text("reason")?,
        detail: row.text("detail")?,
        raw: row.text("raw")?,
        state: row.word("state")?,
        times: row.count("times")?,
        first_seen_at: row.instant("first_seen_at")?,
        last_seen_at: row.instant("last_seen_at")?,
    })
}
