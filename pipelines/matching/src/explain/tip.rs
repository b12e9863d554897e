//! What would tip a pair: the smallest change of one comparison that decides it the other way.

use super::{Explainer, Tip, level_name};
use crate::comparisons::{NAMES_SWAPPED, NO_LEVEL, Subject, level_of, with_level};

impl Explainer {
    /// Tries every other level of every comparison that a person could look into, and takes the one that moves the
    /// weight least and still crosses the threshold.
    pub(super) fn tip(&self, pattern: u64, pair: (u32, u32), probability: f64) -> Option<Tip> {
        let is_merged = probability >= self.merge_threshold;
        let weight = self.corrected(pattern, pair).weight();
        let mut best: Option<(f32, Tip)> = None;
        for (place, subject) in self.subjects.iter().enumerate() {
            let now = level_of(pattern, place);
            for to in levels_to_try(*subject, now) {
                let odds = self.corrected(with_level(pattern, place, to), pair);
                let [then, ..] = odds.probabilities();
                let moved = (odds.weight() - weight).abs();
                if (then >= self.merge_threshold) != is_merged && best.as_ref().is_none_or(|(least, _)| moved < *least)
                {
                    let tip = Tip {
                        comparison: subject.title(&self.records).to_owned(),
                        from: level_name(*subject, now).to_owned(),
                        to: level_name(*subject, to).to_owned(),
                        probability: then,
                    };
                    best = Some((moved, tip));
                }
            }
        }
        best.map(|(_, tip)| tip)
    }
}

/// Names that changed places take two comparisons at once, and what an address spells follows from it. Of a value that
/// is missing nobody can guess more than that it agrees or differs.
fn levels_to_try(subject: Subject, now: u8) -> impl Iterator<Item = u8> {
    let is_fixed = subject == Subject::MailName || subject == Subject::GivenName && now == NAMES_SWAPPED;
    let all = u8::try_from(subject.levels().len()).unwrap_or(0);
    let exact = if subject == Subject::GivenName { NAMES_SWAPPED - 1 } else { all };
    (1..=all).filter(move |level| {
        let is_open = !is_fixed && *level != now && !(subject == Subject::GivenName && *level == NAMES_SWAPPED);
        is_open && (now != NO_LEVEL || *level == 1 || *level == exact)
    })
}
