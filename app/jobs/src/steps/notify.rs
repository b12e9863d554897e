//! notify: empties the outbox.

use kartei_mail::{Posted, Sending, Transport, empty_outbox};
use kartei_store::MailPick;
use serde::{Deserialize, Serialize};

use super::Step;
use crate::error::FlowError;
use crate::project::Project;

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
pub async fn notify(step: &Step<'_>) -> Result<Notified, FlowError> {
    let transport = transport(step.project)?;
    let goes_on = |sent| {
        step.watch.moved("mails sent", sent, 0);
        !step.stop.is_asked()
    };
    let sending = Sending { transport: &transport, worker: &step.lease.worker, clock: step.clock, goes_on: &goes_on };
    let Posted { sent, deferred, failed } = empty_outbox(step.store, MailPick::All, &sending).await?;
    Ok(Notified { sent, deferred, failed })
}
