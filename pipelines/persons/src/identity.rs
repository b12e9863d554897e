//! Who is who over time: each cluster gets the id that most of its records bore, or a new one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use polars_core::prelude::DataFrame;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::carry::{Vote, seats, winners};
use crate::column::{NO_ROW, RecordKeys};
use crate::history::Former;
use crate::{History, IdIssuer, PersonId, PersonsError};

mod record_map;

/// How ids are carried over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityRules {
    /// How much a record of a source weighs when an id must choose a side; a source that is not named weighs 1.
    pub source_weights: BTreeMap<String, u32>,
    /// Added to the side that holds the smallest of the id's records: above 0, an id moves only for more than a narrow
    /// majority.
    pub anchor_bonus: u32,
}

/// What happened to an id in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityEvent {
    /// A new id for records never seen before.
    Created {
        /// The new id.
        person: PersonId,
    },
    /// Two persons turned out to be one.
    Merged {
        /// The id that was given up.
        person: PersonId,
        /// The id that lives on.
        into: PersonId,
    },
    /// One person turned out to be two.
    Split {
        /// The id of the part that left: new, or its own of old where a merge was undone.
        person: PersonId,
        /// The id that it bore before.
        from: PersonId,
    },
    /// The last record of a person is gone.
    Gone {
        /// The id, kept for the records' return.
        person: PersonId,
    },
    /// A person of old is back: a gone record returned, or a merge was undone (then `Split` is told as well).
    Returned {
        /// The id.
        person: PersonId,
    },
}

/// Who each record is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The person of each row of the records frame.
    pub persons: Vec<PersonId>,
    /// What happened, sorted.
    pub events: Vec<IdentityEvent>,
    /// The record map of this run, all records ever seen, sorted by source and key: the next run's history.
    pub record_map: DataFrame,
    /// Persons of the last run that consist of the very same records now.
    pub stable: u64,
    /// Records that went from one person to another, without merges and splits.
    pub moved_records: u64,
    pub(crate) entries: Entries,
    /// Persons, of before or of now, whose records came, went or moved.
    pub(crate) recomposed: FxHashSet<PersonId>,
    /// Persons of whom a record that had gone is back.
    pub(crate) came_back: FxHashSet<PersonId>,
}

/// The record map once more, in memory: one entry a record ever seen, sorted by source and key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entries {
    pub(crate) persons: Vec<PersonId>,
    pub(crate) former: FxHashMap<u32, Vec<Former>>,
    pub(crate) first_seen: Vec<i64>,
    pub(crate) numbers: Vec<u32>,
    /// The row of the records frame, or [`NO_ROW`] for a gone record.
    pub(crate) rows: Vec<u32>,
}

/// Carries ids over from the last run.
///
/// Each id of old goes to the cluster that holds most of its records: first those that bore it from the beginning, then
/// all of them by weight, then the larger cluster, then the one with the smaller first record. A cluster that several
/// ids went to keeps the one with most weight in it; the others are merged into that one. A cluster without an id gets
/// back an id that was given up in a merge, if it holds most of the records that bore it then; else a new id, anchored
/// in its smallest record and checked against every id ever issued.
///
/// The order of rows does not matter, and neither do the cluster labels' values.
pub fn assign(
    records: &DataFrame,
    clusters: &[u32],
    history: &History,
    issuer: &IdIssuer,
    rules: &IdentityRules,
    now: DateTime<Utc>,
) -> Result<Identity, PersonsError> {
    if clusters.len() != records.height() {
        let (what, found, wanted) = ("the list of clusters", clusters.len(), records.height());
        return Err(PersonsError::WrongLength { what, found, wanted });
    }
    let keys = RecordKeys::read(records, "records")?;
    let past = history.map.as_ref().map(|map| RecordKeys::read(map, "record map")).transpose()?;
    let known = past.as_ref().map_or_else(|| vec![NO_ROW; clusters.len()], |past| keys.rows_in(past));
    let clusters = Clusters::number(clusters, &keys.order);
    let case = Case { keys: &keys, known: &known, clusters: &clusters, history, rules };

    let mut votes = case.votes();
    let taken = seats(&mut votes, &clusters.sizes, rules.anchor_bonus);
    let mut ids = winners(&taken, clusters.sizes.len());
    let carried = ids.clone();
    let merged: FxHashMap<PersonId, PersonId> = taken
        .iter()
        .filter_map(|seat| Some((seat.id, ids[seat.cluster as usize]?)))
        .filter(|(id, into)| id != into)
        .collect();
    let returned = case.give_back(&mut ids);
    let origins = origins(&votes, &carried);
    let (ids, minted) = case.mint(ids, issuer);

    let fate = Fate { merged, returned, now: now.timestamp_millis() };
    let map = record_map::next(&case, past.as_ref(), &ids, &fate)?;
    let fresh = minted.iter().chain(&fate.returned.clusters).copied().collect();
    Ok(case.conclude(map, &Outcome { ids, carried, origins, minted, fresh }, &fate))
}

