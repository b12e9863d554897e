//! Fitting the weights without labels: the strangers' shares from random pairs and value frequencies, the other
//! two classes by expectation maximisation over pattern counts (Fellegi and Sunter 1969; Winkler 1988).

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::comparisons::{Comparer, NO_LEVEL, Subject, level_of};
use crate::contacts::EmailLevel;
use crate::linked::Fit;
use crate::places::AddressLevel;
use crate::rarity::{Belief, Frequencies};
use crate::records::{Records, slot};
use crate::text::mix;
use crate::weights::{HOUSEHOLD, Odds, SAME, SMALLEST_SHARE, STRANGER, WeightTable, Weights};

/// Random pairs from which the strangers' shares are taken.
const RANDOM_PAIRS: u64 = 300_000;

/// Pairs' worth of belief in the shipped shares of each class.
const BELIEF: [f64; 3] = [30.0, 60.0, 20.0];

/// Rounds after which the fit is given up.
const MOST_ROUNDS: u32 = 60;

/// Fewer pairs of one person than this are too few to learn from.
const FEWEST_PAIRS: f64 = 20.0;

/// A pattern, the rarity of what agrees, and how many candidate pairs have both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PatternCount {
    pub(crate) pattern: u64,
    pub(crate) rarity: Odds,
    pub(crate) count: f64,
}

