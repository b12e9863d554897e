//! What there is to tell an admin: found once, grouped, told once, and resolved when all is well again.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::settings::AlertKind;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::calls::{self, NewCall};
use crate::session::{Row, Session, sql};
use crate::{NewMail, Result, Store, StoreError, outbox};

/// Something to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAlert {
    /// What makes it this alert and no other: a second one is left out.
    pub deduplication_key: String,
    /// What it is.
    pub kind: AlertKind,
    /// The job, where it is about one.
    pub job: Option<String>,
    /// The source, where it is about one.
    pub source: Option<String>,
    /// The run, where it is about one.
    pub run_id: Option<i64>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Figures and words, an object, without personal data.
    pub detail: Json,
}

/// Something to tell, or told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub kind: AlertKind,
    /// The job, where it is about one.
    pub job: Option<String>,
    /// The source, where it is about one.
    pub source: Option<String>,
    /// The run, where it is about one.
    pub run_id: Option<i64>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it was found.
    pub noticed_at: DateTime<Utc>,
    /// Figures and words, an object.
    pub detail: Json,
    /// When it was told.
    pub told_at: Option<DateTime<Utc>>,
    /// When all was well again.
    pub resolved_at: Option<DateTime<Utc>>,
    /// The run that made it well.
    pub resolved_by: Option<i64>,
}

/// What a watcher found, in the order in which it happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Something to tell.
    Alert(NewAlert),
    /// A job or a source is well: what stood against it is resolved, and if anything was, this is told.
    Well(NewAlert),
    /// A call to make.
    Call(NewCall),
}

/// Which alerts to list; the newest come first.
#[derive(Debug, Clone, Default)]
pub struct AlertFilter {
    /// Only those that still stand.
    pub standing: bool,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// How far a watcher has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// When it began: for what happened before this no calls are made.
    pub since: DateTime<Utc>,
    /// All that happened until then has been looked at.
    pub reached_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, kind, job, source, run_id, at, noticed_at, detail, told_at, resolved_at, resolved_by";

impl Store {
    /// How far a watcher has looked. A new one begins now, and has looked at nothing yet: not even at what was before it.
    pub async fn watched(&self, name: &str, now: DateTime<Utc>) -> Result<Watched> {
        let text = "select since, reached_at from watched where name = ?";
        let mut session = self.read().await?;
        let row = sql(text).bind(name).row(&mut session).await?;
        drop(session);
        if let Some(row) = &row {
            return Ok(Watched { since: row.instant("since")?, reached_at: row.instant("reached_at")? });
        }
        let mut session = self.begin().await?;
        sql("insert into watched (name, since, reached_at) values (?, ?, ?) on conflict (name) do nothing")
            .bind(name)
            .bind(now)
            .bind(DateTime::UNIX_EPOCH)
            .execute(&mut session)
            .await?;
        session.commit().await?;
        Ok(Watched { since: now, reached_at: DateTime::UNIX_EPOCH })
    }

