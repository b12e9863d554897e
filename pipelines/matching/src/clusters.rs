//! Clusters: what hangs together, then average linkage inside, so that one wrong pair does not join two people.

mod components;
mod groups;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::constraints::Constraints;
use crate::forest::Forest;
use crate::lists::NONE;

use components::{Component, Components, of_place};
use groups::{Groups, weights_of};

/// No single pair counts for more than this in the mean of two groups, in bits.
const MOST_BITS: f32 = 12.0;

/// Components with more records are cut into pieces at their weakest pairs first.
const MOST_RECORDS: usize = 256;

/// Records of such a piece. What hangs together in a large component is mostly chance, and what it costs to look at a
/// piece grows with the square of its records.
const MOST_OF_PIECE: usize = 64;

/// What an earlier decision weighs: a probability of 0.5 becomes 0.55.
const HABIT_BITS: f32 = 0.29;

/// A component whose records find no rest under their own habit after so many rounds is divided without it.
const MOST_ROUNDS: usize = 4;

/// A scored pair, weight in bits of log-odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edge {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) weight: f32,
}

/// What clustering is done with.
pub(crate) struct Clustering<'a> {
    pub(crate) records: usize,
    /// Scores a pair that was no candidate.
    pub(crate) score: &'a (dyn Fn(u32, u32) -> f32 + Sync),
    pub(crate) constraints: &'a Constraints,
    /// Per record the cluster in which it stood before, or [`NONE`]; nothing where nothing is known of before. What stood
    /// together stays so in case of doubt, and what stood apart.
    pub(crate) before: Option<&'a [u32]>,
}

/// Two groups that became one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Merge {
    /// A record of one group.
    pub(crate) left: u32,
    /// A record of the other.
    pub(crate) right: u32,
    /// The mean weight of the pairs between them.
    pub(crate) mean: f32,
    /// Pairs between them.
    pub(crate) pairs: f32,
}

/// How the records fall into clusters at some threshold.
#[derive(Debug, Default)]
struct Division {
    merges: Vec<Merge>,
    /// Records that stand together whatever their pairs weigh: those that were judged so, and pieces of components that
    /// are too large to be looked at closely.
    together: Vec<(u32, u32)>,
}

impl Division {
    fn append(mut self, other: Self) -> Self {
        self.merges.extend(other.merges);
        self.together.extend(other.together);
        self
    }
}

impl Clustering<'_> {
    /// Per record the smallest record of its cluster; groups whose pairs have at least `threshold` bits in the mean join.
    pub(crate) fn cluster(&self, edges: &[Edge], threshold: f32) -> Vec<u32> {
        let components = self.components(edges, threshold);
        let division = self.divide(&components, threshold, 1);
        let mut forest = Forest::new(self.records);
        for merge in &division.merges {
            forest.join(merge.left, merge.right);
        }
        for (left, right) in division.together.iter().chain(&self.constraints.same) {
            forest.join(*left, *right);
        }
        forest.labels()
    }

    /// The merges that lead to the clusters of a threshold, of every `one_of`th component, and of every `one_of`th piece of a
    /// component that is too large.
    pub(crate) fn merges(&self, edges: &[Edge], threshold: f32, one_of: usize) -> Vec<Merge> {
        let components = self.components(edges, threshold);
        self.divide(&components, threshold, one_of).merges
    }

    /// What hangs together by pairs above the threshold; and by pairs that habit lifts above it, where that makes no component
    /// too large.
    fn components(&self, edges: &[Edge], threshold: f32) -> Components {
        let mut forest = Forest::new(self.records);
        for edge in edges.iter().filter(|edge| edge.weight >= threshold) {
            forest.join(edge.left, edge.right);
        }
        for (left, right) in &self.constraints.same {
            forest.join(*left, *right);
        }
        let labels = match self.before {
            None => forest.labels(),
            Some(before) => with_habit(forest, edges, threshold, before),
        };
        Components::of(&labels, edges, threshold - 2.0 * MOST_BITS, self.constraints)
    }

    fn divide(&self, components: &Components, threshold: f32, one_of: usize) -> Division {
        in_parts(components.len(), 256, |number, all| {
            let component = components.get(number);
            if component.records.len() > MOST_RECORDS {
                self.cut(&component, threshold, one_of, all);
            } else if number.is_multiple_of(one_of) {
                self.divide_one(&component, threshold, all);
            }
        })
    }

    fn divide_one(&self, component: &Component<'_>, threshold: f32, all: &mut Division) {
        match (component.records, component.edges) {
            ([left, right], [.., edge]) if component.same.is_empty() && component.different.is_empty() => {
                let mean = edge.weight.clamp(-MOST_BITS, MOST_BITS);
                let known = self.before.map_or(0, |before| habit(before[*left as usize], before[*right as usize]));
                if mean + HABIT_BITS * known as f32 >= threshold {
                    all.merges.push(Merge { left: *left, right: *right, mean, pairs: 1.0 });
                }
            }
            _ => {
                let weights = weights_of(component, self.score);
                match self.before {
                    None => Groups::new(component, weights, &[]).merge(threshold, &mut all.merges),
                    Some(before) => all.merges.extend(settled(component, weights, threshold, before)),
                }
            }
        }
    }

    /// A component that is too large is cut into pieces, and these are divided each for itself, by their pairs alone: which pieces
    /// there are depends on all of them, so that habit could find no rest.
    fn cut(&self, component: &Component<'_>, threshold: f32, one_of: usize, all: &mut Division) {
        let labels = piece_labels(component, threshold);
        let pieces = Components::of_pieces(component, &labels);
        let divided = in_parts(pieces.len(), 16, |number, all| {
            if !number.is_multiple_of(one_of) {
                return;
            }
            let piece = pieces.get(number);
            if (2..=MOST_OF_PIECE).contains(&piece.records.len()) {
                Groups::new(&piece, weights_of(&piece, self.score), &[]).merge(threshold, &mut all.merges);
            } else {
                all.together.extend(piece.records.windows(2).map(|pair| (pair[0], pair[1])));
            }
        });
        *all = std::mem::take(all).append(divided);
    }
}

