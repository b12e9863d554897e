//! The candidate pairs of a frame, and each comparison over them by itself, for a benchmark of what each costs.

use kartei_schemas::matching::MatchSchema;
use polars_core::frame::DataFrame;

use crate::LinkError;
use crate::blocks::Blocks;
use crate::comparisons::{Comparer, Subject, subjects};
use crate::records::Records;
use crate::{contacts, keys};

/// Records read, and pairs of them that blocking keys formed.
pub struct Pairs {
    records: Records,
    subjects: Vec<Subject>,
    formed: Vec<(u32, u32)>,
}

impl Pairs {
    /// Reads a frame as [`crate::link`] does, and forms its candidate pairs, `most` of them at most. A pair that several
    /// keys form comes as often.
    pub fn of(records: DataFrame, schema: &MatchSchema, most: usize) -> Result<Self, LinkError> {
        let mut records = Records::read(records, schema)?;
        contacts::drop_junk(&mut records);
        let subjects = subjects(&records);
        let (all, splitters) = (keys::all(&records), keys::splitters(&records));
        let blocks = Blocks::form(&records, (&all, &splitters), schema.candidates.max_block_records, (None, &[]));
        let dropped = vec![false; all.len()];
        let mut pairs = Vec::new();
        for left in 0..u32::try_from(records.len()).unwrap_or(u32::MAX) {
            blocks.partners_after(left, &dropped, |right, _| pairs.push((left, right)));
            if pairs.len() >= most {
                pairs.truncate(most);
                break;
            }
        }
        Ok(Self { records, subjects, formed: pairs })
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.formed.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.formed.is_empty()
    }

    /// The comparisons, by name.
    pub fn comparisons(&self) -> Vec<String> {
        self.subjects.iter().map(|subject| subject.title(&self.records).to_owned()).collect()
    }

    /// Makes one comparison of every pair on this thread, remembering value pairs as linking does; the sum of the levels.
    /// Given names and surnames are compared together, whichever of them is asked for.
    pub fn compare(&self, comparison: usize) -> u64 {
        let mut comparer = Comparer::new(&self.records, &self.subjects);
        let subject = self.subjects[comparison];
        self.formed.iter().map(|(left, right)| u64::from(comparer.level_alone(subject, *left, *right))).sum()
    }

    /// Makes all comparisons of every pair on this thread; the patterns of their levels, folded into one number.
    pub fn compare_all(&self) -> u64 {
        let mut comparer = Comparer::new(&self.records, &self.subjects);
        self.formed.iter().fold(0, |sum, (left, right)| sum ^ comparer.pattern(*left, *right))
    }
}

#[cfg(test)]
mod tests {
    use polars_core::prelude::df;

    use super::*;
    use crate::comparisons::level_of;

    #[test]
    fn a_comparison_by_itself_gives_the_levels_that_it_gives_among_the_others() {
        let frame = df!(
            "given_name" => ["Anna", "Ana", "Jörg", "Anna"], "surname" => ["Voß", "Voss", "Voß", "Kern"],
            "birth_date" => ["1984-03-05", "1984-03-06", "1951-11-28", "1984-03-05"],
        );
        let pairs = Pairs::of(frame.unwrap(), &MatchSchema::default(), 1_000).unwrap();
        assert!(!pairs.is_empty());
        let mut comparer = Comparer::new(&pairs.records, &pairs.subjects);
        for (place, name) in pairs.comparisons().iter().enumerate() {
            let patterns = pairs.formed.iter().map(|(left, right)| comparer.pattern(*left, *right));
            let among: u64 = patterns.map(|pattern| u64::from(level_of(pattern, place))).sum();
            assert_eq!(pairs.compare(place), among, "{name}");
        }
    }
}
