//! The verdict on what a pull staged: accepted or left waiting, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use super::{Delivery, DeliveryKind, DeliveryState, Resolves, SELECT, Verdict, find, from_row, to_json};
use crate::session::{Session, sql};
use crate::{Lease, Result, Store, StoreError, rejects, staging};

/// The verdict on one delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The delivery.
    pub id: i64,
    /// What each guard saw.
    pub verdicts: Vec<Verdict>,
    /// Why it waits; none: it is accepted.
    pub reason: Option<String>,
}

/// The verdict on all that one pull of a source staged.
#[derive(Debug, Clone, PartialEq)]
pub struct PullDecision<'a> {
    /// The source.
    pub source: &'a str,
    /// Its deliveries in the order in which they came. Behind one that waits all wait.
    pub deliveries: &'a [Judged],
    /// Whether the pull came to its end, so that what waited before is superseded.
    pub whole: bool,
}

impl Store {
    /// Decides what a pull staged: what is accepted may be consolidated and moves the source's place; what is not waits with
    /// its reasons. Whatever of the source waited undecided before is superseded.
    pub async fn decide_pull(&self, lease: &Lease, decision: &PullDecision<'_>, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        let by = format!("run {}", lease.run_id);
        let mut has_accepted = false;
        let mut holds = false;
        for judged in decision.deliveries {
            let delivery = find(&mut session, judged.id).await?;
            if delivery.state != DeliveryState::Staged {
                // It was decided before this run was interrupted.
                continue;
            }
            save_verdicts(&mut session, judged.id, &judged.verdicts).await?;
            holds |= judged.reason.is_some();
            if holds {
                let reason = judged.reason.clone().unwrap_or_else(|| "it came behind one that waits".to_owned());
                wait(&mut session, judged.id, &reason).await?;
            } else {
                accept(&mut session, &delivery, &by, now).await?;
                has_accepted = true;
            }
        }
        if decision.whole || has_accepted {
            let ours: BTreeSet<i64> = decision.deliveries.iter().map(|judged| judged.id).collect();
            supersede(&mut session, decision.source, &ours, (lease.run_id, now)).await?;
        }
        session.commit().await
    }

    /// A guard held back what a run made of these deliveries: they wait again, and their sources are where they were. What was
    /// accepted behind them waits with them.
    pub async fn hold_back(
        &self,
        lease: &Lease,
        deliveries: &[i64],
        (verdicts, reason): (&[Verdict], &str),
    ) -> Result<()> {
        let mut session = self.begin_fenced(lease).await?;
        let mut first: BTreeMap<String, i64> = BTreeMap::new();
        for id in deliveries {
            let delivery = find(&mut session, *id).await?;
            add_verdicts(&mut session, &delivery, verdicts).await?;
            match delivery.state {
                DeliveryState::Accepted => {
                    let sequence = first.entry(delivery.source).or_insert(delivery.sequence);
                    *sequence = delivery.sequence.min(*sequence);
                }
                DeliveryState::Staged => {
                    let text = "update delivery set reason = coalesce(reason || '; ', '') || ? where id = ?";
                    sql(text).bind(reason).bind(*id).execute(&mut session).await?;
                }
                _ => {}
            }
        }
        for (source, sequence) in first {
            for delivery in accepted_from(&mut session, &source, sequence).await? {
                take_back(&mut session, &delivery).await?;
                wait(&mut session, delivery.id, reason).await?;
            }
        }
        session.commit().await
    }
}

/// Accepts a delivery: it may be consolidated, its source is read as far as it goes, and the quarantine is as it says.
pub(super) async fn accept(session: &mut Session, delivery: &Delivery, by: &str, now: DateTime<Utc>) -> Result<()> {
    if !delivery.complete {
        return Err(StoreError::absent("delivery", delivery.id, "is not whole: its pull is under way or broke off"));
    }
    let before = before(session, &delivery.source).await?;
    if before.delivery != delivery.base && delivery.kind != DeliveryKind::Retirement {
        let reason = "does not follow on what was accepted last of its source";
        return Err(StoreError::absent("delivery", delivery.id, reason));
    }
    settle_quarantine(session, delivery, now).await?;
    if let Some(cursor) = &delivery.cursor {
        staging::save_cursor(session, (delivery.run_id.unwrap_or(0), Some(delivery.id)), cursor, now).await?;
    }
    let accepted = sql("update delivery set state = 'accepted', decided_at = ?, decided_by = ?, reason = null, \
         cursor_before = ? where id = ? and state = 'staged'")
    .bind(now)
    .bind(by)
    .bind(before.cursor)
    .bind(delivery.id)
    .execute(session)
    .await?;
    if accepted == 1 { Ok(()) } else { Err(StoreError::absent("delivery", delivery.id, "is decided already")) }
}

/// Where a source was read to.
struct Before {
    /// The delivery that moved it there.
    delivery: Option<i64>,
    /// The place; null where it has never been read.
    cursor: Json,
}

