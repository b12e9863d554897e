//! Opening: SQLite as one file with one writer, PostgreSQL by URL; migrations; and the database's clock.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgPool, SqlitePool};

use crate::session::{OpenTransaction, Session, sql};
use crate::{Result, StoreError, migrate, owner};

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite:FILE` or `postgres://USER@HOST/DATABASE`.
    pub url: SecretString,
    /// Replaces the password of a PostgreSQL URL.
    pub password: Option<SecretString>,
    /// How long to wait for a lock that another process holds.
    pub busy_timeout: Duration,
    /// How many connections to keep, for reading where SQLite is concerned.
    pub connections: u32,
}

impl StoreOptions {
    /// The usual options for a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: SecretString::from(url.into()),
            password: None,
            busy_timeout: Duration::from_secs(30),
            connections: 8,
        }
    }

    /// The file, where the store is one.
    pub fn file(&self) -> Option<PathBuf> {
        let path = self.url.expose_secret().strip_prefix("sqlite:")?;
        Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
    }
}

/// What a store is, seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspection {
    /// `sqlite` or `postgres`.
    pub kind: &'static str,
    /// The version of its tables; 0 where there are none.
    pub found: i64,
    /// The version that this program works with.
    pub known: i64,
}

/// Whoever waits for less than this has not waited for a lock.
pub(crate) const NO_WAIT: Duration = Duration::from_millis(250);

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Work,
    Inspection,
}

/// Where kartei keeps what people read and decide. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    database: Database,
    /// The run that this process is publishing into SQLite, or 0.
    pub(crate) publishing: Arc<AtomicI64>,
    #[cfg(feature = "faults")]
    pub(crate) faults: Arc<crate::faults::Faults>,
}

#[derive(Clone)]
enum Database {
    /// SQLite lets one connection write: the others read what was committed, without waiting.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
        file: PathBuf,
    },
    Postgres(PgPool),
}

