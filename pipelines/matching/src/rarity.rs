//! Term frequency: two records that share a rare value are one person sooner than two that share a common one.

use rayon::prelude::*;

use crate::columns::MISSING;
use crate::comparisons::{NAMES_SWAPPED, Subject, level_of};
use crate::contacts::EmailLevel;
use crate::names::{GivenLevel, SurnameLevel};
use crate::origins::{NamePair, Origins};
use crate::places::AddressLevel;
use crate::records::{Records, slot};
use crate::text::hash;
use crate::weights::Odds;

/// Persons' worth of belief that a value is about as frequent as the shipped weights have it.
const BELIEVED_PERSONS: f64 = 500.0;

/// Pairs' worth of belief in the shipped chance that two strangers share a value.
const BELIEVED_PAIRS: f64 = 100_000.0;

/// How much the names' frequencies apart count against how often they were seen together, in persons.
const BELIEVED_NAMESAKES: f64 = 0.3;

/// How often each value is found, counted in persons.
pub(crate) struct Frequencies {
    /// Per slot and value, persons that have it.
    counts: Vec<Vec<u32>>,
    slots: Vec<Slot>,
    origins: Origins,
    /// Per record its person, once there are clusters.
    persons: Option<Vec<u32>>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Persons that have any value.
    total: f64,
    /// The chance that two persons share a value.
    collision: f64,
    /// The same, as the shipped weights have it.
    believed: f64,
    /// The share of household pairs that agree beyond chance, where households do not share the value as such.
    at_home: f64,
}

/// The levels of a pair that tell of its names.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NameLevels {
    pub(crate) given: u8,
    pub(crate) surname: u8,
    pub(crate) birth_date: u8,
    pub(crate) email: u8,
    pub(crate) mail_name: u8,
}

/// What is known of a slot before anything is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Belief {
    /// The chance that two strangers share a value.
    pub(crate) collision: f64,
    /// The share of pairs of one household that agree.
    pub(crate) at_home: f64,
}

/// Two records that are compared.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) records: &'a Records,
    pub(crate) left: &'a [u32],
    pub(crate) right: &'a [u32],
    /// Whether they are held to be one person as yet.
    pub(crate) together: bool,
}

impl Pair<'_> {
    fn value(self, slot: usize) -> (u32, u32) {
        (self.left[slot], self.right[slot])
    }
}

impl Frequencies {
    /// Counts values; records of one cluster count once each value. `believed` gives what is known
    /// of a slot beforehand.
    pub(crate) fn count(
        records: &Records,
        believed: impl Fn(usize) -> Option<Belief>,
        clusters: Option<&[u32]>,
    ) -> Self {
        let slots: Vec<usize> = (0..slot::EXTRAS + records.extras.len()).collect();
        let persons = Persons::of(records.len(), clusters);
        // A walk over all records for several slots at once: one for each slot would read the records as many times.
        let at_once = slots.len().div_ceil(2 * rayon::current_num_threads());
        let counted = slots.par_chunks(at_once).map(|slots| persons.count(records, slots)).collect::<Vec<_>>();
        let counts = counted.concat();
        let slots = counts.iter().enumerate().map(|(slot, counts)| Slot::of(counts, believed(slot)));
        let slots = slots.collect();
        let origins = Origins::fit(&name_pairs(records, &counts[slot::FULL_NAME]), records.names.len());
        Self { slots, counts, origins, persons: clusters.map(<[u32]>::to_vec) }
    }

