//! Bulk writes into PostgreSQL: COPY, straight into a table that is empty, else by way of a temporary one.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, PgConnection};

use super::{Load, failed};
use crate::column::{Cell, Cells};
use crate::{Result, instant};

/// Sent at once.
const BUFFER_BYTES: usize = 1 << 20;

pub(super) async fn write(connection: &mut PgConnection, load: &Load, empty: bool) -> Result<()> {
    if empty || load.conflict.is_empty() {
        return copy(connection, load, load.table).await;
    }
    let (table, names) = (load.table, load.names());
    let temporary = format!("load_{table}");
    run(connection, format!("create temporary table {temporary} (like {table}) on commit drop"), table).await?;
    copy(connection, load, &temporary).await?;
    let replace = load.on_conflict();
    run(connection, format!("insert into {table} ({names}) select {names} from {temporary}{replace}"), table).await?;
    run(connection, format!("drop table {temporary}"), table).await
}

async fn run(connection: &mut PgConnection, text: String, table: &str) -> Result<()> {
    let done = sqlx::query(AssertSqlSafe(text)).persistent(false).execute(connection).await;
    done.map(|_| ()).map_err(|error| failed(&error, table))
}

async fn copy(connection: &mut PgConnection, load: &Load, table: &str) -> Result<()> {
    let statement = format!("copy {table} ({}) from stdin", load.names());
    let wrong = |error: sqlx::Error| failed(&error, load.table);
    let mut copy = connection.copy_in_raw(&statement).await.map_err(wrong)?;
    let mut buffer = String::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 4);
    for row in 0..load.rows {
        for (index, (_, cells)) in load.columns.iter().enumerate() {
            if index > 0 {
                buffer.push('\t');
            }
            write_cell(cells, row, &mut buffer);
        }
        buffer.push('\n');
        if buffer.len() >= BUFFER_BYTES {
            copy.send(buffer.as_bytes()).await.map_err(wrong)?;
            buffer.clear();
        }
    }
    copy.send(buffer.as_bytes()).await.map_err(wrong)?;
    copy.finish().await.map_err(wrong)?;
    Ok(())
}

/// One cell in COPY's text format.
fn write_cell(cells: &Cells, row: usize, out: &mut String) {
    match cells.at(row) {
        Cell::Null => out.push_str("\\N"),
        Cell::Integer(number) => {
            let _ = write!(out, "{number}");
        }
        Cell::Flag(flag) => out.push(if flag { 't' } else { 'f' }),
        Cell::Instant(milliseconds) => instant::write_milliseconds(milliseconds, out),
        Cell::Text(text) | Cell::Json(text) => escape(&text, out),
    }
}

fn escape(text: &str, out: &mut String) {
    if !text.bytes().any(|byte| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r')) {
        out.push_str(text);
        return;
    }
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            _ => out.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_copy_would_take_for_a_sign_of_its_own_is_escaped() {
        let mut out = String::new();
        escape("a\tb\\N\r\nc", &mut out);
        assert_eq!(out, "a\\tb\\\\N\\r\\nc");
    }
}
