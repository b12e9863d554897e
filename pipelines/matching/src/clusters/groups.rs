//! Average linkage inside one component.

use super::components::Component;
use super::{HABIT_BITS, MOST_BITS, Merge, habit};

/// Groups of a component that merge by and by, the best pair of groups first.
pub(super) struct Groups {
    members: Vec<Vec<u32>>,
    /// Sum of the clamped weights between two groups, by place.
    sums: Vec<f32>,
    /// Beside each sum, how many of its pairs stood together before, less those that stood apart; empty where nothing is
    /// known of before.
    habits: Vec<i32>,
    forbidden: Vec<bool>,
    /// Per group the nearest of those after it.
    nearest: Vec<Option<Nearest>>,
    count: usize,
}

/// The clamped weights of all pairs of a component, by place.
pub(super) fn weights_of(component: &Component<'_>, score: &(dyn Fn(u32, u32) -> f32 + Sync)) -> Vec<f32> {
    let count = component.records.len();
    let place_of = |record: u32| component.records.binary_search(&record).unwrap_or(0);
    let mut weights = vec![f32::NAN; count * count];
    for edge in component.edges {
        let (left, right) = (place_of(edge.left), place_of(edge.right));
        weights[left * count + right] = edge.weight.clamp(-MOST_BITS, MOST_BITS);
    }
    for left in 0..count {
        for right in left + 1..count {
            let place = left * count + right;
            if weights[place].is_nan() {
                let weight = score(component.records[left], component.records[right]);
                weights[place] = weight.clamp(-MOST_BITS, MOST_BITS);
            }
            weights[right * count + left] = weights[place];
        }
    }
    weights
}

impl Groups {
    /// Every record on its own, but those that were judged to be the same. `before` is per place the cluster in which the
    /// record stood before, or empty.
    pub(super) fn new(component: &Component<'_>, weights: Vec<f32>, before: &[u32]) -> Self {
        let count = component.records.len();
        let place_of = |record: u32| component.records.binary_search(&record).unwrap_or(0);
        let pairs = before.iter().flat_map(|left| before.iter().map(|right| habit(*left, *right)));
        let habits = pairs.collect();
        let members = component.records.iter().map(|record| vec![*record]).collect();
        let forbidden = vec![false; count * count];
        let mut groups = Self { members, sums: weights, habits, forbidden, nearest: Vec::new(), count };
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

    /// Merges the best two groups until no two are left whose pairs have at least `threshold` bits in the mean.
    pub(super) fn merge(mut self, threshold: f32, merges: &mut Vec<Merge>) {
        self.nearest = (0..self.count).map(|group| self.nearest_of(group)).collect();
        while let Some((left, right)) = self.best(threshold) {
            let pairs = (self.members[left].len() * self.members[right].len()) as f32;
            let (one, other) = (self.members[left][0], self.members[right][0]);
            let mean = self.sums[left * self.count + right] / pairs;
            merges.push(Merge { left: one, right: other, mean, pairs });
            self.join(left, right);
            self.look_again(left, right);
        }
    }

    /// The two groups that hold together most, if that reaches the threshold; of equals the first.
    fn best(&self, threshold: f32) -> Option<(usize, usize)> {
        let mut best: Option<(usize, Nearest)> = None;
        for (group, nearest) in self.nearest.iter().enumerate() {
            if let Some(nearest) = nearest
                && nearest.bond.with_habit >= threshold
                && best.is_none_or(|(_, best)| nearest.bond > best.bond)
            {
                best = Some((group, *nearest));
            }
        }
        best.map(|(group, nearest)| (group, nearest.group))
    }

    /// The group after this one that it holds together with most; of equals the first.
    fn nearest_of(&self, group: usize) -> Option<Nearest> {
        if self.members[group].is_empty() {
            return None;
        }
        let mut nearest: Option<Nearest> = None;
        for other in group + 1..self.count {
            if let Some(bond) = self.bond(group, other)
                && nearest.is_none_or(|nearest| bond > nearest.bond)
            {
                nearest = Some(Nearest { group: other, bond });
            }
        }
        nearest
    }

    /// How two groups hold together; none where one is empty, or they must stay apart.
    fn bond(&self, left: usize, right: usize) -> Option<Bond> {
        let place = left * self.count + right;
        let pairs = self.members[left].len() * self.members[right].len();
        if pairs == 0 || self.forbidden[place] {
            return None;
        }
        let mean = self.sums[place] / pairs as f32;
        let share = self.habits.get(place).map_or(0.0, |habit| *habit as f32 / pairs as f32);
        Some(Bond { with_habit: mean + HABIT_BITS * share, mean })
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
                    let is_nearer = |bond: &Bond| *bond > nearest.bond || *bond == nearest.bond && left < nearest.group;
                    if let Some(bond) = self.bond(group, left).filter(is_nearer) {
                        self.nearest[group] = Some(Nearest { group: left, bond });
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
            if !self.habits.is_empty() {
                self.habits[left * self.count + other] += self.habits[right * self.count + other];
                self.habits[other * self.count + left] = self.habits[left * self.count + other];
            }
            if self.forbidden[right * self.count + other] {
                self.forbid(left, other);
            }
        }
    }
}

/// How two groups hold together. Of two that do so equally with habit, those do more that do so without it: with the habit of
/// its own outcome a division goes the same way again.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Bond {
    /// The mean weight of the pairs between them, and what habit adds.
    with_habit: f32,
    /// The mean weight alone.
    mean: f32,
}

/// The group that is nearest to another one.
#[derive(Debug, Clone, Copy)]
struct Nearest {
    group: usize,
    bond: Bond,
}
