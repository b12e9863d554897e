//! A stratified sample of pairs for a human to judge: pairs inside clusters, for the precision, and candidate pairs
//! between clusters down to one in a thousand, for what was missed.

use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::blocks::Blocks;
use crate::estimate::scrambled;
use crate::explain::Explainer;
use crate::keys;
use crate::scan::Scan;

/// Candidate pairs between clusters that are less probable are counted, not sampled.
pub const LEAST_PROBABILITY: f64 = 0.001;

/// At least so many pairs of each stratum, where it has as many.
const FEWEST_A_STRATUM: usize = 5;

/// Pairs that were decided alike and are about as probable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// Its name, e.g. `together 0.99-1`.
    pub name: String,
    /// Whether its pairs stand in one cluster.
    pub together: bool,
    /// All pairs of the records that belong to it.
    pub pairs: u64,
    /// The mean probability that the model gives them.
    pub probability: f64,
}

/// A pair that was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampledPair {
    /// The smaller row.
    pub left: u32,
    /// The larger row.
    pub right: u32,
    /// The probability that they are one person, by the pair alone.
    pub probability: f64,
    /// The place of its stratum.
    pub stratum: usize,
}

/// What was drawn, and from what.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The strata that have pairs.
    pub strata: Vec<Stratum>,
    /// The pairs, in an order that tells nothing.
    pub pairs: Vec<SampledPair>,
    /// Candidate pairs between clusters that are less probable than [`LEAST_PROBABILITY`].
    pub improbable: u64,
    /// How many of them are one person, as the model has it.
    pub improbable_same: f64,
}

/// Draws pairs. The strata's shares of the sample follow Neyman: in proportion to the size of a stratum times the
/// standard deviation that the model expects in it (Neyman 1934; Cochran, Sampling Techniques, 1977, chapter 5), half of
/// the sample inside clusters and half between them. The same seed draws the same pairs.
pub fn sample(explainer: &Explainer, max_block_records: usize, size: usize, seed: u64) -> Drawn {
    let bands = Bands::of(explainer);
    let (mut pool, improbable, improbable_same) = candidates(explainer, max_block_records, &bands);
    add_unformed(explainer, &bands, &mut pool);
    let mut members: Vec<Vec<SampledPair>> = vec![Vec::new(); bands.names.len()];
    for pair in pool {
        members[pair.stratum].push(pair);
    }
    let sizes = allotted(&bands, &members, size);
    let mut drawn = Drawn { strata: Vec::new(), pairs: Vec::new(), improbable, improbable_same };
    for (stratum, (mut members, wanted)) in members.into_iter().zip(sizes).enumerate() {
        if members.is_empty() {
            continue;
        }
        let sum: f64 = members.iter().map(|pair| pair.probability).sum();
        let (name, together) = bands.names[stratum].clone();
        drawn.strata.push(Stratum {
            name,
            together,
            pairs: members.len() as u64,
            probability: sum / members.len() as f64,
        });
        members.sort_unstable_by_key(|pair| (lot(pair, seed), pair.left, pair.right));
        members.truncate(wanted);
        let place = drawn.strata.len() - 1;
        drawn.pairs.extend(members.into_iter().map(|pair| SampledPair { stratum: place, ..pair }));
    }
    drawn.pairs.sort_unstable_by_key(|pair| (lot(pair, seed ^ 0x5eed), pair.left, pair.right));
    drawn
}

fn lot(pair: &SampledPair, seed: u64) -> u64 {
    scrambled(seed, u64::from(pair.left) << 32 | u64::from(pair.right))
}

/// The name of the stratum to which a pair of rows belongs; none where it is too improbable to be sampled.
pub(crate) fn stratum_of(explainer: &Explainer, left: usize, right: usize) -> Option<String> {
    let bands = Bands::of(explainer);
    let together = explainer.clusters.get(left) == explainer.clusters.get(right);
    let place = bands.place(explainer.probability(left, right)?, together)?;
    Some(bands.names[place].0.clone())
}

/// The bands of probability, first inside clusters, then between them.
struct Bands {
    names: Vec<(String, bool)>,
    /// Lower ends, from above.
    ends: Vec<(f64, bool)>,
}

