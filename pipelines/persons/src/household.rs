//! Household ids that last: carried over from person to person like person ids from record to record.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::carry::{Vote, seats, winners};
use crate::column::NO_ROW;
use crate::{IdIssuer, PersonId};

/// Persons who share a household, by the labels that the matching gave their records.
///
/// `members` holds (label, person) pairs, persons being numbers below `persons`. A person whose records lie in two
/// households joins them: otherwise the person would live in two places at once. One entry a person: the number of the
/// household, numbered in the order of their first persons, or `None` for those who live alone.
pub(crate) fn group(mut members: Vec<(u32, u32)>, persons: usize) -> Vec<Option<u32>> {
    members.sort_unstable();
    members.dedup();
    let mut parents: Vec<u32> = (0..u32::try_from(persons).unwrap_or(NO_ROW)).collect();
    for pair in members.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let (left, right) = (root(&mut parents, pair[0].1), root(&mut parents, pair[1].1));
        // The smaller number is the root, so that the numbering follows the persons' order.
        parents[left.max(right) as usize] = left.min(right);
    }
    let roots: Vec<u32> = (0..).take(persons).map(|person| root(&mut parents, person)).collect();
    let mut sizes = vec![0_u32; persons];
    for &root in &roots {
        sizes[root as usize] += 1;
    }
    let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
    roots
        .iter()
        .map(|root| {
            let next = u32::try_from(numbers.len()).unwrap_or(NO_ROW);
            (sizes[*root as usize] > 1).then(|| *numbers.entry(*root).or_insert(next))
        })
        .collect()
}

fn root(parents: &mut [u32], of: u32) -> u32 {
    let mut node = of;
    while parents[node as usize] != node {
        parents[node as usize] = parents[parents[node as usize] as usize];
        node = parents[node as usize];
    }
    node
}

/// One household id a person: `ids` are the persons, sorted; `before` tells which household a person had.
pub(crate) fn assign(
    ids: &[PersonId],
    households: &[Option<u32>],
    before: &FxHashMap<PersonId, PersonId>,
    issuer: &IdIssuer,
) -> Vec<Option<PersonId>> {
    let count = households.iter().flatten().max().map_or(0, |last| *last as usize + 1);
    let mut sizes = vec![0_u32; count];
    let mut anchors: Vec<Option<PersonId>> = vec![None; count];
    let mut votes = Vec::new();
    for (rank, (&person, household)) in (0_u32..).zip(ids.iter().zip(households)) {
        let Some(household) = *household else { continue };
        sizes[household as usize] += 1;
        anchors[household as usize].get_or_insert(person);
        if let Some(&id) = before.get(&person) {
            votes.push(Vote { id, cluster: household, weight: 1, native: true, rank });
        }
    }
    let seats = seats(&mut votes, &sizes, 0);
    let mut taken_ids: FxHashSet<PersonId> = before.values().copied().collect();
    let mut household_ids = Vec::with_capacity(count);
    for (carried, anchor) in winners(&seats, count).into_iter().zip(anchors) {
        let id = carried.or_else(|| anchor.map(|anchor| issuer.household(anchor, |id| taken_ids.contains(&id))));
        taken_ids.extend(id);
        household_ids.push(id);
    }
    households.iter().map(|household| household.and_then(|household| household_ids[household as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> PersonId {
        format!("{text:0>12}").parse().unwrap()
    }

    #[test]
    fn who_shares_a_label_shares_a_household_and_who_is_alone_has_none() {
        assert_eq!(group(vec![(7, 0), (7, 2), (9, 1)], 3), [Some(0), None, Some(0)]);
    }

    #[test]
    fn a_person_in_two_households_joins_them() {
        assert_eq!(group(vec![(1, 0), (1, 1), (2, 1), (2, 2)], 3), [Some(0), Some(0), Some(0)]);
    }

    #[test]
    fn a_household_keeps_its_id_when_a_child_moves_out_and_the_child_gets_another() {
        let issuer = IdIssuer::new(b"secret");
        let ids = [id("1"), id("2"), id("3"), id("4")];
        let first = assign(&ids[..3], &[Some(0), Some(0), Some(0)], &FxHashMap::default(), &issuer);
        assert!(first[0].is_some());
        assert_eq!(first[0], first[2]);
        let before = ids.iter().zip(&first).filter_map(|(id, home)| Some((*id, (*home)?))).collect();
        let second = assign(&ids, &[Some(0), Some(0), Some(1), Some(1)], &before, &issuer);
        assert_eq!(second[0], first[0]);
        assert_eq!(second[1], first[0]);
        assert!(second[2].is_some());
        assert_ne!(second[2], first[0]);
    }
}
