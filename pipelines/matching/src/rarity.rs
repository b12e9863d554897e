//! Term frequency: two records that share a rare value are one person sooner than two that share a common one.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::columns::MISSING;
use crate::comparisons::{NAMES_SWAPPED, Subject, level_of};
use crate::records::{Records, slot};
use crate::weights::Odds;

/// Persons' worth of belief that a value is about as frequent as the shipped weights have it.
const BELIEVED_PERSONS: f64 = 500.0;

/// Pairs' worth of belief in the shipped chance that two strangers share a value.
const BELIEVED_PAIRS: f64 = 100_000.0;

/// How often each value is found, counted in persons.
pub(crate) struct Frequencies {
    /// Per slot and value, persons that have it.
    counts: Vec<FxHashMap<u32, u32>>,
    slots: Vec<Slot>,
    /// Whether persons were counted, not records.
    counts_persons: bool,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Persons that have any value.
    total: f64,
    /// The chance that two persons share a value.
    collision: f64,
    /// The same, as the shipped weights have it.
    believed: f64,
}

impl Frequencies {
    /// Counts values; records of one cluster count once each value. `believed` gives the chance that strangers share
    /// a value of a slot, where it is known beforehand.
    pub(crate) fn count(records: &Records, believed: impl Fn(usize) -> Option<f64>, clusters: Option<&[u32]>) -> Self {
        let slots = slot::EXTRAS + records.extras.len();
        let counts: Vec<FxHashMap<u32, u32>> = (0..slots)
            .into_par_iter()
            .map(|slot| match clusters {
                None => count_records(records, slot),
                Some(clusters) => count_clusters(records, slot, clusters),
            })
            .collect();
        let slots = counts.iter().enumerate().map(|(slot, counts)| Slot::of(counts, believed(slot).unwrap_or(1e-4)));
        Self { slots: slots.collect(), counts, counts_persons: clusters.is_some() }
    }

    /// The chance that two strangers share a value of the slot.
    pub(crate) fn collision(&self, slot: usize) -> f64 {
        self.slots[slot].collision
    }

    /// Persons other than the one at hand that have the value.
    fn others(&self, slot: usize, value: u32) -> f64 {
        let others = self.counts[slot].get(&value).map_or(0.0, |count| f64::from(*count) - 1.0);
        if self.counts_persons { others } else { others * 0.5 }
    }

    /// The chance that a stranger has the value.
    fn share(&self, slot: usize, value: u32) -> f64 {
        let known = self.slots[slot];
        let unseen = (known.total * known.collision).min(0.5) + BELIEVED_PERSONS * known.believed * 0.25;
        (self.others(slot, value) + unseen) / (known.total + BELIEVED_PERSONS)
    }

    /// What the rarity of a value adds to the weight of its exact agreement.
    fn surplus(&self, slot: usize, value: u32) -> f64 {
        (self.collision(slot) / self.share(slot, value)).log2()
    }

    /// What the rarity of the agreeing values adds to the odds of a pair.
    pub(crate) fn of_pair(&self, subjects: &[Subject], pattern: u64, left: &[u32], right: &[u32]) -> Odds {
        let mut odds = Odds::default();
        let mut levels = [0_u8; 2];
        for (place, subject) in subjects.iter().enumerate() {
            let level = level_of(pattern, place);
            if level == 0 {
                continue;
            }
            match subject {
                Subject::GivenName => levels[0] = level,
                Subject::Surname => levels[1] = level,
                _ => {}
            }
            let added = self.of_level(*subject, level, left, right);
            odds.same += added.same;
            odds.household += added.household;
        }
        let [given, surname] = levels;
        let added = self.of_names(given, surname, left, right);
        odds.same += added;
        odds
    }

