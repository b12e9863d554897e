//! Files and folders for their owner alone: all that kartei writes holds personal data, or may.
//!
//! The command sets its umask besides; what is here holds also where a library is used without it, and for files that an
//! older program made.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Reading and writing for the owner, nothing for anybody else.
const FILE: u32 = 0o600;
/// The same for a folder, which must be entered as well.
const FOLDER: u32 = 0o700;
/// The rights of the group and of all others.
const OTHERS: u32 = 0o077;

/// Opens a file for writing and empties it; one that is there already is closed to others.
pub fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE).open(path)?;
    narrow(&file)?;
    Ok(file)
}

/// Makes a file that is not there yet.
pub fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(FILE).open(path)
}

/// Writes a whole file.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    create(path)?.write_all(bytes.as_ref())
}

/// Makes a folder and those above it that are missing.
pub fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)
}

/// Copies a file, but not its rights, and makes the folder that it goes to. Nothing of it gets lost when the machine stops.
pub fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    if let Some(folder) = to.parent() {
        create_folder(folder)?;
    }
    let mut out = create(to)?;
    let copied = io::copy(&mut File::open(from)?, &mut out)?;
    out.sync_all()?;
    Ok(copied)
}

/// Whether others than the owner have any right.
pub fn is_open(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & OTHERS != 0
}

/// Takes the rights of all others away.
pub fn close(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS & 0o7777))
}

/// All files and folders from this path down that others have a right to; what a link points at belongs to somebody else.
pub fn open_below(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![path.to_owned()];
    while let Some(path) = waiting.pop() {
        let metadata = match fs::symlink_metadata(&path) {
            // Whatever is being removed just now is no trouble.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        if metadata.is_symlink() {
            continue;
        }
        if metadata.is_dir() {
            for entry in fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        }
        if is_open(&metadata) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Lets the names in a folder outlast a machine that stops.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A device or a pipe has the rights that it has, and so has a file of somebody else.
fn narrow(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || !is_open(&metadata) {
        return Ok(());
    }
    match file.set_permissions(Permissions::from_mode(metadata.permissions().mode() & !OTHERS & 0o7777)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn private_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        folder
    }

    #[test]
    fn what_is_made_is_for_its_owner_alone_and_what_was_open_is_closed() {
        let folder = private_folder();
        let (inner, file) = (folder.path().join("a/b"), folder.path().join("a/b/file"));
        create_folder(&inner).unwrap();
        write(&file, "Erika").unwrap();
        assert_eq!((mode(&folder.path().join("a")), mode(&inner), mode(&file)), (0o700, 0o700, 0o600));
        fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
        assert_eq!(open_below(folder.path()).unwrap(), std::slice::from_ref(&file));
        let copied = folder.path().join("c/copy");
        copy(&file, &copied).unwrap();
        assert_eq!((mode(&copied), fs::read(&copied).unwrap().as_slice()), (0o600, &b"Erika"[..]));
        write(&file, "anew").unwrap();
        assert_eq!(mode(&file), 0o600);
        fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
        close(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
        assert!(open_below(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn what_a_link_points_at_is_left_alone_and_a_device_can_be_written() {
        let folder = private_folder();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link")).unwrap();
        assert!(open_below(folder.path()).unwrap().is_empty());
        assert!(open_below(&folder.path().join("nowhere")).unwrap().is_empty());
        write(Path::new("/dev/null"), "gone").unwrap();
    }
}
