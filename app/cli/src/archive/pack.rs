//! A backup in one file: tar, packed with zstd where its name says so.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;

use kartei_store::owner;
use tar::Archive;

use crate::failure::{During, Failure};

/// Fast, and hardly larger than the next levels: most of a backup is packed already.
const LEVEL: i32 = 3;

/// Whether a name asks for one file.
pub(crate) fn is_packed(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    [".tar", ".tar.zst", ".tzst"].iter().any(|ending| name.ends_with(ending))
}

fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending != "tar")
}

/// Puts all files of a folder into one, which is there whole or not at all.
pub(crate) fn pack(folder: &Path, target: &Path) -> Result<(), Failure> {
    let mut part = target.to_owned().into_os_string();
    part.push(".part");
    let written = write(folder, target, Path::new(&part)).and_then(|()| fs::rename(&part, target));
    if written.is_err() {
        // The cause matters more than a left-over.
        let _ = fs::remove_file(&part);
    }
    written.during(format_args!("{} cannot be written", target.display()))
}

fn write(folder: &Path, target: &Path, part: &Path) -> io::Result<()> {
    // The file holds personal data, and perhaps passwords: it is for its owner alone.
    let file = owner::create(part)?;
    let out = BufWriter::with_capacity(1 << 20, file);
    let out = if is_compressed(target) {
        let mut packed = tar::Builder::new(zstd::Encoder::new(out, LEVEL)?);
        packed.append_dir_all(".", folder)?;
        packed.into_inner()?.finish()?
    } else {
        let mut plain = tar::Builder::new(out);
        plain.append_dir_all(".", folder)?;
        plain.into_inner()?
    };
    let mut out = out;
    out.flush()?;
    out.get_ref().sync_all()
}

/// Puts the files of a packed backup into a folder.
pub(crate) fn unpack(source: &Path, folder: &Path) -> Result<(), Failure> {
    let read = || {
        let file = BufReader::with_capacity(1 << 20, File::open(source)?);
        if is_compressed(source) {
            unpack_private(Archive::new(zstd::Decoder::with_buffer(file)?), folder)
        } else {
            unpack_private(Archive::new(file), folder)
        }
    };
    read().map_err(|error| {
        Failure::because(format!("{} cannot be unpacked", source.display()), &error)
            .with_hint("see that the file is whole and that there is room for it")
    })
}

/// Whatever rights the archive names: what comes out of it is for its owner alone.
fn unpack_private(mut archive: Archive<impl io::Read>, folder: &Path) -> io::Result<()> {
    archive.set_mask(0o077);
    archive.unpack(folder)
}
