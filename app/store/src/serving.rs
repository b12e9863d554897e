//! One process serves an SQLite file: a second one hears who does.
//!
//! The lock is the operating system's, on a file beside the database, so that it ends with its process however that ends.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::{Result, Store, StoreError, StoreOptions};

/// Held while a process serves; PostgreSQL has as many servers as there are, and needs none.
#[derive(Debug)]
pub struct ServingLock {
    _file: Option<File>,
}

/// Who may serve.
#[derive(Debug)]
pub enum Served {
    /// This process.
    Here(ServingLock),
    /// Another one, in its own words.
    Elsewhere(String),
}

impl Store {
    /// Takes the right to serve; `words` are what another process is told.
    pub fn lock_serving(&self, words: &str) -> Result<Served> {
        lock(self.file(), words)
    }

    /// The same right on a store that nobody has opened: it keeps others from serving while it is replaced.
    pub fn lock_closed(options: &StoreOptions, words: &str) -> Result<Served> {
        lock(options.file().as_deref(), words)
    }
}

fn lock(file: Option<&Path>, words: &str) -> Result<Served> {
    let Some(path) = file else { return Ok(Served::Here(ServingLock { _file: None })) };
    let mut name = path.as_os_str().to_owned();
    name.push(".serve");
    let failed = |error: std::io::Error| StoreError::Connection { reason: format!("its lock file: {}", error.kind()) };
    let open =
        File::options().create(true).truncate(false).read(true).write(true).mode(0o600).open(PathBuf::from(name));
    let mut file = open.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Whoever holds it may not have written its name yet.
            let _ = file.read_to_string(&mut holder);
            return Ok(Served::Elsewhere(holder.trim().to_owned()));
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{words}")).map_err(failed)?;
    file.flush().map_err(failed)?;
    Ok(Served::Here(ServingLock { _file: Some(file) }))
}
