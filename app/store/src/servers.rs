//! The processes that serve, and their last sign of life.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::session::{Row, sql};
use crate::{Result, Store};

/// A process that serves, or served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Unique for each start of a process; the workers of its runs begin with it.
    pub id: String,
    /// The machine.
    pub host: String,
    /// The process on that machine.
    pub pid: u32,
    /// The program's version.
    pub version: String,
    /// How many runs it works on at once.
    pub workers: u32,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Its last sign of life.
    pub heartbeat_at: DateTime<Utc>,
    /// When its planner last came to its end without an error.
    pub planned_at: Option<DateTime<Utc>>,
    /// When it ended in good order; none: it serves, or was killed.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Notes that a process serves: at its start, and every few seconds from then on.
    pub async fn note_server(&self, server: &Server) -> Result<()> {
        let mut session = self.begin().await?;
        sql("insert into server (id, host, pid, version, workers, started_at, heartbeat_at, planned_at, ended_at) \
             values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set heartbeat_at = excluded.heartbeat_at, \
             planned_at = excluded.planned_at, ended_at = excluded.ended_at")
        .bind(&server.id)
        .bind(&server.host)
        .bind(server.pid)
        .bind(&server.version)
        .bind(server.workers)
        .bind(server.started_at)
        .bind(server.heartbeat_at)
        .bind(server.planned_at)
        .bind(server.ended_at)
        .execute(&mut session)
        .await?;
        session.commit().await
    }

    /// The processes that serve or served, the newest first.
    pub async fn servers(&self) -> Result<Vec<Server>> {
        let mut session = self.read().await?;
        sql("select id, host, pid, version, workers, started_at, heartbeat_at, planned_at, ended_at from server \
             order by started_at desc, id")
        .rows(&mut session)
        .await?
        .iter()
        .map(from_row)
        .collect()
    }
}

fn from_row(row: &Row) -> Result<Server> {
    Ok(Server {
        id: row.text("id")?,
        host: row.text("host")?,
        pid: u32::try_from(row.count("pid")?).unwrap_or(0),
        version: row.text("version")?,
        workers: u32::try_from(row.count("workers")?).unwrap_or(0),
        started_at: row.instant("started_at")?,
        heartbeat_at: row.instant("heartbeat_at")?,
        planned_at: row.optional_instant("planned_at")?,
        ended_at: row.optional_instant("ended_at")?,
    })
}
