//! Every word on consents that was ever heard: the rows of the store's table, as a frame.

use std::ops::Range;

use kartei_schemas::consent::{ConsentState, DESK, SaidPrecision};
use kartei_schemas::keyed::Keyed;
use polars_core::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Event;
use crate::column::{NO_ROW, cells, integers, optional_text, text};
use crate::{PersonId, PersonsError};

pub(super) const FRAME: &str = "consent events";

/// The texts and the numbers of an event's row.
pub(super) const TEXTS: [&str; 10] =
    ["source", "key", "purpose", "state", "said_precision", "address_hash", "name_hash", "sex", "proof", "by_whom"];
pub(super) const NUMBERS: [&str; 5] = ["id", "said_at", "heard_at", "run_id", "mark"];

/// The kind of the keyed hash of a mail address. It is taken of the address's `email_key`.
pub const MAIL: &str = "mail";

/// Every word that was ever heard, sorted by source and key, those of one record in the order in which they were heard.
///
/// The table in the store is the truth; the frame has its columns, times in milliseconds. The rows of one record that the
/// last run added to it are what the record tells: a run that hears anything else adds all of what the record tells then.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(super) frame: DataFrame,
    pub(super) events: Vec<Event>,
    pub(super) purposes: Vec<String>,
    /// The first row of each record, and one more.
    pub(super) starts: Vec<u32>,
    pub(super) keyed: Keyed,
    pub(super) fresh: Fresh,
}

/// What this run heard that may decide for persons whose records did not change.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fresh {
    /// Addresses about which somebody's no, or what is unclear, changed.
    pub(crate) addresses: FxHashSet<u128>,
    /// The same addresses in plain text, where the records tell them: `email_key`.
    pub(crate) mails: FxHashSet<String>,
    /// Whether some of `addresses` are not among `mails`.
    pub(crate) is_hidden: bool,
    /// Persons of whom something was heard at the desk.
    pub(crate) persons: Vec<PersonId>,
}

impl Ledger {
    /// Nothing was ever heard.
    pub fn none(keyed: Keyed) -> Result<Self, PersonsError> {
        Self::of(blank()?, keyed, Fresh::default())
    }

    /// All that was heard, in any order, but those of one record in the order in which they were heard.
    pub fn from_frame(frame: &DataFrame, keyed: Keyed) -> Result<Self, PersonsError> {
        Self::of(sorted(frame)?, keyed, Fresh::default())
    }

    /// With what was heard elsewhere than in a source, as the store has it now, instead of what was known of it.
    pub fn with_desk(self, desk: &DataFrame) -> Result<Self, PersonsError> {
        let known: FxHashSet<i64> = integers(&self.frame, FRAME, "id")?.into_iter().flatten().collect();
        let fresh: BooleanChunked =
            integers(desk, FRAME, "id")?.into_iter().map(|id| id.is_none_or(|id| !known.contains(&id))).collect();
        let news = desk.filter(&fresh)?;
        let mut found = Fresh { is_hidden: news.height() > 0, ..Fresh::default() };
        for key in text(&news, FRAME, "key")?.iter().flatten() {
            found.persons.extend(key.parse::<PersonId>().ok());
        }
        for hash in cells(optional_text(&news, FRAME, "address_hash")?, news.height()) {
            found.addresses.extend(hash.and_then(address));
        }
        if desk.height() == 0 && known.is_empty() {
            return Ok(self);
        }
        let told: BooleanChunked =
            text(&self.frame, FRAME, "source")?.iter().map(|source| source != Some(DESK)).collect();
        let mut all = self.frame.filter(&told)?;
        all.vstack_mut(&columns_of(desk)?)?;
        Self::of(sorted(&all)?, self.keyed, found)
    }

    pub(super) fn of(frame: DataFrame, keyed: Keyed, fresh: Fresh) -> Result<Self, PersonsError> {
        let (events, purposes) = read(&frame)?;
        let starts = starts(&frame)?;
        Ok(Self { frame, events, purposes, starts, keyed, fresh })
    }

    /// All of it as a frame, to be kept for the next run.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// The number of records.
    pub(crate) fn records(&self) -> u32 {
        u32::try_from(self.starts.len().saturating_sub(1)).unwrap_or(NO_ROW)
    }

    /// The rows of a record.
    pub(crate) fn rows(&self, record: u32) -> Range<u32> {
        self.starts[record as usize]..self.starts[record as usize + 1]
    }

    /// Those of a record's rows that say what it told last.
    pub(super) fn last(&self, record: u32) -> Range<u32> {
        let rows = self.rows(record);
        let run = rows.end.checked_sub(1).and_then(|row| self.events[row as usize].run);
        let before = rows.clone().rev().take_while(|row| self.events[*row as usize].run == run).count();
        rows.end - u32::try_from(before).unwrap_or(0)..rows.end
    }

    /// Whether a row of a record is among what it told last.
    pub(crate) fn is_last(&self, row: u32, record: u32) -> bool {
        self.events[row as usize].run == self.events[self.rows(record).end as usize - 1].run
            && self.last(record).contains(&row)
    }

