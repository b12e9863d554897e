//! Everything that each record ever told of consents, and when it was first heard.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use kartei_schemas::consent::{Consent, ConsentState};
use polars::prelude::*;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::PersonsError;
use crate::column::{NO_ROW, RecordKeys, cells, optional_text, text};

const FRAME: &str = "consent ledger";

/// A consent with the time at which it was first heard.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Heard {
    /// The purpose.
    pub purpose: String,
    /// What was said.
    pub state: ConsentState,
    /// When it was said, as far as the source tells.
    pub at: Option<DateTime<Utc>>,
    /// The source that told it.
    pub source: String,
    /// When it was heard: the first time for a grant, the last time that it was told anew for the others.
    #[serde(with = "ts_milliseconds")]
    pub seen: DateTime<Utc>,
}

impl Heard {
    /// A consent, heard now.
    pub fn new(consent: Consent, seen: DateTime<Utc>) -> Self {
        let Consent { purpose, state, at, source } = consent;
        Self { purpose, state, at, source, seen }
    }

    /// The consent alone.
    pub fn consent(&self) -> Consent {
        Consent { purpose: self.purpose.clone(), state: self.state, at: self.at, source: self.source.clone() }
    }

    fn says(&self, consent: &Consent) -> bool {
        self.state == consent.state
            && self.at == consent.at
            && self.purpose == consent.purpose
            && self.source == consent.source
    }
}

/// Everything that each record ever told of consents, and when it was first heard.
///
/// At rest it is a frame, sorted by source and key, with the columns `source`, `key`, `received` (the record's consents
/// as it told them last) and `events` (JSON array of [`Heard`]). It must be kept from run to run: it is what makes a
/// withdrawal outlive a re-import. Saving it from a run that does not publish does no harm.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub(crate) frame: DataFrame,
}

impl Ledger {
    /// The ledger out of its frame at rest.
    pub fn from_frame(frame: &DataFrame) -> Result<Self, PersonsError> {
        for column in ["source", "key", "received", "events"] {
            text(frame, FRAME, column)?;
        }
        Ok(Self { frame: frame.clone() })
    }

    /// The ledger as a frame, sorted by source and key.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// The ledger after hearing what the records say now. Hearing the same twice changes nothing.
    pub fn hear(&self, records: &DataFrame, now: DateTime<Utc>) -> Result<Self, PersonsError> {
        let spoken = speaking(records)?;
        let keys = RecordKeys::read(&spoken, "records")?;
        let texts = cells(optional_text(&spoken, "records", "consents")?, spoken.height());
        let empty = self.frame.width() == 0;
        let frame = if empty { blank()? } else { self.frame.clone() };
        let past = RecordKeys::read(&frame, FRAME)?;
        let received = cells(optional_text(&frame, FRAME, "received")?, frame.height());
        let events = cells(optional_text(&frame, FRAME, "events")?, frame.height());
        let lines = merge(&keys, &past);
        let heard = lines.par_iter().map(|&Line { row, entry }| {
            let old = (entry != NO_ROW).then(|| (received[entry as usize], events[entry as usize]));
            let told = (row != NO_ROW).then(|| texts[row as usize]).flatten();
            hear_one(told, old, now).map_err(|_| PersonsError::BadConsents { row: row as usize })
        });
        let heard = heard.collect::<Result<Vec<_>, _>>()?;
        let mut builders =
            ["source", "key", "received", "events"].map(|name| StringChunkedBuilder::new(name.into(), lines.len()));
        for (&Line { row, entry }, heard) in lines.iter().zip(heard) {
            let (source, key) = if row == NO_ROW { past.name(entry) } else { keys.name(row) };
            let old = (entry != NO_ROW).then_some(entry as usize);
            let told = if row == NO_ROW { old.and_then(|entry| received[entry]) } else { texts[row as usize] };
            builders[0].append_value(source);
            builders[1].append_value(key);
            builders[2].append_option(told);
            builders[3].append_option(heard.as_deref().or_else(|| old.and_then(|entry| events[entry])));
        }
        let columns = builders.map(|builder| builder.finish().into_column()).into_iter().collect();
        Ok(Self { frame: DataFrame::new(lines.len(), columns)? })
    }
}

/// The records that say anything, and those that might have fallen silent.
fn speaking(records: &DataFrame) -> Result<DataFrame, PersonsError> {
    let columns = ["source", "key", "consents"].into_iter().filter_map(|name| records.column(name).ok().cloned());
    let slim = DataFrame::new(records.height(), columns.collect())?;
    match optional_text(&slim, "records", "consents")? {
        Some(consents) => {
            let says = consents.iter().map(|text| text.is_some_and(|text| text.len() > 2)).collect::<BooleanChunked>();
            Ok(slim.filter(&says)?)
        }
        None => Ok(slim.head(Some(0))),
    }
}

fn blank() -> Result<DataFrame, PersonsError> {
    let names = ["source", "key", "received", "events"];
    let columns = names.map(|name| StringChunked::full_null(name.into(), 0).into_column()).into_iter().collect();
    Ok(DataFrame::new(0, columns)?)
}

/// A record's row and its entry in the ledger; either may be [`NO_ROW`].
struct Line {
    row: u32,
    entry: u32,
}

fn merge(keys: &RecordKeys<'_>, past: &RecordKeys<'_>) -> Vec<Line> {
    let mut lines = Vec::with_capacity(keys.order.len().max(past.order.len()));
    let mut entries = past.order.iter().copied().peekable();
    for &row in &keys.order {
        let name = keys.name(row);
        while let Some(entry) = entries.next_if(|&entry| past.name(entry) < name) {
            lines.push(Line { row: NO_ROW, entry });
        }
        let entry = entries.next_if(|&entry| past.name(entry) == name).unwrap_or(NO_ROW);
        lines.push(Line { row, entry });
    }
    lines.extend(entries.map(|entry| Line { row: NO_ROW, entry }));
    lines
}

/// The new events of one record, or `None` where the old ones stand.
fn hear_one(
    told: Option<&str>,
    old: Option<(Option<&str>, Option<&str>)>,
    now: DateTime<Utc>,
) -> Result<Option<String>, serde_json::Error> {
    let (received, events) = old.unwrap_or_default();
    let Some(text) = told.filter(|told| received != Some(*told)) else { return Ok(None) };
    let told: Vec<Consent> = serde_json::from_str(text)?;
    let received: Vec<Consent> = received.map_or(Ok(Vec::new()), serde_json::from_str)?;
    let mut events: Vec<Heard> = events.map_or(Ok(Vec::new()), serde_json::from_str)?;
    for consent in told {
        match events.iter_mut().find(|event| event.says(&consent)) {
            // It was told, then something else, and now it is told again: that is a new word. A grant stays where it
            // was, so that repeating an old file gives it no later time.
            Some(event) if event.state != ConsentState::Granted && !received.contains(&consent) => event.seen = now,
            Some(_) => {}
            None => events.push(Heard::new(consent, now)),
        }
    }
    serde_json::to_string(&events).map(Some)
}
