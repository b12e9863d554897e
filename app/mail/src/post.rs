//! Empties the outbox that the store keeps: claims mails, sends them, and writes down what became of each.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kartei_store::{MailFailure, OutboxEntry, Store, StoreError};

use crate::deliver::deliver;
use crate::message::OutboxMail;
use crate::outcome::Outcome;
use crate::setup::Transport;

/// How long a mail is this worker's: longer than an attempt takes, whatever the server does.
const LEASE: Duration = Duration::from_mins(5);

/// Which mails are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All that are due.
    All,
    /// Only what waits for no run: alerts, and what was put off by an earlier attempt.
    Urgent,
}

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
pub async fn empty_outbox(store: &Store, which: Which, sending: &Sending<'_>) -> Result<Posted, StoreError> {
    let (worker, clock) = (sending.worker, sending.clock);
    let mut posted = Posted::default();
    while (sending.goes_on)(posted.sent) {
        let claimed = match which {
            Which::All => store.claim_mails(worker, 1, LEASE, clock()).await?,
            Which::Urgent => store.claim_urgent_mails(worker, 1, LEASE, clock()).await?,
        };
        let Some(entry) = claimed.first() else { break };
        let delivery = deliver(sending.transport, &outbox_mail(entry), clock()).await;
        match delivery.outcome {
            Outcome::Sent => {
                store.mail_sent(entry.id, worker, clock()).await?;
                posted.sent += 1;
            }
            Outcome::Retry { at, error } => {
                store.mail_failed(entry.id, worker, &MailFailure { error, retry_at: Some(at) }, clock()).await?;
                posted.deferred += 1;
            }
            Outcome::Failed { error } => {
                store.mail_failed(entry.id, worker, &MailFailure { error, retry_at: None }, clock()).await?;
                posted.failed += 1;
            }
        }
        if delivery.unreachable {
            break;
        }
    }
    Ok(posted)
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
