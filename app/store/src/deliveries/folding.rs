//! Old deliveries in one: what everything can be made from stays, and does not grow with the nights.

use chrono::{DateTime, Utc};

use super::{Delivery, DeliveryCounts, Effects, to_json};
use crate::frames::FrameRef;
use crate::session::sql;
use crate::{Result, Store};

/// A page of a base delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasePage {
    /// Its rows: of an older page those that no later one has replaced.
    pub frame: FrameRef,
    /// Where they came from.
    pub origin: String,
    /// When they were heard.
    pub heard_at: DateTime<Utc>,
}

impl Store {
    /// Puts a base delivery in the place of published ones, which are the first of their source. Says whether it did: not where
    /// one of them was forgotten meanwhile, or folded by somebody else.
    pub async fn fold_deliveries(
        &self,
        run_id: i64,
        (folded, pages): (&[Delivery], &[BasePage]),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let (Some(first), Some(last)) = (folded.first(), folded.last()) else { return Ok(false) };
        let mut session = self.begin().await?;
        for delivery in folded {
            let text = "update delivery set state = 'folded' where id = ? and state = 'published'";
            if sql(text).bind(delivery.id).execute(&mut session).await? != 1 {
                session.rollback().await?;
                return Ok(false);
            }
            sql("delete from batch where delivery_id = ?").bind(delivery.id).execute(&mut session).await?;
        }
        let counts =
            DeliveryCounts { staged: pages.iter().map(|page| page.frame.rows).sum(), ..DeliveryCounts::default() };
        let id = sql(
            "insert into delivery (source, run_id, kind, origin, fingerprint, state, complete, sequence, staged_at, \
             verdicts, accepted_guards, counts, effects, published_by, heard_at) \
             values (?, ?, 'base', ?, '', 'published', ?, ?, ?, ?, ?, ?, ?, ?, ?) returning id",
        )
        .bind(&first.source)
        .bind(run_id)
        .bind(format!("{} deliveries", folded.len()))
        .bind(true)
        .bind(first.sequence)
        .bind(now)
        .bind(serde_json::Value::Array(Vec::new()))
        .bind(serde_json::Value::Array(Vec::new()))
        .bind(to_json(&counts))
        .bind(to_json(&Effects::default()))
        .bind(last.published_by)
        .bind(last.heard_at)
        .integer(&mut session)
        .await?;
        let text = "select coalesce(max(number), -1) + 1 from batch where run_id = ? and source = ?";
        let number = sql(text).bind(run_id).bind(&first.source).integer(&mut session).await?;
        for (page, number) in pages.iter().zip(number..) {
            sql("insert into batch (run_id, source, number, kind, frame, origin, complete_listing, rows_read, rows_staged, \
                 rows_unchanged, rows_collapsed, rows_rejected, created_at, delivery_id, published_by, sequence) \
                 values (?, ?, ?, 'rows', ?, ?, ?, 0, ?, 0, 0, 0, ?, ?, ?, (select coalesce(max(sequence), 0) + 1 from batch))")
            .bind(run_id)
            .bind(&first.source)
            .bind(number)
            .bind(page.frame.to_text())
            .bind(&page.origin)
            .bind(false)
            .bind(page.frame.rows)
            .bind(page.heard_at)
            .bind(id)
            .bind(last.published_by)
            .execute(&mut session)
            .await?;
        }
        session.commit().await?;
        Ok(true)
    }
}
