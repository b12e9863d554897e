//! A memory of value pairs that were compared: of fixed size, so that it stays in the processor's cache; a pair
//! that has been pushed out is compared again, with the same result.

/// Remembers the level of pairs of numbers.
pub(crate) struct Memo {
    entries: Vec<(u64, u8)>,
    mask: usize,
}

impl Memo {
    /// For comparisons that cost much and repeat often.
    pub(crate) fn large() -> Self {
        Self::with_bits(15)
    }

    /// For all others.
    pub(crate) fn small() -> Self {
        Self::with_bits(10)
    }

    /// Remembers one pair only.
    pub(crate) fn single() -> Self {
        Self::with_bits(0)
    }

    fn with_bits(bits: u32) -> Self {
        Self { entries: vec![(u64::MAX, 0); 1 << bits], mask: (1 << bits) - 1 }
    }

    /// The level of a pair, whichever way round, computed where it is not remembered. It is computed with the smaller number
    /// first: should a comparison ever not be the same both ways, what a thread happens to remember must not decide.
    pub(crate) fn level(&mut self, left: u32, right: u32, compute: impl FnOnce(u32, u32) -> u8) -> u8 {
        let (left, right) = (left.min(right), left.max(right));
        let key = u64::from(left) << 32 | u64::from(right);
        let place = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize & self.mask;
        let entry = &mut self.entries[place];
        if entry.0 != key {
            *entry = (key, compute(left, right));
        }
        entry.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_does_not_depend_on_the_side_that_is_asked_first() {
        let compare = |left: u32, right: u32| u8::from(left < right);
        for mut memo in [Memo::single(), Memo::small()] {
            let there = memo.level(7, 9, compare);
            memo.level(1, 2, |_, _| 0);
            assert_eq!(there, memo.level(9, 7, compare));
        }
    }
}
