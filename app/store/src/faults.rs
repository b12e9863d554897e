//! Writes that fail when a test wants it, each in one of the ways in which a database fails. Only builds for tests can.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::Store;

/// How a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not begin.
    Begin,
    /// It does not come to rest: nothing of it is there.
    Commit,
    /// It comes to rest, but whoever wrote it is told that it failed: the answer got lost.
    Answer,
}

/// The writes of a store, counted, and the one that fails.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    writes: AtomicU64,
    wanted: Mutex<Option<(u64, Fault)>>,
}

impl Faults {
    /// Counts a write, and says how it fails, if it does.
    pub(crate) fn next(&self) -> Option<Fault> {
        let write = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.take_if(|(number, _)| *number <= write).map(|(_, fault)| fault)
    }
}

impl Store {
    /// Lets a write fail: the next one (1), the one after that (2), ...
    pub fn fail_at(&self, write: u64, fault: Fault) {
        let before = self.faults.writes.load(Ordering::SeqCst);
        *self.faults.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some((before + write, fault));
    }

    /// Lets no write fail any more; whether the one that should have failed did.
    pub fn fail_no_more(&self) -> bool {
        self.faults.wanted.lock().unwrap_or_else(PoisonError::into_inner).take().is_none()
    }
}

/// The error of a write that failed so.
pub(crate) fn failed() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::other("a test wants it so"))
}
