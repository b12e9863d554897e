//! Why the store could not do what it was asked. No error holds a value of a row.

use std::fmt::Write as _;

use thiserror::Error;

/// Why the store could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL names no database that kartei knows.
    #[error("the store's URL is not understood: {reason}")]
    Url {
        /// What is wrong with it; never the URL itself, which may hold a password.
        reason: String,
    },
    /// Another process writes, and went on for longer than the busy timeout.
    #[error("the store is locked by another process")]
    Locked,
    /// The file, its folder, or the database does not let us write.
    #[error("the store cannot be written: it is read-only")]
    ReadOnly,
    /// No room.
    #[error("the store cannot be written: the disk is full")]
    Full,
    /// The file cannot be opened, or no database answers, or the connection broke.
    #[error("the store cannot be reached: {reason}")]
    Connection {
        /// The cause, without secrets.
        reason: String,
    },
    /// The user or the password is wrong, or rights are missing.
    #[error("the database refuses: {reason}")]
    Refused {
        /// The cause, without secrets.
        reason: String,
    },
    /// A newer kartei has changed the tables.
    #[error("the store is newer than this program: it is at {found}, the program knows {known}")]
    Newer {
        /// The store's version.
        found: i64,
        /// The newest version that the program knows.
        known: i64,
    },
    /// The tables are of a kartei that kept its data in another way, and there is no way from there to here.
    #[error("the store was made by an older kartei that is not compatible: it is at {found}, and {needed} is needed")]
    Outdated {
        /// The store's version.
        found: i64,
        /// The oldest version from which there is a way.
        needed: i64,
    },
    /// The tables are older than this program, and whoever only looks does not change them.
    #[error("the store is older than this program: it is at {found}, the program knows {known}")]
    Older {
        /// The store's version.
        found: i64,
        /// The newest version that the program knows.
        known: i64,
    },
    /// Store and data folder do not belong together.
    #[error("{folder} is not the data folder of this store: {reason}")]
    DataFolder {
        /// The folder.
        folder: String,
        /// Why it is not.
        reason: String,
    },
    /// A migration failed; nothing of it was kept.
    #[error("migration {version} failed")]
    Migration {
        /// The migration.
        version: i64,
        /// The cause.
        source: Box<StoreError>,
    },
    /// The file is no database, or is damaged.
    #[error("the store is damaged, or no database: {reason}")]
    Damaged {
        /// The cause.
        reason: String,
    },
    /// Another worker has taken the run over, or it was ended: nothing was written.
    #[error("the lease of run {run_id} is lost: nothing was written")]
    LostLease {
        /// The run.
        run_id: i64,
    },
    /// Another run has published since this one read what was published: nothing was written.
    #[error("run {run_id} was overtaken: another run has published since it began")]
    Overtaken {
        /// The run.
        run_id: i64,
    },
    /// What was asked for is not there, or not in the state that was expected.
    #[error("{what} {id}: {reason}")]
    Absent {
        /// `run`, `step`, `judgement`, ...
        what: &'static str,
        /// Its id.
        id: String,
        /// `not there`, `already undone`, ...
        reason: &'static str,
    },
    /// A copy should be put where a store is already.
    #[error("there is a store already, and it would be overwritten")]
    Occupied,
    /// A frame lacks a column, or has it in another type.
    #[error("frame for `{table}`: column `{column}` {reason}")]
    Frame {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// What is wrong.
        reason: String,
    },
    /// A stored value cannot be read: the row was changed by hand, or by another program.
    #[error("column `{column}` holds what it should not: {reason}")]
    Column {
        /// The column.
        column: String,
        /// What is wrong, without the value.
        reason: String,
    },
    /// Anything else that the database said.
    #[error("`{statement}` failed: {reason}")]
    Statement {
        /// The beginning of the statement, which holds no values.
        statement: String,
        /// The database's code, and its message where that cannot hold values.
        reason: String,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Url { .. } => "write `sqlite:FILE` or `postgres://USER@HOST/DATABASE` as `store.url`",
            Self::Locked => {
                "another kartei, or a program that has the file open, is writing: wait for it or end it, then run again; \
                 `store.busy_timeout_seconds` says how long to wait"
            }
            Self::ReadOnly => "let the user that runs kartei write to the file and to its folder",
            Self::Full => {
                "free some room and run again: nothing was half written, and the run goes on where it stopped"
            }
            Self::Connection { .. } => "see that the file's folder exists, or that the database runs and is reachable",
            Self::Refused { .. } => "see the user, the password (`store.password_file`) and the rights in the database",
            Self::Newer { .. } => "install the newer kartei, or restore the backup made before the upgrade",
            Self::Outdated { .. } => {
                "begin anew with an empty store and an empty data folder, or keep the older program"
            }
            Self::Older { .. } => "run `kartei check` (or `kartei serve`) first: it brings the store up to date",
            Self::DataFolder { .. } => {
                "name the right one in `[data] folder` (every process that serves a store needs the same folder), or put store \
                 and folder back together from a backup (`kartei restore`); nothing was run"
            }
            Self::Damaged { .. } => "see that `store.url` names the right file; else restore a backup",
            Self::LostLease { .. } => "another worker goes on with it: see `kartei runs`",
            Self::Overtaken { .. } => "run the job again: it will start from what is published now",
            Self::Occupied => "name another store, or say --replace if what is there may go",
            Self::Migration { source, .. } => return source.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Whether waiting a moment and trying again may help, without a human.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Locked | Self::Connection { .. })
    }

    pub(crate) fn absent(what: &'static str, id: impl std::fmt::Display, reason: &'static str) -> Self {
        Self::Absent { what, id: id.to_string(), reason }
    }

    /// What went wrong with a statement.
    pub(crate) fn from_sqlx(error: &sqlx::Error, statement: &str) -> Self {
        match error {
            sqlx::Error::Database(database) => from_database(database.as_ref(), statement),
            sqlx::Error::Io(cause) => Self::Connection { reason: cause.kind().to_string() },
            sqlx::Error::Tls(_) => Self::Connection { reason: "no safe connection (TLS)".to_owned() },
            sqlx::Error::PoolTimedOut => Self::Connection { reason: "no connection became free in time".to_owned() },
            sqlx::Error::PoolClosed => Self::Connection { reason: "the store is closed".to_owned() },
            sqlx::Error::WorkerCrashed => Self::Connection { reason: "the database's thread ended".to_owned() },
            sqlx::Error::Protocol(_) => Self::Connection { reason: "the connection broke".to_owned() },
            sqlx::Error::Configuration(_) => Self::Url { reason: "its options are not understood".to_owned() },
            sqlx::Error::ColumnDecode { index, .. } => {
                Self::Column { column: index.clone(), reason: "it has another type".to_owned() }
            }
            sqlx::Error::ColumnNotFound(column) => {
                Self::Column { column: column.clone(), reason: "it is missing".to_owned() }
            }
            _ => Self::Statement { statement: beginning(statement), reason: "it could not be run".to_owned() },
        }
    }
}

