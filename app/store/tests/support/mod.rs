//! What tests need of databases: a fresh SQLite file or a fresh PostgreSQL database for each test.
//!
//! Other test binaries include this folder by `#[path]`.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::expect_used, reason = "a test that has no database has failed")]

pub(crate) mod postgres;

use tempfile::TempDir;

/// Where a fresh, empty database is, and what must live as long as it is used.
pub(crate) struct Place {
    /// For `StoreOptions::new`.
    pub(crate) url: String,
    /// The folder of an SQLite file.
    pub(crate) folder: Option<TempDir>,
}

impl Place {
    /// A file in a folder of its own, not made yet.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("kartei.db").display());
        Self { url, folder: Some(folder) }
    }

    /// A database of its own in the server of this test process.
    pub(crate) async fn postgres() -> Self {
        Self { url: postgres::fresh_database().await, folder: None }
    }
}
