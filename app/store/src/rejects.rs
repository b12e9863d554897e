//! Quarantine: rows that could not be read, each kept once however often it comes again.

use std::collections::HashSet;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::session::{ROWS_AT_ONCE, Row, Session, places, sql};
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

/// The reason of a value that cannot be read, in a row that can: the record's last readable value stands meanwhile. It is
/// resolved when a readable one comes, and by nothing else.
pub const UNREADABLE_VALUE: &str = "unreadable_value";

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

    /// The keys of a source's records that wait in quarantine, each with the delivery that held it.
    pub async fn quarantined_keys(&self, source: &str) -> Result<Vec<(String, String)>> {
        let mut session = self.read().await?;
        let rows = sql("select record_key, coalesce(delivery, '') as delivery from reject \
             where source = ? and state = 'open' and record_key is not null and reason <> 'unreadable_value'")
        .bind(source)
        .rows(&mut session)
        .await?;
        rows.iter().map(|row| Ok((row.text("record_key")?, row.text("delivery")?))).collect()
    }

    /// The values that cannot be read and wait for readable ones: number, record and column.
    pub async fn unreadable_values(&self, source: &str) -> Result<Vec<(i64, String, String)>> {
        let mut session = self.read().await?;
        let rows = sql("select id, coalesce(record_key, '') as record_key, coalesce(column_name, '') as column_name \
             from reject where source = ? and state = 'open' and reason = ?")
        .bind(source)
        .bind(UNREADABLE_VALUE)
        .rows(&mut session)
        .await?;
        rows.iter().map(|row| Ok((row.integer("id")?, row.text("record_key")?, row.text("column_name")?))).collect()
    }

    /// Keeps what a run found that a guard stops: the values that it could not read.
    pub async fn keep_unreadable(
        &self,
        lease: &Lease,
        unreadable: &[(String, Vec<NewReject>)],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        for (source, values) in unreadable {
            upsert(&mut session, (lease.run_id, source.as_str(), 0), values, now).await?;
        }
        session.commit().await
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

/// A complete listing was accepted: what its run did not meet again has been mended at the source.
pub(crate) async fn resolve_unseen(
    session: &mut Session,
    (run_id, source): (i64, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    let text = "update reject set state = 'resolved', resolved_at = ? where source = ? and state = 'open' and run_id <> ? \
                and reason <> 'unreadable_value'";
    sql(text).bind(now).bind(source).bind(run_id).execute(session).await.map(|_| ())
}

/// The complete listing that was accepted last came again: what was met only since then, in a listing that was held back,
/// has been mended.
pub(crate) async fn resolve_since_listing(session: &mut Session, source: &str, now: DateTime<Utc>) -> Result<()> {
    sql("update reject set state = 'resolved', resolved_at = ? where source = ? and state = 'open' and reason <> 'unreadable_value' \
         and first_seen_at > (select listed_at from source_cursor where source_cursor.source = reject.source)")
    .bind(now)
    .bind(source)
    .execute(session)
    .await
    .map(|_| ())
}

/// A complete listing came again as it was: what it held in quarantine is met again, without being read.
pub(crate) async fn meet_again(session: &mut Session, (run_id, source): (i64, &str), now: DateTime<Utc>) -> Result<()> {
    sql("update reject set run_id = ?, last_seen_at = ?, times = times + 1 \
         where source = ? and state = 'open' and run_id <> ? and reason <> 'unreadable_value'")
    .bind(run_id)
    .bind(now)
    .bind(source)
    .bind(run_id)
    .execute(session)
    .await
    .map(|_| ())
}

/// A file came with other content than the one whose rows went to quarantine: those rows are no more. Rows of the new content
/// that cannot be read were kept anew when their page came to rest.
pub(crate) async fn resolve_replaced(
    session: &mut Session,
    source: &str,
    (origin, delivery): (&str, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    sql("update reject set state = 'resolved', resolved_at = ? \
         where source = ? and state = 'open' and origin = ? and delivery <> ? and reason <> 'unreadable_value'")
    .bind(now)
    .bind(source)
    .bind(origin)
    .bind(delivery)
    .execute(session)
    .await
    .map(|_| ())
}

/// A later delivery brought these records so that they could be read: the rows of old are resolved.
pub(crate) async fn resolve_of_records(
    session: &mut Session,
    source: &str,
    (keys, delivery): (&[String], &str),
    now: DateTime<Utc>,
) -> Result<()> {
    for key in keys {
        sql("update reject set state = 'resolved', resolved_at = ? \
             where source = ? and state = 'open' and record_key = ? and delivery <> ? and reason <> 'unreadable_value'")
        .bind(now)
        .bind(source)
        .bind(key)
        .bind(delivery)
        .execute(session)
        .await?;
    }
    Ok(())
}

/// Readable values have come for these.
pub(crate) async fn resolve(session: &mut Session, ids: &[i64], now: DateTime<Utc>) -> Result<()> {
    for id in ids {
        let text = "update reject set state = 'resolved', resolved_at = ? where id = ? and state = 'open'";
        sql(text).bind(now).bind(*id).execute(session).await?;
    }
    Ok(())
}

/// Keeps rejects: one that was met before is counted, not doubled. A dismissed one stays dismissed.
pub(crate) async fn upsert(
    session: &mut Session,
    (run_id, source, delivery_id): (i64, &str, i64),
    rejects: &[NewReject],
    now: DateTime<Utc>,
) -> Result<()> {
    // One statement may not meet a row twice: the last one counts.
    let mut met = HashSet::new();
    let mut distinct: Vec<(i64, &NewReject)> =
        rejects.iter().rev().map(|reject| (digest(reject), reject)).filter(|(digest, _)| met.insert(*digest)).collect();
    distinct.reverse();
    for rows in distinct.chunks(ROWS_AT_ONCE) {
        let text = format!(
            "insert into reject (source, digest, run_id, origin, line, column_name, reason, detail, raw, record_key, \
             delivery, delivery_id, state, times, first_seen_at, last_seen_at) values {} \
             on conflict (source, digest) do update set run_id = excluded.run_id, origin = excluded.origin, \
             line = excluded.line, detail = excluded.detail, last_seen_at = excluded.last_seen_at, \
             record_key = excluded.record_key, delivery = excluded.delivery, delivery_id = excluded.delivery_id, \
             times = reject.times + 1, \
             state = case when reject.state = 'dismissed' then 'dismissed' else 'open' end",
            places(rows.len(), 16)
        );
        let statement = rows.iter().fold(sql(text), |statement, (digest, reject)| {
            statement
                .bind(source)
                .bind(*digest)
                .bind(run_id)
                .bind(&reject.origin)
                .bind(reject.line)
                .bind(reject.column.clone())
                .bind(&reject.reason)
                .bind(&reject.detail)
                .bind(&reject.raw)
                .bind(reject.key.clone())
                .bind(&reject.delivery)
                .bind(delivery_id)
                .bind(RejectState::Open)
                .bind(1_i64)
                .bind(now)
                .bind(now)
        });
        statement.execute(session).await?;
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
