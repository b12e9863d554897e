//! What a pull of files remembers: which files were read, and how far.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use kartei_connector::Cursor;
use serde::{Deserialize, Serialize};

use crate::inbox::Found;
use crate::inspect::Delivery;
use crate::order::{Made, Order};

/// Where a pull of files goes on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilesCursor {
    /// The fingerprint of the settings that decide which rows a file gives.
    #[serde(default)]
    pub(crate) reading: String,
    /// The complete listing that was read last, to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) complete: Option<FileMark>,
    /// The deltas that were read to their ends, in the order in which they were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) deltas: Vec<FileMark>,
    /// Of the deltas that were read since the listing, the one that was made first: a listing that was made after it is
    /// news, though it be the same as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Since>,
    /// The file of which only a part was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) partial: Option<FileMark>,
}

/// What tells the place of a delta among the other files, also when it is no longer there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Since {
    name: String,
    modified: Option<DateTime<Utc>>,
}

impl Made for Since {
    fn name(&self) -> &str {
        &self.name
    }

    fn modified(&self) -> Option<DateTime<Utc>> {
        self.modified
    }
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileMark {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) modified: Option<DateTime<Utc>>,
    pub(crate) hash: String,
    /// Records read.
    pub(crate) records: u64,
    /// Pages that they made.
    #[serde(default)]
    pub(crate) pages: u64,
    /// The newest instant that they speak of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) watermark: Option<DateTime<Utc>>,
}

impl FilesCursor {
    /// The cursor of an earlier pull; what another product wrote counts as none, since reading all of it again is right.
    pub(crate) fn read(cursor: Option<Cursor>) -> Self {
        let Some(cursor) = cursor else { return Self::default() };
        serde_json::from_value(cursor.0).unwrap_or_else(|_| {
            tracing::warn!("the cursor was written by another product; everything is read again");
            Self::default()
        })
    }

    /// Forgets everything where files are read in another way than when the cursor was written.
    pub(crate) fn follow(&mut self, reading: String) {
        if self.reading != reading {
            *self = Self { reading, ..Self::default() };
        }
    }

    pub(crate) fn write(&self) -> Cursor {
        Cursor(serde_json::to_value(self).unwrap_or_default())
    }

    /// How far earlier pulls have staged this delivery.
    pub(crate) fn staged(&self, delivery: &Delivery) -> FileMark {
        let partial = self.partial.as_ref().filter(|mark| mark.hash == delivery.hash && mark.name == delivery.name);
        partial.cloned().unwrap_or_else(|| FileMark::of(delivery))
    }

    /// A delta is being read, so that a listing made after it is news.
    pub(crate) fn note_delta(&mut self, delta: &Found, order: &Order) {
        let earlier = self.since.as_ref().is_some_and(|since| order.compare(since, delta) == Ordering::Less);
        if !earlier {
            self.since = Some(Since { name: delta.name.clone(), modified: delta.modified });
        }
    }

    /// Whether a delta was read since the listing that was made before this one.
    pub(crate) fn is_followed_before(&self, listing: &Found, order: &Order) -> bool {
        self.since.as_ref().is_some_and(|since| order.compare(since, listing) == Ordering::Less)
    }
}

impl FileMark {
    /// A file of which nothing is read yet.
    pub(crate) fn of(delivery: &Delivery) -> Self {
        Self {
            name: delivery.name.clone(),
            size: delivery.size,
            modified: delivery.modified,
            hash: delivery.hash.clone(),
            records: 0,
            pages: 0,
            watermark: None,
        }
    }
}
