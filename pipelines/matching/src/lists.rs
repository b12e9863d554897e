//! Many short lists, laid out one after the other.

/// The number of what is in no list.
pub(crate) const NONE: u32 = u32::MAX;

/// Several lists in one: the items of a list stand together, in the order in which they came.
pub(crate) struct Lists<T> {
    starts: Vec<usize>,
    items: Vec<T>,
}

impl<T: Copy> Lists<T> {
    /// Sorts items into `count` lists by the number before each; an item of no list is left out.
    pub(crate) fn of(count: u32, items: impl Iterator<Item = (u32, T)> + Clone) -> Self {
        let mut starts = vec![0_usize; count as usize + 1];
        let numbered = items.filter(|(number, _)| *number != NONE);
        for (number, _) in numbered.clone() {
            starts[number as usize + 1] += 1;
        }
        for number in 0..count as usize {
            starts[number + 1] += starts[number];
        }
        let mut next = starts.clone();
        let mut sorted: Vec<T> = Vec::new();
        for (number, item) in numbered {
            if sorted.is_empty() {
                sorted = vec![item; starts[count as usize]];
            }
            sorted[next[number as usize]] = item;
            next[number as usize] += 1;
        }
        Self { starts, items: sorted }
    }

    /// How many lists there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn get(&self, number: usize) -> &[T] {
        &self.items[self.starts[number]..self.starts[number + 1]]
    }
}