fn from_database(error: &dyn sqlx::error::DatabaseError, statement: &str) -> StoreError {
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        from_sqlite(error, statement)
    } else {
        from_postgres(error, statement)
    }
}

fn from_sqlite(error: &dyn sqlx::error::DatabaseError, statement: &str) -> StoreError {
    let code: i64 = error.code().and_then(|code| code.parse().ok()).unwrap_or(1);
    // The low byte is the primary code: https://www.sqlite.org/rescode.html
    match code & 0xff {
        5 | 6 => StoreError::Locked,
        8 => StoreError::ReadOnly,
        13 => StoreError::Full,
        14 => StoreError::Connection { reason: "the file cannot be opened".to_owned() },
        10 => StoreError::Connection { reason: format!("reading or writing the file failed (code {code})") },
        11 | 26 => StoreError::Damaged { reason: error.message().to_owned() },
        3 | 23 => StoreError::Refused { reason: "no permission".to_owned() },
        // SQLite's messages name tables and columns, never values.
        _ => StoreError::Statement {
            statement: beginning(statement),
            reason: format!("{} (code {code})", error.message()),
        },
    }
}

fn from_postgres(error: &dyn sqlx::error::DatabaseError, statement: &str) -> StoreError {
    let code = error.code().unwrap_or_default().into_owned();
    match code.as_str() {
        "25006" => StoreError::ReadOnly,
        "53100" => StoreError::Full,
        "55P03" | "57014" => StoreError::Locked,
        _ => match code.get(..2).unwrap_or_default() {
            "08" | "57" | "53" => StoreError::Connection { reason: error.message().to_owned() },
            "28" | "3D" => StoreError::Refused { reason: format!("{} (code {code})", error.message()) },
            "42" if code == "42501" => StoreError::Refused { reason: error.message().to_owned() },
            "XX" => StoreError::Damaged { reason: format!("code {code}") },
            class => {
                let mut reason = format!("code {code}");
                // Messages of class 22 (data) quote values; those of class 42 (syntax, names) cannot.
                if class == "42" {
                    let _ = write!(reason, ": {}", error.message());
                }
                if let Some(constraint) = error.constraint() {
                    let _ = write!(reason, ", constraint {constraint}");
                }
                StoreError::Statement { statement: beginning(statement), reason }
            }
        },
    }
}

/// The first words of a statement.
fn beginning(statement: &str) -> String {
    statement.split_whitespace().take(4).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;

    async fn failing(statements: &[&'static str]) -> StoreError {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        for statement in statements {
            if let Err(error) = sqlx::query(*statement).execute(&mut connection).await {
                return StoreError::from_sqlx(&error, statement);
            }
        }
        panic!("nothing failed");
    }

    #[tokio::test]
    async fn a_full_disk_is_told_with_a_hint() {
        let fill = "insert into t select hex(randomblob(500000))";
        let error = failing(&["create table t (a)", "pragma max_page_count = 20", fill]).await;
        assert!(matches!(error, StoreError::Full), "{error}");
        assert!(error.hint().unwrap().contains("free some room"));
    }

    #[tokio::test]
    async fn a_store_that_lets_nobody_write_is_told_with_a_hint() {
        let error = failing(&["create table t (a)", "pragma query_only = on", "insert into t values (1)"]).await;
        assert!(matches!(error, StoreError::ReadOnly), "{error}");
        assert!(error.hint().unwrap().contains("write to the file"));
    }

    #[tokio::test]
    async fn an_error_of_a_statement_holds_none_of_its_values() {
        let twice = "insert into t values ('Erika Mustermann'), ('Erika Mustermann')";
        let error = failing(&["create table t (a text unique)", twice]).await;
        assert_eq!(error.to_string(), "`insert into t values` failed: UNIQUE constraint failed: t.a (code 2067)");
    }
}