/// Counts patterns; rarities are rounded to half a bit.
pub(crate) fn count_patterns(pairs: impl Iterator<Item = (u64, Odds)>) -> Vec<PatternCount> {
    #[expect(clippy::cast_possible_truncation, reason = "rarities are clamped far below the limits of 16 bits")]
    let round = |odds: f32| (odds * 2.0).round() as i16;
    let mut counts: FxHashMap<(u64, i16, i16), u32> = FxHashMap::default();
    for (pattern, rarity) in pairs {
        *counts.entry((pattern, round(rarity.same), round(rarity.household))).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable();
    counts
        .into_iter()
        .map(|((pattern, same, household), count)| PatternCount {
            pattern,
            rarity: Odds { same: f32::from(same) / 2.0, household: f32::from(household) / 2.0 },
            count: f64::from(count),
        })
        .collect()
}

/// The priors to begin with: a third of the records have a second one, and as many a housemate.
pub(crate) fn first_prior(records: usize) -> [f64; 3] {
    let share = (0.6 / (records.max(2) as f64)).min(0.2);
    [share, share, 1.0 - 2.0 * share]
}

/// Learns how often strangers show each level.
pub(crate) fn fit_strangers(weights: &mut Weights, records: &Records, subjects: &[Subject], frequencies: &Frequencies) {
    let table = WeightTable::new(weights);
    let counts = random_levels(records, subjects, &table);
    for (place, (subject, shares)) in subjects.iter().zip(&mut weights.comparisons).enumerate() {
        let seen: f64 = counts[place].iter().sum();
        let strength = BELIEF[STRANGER] + 0.5 * shares.levels.len() as f64;
        for (level, share) in shares.levels.iter_mut().enumerate() {
            let believed = BELIEF[STRANGER] * share[STRANGER] + 0.5;
            share[STRANGER] = (counts[place][level + 1] + believed) / (seen + strength);
        }
        if let Some(collision) = slot_of(*subject).map(|slot| frequencies.collision(slot)) {
            let exact = exact_place(*subject, shares.levels.len());
            shares.levels[exact][STRANGER] = collision.clamp(SMALLEST_SHARE, 0.9);
        }
        if *subject == Subject::Email {
            // How many strangers have the same before the sign says how many people there are of each such part; chance pairs
            // are too few to show it.
            let collision = frequencies.collision(slot::LOCAL_PART).clamp(SMALLEST_SHARE, 0.9);
            for level in [EmailLevel::SameName, EmailLevel::SameLocalPart] {
                shares.levels[level as usize - 1][STRANGER] = collision;
            }
        }
        normalise(shares, STRANGER);
        for share in &mut shares.levels {
            share[STRANGER] = share[STRANGER].max(SMALLEST_SHARE);
        }
    }
}

/// How much of what people of one household show in fields that they do not share is more than chance, in part.
const BEYOND_CHANCE: f64 = 0.15;

/// In fields that households do not share, their members are as strangers, but for full agreement: twins, father and
/// son of one name.
pub(crate) fn blend_households(weights: &mut Weights, shipped: &Weights, subjects: &[Subject]) {
    for (place, subject) in subjects.iter().enumerate() {
        if is_shared_at_home(*subject) || *subject == Subject::Sex {
            continue;
        }
        let shipped = &shipped.comparisons[place].levels;
        let exact = exact_place(*subject, shipped.len());
        for (level, (share, shipped)) in weights.comparisons[place].levels.iter_mut().zip(shipped).enumerate() {
            share[HOUSEHOLD] = if level == exact {
                shipped[HOUSEHOLD].max(share[STRANGER])
            } else {
                (share[STRANGER] + BEYOND_CHANCE * shipped[HOUSEHOLD]) / (1.0 + BEYOND_CHANCE)
            };
        }
    }
}

fn exact_place(subject: Subject, levels: usize) -> usize {
    if subject == Subject::GivenName { levels - 2 } else { levels - 1 }
}

/// What these weights say of a slot.
pub(crate) fn belief(weights: &Weights, subjects: &[Subject], slot: usize) -> Option<Belief> {
    let place = subjects.iter().position(|subject| slot_of(*subject) == Some(slot))?;
    let levels = &weights.comparisons[place].levels;
    let exact = levels[exact_place(subjects[place], levels.len())];
    Some(Belief { collision: exact[STRANGER], at_home: exact[HOUSEHOLD] })
}

/// The slot whose values a comparison compares.
fn slot_of(subject: Subject) -> Option<usize> {
    match subject {
        Subject::GivenName => Some(slot::GIVEN),
        Subject::Surname => Some(slot::SURNAME),
        Subject::BirthDate => Some(slot::DATE),
        Subject::Email => Some(slot::EMAIL),
        Subject::Mobile => Some(slot::MOBILE),
        Subject::Phone => Some(slot::PHONE),
        Subject::Address => Some(slot::ADDRESS),
        Subject::Extra(number, _) => Some(slot::EXTRAS + number),
        Subject::Sex | Subject::MailName => None,
    }
}

/// Per comparison and level, random pairs that show it; pairs that look like one person are left out.
fn random_levels(records: &Records, subjects: &[Subject], table: &WeightTable) -> Vec<[f64; 16]> {
    let count = records.len() as u64;
    if count < 2 {
        return vec![[0.0; 16]; subjects.len()];
    }
    let tasks: Vec<u64> = (0..RANDOM_PAIRS.min(count * count)).step_by(8192).collect();
    let end = RANDOM_PAIRS.min(count * count);
    let parts: Vec<Vec<[u32; 16]>> = tasks
        .into_par_iter()
        .map(|start| {
            let mut comparer = Comparer::new(records, subjects);
            let mut seen = vec![[0_u32; 16]; subjects.len()];
            for draw in start..(start + 8192).min(end) {
                #[expect(clippy::cast_possible_truncation, reason = "a remainder of a number of 32 bits")]
                let pick = |seed: u64| (mix(draw, seed) % count) as u32;
                let (left, right) = (pick(11), pick(23));
                if left == right {
                    continue;
                }
                let pattern = comparer.pattern(left, right);
                if table.odds(pattern).probabilities()[SAME] > 0.3 {
                    continue;
                }
                for (place, levels) in seen.iter_mut().enumerate() {
                    levels[usize::from(level_of(pattern, place))] += 1;
                }
            }
            seen
        })
        .collect();
    let mut sums = vec![[0.0; 16]; subjects.len()];
    for part in parts {
        for (sum, levels) in sums.iter_mut().zip(part) {
            for (sum, level) in sum.iter_mut().zip(levels).skip(1) {
                *sum += f64::from(level);
            }
        }
    }
    sums
}

/// What the fit is made from.
#[derive(Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) patterns: &'a [PatternCount],
    /// The share of all candidate pairs that the patterns stand for.
    pub(crate) share: f64,
    /// All pairs of records, candidates or not.
    pub(crate) all_pairs: f64,
    pub(crate) records: f64,
}

/// Fits the classes of one person and of one household, and the priors.
pub(crate) fn fit_classes(weights: &mut Weights, subjects: &[Subject], sample: Sample<'_>) -> Fit {
    let shipped = weights.clone();
    for round in 1..=MOST_ROUNDS {
        let sums = expect(weights, sample);
        if sums.classes[SAME] < FEWEST_PAIRS * sample.share {
            *weights = shipped;
            return Fit::Shipped;
        }
        let before = weights.clone();
        maximise(weights, &shipped, subjects, &sums, sample);
        if difference(&before, weights) < 2e-3 {
            return Fit::Converged { rounds: round };
        }
    }
    Fit::NotConverged { rounds: MOST_ROUNDS }
}

struct Sums {
    classes: [f64; 3],
    /// Per comparison and level, expected pairs of one person and of one household.
    levels: Vec<[[f64; 2]; 16]>,
}

