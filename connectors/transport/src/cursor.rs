//! What a pull of files remembers: which files were read, and how far.

use chrono::{DateTime, Utc};
use kartei_connector::Cursor;
use serde::{Deserialize, Serialize};

use crate::inspect::Delivery;

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
    /// The deltas that were read to their ends, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) deltas: Vec<FileMark>,
    /// The file of which only a part was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) partial: Option<FileMark>,
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

    /// How many records of this delivery earlier pulls have staged.
    pub(crate) fn staged_records(&self, delivery: &Delivery) -> u64 {
        let partial = self.partial.as_ref().filter(|mark| mark.hash == delivery.hash && mark.name == delivery.name);
        partial.map_or(0, |mark| mark.records)
    }
}

impl FileMark {
    pub(crate) fn new(delivery: &Delivery, records: u64) -> Self {
        Self {
            name: delivery.name.clone(),
            size: delivery.size,
            modified: delivery.modified,
            hash: delivery.hash.clone(),
            records,
        }
    }
}
