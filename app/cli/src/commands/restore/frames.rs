//! The frames of a backup: laid beside those that are there, compared, put in their places, and the others removed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kartei_store::owner;

use crate::archive::{self, Backup, files_below};
use crate::failure::{During, Failure};

/// The folders of frames inside the data folder.
const KINDS: [&str; 2] = ["runs", "batches"];
/// Where they are laid while they wait for their places: on the same disk.
const WAITING: &str = ".restoring";

/// The frames of a backup, whole and compared, beside the places that they go to.
pub(super) struct Incoming<'a> {
    data: &'a Path,
    waiting: PathBuf,
    names: Vec<PathBuf>,
}

/// Whether there are frames already.
pub(super) fn are_there(data: &Path) -> bool {
    KINDS.iter().any(|kind| files_below(&data.join(kind)).is_ok_and(|files| !files.is_empty()))
}

impl<'a> Incoming<'a> {
    /// Copies the frames of a backup beside their places. The backup stays as it is.
    pub(super) fn prepare(folder: &Path, data: &'a Path, backup: &Backup) -> Result<Self, Failure> {
        let (from, waiting) = (folder.join(archive::DATA), data.join(WAITING));
        remove(&waiting)?;
        let mut names = Vec::new();
        let files = if from.is_dir() { files_below(&from) } else { Ok(Vec::new()) };
        for file in files.during("the frames of the backup cannot be read")? {
            let Ok(name) = file.strip_prefix(&from) else { continue };
            let target = waiting.join(name);
            owner::copy(&file, &target).during(format_args!("{} cannot be written", target.display()))?;
            names.push(name.to_owned());
        }
        of_data(backup).verify(&waiting)?;
        Ok(Self { data, waiting, names })
    }

    /// Gives each frame its name. One that is there already is replaced whole.
    pub(super) fn put_in_place(&self) -> Result<(), Failure> {
        let mut folders = BTreeSet::from([self.data.to_owned()]);
        for name in &self.names {
            let target = self.data.join(name);
            let mut put = || -> io::Result<()> {
                if let Some(folder) = target.parent() {
                    owner::create_folder(folder)?;
                    folders.extend(folder.ancestors().take_while(|one| *one != self.data).map(Path::to_owned));
                }
                fs::rename(self.waiting.join(name), &target)
            };
            put().during(format_args!("{} cannot be written", target.display()))?;
        }
        for folder in folders {
            owner::sync_folder(&folder).during(format_args!("{} cannot be synchronised", folder.display()))?;
        }
        remove(&self.waiting)
    }

    /// Removes the frames that were there before and that the backup does not have: no row names them any more.
    pub(super) fn remove_others(&self) -> Result<(), Failure> {
        let ours: BTreeSet<&PathBuf> = self.names.iter().collect();
        for folder in KINDS.map(|kind| self.data.join(kind)).iter().filter(|folder| folder.is_dir()) {
            for file in files_below(folder).during(format_args!("{} cannot be read", folder.display()))? {
                let is_ours = file.strip_prefix(self.data).is_ok_and(|name| ours.contains(&name.to_owned()));
                if !is_ours {
                    fs::remove_file(&file).during(format_args!("{} cannot be removed", file.display()))?;
                    // A folder that is empty now goes too; one that is not stays.
                    let _ = file.parent().map(fs::remove_dir);
                }
            }
        }
        Ok(())
    }
}

/// The list of what belongs into the data folder, by names inside it.
pub(super) fn of_data(backup: &Backup) -> Backup {
    let prefix = format!("{}/", archive::DATA);
    let moved =
        backup.files.iter().filter_map(|(name, sum)| Some((name.strip_prefix(&prefix)?.to_owned(), sum.clone())));
    Backup { files: moved.collect(), ..backup.clone() }
}

fn remove(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::because(format!("{} cannot be removed", folder.display()), &error))
        }
        _ => Ok(()),
    }
}
