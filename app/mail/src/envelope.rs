//! A mail ready to go: the outbox row, its headers, its stable Message-ID.

/// A row of the outbox, as the sender needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMail {
    /// The row's id: what makes the Message-ID stable.
    pub id: i64,
    /// Where it goes.
    pub recipient: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// Attempts made before.
    pub attempts: u32,
}

/// The Message-ID of an outbox row: the same for each attempt, so that a mail sent twice is seen as one.
pub fn message_id(id: i64, domain: &str) -> String {
    format!("<kartei.{id}@{domain}>")
}
