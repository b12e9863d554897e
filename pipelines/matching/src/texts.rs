//! Many distinct texts in one piece of memory. A million addresses as strings of their own would take twice the space, and as
//! many allocations.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::columns::MISSING;

/// Texts by number; number 0 is the missing one.
#[derive(Debug, Clone)]
pub(crate) struct Texts {
    all: String,
    /// Per text where it ends, and the next one begins.
    ends: Vec<usize>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { all: String::new(), ends: vec![0] }
    }
}

impl Texts {
    /// How many there are, the missing one included.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, number: u32) -> &str {
        self.at(number as usize)
    }

    fn at(&self, place: usize) -> &str {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start..self.ends[place]]
    }

    /// All of them, the missing one first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|place| self.at(place))
    }

    /// What `work` makes of each, on all threads.
    pub(crate) fn map<T: Send>(&self, work: impl Fn(&str) -> T + Sync + Send) -> Vec<T> {
        (0..self.len()).into_par_iter().with_min_len(1024).map(|place| work(self.at(place))).collect()
    }

    fn push(&mut self, text: &str) -> u32 {
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.all.push_str(text);
        self.ends.push(self.all.len());
        number
    }
}

/// Gives texts their numbers, equal ones the same.
#[derive(Default)]
pub(crate) struct Dictionary<'a> {
    numbers: FxHashMap<&'a str, u32>,
    pub(crate) texts: Texts,
}

impl<'a> Dictionary<'a> {
    /// The number of a text, a new one if need be.
    pub(crate) fn number(&mut self, text: &'a str) -> u32 {
        if text.is_empty() {
            return MISSING;
        }
        *self.numbers.entry(text).or_insert_with(|| self.texts.push(text))
    }
}
