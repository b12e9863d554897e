//! The heart of carrying ids over: every old id takes one seat, every cluster keeps one id.

use std::cmp::Reverse;

use crate::PersonId;

/// One record's (or person's) word on where its old id should go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vote {
    /// The id that it bore.
    pub(crate) id: PersonId,
    /// The cluster in which it is now.
    pub(crate) cluster: u32,
    /// How much it weighs.
    pub(crate) weight: u32,
    /// Whether it bore the id from the first, and did not come by a merge.
    pub(crate) native: bool,
    /// Its place in the order of records.
    pub(crate) rank: u32,
}

/// Where one old id went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) id: PersonId,
    pub(crate) cluster: u32,
    /// The weight of the id's records there.
    pub(crate) weight: u64,
    native_weight: u64,
    /// The smallest of the id's records there.
    pub(crate) rank: u32,
}

/// Gives each id to the cluster that holds most of its records; sorted by id.
///
/// Records that bore the id from the first go before those that came by a merge: when a merge is undone, the id stays
/// with its own. Then the weight of all records decides, then the larger cluster, then the cluster with the smaller
/// first record. `clusters` are numbered in the order of their first records, and `sizes` are theirs.
pub(crate) fn seats(votes: &mut [Vote], sizes: &[u32], anchor_bonus: u32) -> Vec<Seat> {
    votes.sort_unstable_by_key(|vote| (vote.id, vote.cluster, vote.rank));
    let mut seats = Vec::with_capacity(votes.len());
    for votes_of_id in votes.chunk_by(|left, right| left.id == right.id) {
        let anchor = votes_of_id.iter().map(|vote| vote.rank).min();
        let best = votes_of_id
            .chunk_by(|left, right| left.cluster == right.cluster)
            .map(|votes_here| {
                let bonus = if anchor == Some(votes_here[0].rank) { u64::from(anchor_bonus) } else { 0 };
                let sum = |natives_only: bool| -> u64 {
                    let counted = votes_here.iter().filter(|vote| vote.native || !natives_only);
                    bonus + counted.map(|vote| u64::from(vote.weight)).sum::<u64>()
                };
                let Vote { id, cluster, rank, .. } = votes_here[0];
                Seat { id, cluster, weight: sum(false), native_weight: sum(true), rank }
            })
            .max_by_key(|seat| {
                let size = sizes.get(seat.cluster as usize).copied().unwrap_or(0);
                (seat.native_weight, seat.weight, size, Reverse(seat.cluster))
            });
        seats.extend(best);
    }
    seats
}

/// Of the ids that took a seat in one cluster, the one that the cluster keeps: the heaviest, then the one whose own
/// records weigh most, then the one with the smallest record. One entry a cluster.
pub(crate) fn winners(seats: &[Seat], clusters: usize) -> Vec<Option<PersonId>> {
    let mut best: Vec<Option<&Seat>> = vec![None; clusters];
    let merit = |seat: &Seat| (seat.weight, seat.native_weight, Reverse(seat.rank));
    for seat in seats {
        let place = &mut best[seat.cluster as usize];
        if place.is_none_or(|holder| merit(seat) > merit(holder)) {
            *place = Some(seat);
        }
    }
    best.into_iter().map(|seat| seat.map(|seat| seat.id)).collect()
}
