//! Which row of the last run's records is which row of this run's: one walk over two sorted frames.

use std::cmp::Ordering;

use kartei_schemas::frame::{FINGERPRINT, KEY, SOURCE};
use polars_core::prelude::{DataFrame, PolarsResult, StringChunked, UInt64Chunked};

/// How the records of two runs correspond. Both frames are sorted by source and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alignment {
    /// Per old row its new row; none where the record is gone.
    pub new_rows: Vec<Option<u32>>,
    /// Per new row whether the record is new or has another fingerprint.
    pub changed: Vec<bool>,
}

impl Alignment {
    /// How many records are new or changed.
    pub fn changed_count(&self) -> usize {
        self.changed.iter().filter(|&&changed| changed).count()
    }
}

/// Walks both frames side by side.
pub fn align(old: &DataFrame, new: &DataFrame) -> PolarsResult<Alignment> {
    let (old, new) = (Rows::of(old)?, Rows::of(new)?);
    let mut alignment = Alignment { new_rows: vec![None; old.len()], changed: vec![true; new.len()] };
    let (mut left, mut right) = (0, 0);
    while left < old.len() && right < new.len() {
        match old.id(left).cmp(&new.id(right)) {
            Ordering::Less => left += 1,
            Ordering::Greater => right += 1,
            Ordering::Equal => {
                alignment.new_rows[left] = u32::try_from(right).ok();
                alignment.changed[right] = old.fingerprints.get(left) != new.fingerprints.get(right);
                left += 1;
                right += 1;
            }
        }
    }
    Ok(alignment)
}

struct Rows {
    sources: StringChunked,
    keys: StringChunked,
    fingerprints: UInt64Chunked,
}

impl Rows {
    fn of(frame: &DataFrame) -> PolarsResult<Self> {
        Ok(Self {
            sources: frame.column(SOURCE)?.str()?.rechunk().into_owned(),
            keys: frame.column(KEY)?.str()?.rechunk().into_owned(),
            fingerprints: frame.column(FINGERPRINT)?.u64()?.rechunk().into_owned(),
        })
    }

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn id(&self, row: usize) -> (Option<&str>, Option<&str>) {
        (self.sources.get(row), self.keys.get(row))
    }
}

#[cfg(test)]
mod tests {
    use polars_core::prelude::df;

    use super::*;

    #[test]
    fn gone_new_changed_and_unchanged_records_are_told_apart() {
        let old = df!(SOURCE => ["a", "a", "b"], KEY => ["1", "2", "1"], FINGERPRINT => [1u64, 2, 3]).unwrap();
        let new = df!(SOURCE => ["a", "b", "b"], KEY => ["2", "1", "2"], FINGERPRINT => [2u64, 9, 4]).unwrap();
        let found = align(&old, &new).unwrap();
        assert_eq!(found.new_rows, [None, Some(0), Some(1)]);
        assert_eq!(found.changed, [false, true, true]);
    }
}
