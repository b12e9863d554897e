//! What the rows say of consents: state by purpose and address, with the source and its time.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use kartei_schemas::consent::ConsentState;
use kartei_schemas::frame;
use kartei_schemas::source::ConsentMapping;
use polars_core::prelude::{Column, DataType, IntoColumn, StringChunkedBuilder};
use rustc_hash::FxHashMap;

use super::assemble::mail_addresses;
use super::chunk::{Chunk, side_texts};
use super::field::FieldCells;
use super::json::push_text;
use super::texts::column as received_texts;
use super::{Context, FieldStatistics};
use crate::instant::{Moment, moment};
use crate::problem::Reason;
use crate::text::{MAX_TEXT_LENGTH, clean_compatible, cut};

/// JSON arrays of [`kartei_schemas::consent::Consent`]; null where a row says nothing.
///
/// A text that the schema does not name is a problem, and makes the consent unclear. An empty cell is told as such: whether
/// it says something depends on what the record said before. A column that was not received says nothing at all. A time
/// that cannot be read is a problem, and the word stands without a time.
pub(super) fn column(chunk: &mut Chunk<'_>, fields: &[FieldCells<'_>], context: &Context) -> Column {
    let rows = chunk.received.height();
    let source = chunk.plan.source;
    if source.consents.is_empty() {
        return Column::full_null(frame::CONSENTS.into(), rows, &DataType::String);
    }
    let mut arrays = vec![String::new(); rows];
    let addresses = mail_addresses(chunk.plan, fields, rows);
    for mapping in &source.consents {
        add(chunk, (mapping, &addresses), context.time_zone, &mut arrays);
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

fn add(
    chunk: &mut Chunk<'_>,
    (mapping, addresses): (&ConsentMapping, &[Option<&str>]),
    zone: Tz,
    arrays: &mut [String],
) {
    let Some(states) = received_texts(chunk.received, &mapping.column) else { return };
    let times = mapping.at.as_ref().map(|at| side_texts(chunk.received, at));
    let proofs = mapping.proof.as_ref().map(|proof| side_texts(chunk.received, proof));
    let mut known: FxHashMap<&str, Option<ConsentState>> = FxHashMap::default();
    let unsaid = state_of(mapping, "");
    let form = Form::of(mapping, &chunk.plan.source.name);
    let mut counts = FieldStatistics::default();
    for row in 0..arrays.len() {
        let mut word = Word { address: addresses[row], ..Word::default() };
        match states[row] {
            None => (word.state, word.is_empty) = (unsaid, unsaid.is_none()),
            Some(text) => {
                counts.received += 1;
                word.state = *known.entry(text).or_insert_with(|| state_of(mapping, text));
                if word.state.is_none() {
                    counts.unreadable += 1;
                    chunk.problem(row, frame::CONSENTS, Some(&mapping.column), Reason::UnknownConsentState);
                }
            }
        }
        if let (Some(times), Some(column)) = (&times, &mapping.at)
            && let Some(text) = times[row]
        {
            match moment(text, zone) {
                Ok(read) => word.said = read.value,
                Err(reason) if !word.is_empty => chunk.problem(row, frame::CONSENTS, Some(column), reason),
                Err(_) => {}
            }
        }
        word.proof = proofs.as_ref().and_then(|proofs| proofs[row]);
        form.push(&mut arrays[row], &word);
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

/// What one row says on one purpose.
#[derive(Default)]
struct Word<'a> {
    /// None where the text is not known, or empty.
    state: Option<ConsentState>,
    is_empty: bool,
    said: Option<Moment>,
    address: Option<&'a str>,
    proof: Option<&'a str>,
}

impl Word<'_> {
    /// When it counts as said: a grant at the first instant that the text may mean, all else at the last, since of two
    /// words whose order cannot be told the stricter holds.
    fn said_at(&self) -> Option<DateTime<Utc>> {
        let said = self.said?;
        Some(if self.state == Some(ConsentState::Granted) { said.first } else { said.last })
    }
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
        Self { start, end }
    }

    fn push(&self, array: &mut String, word: &Word<'_>) {
        // Room for all of it, so that the text moves once.
        array.reserve(self.start.len() + self.end.len() + word.address.map_or(0, str::len) + 88);
        array.push(if array.is_empty() { '[' } else { ',' });
        array.push_str(&self.start);
        array.push_str(word.state.unwrap_or(ConsentState::Unclear).word());
        array.push_str("\",\"at\":");
        match word.said_at() {
            Some(at) => {
                array.push('"');
                array.push_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
                array.push('"');
            }
            None => array.push_str("null"),
        }
        if word.said.is_some_and(|said| said.is_day) {
            array.push_str(",\"precision\":\"day\"");
        }
        array.push_str(&self.end);
        for (name, text) in [(",\"address\":", word.address), (",\"proof\":", word.proof)] {
            if let Some(text) = text {
                array.push_str(name);
                push_text(array, &cut(text, MAX_TEXT_LENGTH));
            }
        }
        array.push_str(if word.is_empty { ",\"empty\":true}" } else { "}" });
    }
}
