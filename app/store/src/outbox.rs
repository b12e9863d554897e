//! The outbox: mails are rows, written in the transaction that publishes, sent at least once under a stable Message-ID.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::session::{ROWS_AT_ONCE, Row, Session, places, sql};
use crate::{Result, Store, StoreError};

/// A mail to send.
#[derive(Clone, PartialEq, Eq)]
pub struct NewMail {
    /// What makes it this mail and no other, e.g. the run, the recipient and the template: a second one is left out.
    pub deduplication_key: String,
    /// `notice`, `alert`, ...
    pub kind: String,
    /// Where it goes.
    pub recipient: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// The Message-ID, which never changes; left out: the sender makes it from the row's id.
    pub message_id: Option<String>,
}

impl fmt::Debug for NewMail {
    /// Without address and content.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("NewMail").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A mail of the outbox.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// Its number.
    pub id: i64,
    /// The run that wrote it.
    pub run_id: Option<i64>,
    /// `notice`, `alert`, ...
    pub kind: String,
    /// Where it goes.
    pub recipient: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// The Message-ID, where it was given.
    pub message_id: Option<String>,
    /// Attempts made before.
    pub attempts: u32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// A mail, and what became of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailLine {
    /// Its number.
    pub id: i64,
    /// `notice`, `alert`, ...
    pub kind: String,
    /// Where it goes.
    pub recipient: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// queued, sent, failed.
    pub state: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When the transport took it.
    pub sent_at: Option<DateTime<Utc>>,
}

impl fmt::Debug for MailLine {
    /// Without address and content.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("MailLine").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl fmt::Debug for OutboxEntry {
    /// Without address and content.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("OutboxEntry").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why a mail was not sent, and what comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFailure {
    /// What failed, without addresses.
    pub error: String,
    /// Not before this; none: never again.
    pub retry_at: Option<DateTime<Utc>>,
}

/// How the outbox stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxDepth {
    /// Mails that wait, those under way among them.
    pub queued: u64,
    /// Mails that were sent.
    pub sent: u64,
    /// Mails that were given up.
    pub failed: u64,
}

impl Store {
    /// Puts mails into the outbox outside of publishing, e.g. alerts. Gives how many were new.
    pub async fn queue_mails(&self, mails: &[NewMail], run_id: Option<i64>, now: DateTime<Utc>) -> Result<u64> {
        let mut session = self.begin().await?;
        let queued = insert(&mut session, mails, run_id, now).await?;
        session.commit().await?;
        Ok(queued)
    }

    /// Claims mails that are due, oldest first, `limit` at most, for as long as the lease: within it nobody else gets them,
    /// after it they are due again.
    pub async fn claim_mails(
        &self,
        claim: (&str, u32, Duration),
        pick: MailPick,
        now: DateTime<Utc>,
    ) -> Result<Vec<OutboxEntry>> {
        // A look without a lock first: mostly nothing waits.
        if self.waiting("outbox", now).await? == 0 {
            return Ok(Vec::new());
        }
        let (mut session, now) = self.begin_at(now).await?;
        let mails = claim_in(&mut session, claim, pick, now).await?;
        session.commit().await?;
        Ok(mails)
    }

    /// A mail was sent, and the next one is claimed in the same transaction, which halves what a mail costs. Fails when
    /// another worker has claimed it since.
    pub async fn mail_sent_and_next(
        &self,
        id: i64,
        (worker, lease): (&str, Duration),
        pick: MailPick,
        now: DateTime<Utc>,
    ) -> Result<Option<OutboxEntry>> {
        let (mut session, now) = self.begin_at(now).await?;
        mark_sent(&mut session, id, worker, now).await?;
        let next = claim_in(&mut session, (worker, 1, lease), pick, now).await?;
        session.commit().await?;
        Ok(next.into_iter().next())
    }

    /// A mail was sent. Fails when another worker has claimed it since.
    pub async fn mail_sent(&self, id: i64, worker: &str, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        mark_sent(&mut session, id, worker, now).await?;
        session.commit().await
    }

    /// A mail was not sent.
    pub async fn mail_failed(&self, id: i64, worker: &str, failure: &MailFailure, now: DateTime<Utc>) -> Result<()> {
        let mut session = self.begin().await?;
        let state = if failure.retry_at.is_some() { "queued" } else { "failed" };
        let marked = sql("update outbox set state = ?, attempts = attempts + 1, error = ?, next_attempt_at = ?, \
             lease_until = null where id = ? and leased_by = ? and state = 'queued'")
        .bind(state)
        .bind(&failure.error)
        .bind(failure.retry_at.unwrap_or(now))
        .bind(id)
        .bind(worker)
        .execute(&mut session)
        .await?;
        if marked != 1 {
            return Err(StoreError::absent("mail", id, "claimed by another worker, or not waiting"));
        }
        session.commit().await
    }

