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
    /// What the delivery says about rows that it does not hold.
    pub listing: ListingMark,
    /// When the origin last changed.
    pub modified: Option<DateTime<Utc>>,
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
            .field("listing", &self.listing)
            .finish_non_exhaustive()
    }
}