    /// A pair of records, as the frequencies see it.
    pub(crate) fn pair<'a>(&self, records: &'a Records, left: u32, right: u32) -> Pair<'a> {
        let together = self.persons.as_ref().is_some_and(|persons| persons[left as usize] == persons[right as usize]);
        Pair { records, left: records.record(left), right: records.record(right), together }
    }

    /// The chance that two strangers share a value of the slot.
    pub(crate) fn collision(&self, slot: usize) -> f64 {
        self.slots[slot].collision
    }

    /// Persons other than those of the pair that have the value.
    fn others(&self, slot: usize, value: u32, persons: f64) -> f64 {
        let count = self.counts[slot].get(place_of(slot, value)).map_or(0.0, |count| f64::from(*count));
        let others = (count - persons).max(0.0);
        if self.persons.is_some() { others } else { others * 0.5 }
    }

    /// The chance that a stranger has the value.
    fn share(&self, slot: usize, value: u32, persons: f64) -> f64 {
        let known = self.slots[slot];
        let unseen = (known.total * known.collision).min(0.5) + BELIEVED_PERSONS * known.believed * 0.25;
        (self.others(slot, value, persons) + unseen) / (known.total + BELIEVED_PERSONS)
    }

    /// What the rarity of a value adds to the weight of its exact agreement.
    fn surplus(&self, slot: usize, value: u32, persons: f64) -> f64 {
        (self.collision(slot) / self.share(slot, value, persons)).log2()
    }

    /// What the rarity of the agreeing values adds to the odds of a pair.
    pub(crate) fn of_pair(&self, subjects: &[Subject], pattern: u64, pair: Pair<'_>) -> Odds {
        let mut odds = Odds::default();
        let levels = NameLevels::of(subjects, pattern);
        for (place, subject) in subjects.iter().enumerate() {
            let level = level_of(pattern, place);
            if level == 0 {
                continue;
            }
            let added = self.of_level(*subject, level, pair);
            odds.same += added.same;
            odds.household += added.household;
        }
        let namesakes = self.of_names(levels.given, levels.surname, pair);
        let once = namesakes - self.told_twice(levels, namesakes, pair);
        odds.same += once;
        odds.household += once;
        odds
    }

    /// The bits of a pair that its mail addresses tell once more.
    pub(crate) fn told_twice_by(&self, subjects: &[Subject], pattern: u64, pair: Pair<'_>) -> f32 {
        let levels = NameLevels::of(subjects, pattern);
        self.told_twice(levels, self.of_names(levels.given, levels.surname, pair), pair)
    }

    /// What one comparison's rarity adds.
    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than seven digits")]
    pub(crate) fn of_level(&self, subject: Subject, level: u8, pair: Pair<'_>) -> Odds {
        let exact = u8::try_from(subject.levels().len()).unwrap_or(u8::MAX);
        let half_from = |near: u8| if level >= near { 0.5 } else { 0.0 };
        let (slot, part, shared_at_home) = match subject {
            Subject::GivenName if level == NAMES_SWAPPED => {
                let (given, surname) = (self.rarer(slot::GIVEN, pair), self.rarer(slot::SURNAME, pair));
                return Odds { same: (0.5 * (given + surname)).clamp(-8.0, 8.0) as f32, household: 0.0 };
            }
            Subject::GivenName if level == GivenLevel::Exact as u8 => (slot::GIVEN, 1.0, false),
            Subject::GivenName => (slot::GIVEN, half_from(GivenLevel::OneOfSeveral as u8), false),
            Subject::Surname if level < exact => (slot::SURNAME, half_from(SurnameLevel::Part as u8), true),
            Subject::Surname => (slot::SURNAME, 1.0, true),
            Subject::Address => return self.of_address(level, pair),
            Subject::Sex | Subject::MailName => return Odds::default(),
            Subject::Email if level == EmailLevel::SameName as u8 || level == EmailLevel::SameLocalPart as u8 => {
                (slot::LOCAL_PART, 1.0, true)
            }
            _ if level < exact => return Odds::default(),
            Subject::BirthDate => (slot::DATE, 1.0, false),
            Subject::Email => (slot::EMAIL, 1.0, true),
            Subject::Mobile => (slot::MOBILE, 1.0, false),
            Subject::Phone => (slot::PHONE, 1.0, true),
            Subject::Extra(number, _) => (slot::EXTRAS + number, 1.0, true),
        };
        if part == 0.0 {
            return Odds::default();
        }
        let most = if matches!(slot, slot::EMAIL | slot::LOCAL_PART) { 16.0 } else { 8.0 };
        let added = (part * self.rarer(slot, pair)).clamp(-most, 8.0);
        let at_home = if shared_at_home {
            added
        } else if part > 0.9 {
            self.beyond_chance(slot, added)
        } else {
            0.0
        };
        Odds { same: added as f32, household: at_home as f32 }
    }

    /// What the rarity of a value that a household does not share as such adds to its odds: by chance its members
    /// agree on common values, beyond chance (twins, father and son of one name) as often on rare ones.
    fn beyond_chance(&self, slot: usize, added: f64) -> f64 {
        let known = self.slots[slot];
        let beyond = (known.at_home - known.collision).max(0.0);
        let share = known.collision * (-added).exp2();
        added + ((share + beyond) / (known.collision + beyond)).log2()
    }

    /// The smaller of the surpluses of two values that agree at least nearly.
    pub(crate) fn rarer(&self, slot: usize, pair: Pair<'_>) -> f64 {
        let both = if pair.together { 1.0 } else { 2.0 };
        match pair.value(slot) {
            (MISSING, MISSING) => 0.0,
            (MISSING, value) | (value, MISSING) => self.surplus(slot, value, 1.0),
            (left, right) if left == right => self.surplus(slot, left, both),
            (left, right) => {
                let rarer = self.surplus(slot, left, 1.0).min(self.surplus(slot, right, 1.0));
                // Two double names that share Müller are as rare as Müller.
                if slot != slot::SURNAME {
                    return rarer;
                }
                let shared = pair.records.names.shared(left, right).map(|word| self.surplus(slot, word, 0.0));
                shared.reduce(f64::max).map_or(rarer, |shared| rarer.min(shared))
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than seven digits")]
    fn of_address(&self, level: u8, pair: Pair<'_>) -> Odds {
        let slot = match level {
            level if level == AddressLevel::SameCity as u8 => slot::CITY,
            level if level == AddressLevel::SamePostalCode as u8 || level == AddressLevel::PlaceOnly as u8 => {
                slot::POSTAL_CODE
            }
            level if level == AddressLevel::SameHouse as u8 => slot::ADDRESS,
            _ => return Odds::default(),
        };
        let (left, right) = pair.value(slot);
        if left == MISSING || left != right {
            return Odds::default();
        }
        let added = self.rarer(slot, pair).clamp(-6.0, 6.0);
        // Among few people a place that most of them share says nothing, and nothing against them either.
        let total = self.slots[slot].total;
        let known = if added < 0.0 { total / (total + BELIEVED_PERSONS) } else { 1.0 };
        let added = (added * known) as f32;
        Odds { same: added, household: added }
    }

    /// Names that go together more often than chance has it, or less often.
    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than seven digits")]
    fn of_names(&self, given: u8, surname: u8, pair: Pair<'_>) -> f32 {
        if given < GivenLevel::Nickname as u8 || given == NAMES_SWAPPED || surname < SurnameLevel::Part as u8 {
            return 0.0;
        }
        let lift = |record: &[u32]| self.origins.lift(record[slot::GIVEN], record[slot::SURNAME]).log2();
        let (name, other_name) = pair.value(slot::FULL_NAME);
        if name != other_name || name == MISSING {
            return -(0.5 * (lift(pair.left) + lift(pair.right))).clamp(-3.0, 8.0) as f32;
        }
        let persons = if pair.together { 1.0 } else { 2.0 };
        let total = self.slots[slot::FULL_NAME].total.max(2.0);
        let apart = self.share(slot::GIVEN, pair.left[slot::GIVEN], persons)
            * self.share(slot::SURNAME, pair.left[slot::SURNAME], persons);
        let expected = (apart * lift(pair.left).clamp(-3.0, 8.0).exp2() * total).max(1e-9);
        let seen = self.others(slot::FULL_NAME, name, persons);
        let namesakes = expected * (seen + BELIEVED_NAMESAKES) / (expected + BELIEVED_NAMESAKES);
        (apart * total / namesakes).log2().clamp(-10.0, 4.0) as f32
    }
}

impl NameLevels {
    fn of(subjects: &[Subject], pattern: u64) -> Self {
        let mut levels = Self::default();
        for (place, subject) in subjects.iter().enumerate() {
            let level = match subject {
                Subject::GivenName => &mut levels.given,
                Subject::Surname => &mut levels.surname,
                Subject::Email => &mut levels.email,
                Subject::MailName => &mut levels.mail_name,
                Subject::BirthDate => &mut levels.birth_date,
                _ => continue,
            };
            *level = level_of(pattern, place);
        }
        levels
    }
}

/// Values are small numbers already, birth dates apart.
fn place_of(slot: usize, value: u32) -> usize {
    let value = value as usize;
    if slot == slot::DATE && value != 0 { value / 10_000 * 416 + value / 100 % 100 * 32 + value % 100 } else { value }
}

fn add(counts: &mut Vec<u32>, place: usize) {
    if counts.len() <= place {
        counts.resize(place + 1, 0);
    }
    counts[place] += 1;
}

/// Whose values count once each.
struct Persons<'a> {
    /// Per record its person.
    clusters: &'a [u32],
    /// Records of persons that are one record, as most are; all, where nothing is known of persons.
    alone: Vec<u32>,
    /// The others, person by person.
    together: Vec<u32>,
}

impl<'a> Persons<'a> {
    fn of(records: usize, clusters: Option<&'a [u32]>) -> Self {
        let all = 0..u32::try_from(records).unwrap_or(u32::MAX);
        let Some(clusters) = clusters else {
            return Self { clusters: &[], alone: all.collect(), together: Vec::new() };
        };
        let most = clusters.iter().max().map_or(0, |most| *most as usize);
        let mut sizes = vec![0_u32; most + 1];
        for person in clusters {
            sizes[*person as usize] += 1;
        }
        let (alone, mut together): (Vec<u32>, Vec<u32>) =
            all.partition(|record| sizes[clusters[*record as usize] as usize] == 1);
        together.par_sort_unstable_by_key(|record| (clusters[*record as usize], *record));
        Self { clusters, alone, together }
    }

    /// Per slot and value, the persons that have it.
    fn count(&self, records: &Records, slots: &[usize]) -> Vec<Vec<u32>> {
        let mut counts = vec![Vec::new(); slots.len()];
        for record in self.alone.iter().map(|record| records.record(*record)) {
            for (counts, slot) in counts.iter_mut().zip(slots).filter(|(_, slot)| record[**slot] != MISSING) {
                add(counts, place_of(*slot, record[*slot]));
            }
        }
        let mut values = Vec::new();
        let is_one = |left: &u32, right: &u32| self.clusters[*left as usize] == self.clusters[*right as usize];
        for person in self.together.chunk_by(is_one) {
            for (counts, slot) in counts.iter_mut().zip(slots) {
                values.clear();
                let held = person.iter().map(|record| records.record(*record)[*slot]);
                values.extend(held.filter(|value| *value != MISSING));
                values.sort_unstable();
                values.dedup();
                for value in &values {
                    add(counts, place_of(*slot, *value));
                }
            }
        }
        counts
    }
}

/// Every whole name once, with the persons that have it.
fn name_pairs(records: &Records, counts: &[u32]) -> Vec<NamePair> {
    let mut pairs: Vec<Option<NamePair>> = vec![None; counts.len()];
    for number in 0..records.len() {
        let record = records.record(u32::try_from(number).unwrap_or(u32::MAX));
        let name = record[slot::FULL_NAME] as usize;
        if name != 0 {
            let count = counts[name].min(1000) as f32;
            let (given, surname) = (record[slot::GIVEN], record[slot::SURNAME]);
            pairs[name].get_or_insert_with(|| NamePair {
                given,
                surname,
                count,
                seed: hash(records.names.text(surname)),
            });
        }
    }
    pairs.into_iter().flatten().collect()
}

impl Slot {
    fn of(counts: &[u32], belief: Option<Belief>) -> Self {
        let Belief { collision: believed, at_home } = belief.unwrap_or(Belief { collision: 1e-4, at_home: 0.0 });
        let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
        let pairs: f64 = counts.iter().map(|count| f64::from(*count)).map(|count| count * (count - 1.0).max(0.0)).sum();
        let collision = (pairs + BELIEVED_PAIRS * believed) / (total * (total - 1.0).max(0.0) + BELIEVED_PAIRS);
        Self { total, collision, believed, at_home }
    }
}
