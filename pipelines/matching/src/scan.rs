//! The walk over all candidate pairs: record by record, each pair once, no pair stored unless it is wanted.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::blocks::Blocks;
use crate::comparisons::{Comparer, Subject};
use crate::per_thread::PerThread;
use crate::records::Records;
use crate::{Progress, Stage};

/// Left records that one task walks over.
const RECORDS_A_TASK: usize = 1024;

/// What is walked over.
#[derive(Clone, Copy)]
pub(crate) struct Scan<'a> {
    pub(crate) records: &'a Records,
    pub(crate) subjects: &'a [Subject],
    pub(crate) blocks: &'a Blocks,
    /// Per key whether its pairs are left out.
    pub(crate) dropped: &'a [bool],
    pub(crate) progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

/// A candidate pair with its levels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) pattern: u64,
    /// The keys that formed the pair, a bit each.
    pub(crate) keys: u64,
}

impl Candidate {
    /// The first key that formed the pair.
    pub(crate) fn first_key(self) -> usize {
        self.keys.trailing_zeros() as usize
    }
}

/// What a walk found.
pub(crate) struct Found<T> {
    pub(crate) kept: Vec<T>,
    /// Pairs compared.
    pub(crate) pairs: u64,
    /// Per key, pairs that no key before it formed.
    pub(crate) new_pairs: Vec<u64>,
    /// Per key, pairs that no other key formed.
    pub(crate) only_pairs: Vec<u64>,
}

impl<T> Found<T> {
    fn nothing(keys: usize) -> Self {
        Self { kept: Vec::new(), pairs: 0, new_pairs: vec![0; keys], only_pairs: vec![0; keys] }
    }

    fn count(&mut self, other: &Self) {
        self.pairs += other.pairs;
        for (sum, new) in self.new_pairs.iter_mut().zip(&other.new_pairs) {
            *sum += new;
        }
        for (sum, only) in self.only_pairs.iter_mut().zip(&other.only_pairs) {
            *sum += only;
        }
    }

    /// Both together; each is sorted by rows, and no left record is in both.
    pub(crate) fn with(mut self, other: Self, left: impl Fn(&T) -> u32) -> Self {
        self.count(&other);
        let mut kept = Vec::with_capacity(self.kept.len() + other.kept.len());
        let (mut ones, mut others) = (self.kept.into_iter().peekable(), other.kept.into_iter().peekable());
        while let (Some(one), Some(another)) = (ones.peek(), others.peek()) {
            kept.extend(if left(one) < left(another) { ones.next() } else { others.next() });
        }
        kept.extend(ones.chain(others));
        Self { kept, ..self }
    }
}

impl Found<Candidate> {
    /// The same pairs, and what `keep` makes of them.
    pub(crate) fn keep<T: Send>(self, keep: impl Fn(Candidate) -> Option<T> + Sync + Send) -> Found<T> {
        let Self { kept, pairs, new_pairs, only_pairs } = self;
        Found { kept: kept.into_par_iter().filter_map(keep).collect(), pairs, new_pairs, only_pairs }
    }
}

/// What a walk without some of the keys would have found of pairs that one with all keys found.
pub(crate) fn of_keys(pairs: &[Candidate], dropped: &[bool]) -> Found<Candidate> {
    let mut found = Found::nothing(dropped.len());
    let is_used = |(key, _): &(usize, &bool)| !dropped[*key];
    let used: u64 = dropped.iter().enumerate().filter(is_used).map(|(key, _)| 1_u64 << key).sum();
    for pair in pairs {
        let pair = Candidate { keys: pair.keys & used, ..*pair };
        if pair.keys != 0 {
            found.pairs += 1;
            found.new_pairs[pair.first_key()] += 1;
            found.only_pairs[pair.first_key()] += u64::from(pair.keys.is_power_of_two());
            found.kept.push(pair);
        }
    }
    found
}

struct Walker<'a> {
    comparer: Comparer<'a>,
    /// Per record, the left record (plus one) for which it was seen last.
    seen: Vec<u32>,
    /// Per record that was seen, its place among the partners.
    places: Vec<u32>,
}

