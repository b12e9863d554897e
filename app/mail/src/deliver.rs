//! Sends one row of the outbox.

use chrono::{DateTime, Utc};

use crate::message::{Message, OutboxMail};
use crate::outcome::{Failure, FailureKind, Outcome, after_failure};
use crate::setup::{Route, Transport};

/// What became of one outbox row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What became of it.
    pub outcome: Outcome,
    /// The server cannot be reached at all: other rows need not be tried now.
    pub unreachable: bool,
}

/// Tries a row once, and says what became of it.
///
/// Mail goes out at least once: a row whose outcome was not saved, because the process died just then, is sent again
/// with the same Message-ID. Save the outcome before the next row is tried, so that this is one mail at most.
pub async fn deliver(transport: &Transport, mail: &OutboxMail, now: DateTime<Utc>) -> Delivery {
    match transport.send(mail).await {
        Ok(()) => Delivery { outcome: Outcome::Sent, unreachable: false },
        Err(failure) => {
            tracing::warn!(outbox = mail.id, error = failure.error, "mail was not sent");
            let unreachable = failure.kind == FailureKind::Unreachable;
            let attempts = mail.attempts.saturating_add(1);
            Delivery { outcome: after_failure(failure, attempts, transport.max_attempts, now), unreachable }
        }
    }
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
