//! The frames at rest: Parquet files (zstd), put and fetched in one place, and named by references that prove them.
//!
//! Whoever puts a frame gets a [`FrameRef`]: its name, size and hash. The store keeps the reference; whoever fetches a frame
//! shows it, and gets the frame as it was put, or an error. Nothing is ever replaced: a name is given once. `disk.rs` is all
//! that touches files; an object store would be a second of its kind.

mod disk;
mod encode;
mod error;
#[cfg(feature = "faults")]
pub mod faults;
mod reference;
mod writer;

use std::io::{BufWriter, Cursor, Write};
use std::path::{Path, PathBuf};

use polars_core::prelude::*;
use polars_io::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

pub use disk::{File as FrameFile, is_half_written};
pub use error::FrameError;
pub use reference::{FrameRef, FrameSet};
pub use writer::Writer;

/// The frames below a folder. Names are relative, with `/` between folders and no ending: `runs/17-2/pairs`.
#[derive(Debug, Clone)]
pub struct Frames {
    disk: disk::Disk,
}

impl Frames {
    /// The frames in `folder`, which is made when the first is put.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { disk: disk::Disk::new(folder.into()) }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.disk.folder()
    }

    /// Puts a frame at rest under a name that no frame has yet, and gives the reference by which it is fetched. Once this
    /// returns, the frame outlives a crash.
    pub fn put(&self, name: &str, frame: &DataFrame) -> Result<FrameRef, FrameError> {
        let mut new = self.disk.begin(name)?;
        let (hash, bytes) = {
            let mut writer = BufWriter::with_capacity(1 << 20, &mut new);
            let encoded = encode::write(&mut writer, frame);
            let flushed = encoded.and_then(|_| writer.flush().map_err(PolarsError::from));
            drop(writer);
            flushed.map_err(|source| new.failed(source))?;
            (new.hash(), new.bytes())
        };
        new.settle()?;
        Ok(FrameRef { name: name.to_owned(), bytes, rows: frame.height() as u64, hash })
    }

    /// Fetches a frame, or some of its columns, if it is whole and unchanged.
    pub fn get(&self, reference: &FrameRef, columns: Option<&[&str]>) -> Result<DataFrame, FrameError> {
        let bytes = self.disk.read(&reference.name)?;
        prove(reference, &bytes)?;
        let columns = columns.map(|names| names.iter().map(|column| (*column).to_owned()).collect());
        ParquetReader::new(Cursor::new(bytes))
            .with_columns(columns)
            .finish()
            .map_err(|source| FrameError::Format { name: reference.name.clone(), source })
    }

    /// Says whether a frame is there, whole and unchanged, without making it out.
    pub fn check(&self, reference: &FrameRef) -> Result<(), FrameError> {
        prove(reference, &self.disk.read(&reference.name)?)
    }

    /// The file that holds a frame.
    pub fn path(&self, name: &str) -> PathBuf {
        self.disk.path(name)
    }

    /// Whether a frame of that name is at rest, in whatever state.
    pub fn exists(&self, name: &str) -> bool {
        self.disk.path(name).is_file()
    }

    /// Removes a frame; one that is not there is no error.
    pub fn remove(&self, name: &str) -> Result<(), FrameError> {
        self.disk.remove(name)
    }

    /// Removes what all attempts of a run have put at rest under `runs`.
    pub fn remove_run(&self, run_id: i64) -> Result<u64, FrameError> {
        self.disk.remove_folders("runs", &format!("{run_id}-"))
    }

    /// The names of the folders directly below `name`, sorted.
    pub fn folders(&self, name: &str) -> Result<Vec<String>, FrameError> {
        self.disk.folders(name)
    }

    /// All frames that are there, and what writers have left half-written, sorted by name.
    pub fn files(&self) -> Result<Vec<FrameFile>, FrameError> {
        self.disk.files()
    }

    /// Removes a file that [`Frames::files`] has named.
    pub fn remove_file(&self, file: &FrameFile) -> Result<(), FrameError> {
        self.disk.remove_file(file)
    }
}

fn prove(reference: &FrameRef, bytes: &[u8]) -> Result<(), FrameError> {
    if is_unproven() {
        return Ok(());
    }
    let (name, found) = (reference.name.clone(), bytes.len() as u64);
    if found != reference.bytes {
        return Err(FrameError::Size { name, found, expected: reference.bytes });
    }
    if hash_text(xxh3_128(bytes)) != reference.hash {
        return Err(FrameError::Changed { name });
    }
    Ok(())
}

/// Whether a test has switched the proofs off, to see that it notices.
fn is_unproven() -> bool {
    cfg!(feature = "unfenced") && std::env::var_os("KARTEI_UNPROVEN").is_some()
}

fn hash_text(hash: u128) -> String {
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests;
