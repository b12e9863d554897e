//! The content of a file, unpacked from gz or zip where it is packed, and never more of it than is plausible.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use crate::error::FileError;
use crate::foreign::{Document, by_entries};

/// What is around a file's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Bare,
    Gzip,
    Zip,
}

/// Unpacking stops here, whatever the ratio.
const UNPACKED_LIMIT_BYTES: u64 = 16 << 30;
/// Text lists shrink to a tenth; what shrinks to less than this part, and is not small, is a trap.
const RATIO_LIMIT: u64 = 200;
/// Formats that are read back and forth lie in memory as a whole, and may be so large.
const WHOLE_LIMIT_BYTES: u64 = 4 << 30;
/// So much may come out of any file, however small.
const SMALL_BYTES: u64 = 64 << 20;

/// What is around the data of a file: from its first bytes, not from its name. A workbook is a zip, but not a packed file.
pub(crate) fn packing_of(path: &Path) -> Result<Packing, FileError> {
    let mut start = [0; 4];
    let mut file = open(path)?;
    let length = read_up_to(&mut file, &mut start).map_err(|cause| explain(path, cause))?;
    Ok(match &start[..length] {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        b"PK\x03\x04" if document_of(path)?.is_none() => Packing::Zip,
        _ => Packing::Bare,
    })
}

/// The name that the data has inside its packing: `members.csv` of `members.csv.gz`.
pub(crate) fn inner_name(path: &Path, packing: Packing) -> Result<String, FileError> {
    let name = file_name(path);
    match packing {
        Packing::Bare => Ok(name),
        Packing::Gzip => Ok(name.strip_suffix(".gz").map_or(name.clone(), str::to_owned)),
        Packing::Zip => {
            let mut archive = open_archive(path)?;
            let index = only_entry(&mut archive, path)?;
            Ok(archive.name_for_index(index).and_then(Result::ok).map_or(name, Cow::into_owned))
        }
    }
}

/// So much may come out of a file of this size.
pub(crate) fn limit_of(size: u64) -> u64 {
    SMALL_BYTES.max(size.saturating_mul(RATIO_LIMIT)).min(UNPACKED_LIMIT_BYTES)
}

/// Hands the unpacked content of a file to a reader.
pub(crate) fn with_content<T, E: From<FileError>>(
    path: &Path,
    packing: Packing,
    read: impl FnOnce(&mut dyn Read) -> Result<T, E>,
) -> Result<T, E> {
    let file = open(path)?;
    let size = file.metadata().map_err(|cause| explain(path, cause))?.len();
    let limit = limit_of(size);
    match packing {
        Packing::Bare => read(&mut BufReader::with_capacity(1 << 18, file)),
        Packing::Gzip => {
            let unpacked = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file));
            read(&mut Bounded { inner: unpacked, left: limit, limit })
        }
        Packing::Zip => {
            let mut archive = open_archive(path)?;
            let index = only_entry(&mut archive, path)?;
            let entry = archive.by_index(index).map_err(|error| damaged(path, &error.to_string()))?;
            read(&mut Bounded { inner: entry, left: limit, limit })
        }
    }
}

/// The whole content in memory, for formats that are read back and forth.
pub(crate) fn whole_content(path: &Path, packing: Packing) -> Result<Cursor<Vec<u8>>, FileError> {
    with_content(path, packing, |reader| {
        let mut bytes = Vec::new();
        let mut bounded = reader.take(WHOLE_LIMIT_BYTES + 1);
        bounded.read_to_end(&mut bytes).map_err(|cause| explain(path, cause))?;
        if bytes.len() as u64 > WHOLE_LIMIT_BYTES {
            return Err(FileError::TooLarge { file: file_name(path), limit_bytes: WHOLE_LIMIT_BYTES });
        }
        Ok(Cursor::new(bytes))
    })
}

/// The name without its folder, for errors and pages.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Says what a failed read means.
pub(crate) fn explain(path: &Path, cause: io::Error) -> FileError {
    let file = file_name(path);
    if let Some(TooMuch(limit_bytes)) = cause.get_ref().and_then(|inner| inner.downcast_ref()) {
        return FileError::TooLarge { file, limit_bytes: *limit_bytes };
    }
    match cause.kind() {
        io::ErrorKind::UnexpectedEof => {
            FileError::Truncated { file, detail: "its compressed data ends too early".into() }
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => damaged(path, "its compressed data is damaged"),
        _ => FileError::Io { file, cause },
    }
}

/// Reads until the buffer is full or the input ends; gives the number of bytes read.
pub(crate) fn read_up_to(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn damaged(path: &Path, detail: &str) -> FileError {
    FileError::Truncated { file: file_name(path), detail: detail.to_owned() }
}

fn open(path: &Path) -> Result<File, FileError> {
    File::open(path).map_err(|cause| explain(path, cause))
}

fn open_archive(path: &Path) -> Result<ZipArchive<BufReader<File>>, FileError> {
    ZipArchive::new(BufReader::new(open(path)?)).map_err(|error| damaged(path, &error.to_string()))
}

/// The document that a zip is, as its table of contents says; none for data in a zip. A zip that is cut off has none.
pub(crate) fn document_of(path: &Path) -> Result<Option<Document>, FileError> {
    let mut archive = open_archive(path)?;
    let mut kind = String::new();
    if let Ok(entry) = archive.by_name("mimetype") {
        // Without it, or where it is no text, the names of the entries tell.
        let _ = entry.take(200).read_to_string(&mut kind);
    }
    let names: Vec<String> = archive.file_names().filter_map(|name| name.ok().map(Cow::into_owned)).collect();
    let document = by_entries(&names.iter().map(String::as_str), &kind);
    if document.is_some() {
        let unpacked: u64 = (0..archive.len()).filter_map(|i| archive.by_index_raw(i).ok().map(|e| e.size())).sum();
        let size = open(path)?.metadata().map_err(|cause| explain(path, cause))?.len();
        let limit_bytes = limit_of(size);
        if unpacked > limit_bytes {
            return Err(FileError::TooLarge { file: file_name(path), limit_bytes });
        }
    }
    Ok(document)
}

/// The one file of an archive that holds data; folders and what macOS adds do not count.
fn only_entry(archive: &mut ZipArchive<BufReader<File>>, path: &Path) -> Result<usize, FileError> {
    let is_data = |name: &str| !name.ends_with('/') && !name.starts_with("__MACOSX/") && !name.ends_with(".DS_Store");
    let found: Vec<usize> = (0..archive.len())
        .filter(|index| archive.name_for_index(*index).is_some_and(|name| name.is_ok_and(|name| is_data(&name))))
        .collect();
    match found[..] {
        [index] => Ok(index),
        _ => Err(FileError::Archive { file: file_name(path), count: found.len() }),
    }
}

/// A reader that refuses to go on beyond a limit.
struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("more than {0} bytes")]
struct TooMuch(u64);

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| io::Error::other(TooMuch(self.limit)))?;
        Ok(count)
    }
}
