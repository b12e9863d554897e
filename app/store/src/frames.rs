//! The frames at rest: Parquet files (zstd) in the data folder, named by what they hold.
//!
//! A frame is written to a temporary name, synchronised, and renamed, so that a name never stands for half a frame.

mod encode;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use polars_core::prelude::*;
use polars_io::prelude::*;

/// A folder of frames. Names are relative, with `/` between folders and no ending: `runs/17/pairs`.
#[derive(Debug, Clone)]
pub struct Frames {
    folder: PathBuf,
}

impl Frames {
    /// The frames in `folder`, which is made when the first is written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a frame and gives its size in bytes. An older frame of that name is replaced whole.
    pub fn write(&self, name: &str, frame: &DataFrame) -> Result<u64, FrameError> {
        self.prepare(name, frame)?.settle()
    }

    /// Writes a frame that has no name yet. Several may be prepared for one name at once, by threads and processes that do
    /// not know of each other; whoever settles last has the name.
    pub fn prepare(&self, name: &str, frame: &DataFrame) -> Result<Prepared, FrameError> {
        let path = self.path(name);
        let failed = |source| FrameError::Write { name: name.to_owned(), source };
        let parent = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(parent).map_err(failed)?;
        let temporary = temporary(&path);
        let mut prepared = Prepared { name: name.to_owned(), temporary, path, bytes: 0 };
        prepared.bytes = write_and_sync(&prepared.temporary, frame, name)?;
        Ok(prepared)
    }

    /// Reads a frame, or some of its columns.
    pub fn read(&self, name: &str, columns: Option<&[&str]>) -> Result<DataFrame, FrameError> {
        let file = File::open(self.path(name)).map_err(|source| FrameError::Read { name: name.to_owned(), source })?;
        let columns = columns.map(|names| names.iter().map(|column| (*column).to_owned()).collect());
        ParquetReader::new(file)
            .with_columns(columns)
            .finish()
            .map_err(|source| FrameError::Format { name: name.to_owned(), source })
    }

    /// Whether a frame of that name is at rest.
    pub fn exists(&self, name: &str) -> bool {
        self.path(name).is_file()
    }

    /// Removes a frame; one that is not there is no error.
    pub fn remove(&self, name: &str) -> Result<(), FrameError> {
        gone_is_fine(fs::remove_file(self.path(name)), name)
    }

    /// Removes all frames below a folder such as `runs/17`.
    pub fn remove_folder(&self, name: &str) -> Result<(), FrameError> {
        gone_is_fine(fs::remove_dir_all(self.folder.join(name)), name)
    }

