//! What an earlier run found, in the numbers of the present records: which pairs need not be formed again.

use rustc_hash::FxHashMap;

use crate::linked::{EQUAL_BITS, Previous};
use crate::lists::NONE;
use crate::records::Records;

/// An earlier run as this one sees it.
pub(crate) struct Earlier {
    /// Per record whether it is new, has changed, or lost a record that it was compared with: all its pairs are formed.
    pub(crate) touched: Vec<bool>,
    /// The pairs that were kept of records that are as they were.
    pub(crate) pairs: Vec<(u32, u32)>,
    /// Per record as which person its values are counted.
    pub(crate) counted: Vec<u32>,
    /// Per record its cluster in the earlier run; [`NONE`] for new records.
    pub(crate) clusters: Vec<u32>,
    /// Per row of the present frame its household in the earlier run; [`NONE`] for new rows.
    pub(crate) households: Vec<u32>,
    /// The threshold at which the earlier run merged.
    pub(crate) merge_threshold: Option<f64>,
}

impl Earlier {
    pub(crate) fn read(previous: &Previous, records: &Records) -> Self {
        let numbers = records.numbers();
        let now: Vec<Option<u32>> =
            previous.rows.iter().map(|row| row.and_then(|row| numbers.get(row as usize)).copied()).collect();
        let mut changed = vec![false; records.len()];
        for (row, number) in numbers.iter().enumerate() {
            changed[*number as usize] |= previous.changed.get(row).copied().unwrap_or(true);
        }
        let (pairs, touched) = pairs(previous, &now, &changed);
        let mut clusters = vec![NONE; records.len()];
        let mut counted: Vec<u32> =
            (0_u32..).take(records.len()).map(|number| number.saturating_add(size_of(&previous.rows))).collect();
        for (row, number) in now.iter().enumerate().filter_map(|(row, number)| Some((row, (*number)?))) {
            if clusters[number as usize] == NONE {
                clusters[number as usize] = previous.clusters.get(row).copied().unwrap_or(NONE);
                if let Some(person) = previous.counted.get(row) {
                    counted[number as usize] = *person;
                }
            }
        }
        let mut households = vec![NONE; records.height()];
        for (row, household) in previous.rows.iter().zip(&previous.households) {
            if let Some(place) = row.and_then(|row| households.get_mut(row as usize)) {
                *place = *household;
            }
        }
        let merge_threshold = previous.merge_threshold;
        Self { touched, pairs, counted: densely(&counted), clusters, households, merge_threshold }
    }
}

fn size_of<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

/// The pairs of records that are as they were; and the records that must be compared anew. A record for which an equal
/// one stood that is gone or has changed, or that stands for itself now that somebody judged it, is among them: its pairs were
/// that one's.
fn pairs(previous: &Previous, now: &[Option<u32>], changed: &[bool]) -> (Vec<(u32, u32)>, Vec<bool>) {
    let at = |row: u32| now.get(row as usize).copied().flatten();
    let ends = || previous.pairs.left.iter().zip(&previous.pairs.right).map(|(left, right)| (at(*left), at(*right)));
    let mut touched = changed.to_vec();
    let equal = previous.pairs.weight.iter().map(|weight| *weight >= EQUAL_BITS);
    for pair in ends().zip(equal).filter(|(_, is_equal)| *is_equal).map(|(pair, _)| pair) {
        let is_lost = |end: Option<u32>| end.is_none_or(|number| changed[number as usize]);
        if is_lost(pair.0) || is_lost(pair.1) || pair.0 != pair.1 {
            for number in [pair.0, pair.1].into_iter().flatten() {
                touched[number as usize] = true;
            }
        }
    }
    let untouched = |(left, right): (Option<u32>, Option<u32>)| {
        let (left, right) = (left?, right?);
        let is_kept = left != right && !touched[left as usize] && !touched[right as usize];
        is_kept.then_some((left.min(right), left.max(right)))
    };
    let mut pairs: Vec<(u32, u32)> = ends().filter_map(untouched).collect();
    pairs.sort_unstable();
    pairs.dedup();
    (pairs, touched)
}

/// The same sets, each named by its smallest record.
fn densely(labels: &[u32]) -> Vec<u32> {
    let mut first: FxHashMap<u32, u32> = FxHashMap::default();
    (0_u32..).zip(labels).map(|(number, label)| *first.entry(*label).or_insert(number)).collect()
}
