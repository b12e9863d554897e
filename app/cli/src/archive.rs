//! A backup as files: the store's copy, the frames that are current, the configuration, and a list of all with checksums.

mod pack;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use kartei_store::{Copied, StoreCopy, owner};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::{During, Failure};

pub(crate) use pack::{is_packed, pack, unpack};

/// The list of all files, which is written last: a folder without it is no backup.
pub(crate) const LIST: &str = "backup.json";
/// The store's copy.
pub(crate) const STORE: &str = "store";
/// The frames.
pub(crate) const DATA: &str = "data";
/// The configuration.
pub(crate) const CONFIGURATION: &str = "configuration";
/// The version of this form.
const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Backup {
    /// The version of this form.
    pub(crate) format: u32,
    /// The program that made it.
    pub(crate) program: String,
    /// When it was made.
    pub(crate) made_at: DateTime<Utc>,
    /// The run that had published last.
    pub(crate) published_run: Option<i64>,
    /// The store's copy.
    pub(crate) store: StoreCopy,
    /// Path inside the backup → size and SHA-256.
    pub(crate) files: BTreeMap<String, Sum>,
}

/// A file's size and checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Backup {
    /// The list of what lies in a folder.
    pub(crate) fn of_folder(folder: &Path, copied: &Copied, now: DateTime<Utc>) -> Result<Self, Failure> {
        let mut files = BTreeMap::new();
        for file in files_below(folder).during(format_args!("{} cannot be read", folder.display()))? {
            let sum = sum_of(&file).during(format_args!("{} cannot be read", file.display()))?;
            files.insert(name_in(folder, &file), sum);
        }
        Ok(Self {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: now,
            published_run: copied.published.as_ref().map(|state| state.run_id),
            store: copied.store.clone(),
            files,
        })
    }

    /// Reads the list of a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let file = folder.join(LIST);
        let text = fs::read_to_string(&file).map_err(|error| {
            Failure::because(format!("{} is no backup: it has no {LIST}", folder.display()), &error)
                .with_hint("a backup that was cut off has none either: take another one")
        })?;
        let backup: Self = serde_json::from_str(&text).during(format_args!("{} cannot be read", file.display()))?;
        if backup.format > FORMAT {
            let failure = Failure::new(format!("the backup was made by a newer kartei ({})", backup.program));
            return Err(failure.with_hint("install the newer kartei"));
        }
        Ok(backup)
    }

    /// Writes the list into its folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let file = folder.join(LIST);
        let text = serde_json::to_string_pretty(self)?;
        owner::write(&file, format!("{text}\n")).during(format_args!("{} cannot be written", file.display()))
    }

    /// Compares every file with its checksum.
    pub(crate) fn verify(&self, folder: &Path) -> Result<(), Failure> {
        let mut wrong = Vec::new();
        for (name, expected) in &self.files {
            match sum_of(&folder.join(name)) {
                Ok(sum) if sum == *expected => {}
                Ok(_) => wrong.push(format!("{name} is not as it was")),
                Err(error) => wrong.push(format!("{name}: {error}")),
            }
        }
        match wrong.first() {
            None => Ok(()),
            Some(first) => {
                let failure = Failure::new(format!("the backup is damaged: {first} ({} files in all)", wrong.len()));
                Err(failure.with_hint("take another backup, and look after the disk that holds this one"))
            }
        }
    }

    /// The bytes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.values().map(|sum| sum.bytes).sum()
    }
}

/// All files below a folder, sorted.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Puts a file at another place: a second name for it where the disk allows that, since frames never change; else a copy.
pub(crate) fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        owner::create_folder(parent)?;
    }
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        Err(_) => owner::copy(from, to).map(|_| ()),
    }
}

fn name_in(folder: &Path, file: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).to_string_lossy().replace('\\', "/")
}

fn sum_of(file: &Path) -> io::Result<Sum> {
    let mut file = File::open(file)?;
    let mut digest = Sha256::new();
    let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
        bytes += read as u64;
    }
    let mut sha256 = String::with_capacity(64);
    for byte in digest.finalize() {
        let _ = write!(sha256, "{byte:02x}");
    }
    Ok(Sum { bytes, sha256 })
}
