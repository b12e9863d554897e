//! What people say of deliveries: accepted, discarded, taken back; and the end of rehearsals.

use chrono::{DateTime, Utc};

use super::deciding::{accept, accepted_from, put_away, take_back};
use super::{Delivery, DeliveryCounts, DeliveryKind, DeliveryState, Effects, SELECT, find, from_row, to_json};
use crate::frames::FrameRef;
use crate::session::{Session, sql};
use crate::{Result, Store, StoreError, staging};

impl Store {
    /// A human accepts what waits, with the guards that hold it back and those that are named; the next run consolidates it.
    /// Of what was accepted or published before, only the guards are noted. What was discarded or forgotten by a human may come
    /// again: the next pull reads it.
    pub async fn accept_delivery(
        &self,
        id: i64,
        (by, guards): (&str, &[String]),
        now: DateTime<Utc>,
    ) -> Result<Delivery> {
        let mut session = self.begin().await?;
        let delivery = find(&mut session, id).await?;
        let stopped = delivery.stopped_by().into_iter().map(str::to_owned);
        let mut named: Vec<String> = delivery.accepted_guards.iter().cloned().chain(stopped).collect();
        named.extend(guards.iter().cloned());
        named.sort();
        named.dedup();
        sql("update delivery set accepted_guards = ? where id = ?")
            .bind(to_json(&named))
            .bind(id)
            .execute(&mut session)
            .await?;
        match delivery.state {
            DeliveryState::Staged => accept(&mut session, &delivery, by, now).await?,
            DeliveryState::Accepted | DeliveryState::Published => {}
            DeliveryState::Discarded | DeliveryState::Forgotten => {
                sql("update delivery set state = 'discarded', decided_by = null, reason = ? where id = ?")
                    .bind(format!("{by} lets it come again"))
                    .bind(id)
                    .execute(&mut session)
                    .await?;
                read_anew(&mut session, &delivery.source).await?;
            }
            DeliveryState::Rehearsal | DeliveryState::Folded => {
                return Err(StoreError::absent(
                    "delivery",
                    id,
                    "cannot be accepted: it is a rehearsal or part of an older one",
                ));
            }
        }
        let delivery = find(&mut session, id).await?;
        session.commit().await?;
        Ok(delivery)
    }

    /// A human discards what waits, or what was accepted and is not published yet. What came behind it is read again by the
    /// next pull; this content is passed over when it comes again.
    pub async fn discard_delivery(&self, id: i64, (by, reason): (&str, &str), now: DateTime<Utc>) -> Result<Delivery> {
        let mut session = self.begin().await?;
        let delivery = find(&mut session, id).await?;
        if !matches!(delivery.state, DeliveryState::Staged | DeliveryState::Accepted) {
            let reason = "neither waits nor is accepted: what is published is taken back by `forget`";
            return Err(StoreError::absent("delivery", id, reason));
        }
        withdraw_from(&mut session, &delivery, now).await?;
        let delivery = find(&mut session, id).await?;
        put_away(&mut session, &delivery, (Some(by), reason), now).await?;
        let delivery = find(&mut session, id).await?;
        session.commit().await?;
        Ok(delivery)
    }

    /// A human takes back what was published: the next run computes as if it had never come. What was staged on top of it is
    /// read again, as is whatever the source still has. `guards` may pass in that run.
    pub async fn forget_delivery(
        &self,
        id: i64,
        (by, reason): (&str, &str),
        (guards, now): (&[String], DateTime<Utc>),
    ) -> Result<Delivery> {
        let mut session = self.begin().await?;
        let delivery = find(&mut session, id).await?;
        if delivery.state == DeliveryState::Folded || delivery.kind == DeliveryKind::Base {
            let reason = "is folded into older ones (`retention.frames`), and can no longer be told apart from them";
            return Err(StoreError::absent("delivery", id, reason));
        }
        if delivery.state != DeliveryState::Published {
            return Err(StoreError::absent("delivery", id, "is not published"));
        }
        withdraw_from(&mut session, &delivery, now).await?;
        sql(
            "update delivery set state = 'forgotten', accepted_guards = ?, decided_at = ?, decided_by = ?, reason = ? \
             where id = ?",
        )
        .bind(to_json(&guards))
        .bind(now)
        .bind(by)
        .bind(reason)
        .bind(id)
        .execute(&mut session)
        .await?;
        read_anew(&mut session, &delivery.source).await?;
        let delivery = find(&mut session, id).await?;
        session.commit().await?;
        Ok(delivery)
    }

