//! Clusters: what hangs together, then average linkage inside, so that one wrong pair does not join two people.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::constraints::Constraints;
use crate::forest::Forest;

/// No single pair counts for more than this in the mean of two groups, in bits.
const MOST_BITS: f32 = 12.0;

/// Components with more records are cut into pieces at their weakest pairs first.
const MOST_RECORDS: usize = 256;

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
    /// The mean weight of the pairs between them.
    pub(crate) mean: f32,
    /// Pairs between them.
    pub(crate) pairs: f32,
}

/// What became of one component.
#[derive(Debug, Default)]
struct Divided {
    clusters: Vec<Vec<u32>>,
    merges: Vec<Merge>,
}

impl Clustering<'_> {
    /// Per record the smallest record of its cluster, and the merges that led there; groups whose pairs have at least
    /// `threshold` bits in the mean join.
    pub(crate) fn cluster(&self, edges: &[Edge], threshold: f32) -> (Vec<u32>, Vec<Merge>) {
        let mut forest = Forest::new(self.records);
        for edge in edges.iter().filter(|edge| edge.weight >= threshold) {
            forest.join(edge.left, edge.right);
        }
        for (left, right) in &self.constraints.same {
            forest.join(*left, *right);
        }
        let components = self.components(&forest.labels(), edges, threshold);
        let parts: Vec<Divided> =
            components.into_par_iter().map(|component| self.divide(component, threshold)).collect();
        let mut labels: Vec<u32> = (0..u32::try_from(self.records).unwrap_or(u32::MAX)).collect();
        let mut merges = Vec::new();
        for part in parts {
            merges.extend(part.merges);
            for cluster in part.clusters {
                let label = cluster.iter().copied().min().unwrap_or(0);
                for record in cluster {
                    labels[record as usize] = label;
                }
            }
        }
        (labels, merges)
    }

    /// The components of two records or more, with their pairs.
    fn components(&self, labels: &[u32], edges: &[Edge], threshold: f32) -> Vec<Component> {
        let mut components: Vec<Component> = Vec::new();
        let mut numbers: FxHashMap<u32, usize> = FxHashMap::default();
        let mut sizes = vec![0_u32; self.records];
        for label in labels {
            sizes[*label as usize] += 1;
        }
        for (record, label) in (0_u32..).zip(labels) {
            if sizes[*label as usize] < 2 {
                continue;
            }
            let number = *numbers.entry(*label).or_insert_with(|| {
                components.push(Component::default());
                components.len() - 1
            });
            components[number].records.push(record);
        }
        for edge in edges {
            let label = labels[edge.left as usize];
            if label == labels[edge.right as usize] && edge.weight >= threshold - 2.0 * MOST_BITS {
                components[numbers[&label]].edges.push(*edge);
            }
        }
        for pair in &self.constraints.same {
            components[numbers[&labels[pair.0 as usize]]].same.push(*pair);
        }
        for pair in &self.constraints.different {
            let label = labels[pair.0 as usize];
            if label == labels[pair.1 as usize] {
                components[numbers[&label]].different.push(*pair);
            }
        }
        components
    }

    fn divide(&self, component: Component, threshold: f32) -> Divided {
        if component.records.len() <= MOST_RECORDS {
            return Groups::new(&component, self.score).merge(threshold);
        }
        self.cut(component, threshold)
    }

    /// A component that is too large falls apart at a higher threshold; its pieces are divided each for itself.
    fn cut(&self, component: Component, threshold: f32) -> Divided {
        let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
        for (number, record) in (0_u32..).zip(&component.records) {
            numbers.insert(*record, number);
        }
        let mut forest = Forest::new(component.records.len());
        let mut sizes = vec![1_usize; component.records.len()];
        let different: FxHashSet<(u32, u32)> = component.different.iter().copied().collect();
        for (left, right) in &component.same {
            let (left, right) = (forest.root(numbers[left]), forest.root(numbers[right]));
            if forest.join(left, right) {
                sizes[left.min(right) as usize] += sizes[left.max(right) as usize];
            }
        }
        let mut edges: Vec<Edge> = component.edges.iter().copied().filter(|edge| edge.weight >= threshold).collect();
        edges.sort_by(|one, other| {
            other.weight.total_cmp(&one.weight).then((one.left, one.right).cmp(&(other.left, other.right)))
        });
        for edge in &edges {
            let (left, right) = (forest.root(numbers[&edge.left]), forest.root(numbers[&edge.right]));
            let is_equal = edge.weight >= 2.0 * MOST_BITS && different.is_empty();
            if left != right && (is_equal || sizes[left as usize] + sizes[right as usize] <= MOST_RECORDS) {
                forest.join(left, right);
                sizes[left.min(right) as usize] += sizes[left.max(right) as usize];
            }
        }
        let labels = forest.labels();
        let mut pieces: Vec<Component> = vec![Component::default(); component.records.len()];
        for (record, label) in component.records.iter().zip(&labels) {
            pieces[*label as usize].records.push(*record);
        }
        let label_of = |record: u32| labels[numbers[&record] as usize] as usize;
        for edge in component.edges {
            if label_of(edge.left) == label_of(edge.right) {
                pieces[label_of(edge.left)].edges.push(edge);
            }
        }
        for pair in component.same {
            pieces[label_of(pair.0)].same.push(pair);
        }
        for pair in component.different {
            if label_of(pair.0) == label_of(pair.1) {
                pieces[label_of(pair.0)].different.push(pair);
            }
        }
        let mut divided = Divided::default();
        for piece in pieces.into_iter().filter(|piece| !piece.records.is_empty()) {
            if piece.records.len() <= MOST_RECORDS {
                let part = Groups::new(&piece, self.score).merge(threshold);
                divided.clusters.extend(part.clusters);
                divided.merges.extend(part.merges);
            } else {
                divided.clusters.push(piece.records);
            }
        }
        divided
    }
}

