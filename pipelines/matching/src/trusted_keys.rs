//! Keys that belong to one person, such as a membership number: where they contradict all else, a human is asked.

use crate::comparisons::{Subject, level_of};
use crate::extras::ExtraKind;

/// The level of two values that clearly differ.
const DIFFERENT: u8 = 1;

/// How a trusted key contradicts the rest of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyConflict {
    /// One key, and two given names or birth dates.
    Agrees,
    /// Two keys and two birth dates.
    Differs,
}

/// Where a pattern holds the levels that matter here.
pub(crate) struct TrustedKeys {
    keys: Vec<(usize, u8)>,
    given_name: Option<usize>,
    birth_date: Option<usize>,
}

impl TrustedKeys {
    pub(crate) fn of(subjects: &[Subject]) -> Self {
        let place = |wanted: Subject| subjects.iter().position(|subject| *subject == wanted);
        let is_key = |subject: &Subject| matches!(subject, Subject::Extra(_, ExtraKind::Identifier));
        let exact = |subject: &Subject| u8::try_from(subject.levels().len()).unwrap_or(u8::MAX);
        let keys = subjects.iter().enumerate().filter(|(_, subject)| is_key(subject));
        Self {
            keys: keys.map(|(place, subject)| (place, exact(subject))).collect(),
            given_name: place(Subject::GivenName),
            birth_date: place(Subject::BirthDate),
        }
    }

    /// Whether a trusted key is the same.
    pub(crate) fn agree(&self, pattern: u64) -> bool {
        self.keys.iter().any(|(place, exact)| level_of(pattern, *place) == *exact)
    }

    pub(crate) fn conflict(&self, pattern: u64) -> Option<KeyConflict> {
        let differs = |place: Option<usize>| place.is_some_and(|place| level_of(pattern, place) == DIFFERENT);
        if self.agree(pattern) {
            return (differs(self.given_name) || differs(self.birth_date)).then_some(KeyConflict::Agrees);
        }
        let other_key = self.keys.iter().any(|(place, _)| level_of(pattern, *place) == DIFFERENT);
        (other_key && differs(self.birth_date)).then_some(KeyConflict::Differs)
    }
}