impl Bands {
    fn of(explainer: &Explainer) -> Self {
        let (merge, review) = (explainer.merge_threshold, explainer.review_threshold);
        let mut ends: Vec<(f64, bool)> = Vec::new();
        for (together, lower) in
            [(true, [0.99, 0.9, merge, 0.0].as_slice()), (false, &[merge, review, 0.01, LEAST_PROBABILITY])]
        {
            let mut before = f64::INFINITY;
            for end in lower.iter().copied().filter(|end| *end >= 0.0) {
                if end < before {
                    ends.push((end, together));
                    before = end;
                }
            }
        }
        let mut upper = 1.0;
        let mut names = Vec::new();
        for (end, together) in &ends {
            if names.last().is_some_and(|(_, before): &(String, bool)| before != together) {
                upper = 1.0;
            }
            let kind = if *together { "together" } else { "apart" };
            names.push((format!("{kind} {}-{}", rounded(*end), rounded(upper)), *together));
            upper = *end;
        }
        Self { names, ends }
    }

    fn place(&self, probability: f64, together: bool) -> Option<usize> {
        self.ends.iter().position(|(end, its)| *its == together && probability >= *end)
    }
}

fn rounded(probability: f64) -> f64 {
    (probability * 1000.0).round() / 1000.0
}

/// All candidate pairs that are worth sampling, how many are not, and what the model expects of those.
fn candidates(explainer: &Explainer, max_block_records: usize, bands: &Bands) -> (Vec<SampledPair>, u64, f64) {
    let records = &explainer.records;
    let (all, splitters) = (keys::all(records), keys::splitters(records));
    let blocks = Blocks::form(records, (&all, &splitters), max_block_records, (None, &[]));
    // What linking left out is looked at here, since it is the share of what was missed that is asked for.
    let dropped = vec![false; all.len()];
    let scan = Scan { records, subjects: &explainer.subjects, blocks: &blocks, dropped: &dropped, progress: None };
    let (improbable, expected) = (AtomicU64::new(0), AtomicU64::new(0));
    let found = scan.walk(
        |_, _| true,
        |pair| {
            let [probability, ..] = explainer.corrected(pair.pattern, (pair.left, pair.right)).probabilities();
            let (left, right) = (records.rows[pair.left as usize], records.rows[pair.right as usize]);
            let together = explainer.clusters[left as usize] == explainer.clusters[right as usize];
            let Some(stratum) = bands.place(probability, together) else {
                // Whole numbers, so that the sum does not depend on the threads' order.
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a billion at most")]
                let billionths = (probability * 1e9) as u64;
                improbable.fetch_add(1, Ordering::Relaxed);
                expected.fetch_add(billionths, Ordering::Relaxed);
                return None;
            };
            Some(SampledPair { left: left.min(right), right: left.max(right), probability, stratum })
        },
    );
    (found.kept, improbable.into_inner(), expected.into_inner() as f64 / 1e9)
}

/// Pairs inside clusters that no key formed: they stand together through others.
fn add_unformed(explainer: &Explainer, bands: &Bands, pool: &mut Vec<SampledPair>) {
    let formed: FxHashSet<(u32, u32)> =
        pool.iter().filter(|pair| bands.names[pair.stratum].1).map(|pair| (pair.left, pair.right)).collect();
    let mut order: Vec<u32> = (0..u32::try_from(explainer.clusters.len()).unwrap_or(u32::MAX)).collect();
    order.sort_unstable_by_key(|row| (explainer.clusters[*row as usize], *row));
    let of = |row: u32| explainer.clusters[row as usize];
    for cluster in order.chunk_by(|one, other| of(*one) == of(*other)) {
        for (place, left) in cluster.iter().enumerate() {
            for right in cluster[place + 1..].iter().filter(|right| !formed.contains(&(*left, **right))) {
                let probability = explainer.probability(*left as usize, *right as usize).unwrap_or(0.0);
                if let Some(stratum) = bands.place(probability, true) {
                    pool.push(SampledPair { left: *left, right: *right, probability, stratum });
                }
            }
        }
    }
}

/// How many pairs each stratum gives.
fn allotted(bands: &Bands, members: &[Vec<SampledPair>], size: usize) -> Vec<usize> {
    let spread = |pairs: &[SampledPair]| {
        let mean = pairs.iter().map(|pair| pair.probability).sum::<f64>() / (pairs.len() as f64).max(1.0);
        // A model that is sure may be wrong all the same: no stratum is taken to be without doubt.
        pairs.len() as f64 * (mean * (1.0 - mean)).sqrt().max(0.02)
    };
    let mut sizes = vec![0; members.len()];
    for together in [true, false] {
        let places: Vec<usize> = (0..members.len()).filter(|place| bands.names[*place].1 == together).collect();
        let sum: f64 = places.iter().map(|place| spread(&members[*place])).sum();
        for place in places {
            let share = spread(&members[place]) / sum.max(1e-9) * size as f64 / 2.0;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the sample's size")]
            let wanted = (share.round() as usize).max(FEWEST_A_STRATUM);
            sizes[place] = wanted.min(members[place].len());
        }
    }
    sizes
}
