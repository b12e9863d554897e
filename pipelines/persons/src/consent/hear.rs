//! Hearing: what records tell now is held against what they told last, and what is new becomes events.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use kartei_schemas::consent::{ConsentState, SaidPrecision};
use polars_core::prelude::*;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::ledger::{Fresh, sorted};
use super::names::NameHashes;
use super::{Event, Ledger};
use crate::PersonsError;
use crate::column::{NO_ROW, RecordKeys, cells, optional_text, text};

/// When, and in which run, the records are heard.
#[derive(Debug, Clone, Copy)]
pub struct Hearing<'a> {
    /// One flag a row of the records: it is new or changed since they were last heard; none: any may be.
    pub changed: Option<&'a [bool]>,
    /// The moment.
    pub now: DateTime<Utc>,
    /// The run.
    pub run: i64,
}

impl Ledger {
    /// The ledger after hearing what the records say now, and the events that it had not heard before. Hearing the same
    /// twice adds nothing.
    pub fn hear(self, records: &DataFrame, hearing: Hearing<'_>) -> Result<(Self, DataFrame), PersonsError> {
        let spoken = Spoken::read(records, hearing.changed)?;
        let known = self.records_of(&spoken)?;
        let told: Vec<Vec<Word<'_>>> = spoken.words()?;
        let mut purposes = self.purposes.clone();
        let mut numbers: FxHashMap<String, u16> = purposes.iter().cloned().zip(0..).collect();
        for word in told.iter().flatten() {
            if !numbers.contains_key(word.purpose.as_ref()) {
                numbers.insert(word.purpose.clone().into_owned(), u16::try_from(purposes.len()).unwrap_or(u16::MAX));
                purposes.push(word.purpose.clone().into_owned());
            }
        }
        let news = (&told, &known, &spoken.mails).into_par_iter().map(|(words, &record, mail)| {
            let address = mail.map(|mail| self.hash(mail));
            let events = words.iter().map(|word| {
                let number = numbers.get(word.purpose.as_ref()).copied().unwrap_or(u16::MAX);
                (word.event(number, address, hearing), word)
            });
            self.news(record, &events.collect::<Vec<_>>(), hearing)
        });
        let news: Vec<Vec<New<'_>>> = news.collect();
        let fresh = self.freshness(&spoken, &known, &news);
        let added = frame(&self, &spoken, &purposes, &news)?;
        if added.height() == 0 {
            return Ok((Self { fresh, ..self }, added));
        }
        let mut all = self.frame;
        all.vstack_mut(&added)?;
        Ok((Self::of(sorted(&all)?, self.keyed, fresh)?, added))
    }

    /// For each row of those that speak its record in the ledger, or [`NO_ROW`].
    fn records_of(&self, spoken: &Spoken<'_>) -> Result<Vec<u32>, PersonsError> {
        let (sources, keys) =
            (text(&self.frame, "consent events", "source")?, text(&self.frame, "consent events", "key")?);
        let name = |record: u32| {
            let row = self.rows(record).start as usize;
            (sources.get(row).unwrap_or_default(), keys.get(row).unwrap_or_default())
        };
        let mut found = vec![NO_ROW; spoken.rows.len()];
        let mut next = 0;
        for &place in &spoken.keys.order {
            let wanted = spoken.keys.name(place);
            while next < self.records() && name(next) < wanted {
                next += 1;
            }
            if next < self.records() && name(next) == wanted {
                found[place as usize] = next;
            }
        }
        Ok(found)
    }