/// What is known before anything is decided.
struct Case<'a> {
    keys: &'a RecordKeys<'a>,
    /// For each row the history's entry, or [`NO_ROW`].
    known: &'a [u32],
    clusters: &'a Clusters,
    history: &'a History,
    rules: &'a IdentityRules,
}

/// What became of the ids of old.
struct Fate {
    /// Given up → lives on.
    merged: FxHashMap<PersonId, PersonId>,
    returned: GivenBack,
    /// Milliseconds UTC.
    now: i64,
}

/// Ids that came back because a merge was undone.
#[derive(Default)]
struct GivenBack {
    /// Each id with the time of the merge that is undone.
    ids: FxHashMap<PersonId, i64>,
    clusters: Vec<u32>,
}

impl GivenBack {
    /// Whether this is the word of a merge that is undone now. A record may have given the same id up in an earlier
    /// one, and not have followed when that was undone for others: that is over.
    fn undoes(&self, former: &Former) -> bool {
        self.ids.get(&former.id) == Some(&former.until)
    }
}

/// Which cluster bears which id, and why.
struct Outcome {
    ids: Vec<PersonId>,
    /// The ids that came straight from the last run.
    carried: Vec<Option<PersonId>>,
    /// For clusters without a carried id: the id that most of their records bore.
    origins: FxHashMap<u32, PersonId>,
    minted: Vec<u32>,
    /// Clusters whose id is minted or given back.
    fresh: FxHashSet<u32>,
}

/// Clusters numbered in the order of their smallest records.
struct Clusters {
    of_row: Vec<u32>,
    sizes: Vec<u32>,
    /// The row of each cluster's smallest record.
    anchors: Vec<u32>,
}

impl Clusters {
    fn number(labels: &[u32], order: &[u32]) -> Self {
        let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
        let mut numbered = Self { of_row: vec![0; labels.len()], sizes: Vec::new(), anchors: Vec::new() };
        numbers.reserve(labels.len());
        for &row in order {
            let next = u32::try_from(numbered.sizes.len()).unwrap_or(NO_ROW);
            let number = *numbers.entry(labels[row as usize]).or_insert(next);
            if number == next {
                numbered.sizes.push(0);
                numbered.anchors.push(row);
            }
            numbered.sizes[number as usize] += 1;
            numbered.of_row[row as usize] = number;
        }
        numbered
    }
}

