//! Chance that is the same on every machine: streams of ChaCha8, one for each purpose and index.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of random numbers is for; streams never influence each other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Households and people.
    People = 1,
    /// What each source holds of a person.
    Records = 2,
    /// What happens in a night.
    Events = 3,
    /// The organisation's tree.
    Organisation = 4,
    /// Names composed at start.
    Names = 5,
    /// The streets of a postal area.
    Streets = 6,
}

/// A stream of random draws.
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of one purpose and index under a seed.
    pub(crate) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&index.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True for this share of all draws.
    pub(crate) fn roll(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// A number in `0..bound`; 0 for an empty range.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the product lies in 0..bound")]
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = usize::try_from(high - low + 1).unwrap_or(0);
        low + i64::try_from(self.below(width)).unwrap_or(0)
    }

    /// One of the given items. The slice must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// An index drawn by weight; the last one where rounding leaves none.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut rest = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            if rest < *weight {
                return index;
            }
            rest -= weight;
        }
        weights.len() - 1
    }
}

/// A fixed hash of a number: the finalizer of splitmix64, a bijection.
pub(crate) fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Items that are drawn by weight, many times over.
pub(crate) struct Table<T> {
    items: Vec<T>,
    cumulative: Vec<f64>,
}

impl<T> Table<T> {
    /// A table of items with weights above zero, normalised to a sum of one.
    pub(crate) fn new(weighted: Vec<(T, f64)>) -> Self {
        let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
        let mut sum = 0.0;
        let mut items = Vec::with_capacity(weighted.len());
        let mut cumulative = Vec::with_capacity(weighted.len());
        for (item, weight) in weighted {
            sum += weight / total;
            items.push(item);
            cumulative.push(sum);
        }
        Self { items, cumulative }
    }

    /// An item by weight, and its share of all draws.
    pub(crate) fn draw(&self, chance: &mut Chance) -> (&T, f64) {
        let index = self.draw_index(chance);
        let before = if index == 0 { 0.0 } else { self.cumulative[index - 1] };
        (&self.items[index], self.cumulative[index] - before)
    }

    /// The index of an item by weight.
    pub(crate) fn draw_index(&self, chance: &mut Chance) -> usize {
        let at = chance.unit();
        self.cumulative.partition_point(|sum| *sum <= at).min(self.items.len() - 1)
    }
}