impl fmt::Debug for Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Store").field("database", &self.kind()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store, makes an SQLite file that is not there, and brings the tables up to date.
    ///
    /// SQLite does not wait for its lock while a new file is set up, so that is tried again for as long as a lock is
    /// waited for.
    pub async fn open(options: &StoreOptions) -> Result<Self> {
        let patience = std::time::Instant::now() + options.busy_timeout;
        loop {
            match Self::open_once(options).await {
                Err(StoreError::Locked) if std::time::Instant::now() < patience => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Opens the store as it is: one whose tables are older than this program is refused, since whoever looks at it or
    /// asks for a run does not change it under others.
    pub async fn open_as_it_is(options: &StoreOptions) -> Result<Self> {
        let store = Self::connect(options, Purpose::Work).await?;
        migrate::heed(&store).await?;
        Ok(store)
    }

    async fn open_once(options: &StoreOptions) -> Result<Self> {
        let store = Self::connect(options, Purpose::Work).await?;
        migrate::apply(&store).await?;
        Ok(store)
    }

    /// Opens a store that is there only to see what it is: nothing is made, migrated or written.
    pub async fn inspect(options: &StoreOptions) -> Result<Inspection> {
        let store = Self::connect_to_look(options).await?;
        let version = migrate::current(&store).await;
        let kind = store.kind();
        store.close().await;
        Ok(Inspection { kind, found: version?, known: migrate::known() })
    }

    /// Opens the store with its tables as they are, to be brought up to date by the caller.
    pub(crate) async fn connect_to_work(options: &StoreOptions) -> Result<Self> {
        Self::connect(options, Purpose::Work).await
    }

    /// Opens a store that is there as it is: nothing is made or migrated.
    pub(crate) async fn connect_to_look(options: &StoreOptions) -> Result<Self> {
        Self::connect(options, Purpose::Inspection).await
    }

    async fn connect(options: &StoreOptions, purpose: Purpose) -> Result<Self> {
        let url = options.url.expose_secret();
        let database = if let Some(file) = options.file() {
            open_sqlite(&file, options, purpose).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url, options).await?
        } else {
            return Err(StoreError::Url { reason: "it begins with neither `sqlite:` nor `postgres:`".to_owned() });
        };
        Ok(Self {
            database,
            publishing: Arc::new(AtomicI64::new(0)),
            #[cfg(feature = "faults")]
            faults: Arc::default(),
        })
    }

    /// `sqlite` or `postgres`.
    pub const fn kind(&self) -> &'static str {
        match self.database {
            Database::Sqlite { .. } => "sqlite",
            Database::Postgres(_) => "postgres",
        }
    }

    /// Whether only one transaction may write at a time, and all others wait for it.
    pub const fn has_one_writer(&self) -> bool {
        matches!(self.database, Database::Sqlite { .. })
    }

    /// The file of an SQLite store.
    pub fn file(&self) -> Option<&Path> {
        match &self.database {
            Database::Sqlite { file, .. } => Some(file),
            Database::Postgres(_) => None,
        }
    }

    /// The version of the tables: the newest migration applied.
    pub async fn version(&self) -> Result<i64> {
        let mut session = self.read().await?;
        sql("select coalesce(max(version), 0) from schema_migration").integer(&mut session).await
    }

    /// The database's clock, by which several machines agree when a lease ends.
    pub async fn clock(&self) -> Result<DateTime<Utc>> {
        let mut session = self.read().await?;
        clock(&mut session).await
    }

    /// Ends all connections. What was committed is at rest.
    pub async fn close(&self) {
        match &self.database {
            Database::Sqlite { write, read, .. } => {
                read.close().await;
                write.close().await;
            }
            Database::Postgres(pool) => pool.close().await,
        }
    }

    /// Copies an SQLite store into a file that is not there yet, as it stands at one moment.
    pub(crate) async fn vacuum_into(&self, file: &str) -> Result<()> {
        let Database::Sqlite { write, .. } = &self.database else { return Ok(()) };
        let done = sqlx::query("vacuum into ?").bind(file).execute(write).await;
        done.map(|_| ()).map_err(|error| StoreError::from_sqlx(&error, "vacuum into"))
    }

    /// The only connection that writes, where the store is SQLite.
    pub(crate) const fn sqlite_writer(&self) -> Option<&SqlitePool> {
        match &self.database {
            Database::Sqlite { write, .. } => Some(write),
            Database::Postgres(_) => None,
        }
    }

    /// Frees the dead rows of tables in PostgreSQL.
    pub(crate) async fn vacuum_postgres(&self, tables: &[&str]) -> Result<()> {
        let Database::Postgres(pool) = &self.database else { return Ok(()) };
        for table in tables {
            let done = sqlx::query(AssertSqlSafe(format!("vacuum {table}"))).execute(pool).await;
            done.map_err(|error| StoreError::from_sqlx(&error, "vacuum"))?;
        }
        Ok(())
    }

    /// A transaction that may write. SQLite takes the lock at once, so that no write fails half-way for want of it.
    pub(crate) async fn begin(&self) -> Result<Session> {
        #[cfg(feature = "faults")]
        let fault = self.faults.next();
        #[cfg(feature = "faults")]
        if fault == Some(crate::faults::Fault::Begin) {
            return Err(StoreError::from_sqlx(&crate::faults::failed(), "begin"));
        }
        let begun = match &self.database {
            Database::Sqlite { write, .. } => {
                OpenTransaction::begin(write, "begin immediate").await.map(Session::Sqlite)
            }
            Database::Postgres(pool) => OpenTransaction::begin(pool, "begin").await.map(Session::Postgres),
        };
        #[cfg(feature = "faults")]
        let begun = begun.map(|session| session.with(fault));
        begun.map_err(|error| StoreError::from_sqlx(&error, "begin"))
    }

    /// A transaction, and the moment at which its turn came: where there is one writer, that may be long after it was asked
    /// for, and a lease that counts from the asking would be over when it is written.
    pub(crate) async fn begin_at(&self, now: DateTime<Utc>) -> Result<(Session, DateTime<Utc>)> {
        let asked = std::time::Instant::now();
        let session = self.begin().await?;
        let waited = asked.elapsed();
        Ok((session, if waited < NO_WAIT { now } else { now + waited }))
    }

    /// A connection for reading: each statement sees what is committed when it begins.
    pub(crate) async fn read(&self) -> Result<Session> {
        match &self.database {
            Database::Sqlite { read, .. } => read.acquire().await.map(Session::SqliteRead),
            Database::Postgres(pool) => pool.acquire().await.map(Session::PostgresRead),
        }
        .map_err(|error| StoreError::from_sqlx(&error, "connect"))
    }

    /// A connection on which all statements see the same.
    pub(crate) async fn snapshot(&self) -> Result<Session> {
        match &self.database {
            Database::Sqlite { read, .. } => OpenTransaction::begin(read, "begin").await.map(Session::Sqlite),
            Database::Postgres(pool) => {
                let begin = "begin isolation level repeatable read read only";
                OpenTransaction::begin(pool, begin).await.map(Session::Postgres)
            }
        }
        .map_err(|error| StoreError::from_sqlx(&error, "begin"))
    }
}

