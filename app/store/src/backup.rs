//! A copy of the whole store in one consistent state while others go on writing, and the way back.
//!
//! SQLite copies itself (`vacuum into`): the copy is a store like any other. Of PostgreSQL each table is one file in COPY's
//! text format, all read in one snapshot, so that neither `pg_dump` nor its version matters.

mod postgres;
mod sqlite;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Batch, PublishedState, Result, Store, StoreError, StoreOptions};

/// What was copied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreCopy {
    /// `sqlite` or `postgres`.
    pub kind: String,
    /// The version of the tables.
    pub version: i64,
    /// Table → its columns and rows.
    pub tables: BTreeMap<String, TableCopy>,
}

impl StoreCopy {
    /// Whether the copy can be put in the place that the options name, as far as that can be said without touching it.
    pub fn fits(&self, options: &StoreOptions) -> Result<()> {
        let known = crate::migrate::known();
        if self.version > known {
            return Err(StoreError::Newer { found: self.version, known });
        }
        crate::migrate::refuse_outdated(self.version)?;
        let reason = match (self.kind.as_str(), options.file().is_some()) {
            ("sqlite", false) => "the copy is of an SQLite store, and this names another database",
            ("postgres", true) => "the copy is of a PostgreSQL store, and this names an SQLite file",
            _ => return Ok(()),
        };
        Err(StoreError::Url { reason: reason.to_owned() })
    }
}

/// A table that was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCopy {
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: u64,
}

/// A copy, and what is needed beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Copied {
    /// What was copied.
    pub store: StoreCopy,
    /// What was visible.
    pub published: Option<PublishedState>,
    /// The batches at rest that the store needs: of what is published, accepted, or waits.
    pub batches: Vec<Batch>,
}

impl Store {
    /// Copies everything into a folder that is there and empty, as it stands at one moment.
    pub async fn copy_into(&self, folder: &Path) -> Result<Copied> {
        match self.kind() {
            "sqlite" => sqlite::copy_into(self, folder).await,
            _ => postgres::copy_into(self, folder).await,
        }
    }

    /// Puts a copy in the place of the store that the options name, and opens it. What is there already is refused, or
    /// replaced where that is asked for; an SQLite store is put aside until [`Store::forget_replaced`]. The tables are brought
    /// up to date.
    pub async fn restore(options: &StoreOptions, folder: &Path, copy: &StoreCopy, replace: bool) -> Result<Self> {
        copy.fits(options)?;
        match copy.kind.as_str() {
            "sqlite" => sqlite::restore(options, folder, replace).await,
            _ => postgres::restore(options, folder, copy, replace).await,
        }
    }

    /// Removes the store that a restore has put aside.
    pub fn forget_replaced(options: &StoreOptions) -> Result<()> {
        options.file().map_or(Ok(()), |file| sqlite::forget_replaced(&file))
    }

    /// The columns and rows of each table.
    pub async fn tables(&self) -> Result<BTreeMap<String, TableCopy>> {
        let mut session = self.snapshot().await?;
        tables(&mut session).await
    }
}

/// The columns and rows of each table, as the session sees them.
async fn tables(session: &mut crate::session::Session) -> Result<BTreeMap<String, TableCopy>> {
    use crate::session::sql;
    let names = if session.is_sqlite() {
        "select t.name as table_name, c.name as column_name from sqlite_schema as t, pragma_table_info(t.name) as c \
         where t.type = 'table' and t.name not like 'sqlite_%' order by t.name, c.cid"
    } else {
        "select c.table_name::text as table_name, c.column_name::text as column_name from information_schema.columns as c \
         join information_schema.tables as t using (table_schema, table_name) \
         where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' \
         order by c.table_name, c.ordinal_position"
    };
    let mut tables: BTreeMap<String, TableCopy> = BTreeMap::new();
    for row in sql(names).rows(session).await? {
        let table = tables.entry(row.text("table_name")?).or_insert(TableCopy { columns: Vec::new(), rows: 0 });
        table.columns.push(row.text("column_name")?);
    }
    for (name, table) in &mut tables {
        let rows = sql(format!("select count(*) from \"{name}\"")).integer(session).await?;
        table.rows = u64::try_from(rows).unwrap_or(0);
    }
    Ok(tables)
}

/// What failed while a file was written or read.
fn unwritable(error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        kind => StoreError::Connection { reason: format!("a file of the copy cannot be read or written: {kind}") },
    }
}
