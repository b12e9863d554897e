//! Folds old deliveries of a source into one, so that what everything can be made from does not grow with the nights.
//!
//! Of an older page stay the rows that no later one has replaced or removed; a page of which all stay is kept as it is. What
//! is younger than its term can still be forgotten.

use chrono::{DateTime, Utc};
use kartei_schemas::frame::KEY;
use kartei_store::{BasePage, Batch, BatchKind, Delivery, DeliveryKind};
use polars_core::prelude::*;
use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::FlowError;
use crate::steps::Step;

/// Fewer old deliveries than this are not worth the work.
const WORTH_FOLDING: usize = 8;

/// Folds what was staged before a moment, source by source.
pub async fn fold(step: &Step<'_>, from: DateTime<Utc>) -> Result<(), FlowError> {
    for source in &step.project.schemas.sources {
        let all = step.store.published_deliveries(&source.name).await?;
        let is_old = |one: &&Delivery| one.staged_at < from || one.kind == DeliveryKind::Base;
        let old: Vec<Delivery> = all.iter().take_while(is_old).cloned().collect();
        if old.len() >= WORTH_FOLDING {
            fold_source(step, &source.name, &old).await?;
        }
    }
    Ok(())
}

async fn fold_source(step: &Step<'_>, source: &str, old: &[Delivery]) -> Result<(), FlowError> {
    let mut pages: Vec<(DateTime<Utc>, Batch)> = Vec::new();
    for delivery in old {
        if delivery.kind == DeliveryKind::Retirement {
            pages.clear();
            continue;
        }
        for batch in step.store.batches_of_delivery(delivery.id).await? {
            let is_base = delivery.kind == DeliveryKind::Base;
            let heard_at = if is_base { batch.created_at } else { delivery.heard_at.unwrap_or(delivery.staged_at) };
            pages.push((heard_at, batch));
        }
    }
    let mut later = FxHashSet::default();
    let mut base = Vec::with_capacity(pages.len());
    for (number, (heard_at, page)) in (0..).zip(pages.into_iter().rev()) {
        let Some(frame) = page.frame else { continue };
        let keys = step.rest.read(frame.clone(), Some(&[KEY])).await?;
        let fresh: BooleanChunked = keys
            .column(KEY)?
            .str()?
            .iter()
            .map(|key| Some(later.insert(xxh3_64(key.unwrap_or_default().as_bytes()))))
            .collect();
        if page.kind == BatchKind::Gone || !fresh.any() {
            continue;
        }
        let frame = if fresh.all() {
            frame
        } else {
            let rows = step.rest.read(frame, None).await?.filter(&fresh)?;
            step.rest.put_page(source, number, rows).await?
        };
        base.push(BasePage { frame, origin: page.origin, heard_at });
    }
    base.reverse();
    let folded = step.store.fold_deliveries(step.run.id, (old, &base), step.now()).await?;
    tracing::info!(source, deliveries = old.len(), pages = base.len(), folded, "old deliveries were folded into one");
    Ok(())
}