    /// The names of the folders directly below `name`, sorted.
    pub fn folders(&self, name: &str) -> Result<Vec<String>, FrameError> {
        let failed = |source| FrameError::Read { name: name.to_owned(), source };
        let entries = match fs::read_dir(self.folder.join(name)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if entry.path().is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn path(&self, name: &str) -> PathBuf {
        let mut path = self.folder.join(name).into_os_string();
        path.push(".parquet");
        PathBuf::from(path)
    }
}

/// A frame that is written and synchronised, and waits for its name; what gets none goes when it is dropped.
#[derive(Debug)]
pub struct Prepared {
    name: String,
    temporary: PathBuf,
    path: PathBuf,
    bytes: u64,
}

impl Prepared {
    /// Gives the frame its name, and tells its size in bytes.
    pub fn settle(self) -> Result<u64, FrameError> {
        let failed = |source| FrameError::Write { name: self.name.clone(), source };
        fs::rename(&self.temporary, &self.path).map_err(failed)?;
        Ok(self.bytes)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // Where it has its name, or was never begun, nothing is there to remove.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// A name of this process's and thread's own.
fn temporary(path: &Path) -> PathBuf {
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{thread}.part", std::process::id()));
    PathBuf::from(name)
}

fn write_and_sync(path: &Path, frame: &DataFrame, name: &str) -> Result<u64, FrameError> {
    let failed = |source| FrameError::Write { name: name.to_owned(), source };
    let file = Watched { file: File::create(path).map_err(failed)?, failure: None };
    let mut writer = BufWriter::with_capacity(1 << 20, file);
    let bytes = encode::write(&mut writer, frame).map_err(|source| match writer.get_ref().failure {
        Some(kind) => failed(kind.into()),
        None => FrameError::Format { name: name.to_owned(), source },
    })?;
    writer.flush().map_err(failed)?;
    writer.get_ref().file.sync_all().map_err(failed)?;
    Ok(bytes)
}

/// A file that remembers why it could not be written: the writer of Parquet tells it as a text alone.
struct Watched {
    file: File,
    failure: Option<io::ErrorKind>,
}

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).inspect_err(|error| self.failure = Some(error.kind()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn gone_is_fine(result: io::Result<()>, name: &str) -> Result<(), FrameError> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FrameError::Remove { name: name.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Why a frame could not be kept or fetched. Names only the frame, never what it holds.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The file could not be written.
    #[error("cannot write frame `{name}`")]
    Write {
        /// The frame's name.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// The file could not be opened.
    #[error("cannot read frame `{name}`")]
    Read {
        /// The frame's name.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// The file could not be removed.
    #[error("cannot remove frame `{name}`")]
    Remove {
        /// The frame's name.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// The file is no Parquet, or lacks a column.
    #[error("frame `{name}` is damaged or of another form")]
    Format {
        /// The frame's name.
        name: String,
        /// The cause.
        source: PolarsError,
    },
}

impl FrameError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let source = match self {
            Self::Write { source, .. } | Self::Read { source, .. } | Self::Remove { source, .. } => source,
            Self::Format { .. } => return Some("remove the file; the next run makes it anew".to_owned()),
        };
        match source.kind() {
            io::ErrorKind::StorageFull => Some("the disk is full: free some room and run again".to_owned()),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Some("let the user that runs kartei write to the data folder (`[data] folder`)".to_owned())
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Some(
                "a file stands where the data folder should be: move it, or name another (`[data] folder`)".to_owned(),
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> DataFrame {
        df!("key" => ["1", "2"], "surname" => [Some("Sand"), None]).unwrap()
    }

    #[test]
    fn a_frame_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let frames = Frames::new(folder.path());
        frames.write("runs/1/records", &frame()).unwrap();
        assert!(frames.read("runs/1/records", None).unwrap().equals_missing(&frame()));
        assert_eq!(frames.read("runs/1/records", Some(&["key"])).unwrap().width(), 1);
        assert_eq!(frames.folders("runs").unwrap(), ["1"]);
    }

    #[test]
    fn a_frame_that_nobody_waits_for_any_more_leaves_the_name_and_the_folder_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let frames = Frames::new(folder.path());
        frames.write("records", &frame()).unwrap();
        drop(frames.prepare("records", &frame().head(Some(1))).unwrap());
        assert_eq!(frames.read("records", None).unwrap().height(), 2);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn two_who_write_one_name_at_once_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let frames = Frames::new(folder.path());
        let early = frames.prepare("records", &frame().head(Some(1))).unwrap();
        std::thread::scope(|scope| scope.spawn(|| frames.write("records", &frame()).unwrap()).join().unwrap());
        assert_eq!(frames.read("records", None).unwrap().height(), 2);
        early.settle().unwrap();
        assert_eq!(frames.read("records", None).unwrap().height(), 1);
    }

    #[test]
    fn a_frame_that_cannot_be_written_leaves_nothing_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("runs"), "a file where a folder should be").unwrap();
        let frames = Frames::new(folder.path());
        let error = frames.write("runs/1/records", &frame()).unwrap_err();
        assert_eq!(error.to_string(), "cannot write frame `runs/1/records`");
        assert!(!frames.exists("runs/1/records"));
    }

    #[test]
    fn a_frame_that_finds_no_room_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let frames = Frames::new(folder.path());
        let large: Vec<String> =
            (0..200_000_u64).map(|row| format!("{:x}", row.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        for frame in [frame(), df!("key" => large).unwrap()] {
            std::os::unix::fs::symlink("/dev/full", temporary(&folder.path().join("records.parquet"))).unwrap();
            let error = frames.write("records", &frame).unwrap_err();
            assert_eq!(error.to_string(), "cannot write frame `records`");
            assert!(error.hint().unwrap().contains("the disk is full"), "{error:?}");
        }
        frames.write("records", &frame()).unwrap();
    }

    #[test]
    fn removing_what_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let frames = Frames::new(folder.path());
        frames.remove("runs/1/records").unwrap();
        frames.remove_folder("runs").unwrap();
        assert_eq!(frames.folders("runs").unwrap(), Vec::<String>::new());
    }
}
