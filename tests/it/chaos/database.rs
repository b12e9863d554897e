//! The database under a life, as the harness sees it: rows of text, all of one moment.

use std::path::Path;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use tokio::runtime::Runtime;

/// A row, each value as text.
pub(crate) type Values = Vec<String>;

/// A connection that reads only.
pub(crate) struct Reading {
    runtime: Runtime,
    connection: Connected,
}

enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Reading {
    /// Connects; none where there is nothing to connect to yet, or it is being restarted.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(async {
            if let Some(path) = url.strip_prefix("sqlite:") {
                let options = SqliteConnectOptions::new().filename(Path::new(path)).read_only(true);
                let options = options.busy_timeout(std::time::Duration::from_secs(20));
                SqliteConnection::connect_with(&options).await.map(Connected::Sqlite)
            } else {
                let options: PgConnectOptions = url.parse().unwrap();
                PgConnection::connect_with(&options.application_name("harness")).await.map(Connected::Postgres)
            }
        });
        Some(Self { runtime, connection: connection.ok()? })
    }

    /// What several questions are answered at one moment; none where the database cannot be asked, or has no tables.
    pub(crate) fn ask<const N: usize>(&mut self, questions: [&str; N]) -> Option<[Vec<Values>; N]> {
        let Self { runtime, connection } = self;
        let answers = runtime.block_on(async {
            match connection {
                Connected::Sqlite(connection) => {
                    let mut transaction = connection.begin().await?;
                    let mut answers = Vec::with_capacity(N);
                    for question in questions {
                        let text = AssertSqlSafe(question.to_owned());
                        let rows = sqlx::query(text).fetch_all(&mut *transaction).await?;
                        answers.push(rows.iter().map(texts).collect::<Result<Vec<Values>, _>>()?);
                    }
                    transaction.rollback().await?;
                    Ok::<_, sqlx::Error>(answers)
                }
                Connected::Postgres(connection) => {
                    let snapshot = "begin isolation level repeatable read read only";
                    let mut transaction = connection.begin_with(snapshot).await?;
                    let mut answers = Vec::with_capacity(N);
                    for question in questions {
                        let text = AssertSqlSafe(question.to_owned());
                        let rows = sqlx::query(text).fetch_all(&mut *transaction).await?;
                        answers.push(rows.iter().map(texts).collect::<Result<Vec<Values>, _>>()?);
                    }
                    transaction.rollback().await?;
                    Ok(answers)
                }
            }
        });
        answers.ok()?.try_into().ok()
    }

    /// Runs a statement outside of a transaction; whether it went well.
    pub(crate) fn order(&mut self, statement: &str) -> bool {
        let Connected::Postgres(connection) = &mut self.connection else { return false };
        let statement = AssertSqlSafe(statement.to_owned());
        self.runtime.block_on(sqlx::raw_sql(statement).execute(connection)).is_ok()
    }
}

/// The values of a row; what is null is empty.
fn texts<'r, R>(row: &'r R) -> Result<Values, sqlx::Error>
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    (0..row.len()).map(|index| row.try_get::<Option<String>, _>(index).map(Option::unwrap_or_default)).collect()
}
