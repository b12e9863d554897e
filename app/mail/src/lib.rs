//! Mail to officers: what a notice says, and the sender that empties the outbox.
//!
//! A notice holds counts, kinds and a link, never a name, a value or an address of a person. Out of the box mail
//! goes to a folder; nothing leaves the machine until the settings say so.

mod deliver;
mod envelope;
mod folder;
mod notice;
mod outcome;
mod settings;
mod smtp;
mod template;

pub use deliver::{Delivery, deliver_all};
pub use envelope::{OutboxMail, message_id};
pub use notice::{KindCount, Notice, UnitCount};
pub use outcome::{FailureKind, Outcome, retry_delay_seconds};
pub use settings::{MailSettings, SmtpSettings, SmtpTls, TransportKind};
pub use template::{Rendered, TemplateError, Templates};

use thiserror::Error;

/// Where mail goes.
#[derive(Debug)]
pub enum Transport {
    /// Into a folder, one `.eml` file a mail.
    Folder(folder::FolderTransport),
    /// To an SMTP server.
    Smtp(smtp::SmtpTransport),
}

/// Mail settings that cannot work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The sender is not an address.
    #[error("mail.from is not a mail address")]
    From,
}
