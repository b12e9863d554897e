//! The store knows its data folder: one id stands in both. A process that has the one and not the other would take whatever
//! the other lacks for lost.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::frames::Frames;
use crate::{Result, Store, StoreError};

/// The file in the data folder.
const FILE: &str = "kartei-store.json";
/// The setting in the store.
const SETTING: &str = "data_folder";

/// What stands in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    store: String,
}

/// How store and data folder stand to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Bond {
    /// One id stands in both.
    Held,
    /// Neither knows of the other, and nothing has been published.
    New,
    /// A new store, and a folder in which nothing lies yet but the id.
    Marked(String),
    /// They do not belong together.
    Broken(&'static str),
}

impl Store {
    /// Says whether this is the store's data folder. Before the first run neither knows of the other, and that is well.
    pub async fn check_data_folder(&self, folder: &Path) -> Result<()> {
        self.bond(folder).await.map(|_| ())
    }

    /// Says whether this is the store's data folder, and binds the two where both are new. `id` is used then: any text that
    /// no other installation has.
    pub async fn bind_data_folder(&self, folder: &Path, id: &str, now: DateTime<Utc>) -> Result<()> {
        let id = match self.bond(folder).await? {
            Bond::Marked(id) => id,
            // Of several processes that begin at once one makes the file.
            Bond::New => match mark(folder, id) {
                Ok(()) => id.to_owned(),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return self.wait_for_bond(folder).await,
                Err(error) => return Err(unwritable(folder, &error)),
            },
            Bond::Held | Bond::Broken(_) => return Ok(()),
        };
        if self.setting_or(SETTING, &id, now).await? == id {
            return Ok(());
        }
        // Another process was faster, and has another folder.
        let _ = fs::remove_file(folder.join(FILE));
        Err(foreign(folder, NOT_HERE))
    }

    /// Binds the store to a folder that was put in its place together with it.
    pub async fn rebind_data_folder(&self, folder: &Path, id: &str, now: DateTime<Utc>) -> Result<()> {
        self.replace_setting(SETTING, id, now).await?;
        match fs::remove_file(folder.join(FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(folder, &error)),
            _ => {}
        }
        mark(folder, id).map_err(|error| unwritable(folder, &error))
    }

    /// Another process of this machine has made the file a moment ago, and is about to write its setting.
    async fn wait_for_bond(&self, folder: &Path) -> Result<()> {
        for _ in 0..50 {
            if self.bond(folder).await? == Bond::Held {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        Err(foreign(folder, "another process has begun to make it, and has not come to its end"))
    }

    async fn bond(&self, folder: &Path) -> Result<Bond> {
        let found = match (self.setting(SETTING).await?, read(folder)?) {
            (Some(known), Some(marked)) if known == marked => Bond::Held,
            (Some(_), Some(_)) => Bond::Broken("it belongs to another store"),
            (Some(_), None) => Bond::Broken(NOT_HERE),
            (None, _) if self.published().await?.is_some() => {
                Bond::Broken("the store has published, and does not know its folder")
            }
            (None, Some(marked)) => match Frames::new(folder).files() {
                Ok(files) if files.is_empty() => Bond::Marked(marked),
                // Another process may have bound the two meanwhile, and begun to work.
                _ if self.setting(SETTING).await?.as_ref() == Some(&marked) => Bond::Held,
                _ => Bond::Broken("it belongs to another store, and this one is new"),
            },
            (None, None) => Bond::New,
        };
        match found {
            Bond::Broken(reason) => Err(foreign(folder, reason)),
            held => Ok(held),
        }
    }
}

const NOT_HERE: &str = "it is missing, or it is not the one in which the store's frames lie";

fn read(folder: &Path) -> Result<Option<String>> {
    match fs::read_to_string(folder.join(FILE)) {
        Ok(text) => match serde_json::from_str::<Mark>(&text) {
            Ok(mark) => Ok(Some(mark.store)),
            Err(_) => Err(foreign(folder, "its kartei-store.json cannot be read")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unwritable(folder, &error)),
    }
}

/// Makes the file, which must be new, and brings it to rest whole: it is written beside its name first.
fn mark(folder: &Path, id: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let temporary = folder.join(format!(".{FILE}.{id}"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    let text = serde_json::to_string(&Mark { store: id.to_owned() })?;
    file.write_all(format!("{text}\n").as_bytes())?;
    file.sync_all()?;
    let named = match fs::hard_link(&temporary, folder.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            // A disk that knows no second names.
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(folder.join(FILE))
                .and_then(|_| fs::rename(&temporary, folder.join(FILE)))
        }
        named => named,
    };
    let _ = fs::remove_file(&temporary);
    named?;
    fs::File::open(folder)?.sync_all()
}

fn foreign(folder: &Path, reason: &str) -> StoreError {
    StoreError::DataFolder { folder: folder.display().to_string(), reason: reason.to_owned() }
}

fn unwritable(folder: &Path, error: &io::Error) -> StoreError {
    foreign(folder, &format!("it cannot be read or written: {error}"))
}
