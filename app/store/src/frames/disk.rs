//! Frames as files of a local disk: written beside their name, synchronised, and given a name that nobody has.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use polars_core::prelude::PolarsError;
use xxhash_rust::xxh3::Xxh3;

use super::{FrameError, hash_text};

const ENDING: &str = "parquet";
/// The ending of what is being written.
const PART: &str = "part";
/// The folders of the data folder in which frames lie.
const PLACES: [&str; 2] = ["batches", "runs"];

/// A folder on a local disk.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    folder: PathBuf,
}

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The frame's name, without its ending; of what is half-written the whole name of the file.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written to last.
    pub modified: DateTime<Utc>,
    /// Where it is.
    pub path: PathBuf,
}

/// Whether a file is one that its writer has not brought to its end.
pub fn is_half_written(file: &File) -> bool {
    file.path.extension().is_some_and(|ending| ending == PART)
}

impl Disk {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        let mut path = self.folder.join(name).into_os_string();
        path.push(".");
        path.push(ENDING);
        PathBuf::from(path)
    }

    /// Begins a file that has no name yet; what gets none goes when it is dropped.
    pub(super) fn begin(&self, name: &str) -> Result<NewFile, FrameError> {
        let path = self.path(name);
        let failed = |source| FrameError::Write { name: name.to_owned(), source };
        if path.exists() {
            return Err(FrameError::Occupied { name: name.to_owned() });
        }
        let parent = path.parent().unwrap_or(&self.folder);
        DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed)?;
        let temporary = temporary(&path);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary);
        Ok(NewFile {
            name: name.to_owned(),
            file: file.map_err(failed)?,
            temporary,
            path,
            folder: self.folder.clone(),
            hasher: Box::new(Xxh3::new()),
            bytes: 0,
            failure: None,
        })
    }

    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, FrameError> {
        fs::read(self.path(name)).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => FrameError::Missing { name: name.to_owned() },
            _ => FrameError::Read { name: name.to_owned(), source },
        })
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), FrameError> {
        gone_is_fine(fs::remove_file(self.path(name)), name)
    }

    pub(super) fn remove_file(&self, file: &File) -> Result<(), FrameError> {
        gone_is_fine(fs::remove_file(&file.path), &file.name)?;
        // A folder that is empty now goes too; one that is not stays.
        let _ = file.path.parent().filter(|parent| *parent != self.folder).map(fs::remove_dir);
        Ok(())
    }

    /// Removes the folders below `name` that begin so, and counts them.
    pub(super) fn remove_folders(&self, name: &str, beginning: &str) -> Result<u64, FrameError> {
        let mut removed = 0;
        for folder in self.folders(name)?.iter().filter(|folder| folder.starts_with(beginning)) {
            gone_is_fine(fs::remove_dir_all(self.folder.join(name).join(folder)), name)?;
            removed += 1;
        }
        Ok(removed)
    }

    pub(super) fn folders(&self, name: &str) -> Result<Vec<String>, FrameError> {
        let entries = entries(&self.folder.join(name)).map_err(|source| unreadable(name, source))?;
        let folders = entries.into_iter().filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    pub(super) fn files(&self) -> Result<Vec<File>, FrameError> {
        let mut found = Vec::new();
        for place in PLACES {
            self.collect(&self.folder.join(place), &mut found).map_err(|source| unreadable(place, source))?;
        }
        found.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(found)
    }

    fn collect(&self, folder: &Path, found: &mut Vec<File>) -> io::Result<()> {
        for entry in entries(folder)? {
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                self.collect(&path, found)?;
                continue;
            }
            let is_ours = path.extension().is_some_and(|ending| ending == ENDING || ending == PART);
            // One that another has removed meanwhile is none.
            let Some(about) = is_ours.then(|| entry.metadata().ok()).flatten() else { continue };
            let name = path.strip_prefix(&self.folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            let name = name.strip_suffix(".parquet").unwrap_or(&name).to_owned();
            found.push(File { name, bytes: about.len(), modified: about.modified()?.into(), path });
        }
        Ok(())
    }
}

/// What lies in a folder; nothing in one that is not there.
fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn unreadable(name: &str, source: io::Error) -> FrameError {
    FrameError::Read { name: name.to_owned(), source }
}

/// A file that is being written, hashed on its way.
pub(super) struct NewFile {
    name: String,
    file: fs::File,
    temporary: PathBuf,
    path: PathBuf,
    folder: PathBuf,
    hasher: Box<Xxh3>,
    bytes: u64,
    /// Why it could not be written: the writer of Parquet tells it as a text alone.
    failure: Option<io::ErrorKind>,
}

impl NewFile {
    pub(super) fn hash(&self) -> String {
        hash_text(self.hasher.digest128())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What went wrong while it was written.
    pub(super) fn failed(&self, source: PolarsError) -> FrameError {
        let name = self.name.clone();
        match self.failure {
            Some(kind) => FrameError::Write { name, source: kind.into() },
            None => FrameError::Format { name, source },
        }
    }

    /// Brings it to rest under its name. The name is taken first, by a file that must be new: of two who want one name only
    /// one gets it, on every kind of disk. Nobody knows the name before this returns, so an empty file is never looked at.
    pub(super) fn settle(self) -> Result<(), FrameError> {
        let failed = |source| FrameError::Write { name: self.name.clone(), source };
        self.file.sync_all().map_err(failed)?;
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(FrameError::Occupied { name: self.name.clone() });
            }
            taken => taken.map_err(failed)?,
        };
        #[cfg(feature = "faults")]
        super::faults::heed_rename(&self.folder, &self.name);
        fs::rename(&self.temporary, &self.path).map_err(failed)?;
        self.sync_folders().map_err(failed)
    }

    /// The name is at rest once its folder is, and the folder's name in the one above, up to the data folder.
    fn sync_folders(&self) -> io::Result<()> {
        for folder in self.path.ancestors().skip(1) {
            fs::File::open(folder)?.sync_all()?;
            if folder == self.folder {
                break;
            }
        }
        Ok(())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes).inspect_err(|error| self.failure = Some(error.kind()))?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Where it has its name, nothing is there to remove.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// A name of this process's and thread's own.
pub(super) fn temporary(path: &Path) -> PathBuf {
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{thread}.{PART}", std::process::id()));
    PathBuf::from(name)
}

fn gone_is_fine(result: io::Result<()>, name: &str) -> Result<(), FrameError> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FrameError::Remove { name: name.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
