//! The mark of a restore that is under way: it lies in the data folder from before anything is replaced until all is compared.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use kartei_store::owner;
use serde::{Deserialize, Serialize};

use crate::failure::{During, Failure};

const FILE: &str = "restoring.json";

/// What a restore says of itself while it is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    /// The backup.
    pub(crate) source: PathBuf,
    /// When it began.
    pub(crate) began_at: DateTime<Utc>,
    /// Whether something was there that it replaces.
    pub(crate) replaces: bool,
}

impl Marker {
    /// The mark of a restore that was cut off. One that cannot be read is one all the same.
    pub(crate) fn find(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join(FILE)).ok()?;
        let unreadable = Self { source: PathBuf::new(), began_at: DateTime::UNIX_EPOCH, replaces: true };
        Some(serde_json::from_str(&text).unwrap_or(unreadable))
    }

    /// Why nothing is done while it is there.
    pub(crate) fn refusal(&self) -> Failure {
        let failure = Failure::new("a restore was interrupted: store and frames may be of two different moments");
        let replace = if self.replaces { " --replace" } else { "" };
        failure.with_hint(format!("run it again: `kartei restore {}{replace}`", self.source.display()))
    }

    /// Sets the mark, and lets it outlast a machine that stops.
    pub(super) fn set(&self, data: &Path) -> Result<(), Failure> {
        let write = || -> io::Result<()> {
            owner::create_folder(data)?;
            let mut file = owner::create(&data.join(FILE))?;
            file.write_all(serde_json::to_string_pretty(self).map_err(io::Error::other)?.as_bytes())?;
            file.sync_all()?;
            owner::sync_folder(data)
        };
        write().during(format_args!("{} cannot be written", data.join(FILE).display()))
    }

    /// All is in place and compared.
    pub(super) fn take_away(data: &Path) -> Result<(), Failure> {
        fs::remove_file(data.join(FILE)).during(format_args!("{} cannot be removed", data.join(FILE).display()))
    }
}
