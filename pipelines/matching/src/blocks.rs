//! Blocks: the records that share a key. Large ones are split by a further key, never dropped.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::keys::{Atoms, Key, Splitter};
use crate::linked::{KeyPlan, KeyStatistics};
use crate::records::Records;

/// A block that nothing splits any further is compared among so many neighbours.
const NEIGHBOURS: usize = 12;

/// Pairs that one key may form, by record, before its blocks are split more finely: without a bound the pairs of common
/// values grow with the square of the records.
const PAIRS_A_RECORD: f64 = 3.0;

/// Keys whose blocks are formed side by side.
const KEYS_AT_ONCE: usize = 4;

/// No key's blocks are split below this many records for the number of their pairs alone.
const FEWEST_SPLIT: usize = 8;

/// The blocks of all keys, laid out so that the partners of one record are found without any pair being stored.
pub(crate) struct Blocks {
    /// Members of all blocks, one block after the other, ascending inside a block.
    members: Vec<u32>,
    /// Per place in `members`, how many members behind it are partners.
    partners: Vec<u16>,
    /// Where each key's members begin.
    key_starts: Vec<usize>,
    /// Per record, where its places begin in `places`.
    place_starts: Vec<u32>,
    places: Vec<u32>,
    pub(crate) statistics: Vec<KeyStatistics>,
    pub(crate) plans: Vec<KeyPlan>,
}

struct KeyBlocks {
    members: Vec<u32>,
    partners: Vec<u16>,
    statistics: KeyStatistics,
}

impl Blocks {
    /// Forms the blocks of all keys; with `touched`, only those that hold a touched record, and these whole. Keys of
    /// which `plans` says how they are used are used so.
    pub(crate) fn form(
        records: &Records,
        (keys, splitters): (&[Key], &[Splitter]),
        max_block_records: usize,
        (touched, plans): (Option<&[bool]>, &[KeyPlan]),
    ) -> Self {
        let atoms = Atoms::new(records);
        let cutter = Cutter { records, atoms: &atoms, splitters, touched };
        let mut blocks = Self {
            members: Vec::new(),
            partners: Vec::new(),
            key_starts: Vec::new(),
            place_starts: Vec::new(),
            places: Vec::new(),
            statistics: Vec::new(),
            plans: Vec::new(),
        };
        let form = |key: &Key| {
            let plan = plans.iter().find(|plan| plan.name == key.name).cloned();
            cutter.blocks_of(key, plan, max_block_records.clamp(2, 4096))
        };
        // Some keys at once, since a part of the work on each is one thread's; not all, for the memory that each takes.
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let formed: Vec<(KeyBlocks, KeyPlan)> = keys.par_iter().map(form).collect();
            for (found, plan) in formed {
                blocks.plans.push(plan);
                blocks.key_starts.push(blocks.members.len());
                blocks.members.extend(found.members);
                blocks.partners.extend(found.partners);
                blocks.statistics.push(found.statistics);
            }
        }
        blocks.list_places(records.len());
        blocks
    }

    fn list_places(&mut self, records: usize) {
        let mut starts = vec![0_u32; records + 1];
        for member in &self.members {
            starts[*member as usize + 1] += 1;
        }
        for record in 0..records {
            starts[record + 1] += starts[record];
        }
        let mut next = starts.clone();
        let mut places = vec![0_u32; self.members.len()];
        for (place, member) in (0_u32..).zip(&self.members) {
            let slot = &mut next[*member as usize];
            places[*slot as usize] = place;
            *slot += 1;
        }
        self.place_starts = starts;
        self.places = places;
    }

    /// Calls `each` with every partner of a record that comes after it, and the key; a partner may come again.
    /// Keys that are `dropped` are passed over.
    pub(crate) fn partners_after(&self, record: u32, dropped: &[bool], mut each: impl FnMut(u32, usize)) {
        let range = self.place_starts[record as usize] as usize..self.place_starts[record as usize + 1] as usize;
        let mut key = 0;
        for place in &self.places[range] {
            let place = *place as usize;
            while self.key_starts.get(key + 1).is_some_and(|start| *start <= place) {
                key += 1;
            }
            if dropped[key] {
                continue;
            }
            let count = usize::from(self.partners[place]);
            for partner in &self.members[place + 1..=place + count] {
                each(*partner, key);
            }
        }
    }
}

struct Cutter<'a> {
    records: &'a Records,
    atoms: &'a Atoms<'a>,
    splitters: &'a [Splitter],
    touched: Option<&'a [bool]>,
}