/// What habit says of two records, by the clusters in which they stood: 1 for together, -1 for apart, 0 for nothing.
fn habit(left: u32, right: u32) -> i32 {
    match (left, right) {
        (NONE, _) | (_, NONE) => 0,
        _ if left == right => 1,
        _ => -1,
    }
}

/// The labels of components that also hang together by pairs of records that stood together, which habit lifts above the
/// threshold. Components that would become too large by that stay as they are.
fn with_habit(mut forest: Forest, edges: &[Edge], threshold: f32, before: &[u32]) -> Vec<u32> {
    let mut joined = forest.clone();
    let is_lifted = |edge: &&Edge| {
        edge.weight < threshold
            && edge.weight + HABIT_BITS >= threshold
            && habit(before[edge.left as usize], before[edge.right as usize]) > 0
    };
    let mut is_any = false;
    for edge in edges.iter().filter(is_lifted) {
        is_any |= joined.join(edge.left, edge.right);
    }
    if !is_any {
        return forest.labels();
    }
    let joined = joined.labels();
    let mut sizes = vec![0_usize; joined.len()];
    for label in &joined {
        sizes[*label as usize] += 1;
    }
    let label_of = |(record, label): (u32, &u32)| {
        if sizes[*label as usize] <= MOST_RECORDS { *label } else { forest.root(record) }
    };
    (0_u32..).zip(&joined).map(label_of).collect()
}

/// The merges of a component under the habit of their own outcome: whoever divides it again, with that outcome as what was
/// before, finds the same.
fn settled(component: &Component<'_>, weights: Vec<f32>, threshold: f32, before: &[u32]) -> Vec<Merge> {
    let mut before: Vec<u32> = component.records.iter().map(|record| before[*record as usize]).collect();
    for _ in 0..MOST_ROUNDS {
        let mut merges = Vec::new();
        Groups::new(component, weights.clone(), &before).merge(threshold, &mut merges);
        let now = places(component, &merges);
        if is_same_division(&before, &now) {
            return merges;
        }
        before = now;
    }
    // Without habit the outcome is one that its own habit does not change: it lifts all pairs inside by as much, and lowers
    // all others.
    let mut merges = Vec::new();
    Groups::new(component, weights, &[]).merge(threshold, &mut merges);
    merges
}

/// Per place of a component the smallest place of its cluster.
fn places(component: &Component<'_>, merges: &[Merge]) -> Vec<u32> {
    let mut forest = Forest::new(component.records.len());
    let joined = merges.iter().map(|merge| (merge.left, merge.right));
    for (left, right) in joined.chain(component.same.iter().copied()) {
        forest.join(of_place(component, left), of_place(component, right));
    }
    forest.labels()
}

