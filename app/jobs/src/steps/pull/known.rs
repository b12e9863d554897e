//! What is known of a source's records before it is pulled: the published ones, and what was accepted since.

use kartei_schemas::frame::{FINGERPRINT, KEY, SOURCE};
use kartei_schemas::source::SourceSchema;
use kartei_store::{Batch, BatchKind, Delivery};
use polars_core::prelude::*;

use crate::error::FlowError;
use crate::stage::Known;
use crate::steps::{Step, compute};

/// What is known of the source's records: the published ones, with what was accepted since, and what this run has staged. What
/// waits for a verdict counts for nothing.
pub(super) async fn known(step: &Step<'_>, source: &SourceSchema, own: &[Delivery]) -> Result<Known, FlowError> {
    let mut known = Known::default();
    if let Some(records) = step.rest.published_records().await? {
        let name = source.name.clone();
        known = compute(move || {
            let sources = records.column(SOURCE)?.str()?;
            let own: BooleanChunked = sources.iter().map(|source| source == Some(name.as_str())).collect();
            known.learn(&records.select([KEY, FINGERPRINT])?.filter(&own)?)?;
            Ok(known)
        })
        .await?;
    }
    let own: Vec<i64> = own.iter().map(|delivery| delivery.id).collect();
    for batch in pending(step, &source.name, &own).await? {
        let Some(frame) = batch.frame else { continue };
        match batch.kind {
            BatchKind::Gone => {
                known.forget(step.rest.read(frame, None).await?.column(KEY)?.str()?.iter().flatten());
            }
            BatchKind::Rows => known.learn(&step.rest.read(frame, Some(&[KEY, FINGERPRINT])).await?)?,
        }
    }
    Ok(known)
}

/// The source's batches that were accepted and no publication has taken up, and those of the run's own deliveries.
async fn pending(step: &Step<'_>, source: &str, own: &[i64]) -> Result<Vec<Batch>, FlowError> {
    let mut batches = step.store.waiting_batches().await?;
    for delivery in own {
        batches.extend(step.store.batches_of_delivery(*delivery).await?);
    }
    batches.retain(|batch| batch.source == source);
    Ok(batches)
}

pub(super) async fn staged_frames(step: &Step<'_>, source: &str, own: &[i64]) -> Result<Vec<DataFrame>, FlowError> {
    let mut frames = Vec::new();
    for batch in pending(step, source, own).await? {
        if let Some(frame) = batch.frame.filter(|_| batch.kind == BatchKind::Rows) {
            frames.push(step.rest.read(frame, Some(&[KEY])).await?);
        }
    }
    Ok(frames)
}

pub(super) async fn next_number(step: &Step<'_>, source: &SourceSchema) -> Result<u32, FlowError> {
    let batches = step.store.batches_of_run(step.run.id).await?;
    let own = batches.iter().filter(|batch| batch.source == source.name);
    Ok(own.map(|batch| batch.number + 1).max().unwrap_or(0))
}

pub(super) fn keys_of(records: &DataFrame, source: &str) -> PolarsResult<StringChunked> {
    let own: BooleanChunked = records.column(SOURCE)?.str()?.iter().map(|name| name == Some(source)).collect();
    records.column(KEY)?.str()?.filter(&own)
}
