//! Clusters: what hangs together, then average linkage inside, so that one wrong pair does not join two people.

mod components;
mod groups;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::constraints::Constraints;
use crate::forest::Forest;

use components::{Component, Components, of_place};
use groups::Groups;

/// No single pair counts for more than this in the mean of two groups, in bits.
const MOST_BITS: f32 = 12.0;

/// Components with more records are cut into pieces at their weakest pairs first.
const MOST_RECORDS: usize = 256;

/// Records of such a piece. What hangs together in a large component is mostly chance, and what it costs to look at a
/// piece grows with the square of its records.
const MOST_OF_PIECE: usize = 64;

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

/// How the records fall into clusters at some threshold, and by which merges, so that a higher threshold need not begin
/// from the pairs again: average linkage merges the best first, and no merge is better than the one before it.
#[derive(Debug, Default)]
pub(crate) struct Division {
    pub(crate) merges: Vec<Merge>,
    /// Records that stand together whatever their pairs weigh: those that were judged so, and pieces of components that
    /// are too large to be looked at closely.
    together: Vec<(u32, u32)>,
    /// Records of components that were cut: where, depends on the threshold.
    cut: Vec<u32>,
}

impl Division {
    fn append(mut self, other: Self) -> Self {
        self.merges.extend(other.merges);
        self.together.extend(other.together);
        self.cut.extend(other.cut);
        self
    }

    fn join(&self, forest: &mut Forest) {
        for merge in &self.merges {
            forest.join(merge.left, merge.right);
        }
        for (left, right) in &self.together {
            forest.join(*left, *right);
        }
    }
}

