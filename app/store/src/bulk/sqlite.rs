//! Bulk writes into SQLite: prepared inserts of several rows; an empty table gets its indexes afterwards.

use std::borrow::Cow;
use std::sync::Arc;

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Connection, Row, SqlSafeStr, SqlStr, SqliteConnection};
use tokio::sync::mpsc;

use super::{Load, failed};
use crate::column::{Cell, Cells};
use crate::{Result, StoreError, instant};

/// Parameters of one statement, about: enough that the way to the database's thread costs little, few enough that
/// statement and parameters stay in the processor's cache.
const STATEMENT_PARAMETERS: usize = 2_048;

/// Rows of one statement at most.
const STATEMENT_ROWS: usize = 512;

/// Statements whose parameters wait for the database.
const STATEMENTS_AHEAD: usize = 8;

/// Fewer rows than this are not worth rebuilding indexes.
const REBUILD_ROWS: usize = 10_000;

pub(super) async fn write(connection: &mut SqliteConnection, load: &Arc<Load>, empty: bool) -> Result<()> {
    let rebuild = empty && load.rows >= REBUILD_ROWS;
    let indexes = if rebuild { indexes(connection, load.table).await? } else { Vec::new() };
    for (name, _) in &indexes {
        run(connection, &format!("drop index {name}"), load.table).await?;
    }
    insert(connection, load).await?;
    for (_, definition) in &indexes {
        run(connection, definition, load.table).await?;
    }
    Ok(())
}

/// The indexes that were made by statements of their own, with these statements.
async fn indexes(connection: &mut SqliteConnection, table: &str) -> Result<Vec<(String, String)>> {
    let text = "select name, sql from sqlite_schema where type = 'index' and tbl_name = ? and sql is not null";
    let rows = sqlx::query(text).bind(table).fetch_all(connection).await.map_err(|error| failed(&error, table))?;
    rows.iter()
        .map(|row| Ok((row.try_get("name")?, row.try_get("sql")?)))
        .collect::<Result<_, sqlx::Error>>()
        .map_err(|error| failed(&error, table))
}

async fn run(connection: &mut SqliteConnection, text: &str, table: &str) -> Result<()> {
    let done = sqlx::query(AssertSqlSafe(text)).persistent(false).execute(connection).await;
    done.map(|_| ()).map_err(|error| failed(&error, table))
}

/// Parameters are made on one thread while the database works on another.
async fn insert(connection: &mut SqliteConnection, load: &Arc<Load>) -> Result<()> {
    let plan = Plan::of(load);
    let full = plan.statement(load, plan.rows);
    let (sender, mut receiver) = mpsc::channel(STATEMENTS_AHEAD);
    let (rows, maker) = (Arc::clone(load), plan.clone());
    let parameters = tokio::task::spawn_blocking(move || maker.prepare(&rows, &sender));
    while let Some((rows, arguments)) = receiver.recv().await {
        let query = if rows == plan.rows { full.clone() } else { plan.statement(load, rows) };
        let done = sqlx::query_with(query, arguments).execute(&mut *connection).await;
        done.map_err(|error| failed(&error, load.table))?;
    }
    parameters.await.map_err(|_| StoreError::Connection { reason: "the program is ending".to_owned() })?;
    // The next run's values make other statements of these: nobody comes back to them, and they are large.
    connection.clear_cached_statements().await.map_err(|error| failed(&error, load.table))
}

/// How rows become statements. What is the same in all rows, and no text that people wrote, stands in the statement
/// itself, since binding values takes much of the time.
#[derive(Clone)]
struct Plan {
    /// Per column the value of all rows; none where they differ.
    literals: Vec<Option<String>>,
    /// Rows of one statement.
    rows: usize,
}

impl Plan {
    fn of(load: &Load) -> Self {
        let literals: Vec<Option<String>> = load.columns.iter().map(|(_, cells)| literal(cells, load.rows)).collect();
        let varying = literals.iter().filter(|literal| literal.is_none()).count();
        Self { literals, rows: (STATEMENT_PARAMETERS / varying.max(1)).clamp(1, STATEMENT_ROWS) }
    }

    fn statement(&self, load: &Load, rows: usize) -> SqlStr {
        let places: Vec<&str> = self.literals.iter().map(|literal| literal.as_deref().unwrap_or("?")).collect();
        let row = format!("({})", places.join(", "));
        let values = vec![row.as_str(); rows].join(", ");
        let text = format!("insert into {} ({}) values {values}{}", load.table, load.names(), load.on_conflict());
        AssertSqlSafe(text).into_sql_str()
    }

    /// Makes the parameters of all statements, until nobody wants them any more.
    fn prepare(&self, load: &Load, sender: &mpsc::Sender<(usize, SqliteArguments)>) {
        let varying = load.columns.iter().zip(&self.literals).filter(|(_, literal)| literal.is_none());
        let mut writers: Vec<Writer<'_>> = varying.map(|((_, cells), _)| Writer { cells, last: None }).collect();
        let mut text = String::new();
        for start in (0..load.rows).step_by(self.rows) {
            let end = (start + self.rows).min(load.rows);
            let mut arguments = SqliteArguments::default();
            arguments.reserve((end - start) * writers.len(), 0);
            for row in start..end {
                for writer in &mut writers {
                    writer.add(row, &mut arguments, &mut text);
                }
            }
            if sender.blocking_send((end - start, arguments)).is_err() {
                return;
            }
        }
    }
}

/// The value of all rows as SQL, where it is one and the same, and not out of people's data.
fn literal(cells: &Cells, rows: usize) -> Option<String> {
    let first = cells.at(0);
    if matches!((cells, &first), (Cells::Text(_) | Cells::Json(_), Cell::Text(_) | Cell::Json(_)))
        || (1..rows).any(|row| cells.at(row) != first)
    {
        return None;
    }
    Some(match first {
        Cell::Null => "null".to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Flag(flag) => u8::from(flag).to_string(),
        Cell::Text(text) | Cell::Json(text) => format!("'{}'", text.replace('\'', "''")),
        Cell::Instant(milliseconds) => {
            let mut text = String::new();
            instant::write_milliseconds(milliseconds, &mut text);
            format!("'{text}'")
        }
    })
}

/// Turns the cells of a column into parameters. A text that repeats, such as a country, is shared rather than copied.
struct Writer<'a> {
    cells: &'a Cells,
    last: Option<Arc<str>>,
}

impl Writer<'_> {
    fn add(&mut self, row: usize, arguments: &mut SqliteArguments, buffer: &mut String) {
        // Encoding into memory cannot fail for these types.
        let _ = match self.cells.at(row) {
            Cell::Null => arguments.add(None::<i64>),
            Cell::Integer(number) => arguments.add(number),
            Cell::Flag(flag) => arguments.add(flag),
            Cell::Text(text) | Cell::Json(text) => arguments.add(self.share(text)),
            Cell::Instant(milliseconds) => {
                buffer.clear();
                instant::write_milliseconds(milliseconds, buffer);
                arguments.add(self.share(Cow::Borrowed(buffer)))
            }
        };
    }

    fn share(&mut self, text: Cow<'_, str>) -> Arc<str> {
        if let Some(last) = self.last.as_ref().filter(|last| ***last == *text) {
            return Arc::clone(last);
        }
        let shared: Arc<str> = Arc::from(text);
        self.last = Some(Arc::clone(&shared));
        shared
    }
}
