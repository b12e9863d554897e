//! What a person agreed to, for which purpose and address, with its source and time.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The source of words that were heard elsewhere than in a source: in a form, on the telephone. No source may be called so.
pub const DESK: &str = "desk";

/// The state of a consent, from the least to the most restrictive: `Ord` is strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentState {
    /// Agreed, and confirmed where the source confirms.
    Granted,
    /// Asked for, not confirmed yet (double opt-in under way).
    Pending,
    /// The source says something that nobody has told us how to read, or nothing any more: nobody is written to.
    Unclear,
    /// Taken back by the person, or the address is suppressed.
    Withdrawn,
}

impl ConsentState {
    /// The state's word in frames, tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Pending => "pending",
            Self::Unclear => "unclear",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Granted, Self::Pending, Self::Unclear, Self::Withdrawn].into_iter().find(|state| state.word() == word)
    }
}

/// How exactly it is known when something was said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaidPrecision {
    /// To the second, or better.
    #[default]
    Instant,
    /// The day alone.
    Day,
    /// Not at all, or not for this address.
    Unknown,
}

impl SaidPrecision {
    /// The word in frames, tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Day => "day",
            Self::Unknown => "unknown",
        }
    }

    /// The precision of a word; a word that is not known promises nothing.
    pub fn of_word(word: &str) -> Self {
        [Self::Instant, Self::Day].into_iter().find(|one| one.word() == word).unwrap_or(Self::Unknown)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    fn is_instant(&self) -> bool {
        *self == Self::Instant
    }
}

/// A word on one purpose: what one record says, or what a person's words amount to for one address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub struct Consent {
    /// The purpose, e.g. `newsletter`.
    pub purpose: String,
    /// What was said.
    pub state: ConsentState,
    /// When it was said, as far as the source tells. Of a day alone, the instant from which the word counts: a grant's
    /// first, any other word's last.
    pub at: Option<DateTime<Utc>>,
    /// How exactly `at` is known; without `at` it means nothing.
    #[serde(default, skip_serializing_if = "SaidPrecision::is_instant")]
    pub precision: SaidPrecision,
    /// The source that told it.
    pub source: String,
    /// The mail address that it is about; none: the person, whatever the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What proves it, as far as the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// Whether the source's cell is empty. That says something only where the record has said something before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub empty: bool,
    /// Of a person: what holds for further addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Self>,
}

impl Consent {
    /// A word without a time, proof or address.
    pub fn new(purpose: &str, state: ConsentState, source: &str) -> Self {
        Self {
            purpose: purpose.to_owned(),
            state,
            at: None,
            precision: SaidPrecision::Instant,
            source: source.to_owned(),
            address: None,
            proof: None,
            empty: false,
            others: Vec::new(),
        }
    }
}

/// Persons by what holds of a purpose for the address that is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ConsentCounts {
    /// They may be written to.
    pub granted: u64,
    /// They asked, and have not confirmed yet.
    pub pending: u64,
    /// Their source says what nobody has told us how to read.
    pub unclear: u64,
    /// They took it back.
    pub withdrawn: u64,
}

impl ConsentCounts {
    /// Counts one more.
    pub fn add(&mut self, state: ConsentState) {
        *match state {
            ConsentState::Granted => &mut self.granted,
            ConsentState::Pending => &mut self.pending,
            ConsentState::Unclear => &mut self.unclear,
            ConsentState::Withdrawn => &mut self.withdrawn,
        } += 1;
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
