//! notify: empties the outbox.

use std::time::Duration;

use kartei_mail::{OutboxMail, Outcome, Transport, deliver};
use kartei_store::{MailFailure, OutboxEntry};
use serde::{Deserialize, Serialize};

use super::Step;
use crate::error::FlowError;
use crate::project::Project;

/// How long a mail is this worker's: longer than an attempt takes, whatever the server does.
const LEASE: Duration = Duration::from_mins(5);

/// What became of the mails.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Notified {
    /// Sent.
    pub sent: u64,
    /// Put off.
    pub deferred: u64,
    /// Given up.
    pub failed: u64,
}

/// The transport that the settings name, with paths read against the configuration's folder.
pub fn transport(project: &Project) -> Result<Transport, FlowError> {
    let mut settings = project.settings.mail.clone();
    settings.folder = project.base.join(&settings.folder);
    Transport::new(&settings).map_err(|error| FlowError::Mail(error.to_string()))
}

/// Sends what is due, until nothing is or the server cannot be reached.
///
/// Each mail is claimed, sent and marked before the next: a crash leaves one mail at most that the server has taken and
/// that is sent again, and a slow server does not outlast the claim of the mails that wait behind.
pub async fn notify(step: &Step<'_>) -> Result<Notified, FlowError> {
    let transport = transport(step.project)?;
    let mut notified = Notified::default();
    let worker = &step.lease.worker;
    while !step.stop.is_asked() {
        let claimed = step.store.claim_mails(worker, 1, LEASE, step.now()).await?;
        let Some(entry) = claimed.first() else { break };
        let delivery = deliver(&transport, &outbox_mail(entry), step.now()).await;
        match delivery.outcome {
            Outcome::Sent => {
                step.store.mail_sent(entry.id, worker, step.now()).await?;
                notified.sent += 1;
            }
            Outcome::Retry { at, error } => {
                let failure = MailFailure { error, retry_at: Some(at) };
                step.store.mail_failed(entry.id, worker, &failure, step.now()).await?;
                notified.deferred += 1;
            }
            Outcome::Failed { error } => {
                let failure = MailFailure { error, retry_at: None };
                step.store.mail_failed(entry.id, worker, &failure, step.now()).await?;
                notified.failed += 1;
            }
        }
        step.watch.moved("mails sent", notified.sent, 0);
        if delivery.unreachable {
            break;
        }
    }
    Ok(notified)
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
