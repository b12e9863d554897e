//! Everything that each record ever told of consents, and when it was first heard.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use kartei_schemas::consent::{Consent, ConsentState};
use polars_core::prelude::*;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::PersonsError;
use crate::column::{NO_ROW, RecordKeys, cells, integers, optional_text, text};

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

    /// Whether it is this word, whenever it was heard.
    pub(crate) fn says(&self, consent: &Consent) -> bool {
        self.state == consent.state
            && self.at == consent.at
            && self.purpose == consent.purpose
            && self.source == consent.source
    }
}

/// Everything that each record ever told of consents, and when it was first heard.
///
/// At rest it is a frame, sorted by source and key, with the columns `source`, `key`, `received` (the record's consents
/// as it told them last), `heard_at` (Int64, milliseconds: when it first told just that) and `events` (JSON array of
/// [`Heard`]; null where `received`, heard at `heard_at`, is all that there ever was). It must be kept from run to run: it
/// is what makes a withdrawal outlive a re-import. Saving it from a run that does not publish does no harm.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub(crate) frame: DataFrame,
}

impl Ledger {
    /// The ledger out of its frame at rest.
    pub fn from_frame(frame: &DataFrame) -> Result<Self, PersonsError> {
        for column in TEXTS {
            text(frame, FRAME, column)?;
        }
        integers(frame, FRAME, "heard_at")?;
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
        let blank = Self { frame: blank()? };
        let before = if self.frame.width() == 0 { &blank } else { self };
        let past = RecordKeys::read(&before.frame, FRAME)?;
        let words = before.words()?;
        let lines = merge(&keys, &past);
        let news = lines.par_iter().map(|&Line { row, entry }| {
            let told = if row == NO_ROW { None } else { texts[row as usize] };
            let old = (entry != NO_ROW).then(|| words.get(entry));
            hear_one(told, old, now).map_err(|_| PersonsError::BadConsents { row: row as usize })
        });
        let news = news.collect::<Result<Vec<_>, _>>()?;
        let mut events = StringChunkedBuilder::new("events".into(), lines.len());
        let mut heard_at = Vec::with_capacity(lines.len());
        let mut places = Vec::with_capacity(lines.len());
        let start = u32::try_from(spoken.height()).unwrap_or(NO_ROW);
        for (line, news) in lines.iter().zip(&news) {
            let (place, time) = match news {
                News::Nothing => (start + line.entry, words.get(line.entry).heard_at),
                News::First | News::Further(_) => (line.row, None),
            };
            places.push(Some(IdxSize::from(place)));
            heard_at.push(time.unwrap_or(now.timestamp_millis()));
            events.append_option(match news {
                News::Nothing => words.get(line.entry).events,
                News::First => None,
                News::Further(events) => Some(events.as_str()),
            });
        }
        // Names and words come from the records where they told something new, else from the ledger; none is copied.
        let places: IdxCa = places.into_iter().collect();
        let mut columns = Vec::with_capacity(TEXTS.len() + 1);
        for (name, of_records) in [("source", "source"), ("key", "key"), ("received", "consents")] {
            let mut both = text_or_null(&spoken, of_records)?;
            both.append(text(&before.frame, FRAME, name)?)?;
            columns.push(both.rechunk().take(&places)?.with_name(name.into()).into_column());
        }
        columns.push(Column::new("heard_at".into(), heard_at));
        columns.push(events.finish().into_column());
        Ok(Self { frame: DataFrame::new(lines.len(), columns)? })
    }

    /// All words of one row of the frame.
    pub(crate) fn words(&self) -> Result<AllWords<'_>, PersonsError> {
        let height = self.frame.height();
        Ok(AllWords {
            received: cells(optional_text(&self.frame, FRAME, "received")?, height),
            events: cells(optional_text(&self.frame, FRAME, "events")?, height),
            times: integers(&self.frame, FRAME, "heard_at")?,
        })
    }
}

/// The words of all rows of a ledger.
pub(crate) struct AllWords<'a> {
    received: Vec<Option<&'a str>>,
    events: Vec<Option<&'a str>>,
    times: Vec<Option<i64>>,
}

impl<'a> AllWords<'a> {
    /// The words of one row.
    pub(crate) fn get(&self, row: u32) -> Words<'a> {
        let row = row as usize;
        Words { received: self.received[row], events: self.events[row], heard_at: self.times[row] }
    }
}

/// The words of one record, as the ledger keeps them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Words<'a> {
    received: Option<&'a str>,
    events: Option<&'a str>,
    heard_at: Option<i64>,
}

impl<'a> Words<'a> {
    /// The only word that the record ever told, as JSON array, if there is just one.
    pub(crate) fn single(&self) -> Option<&'a str> {
        self.received.filter(|text| self.events.is_none() && text.bytes().filter(|byte| *byte == b'{').count() == 1)
    }

    /// All words.
    pub(crate) fn read(&self) -> Result<Vec<Heard>, serde_json::Error> {
        match (self.events, self.received) {
            (Some(events), _) => serde_json::from_str(events),
            (None, Some(received)) => {
                let seen = self.heard_at.and_then(DateTime::from_timestamp_millis).unwrap_or(DateTime::<Utc>::MAX_UTC);
                let told: Vec<Consent> = serde_json::from_str(received)?;
                Ok(told.into_iter().map(|consent| Heard::new(consent, seen)).collect())
            }
            (None, None) => Ok(Vec::new()),
        }
    }
}

const TEXTS: [&str; 4] = ["source", "key", "received", "events"];

fn text_or_null(frame: &DataFrame, name: &str) -> Result<StringChunked, PersonsError> {
    let column = optional_text(frame, "records", name)?;
    Ok(column.map_or_else(|| StringChunked::full_null(name.into(), frame.height()), Clone::clone))
}

/// The records that say anything.
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
    let texts = TEXTS.map(|name| StringChunked::full_null(name.into(), 0).into_column());
    let times = Column::new("heard_at".into(), Vec::<i64>::new());
    Ok(DataFrame::new(0, texts.into_iter().chain([times]).collect())?)
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

/// What a record's words add to the ledger.
enum News {
    /// They are what it told last, or it told nothing.
    Nothing,
    /// They are its first.
    First,
    /// They differ from what it told last: all its words, as JSON.
    Further(String),
}

/// Weighs what a record tells now against what it told before.
fn hear_one(told: Option<&str>, old: Option<Words<'_>>, now: DateTime<Utc>) -> Result<News, serde_json::Error> {
    let Some(text) = told.filter(|told| old.and_then(|old| old.received) != Some(*told)) else {
        return Ok(News::Nothing);
    };
    let told: Vec<Consent> = serde_json::from_str(text)?;
    let Some(old) = old else { return Ok(News::First) };
    let received: Vec<Consent> = old.received.map_or(Ok(Vec::new()), serde_json::from_str)?;
    let mut events = old.read()?;
    for consent in told {
        match events.iter_mut().find(|event| event.says(&consent)) {
            // It was told, then something else, and now it is told again: that is a new word. A grant stays where it
            // was, so that repeating an old file gives it no later time.
            Some(event) if event.state != ConsentState::Granted && !received.contains(&consent) => event.seen = now,
            Some(_) => {}
            None => events.push(Heard::new(consent, now)),
        }
    }
    serde_json::to_string(&events).map(News::Further)
}