impl Clustering<'_> {
    /// Per record the smallest record of its cluster; groups whose pairs have at least `threshold` bits in the mean join.
    pub(crate) fn cluster(&self, edges: &[Edge], threshold: f32) -> Vec<u32> {
        self.labels(&self.divide(edges, threshold))
    }

    /// Divides the records by a threshold.
    pub(crate) fn divide(&self, edges: &[Edge], threshold: f32) -> Division {
        let mut forest = Forest::new(self.records);
        for edge in edges.iter().filter(|edge| edge.weight >= threshold) {
            forest.join(edge.left, edge.right);
        }
        for (left, right) in &self.constraints.same {
            forest.join(*left, *right);
        }
        let components = Components::of(&forest.labels(), edges, threshold - 2.0 * MOST_BITS, self.constraints);
        let mut division = in_parts(components.len(), 256, |number, all| {
            self.divide_one(&components.get(number), threshold, all);
        });
        division.together.extend(&self.constraints.same);
        division
    }

    /// The clusters of a division.
    pub(crate) fn labels(&self, division: &Division) -> Vec<u32> {
        let mut forest = Forest::new(self.records);
        division.join(&mut forest);
        forest.labels()
    }

    /// The clusters at a threshold above that of the division, which was made of the same pairs. Groups may also join by
    /// pairs that no key formed, as far as the division has looked at them.
    pub(crate) fn labels_at(&self, division: &Division, edges: &[Edge], threshold: f32) -> Vec<u32> {
        let mut is_cut = vec![false; self.records];
        for record in &division.cut {
            is_cut[*record as usize] = true;
        }
        let mut forest = Forest::new(self.records);
        let stands = |merge: &&Merge| merge.mean >= threshold && !is_cut[merge.left as usize];
        for merge in division.merges.iter().filter(stands) {
            forest.join(merge.left, merge.right);
        }
        for (left, right) in division.together.iter().filter(|(left, _)| !is_cut[*left as usize]) {
            forest.join(*left, *right);
        }
        if !division.cut.is_empty() {
            let of_cut: Vec<Edge> = edges.iter().copied().filter(|edge| is_cut[edge.left as usize]).collect();
            self.divide(&of_cut, threshold).join(&mut forest);
        }
        forest.labels()
    }

    fn divide_one(&self, component: &Component<'_>, threshold: f32, all: &mut Division) {
        match (component.records, component.edges) {
            ([left, right], [.., edge]) if component.same.is_empty() && component.different.is_empty() => {
                let mean = edge.weight.clamp(-MOST_BITS, MOST_BITS);
                if mean >= threshold {
                    all.merges.push(Merge { left: *left, right: *right, mean, pairs: 1.0 });
                }
            }
            (records, _) if records.len() <= MOST_RECORDS => {
                Groups::new(component, self.score).merge(threshold, &mut all.merges);
            }
            (records, _) => {
                all.cut.extend(records);
                self.cut(component, threshold, all);
            }
        }
    }

    /// A component that is too large falls apart at a higher threshold; its pieces are divided each for itself.
    fn cut(&self, component: &Component<'_>, threshold: f32, all: &mut Division) {
        let labels = piece_labels(component, threshold);
        let pieces = Components::of_pieces(component, &labels);
        let divided = in_parts(pieces.len(), 16, |number, all| {
            let piece = pieces.get(number);
            if (2..=MOST_OF_PIECE).contains(&piece.records.len()) {
                Groups::new(&piece, self.score).merge(threshold, &mut all.merges);
            } else {
                all.together.extend(piece.records.windows(2).map(|pair| (pair[0], pair[1])));
            }
        });
        *all = std::mem::take(all).append(divided);
    }
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
    use proptest::prelude::*;

    use super::*;

    const RECORDS: u32 = 24;

    fn pairs(most: usize) -> impl Strategy<Value = Vec<(u32, u32)>> {
        let pair = (0..RECORDS, 0..RECORDS).prop_filter("two records", |(left, right)| left != right);
        prop::collection::vec(pair.prop_map(|(left, right)| (left.min(right), left.max(right))), 0..most)
    }

    fn edges() -> impl Strategy<Value = Vec<Edge>> {
        let weights = prop::collection::vec(-30_i8..30, 60);
        (pairs(60), weights).prop_map(|(mut pairs, weights)| {
            pairs.sort_unstable();
            pairs.dedup();
            let edge = |((left, right), weight)| Edge { left, right, weight: f32::from(weight) / 2.0 };
            pairs.into_iter().zip(weights).map(edge).collect()
        })
    }

    proptest! {
        #[test]
        fn a_division_says_what_the_clusters_of_a_higher_threshold_are(
            edges in edges(), same in pairs(4), different in pairs(4), higher in 0_u8..12,
        ) {
            let constraints = Constraints {
                different: different.into_iter().filter(|pair| !same.contains(pair)).collect(),
                same,
                ..Constraints::default()
            };
            // Pairs that no key formed say nothing here: where they speak for one person, what hangs together at a low
            // threshold has them looked at, and what falls apart at a higher one does not.
            let score = |left: u32, right: u32| if (left + right).is_multiple_of(3) { -2.5 } else { -4.0 };
            let clustering = Clustering { records: RECORDS as usize, score: &score, constraints: &constraints };
            let threshold = -2.0 + f32::from(higher) / 2.0;
            let division = clustering.divide(&edges, -2.0);
            prop_assert_eq!(
                clustering.labels_at(&division, &edges, threshold),
                clustering.cluster(&edges, threshold)
            );
        }
    }

    #[test]
    fn a_component_that_was_cut_is_cut_anew_at_a_higher_threshold() {
        // A chain of 600 records, too long to be looked at whole; every tenth pair is weak.
        let weight = |record: u32| if record.is_multiple_of(10) { -1.0 } else { 8.0 };
        let edges: Vec<Edge> = (0..599).map(|left| Edge { left, right: left + 1, weight: weight(left) }).collect();
        let score = |_: u32, _: u32| 6.0;
        let constraints = Constraints::default();
        let clustering = Clustering { records: 600, score: &score, constraints: &constraints };
        let division = clustering.divide(&edges, -2.0);
        assert_eq!(division.cut.len(), 600);
        assert_eq!(clustering.labels_at(&division, &edges, 1.0), clustering.cluster(&edges, 1.0));
        assert_ne!(clustering.labels_at(&division, &edges, 1.0), clustering.labels(&division));
    }
}
