//! A connection to one of the two databases, and the statements that run on it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Database, Executor, PgConnection, Pool, Postgres, Row as _, Sqlite, SqliteConnection};

use crate::value::Value;
use crate::{Result, StoreError, instant};

/// A connection: in a transaction when it came from [`crate::Store::begin`], else for reading.
pub(crate) enum Session {
    SqliteRead(PoolConnection<Sqlite>),
    Sqlite(OpenTransaction<Sqlite>),
    PostgresRead(PoolConnection<Postgres>),
    Postgres(OpenTransaction<Postgres>),
}

/// A transaction whose connection is closed, not used again, when it does not end in good order: in PostgreSQL a COPY
/// that was cut off leaves answers behind that the next user would take for its own, and in SQLite a commit that failed
/// on a full disk leaves the transaction open, in which no other can begin.
pub(crate) struct OpenTransaction<D: Database> {
    connection: PoolConnection<D>,
    open: bool,
    #[cfg(feature = "faults")]
    fault: Option<crate::faults::Fault>,
}

impl<D: Database> OpenTransaction<D>
where
    for<'a> &'a mut D::Connection: Executor<'a, Database = D>,
{
    pub(crate) async fn begin(pool: &Pool<D>, statement: &'static str) -> Result<Self, sqlx::Error> {
        let mut transaction = Self {
            connection: pool.acquire().await?,
            open: true,
            #[cfg(feature = "faults")]
            fault: None,
        };
        sqlx::raw_sql(statement).execute(&mut *transaction.connection).await?;
        Ok(transaction)
    }

    async fn end(mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        #[cfg(feature = "faults")]
        if self.fault == Some(crate::faults::Fault::Commit) {
            return Err(crate::faults::failed());
        }
        sqlx::raw_sql(statement).execute(&mut *self.connection).await?;
        self.open = false;
        #[cfg(feature = "faults")]
        if self.fault == Some(crate::faults::Fault::Answer) {
            return Err(crate::faults::failed());
        }
        Ok(())
    }
}

impl<D: Database> Drop for OpenTransaction<D> {
    fn drop(&mut self) {
        if self.open {
            self.connection.close_on_drop();
        }
    }
}

/// The same connection, ready to be used by its own driver.
pub(crate) enum Driver<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Session {
    pub(crate) fn driver(&mut self) -> Driver<'_> {
        match self {
            Self::SqliteRead(connection) => Driver::Sqlite(connection),
            Self::Sqlite(transaction) => Driver::Sqlite(&mut transaction.connection),
            Self::PostgresRead(connection) => Driver::Postgres(connection),
            Self::Postgres(transaction) => Driver::Postgres(&mut transaction.connection),
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::SqliteRead(_) | Self::Sqlite(_))
    }

    /// The same, to fail at its end where a test wants it.
    #[cfg(feature = "faults")]
    pub(crate) fn with(mut self, fault: Option<crate::faults::Fault>) -> Self {
        match &mut self {
            Self::Sqlite(transaction) => transaction.fault = fault,
            Self::Postgres(transaction) => transaction.fault = fault,
            Self::SqliteRead(_) | Self::PostgresRead(_) => {}
        }
        self
    }

    /// Ends the transaction. A session that is dropped before this leaves nothing.
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.end("commit").await,
            Self::Postgres(transaction) => transaction.end("commit").await,
            Self::SqliteRead(_) | Self::PostgresRead(_) => Ok(()),
        }
        .map_err(|error| StoreError::from_sqlx(&error, "commit"))
    }

    /// Ends the transaction without a trace, in good order: the connection can be used again.
    pub(crate) async fn rollback(self) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.end("rollback").await,
            Self::Postgres(transaction) => transaction.end("rollback").await,
            Self::SqliteRead(_) | Self::PostgresRead(_) => Ok(()),
        }
        .map_err(|error| StoreError::from_sqlx(&error, "rollback"))
    }
}

/// A statement with its parameters.
pub(crate) struct Statement {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// A statement in the SQL that both databases understand, with `?` for each parameter.
pub(crate) fn sql(text: impl Into<Cow<'static, str>>) -> Statement {
    Statement { text: text.into(), values: Vec::new() }
}

impl Statement {
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Adds to the text, for conditions that are not always there.
    pub(crate) fn and(mut self, text: &str) -> Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Runs it, and gives the number of affected rows.
    pub(crate) async fn execute(self, session: &mut Session) -> Result<u64> {
        let done = match session.driver() {
            Driver::Sqlite(connection) => {
                let query = sqlx::query(AssertSqlSafe(self.text.clone().into_owned()));
                let query = self.values.into_iter().fold(query, |query, value| value.bind_sqlite(query));
                query.execute(connection).await.map(|done| done.rows_affected())
            }
            Driver::Postgres(connection) => {
                let query = sqlx::query(AssertSqlSafe(numbered(&self.text)));
                let query = self.values.into_iter().fold(query, |query, value| value.bind_postgres(query));
                query.execute(connection).await.map(|done| done.rows_affected())
            }
        };
        done.map_err(|error| StoreError::from_sqlx(&error, &self.text))
    }

