//! What a person's words on each purpose amount to.

use chrono::{DateTime, Utc};
use kartei_schemas::consent::{Consent, ConsentState};

use super::Heard;

/// One word, with what is known of the record that told it.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// The word.
    pub heard: &'a Heard,
    /// Which person told it before any merge: words of one home are weighed by time alone.
    pub home: u64,
    /// Whether the record is still in its source.
    pub present: bool,
}

/// One consent a purpose, sorted by purpose: the word that decides. `merged_at` is the time of the person's last merge.
pub fn verdicts(statements: &[Statement<'_>], merged_at: Option<DateTime<Utc>>) -> Vec<Consent> {
    let mut purposes: Vec<&str> = statements.iter().map(|statement| statement.heard.purpose.as_str()).collect();
    purposes.sort_unstable();
    purposes.dedup();
    let mut found = Vec::with_capacity(purposes.len());
    for purpose in purposes {
        let words = statements.iter().filter(|word| word.heard.purpose == purpose && word.counts());
        let words: Vec<&Statement<'_>> = words.collect();
        let mut homes: Vec<u64> = words.iter().map(|word| word.home).collect();
        homes.sort_unstable();
        homes.dedup();
        let decided = homes.into_iter().filter_map(|home| decide(&words, home, merged_at));
        let strictest =
            decided.max_by_key(|word| (word.heard.state, word.time(), std::cmp::Reverse(&word.heard.source)));
        found.extend(strictest.map(|word| word.heard.consent()));
    }
    found
}

/// The word that decides for one home.
fn decide<'a>(words: &[&'a Statement<'a>], home: u64, merged_at: Option<DateTime<Utc>>) -> Option<&'a Statement<'a>> {
    let latest = |state: ConsentState| {
        let of_state = words.iter().copied().filter(move |word| word.heard.state == state);
        let valid = of_state.filter(move |word| word.home == home || word.state_after(merged_at));
        valid.max_by_key(|word| (word.time(), std::cmp::Reverse(&word.heard.source)))
    };
    let (granted, pending) = (latest(ConsentState::Granted), latest(ConsentState::Pending));
    let lifted = |word: &Statement<'_>| granted.is_some_and(|granted| granted.time() > word.time());
    match latest(ConsentState::Withdrawn) {
        Some(withdrawn) if !lifted(withdrawn) => Some(withdrawn),
        _ => match pending {
            Some(pending) if !lifted(pending) => Some(pending),
            _ => granted,
        },
    }
}

impl Statement<'_> {
    fn counts(&self) -> bool {
        self.present || self.heard.state == ConsentState::Withdrawn
    }

    /// When it was said, as far as it can be held against another word; `None` is before everything.
    fn time(&self) -> Option<DateTime<Utc>> {
        let Heard { state, at, seen, .. } = self.heard;
        match state {
            ConsentState::Granted => at.filter(|at| at <= seen),
            ConsentState::Pending | ConsentState::Withdrawn => Some(at.map_or(*seen, |at| at.min(*seen))),
        }
    }

    /// Whether another home's word holds for everybody: only a grant given after the merge does.
    fn state_after(&self, merged_at: Option<DateTime<Utc>>) -> bool {
        self.heard.state == ConsentState::Granted
            && merged_at.is_some_and(|merged_at| self.time().is_some_and(|time| time > merged_at))
    }
}