#[derive(Debug, Clone, Default)]
struct Component {
    records: Vec<u32>,
    edges: Vec<Edge>,
    same: Vec<(u32, u32)>,
    different: Vec<(u32, u32)>,
}

/// Groups of a component that merge by and by, the best pair of groups first.
struct Groups {
    members: Vec<Vec<u32>>,
    /// Sum of the clamped weights between two groups, by place.
    sums: Vec<f32>,
    forbidden: Vec<bool>,
    /// Per group the nearest of those after it.
    nearest: Vec<Option<Nearest>>,
    count: usize,
}

impl Groups {
    fn new(component: &Component, score: &(dyn Fn(u32, u32) -> f32 + Sync)) -> Self {
        let count = component.records.len();
        let place_of = |record: u32| component.records.binary_search(&record).unwrap_or(0);
        let mut sums = vec![f32::NAN; count * count];
        for edge in &component.edges {
            let (left, right) = (place_of(edge.left), place_of(edge.right));
            sums[left * count + right] = edge.weight.clamp(-MOST_BITS, MOST_BITS);
        }
        for left in 0..count {
            for right in left + 1..count {
                let place = left * count + right;
                if sums[place].is_nan() {
                    let weight = score(component.records[left], component.records[right]);
                    sums[place] = weight.clamp(-MOST_BITS, MOST_BITS);
                }
                sums[right * count + left] = sums[place];
            }
        }
        let members = component.records.iter().map(|record| vec![*record]).collect();
        let mut groups = Self { members, sums, forbidden: vec![false; count * count], nearest: Vec::new(), count };
        for (left, right) in &component.different {
            groups.forbid(place_of(*left), place_of(*right));
        }
        for (left, right) in &component.same {
            let find = |record: u32| groups.members.iter().position(|members| members.contains(&record));
            if let (Some(left), Some(right)) = (find(*left), find(*right))
                && left != right
            {
                groups.join(left.min(right), left.max(right));
            }
        }
        groups
    }

