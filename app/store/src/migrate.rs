//! Migrations: embedded, forward only, applied at start under a lock. The rules stand in `migrations/README.md`.

use crate::session::{Driver, Session, sql};
use crate::{Result, Store, StoreError};
use sqlx::AssertSqlSafe;

/// One step of the tables' history, for both databases.
struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $version, "_", $name, ".sql")),
            postgres: include_str!(concat!("../../../migrations/postgres/", $version, "_", $name, ".sql")),
        }
    };
}

/// In order; only ever appended to.
#[expect(clippy::unreadable_literal, reason = "the number is a file name")]
const MIGRATIONS: &[Migration] = &[
    migration!(20261124000000, "tables"),
    migration!(20261125020000, "watching"),
    migration!(20261125040000, "stewards"),
    migration!(20261125060000, "suffix_and_reject_key"),
    migration!(20261125070000, "runner"),
    migration!(20261129010000, "deliveries"),
    migration!(20261129020000, "frames"),
    migration!(20261129030000, "consent_events"),
    migration!(20261129040000, "erasure"),
];

/// Since then frames prove themselves, and deliveries have a verdict: what an older store names cannot be read any more.
#[expect(clippy::unreadable_literal, reason = "the number is a file name")]
const NEEDED: i64 = 20261129000000;

/// Any number that no other program is likely to take.
const ADVISORY_LOCK: i64 = 0x6b61_7274_6569;

/// Brings the tables up to date. Of several processes that start at once one does it while the others wait.
pub(crate) async fn apply(store: &Store) -> Result<()> {
    let known = known();
    let found = current(store).await?;
    if found == known {
        return Ok(());
    }
    let mut session = store.begin().await?;
    if !session.is_sqlite() {
        sql("select pg_advisory_xact_lock(?)").bind(ADVISORY_LOCK).rows(&mut session).await?;
    }
    let found = version(&mut session).await?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if is_outdated(found) && has_run(&mut session).await? {
        return Err(StoreError::Outdated { found, needed: NEEDED });
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        run(&mut session, migration)
            .await
            .map_err(|source| StoreError::Migration { version: migration.version, source: Box::new(source) })?;
        tracing::info!(version = migration.version, name = migration.name, "migrated the store");
    }
    session.commit().await
}

/// Whether there is no way from tables of this version to today's, if anything stands in them.
pub(crate) fn refuse_outdated(found: i64) -> Result<()> {
    if is_outdated(found) { Err(StoreError::Outdated { found, needed: NEEDED }) } else { Ok(()) }
}

fn is_outdated(found: i64) -> bool {
    found > 0 && found < NEEDED
}

async fn has_run(session: &mut Session) -> Result<bool> {
    Ok(sql("select count(*) from run").integer(session).await? > 0)
}

/// Leaves the tables as they are: refuses those of another version, and makes them where there are none.
pub(crate) async fn heed(store: &Store) -> Result<()> {
    let (found, known) = (current(store).await?, known());
    match found {
        0 => apply(store).await,
        found if found > known => Err(StoreError::Newer { found, known }),
        found if found < known => Err(StoreError::Older { found, known }),
        _ => Ok(()),
    }
}

/// The version that this program works with.
pub(crate) fn known() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// The version without taking a lock, so that a store that is up to date can be opened while another process writes.
pub(crate) async fn current(store: &Store) -> Result<i64> {
    let mut session = store.read().await?;
    version(&mut session).await
}

/// Brings empty tables to an older version, for a copy that was made then.
pub(crate) async fn until(session: &mut Session, version: i64) -> Result<()> {
    for migration in MIGRATIONS.iter().filter(|migration| migration.version <= version) {
        run(session, migration).await?;
    }
    Ok(())
}

async fn version(session: &mut Session) -> Result<i64> {
    let exists = if session.is_sqlite() {
        "select count(*) from sqlite_schema where type = 'table' and name = 'schema_migration'"
    } else {
        "select count(*) from pg_tables where schemaname = current_schema() and tablename = 'schema_migration'"
    };
    if sql(exists).integer(session).await? == 0 {
        return Ok(0);
    }
    sql("select coalesce(max(version), 0) from schema_migration").integer(session).await
}

async fn run(session: &mut Session, migration: &Migration) -> Result<()> {
    let text = if session.is_sqlite() { migration.sqlite } else { migration.postgres };
    let done = match session.driver() {
        Driver::Sqlite(connection) => sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await.map(|_| ()),
        Driver::Postgres(connection) => sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await.map(|_| ()),
    };
    done.map_err(|error| StoreError::from_sqlx(&error, migration.name))?;
    sql("insert into schema_migration (version, name) values (?, ?)")
        .bind(migration.version)
        .bind(migration.name)
        .execute(session)
        .await?;
    Ok(())
}