    /// What one comparison's rarity adds.
    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than seven digits")]
    pub(crate) fn of_level(&self, subject: Subject, level: u8, left: &[u32], right: &[u32]) -> Odds {
        let exact = u8::try_from(subject.levels().len()).unwrap_or(u8::MAX);
        let (slot, shared_at_home) = match subject {
            Subject::GivenName => (slot::GIVEN, false),
            Subject::Surname => (slot::SURNAME, true),
            Subject::BirthDate => (slot::DATE, false),
            Subject::Email => (slot::EMAIL, true),
            Subject::Mobile => (slot::MOBILE, false),
            Subject::Phone => (slot::PHONE, true),
            Subject::Address => return self.of_address(level, left, right),
            Subject::Extra(number, _) => (slot::EXTRAS + number, true),
            Subject::Sex | Subject::MailName => return Odds::default(),
        };
        let added = match subject {
            Subject::GivenName if level == NAMES_SWAPPED => {
                0.5 * (self.surplus(slot::GIVEN, left[slot::GIVEN]) + self.surplus(slot::SURNAME, left[slot::SURNAME]))
            }
            Subject::GivenName if level == exact - 1 => self.rarer(slot, left[slot], right[slot]),
            Subject::GivenName if level >= exact - 4 => 0.5 * self.rarer(slot, left[slot], right[slot]),
            Subject::Surname if level >= exact - 2 && level < exact => 0.5 * self.rarer(slot, left[slot], right[slot]),
            _ if level == exact => self.rarer(slot, left[slot], right[slot]),
            _ => 0.0,
        };
        let added = added.clamp(-8.0, 8.0) as f32;
        Odds { same: added, household: if shared_at_home { added } else { 0.0 } }
    }

    /// The smaller of the surpluses of two values that agree at least nearly.
    fn rarer(&self, slot: usize, left: u32, right: u32) -> f64 {
        match (left, right) {
            (MISSING, MISSING) => 0.0,
            (MISSING, value) | (value, MISSING) => self.surplus(slot, value),
            (left, right) if left == right => self.surplus(slot, left),
            (left, right) => self.surplus(slot, left).min(self.surplus(slot, right)),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than seven digits")]
    fn of_address(&self, level: u8, left: &[u32], right: &[u32]) -> Odds {
        let slot = match level {
            3 => slot::CITY,
            4 | 5 => slot::POSTAL_CODE,
            10 => slot::ADDRESS,
            _ => return Odds::default(),
        };
        if left[slot] == MISSING || right[slot] == MISSING || left[slot] != right[slot] {
            return Odds::default();
        }
        let added = self.surplus(slot, left[slot]).clamp(-6.0, 6.0) as f32;
        Odds { same: added, household: added }
    }

    /// Names that go together more often than chance has it: Turkish given names with Turkish surnames.
    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than seven digits")]
    fn of_names(&self, given: u8, surname: u8, left: &[u32], right: &[u32]) -> f32 {
        let exact_given = u8::try_from(Subject::GivenName.levels().len()).unwrap_or(0) - 1;
        let exact_surname = u8::try_from(Subject::Surname.levels().len()).unwrap_or(0);
        if given != exact_given || surname != exact_surname || left[slot::FULL_NAME] != right[slot::FULL_NAME] {
            return 0.0;
        }
        if left[slot::FULL_NAME] == MISSING || !self.counts_persons {
            return 0.0;
        }
        let total = self.slots[slot::FULL_NAME].total.max(2.0);
        let apart = self.share(slot::GIVEN, left[slot::GIVEN]) * self.share(slot::SURNAME, left[slot::SURNAME]);
        let others = self.others(slot::FULL_NAME, left[slot::FULL_NAME]);
        let together = (others + (apart * total).min(0.5)) / total;
        (apart / together).log2().clamp(-8.0, 0.0) as f32
    }
}

fn count_records(records: &Records, slot: usize) -> FxHashMap<u32, u32> {
    let mut counts = FxHashMap::default();
    for value in records.column(slot).filter(|value| *value != MISSING) {
        *counts.entry(value).or_insert(0) += 1;
    }
    counts
}

fn count_clusters(records: &Records, slot: usize, clusters: &[u32]) -> FxHashMap<u32, u32> {
    let mut seen: FxHashSet<u64> = FxHashSet::default();
    let mut counts = FxHashMap::default();
    for (value, cluster) in records.column(slot).zip(clusters).filter(|(value, _)| *value != MISSING) {
        if seen.insert(u64::from(*cluster) << 32 | u64::from(value)) {
            *counts.entry(value).or_insert(0) += 1;
        }
    }
    counts
}

impl Slot {
    fn of(counts: &FxHashMap<u32, u32>, believed: f64) -> Self {
        let total: f64 = counts.values().map(|count| f64::from(*count)).sum();
        let pairs: f64 = counts.values().map(|count| f64::from(*count) * (f64::from(*count) - 1.0)).sum();
        let collision = (pairs + BELIEVED_PAIRS * believed) / (total * (total - 1.0).max(0.0) + BELIEVED_PAIRS);
        Self { total, collision, believed }
    }
}