    /// Writes down what was found and how far the watcher has looked, in one transaction: what was found before is left
    /// out. Gives how many alerts are new.
    pub async fn note_findings(
        &self,
        findings: &[Finding],
        reached: (&str, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let mut session = self.begin().await?;
        let mut standing = standing(&mut session).await?;
        let mut new = 0;
        for finding in findings {
            new += match finding {
                Finding::Alert(alert) => {
                    standing.insert((alert.job.clone(), alert.source.clone()));
                    insert(&mut session, alert, now).await?
                }
                Finding::Well(alert)
                    if standing.contains(&(alert.job.clone(), alert.source.clone()))
                        && resolve(&mut session, alert).await? > 0 =>
                {
                    insert(&mut session, alert, now).await?
                }
                Finding::Well(_) => 0,
                Finding::Call(call) => {
                    calls::insert(&mut session, call, now).await?;
                    0
                }
            };
        }
        let (name, reached_at) = reached;
        sql("update watched set reached_at = ? where name = ? and reached_at < ?")
            .bind(reached_at)
            .bind(name)
            .bind(reached_at)
            .execute(&mut session)
            .await?;
        session.commit().await?;
        Ok(new)
    }

    /// The alerts, newest first.
    pub async fn alerts(&self, filter: &AlertFilter) -> Result<Vec<Alert>> {
        let mut statement = sql(format!("select {COLUMNS} from alert where 1 = 1"));
        if filter.standing {
            statement = statement.and(" and resolved_at is null and kind not in ('recovered', 'test')");
        }
        statement = statement.and(" order by id desc");
        if filter.limit > 0 {
            statement = statement.and(" limit ?").bind(filter.limit);
        }
        let mut session = self.read().await?;
        statement.rows(&mut session).await?.iter().map(from_row).collect()
    }

    /// The alerts that nobody has been told of, oldest first, and when the last message was written.
    pub async fn untold_alerts(&self) -> Result<(Vec<Alert>, Option<DateTime<Utc>>)> {
        let mut session = self.read().await?;
        let text = format!("select {COLUMNS} from alert where told_at is null order by id");
        let untold = sql(text).rows(&mut session).await?.iter().map(from_row).collect::<Result<Vec<_>>>()?;
        let last = sql("select max(created_at) as told_at from (select created_at from outbox where kind = 'alert' \
             union all select created_at from http_call where kind = 'alert') as messages")
        .row(&mut session)
        .await?;
        let last = last.map(|row| row.optional_instant("told_at")).transpose()?.flatten();
        Ok((untold, last))
    }

    /// Marks alerts as told and queues what tells of them, in one transaction. Does nothing, and says so, when another
    /// process has told one of them meanwhile.
    pub async fn tell_alerts(
        &self,
        ids: &[i64],
        (mails, calls): (&[NewMail], &[NewCall]),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut session = self.begin().await?;
        for id in ids {
            let text = "update alert set told_at = ? where id = ? and told_at is null";
            if sql(text).bind(now).bind(*id).execute(&mut session).await? != 1 {
                session.rollback().await?;
                return Ok(false);
            }
        }
        outbox::insert(&mut session, mails, None, now).await?;
        for call in calls {
            calls::insert(&mut session, call, now).await?;
        }
        session.commit().await?;
        Ok(true)
    }

    /// The changes of runs' states since then, in order, each with its run.
    pub async fn run_events_since(&self, from: DateTime<Utc>) -> Result<Vec<SeenEvent>> {
        let mut session = self.read().await?;
        let rows =
            sql("select e.id as event_id, e.at, e.state_after, r.id as run_id, r.job, r.cause, r.state, r.due_at, \
             r.parameters, r.error, r.hint, r.guard, \
             (select count(*) from run as again where again.retry_of = r.id) as retries \
             from run_event as e join run as r on r.id = e.run_id \
             where e.at >= ? and (e.state_before is null or e.state_before <> e.state_after) order by e.at, e.id")
            .bind(from)
            .rows(&mut session)
            .await?;
        rows.iter().map(seen_event).collect()
    }
}

/// A change of a run's state, with what an alert says of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenEvent {
    /// The change's number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The state after it.
    pub after: crate::RunState,
    /// The run.
    pub run_id: i64,
    /// Its job.
    pub job: String,
    /// Why it is there.
    pub cause: crate::Cause,
    /// Where it stands now.
    pub state: crate::RunState,
    /// The time that it stands for.
    pub due_at: DateTime<Utc>,
    /// Its parameters.
    pub parameters: Json,
    /// What failed.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The guard that stopped it.
    pub guard: Option<String>,
    /// Whether another run tries it again.
    pub is_retried: bool,
}

fn seen_event(row: &Row) -> Result<SeenEvent> {
    Ok(SeenEvent {
        id: row.integer("event_id")?,
        at: row.instant("at")?,
        after: row.word("state_after")?,
        run_id: row.integer("run_id")?,
        job: row.text("job")?,
        cause: row.word("cause")?,
        state: row.word("state")?,
        due_at: row.instant("due_at")?,
        parameters: row.json("parameters")?,
        error: row.optional_text("error")?,
        hint: row.optional_text("hint")?,
        guard: row.optional_text("guard")?,
        is_retried: row.count("retries")? > 0,
    })
}

async fn insert(session: &mut Session, alert: &NewAlert, now: DateTime<Utc>) -> Result<u64> {
    sql("insert into alert (deduplication_key, kind, job, source, run_id, at, noticed_at, detail) \
         values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (deduplication_key) do nothing")
    .bind(&alert.deduplication_key)
    .bind(alert.kind.as_str())
    .bind(alert.job.clone())
    .bind(alert.source.clone())
    .bind(alert.run_id)
    .bind(alert.at)
    .bind(now)
    .bind(alert.detail.clone())
    .execute(session)
    .await
}

/// The jobs and sources against which something stands: nearly always few, while all that went well is many.
async fn standing(session: &mut Session) -> Result<HashSet<(Option<String>, Option<String>)>> {
    let text = "select distinct job, source from alert where resolved_at is null and kind not in ('recovered', 'test')";
    let rows = sql(text).rows(session).await?;
    rows.iter().map(|row| Ok((row.optional_text("job")?, row.optional_text("source")?))).collect()
}

/// Resolves what stood against the job or the source before the moment at which it was well.
async fn resolve(session: &mut Session, well: &NewAlert) -> Result<u64> {
    let mut statement = sql("update alert set resolved_at = ?, resolved_by = ? where resolved_at is null and at <= ? \
         and kind not in ('recovered', 'test')")
    .bind(well.at)
    .bind(well.run_id)
    .bind(well.at);
    for (column, value) in [("job", &well.job), ("source", &well.source)] {
        statement = match value {
            Some(value) => statement.and(&format!(" and {column} = ?")).bind(value),
            None => statement.and(&format!(" and {column} is null")),
        };
    }
    statement.execute(session).await
}

fn from_row(row: &Row) -> Result<Alert> {
    let kind = row.text("kind")?.parse();
    let unknown = |reason| StoreError::Column { column: "kind".to_owned(), reason };
    Ok(Alert {
        id: row.integer("id")?,
        kind: kind.map_err(unknown)?,
        job: row.optional_text("job")?,
        source: row.optional_text("source")?,
        run_id: row.optional_integer("run_id")?,
        at: row.instant("at")?,
        noticed_at: row.instant("noticed_at")?,
        detail: row.json("detail")?,
        told_at: row.optional_instant("told_at")?,
        resolved_at: row.optional_instant("resolved_at")?,
        resolved_by: row.optional_integer("resolved_by")?,
    })
}

/// A watcher looks back over what it has seen for so long: a transaction that was slow to end may bring an older change.
pub const LOOK_BACK: TimeDelta = TimeDelta::minutes(10);
