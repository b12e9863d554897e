//! A folder in which deliveries arrive, and what a test does with it.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use kartei_connector::{Connector, ConnectorError, Context, Cursor, Page};
use kartei_transport::{FileError, FilesConnector, ReadOptions, Table, read_table};
use polars_core::frame::DataFrame;
use tempfile::TempDir;

/// A folder of its own for each test.
pub(crate) struct Folder {
    dir: TempDir,
}

/// The night in which everything happens.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-02T04:00:00Z".parse().unwrap()
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A delivery that arrived an hour ago.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        self.put_at(name, bytes, 3_600);
    }

    /// A delivery that arrived so many seconds ago.
    pub(crate) fn put_at(&self, name: &str, bytes: impl AsRef<[u8]>, seconds_ago: u64) {
        std::fs::write(self.path(name), bytes).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now().timestamp().try_into().unwrap());
        let file = File::options().write(true).open(self.path(name)).unwrap();
        file.set_modified(now - Duration::from_secs(seconds_ago)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    /// A connector for complete listings keyed by the column `Nr`, in pages of three.
    pub(crate) fn listings(&self) -> FilesConnector {
        self.connector("key = ['Nr']\n[connector]\nproduct = 'files'\npath = '*'\npage_rows = 3")
    }

    /// A connector for deltas keyed by the column `Nr`, in pages of three.
    pub(crate) fn deltas(&self) -> FilesConnector {
        self.connector("key = ['Nr']\n[connector]\nproduct = 'files'\npath = '*'\npage_rows = 3\nlisting = 'delta'")
    }

    pub(crate) fn connector(&self, rest: &str) -> FilesConnector {
        let text = format!("name = 'members'\nfamily = 'membership'\nfields.surname = 'Name'\n{rest}");
        FilesConnector::new(&toml::from_str(&text).unwrap(), &Context::of(self.dir.path())).unwrap()
    }

    pub(crate) fn table(&self, name: &str) -> Result<Table, ConnectorError> {
        read_table(&self.path(name), &ReadOptions::default())
    }
}

/// Everything after a cursor: the pages that came, and the error that ended them.
pub(crate) async fn pull(connector: &FilesConnector, cursor: Option<&Cursor>) -> (Vec<Page>, Option<ConnectorError>) {
    let mut stream = connector.pull(cursor.cloned(), now()).await.unwrap();
    let mut pages = Vec::new();
    while let Some(page) = stream.next().await {
        match page {
            Ok(page) => pages.push(page),
            Err(error) => return (pages, Some(error)),
        }
    }
    (pages, None)
}

/// Everything after a cursor, from a source that is sound.
pub(crate) async fn pages(connector: &FilesConnector, cursor: Option<&Cursor>) -> Vec<Page> {
    let (pages, error) = pull(connector, cursor).await;
    assert!(error.is_none(), "{error:?}");
    pages
}

/// What the transport says of an error.
pub(crate) fn reason(error: &ConnectorError) -> &FileError {
    error.reason().expect("an error about files")
}

/// The error that ends a pull.
pub(crate) async fn error(connector: &FilesConnector) -> ConnectorError {
    pull(connector, None).await.1.expect("the pull should fail")
}

pub(crate) fn names(frame: &DataFrame) -> Vec<String> {
    frame.columns().iter().map(|column| column.name().to_string()).collect()
}

/// A column's cells, absent ones as `∅`.
pub(crate) fn cells(frame: &DataFrame, column: &str) -> Vec<String> {
    let texts = frame.column(column).unwrap().str().unwrap();
    texts.iter().map(|text| text.unwrap_or("∅").to_owned()).collect()
}

/// The keys of all pages.
pub(crate) fn keys(pages: &[Page]) -> Vec<String> {
    pages.iter().filter(|page| page.rows.height() > 0).flat_map(|page| cells(&page.rows, "key")).collect()
}

/// The rejects of all pages, as `line reason`.
pub(crate) fn rejects(pages: &[Page]) -> Vec<String> {
    let all = pages.iter().flat_map(|page| &page.rejects);
    all.map(|reject| format!("{} {}", reject.line.unwrap_or(0), reject.reason)).collect()
}