impl Cutter<'_> {
    /// The blocks of a key, and how it was used: as the plan says, or where there is none yet as the records want it.
    fn blocks_of(&self, key: &Key, plan: Option<KeyPlan>, max_block_records: usize) -> (KeyBlocks, KeyPlan) {
        let mut blocks = KeyBlocks {
            members: Vec::new(),
            partners: Vec::new(),
            statistics: KeyStatistics { name: key.name.clone(), ..KeyStatistics::default() },
        };
        if let Some(plan) = plan.clone().filter(|plan| plan.dropped) {
            return (blocks, plan);
        }
        let mut entries = self.entries(key);
        entries.par_sort_unstable();
        entries.dedup();
        let plan = plan.unwrap_or_else(|| KeyPlan {
            name: key.name.clone(),
            max_block_records: largest_block(&entries, self.records.len(), max_block_records),
            dropped: false,
        });
        let most = plan.max_block_records;
        for block in entries.chunk_by(|left, right| left.0 == right.0) {
            blocks.statistics.largest_block = blocks.statistics.largest_block.max(block.len() as u64);
            if block.len() > most {
                blocks.statistics.split_blocks += 1;
                let members: Vec<u32> = block.iter().map(|(_, record)| *record).collect();
                self.split(&members, (0, most), &mut blocks);
            } else if block.len() > 1 {
                self.add(&mut blocks, block.iter().map(|(_, record)| *record), usize::MAX);
            }
        }
        (blocks, plan)
    }

    fn add(&self, blocks: &mut KeyBlocks, members: impl ExactSizeIterator<Item = u32> + Clone, most: usize) {
        if self.touched.is_none_or(|touched| members.clone().any(|member| touched[member as usize])) {
            blocks.add(members, most);
        }
    }

    /// The hashes that touched records have under a key.
    fn touched_hashes(&self, key: &Key, touched: &[bool]) -> HashSieve {
        let mut sieve = HashSieve::default();
        let mut hashes = Vec::new();
        for (record, _) in (0_u32..).zip(touched).filter(|(_, touched)| **touched) {
            hashes.clear();
            (key.make)(self.atoms, self.records.record(record), &mut hashes);
            for hash in &hashes {
                sieve.insert(*hash);
            }
        }
        sieve
    }

    fn entries(&self, key: &Key) -> Vec<(u64, u32)> {
        let count = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        let sieve = self.touched.map(|touched| self.touched_hashes(key, touched));
        let wanted = |hash: &u64| sieve.as_ref().is_none_or(|sieve| sieve.contains(*hash));
        (0..count)
            .into_par_iter()
            .with_min_len(4096)
            .fold(
                || (Vec::new(), Vec::new()),
                |(mut entries, mut hashes): (Vec<(u64, u32)>, Vec<u64>), record| {
                    hashes.clear();
                    (key.make)(self.atoms, self.records.record(record), &mut hashes);
                    entries.extend(hashes.iter().filter(|hash| wanted(hash)).map(|hash| (*hash, record)));
                    (entries, hashes)
                },
            )
            .map(|(entries, _)| entries)
            .reduce(Vec::new, |mut left, right| {
                left.extend(right);
                left
            })
    }

    /// Splits a block by the next splitter that tells its members apart.
    fn split(&self, members: &[u32], (from, most): (usize, usize), blocks: &mut KeyBlocks) {
        if members.len() <= most {
            if members.len() > 1 {
                self.add(blocks, members.iter().copied(), usize::MAX);
            }
            return;
        }
        for (number, splitter) in self.splitters.iter().enumerate().skip(from) {
            let mut entries: Vec<(u64, u32)> = members
                .iter()
                .map(|member| (self.atoms.splitter(*splitter, self.records.record(*member)), *member))
                .collect();
            entries.sort_unstable();
            if entries.first().map(|entry| entry.0) == entries.last().map(|entry| entry.0) {
                continue;
            }
            for part in entries.chunk_by(|left, right| left.0 == right.0) {
                let members: Vec<u32> = part.iter().map(|(_, record)| *record).collect();
                self.split(&members, (number + 1, most), blocks);
            }
            return;
        }
        blocks.statistics.capped_blocks += 1;
        self.add(blocks, members.iter().copied(), NEIGHBOURS);
    }
}

