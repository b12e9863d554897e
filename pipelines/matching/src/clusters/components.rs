//! What hangs together by pairs above a threshold, laid out one component after the other.

use rustc_hash::FxHashMap;

use super::Edge;
use crate::constraints::Constraints;
use crate::lists::{Lists, NONE};

/// Records that hang together.
pub(super) struct Component<'a> {
    /// Ascending.
    pub(super) records: &'a [u32],
    /// The pairs inside.
    pub(super) edges: &'a [Edge],
    /// Pairs that were judged to be the same.
    pub(super) same: Vec<(u32, u32)>,
    /// Pairs that were judged to differ.
    pub(super) different: Vec<(u32, u32)>,
}

/// The place of a record in its component.
pub(super) fn of_place(component: &Component<'_>, record: u32) -> u32 {
    u32::try_from(component.records.binary_search(&record).unwrap_or(0)).unwrap_or(u32::MAX)
}

/// All components of two records or more.
pub(super) struct Components {
    records: Lists<u32>,
    edges: Lists<Edge>,
    same: FxHashMap<u32, Vec<(u32, u32)>>,
    different: FxHashMap<u32, Vec<(u32, u32)>>,
}

impl Components {
    /// The components by the labels of the records; of the pairs inside, those of `least` bits and more.
    pub(super) fn of(labels: &[u32], edges: &[Edge], least: f32, constraints: &Constraints) -> Self {
        let mut numbers = vec![NONE; labels.len()];
        let mut count = 0;
        let mut sizes = vec![0_u32; labels.len()];
        for label in labels {
            sizes[*label as usize] += 1;
            // A component is numbered when its second record comes.
            if sizes[*label as usize] == 2 {
                numbers[*label as usize] = count;
                count += 1;
            }
        }
        let number_of = |record: u32| numbers[labels[record as usize] as usize];
        let is_inside = |left: u32, right: u32| labels[left as usize] == labels[right as usize];
        let records = (0_u32..).take(labels.len()).map(|record| (number_of(record), record));
        let inside = edges.iter().filter(|edge| edge.weight >= least && is_inside(edge.left, edge.right));
        let pairs = |pairs: &[(u32, u32)]| by_number(pairs, is_inside, number_of);
        Self {
            records: Lists::of(count, records),
            edges: Lists::of(count, inside.map(|edge| (number_of(edge.left), *edge))),
            same: pairs(&constraints.same),
            different: pairs(&constraints.different),
        }
    }

    /// The pieces of a component; `labels` has a label for each of its places.
    pub(super) fn of_pieces(component: &Component<'_>, labels: &[u32]) -> Self {
        let count = u32::try_from(labels.len()).unwrap_or(u32::MAX);
        let label_of = |record: u32| labels[of_place(component, record) as usize];
        let is_inside = |left: u32, right: u32| label_of(left) == label_of(right);
        let inside = component.edges.iter().filter(|edge| is_inside(edge.left, edge.right));
        let pairs = |pairs: &[(u32, u32)]| by_number(pairs, is_inside, label_of);
        Self {
            records: Lists::of(count, labels.iter().copied().zip(component.records.iter().copied())),
            edges: Lists::of(count, inside.map(|edge| (label_of(edge.left), *edge))),
            same: pairs(&component.same),
            different: pairs(&component.different),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn get(&self, number: usize) -> Component<'_> {
        let key = u32::try_from(number).unwrap_or(u32::MAX);
        let pairs = |of: &FxHashMap<u32, Vec<(u32, u32)>>| {
            if of.is_empty() { Vec::new() } else { of.get(&key).cloned().unwrap_or_default() }
        };
        Component {
            records: self.records.get(number),
            edges: self.edges.get(number),
            same: pairs(&self.same),
            different: pairs(&self.different),
        }
    }
}

/// Judged pairs by the component in which they lie; those that lie in none are left out.
fn by_number(
    pairs: &[(u32, u32)],
    is_inside: impl Fn(u32, u32) -> bool,
    number_of: impl Fn(u32) -> u32,
) -> FxHashMap<u32, Vec<(u32, u32)>> {
    let mut found: FxHashMap<u32, Vec<(u32, u32)>> = FxHashMap::default();
    for (left, right) in pairs.iter().filter(|(left, right)| is_inside(*left, *right)) {
        found.entry(number_of(*left)).or_default().push((*left, *right));
    }
    found
}
