//! One word that was heard, and how it is held against another.

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::consent::{ConsentState, DESK, SaidPrecision};

use super::names;

/// A word of one record on one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The purpose's place in the ledger's list.
    pub purpose: u16,
    /// What was said.
    pub state: ConsentState,
    /// When it counts as said, in milliseconds, where that is known.
    pub said_at: Option<i64>,
    /// How exactly that is known.
    pub precision: SaidPrecision,
    /// When it was first heard, in milliseconds.
    pub heard_at: i64,
    /// The hash of the mail address that it is about; none: the person, whatever the address.
    pub address: Option<u128>,
    /// The run that heard it; none when it was no run.
    pub run: Option<i64>,
}

impl Event {
    /// Whether it is the same word, however exactly its time is known and whenever it was heard.
    pub(super) fn is_same_word(&self, other: &Self) -> bool {
        (self.purpose, self.state, self.said_at, self.address)
            == (other.purpose, other.state, other.said_at, other.address)
    }

    /// When it was said, as far as it can be held against another word; none is before everything.
    ///
    /// A grant proves its time, or has none: one without, or dated after the moment at which it was heard, lifts nothing.
    /// Every other word has a time: without one, or with one to come, it counts from its hearing.
    pub fn time(&self) -> Option<i64> {
        let known = self.said_at.filter(|_| self.precision != SaidPrecision::Unknown);
        if self.state == ConsentState::Granted {
            return known.filter(|said| *said <= self.heard_at);
        }
        let Some(said) = known else { return Some(self.heard_at) };
        if self.precision == SaidPrecision::Day {
            // It counts from the day's end, although it was heard on that day.
            let has_begun = said - DAY_MILLISECONDS <= self.heard_at;
            return Some(if has_begun { said } else { self.heard_at });
        }
        Some(said.min(self.heard_at))
    }

    /// The moment for people to read.
    pub(crate) fn said(&self) -> Option<DateTime<Utc>> {
        self.said_at.and_then(DateTime::from_timestamp_millis)
    }
}

/// The longest day: of 25 hours, when clocks are put back.
const DAY_MILLISECONDS: i64 = TimeDelta::hours(25).num_milliseconds();

/// A word with what is known of the record that told it.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// The word.
    pub event: Event,
    /// The record, by any number.
    pub record: u64,
    /// Which person told it before any merge: words of one home are weighed by time alone.
    pub home: u64,
    /// Whether the person's own records told it, and not others about the same address.
    pub own: bool,
    /// Whether the record is still in its source.
    pub present: bool,
    /// Whether it is what the record told last.
    pub last: bool,
    /// The given names that the record bore, hashed.
    pub names: Option<&'a str>,
    /// The sex that the record bore.
    pub sex: Option<&'a str>,
    /// The source, for words of one time.
    pub source: &'a str,
}

impl Statement<'_> {
    /// Whether it was entered by hand, of the person as such.
    pub(super) fn is_of_desk(&self) -> bool {
        self.source == DESK
    }

    /// Whether two words can come from one person: names or sexes that are both known do not conflict.
    pub(super) fn may_be_of_one_person(&self, other: &Self) -> bool {
        let sexes_agree = self.sex.zip(other.sex).is_none_or(|(one, other)| one == other);
        let names_agree = self.names.zip(other.names).is_none_or(|(one, other)| names::agree(one, other));
        self.record == other.record || self.is_of_desk() || other.is_of_desk() || (sexes_agree && names_agree)
    }
}