    /// A human takes a source out: the next run finds that it lists nothing any more.
    pub async fn retire_source(
        &self,
        source: &str,
        (by, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<Delivery> {
        let mut session = self.begin().await?;
        let again = sql("select id from delivery where source = ? and kind = 'retirement' and state = 'accepted'")
            .bind(source)
            .row(&mut session)
            .await?;
        if again.is_some() {
            return Err(StoreError::absent("source", source, "is retired already; the next run takes its records out"));
        }
        let id = sql("insert into delivery (source, kind, origin, fingerprint, state, complete, sequence, staged_at, \
             decided_at, decided_by, reason, verdicts, accepted_guards, counts, effects) values (?, 'retirement', ?, '', \
             'accepted', ?, (select coalesce(max(sequence), 0) + 1 from delivery), ?, ?, ?, ?, ?, ?, ?, ?) returning id")
        .bind(source)
        .bind(by)
        .bind(true)
        .bind(now)
        .bind(now)
        .bind(by)
        .bind(reason)
        .bind(serde_json::Value::Array(Vec::new()))
        .bind(serde_json::Value::Array(Vec::new()))
        .bind(to_json(&DeliveryCounts::default()))
        .bind(to_json(&Effects::default()))
        .integer(&mut session)
        .await?;
        // Where the source comes back one day, all of it is news.
        read_anew(&mut session, source).await?;
        let delivery = find(&mut session, id).await?;
        session.commit().await?;
        Ok(delivery)
    }

    /// Removes the rehearsals of a run, and those of runs that are over: a dry run leaves nothing, also when it was killed.
    /// Gives the frames that they had.
    pub async fn drop_rehearsals(&self, run_id: Option<i64>) -> Result<Vec<FrameRef>> {
        const OVER: &str = "state = 'rehearsal' and (run_id = ? or not exists (select 1 from run \
                            where run.id = delivery.run_id and run.state in ('due', 'claimed', 'running')))";
        let mut session = self.begin().await?;
        let run_id = run_id.unwrap_or(0);
        let frames = sql(format!(
            "select frame from batch where frame is not null and delivery_id in (select id from delivery where {OVER})"
        ))
        .bind(run_id)
        .rows(&mut session)
        .await?;
        let frames = frames.iter().map(|row| staging::frame_of(&row.text("frame")?)).collect::<Result<_>>()?;
        let text = format!("delete from batch where delivery_id in (select id from delivery where {OVER})");
        sql(text).bind(run_id).execute(&mut session).await?;
        sql(format!("delete from delivery where {OVER}")).bind(run_id).execute(&mut session).await?;
        session.commit().await?;
        Ok(frames)
    }
}

/// Whatever of a source was staged or accepted from this delivery on is undone: it was told apart from what was known then.
async fn withdraw_from(session: &mut Session, delivery: &Delivery, now: DateTime<Utc>) -> Result<()> {
    for accepted in accepted_from(session, &delivery.source, delivery.sequence).await? {
        take_back(session, &accepted).await?;
    }
    let behind = sql(SELECT)
        .and(" where source = ? and state = 'staged' and kind <> 'retirement' and sequence > ?")
        .bind(&delivery.source)
        .bind(delivery.sequence);
    let behind: Vec<Delivery> = behind.rows(session).await?.iter().map(from_row).collect::<Result<_>>()?;
    let reason = format!("it came behind delivery {}, which was taken back; the next pull reads it again", delivery.id);
    for one in behind {
        put_away(session, &one, (None, &reason), now).await?;
    }
    Ok(())
}

async fn read_anew(session: &mut Session, source: &str) -> Result<()> {
    let text = "update source_cursor set anew = ? where source = ?";
    sql(text).bind(true).bind(source).execute(session).await.map(|_| ())
}
