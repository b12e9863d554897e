//! SQLite copies itself into a file.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::{Copied, StoreCopy, unwritable};
use crate::session::sql;
use crate::{Result, Store, StoreError, StoreOptions};

/// The file of the copy.
const FILE: &str = "kartei.db";

pub(super) async fn copy_into(store: &Store, folder: &Path) -> Result<Copied> {
    let file = folder.join(FILE);
    let path = file.to_str().ok_or_else(|| StoreError::Url { reason: "the folder's name is not UTF-8".to_owned() })?;
    store.vacuum_into(path).await?;
    // Opened as a store of its own, it says what it holds: whatever is written meanwhile is not in it.
    let copy = Store::open(&StoreOptions::new(format!("sqlite:{path}"))).await?;
    let described = describe(&copy).await;
    copy.close().await;
    let described = described?;
    std::fs::File::open(&file).and_then(|file| file.sync_all()).map_err(|error| unwritable(&error))?;
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

pub(super) async fn restore(options: &StoreOptions, folder: &Path, replace: bool) -> Result<Store> {
    let url = options.url.expose_secret();
    let Some(path) = url.strip_prefix("sqlite:") else {
        return Err(StoreError::Url {
            reason: "the copy is of an SQLite store, and this names another database".to_owned(),
        });
    };
    let target = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
    if target.exists() && !replace {
        return Err(StoreError::Occupied);
    }
    let beside = |ending: &str| {
        let mut name = target.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let put = || {
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let incoming = beside(".restoring");
        std::fs::copy(folder.join(FILE), &incoming)?;
        std::fs::File::open(&incoming)?.sync_all()?;
        // What an older store left beside its file would be taken for part of the new one.
        for ending in ["-wal", "-shm", "-journal"] {
            match std::fs::remove_file(beside(ending)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        std::fs::rename(&incoming, &target)
    };
    put().map_err(|error| unwritable(&error))?;
    Store::open(options).await
}
