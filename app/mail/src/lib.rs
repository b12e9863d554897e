//! Mail to officers and admins: what a notice and an alert say, and the sender that empties the outbox.
//!
//! A notice holds counts, kinds and a link, never a name, a value or an address of a person. Out of the box mail
//! goes to a folder; nothing leaves the machine until the settings say so.

mod alert;
mod deliver;
mod folder;
mod message;
mod notice;
mod outcome;
mod post;
mod setup;
mod smtp;
mod tally;
mod template;
mod wording;

pub use alert::{AlertLine, AlertMail};
pub use deliver::{Delivery, deliver};
pub use message::{Message, MessageError, OutboxMail, Sender, file_name};
pub use notice::{KindCount, Notice, UnitCount};
pub use outcome::{Failure, FailureKind, Outcome, after_failure, retry_delay_seconds};
pub use post::{Posted, Sending, empty_outbox};
pub use setup::{SetupError, Transport};
pub use tally::{ChangeLine, Tally, notices};
pub use template::{Rendered, TemplateError, Templates};
pub use wording::alerts::span;
