//! A complete listing on its way to rest, so that a run may go on with one that an earlier run began.

use polars_core::frame::DataFrame;
use polars_core::prelude::{Column, IntoColumn, NewChunkedArray, PlSmallStr, PolarsResult, UInt64Chunked};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::page::{ListingMark, Page};

/// How far a complete listing has come. Kept beside the keys that it has listed so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Which listing: [`Page::delivery`] of all its pages.
    pub id: String,
    /// Whether its last page has come: only then does it say who is absent.
    pub complete: bool,
    /// [`Page::snapshot`] of all its pages.
    pub snapshot: Option<String>,
}

impl Listing {
    /// The listing that a page belongs to, where it does to one.
    pub fn of(page: &Page) -> Option<Self> {
        let ListingMark::Complete { last } = page.listing else { return None };
        Some(Self { id: page.delivery.clone(), complete: last, snapshot: page.snapshot.clone() })
    }
}

/// The records that a listing holds, by the hashes of their keys, rows in quarantine included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedKeys {
    hashes: FxHashSet<u64>,
    has_unknown: bool,
}

/// The column of hashes at rest.
const HASH: &str = "hash";

impl ListedKeys {
    /// Takes in what a page lists.
    ///
    /// # Errors
    ///
    /// Where the page has no column of keys.
    pub fn note(&mut self, page: &Page) -> PolarsResult<()> {
        if page.rows.height() > 0 {
            self.hashes.extend(page.rows.column("key")?.str()?.iter().flatten().map(hash));
        }
        self.hashes.extend(page.rejects.iter().filter_map(|reject| reject.key.as_deref()).map(hash));
        self.has_unknown |= page.has_unknown_records();
        Ok(())
    }

    /// Whether the listing holds this record.
    pub fn holds(&self, key: &str) -> bool {
        self.hashes.contains(&hash(key))
    }

    /// Whether a row of the listing could be anybody's, so that nobody counts as absent.
    pub const fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    /// The hashes as a frame for rest, sorted; a null stands for a row that could be anybody's.
    ///
    /// # Errors
    ///
    /// None but polars' own.
    pub fn frame(&self) -> PolarsResult<DataFrame> {
        let mut hashes: Vec<u64> = self.hashes.iter().copied().collect();
        hashes.sort_unstable();
        let all = hashes.into_iter().map(Some).chain(self.has_unknown.then_some(None));
        let column: Column = UInt64Chunked::from_iter_options(PlSmallStr::from_static(HASH), all).into_column();
        DataFrame::new(column.len(), vec![column])
    }

    /// What [`Self::frame`] wrote.
    ///
    /// # Errors
    ///
    /// Where the frame is another.
    pub fn from_frame(frame: &DataFrame) -> PolarsResult<Self> {
        let column = frame.column(HASH)?.u64()?;
        Ok(Self { hashes: column.iter().flatten().collect(), has_unknown: column.null_count() > 0 })
    }
}

fn hash(key: &str) -> u64 {
    xxh3_64(key.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Cursor, RejectReason, RowReject};

    fn page(keys: &[&str], rejected: &[Option<&str>], last: bool) -> Page {
        let reject = |key: Option<&str>| RowReject {
            origin: "api".into(),
            line: None,
            column: None,
            reason: RejectReason::InvalidJson,
            detail: String::new(),
            key: key.map(str::to_owned),
            raw: String::new(),
        };
        Page {
            rows: DataFrame::new(keys.len(), vec![Column::new("key".into(), keys)]).unwrap(),
            rejects: rejected.iter().copied().map(reject).collect(),
            snapshot: Some("s1".into()),
            ..Page::of("api", "d1", ListingMark::Complete { last }, Cursor(json!({})))
        }
    }

    #[test]
    fn a_listing_goes_on_from_rest_and_knows_what_it_listed_before() {
        let mut listed = ListedKeys::default();
        listed.note(&page(&["1", "2"], &[Some("3")], false)).unwrap();
        let mut listed = ListedKeys::from_frame(&listed.frame().unwrap()).unwrap();
        listed.note(&page(&["4"], &[], true)).unwrap();
        assert!(["1", "2", "3", "4"].iter().all(|key| listed.holds(key)) && !listed.holds("5"));
        assert!(!listed.has_unknown());
    }

    #[test]
    fn a_row_that_could_be_anybodys_is_remembered_at_rest() {
        let mut listed = ListedKeys::default();
        listed.note(&page(&["1"], &[None], false)).unwrap();
        let back = ListedKeys::from_frame(&listed.frame().unwrap()).unwrap();
        assert!(back.has_unknown() && back == listed);
    }

    #[test]
    fn a_listing_is_complete_with_its_last_page() {
        let found = |last| Listing::of(&page(&["1"], &[], last)).unwrap();
        let expected = Listing { id: "d1".into(), complete: false, snapshot: Some("s1".into()) };
        assert_eq!((found(false), found(true).complete), (expected, true));
        assert!(Listing::of(&Page { listing: ListingMark::Delta, ..page(&[], &[], true) }).is_none());
    }
}
