//! Empties the outbox that the store keeps: claims mails, sends them, and writes down what became of each.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kartei_store::{MailFailure, MailPick, OutboxEntry, Store, StoreError};

use crate::deliver::deliver;
use crate::message::OutboxMail;
use crate::outcome::Outcome;
use crate::setup::Transport;

/// How long a mail is this worker's: longer than an attempt takes, whatever the server does.
const LEASE: Duration = Duration::from_mins(5);

/// What became of the mails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Posted {
    /// Sent.
    pub sent: u64,
    /// Put off.
    pub deferred: u64,
    /// Given up.
    pub failed: u64,
}

/// Who sends, and by which clock.
pub struct Sending<'a> {
    /// Where mail goes.
    pub transport: &'a Transport,
    /// The worker: unique for each start of a process.
    pub worker: &'a str,
    /// Reads the clock.
    pub clock: &'a (dyn Fn() -> DateTime<Utc> + Sync),
    /// Whether to go on with the next mails; told how many were sent.
    pub goes_on: &'a (dyn Fn(u64) -> bool + Sync),
}

/// Sends what is due, until nothing is, the server cannot be reached, or the caller wants to end.
///
/// Each mail is claimed, sent and marked before the next: a crash leaves one mail at most that the server has taken and
/// that is sent again, and a slow server does not outlast the claim of the mails that wait behind.
pub async fn empty_outbox(store: &Store, pick: MailPick, sending: &Sending<'_>) -> Result<Posted, StoreError> {
    let (worker, clock) = (sending.worker, sending.clock);
    let mut posted = Posted::default();
    let mut next = claim(store, pick, sending, posted.sent).await?;
    while let Some(entry) = next {
        let delivery = deliver(sending.transport, &outbox_mail(&entry), clock()).await;
        let (error, retry_at) = match delivery.outcome {
            Outcome::Sent => {
                posted.sent += 1;
                if !(sending.goes_on)(posted.sent) {
                    store.mail_sent(entry.id, worker, clock()).await?;
                    break;
                }
                next = store.mail_sent_and_next(entry.id, (worker, LEASE), pick, clock()).await?;
                continue;
            }
            Outcome::Retry { at, error } => (error, Some(at)),
            Outcome::Failed { error } => (error, None),
        };
        *if retry_at.is_some() { &mut posted.deferred } else { &mut posted.failed } += 1;
        store.mail_failed(entry.id, worker, &MailFailure { error, retry_at }, clock()).await?;
        if delivery.unreachable {
            break;
        }
        next = claim(store, pick, sending, posted.sent).await?;
    }
    Ok(posted)
}

/// The next mail, unless the caller wants to end.
async fn claim(
    store: &Store,
    pick: MailPick,
    sending: &Sending<'_>,
    sent: u64,
) -> Result<Option<OutboxEntry>, StoreError> {
    if !(sending.goes_on)(sent) {
        return Ok(None);
    }
    Ok(store.claim_mails((sending.worker, 1, LEASE), pick, (sending.clock)()).await?.into_iter().next())
}

fn outbox_mail(entry: &OutboxEntry) -> OutboxMail {
    OutboxMail {
        id: entry.id,
        queued_at: entry.created_at,
        recipient: entry.recipient.clone(),
        subject: entry.subject.clone(),
        text: entry.text.clone(),
        html: entry.html.clone(),
        attempts: entry.attempts,
        message_id: entry.message_id.clone(),
    }
}