fn expect(weights: &Weights, sample: Sample<'_>) -> Sums {
    let table = WeightTable::new(weights);
    let comparisons = weights.comparisons.len();
    let empty = || Sums { classes: [0.0; 3], levels: vec![[[0.0; 2]; 16]; comparisons] };
    let parts: Vec<Sums> = sample
        .patterns
        .par_chunks(16_384)
        .map(|patterns| {
            let mut sums = empty();
            for pattern in patterns {
                let mut odds = table.odds(pattern.pattern);
                odds.same += pattern.rarity.same;
                odds.household += pattern.rarity.household;
                let [same, household, stranger] = odds.probabilities();
                let expected = [same * pattern.count, household * pattern.count, stranger * pattern.count];
                for (sum, expected) in sums.classes.iter_mut().zip(expected) {
                    *sum += expected;
                }
                if same + household < 1e-6 {
                    continue;
                }
                for (place, levels) in sums.levels.iter_mut().enumerate() {
                    let level = &mut levels[usize::from(level_of(pattern.pattern, place))];
                    level[SAME] += expected[SAME];
                    level[HOUSEHOLD] += expected[HOUSEHOLD];
                }
            }
            sums
        })
        .collect();
    parts.into_iter().fold(empty(), |mut all, part| {
        for (sum, class) in all.classes.iter_mut().zip(part.classes) {
            *sum += class;
        }
        for (all, part) in all.levels.iter_mut().flatten().flatten().zip(part.levels.iter().flatten().flatten()) {
            *all += part;
        }
        all
    })
}

fn prior_of(sums: &Sums, sample: Sample<'_>) -> [f64; 3] {
    let least = 0.01 / sample.records;
    let most = 0.3_f64.max(2.0 / sample.records).min(0.4);
    let share = |class: usize| (sums.classes[class] / sample.share / sample.all_pairs).clamp(least.min(most), most);
    let (same, household) = (share(SAME), share(HOUSEHOLD));
    [same, household, 1.0 - same - household]
}

fn maximise(weights: &mut Weights, shipped: &Weights, subjects: &[Subject], sums: &Sums, sample: Sample<'_>) {
    weights.prior = prior_of(sums, sample);
    for (place, subject) in subjects.iter().enumerate() {
        let before = &shipped.comparisons[place].levels;
        let shares = &mut weights.comparisons[place];
        for class in [SAME, HOUSEHOLD] {
            if class == HOUSEHOLD && !is_shared_at_home(*subject) {
                continue;
            }
            let seen: f64 = sums.levels[place].iter().skip(1).map(|level| level[class]).sum();
            for (level, share) in shares.levels.iter_mut().enumerate() {
                let believed = BELIEF[class] * before[level][class];
                share[class] = (sums.levels[place][level + 1][class] + believed) / (seen + BELIEF[class]);
            }
        }
        hold_signs(shares);
        if *subject == Subject::Address {
            // The same place, and no street to compare: where all live in one town that is nothing, and never anything against them.
            let place = &mut shares.levels[AddressLevel::PlaceOnly as usize - 1];
            for class in [SAME, HOUSEHOLD] {
                place[class] = place[class].max(place[STRANGER]);
            }
        }
    }
}

/// Whether people of one household tend to share the value; where not, what they show is not learnt.
fn is_shared_at_home(subject: Subject) -> bool {
    matches!(
        subject,
        Subject::Surname | Subject::Email | Subject::Phone | Subject::Address | Subject::MailName | Subject::Extra(..)
    )
}

/// A clear difference never speaks for one person, and full agreement never against.
fn hold_signs(shares: &mut crate::weights::Shares) {
    if let Some(different) = shares.levels.first_mut() {
        different[SAME] = different[SAME].min(different[STRANGER]);
    }
    if let Some(exact) = shares.levels.last_mut() {
        exact[SAME] = exact[SAME].max(exact[STRANGER]);
    }
}

fn normalise(shares: &mut crate::weights::Shares, class: usize) {
    let sum: f64 = shares.levels.iter().map(|share| share[class]).sum();
    for share in &mut shares.levels {
        share[class] /= sum.max(SMALLEST_SHARE);
    }
}

/// The largest change of a share or, relative, of a prior.
fn difference(before: &Weights, after: &Weights) -> f64 {
    let priors = before.prior.iter().zip(&after.prior).map(|(before, after)| (before / after - 1.0).abs());
    let shares = before.comparisons.iter().zip(&after.comparisons).flat_map(|(before, after)| {
        let levels = before.levels.iter().zip(&after.levels);
        levels.flat_map(|(before, after)| before.iter().zip(after).map(|(before, after)| (before - after).abs()))
    });
    priors.chain(shares).fold(0.0, f64::max)
}

/// The level that stands for nothing must stay out of all sums.
const _: () = assert!(NO_LEVEL == 0);
