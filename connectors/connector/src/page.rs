//! A page: some rows as received, what could not be read, and the cursor to save once both are at rest.

use std::fmt;

use chrono::{DateTime, Utc};
use polars_core::frame::DataFrame;
use serde::{Deserialize, Serialize};

use crate::reject::RowReject;

/// What stands between the parts of a key that several columns form: U+001F, the unit separator.
pub const KEY_SEPARATOR: char = '\u{1f}';

/// Some rows of a source, as received.
#[derive(Clone)]
pub struct Page {
    /// Text columns only: `key` first and never null, `updated_at` where the schema names its column, then the source's
    /// own columns under their own names. An empty cell is `""`, an absent one null, where the format tells them apart.
    pub rows: DataFrame,
    /// Where each row stands in its origin: the line of a text file, the row of a sheet, the number of an element.
    pub positions: Vec<u64>,
    /// What could not be read, for quarantine.
    pub rejects: Vec<RowReject>,
    /// Records read for this page: `rows` + `rejects` + `collapsed`.
    pub rows_read: u64,
    /// Rows left out because the page holds them already: identical ones, or in a delta earlier states of the same key.
    pub collapsed: u64,
    /// To be saved in the transaction that puts this page at rest.
    pub cursor: Cursor,
    /// The file's name without its folder, or what else tells a person where the rows came from.
    pub origin: String,
    /// The same for all pages of one delivery, also over several pulls, and different when its content differs.
    pub delivery: String,
    /// Which page of its delivery this is, from 0; the same when it comes again.
    pub number: u64,
    /// What the delivery says about rows that it does not hold.
    pub listing: ListingMark,
    /// Keys of rows that a delta says are deleted. None of them is in `rows`; in a listing there are none.
    pub gone: Vec<String>,
    /// Whether the delivery takes the place of what its origin delivered before, as a file does that was written anew:
    /// what was in quarantine from there is no more. An API's pulls have one origin, and stand beside each other.
    pub replaces: bool,
    /// The state of the source that all pages of the delivery come from, where there is one: a file's content, an API's
    /// snapshot. Without it rows may slip between two pages.
    pub snapshot: Option<String>,
    /// When the origin last changed.
    pub modified: Option<DateTime<Utc>>,
    /// The newest instant that the rows speak of, where the source has a column for it, and not after the pull: a file
    /// that is written anew each night may hold nothing new for weeks.
    pub watermark: Option<DateTime<Utc>>,
}

impl Page {
    /// A page without rows, for the rest to be filled in.
    pub fn of(origin: impl Into<String>, delivery: impl Into<String>, listing: ListingMark, cursor: Cursor) -> Self {
        Self {
            rows: DataFrame::empty(),
            positions: Vec::new(),
            rejects: Vec::new(),
            rows_read: 0,
            collapsed: 0,
            cursor,
            origin: origin.into(),
            delivery: delivery.into(),
            number: 0,
            listing,
            gone: Vec::new(),
            replaces: false,
            snapshot: None,
            modified: None,
            watermark: None,
        }
    }

    /// Whether a row could not be read so far that its record is known. Such a listing says nothing about absence: the
    /// row may be anybody's.
    pub fn has_unknown_records(&self) -> bool {
        self.rejects.iter().any(|reject| reject.key.is_none())
    }
}

/// What a delivery says about rows that it does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingMark {
    /// Nothing: it holds only what is new or changed.
    Delta,
    /// They are gone, once the last page has come.
    Complete {
        /// Whether this page ends the listing.
        last: bool,
    },
    /// The listing is the one that was pulled last, byte for byte: all its rows stand as they are. The page is empty.
    Unchanged {
        /// Records read when the listing was pulled.
        rows: u64,
    },
}

/// Where a pull goes on. Only the connector that wrote it understands it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub serde_json::Value);

impl fmt::Debug for Page {
    /// Sizes and names only: rows are personal data.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Page")
            .field("rows", &self.rows.height())
            .field("rejects", &self.rejects)
            .field("rows_read", &self.rows_read)
            .field("collapsed", &self.collapsed)
            .field("origin", &self.origin)
            .field("delivery", &self.delivery)
            .field("number", &self.number)
            .field("listing", &self.listing)
            .field("gone", &self.gone.len())
            .finish_non_exhaustive()
    }
}
