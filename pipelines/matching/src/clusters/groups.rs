//! Average linkage inside one component.

use super::components::Component;
use super::{MOST_BITS, Merge};

/// Groups of a component that merge by and by, the best pair of groups first.
pub(super) struct Groups {
    members: Vec<Vec<u32>>,
    /// Sum of the clamped weights between two groups, by place.
    sums: Vec<f32>,
    forbidden: Vec<bool>,
    /// Per group the nearest of those after it.
    nearest: Vec<Option<Nearest>>,
    count: usize,
}

impl Groups {
    /// Every record on its own, but those that were judged to be the same.
    pub(super) fn new(component: &Component<'_>, score: &(dyn Fn(u32, u32) -> f32 + Sync)) -> Self {
        let count = component.records.len();
        let place_of = |record: u32| component.records.binary_search(&record).unwrap_or(0);
        let mut sums = vec![f32::NAN; count * count];
        for edge in component.edges {
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

    /// Merges the best two groups until no two are left whose pairs have at least `threshold` bits in the mean.
    pub(super) fn merge(mut self, threshold: f32, merges: &mut Vec<Merge>) {
        self.nearest = (0..self.count).map(|group| self.nearest_of(group)).collect();
        while let Some((left, right)) = self.best(threshold) {
            let place = left * self.count + right;
            let pairs = (self.members[left].len() * self.members[right].len()) as f32;
            let (one, other) = (self.members[left][0], self.members[right][0]);
            merges.push(Merge { left: one, right: other, mean: self.sums[place] / pairs, pairs });
            self.join(left, right);
            self.look_again(left, right);
        }
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
