//! PostgreSQL: each table as one file, all read in one snapshot, and loaded in one transaction.

use std::collections::BTreeMap;
use std::path::Path;

use futures::TryStreamExt;
use sqlx::AssertSqlSafe;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Copied, StoreCopy, TableCopy, tables, unwritable};
use crate::session::{Driver, Session, sql};
use crate::{Result, Store, StoreError, StoreOptions, owner, publish, staging};

/// Sent at once.
const BUFFER_BYTES: usize = 1 << 20;

pub(super) async fn copy_into(store: &Store, folder: &Path) -> Result<Copied> {
    let mut session = store.snapshot().await?;
    let tables = tables(&mut session).await?;
    for (name, table) in &tables {
        copy_table(&mut session, name, table, &folder.join(format!("{name}.copy"))).await?;
    }
    let published = publish::pointer(&mut session).await?;
    let batches = staging::kept(&mut session).await?;
    let version = sql("select coalesce(max(version), 0) from schema_migration").integer(&mut session).await?;
    session.rollback().await?;
    Ok(Copied { store: StoreCopy { kind: "postgres".to_owned(), version, tables }, published, batches })
}

async fn copy_table(session: &mut Session, name: &str, table: &TableCopy, file: &Path) -> Result<()> {
    let Driver::Postgres(connection) = session.driver() else { return Err(other_database()) };
    let statement = format!("copy \"{name}\" ({}) to stdout", quoted(&table.columns));
    let failed = |error: sqlx::Error| StoreError::from_sqlx(&error, "copy");
    let out = owner::create(file).map_err(|error| unwritable(&error))?;
    let mut out = tokio::fs::File::from_std(out);
    let mut rows = connection.copy_out_raw(&statement).await.map_err(failed)?;
    while let Some(bytes) = rows.try_next().await.map_err(failed)? {
        out.write_all(&bytes).await.map_err(|error| unwritable(&error))?;
    }
    out.flush().await.map_err(|error| unwritable(&error))?;
    out.sync_all().await.map_err(|error| unwritable(&error))
}

pub(super) async fn restore(options: &StoreOptions, folder: &Path, copy: &StoreCopy, replace: bool) -> Result<Store> {
    let store = Store::connect_to_work(options).await?;
    let mut session = store.begin().await?;
    let there = tables(&mut session).await?;
    let ours: Vec<&String> = there.keys().filter(|name| copy.tables.contains_key(*name)).collect();
    if !ours.is_empty() && !replace {
        return Err(StoreError::Occupied);
    }
    for name in ours {
        sql(format!("drop table if exists \"{name}\" cascade")).execute(&mut session).await?;
    }
    crate::migrate::until(&mut session, copy.version).await?;
    for name in in_order(&mut session, &copy.tables).await? {
        sql(format!("delete from \"{name}\"")).execute(&mut session).await?;
        load_table(&mut session, &name, &copy.tables[&name], &folder.join(format!("{name}.copy"))).await?;
    }
    set_numbers(&mut session).await?;
    session.commit().await?;
    crate::migrate::apply(&store).await?;
    Ok(store)
}

async fn load_table(session: &mut Session, name: &str, table: &TableCopy, file: &Path) -> Result<()> {
    let Driver::Postgres(connection) = session.driver() else { return Err(other_database()) };
    let failed = |error: sqlx::Error| StoreError::from_sqlx(&error, "copy");
    let mut rows = tokio::fs::File::open(file).await.map_err(|error| unwritable(&error))?;
    let statement = format!("copy \"{name}\" ({}) from stdin", quoted(&table.columns));
    let mut copy = connection.copy_in_raw(&statement).await.map_err(failed)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = rows.read(&mut buffer).await.map_err(|error| unwritable(&error))?;
        if read == 0 {
            break;
        }
        copy.send(&buffer[..read]).await.map_err(failed)?;
    }
    let loaded = copy.finish().await.map_err(failed)?;
    if loaded == table.rows {
        return Ok(());
    }
    let reason = format!("table {name} has {loaded} rows, and had {} when it was copied", table.rows);
    Err(StoreError::Damaged { reason })
}

/// The tables in an order in which each stands behind those that it refers to.
async fn in_order(session: &mut Session, tables: &BTreeMap<String, TableCopy>) -> Result<Vec<String>> {
    let text = "select conrelid::regclass::text as referring, confrelid::regclass::text as referred from pg_constraint \
                where contype = 'f' and connamespace = current_schema()::regnamespace";
    let mut references = Vec::new();
    for row in sql(text).rows(session).await? {
        let plain = |name: String| name.trim_matches('"').to_owned();
        references.push((plain(row.text("referring")?), plain(row.text("referred")?)));
    }
    let mut order: Vec<String> = Vec::new();
    while order.len() < tables.len() {
        let waits = |name: &String| {
            references.iter().any(|(one, other)| one == name && other != name && !order.contains(other))
        };
        let next: Vec<String> = tables.keys().filter(|name| !order.contains(name) && !waits(name)).cloned().collect();
        if next.is_empty() {
            return Err(StoreError::Damaged { reason: "its tables refer to each other in a circle".to_owned() });
        }
        order.extend(next);
    }
    Ok(order)
}

/// Lets each table number on behind the rows that were loaded.
async fn set_numbers(session: &mut Session) -> Result<()> {
    let text = "select table_name::text as name, column_name::text as number from information_schema.columns \
                where table_schema = current_schema() and is_identity = 'YES'";
    for row in sql(text).rows(session).await? {
        let (table, column) = (row.text("name")?, row.text("number")?);
        let text = format!(
            "select setval(pg_get_serial_sequence('\"{table}\"', '{column}'), \
             (select coalesce(max(\"{column}\"), 0) + 1 from \"{table}\"), false)"
        );
        let Driver::Postgres(connection) = session.driver() else { return Err(other_database()) };
        let done = sqlx::query(AssertSqlSafe(text)).execute(connection).await;
        done.map_err(|error| StoreError::from_sqlx(&error, "setval"))?;
    }
    Ok(())
}

fn quoted(columns: &[String]) -> String {
    columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
}

fn other_database() -> StoreError {
    StoreError::Url { reason: "it names another database than before".to_owned() }
}
