//! The review queue: pairs that a human should look at.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use kartei_schemas::judgement::RecordId;
use serde::{Deserialize, Serialize};

use crate::session::{ROWS_AT_ONCE, Row, Session, places, sql};
use crate::{Result, Store};

/// A pair to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct NewReviewItem {
    /// One record.
    pub left: RecordId,
    /// The other record.
    pub right: RecordId,
    /// Why it is asked about, a word in snake case.
    pub reason: String,
    /// The probability that they are one person.
    pub probability: f64,
    /// Records that the answer would move.
    pub impact: u32,
}

/// A pair of the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewItem {
    /// Its number.
    pub id: i64,
    /// The smaller record.
    pub left: RecordId,
    /// The larger record.
    pub right: RecordId,
    /// Why it is asked about.
    pub reason: String,
    /// The probability that they are one person.
    pub probability: f64,
    /// Records that the answer would move.
    pub impact: u64,
    /// Its place in the queue, from 0: the most valuable first.
    pub position: u64,
    /// Since when it waits.
    pub created_at: DateTime<Utc>,
    /// The run that asked last.
    pub run_id: i64,
}

impl Store {
    /// The queue, the most valuable first.
    pub async fn review_queue(&self, limit: u32) -> Result<Vec<ReviewItem>> {
        let mut session = self.read().await?;
        let rows =
            sql("select id, left_source, left_key, right_source, right_key, reason, probability, impact, position, \
             created_at, run_id from review_item order by position, id limit ?")
            .bind(limit)
            .rows(&mut session)
            .await?;
        rows.iter().map(from_row).collect()
    }

    /// Since when each pair of the queue waits, the oldest first.
    pub async fn review_waiting(&self) -> Result<Vec<DateTime<Utc>>> {
        let mut session = self.read().await?;
        let rows = sql("select created_at from review_item order by created_at").rows(&mut session).await?;
        rows.iter().map(|row| row.instant("created_at")).collect()
    }

    /// How many pairs wait, and since when the oldest does.
    pub async fn review_depth(&self) -> Result<(u64, Option<DateTime<Utc>>)> {
        let mut session = self.read().await?;
        let row =
            sql("select count(*) as entries, min(created_at) as oldest from review_item").row(&mut session).await?;
        row.map_or(Ok((0, None)), |row| Ok((row.count("entries")?, row.optional_instant("oldest")?)))
    }
}

/// Replaces the queue; a pair that was asked about before keeps its age.
pub(crate) async fn replace(
    session: &mut Session,
    run_id: i64,
    items: &[NewReviewItem],
    now: DateTime<Utc>,
) -> Result<()> {
    // A pair that is asked about for two reasons is asked about once.
    let mut asked = HashSet::new();
    let named = items.iter().map(|item| {
        let (left, right) = if item.left <= item.right { (&item.left, &item.right) } else { (&item.right, &item.left) };
        (left, right, item)
    });
    let items: Vec<_> = named.filter(|(left, right, _)| asked.insert((*left, *right))).enumerate().collect();
    for items in items.chunks(ROWS_AT_ONCE) {
        let mut insert = sql(format!(
            "insert into review_item (left_source, left_key, right_source, right_key, reason, probability, impact, \
             position, created_at, run_id) values {} \
             on conflict (left_source, left_key, right_source, right_key) do update set reason = excluded.reason, \
             probability = excluded.probability, impact = excluded.impact, position = excluded.position, \
             run_id = excluded.run_id",
            places(items.len(), 10)
        ));
        for (position, (left, right, item)) in items {
            insert = insert.bind(&left.source).bind(&left.key).bind(&right.source).bind(&right.key);
            insert = insert.bind(&item.reason).bind(item.probability).bind(item.impact).bind(*position as u64);
            insert = insert.bind(now).bind(run_id);
        }
        insert.execute(session).await?;
    }
    sql("delete from review_item where run_id <> ?").bind(run_id).execute(session).await?;
    // What was decided while the run went on needs no second look.
    sql("delete from review_item where exists (select 1 from judgement where undone_at is null \
         and judgement.left_source = review_item.left_source and judgement.left_key = review_item.left_key \
         and judgement.right_source = review_item.right_source and judgement.right_key = review_item.right_key \
         and at >= (select coalesce(started_at, created_at) from run where id = ?))")
    .bind(run_id)
    .execute(session)
    .await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<ReviewItem> {
    Ok(ReviewItem {
        id: row.integer("id")?,
        left: RecordId { source: row.text("left_source")?, key: row.text("left_key")? },
        right: RecordId { source: row.text("right_source")?, key: row.text("right_key")? },
        reason: row.text("reason")?,
        probability: row.real("probability")?,
        impact: row.count("impact")?,
        position: row.count("position")?,
        created_at: row.instant("created_at")?,
        run_id: row.integer("run_id")?,
    })
}