/// The largest block that keeps a key's pairs within bounds, if those beyond it fall into parts of half that size.
/// `entries` are sorted.
fn largest_block(entries: &[(u64, u32)], records: usize, most: usize) -> usize {
    let bound = PAIRS_A_RECORD * records as f64;
    let pairs_with = |most: usize| {
        let blocks = entries.chunk_by(|left, right| left.0 == right.0);
        let partners = |block: &[(u64, u32)]| if block.len() <= most { block.len() - 1 } else { most / 2 };
        blocks.map(|block| block.len() as f64 * partners(block) as f64 / 2.0).sum::<f64>()
    };
    let sizes = std::iter::successors(Some(most), |most| Some(most / 2));
    let fitting = sizes.take_while(|size| *size >= FEWEST_SPLIT).find(|size| pairs_with(*size) <= bound);
    fitting.unwrap_or(FEWEST_SPLIT.min(most))
}

/// A set of hashes, with a bit a place in front of it, since most of those asked for are not there.
#[derive(Default)]
struct HashSieve {
    bits: Vec<u64>,
    hashes: FxHashSet<u64>,
}

impl HashSieve {
    const BITS: usize = 1 << 22;

    fn place(hash: u64) -> (usize, u64) {
        let bit = (hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 42) as usize % Self::BITS;
        (bit / 64, 1 << (bit % 64))
    }

    fn insert(&mut self, hash: u64) {
        if self.bits.is_empty() {
            self.bits = vec![0; Self::BITS / 64];
        }
        let (place, bit) = Self::place(hash);
        self.bits[place] |= bit;
        self.hashes.insert(hash);
    }

    fn contains(&self, hash: u64) -> bool {
        let (place, bit) = Self::place(hash);
        self.bits.get(place).is_some_and(|bits| bits & bit != 0) && self.hashes.contains(&hash)
    }
}

impl KeyBlocks {
    fn add(&mut self, members: impl ExactSizeIterator<Item = u32>, most: usize) {
        let count = members.len();
        self.members.extend(members);
        for place in 0..count {
            let partners = (count - place - 1).min(most);
            self.statistics.pairs += partners as u64;
            self.partners.push(u16::try_from(partners).unwrap_or(u16::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use kartei_schemas::matching::MatchSchema;
    use polars_core::prelude::df;

    use super::*;
    use crate::keys;

    /// Blocks of so many records each.
    fn entries(sizes: &[usize]) -> Vec<(u64, u32)> {
        let blocks = (0_u64..).zip(sizes);
        let hashes = blocks.flat_map(|(hash, size)| std::iter::repeat_n(hash, *size));
        hashes.zip(0_u32..).collect()
    }

    #[test]
    fn a_key_that_forms_few_pairs_keeps_its_blocks_and_one_that_forms_many_has_them_split() {
        assert_eq!(largest_block(&entries(&[64, 2, 2]), 1000, 64), 64);
        assert_eq!(largest_block(&entries(&[64; 20]), 1280, 64), 8);
        let finer = largest_block(&entries(&[[64; 4], [2; 4]].concat()), 1000, 64);
        assert!((8..64).contains(&finer), "{finer}");
        assert_eq!(largest_block(&entries(&[64; 20]), 1280, 4), 4, "never more than is allowed");
    }

    #[test]
    fn keys_are_used_as_the_plan_of_an_earlier_run_says() {
        let names: Vec<String> = (0..40).map(|number| format!("Name{}", number % 2)).collect();
        let frame = df!("given_name" => &names, "surname" => &names).unwrap();
        let records = Records::read(frame, &MatchSchema::default()).unwrap();
        let (all, splitters) = (keys::all(&records), keys::splitters(&records));
        let fresh = Blocks::form(&records, (&all, &splitters), 64, (None, &[]));
        let used = fresh.statistics.iter().position(|key| key.pairs > 0).unwrap();
        let mut plans = fresh.plans.clone();
        plans[used].dropped = true;
        let again = Blocks::form(&records, (&all, &splitters), 64, (None, &plans));
        assert_eq!((again.statistics[used].pairs, &again.plans), (0, &plans));
        assert_eq!(fresh.plans[used].max_block_records, 8, "two blocks of twenty are too much for forty records");
        plans[used] = KeyPlan { max_block_records: 64, dropped: false, ..plans[used].clone() };
        let coarser = Blocks::form(&records, (&all, &splitters), 64, (None, &plans));
        assert!(coarser.statistics[used].pairs > fresh.statistics[used].pairs);
        assert_eq!(coarser.plans, plans);
    }
}