    /// What a record tells now, if that is not what it told last: all of it, since what it told last is known by the run.
    fn news<'a>(&self, record: u32, told: &[(Event, &'a Word<'_>)], hearing: Hearing<'_>) -> Vec<New<'a>> {
        let (history, last) = match record {
            NO_ROW => (&[][..], &[][..]),
            record => (self.some(self.rows(record)), self.some(self.last(record))),
        };
        let mut now: Vec<New<'a>> = Vec::with_capacity(told.len());
        for (event, word) in told {
            // An empty cell says something only where the record has said something before.
            let says = !word.empty || history.iter().any(|before| before.purpose == event.purpose);
            if says && !now.iter().any(|new| new.event.is_same_word(event)) {
                now.push(New { event: heard(*event, history, last), proof: word.proof.as_deref() });
            }
        }
        // A purpose of which the record's columns say nothing any more is not one that is empty.
        for before in last.iter().filter(|before| !told.iter().any(|(event, _)| event.purpose == before.purpose)) {
            now.push(New { event: Event { run: Some(hearing.run), ..*before }, proof: None });
        }
        let is_known = |new: &New<'_>| last.iter().any(|before| before.is_same_word(&new.event));
        if now.len() == last.len() && now.iter().all(is_known) { Vec::new() } else { now }
    }

    fn some(&self, rows: std::ops::Range<u32>) -> &[Event] {
        &self.events[rows.start as usize..rows.end as usize]
    }

    /// The addresses of which others must be decided anew.
    fn freshness(&self, spoken: &Spoken<'_>, known: &[u32], news: &[Vec<New<'_>>]) -> Fresh {
        let mut fresh = self.fresh.clone();
        let binds = |event: &Event| matches!(event.state, ConsentState::Withdrawn | ConsentState::Unclear);
        for ((news, &record), mail) in
            news.iter().zip(known).zip(&spoken.mails).filter(|((news, _), _)| !news.is_empty())
        {
            let before = if record == NO_ROW { &[][..] } else { self.some(self.last(record)) };
            let now = news.first().and_then(|new| new.event.address);
            for event in before.iter().chain(news.iter().map(|new| &new.event)).filter(|event| binds(event)) {
                fresh.addresses.extend(event.address);
                fresh.is_hidden |= event.address.is_some() && event.address != now;
                fresh.mails.extend(mail.map(str::to_owned));
            }
        }
        fresh
    }
}

/// A word with what is known of its hearing: one that was told last is the same word still; a grant that was told before is
/// no newer for being told again; one that was said of another address has no time for this one.
fn heard(event: Event, history: &[Event], last: &[Event]) -> Event {
    let same = |before: &&Event| before.is_same_word(&event);
    let is_grant = event.state == ConsentState::Granted;
    let before = last.iter().find(same).or_else(|| history.iter().find(same).filter(|_| is_grant));
    if let Some(before) = before {
        return Event { heard_at: before.heard_at, precision: before.precision, ..event };
    }
    let is_elsewhere =
        |before: &Event| (before.purpose, before.state, before.said_at) == (event.purpose, event.state, event.said_at);
    if is_grant && history.iter().any(is_elsewhere) {
        return Event { precision: SaidPrecision::Unknown, ..event };
    }
    event
}

/// What of a [`kartei_schemas::consent::Consent`] makes an event: source and address are the record's.
#[derive(Deserialize)]
struct Word<'a> {
    #[serde(borrow)]
    purpose: Cow<'a, str>,
    state: ConsentState,
    at: Option<DateTime<Utc>>,
    #[serde(default)]
    precision: SaidPrecision,
    #[serde(default)]
    proof: Option<String>,
    #[serde(default)]
    empty: bool,
}

impl Word<'_> {
    /// The word, heard now.
    fn event(&self, purpose: u16, address: Option<u128>, hearing: Hearing<'_>) -> Event {
        Event {
            purpose,
            state: self.state,
            said_at: self.at.map(|at| at.timestamp_millis()),
            precision: if self.at.is_some() { self.precision } else { SaidPrecision::Unknown },
            heard_at: hearing.now.timestamp_millis(),
            address,
            run: Some(hearing.run),
        }
    }
}

/// A word that is to be kept.
struct New<'a> {
    event: Event,
    proof: Option<&'a str>,
}

/// The records that say anything, and are new or changed.
struct Spoken<'a> {
    rows: Vec<u32>,
    keys: RecordKeys<'a>,
    texts: Vec<&'a str>,
    mails: Vec<Option<&'a str>>,
    given_names: Vec<Option<&'a str>>,
    sexes: Vec<Option<&'a str>>,
}

