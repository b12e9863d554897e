//! Union-find: which records hang together.

/// Sets of records that are joined by and by.
#[derive(Debug, Clone)]
pub(crate) struct Forest {
    parents: Vec<u32>,
}

impl Forest {
    /// Every record on its own.
    pub(crate) fn new(records: usize) -> Self {
        Self { parents: (0..u32::try_from(records).unwrap_or(u32::MAX)).collect() }
    }

    /// The smallest record of the set.
    pub(crate) fn root(&mut self, record: u32) -> u32 {
        let mut at = record;
        while self.parents[at as usize] != at {
            let above = self.parents[self.parents[at as usize] as usize];
            self.parents[at as usize] = above;
            at = above;
        }
        at
    }

    /// Joins two sets; false where they were one already.
    pub(crate) fn join(&mut self, left: u32, right: u32) -> bool {
        let (left, right) = (self.root(left), self.root(right));
        self.parents[left.max(right) as usize] = left.min(right);
        left != right
    }

    /// Per record the smallest record of its set.
    pub(crate) fn labels(mut self) -> Vec<u32> {
        (0..self.parents.len()).map(|record| self.root(u32::try_from(record).unwrap_or(u32::MAX))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Forest;

    #[test]
    fn sets_are_labelled_by_their_smallest_record() {
        let mut forest = Forest::new(5);
        assert!(forest.join(4, 2) && forest.join(2, 3) && !forest.join(3, 4));
        assert_eq!(forest.labels(), [0, 1, 2, 2, 2]);
    }
}
