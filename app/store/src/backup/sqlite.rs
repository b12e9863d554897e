//! SQLite copies itself into a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Copied, StoreCopy, unwritable};
use crate::session::sql;
use crate::{Result, Store, StoreError, StoreOptions, owner, stop_here};

/// The file of the copy.
const FILE: &str = "kartei.db";

pub(super) async fn copy_into(store: &Store, folder: &Path) -> Result<Copied> {
    let file = folder.join(FILE);
    let path = file.to_str().ok_or_else(|| StoreError::Url { reason: "the folder's name is not UTF-8".to_owned() })?;
    // Into an empty file, whose rights it keeps.
    owner::create_new(&file).map_err(|error| unwritable(&error))?;
    store.vacuum_into(path).await?;
    // Opened as a store of its own, it says what it holds: whatever is written meanwhile is not in it.
    let copy = Store::open(&StoreOptions::new(format!("sqlite:{path}"))).await?;
    let described = describe(&copy).await;
    copy.close().await;
    let described = described?;
    fs::File::open(&file).and_then(|file| file.sync_all()).map_err(|error| unwritable(&error))?;
    Ok(described)
}

async fn describe(copy: &Store) -> Result<Copied> {
    let mut session = copy.read().await?;
    let verdict = sql("pragma quick_check").row(&mut session).await?.map(|row| row.text("quick_check")).transpose()?;
    drop(session);
    if verdict.as_deref() != Some("ok") {
        return Err(StoreError::Damaged { reason: "the copy does not pass SQLite's own check".to_owned() });
    }
    let published = copy.published().await?;
    let batches = copy.kept_batches().await?;
    let store = StoreCopy { kind: "sqlite".to_owned(), version: copy.version().await?, tables: copy.tables().await? };
    Ok(Copied { store, published, batches })
}

/// What is put aside is a store like any other, with its log.
const ASIDE: &str = ".before-restore";
/// What lies beside a store's file, and belongs to it.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A crash leaves the old store, or none, or the new one, and never a mixture: the copy is whole before anything is moved, and
/// what is moved are names.
pub(super) async fn restore(options: &StoreOptions, folder: &Path, replace: bool) -> Result<Store> {
    let target = options.file().ok_or_else(|| StoreError::Url { reason: "`sqlite:` needs a file".to_owned() })?;
    if target.exists() && !replace {
        return Err(StoreError::Occupied);
    }
    let put = || {
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let incoming = beside(&target, ".restoring");
        owner::copy(&folder.join(FILE), &incoming)?;
        put_aside(&target)?;
        owner::sync_folder(parent)?;
        stop_here("aside");
        fs::rename(&incoming, &target)?;
        owner::sync_folder(parent)
    };
    put().map_err(|error: io::Error| unwritable(&error))?;
    Store::open(options).await
}

/// Moves a store and what lies beside it out of the way. Where a restore was cut off, what it had put aside stays: that is the
/// store of before.
fn put_aside(target: &Path) -> io::Result<()> {
    let aside = beside(target, ASIDE);
    let is_first = !aside.exists();
    for companion in COMPANIONS {
        let from = beside(target, companion);
        let moved = if is_first { fs::rename(&from, beside(&aside, companion)) } else { fs::remove_file(&from) };
        is_fine(moved)?;
    }
    if is_first { is_fine(fs::rename(target, aside)) } else { Ok(()) }
}

pub(super) fn forget_replaced(target: &Path) -> Result<()> {
    let aside = beside(target, ASIDE);
    let remove = || {
        is_fine(fs::remove_file(&aside))?;
        COMPANIONS.iter().try_for_each(|companion| is_fine(fs::remove_file(beside(&aside, companion))))
    };
    remove().map_err(|error| unwritable(&error))
}

/// What is not there needs not be moved.
fn is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.to_owned().into_os_string();
    name.push(ending);
    PathBuf::from(name)
}