    /// All rows.
    pub(crate) async fn rows(self, session: &mut Session) -> Result<Vec<Row>> {
        let rows = match session.driver() {
            Driver::Sqlite(connection) => {
                let query = sqlx::query(AssertSqlSafe(self.text.clone().into_owned()));
                let query = self.values.into_iter().fold(query, |query, value| value.bind_sqlite(query));
                query.fetch_all(connection).await.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Driver::Postgres(connection) => {
                let query = sqlx::query(AssertSqlSafe(numbered(&self.text)));
                let query = self.values.into_iter().fold(query, |query, value| value.bind_postgres(query));
                query.fetch_all(connection).await.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
        };
        rows.map_err(|error| StoreError::from_sqlx(&error, &self.text))
    }

    /// The first row, if there is one.
    pub(crate) async fn row(self, session: &mut Session) -> Result<Option<Row>> {
        Ok(self.rows(session).await?.into_iter().next())
    }

    /// The first column of the only row, such as a count.
    pub(crate) async fn integer(self, session: &mut Session) -> Result<i64> {
        let text = self.text.clone();
        let row = self.row(session).await?;
        let row = row.ok_or_else(|| StoreError::from_sqlx(&sqlx::Error::RowNotFound, &text))?;
        Ok(row.integer_at(0)?.unwrap_or(0))
    }
}

/// So many rows are written by one statement: enough that the way to the database costs little, and far from the most
/// parameters that either database takes.
pub(crate) const ROWS_AT_ONCE: usize = 100;

/// The places of so many rows of so many values: `(?, ?), (?, ?)`.
pub(crate) fn places(rows: usize, values: usize) -> String {
    vec![format!("({})", vec!["?"; values].join(", ")); rows].join(", ")
}

/// `?` outside quotes becomes `$1`, `$2`, ...
fn numbered(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut quoted = false;
    let mut number = 0;
    for character in text.chars() {
        match character {
            '\'' => {
                quoted = !quoted;
                out.push(character);
            }
            '?' if !quoted => {
                number += 1;
                out.push('$');
                out.push_str(&number.to_string());
            }
            _ => out.push(character),
        }
    }
    out
}

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! getter {
    ($name:ident, $optional:ident, $kind:ty) => {
        pub(crate) fn $optional(&self, column: &str) -> Result<Option<$kind>> {
            match self {
                Self::Sqlite(row) => row.try_get(column),
                Self::Postgres(row) => row.try_get(column),
            }
            .map_err(|error| StoreError::from_sqlx(&error, column))
        }

        pub(crate) fn $name(&self, column: &str) -> Result<$kind> {
            self.$optional(column)?.ok_or_else(|| wrong(column, "it is null"))
        }
    };
}

impl Row {
    getter!(text, optional_text, String);
    getter!(integer, optional_integer, i64);
    getter!(real, optional_real, f64);
    getter!(flag, optional_flag, bool);

    pub(crate) fn optional_instant(&self, column: &str) -> Result<Option<DateTime<Utc>>> {
        match self {
            Self::Sqlite(_) => self
                .optional_text(column)?
                .map(|text| instant::from_text(&text).ok_or_else(|| wrong(column, "it is no instant")))
                .transpose(),
            Self::Postgres(row) => row.try_get(column).map_err(|error| StoreError::from_sqlx(&error, column)),
        }
    }

    pub(crate) fn instant(&self, column: &str) -> Result<DateTime<Utc>> {
        self.optional_instant(column)?.ok_or_else(|| wrong(column, "it is null"))
    }

    pub(crate) fn optional_json(&self, column: &str) -> Result<Option<Json>> {
        match self {
            Self::Sqlite(_) => self
                .optional_text(column)?
                .map(|text| serde_json::from_str(&text).map_err(|_| wrong(column, "it is no JSON")))
                .transpose(),
            Self::Postgres(row) => row.try_get(column).map_err(|error| StoreError::from_sqlx(&error, column)),
        }
    }

    pub(crate) fn json(&self, column: &str) -> Result<Json> {
        Ok(self.optional_json(column)?.unwrap_or(Json::Null))
    }

    /// A count or a size, which is never negative.
    pub(crate) fn count(&self, column: &str) -> Result<u64> {
        Ok(u64::try_from(self.optional_integer(column)?.unwrap_or(0)).unwrap_or(0))
    }

    /// One of a set of words, such as a state.
    pub(crate) fn word<T: std::str::FromStr>(&self, column: &str) -> Result<T> {
        self.text(column)?.parse().map_err(|_| wrong(column, "it is none of the known words"))
    }

    pub(crate) fn integer_at(&self, index: usize) -> Result<Option<i64>> {
        match self {
            Self::Sqlite(row) => row.try_get(index),
            Self::Postgres(row) => row.try_get(index),
        }
        .map_err(|error| StoreError::from_sqlx(&error, "select"))
    }
}

fn wrong(column: &str, reason: &str) -> StoreError {
    StoreError::Column { column: column.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_marks_are_numbered_but_not_those_in_quotes() {
        assert_eq!(numbered("a = ? and b = 'why?' and c = ?"), "a = $1 and b = 'why?' and c = $2");
    }
}