/// Whether the labels of before, none of which may be missing, divide the places as `now` does, which names for each the
/// smallest place of its cluster.
fn is_same_division(before: &[u32], now: &[u32]) -> bool {
    let smallest = |label: &u32| before.iter().position(|other| other == label);
    now.iter().zip(before).all(|(place, label)| *label != NONE && smallest(label) == Some(*place as usize))
}

/// Divides so many things in parallel, `at_once` of them a task: most are done in no time and a few are long, and these
/// stand together, so that tasks that are large would leave most of the work to one thread.
fn in_parts(count: usize, at_once: usize, divide: impl Fn(usize, &mut Division) + Sync) -> Division {
    let numbers = (0..count).into_par_iter().with_min_len(at_once).with_max_len(at_once);
    let divided = numbers.fold(Division::default, |mut all, number| {
        divide(number, &mut all);
        all
    });
    divided.reduce(Division::default, Division::append)
}

/// Per place in a component that is too large, the smallest place of its piece: the strongest pairs first, as long as a
/// piece stays small.
fn piece_labels(component: &Component<'_>, threshold: f32) -> Vec<u32> {
    let mut forest = Forest::new(component.records.len());
    let mut sizes = vec![1_usize; component.records.len()];
    let different: FxHashSet<(u32, u32)> = component.different.iter().copied().collect();
    for (left, right) in &component.same {
        let (left, right) = (forest.root(of_place(component, *left)), forest.root(of_place(component, *right)));
        if forest.join(left, right) {
            sizes[left.min(right) as usize] += sizes[left.max(right) as usize];
        }
    }
    let mut edges: Vec<Edge> = component.edges.iter().copied().filter(|edge| edge.weight >= threshold).collect();
    edges.sort_by(|one, other| {
        other.weight.total_cmp(&one.weight).then((one.left, one.right).cmp(&(other.left, other.right)))
    });
    for edge in &edges {
        let (left, right) = (forest.root(of_place(component, edge.left)), forest.root(of_place(component, edge.right)));
        let is_equal = edge.weight >= 2.0 * MOST_BITS && different.is_empty();
        if left != right && (is_equal || sizes[left as usize] + sizes[right as usize] <= MOST_OF_PIECE) {
            forest.join(left, right);
            sizes[left.min(right) as usize] += sizes[left.max(right) as usize];
        }
    }
    forest.labels()
}

/// The probability of a weight in bits of log-odds.
pub(crate) fn probability_of(bits: f32) -> f32 {
    1.0 / (1.0 + (-bits).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clustering<'a>(
        records: usize,
        score: &'a (dyn Fn(u32, u32) -> f32 + Sync),
        constraints: &'a Constraints,
    ) -> Clustering<'a> {
        Clustering { records, score, constraints, before: None }
    }

    #[test]
    fn a_component_that_is_too_large_is_cut_at_its_weakest_pairs() {
        // A chain of 600 records, too long to be looked at whole; every tenth pair is weak.
        let weight = |left: u32| if left % 10 == 9 { -1.0 } else { 8.0 };
        let edges: Vec<Edge> = (0..599).map(|left| Edge { left, right: left + 1, weight: weight(left) }).collect();
        let constraints = Constraints::default();
        let labels = clustering(600, &|_, _| 6.0, &constraints).cluster(&edges, -2.0);
        for run in (0..600_usize).step_by(10) {
            assert!(labels[run..run + 10].iter().all(|label| *label == labels[run]), "a run of strong pairs is whole");
        }
        let mut sizes = vec![0_usize; 600];
        for label in &labels {
            sizes[*label as usize] += 1;
        }
        assert!(sizes.iter().all(|size| *size <= MOST_OF_PIECE), "{sizes:?}");
    }

    #[test]
    fn of_every_fifth_component_come_a_fifth_of_the_merges() {
        let edges: Vec<Edge> =
            (0..1000).map(|pair| Edge { left: 2 * pair, right: 2 * pair + 1, weight: 3.0 }).collect();
        let constraints = Constraints::default();
        let clustering = clustering(2000, &|_, _| 0.0, &constraints);
        assert_eq!(clustering.merges(&edges, -2.0, 1).len(), 1000);
        assert_eq!(clustering.merges(&edges, -2.0, 5).len(), 200);
    }
}