pub(crate) async fn clock(session: &mut Session) -> Result<DateTime<Utc>> {
    let text = if session.is_sqlite() {
        "select strftime('%Y-%m-%dT%H:%M:%fZ', 'now') as now"
    } else {
        "select clock_timestamp() as now"
    };
    let row = sql(text).row(session).await?.ok_or_else(|| StoreError::absent("clock", "", "not there"))?;
    row.instant("now")
}

async fn open_sqlite(path: &Path, options: &StoreOptions, purpose: Purpose) -> Result<Database> {
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(StoreError::Url { reason: "`sqlite:` needs a file".to_owned() });
    }
    if path.is_dir() {
        return Err(StoreError::Url { reason: "`sqlite:` names a folder, and needs a file".to_owned() });
    }
    let file: PathBuf = path.to_owned();
    if purpose == Purpose::Work {
        // SQLite would make it readable for all; its log and its index take the rights of the file. What cannot be made
        // here is told by SQLite.
        let _ = owner::create_new(&file);
    }
    let mut connect = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(purpose == Purpose::Work)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(options.busy_timeout)
        // A new file's; rows of a person are long, and fewer, larger pages are written faster.
        .page_size(8192)
        .pragma("temp_store", "memory")
        // Indexes are sorted on a second thread.
        .pragma("threads", "2")
        .disable_statement_logging();
    if purpose == Purpose::Work {
        connect = connect.journal_mode(SqliteJournalMode::Wal);
    }
    // The writer fills its cache with the pages of a whole night; a reader needs few.
    let writer = connect.clone().pragma("cache_size", "-131072");
    let reader = connect.pragma("query_only", "on").pragma("cache_size", "-16384");
    let failed = |error: sqlx::Error| StoreError::from_sqlx(&error, "open");
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        // Whoever waits here waits for this process itself: a publication of a million persons takes its time.
        .acquire_timeout(options.busy_timeout + Duration::from_mins(10))
        .connect_with(writer)
        .await
        .map_err(failed)?;
    let read = SqlitePoolOptions::new()
        .max_connections(options.connections.max(1))
        .acquire_timeout(Duration::from_mins(1))
        .connect_lazy_with(reader);
    Ok(Database::Sqlite { write, read, file })
}

async fn open_postgres(url: &str, options: &StoreOptions) -> Result<Database> {
    let failed = |error: sqlx::Error| StoreError::from_sqlx(&error, "connect");
    let mut connect = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Url { reason: "`postgres://USER@HOST:PORT/DATABASE` is what is needed".to_owned() })?
        .application_name("kartei")
        .disable_statement_logging();
    if let Some(password) = &options.password {
        connect = connect.password(password.expose_secret());
    }
    // A pool would go on trying until its time is up; whoever starts kartei should hear at once.
    let first = tokio::time::timeout(Duration::from_secs(15), connect.connect()).await;
    let first = first.map_err(|_| StoreError::Connection { reason: "no answer in 15 seconds".to_owned() })?;
    first.map_err(failed)?.close().await.map_err(failed)?;
    let lock_timeout = format!("set lock_timeout = {}", options.busy_timeout.as_millis());
    let pool = PgPoolOptions::new()
        .max_connections(options.connections.max(2))
        .acquire_timeout(Duration::from_secs(30))
        .after_connect(move |connection, _| {
            let statement = lock_timeout.clone();
            Box::pin(async move {
                sqlx::query(AssertSqlSafe(statement)).execute(connection).await?;
                Ok(())
            })
        })
        .connect_lazy_with(connect);
    Ok(Database::Postgres(pool))
}
