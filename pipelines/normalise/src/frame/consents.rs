//! What the rows say of consents: state by purpose, with the source and its time.

use chrono::{DateTime, SecondsFormat, Utc};
use kartei_schemas::consent::ConsentState;
use kartei_schemas::frame;
use kartei_schemas::source::ConsentMapping;
use polars_core::prelude::{Column, DataType, IntoColumn, StringChunkedBuilder};
use rustc_hash::FxHashMap;

use super::FieldStatistics;
use super::chunk::{Chunk, side_texts};
use super::json::push_text;
use crate::instant::instant;
use crate::problem::Reason;
use crate::text::clean_compatible;

/// JSON arrays of [`kartei_schemas::consent::Consent`]; null where a row says nothing.
///
/// A text that the schema does not name is a problem, never a consent. A time that cannot be read is a problem, and
/// the consent stands without a time.
pub(super) fn column(chunk: &mut Chunk<'_>) -> Column {
    let rows = chunk.received.height();
    let source = chunk.plan.source;
    if source.consents.is_empty() {
        return Column::full_null(frame::CONSENTS.into(), rows, &DataType::String);
    }
    let mut arrays = vec![String::new(); rows];
    for mapping in &source.consents {
        add(chunk, mapping, &mut arrays);
    }
    let mut texts = StringChunkedBuilder::new(frame::CONSENTS.into(), rows);
    let mut counts = FieldStatistics::default();
    for array in &mut arrays {
        if array.is_empty() {
            texts.append_null();
        } else {
            counts.filled += 1;
            array.push(']');
            texts.append_value(array.as_str());
        }
    }
    chunk.count(frame::CONSENTS, &counts);
    texts.finish().into_column()
}

fn add(chunk: &mut Chunk<'_>, mapping: &ConsentMapping, arrays: &mut [String]) {
    let states = side_texts(chunk.received, &mapping.column);
    let times = mapping.at.as_ref().map(|at| side_texts(chunk.received, at));
    let mut known: FxHashMap<&str, Option<ConsentState>> = FxHashMap::default();
    let unsaid = state_of(mapping, "");
    let mut counts = FieldStatistics::default();
    for row in 0..arrays.len() {
        let state = match states[row] {
            None => unsaid,
            Some(text) => {
                counts.received += 1;
                let state = *known.entry(text).or_insert_with(|| state_of(mapping, text));
                if state.is_none() {
                    counts.unreadable += 1;
                    chunk.problem(row, frame::CONSENTS, Some(&mapping.column), Reason::UnknownConsentState);
                }
                state
            }
        };
        let Some(state) = state else { continue };
        let mut at = None;
        if let (Some(times), Some(column)) = (&times, &mapping.at)
            && let Some(text) = times[row]
        {
            match instant(text) {
                Ok(read) => at = read.value,
                Err(reason) => chunk.problem(row, frame::CONSENTS, Some(column), reason),
            }
        }
        push(&mut arrays[row], mapping, state, at, &chunk.plan.source.name);
    }
    chunk.count(frame::CONSENTS, &counts);
}

/// The state by the text itself, then without regard to case and spaces.
fn state_of(mapping: &ConsentMapping, text: &str) -> Option<ConsentState> {
    mapping.states.get(text).copied().or_else(|| {
        let cleaned = clean_compatible(text).to_lowercase();
        mapping.states.iter().find(|(known, _)| known.trim().to_lowercase() == cleaned).map(|(_, state)| *state)
    })
}

fn push(array: &mut String, mapping: &ConsentMapping, state: ConsentState, at: Option<DateTime<Utc>>, source: &str) {
    array.push(if array.is_empty() { '[' } else { ',' });
    array.push_str("{\"purpose\":");
    push_text(array, &mapping.purpose);
    array.push_str(match state {
        ConsentState::Granted => ",\"state\":\"granted\",\"at\":",
        ConsentState::Pending => ",\"state\":\"pending\",\"at\":",
        ConsentState::Withdrawn => ",\"state\":\"withdrawn\",\"at\":",
    });
    match at {
        Some(at) => push_text(array, &at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        None => array.push_str("null"),
    }
    array.push_str(",\"source\":");
    push_text(array, source);
    array.push('}');
}