impl Case<'_> {
    /// One vote a record that was known before.
    fn votes(&self) -> Vec<Vote> {
        let mut votes = Vec::with_capacity(self.known.len());
        for (rank, &row) in (0..).zip(&self.keys.order) {
            let entry = self.known[row as usize];
            if entry != NO_ROW {
                let id = self.history.persons[entry as usize];
                votes.push(Vote {
                    id,
                    native: !self.history.former.contains_key(&entry),
                    ..self.blank_vote(row, rank)
                });
            }
        }
        votes
    }

    fn blank_vote(&self, row: u32, rank: u32) -> Vote {
        let weights = &self.rules.source_weights;
        let weight = if weights.is_empty() { 1 } else { weights.get(self.keys.name(row).0).copied().unwrap_or(1) };
        let id = self.history.persons[self.known[row as usize] as usize];
        Vote { id, cluster: self.clusters.of_row[row as usize], weight, native: true, rank }
    }

    /// Gives ids that a merge retired back to clusters that hold most of the records that bore them then.
    fn give_back(&self, ids: &mut [Option<PersonId>]) -> GivenBack {
        let mut retired: FxHashMap<PersonId, i64> = FxHashMap::default();
        for former in self.history.former.values().flatten() {
            let until = retired.entry(former.id).or_insert(former.until);
            *until = former.until.max(*until);
        }
        if retired.is_empty() {
            return GivenBack::default();
        }
        for id in &self.history.persons {
            retired.remove(id);
        }
        let mut votes = Vec::new();
        for (rank, &row) in (0..).zip(&self.keys.order) {
            let former = self.history.former.get(&self.known[row as usize]).into_iter().flatten();
            // Who gave the id up in an earlier merge did not bear it when it was retired last.
            let own = former.filter(|former| retired.get(&former.id) == Some(&former.until));
            votes.extend(own.map(|former| Vote { id: former.id, ..self.blank_vote(row, rank) }));
        }
        let mut best: FxHashMap<u32, (u64, i64, Reverse<u32>, PersonId)> = FxHashMap::default();
        for seat in seats(&mut votes, &self.clusters.sizes, 0) {
            if ids[seat.cluster as usize].is_none() {
                // Of ids that all records of a cluster gave up, the last one is whom they were before the merge.
                let until = retired.get(&seat.id).copied().unwrap_or(i64::MIN);
                let merit = (seat.weight, until, Reverse(seat.rank), seat.id);
                best.entry(seat.cluster).and_modify(|known| *known = merit.max(*known)).or_insert(merit);
            }
        }
        let mut given = GivenBack::default();
        for (cluster, (_, until, _, id)) in best {
            ids[cluster as usize] = Some(id);
            given.ids.insert(id, until);
            given.clusters.push(cluster);
        }
        given
    }

    /// New ids for the clusters that have none; says which those were.
    fn mint(&self, ids: Vec<Option<PersonId>>, issuer: &IdIssuer) -> (Vec<PersonId>, Vec<u32>) {
        let mut here: FxHashSet<PersonId> = FxHashSet::default();
        let mut minted = Vec::new();
        let mut all = Vec::with_capacity(ids.len());
        for (cluster, id) in (0_u32..).zip(ids) {
            let id = id.unwrap_or_else(|| {
                let (source, key) = self.keys.name(self.clusters.anchors[cluster as usize]);
                let id = issuer.person(source, key, |id| self.history.issued.contains(&id) || here.contains(&id));
                here.insert(id);
                minted.push(cluster);
                id
            });
            all.push(id);
        }
        (all, minted)
    }

    /// Puts events and counts together.
    fn conclude(&self, map: record_map::NextMap, outcome: &Outcome, fate: &Fate) -> Identity {
        let record_map::NextMap { frame, entries, recomposed, came_back } = map;
        let mut before: Vec<PersonId> = self
            .history
            .persons
            .iter()
            .zip(&self.history.present)
            .filter(|(_, present)| **present)
            .map(|(id, _)| *id)
            .collect();
        before.sort_unstable();
        before.dedup();
        let mut events: Vec<IdentityEvent> =
            fate.merged.iter().map(|(&person, &into)| IdentityEvent::Merged { person, into }).collect();
        for &cluster in &outcome.minted {
            let person = outcome.ids[cluster as usize];
            events.push(match outcome.origins.get(&cluster) {
                Some(&from) => IdentityEvent::Split { person, from },
                None => IdentityEvent::Created { person },
            });
        }
        for &cluster in &fate.returned.clusters {
            let person = outcome.ids[cluster as usize];
            let from = outcome.origins.get(&cluster).copied();
            events.extend(from.map(|from| IdentityEvent::Split { person, from }));
            events.push(IdentityEvent::Returned { person });
        }
        let back = outcome.carried.iter().flatten().filter(|id| before.binary_search(id).is_err());
        events.extend(back.map(|&person| IdentityEvent::Returned { person }));
        let mut alive = outcome.ids.clone();
        alive.sort_unstable();
        let lost = before.iter().filter(|id| alive.binary_search(id).is_err() && !fate.merged.contains_key(id));
        events.extend(lost.map(|&person| IdentityEvent::Gone { person }));
        events.sort_unstable();
        let stable = before.iter().filter(|id| !recomposed.contains(id)).count() as u64;
        let moved_records = self.moved(outcome, fate);
        let persons = self.clusters.of_row.iter().map(|&cluster| outcome.ids[cluster as usize]).collect();
        Identity { persons, events, record_map: frame, stable, moved_records, entries, recomposed, came_back }
    }

    fn moved(&self, outcome: &Outcome, fate: &Fate) -> u64 {
        let moved = self.known.iter().zip(&self.clusters.of_row).filter(|(entry, cluster)| {
            let Some(before) = self.history.persons.get(**entry as usize) else { return false };
            let now = outcome.ids[**cluster as usize];
            *before != now && !outcome.fresh.contains(cluster) && fate.merged.get(before) != Some(&now)
        });
        moved.count() as u64
    }
}

/// For clusters without a carried id, the id that most of their records bore; ties go to the smallest record.
fn origins(votes: &[Vote], carried: &[Option<PersonId>]) -> FxHashMap<u32, PersonId> {
    let mut left: Vec<Vote> = votes.iter().filter(|vote| carried[vote.cluster as usize].is_none()).copied().collect();
    left.sort_unstable_by_key(|vote| (vote.cluster, vote.id, vote.rank));
    let mut origins = FxHashMap::default();
    for here in left.chunk_by(|one, other| one.cluster == other.cluster) {
        let main = here.chunk_by(|one, other| one.id == other.id).max_by_key(|of_id| {
            let weight: u64 = of_id.iter().map(|vote| u64::from(vote.weight)).sum();
            (weight, Reverse(of_id[0].rank))
        });
        origins.extend(main.map(|of_id| (of_id[0].cluster, of_id[0].id)));
    }
    origins
}

#[cfg(test)]
#[path = "identity/tests.rs"]
mod tests;