impl Scan<'_> {
    /// Compares every candidate pair for which `wanted` holds, and keeps what `keep` makes of it, sorted by rows.
    pub(crate) fn walk<T: Send>(
        &self,
        wanted: impl Fn(u32, u32) -> bool + Sync,
        keep: impl Fn(Candidate) -> Option<T> + Sync,
    ) -> Found<T> {
        let count = self.records.len();
        let walkers = PerThread::new();
        let walker = || Walker {
            comparer: Comparer::new(self.records, self.subjects),
            seen: vec![0; count],
            places: vec![0; count],
        };
        let done = AtomicU64::new(0);
        let tasks: Vec<usize> = (0..count).step_by(RECORDS_A_TASK).collect();
        let parts: Vec<Found<T>> = tasks
            .into_par_iter()
            .map(|start| {
                let lefts = start..(start + RECORDS_A_TASK).min(count);
                let part = walkers.with(walker, |walker| self.walk_some(walker, lefts, &wanted, &keep));
                self.report(done.fetch_add(RECORDS_A_TASK as u64, Ordering::Relaxed));
                part
            })
            .collect();
        let mut all = Found::nothing(self.blocks.statistics.len());
        for part in parts {
            all.count(&part);
            all.kept.extend(part.kept);
        }
        all
    }

    fn report(&self, done: u64) {
        if let Some(progress) = self.progress {
            let total = self.records.len() as u64;
            progress(Progress { stage: Stage::Score, done: (done + RECORDS_A_TASK as u64).min(total), total });
        }
    }

    fn walk_some<T>(
        &self,
        walker: &mut Walker<'_>,
        lefts: std::ops::Range<usize>,
        wanted: &(impl Fn(u32, u32) -> bool + Sync),
        keep: &(impl Fn(Candidate) -> Option<T> + Sync),
    ) -> Found<T> {
        let mut part = Found::nothing(self.blocks.statistics.len());
        let mut partners: Vec<(u32, u64)> = Vec::new();
        for left in lefts {
            let left = u32::try_from(left).unwrap_or(u32::MAX);
            partners.clear();
            self.blocks.partners_after(left, self.dropped, |right, key| {
                let bit = 1 << key.min(63);
                let (seen, place) = (&mut walker.seen[right as usize], &mut walker.places[right as usize]);
                if *seen == left + 1 {
                    partners[*place as usize].1 |= bit;
                } else if wanted(left, right) {
                    (*seen, *place) = (left + 1, u32::try_from(partners.len()).unwrap_or(u32::MAX));
                    part.new_pairs[key] += 1;
                    partners.push((right, bit));
                }
            });
            part.pairs += partners.len() as u64;
            let mut kept: Vec<(u32, T)> = Vec::new();
            for (right, keys) in &partners {
                let pair =
                    Candidate { left, right: *right, pattern: walker.comparer.pattern(left, *right), keys: *keys };
                part.only_pairs[pair.first_key()] += u64::from(keys.is_power_of_two());
                if let Some(found) = keep(pair) {
                    kept.push((*right, found));
                }
            }
            kept.sort_unstable_by_key(|(right, _)| *right);
            part.kept.extend(kept.into_iter().map(|(_, found)| found));
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use kartei_schemas::matching::MatchSchema;
    use polars_core::prelude::df;

    use super::*;
    use crate::comparisons::subjects;
    use crate::keys;

    #[test]
    fn a_pair_is_counted_for_the_first_key_that_formed_it_and_as_its_alone_where_no_other_did() {
        let some = |count: usize, word: &str| -> Vec<String> {
            (0..60).map(|row| format!("{word}{}", row * 7 % count)).collect()
        };
        let frame = df!(
            "given_name" => some(5, "Name"), "surname" => some(9, "Wort"), "email" => some(11, "mail@x.de"),
            "postal_code" => some(7, "1000"),
        );
        let records = Records::read(frame.unwrap(), &MatchSchema::default()).unwrap();
        let (all, splitters) = (keys::all(&records), keys::splitters(&records));
        let blocks = Blocks::form(&records, (&all, &splitters), 64, (None, &[]));
        let none = vec![false; all.len()];
        let mut formed: BTreeMap<(u32, u32), BTreeSet<usize>> = BTreeMap::new();
        for left in 0..60 {
            blocks.partners_after(left, &none, |right, key| {
                formed.entry((left, right)).or_default().insert(key);
            });
        }
        let mut expected = (vec![0; all.len()], vec![0; all.len()]);
        for keys in formed.values() {
            let first = *keys.first().unwrap();
            expected.0[first] += 1;
            expected.1[first] += u64::from(keys.len() == 1);
        }
        let subjects = subjects(&records);
        let scan = Scan { records: &records, subjects: &subjects, blocks: &blocks, dropped: &none, progress: None };
        let found = scan.walk(|_, _| true, Some);
        assert!(expected.1.iter().sum::<u64>() > 0, "no pair is one key's alone: {expected:?}");
        assert_eq!((found.new_pairs, found.only_pairs), expected);
        let by_keys = |pair: &Candidate| formed[&(pair.left, pair.right)].iter().map(|key| 1_u64 << key).sum::<u64>();
        assert!(found.kept.iter().all(|pair| pair.keys == by_keys(pair)));
    }
}
