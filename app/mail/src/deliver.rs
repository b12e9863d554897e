//! Empties the outbox.

use chrono::{DateTime, Utc};

use crate::message::{Message, OutboxMail};
use crate::outcome::{Failure, FailureKind, Outcome, after_failure};
use crate::setup::{Route, Transport};

/// What became of one outbox row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The row.
    pub id: i64,
    /// What became of it.
    pub outcome: Outcome,
}

/// Tries each row once, in order, and says what became of it.
///
/// Mail goes out at least once: a row whose outcome was not saved, because the process died, is sent again with the
/// same Message-ID. When the server cannot be reached at all, the rows after the one that found out are not tried, and
/// are missing from the answer: they stay as they are.
pub async fn deliver_all(transport: &Transport, mails: &[OutboxMail], now: DateTime<Utc>) -> Vec<Delivery> {
    let mut deliveries = Vec::with_capacity(mails.len());
    for mail in mails {
        let sent = transport.send(mail).await;
        let is_unreachable = matches!(&sent, Err(failure) if failure.kind == FailureKind::Unreachable);
        let outcome = match sent {
            Ok(()) => Outcome::Sent,
            Err(failure) => {
                tracing::warn!(outbox = mail.id, error = failure.error, "mail was not sent");
                after_failure(failure, mail.attempts.saturating_add(1), transport.max_attempts, now)
            }
        };
        deliveries.push(Delivery { id: mail.id, outcome });
        if is_unreachable {
            break;
        }
    }
    deliveries
}

impl Transport {
    /// One attempt at one mail.
    pub async fn send(&self, mail: &OutboxMail) -> Result<(), Failure> {
        let message = Message::new(mail, &self.sender)
            .map_err(|error| Failure { kind: FailureKind::Permanent, error: error.to_string() })?;
        match &self.route {
            Route::Folder(folder) => folder.send(&message).await,
            Route::Smtp(server) => server.send(&message).await,
        }
    }
}