    /// What some mails were and what became of them, oldest first.
    pub async fn mail_lines(&self, ids: &[i64]) -> Result<Vec<MailLine>> {
        let mut session = self.read().await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let text =
                "select id, kind, recipient, subject, text_body, state, created_at, sent_at from outbox where id = ?";
            let row = sql(text).bind(*id).row(&mut session).await?;
            found.extend(row.as_ref().map(mail_line).transpose()?);
        }
        found.sort_by_key(|line| line.id);
        Ok(found)
    }

    /// How the outbox stands; of one run when it is named.
    pub async fn outbox_depth(&self, run_id: Option<i64>) -> Result<OutboxDepth> {
        let mut session = self.read().await?;
        let mut statement = sql("select state, count(*) as entries from outbox where 1 = 1");
        if let Some(run_id) = run_id {
            statement = statement.and(" and run_id = ?").bind(run_id);
        }
        let mut depth = OutboxDepth::default();
        for row in statement.and(" group by state").rows(&mut session).await? {
            let entries = row.count("entries")?;
            match row.text("state")?.as_str() {
                "sent" => depth.sent = entries,
                "failed" => depth.failed = entries,
                _ => depth.queued += entries,
            }
        }
        Ok(depth)
    }
}

/// Which mails are claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPick {
    /// All that are due.
    All,
    /// Only what waits for no run: alerts, what was put off by an earlier attempt, and what a sender had claimed and never
    /// came back to.
    Urgent,
}

async fn claim_in(
    session: &mut Session,
    (worker, limit, lease): (&str, u32, Duration),
    pick: MailPick,
    now: DateTime<Utc>,
) -> Result<Vec<OutboxEntry>> {
    let condition = match pick {
        MailPick::All => "",
        MailPick::Urgent => " and (kind = 'alert' or attempts > 0 or lease_until is not null)",
    };
    // Of two senders that see the same rows, the second one to update finds the lease taken.
    let skip = if session.is_sqlite() { "" } else { " for update skip locked" };
    let text = format!(
        "update outbox set leased_by = ?, lease_until = ? where id in (select id from outbox \
         where state = 'queued' and next_attempt_at <= ? and (lease_until is null or lease_until <= ?){condition} \
         order by id limit ?{skip}) and (lease_until is null or lease_until <= ?) \
         returning id, run_id, kind, recipient, subject, text_body, html_body, message_id, attempts, created_at"
    );
    let rows = sql(text).bind(worker).bind(now + lease).bind(now).bind(now).bind(limit).bind(now).rows(session).await?;
    let mut mails = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    mails.sort_by_key(|mail| mail.id);
    Ok(mails)
}

async fn mark_sent(session: &mut Session, id: i64, worker: &str, now: DateTime<Utc>) -> Result<()> {
    let marked = sql("update outbox set state = 'sent', sent_at = ?, attempts = attempts + 1, lease_until = null, \
         error = null where id = ? and leased_by = ? and state = 'queued'")
    .bind(now)
    .bind(id)
    .bind(worker)
    .execute(session)
    .await?;
    if marked == 1 { Ok(()) } else { Err(StoreError::absent("mail", id, "claimed by another worker, or not waiting")) }
}

pub(crate) async fn insert(
    session: &mut Session,
    mails: &[NewMail],
    run_id: Option<i64>,
    now: DateTime<Utc>,
) -> Result<u64> {
    let mut queued = 0;
    for mails in mails.chunks(ROWS_AT_ONCE) {
        let mut insert = sql(format!(
            "insert into outbox (deduplication_key, run_id, kind, recipient, subject, text_body, html_body, message_id, \
             created_at, next_attempt_at, state, attempts) values {} on conflict (deduplication_key) do nothing",
            places(mails.len(), 12)
        ));
        for mail in mails {
            insert = insert.bind(&mail.deduplication_key).bind(run_id).bind(&mail.kind).bind(&mail.recipient);
            insert = insert.bind(&mail.subject).bind(&mail.text).bind(&mail.html).bind(mail.message_id.clone());
            insert = insert.bind(now).bind(now).bind("queued").bind(0_i64);
        }
        queued += insert.execute(session).await?;
    }
    Ok(queued)
}

fn mail_line(row: &Row) -> Result<MailLine> {
    Ok(MailLine {
        id: row.integer("id")?,
        kind: row.text("kind")?,
        recipient: row.text("recipient")?,
        subject: row.text("subject")?,
        text: row.text("text_body")?,
        state: row.text("state")?,
        created_at: row.instant("created_at")?,
        sent_at: row.optional_instant("sent_at")?,
    })
}

fn from_row(row: &Row) -> Result<OutboxEntry> {
    Ok(OutboxEntry {
        id: row.integer("id")?,
        run_id: row.optional_integer("run_id")?,
        kind: row.text("kind")?,
        recipient: row.text("recipient")?,
        subject: row.text("subject")?,
        text: row.text("text_body")?,
        html: row.text("html_body")?,
        message_id: row.optional_text("message_id")?,
        attempts: u32::try_from(row.integer("attempts")?).unwrap_or(u32::MAX),
        created_at: row.instant("created_at")?,
    })
}