    /// The record of a row.
    pub(crate) fn record_of(&self, row: u32) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= row)).unwrap_or(NO_ROW).saturating_sub(1)
    }

    /// An event by its row.
    pub(crate) fn event(&self, row: u32) -> Event {
        self.events[row as usize]
    }

    /// The names of the purposes, by the events' numbers.
    pub(crate) fn purposes(&self) -> &[String] {
        &self.purposes
    }

    /// The hash of a mail address by its `email_key`.
    pub(crate) fn hash(&self, email_key: &str) -> u128 {
        self.keyed.number(MAIL, email_key)
    }

    pub(crate) fn fresh(&self) -> &Fresh {
        &self.fresh
    }

    /// The rows of words that bind an address, whoever said them.
    pub(crate) fn noes(&self) -> FxHashMap<u128, Vec<u32>> {
        let mut found: FxHashMap<u128, Vec<u32>> = FxHashMap::default();
        for (row, event) in (0_u32..).zip(&self.events) {
            if let (Some(address), ConsentState::Withdrawn | ConsentState::Unclear) = (event.address, event.state) {
                found.entry(address).or_default().push(row);
            }
        }
        found
    }
}

/// An address's hash as a number.
pub(super) fn address(hash: &str) -> Option<u128> {
    u128::from_str_radix(hash, 16).ok()
}

/// How many words of a ledger at rest runs have heard, and the sum of their marks, to be held against the store's.
pub fn tally(frame: &DataFrame) -> Result<(i64, i64), PersonsError> {
    let (runs, marks) = (integers(frame, FRAME, "run_id")?, integers(frame, FRAME, "mark")?);
    let told = runs.iter().zip(marks).filter(|(run, _)| run.is_some());
    Ok(told.fold((0, 0), |(rows, sum), (_, mark)| (rows + 1, sum + mark.unwrap_or(0))))
}

fn read(frame: &DataFrame) -> Result<(Vec<Event>, Vec<String>), PersonsError> {
    let (said, heard) = (integers(frame, FRAME, "said_at")?, integers(frame, FRAME, "heard_at")?);
    let runs = integers(frame, FRAME, "run_id")?;
    let addresses = cells(optional_text(frame, FRAME, "address_hash")?, frame.height());
    let precisions = text(frame, FRAME, "said_precision")?;
    let mut purposes: Vec<String> = Vec::new();
    let mut events = Vec::with_capacity(frame.height());
    let words = text(frame, FRAME, "purpose")?.iter().zip(text(frame, FRAME, "state")?.iter()).zip(precisions.iter());
    for (row, ((purpose, state), precision)) in words.enumerate() {
        let purpose = purpose.unwrap_or_default();
        let known = purposes.iter().position(|known| known == purpose);
        let place = known.unwrap_or_else(|| {
            purposes.push(purpose.to_owned());
            purposes.len() - 1
        });
        events.push(Event {
            purpose: u16::try_from(place).unwrap_or(u16::MAX),
            // A word that is not known lets nobody be written to.
            state: state.and_then(ConsentState::of_word).unwrap_or(ConsentState::Unclear),
            said_at: said[row],
            precision: SaidPrecision::of_word(precision.unwrap_or_default()),
            heard_at: heard[row].unwrap_or(i64::MAX),
            address: addresses[row].and_then(address),
            run: runs[row],
        });
    }
    Ok((events, purposes))
}

fn starts(frame: &DataFrame) -> Result<Vec<u32>, PersonsError> {
    let mut starts = Vec::new();
    let mut last = None;
    for (row, name) in (0_u32..).zip(text(frame, FRAME, "source")?.iter().zip(text(frame, FRAME, "key")?.iter())) {
        if last != Some(name) {
            starts.push(row);
            last = Some(name);
        }
    }
    starts.push(u32::try_from(frame.height()).unwrap_or(NO_ROW));
    Ok(starts)
}

/// By source and key; rows of one record stay in their order.
pub(super) fn sorted(frame: &DataFrame) -> Result<DataFrame, PersonsError> {
    let frame = columns_of(frame)?;
    let (sources, keys) = (text(&frame, FRAME, "source")?, text(&frame, FRAME, "key")?);
    let names: Vec<(Option<&str>, Option<&str>)> = sources.iter().zip(keys.iter()).collect();
    if names.is_sorted() {
        return Ok(frame);
    }
    let mut order: Vec<u32> = (0..u32::try_from(names.len()).unwrap_or(NO_ROW)).collect();
    order.sort_by_key(|&row| names[row as usize]);
    let places: IdxCa = order.into_iter().map(|row| Some(IdxSize::from(row))).collect();
    Ok(frame.take(&places)?)
}

/// The columns of the contract, in their order; what is missing is null.
fn columns_of(frame: &DataFrame) -> Result<DataFrame, PersonsError> {
    let height = frame.height();
    let mut columns = Vec::with_capacity(TEXTS.len() + NUMBERS.len());
    for name in TEXTS {
        let column = optional_text(frame, FRAME, name)?;
        let column =
            column.map_or_else(|| StringChunked::full_null(name.into(), height), |it| it.rechunk().into_owned());
        columns.push(column.into_column());
    }
    for name in NUMBERS {
        columns.push(Column::new(name.into(), integers(frame, FRAME, name)?));
    }
    Ok(DataFrame::new(height, columns)?)
}

fn blank() -> Result<DataFrame, PersonsError> {
    columns_of(&DataFrame::default())
}