impl<'a> Spoken<'a> {
    fn read(records: &'a DataFrame, changed: Option<&[bool]>) -> Result<Self, PersonsError> {
        let height = records.height();
        let column = |name| -> Result<Vec<Option<&'a str>>, PersonsError> {
            Ok(cells(optional_text(records, "records", name)?, height))
        };
        let (consents, keys) = (column("consents")?, column("email_key")?);
        let (mails, given_names, sexes) = (column("email")?, column("given_name")?, column("sex")?);
        let is_spoken = |row: &usize| {
            consents[*row].is_some_and(|text| text.len() > 2) && changed.is_none_or(|changed| changed[*row])
        };
        let rows: Vec<usize> = (0..height).filter(is_spoken).collect();
        let pick = |cells: &[Option<&'a str>]| rows.iter().map(|row| cells[*row]).collect::<Vec<_>>();
        Ok(Self {
            keys: RecordKeys::of_rows(records, &rows)?,
            texts: rows.iter().filter_map(|row| consents[*row]).collect(),
            mails: rows.iter().map(|row| keys[*row].or(mails[*row])).collect(),
            given_names: pick(&given_names),
            sexes: pick(&sexes),
            rows: rows.iter().map(|row| u32::try_from(*row).unwrap_or(NO_ROW)).collect(),
        })
    }

    fn words(&self) -> Result<Vec<Vec<Word<'a>>>, PersonsError> {
        let read = self.texts.par_iter().enumerate().map(|(row, text)| {
            serde_json::from_str::<Vec<Word<'a>>>(text).map_err(|_| PersonsError::BadConsents { row })
        });
        read.collect()
    }
}

/// The new words as rows.
fn frame(
    ledger: &Ledger,
    spoken: &Spoken<'_>,
    purposes: &[String],
    news: &[Vec<New<'_>>],
) -> Result<DataFrame, PersonsError> {
    let mut names = NameHashes::default();
    for (name, _) in spoken.given_names.iter().zip(news).filter(|(_, news)| !news.is_empty()) {
        if let Some(name) = name {
            names.add(&ledger.keyed, name);
        }
    }
    let height = news.iter().map(Vec::len).sum();
    let mut texts = super::ledger::TEXTS.map(|name| StringChunkedBuilder::new(name.into(), height));
    let mut numbers = super::ledger::NUMBERS.map(|_| Vec::<Option<i64>>::with_capacity(height));
    for (place, news) in (0_u32..).zip(news) {
        let (source, key) = spoken.keys.name(place);
        let name = names.of(spoken.given_names[place as usize]);
        for New { event, proof } in news {
            let address = event.address.map(|address| format!("{address:032x}"));
            let purpose = purposes.get(usize::from(event.purpose)).map(String::as_str);
            let cells = [
                Some(source),
                Some(key),
                purpose,
                Some(event.state.word()),
                Some(event.precision.word()),
                address.as_deref(),
                name,
                spoken.sexes[place as usize],
                *proof,
                None,
            ];
            texts.iter_mut().zip(cells).for_each(|(column, cell)| column.append_option(cell));
            let mark = mark((source, key), purpose.unwrap_or_default(), event);
            let cells = [None, event.said_at, Some(event.heard_at), event.run, Some(mark)];
            numbers.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
        }
    }
    let texts = texts.into_iter().map(|column| column.finish().into_column());
    let numbers = super::ledger::NUMBERS.into_iter().zip(numbers).map(|(name, cells)| Column::new(name.into(), cells));
    Ok(DataFrame::new(height, texts.chain(numbers).collect())?)
}

/// A checksum of a row, small enough that the sum of any table's fits into 64 bits: FNV-1a, its upper 31 bits.
fn mark((source, key): (&str, &str), purpose: &str, event: &Event) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |bytes: &[u8]| {
        for byte in bytes.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    add(source.as_bytes());
    add(key.as_bytes());
    add(purpose.as_bytes());
    add(event.state.word().as_bytes());
    for number in [event.said_at.unwrap_or(i64::MIN), event.heard_at, event.run.unwrap_or(0)] {
        add(&number.to_le_bytes());
    }
    add(&event.address.unwrap_or(0).to_le_bytes());
    i64::try_from(hash >> 33).unwrap_or(0)
}
