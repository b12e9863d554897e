//! Which rows of a page are new or changed: the others need no place at rest.

use kartei_schemas::frame::{FINGERPRINT, KEY};
use polars_core::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::xxh3_64;

/// Where each row stands in its origin, in a page at rest. No source has a column of that name.
pub const LINE: &str = "\u{1f}line";

/// What is known of one source's records before a pull, by the hash of their keys.
#[derive(Debug, Clone, Default)]
pub struct Known {
    fingerprints: FxHashMap<u64, u64>,
    listed: FxHashSet<u64>,
}

/// A page, sorted out.
#[derive(Debug, Clone)]
pub struct Sorted {
    /// Rows that are new or changed, as received, with the column `fingerprint`.
    pub fresh: DataFrame,
    /// Rows with a key that was not known.
    pub new: u64,
    /// Rows whose contents differ from what was known.
    pub changed: u64,
    /// Rows equal to what was known.
    pub unchanged: u64,
}

impl Known {
    /// Takes in records at rest: columns `key` and `fingerprint`. Later calls win over earlier ones.
    pub fn learn(&mut self, records: &DataFrame) -> PolarsResult<()> {
        let keys = records.column(KEY)?.str()?;
        let fingerprints = records.column(FINGERPRINT)?.u64()?;
        self.fingerprints.reserve(records.height());
        for (key, fingerprint) in keys.iter().zip(fingerprints.iter()) {
            if let (Some(key), Some(fingerprint)) = (key, fingerprint) {
                self.fingerprints.insert(xxh3_64(key.as_bytes()), fingerprint);
            }
        }
        Ok(())
    }

    /// Forgets records that a listing no longer held.
    pub fn forget<'a>(&mut self, keys: impl IntoIterator<Item = &'a str>) {
        for key in keys {
            self.fingerprints.remove(&xxh3_64(key.as_bytes()));
        }
    }

    /// Whether a record is known.
    pub fn holds(&self, key: &str) -> bool {
        self.fingerprints.contains_key(&xxh3_64(key.as_bytes()))
    }

    /// Sorts out a page. The fingerprint is mixed with the schema's, so that a changed mapping makes every row new.
    pub fn sort(&mut self, page: &DataFrame, fingerprints: &UInt64Chunked, schema: u64) -> PolarsResult<Sorted> {
        let keys = page.column(KEY)?.str()?;
        let mixed: Vec<u64> = fingerprints.iter().map(|value| value.unwrap_or_default() ^ schema).collect();
        let mut keep = Vec::with_capacity(mixed.len());
        let (mut new, mut changed, mut unchanged) = (0, 0, 0);
        for (key, &fingerprint) in keys.iter().zip(&mixed) {
            let key = xxh3_64(key.unwrap_or_default().as_bytes());
            self.listed.insert(key);
            let known = self.fingerprints.insert(key, fingerprint);
            match known {
                None => new += 1,
                Some(known) if known != fingerprint => changed += 1,
                Some(_) => unchanged += 1,
            }
            keep.push(known != Some(fingerprint));
        }
        let mut fresh = page.clone();
        fresh.with_column(UInt64Chunked::from_vec(FINGERPRINT.into(), mixed).into_series().into_column())?;
        let fresh = fresh.filter(&BooleanChunked::from_slice(PlSmallStr::EMPTY, &keep))?;
        Ok(Sorted { fresh, new, changed, unchanged })
    }

    /// A row in quarantine is not absent.
    pub fn keep(&mut self, key: &str) {
        self.listed.insert(xxh3_64(key.as_bytes()));
    }

    /// Of these keys, those that no page since the beginning of the listing held.
    pub fn absent<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let absent = |key: &&str| !self.listed.contains(&xxh3_64(key.as_bytes()));
        keys.into_iter().filter(absent).map(str::to_owned).collect()
    }

    /// Begins a listing.
    pub fn begin_listing(&mut self) {
        self.listed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[&str]) -> DataFrame {
        df!(KEY => keys).unwrap()
    }

    fn prints(values: &[u64]) -> UInt64Chunked {
        UInt64Chunked::from_slice(FINGERPRINT.into(), values)
    }

    #[test]
    fn only_new_and_changed_rows_are_kept() {
        let mut known = Known::default();
        known.learn(&df!(KEY => ["1", "2"], FINGERPRINT => [10u64, 20]).unwrap()).unwrap();
        let sorted = known.sort(&page(&["1", "2", "3"]), &prints(&[10, 21, 30]), 0).unwrap();
        assert_eq!((sorted.new, sorted.changed, sorted.unchanged, sorted.fresh.height()), (1, 1, 1, 2));
    }

    #[test]
    fn a_page_that_comes_twice_changes_nothing_the_second_time() {
        let mut known = Known::default();
        known.sort(&page(&["1", "2"]), &prints(&[1, 2]), 7).unwrap();
        let again = known.sort(&page(&["1", "2"]), &prints(&[1, 2]), 7).unwrap();
        assert_eq!((again.unchanged, again.fresh.height()), (2, 0));
    }

    #[test]
    fn another_schema_makes_every_row_new() {
        let mut known = Known::default();
        known.sort(&page(&["1"]), &prints(&[1]), 7).unwrap();
        assert_eq!(known.sort(&page(&["1"]), &prints(&[1]), 8).unwrap().changed, 1);
    }

    #[test]
    fn what_a_listing_does_not_hold_is_absent_but_not_what_is_in_quarantine() {
        let mut known = Known::default();
        known.begin_listing();
        known.sort(&page(&["1"]), &prints(&[1]), 0).unwrap();
        known.keep("2");
        assert_eq!(known.absent(["1", "2", "3"]), ["3"]);
    }
}
