//! When the source last changed each row.

use chrono::TimeDelta;
use kartei_schemas::frame;
use polars_core::prelude::{Column, Int64Chunked, IntoColumn, NamedFrom};

use super::Context;
use super::chunk::{Chunk, side_texts};
use crate::instant::instant;
use crate::problem::Reason;

/// Milliseconds UTC. A row that tells no time, or one ahead of its receipt, has the time of its receipt.
pub(super) fn column(chunk: &mut Chunk<'_>, context: &Context) -> Column {
    let received_at = context.received_at.timestamp_millis();
    let rows = chunk.received.height();
    let Some(name) = chunk.plan.updated_at.clone() else {
        return Int64Chunked::new(frame::UPDATED_AT.into(), vec![received_at; rows]).into_column();
    };
    let texts = side_texts(chunk.received, &name);
    // Clocks differ; only what is ahead by more than a day is worth a word.
    let tolerated = (context.received_at + TimeDelta::days(1)).timestamp_millis();
    let mut found = Vec::with_capacity(rows);
    for (row, text) in texts.into_iter().enumerate() {
        let read = text.map_or(Ok(None), |text| instant(text, context.time_zone).map(|read| read.value));
        let told = match read {
            Ok(told) => told.map(|instant| instant.timestamp_millis()),
            Err(reason) => {
                chunk.problem(row, frame::UPDATED_AT, Some(&name), reason);
                None
            }
        };
        if told.is_some_and(|told| told > tolerated) {
            chunk.problem(row, frame::UPDATED_AT, Some(&name), Reason::InTheFuture);
        }
        found.push(told.map_or(received_at, |told| told.min(received_at)));
    }
    Int64Chunked::new(frame::UPDATED_AT.into(), found).into_column()
}
