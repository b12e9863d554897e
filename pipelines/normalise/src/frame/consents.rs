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
    let form = Form::of(mapping, &chunk.plan.source.name);
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
        form.push(&mut arrays[row], state, at);
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

/// What all consents of a mapping have in common, written once.
struct Form {
    start: String,
    end: String,
}

impl Form {
    fn of(mapping: &ConsentMapping, source: &str) -> Self {
        let mut start = "{\"purpose\":".to_owned();
        push_text(&mut start, &mapping.purpose);
        start.push_str(",\"state\":\"");
        let mut end = ",\"source\":".to_owned();
        push_text(&mut end, source);
        end.push('}');
        Self { start, end }
    }

    fn push(&self, array: &mut String, state: ConsentState, at: Option<DateTime<Utc>>) {
        // Room for the state and the time as well, so that the text moves once.
        array.reserve(self.start.len() + self.end.len() + 56);
        array.push(if array.is_empty() { '[' } else { ',' });
        array.push_str(&self.start);
        array.push_str(match state {
            ConsentState::Granted => "granted\",\"at\":",
            ConsentState::Pending => "pending\",\"at\":",
            ConsentState::Withdrawn => "withdrawn\",\"at\":",
        });
        match at {
            Some(at) => {
                array.push('"');
                array.push_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
                array.push('"');
            }
            None => array.push_str("null"),
        }
        array.push_str(&self.end);
    }
}