async fn before(session: &mut Session, source: &str) -> Result<Before> {
    let cursor = staging::find_cursor(session, source).await?;
    let text = "select delivery_id from source_cursor where source = ?";
    let row = sql(text).bind(source).row(session).await?;
    let delivery = row.map(|row| row.optional_integer("delivery_id")).transpose()?.flatten();
    Ok(Before { delivery, cursor: cursor.map_or(Json::Null, |cursor| to_json(&cursor)) })
}

async fn settle_quarantine(session: &mut Session, delivery: &Delivery, now: DateTime<Utc>) -> Result<()> {
    let (run_id, source) = (delivery.run_id.unwrap_or(0), delivery.source.as_str());
    match delivery.effects.resolves {
        Resolves::Nothing => {}
        Resolves::Unseen => rejects::resolve_unseen(session, (run_id, source), now).await?,
        Resolves::SinceListing => {
            rejects::resolve_since_listing(session, source, now).await?;
            rejects::meet_again(session, (run_id, source), now).await?;
        }
        Resolves::Replaced => {
            let place = (delivery.origin.as_str(), delivery.fingerprint.as_str());
            rejects::resolve_replaced(session, source, place, now).await?;
        }
    }
    let mended = (delivery.effects.mended.as_slice(), delivery.fingerprint.as_str());
    rejects::resolve_of_records(session, source, mended, now).await
}

/// The accepted deliveries of a source from a place on, the last first.
pub(super) async fn accepted_from(session: &mut Session, source: &str, sequence: i64) -> Result<Vec<Delivery>> {
    let statement = sql(SELECT)
        .and(" where source = ? and state = 'accepted' and sequence >= ? order by sequence desc, id desc")
        .bind(source)
        .bind(sequence);
    statement.rows(session).await?.iter().map(from_row).collect()
}

/// Takes an acceptance back: the source is where it was before.
pub(super) async fn take_back(session: &mut Session, delivery: &Delivery) -> Result<()> {
    let row = sql("select cursor_before from delivery where id = ?").bind(delivery.id).row(session).await?;
    let place = row.map(|row| row.json("cursor_before")).transpose()?.unwrap_or_default();
    if delivery.kind != DeliveryKind::Retirement {
        match serde_json::from_value::<Option<crate::SourceCursor>>(place).ok().flatten() {
            Some(cursor) => {
                let moved = (delivery.run_id.unwrap_or(0), delivery.base);
                staging::save_cursor(session, moved, &cursor, delivery.staged_at).await?;
            }
            None => {
                sql("delete from source_cursor where source = ?").bind(&delivery.source).execute(session).await?;
            }
        }
    }
    let text = "update delivery set state = 'staged', decided_at = null, decided_by = null where id = ? and state = 'accepted'";
    sql(text).bind(delivery.id).execute(session).await.map(|_| ())
}

pub(super) async fn wait(session: &mut Session, id: i64, reason: &str) -> Result<()> {
    let text = "update delivery set reason = ? where id = ? and state = 'staged'";
    sql(text).bind(reason).bind(id).execute(session).await.map(|_| ())
}

/// What waited undecided and is not part of the newest pull is discarded; what came of it in quarantine is resolved.
async fn supersede(
    session: &mut Session,
    source: &str,
    ours: &BTreeSet<i64>,
    (run_id, now): (i64, DateTime<Utc>),
) -> Result<()> {
    let statement = sql(SELECT).and(" where source = ? and state = 'staged' and kind <> 'retirement'").bind(source);
    let waiting: Vec<Delivery> = statement.rows(session).await?.iter().map(from_row).collect::<Result<_>>()?;
    for delivery in waiting.iter().filter(|delivery| !ours.contains(&delivery.id)) {
        put_away(session, delivery, (None, &format!("superseded by what run {run_id} pulled")), now).await?;
    }
    Ok(())
}

/// Discards a staged delivery. What it alone held in quarantine is resolved.
pub(super) async fn put_away(
    session: &mut Session,
    delivery: &Delivery,
    (by, reason): (Option<&str>, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    sql("update delivery set state = 'discarded', decided_at = ?, decided_by = ?, reason = ? where id = ? and state = 'staged'")
        .bind(now)
        .bind(by)
        .bind(reason)
        .bind(delivery.id)
        .execute(session)
        .await?;
    sql("update reject set state = 'resolved', resolved_at = ? \
         where state = 'open' and delivery_id = ? and first_seen_at >= ?")
    .bind(now)
    .bind(delivery.id)
    .bind(delivery.staged_at)
    .execute(session)
    .await
    .map(|_| ())
}

async fn save_verdicts(session: &mut Session, id: i64, verdicts: &[Verdict]) -> Result<()> {
    let text = "update delivery set verdicts = ? where id = ?";
    sql(text).bind(to_json(&verdicts)).bind(id).execute(session).await.map(|_| ())
}

/// Adds verdicts, in the place of older ones of the same guards.
async fn add_verdicts(session: &mut Session, delivery: &Delivery, more: &[Verdict]) -> Result<()> {
    let is_old = |verdict: &&Verdict| more.iter().any(|newer| newer.guard == verdict.guard);
    let kept = delivery.verdicts.iter().filter(|verdict| !is_old(verdict)).cloned();
    let all: Vec<Verdict> = kept.chain(more.iter().cloned()).collect();
    save_verdicts(session, delivery.id, &all).await
}
