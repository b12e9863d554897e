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
    /// The first key that formed the pair.
    pub(crate) key: u16,
}

/// What a walk found.
pub(crate) struct Found<T> {
    pub(crate) kept: Vec<T>,
    /// Pairs compared.
    pub(crate) pairs: u64,
    /// Per key, pairs that no key before it formed.
    pub(crate) new_pairs: Vec<u64>,
}

struct Walker<'a> {
    comparer: Comparer<'a>,
    /// Per record, the left record (plus one) for which it was seen last.
    seen: Vec<u32>,
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
        let walker = || Walker { comparer: Comparer::new(self.records, self.subjects), seen: vec![0; count] };
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
        let mut all = Found { kept: Vec::new(), pairs: 0, new_pairs: vec![0; self.blocks.statistics.len()] };
        for part in parts {
            all.kept.extend(part.kept);
            all.pairs += part.pairs;
            for (sum, new) in all.new_pairs.iter_mut().zip(part.new_pairs) {
                *sum += new;
            }
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
        let mut part = Found { kept: Vec::new(), pairs: 0, new_pairs: vec![0; self.blocks.statistics.len()] };
        let mut partners: Vec<(u32, u16)> = Vec::new();
        for left in lefts {
            let left = u32::try_from(left).unwrap_or(u32::MAX);
            partners.clear();
            self.blocks.partners_after(left, self.dropped, |right, key| {
                let seen = &mut walker.seen[right as usize];
                if *seen != left + 1 && wanted(left, right) {
                    *seen = left + 1;
                    part.new_pairs[key] += 1;
                    partners.push((right, u16::try_from(key).unwrap_or(u16::MAX)));
                }
            });
            part.pairs += partners.len() as u64;
            let mut kept: Vec<(u32, T)> = Vec::new();
            for (right, key) in &partners {
                let pattern = walker.comparer.pattern(left, *right);
                if let Some(found) = keep(Candidate { left, right: *right, pattern, key: *key }) {
                    kept.push((*right, found));
                }
            }
            kept.sort_unstable_by_key(|(right, _)| *right);
            part.kept.extend(kept.into_iter().map(|(_, found)| found));
        }
        part
    }
}
