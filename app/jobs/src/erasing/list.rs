//! The list of erasures in the data folder: keyed hashes alone, so that a store that is put back from before an erasure
//! learns of it. Putting a backup in place leaves the list alone.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use chrono::{DateTime, Utc};
use kartei_store::{Erasure, ErasureHash, ErasureKind, NewErasure};
use serde::{Deserialize, Serialize};

/// The file in the data folder.
pub const FILE: &str = "erasures.jsonl";

/// A line: one erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The erasure's opaque id.
    pub id: String,
    /// The id that the person bore.
    pub person_id: String,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// By what the person is known again.
    pub hashes: Vec<ErasureHash>,
    /// Since when the person may come back.
    pub lifted_at: Option<DateTime<Utc>>,
}

impl Line {
    /// The line of an erasure.
    pub fn of(erasure: &Erasure, hashes: Vec<ErasureHash>) -> Self {
        Self {
            id: erasure.id.clone(),
            person_id: erasure.person_id.clone(),
            requested_at: erasure.requested_at,
            hashes,
            lifted_at: erasure.lifted_at,
        }
    }

    /// The erasure for a store that does not know it.
    pub fn new_erasure(&self) -> NewErasure {
        NewErasure {
            id: self.id.clone(),
            kind: ErasureKind::Erased,
            person_id: self.person_id.clone(),
            hashes: self.hashes.clone(),
            by: "the list of erasures".to_owned(),
            reason: format!("erased on {} before this store was put back", self.requested_at.format("%Y-%m-%d")),
        }
    }
}

/// Reads the list; an empty one where there is none.
pub fn read(folder: &Path) -> io::Result<BTreeMap<String, Line>> {
    let text = match fs::read_to_string(folder.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        text => text?,
    };
    let mut lines = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        // A line that cannot be read is no reason to let somebody come back unseen.
        let line: Line = serde_json::from_str(line)?;
        lines.insert(line.id.clone(), line);
    }
    Ok(lines)
}

/// Writes the list where it is not as it stands there, whole or not at all, for its owner alone.
pub fn write(folder: &Path, lines: &BTreeMap<String, Line>) -> io::Result<()> {
    let mut text = String::new();
    for line in lines.values() {
        text.push_str(&serde_json::to_string(line)?);
        text.push('\n');
    }
    let file = folder.join(FILE);
    if fs::read_to_string(&file).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let part = folder.join(format!(".{FILE}.{}.part", std::process::id()));
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs::rename(&part, &file)?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_list_comes_back_as_it_was_written_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_empty());
        let line = Line {
            id: "e1".to_owned(),
            person_id: "7K3M9QXW2ABC".to_owned(),
            requested_at: DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
            hashes: vec![ErasureHash { kind: "record".to_owned(), hash: "0f".repeat(16) }],
            lifted_at: None,
        };
        let lines = BTreeMap::from([(line.id.clone(), line)]);
        write(folder.path(), &lines).unwrap();
        assert_eq!(read(folder.path()).unwrap(), lines);
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "{ half a line").unwrap();
        read(folder.path()).unwrap_err();
    }
}
