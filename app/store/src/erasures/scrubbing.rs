//! What a database leaves behind of rows that were deleted: in free pages, in its log, in dead rows.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::{Result, Store, StoreError};

/// So often, and this far apart, SQLite's log is asked to be emptied while somebody reads from it.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(200);

/// The tables of PostgreSQL from which a removal deletes.
const TOUCHED: &[&str] = &[
    "person",
    "person_record",
    "person_value",
    "change",
    "consent_event",
    "delivery",
    "review_item",
    "judgement",
    "person_event",
    "person_event_judgement",
    "person_override",
    "reject",
    "outbox",
    "run_log",
    "run",
    "run_event",
    "restriction",
    "restricted_record",
];

impl Store {
    /// Leaves nothing of deleted rows behind. SQLite's file is written anew, page by page, and its log is emptied;
    /// PostgreSQL frees the dead rows of the tables concerned. Nothing else can write meanwhile into SQLite.
    pub async fn scrub(&self) -> Result<()> {
        match self.sqlite_writer() {
            Some(pool) => {
                // As while publishing: no heartbeat of this process waits for the only writer.
                let before = self.publishing.swap(-1, Ordering::AcqRel);
                let done = scrub_sqlite(pool).await;
                self.publishing.store(before, Ordering::Release);
                done
            }
            None => self.vacuum_postgres(TOUCHED).await,
        }
    }

    /// From now on what this process deletes from SQLite is overwritten.
    pub(super) async fn overwrite_what_is_deleted(&self) -> Result<()> {
        let Some(pool) = self.sqlite_writer() else { return Ok(()) };
        let done = sqlx::raw_sql("pragma secure_delete = on").execute(pool).await;
        done.map(|_| ()).map_err(|error| StoreError::from_sqlx(&error, "secure_delete"))
    }
}

async fn scrub_sqlite(pool: &sqlx::SqlitePool) -> Result<()> {
    let failed = |error: sqlx::Error| StoreError::from_sqlx(&error, "vacuum");
    let mut connection = pool.acquire().await.map_err(failed)?;
    // The copy that it makes meanwhile is as large as the store: a file that has no name, and not this process's memory.
    sqlx::raw_sql("pragma temp_store = file").execute(&mut *connection).await.map_err(failed)?;
    let vacuumed = sqlx::raw_sql("vacuum").execute(&mut *connection).await;
    sqlx::raw_sql("pragma temp_store = memory").execute(&mut *connection).await.map_err(failed)?;
    vacuumed.map_err(failed)?;
    for _ in 0..ATTEMPTS {
        let row: (i64, i64, i64) =
            sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(&mut *connection).await.map_err(failed)?;
        if row.0 == 0 {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(StoreError::Locked)
}