    fn forbid(&mut self, left: usize, right: usize) {
        self.forbidden[left * self.count + right] = true;
        self.forbidden[right * self.count + left] = true;
    }

    fn merge(mut self, threshold: f32) -> Divided {
        let mut merges = Vec::new();
        self.nearest = (0..self.count).map(|group| self.nearest_of(group)).collect();
        while let Some((left, right)) = self.best(threshold) {
            let place = left * self.count + right;
            let pairs = (self.members[left].len() * self.members[right].len()) as f32;
            merges.push(Merge { mean: self.sums[place] / pairs, pairs });
            self.join(left, right);
            self.look_again(left, right);
        }
        self.members.retain(|members| !members.is_empty());
        Divided { clusters: self.members, merges }
    }

    /// The two groups with the highest mean weight, if it reaches the threshold; of equals the first.
    fn best(&self, threshold: f32) -> Option<(usize, usize)> {
        let mut best: Option<(usize, Nearest)> = None;
        for (group, nearest) in self.nearest.iter().enumerate() {
            if let Some(nearest) = nearest
                && nearest.mean >= threshold
                && best.is_none_or(|(_, best)| nearest.mean > best.mean)
            {
                best = Some((group, *nearest));
            }
        }
        best.map(|(group, nearest)| (group, nearest.group))
    }

    /// The group after this one whose mean weight with it is highest; of equals the first.
    fn nearest_of(&self, group: usize) -> Option<Nearest> {
        if self.members[group].is_empty() {
            return None;
        }
        let mut nearest: Option<Nearest> = None;
        for other in group + 1..self.count {
            if let Some(mean) = self.mean(group, other)
                && nearest.is_none_or(|nearest| mean > nearest.mean)
            {
                nearest = Some(Nearest { group: other, mean });
            }
        }
        nearest
    }

    /// The mean weight of the pairs between two groups; none where one is empty, or they must stay apart.
    fn mean(&self, left: usize, right: usize) -> Option<f32> {
        let place = left * self.count + right;
        let pairs = self.members[left].len() * self.members[right].len();
        (pairs > 0 && !self.forbidden[place]).then(|| self.sums[place] / pairs as f32)
    }

    /// Finds the nearest groups anew of all that a join may have changed, and of no others.
    fn look_again(&mut self, left: usize, right: usize) {
        self.nearest[right] = None;
        self.nearest[left] = self.nearest_of(left);
        for group in 0..right {
            match self.nearest[group] {
                Some(nearest) if nearest.group == left || nearest.group == right => {
                    self.nearest[group] = self.nearest_of(group);
                }
                Some(nearest) if group < left => {
                    let is_nearer = |mean: &f32| {
                        *mean > nearest.mean || (*mean).total_cmp(&nearest.mean).is_eq() && left < nearest.group
                    };
                    if let Some(mean) = self.mean(group, left).filter(is_nearer) {
                        self.nearest[group] = Some(Nearest { group: left, mean });
                    }
                }
                _ => {}
            }
        }
    }

    fn join(&mut self, left: usize, right: usize) {
        let moved = std::mem::take(&mut self.members[right]);
        self.members[left].extend(moved);
        for other in 0..self.count {
            let added = self.sums[right * self.count + other];
            self.sums[left * self.count + other] += added;
            self.sums[other * self.count + left] = self.sums[left * self.count + other];
            if self.forbidden[right * self.count + other] {
                self.forbid(left, other);
            }
        }
    }
}

/// The group that is nearest to another one.
#[derive(Debug, Clone, Copy)]
struct Nearest {
    group: usize,
    mean: f32,
}

/// The probability of a weight in bits of log-odds.
pub(crate) fn probability_of(bits: f32) -> f32 {
    1.0 / (1.0 + (-bits).exp2())
}
