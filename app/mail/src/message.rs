//! A mail as it goes over the wire: an outbox row with its headers and its stable Message-ID.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message as Mime};
use thiserror::Error;

/// A row of the outbox, as the sender needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxMail {
    /// The row's id.
    pub id: i64,
    /// The Message-ID with its angle brackets, where the row has one of its own.
    pub message_id: Option<String>,
    /// When the row was written: with the id what makes the Message-ID stable, and the mail's date.
    pub queued_at: DateTime<Utc>,
    /// Where it goes.
    pub recipient: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// Attempts made before this one.
    pub attempts: u32,
}

impl std::fmt::Debug for OutboxMail {
    /// Without the recipient: what is logged holds no address.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("OutboxMail").field("id", &self.id).field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

/// Who sends.
#[derive(Debug, Clone)]
pub struct Sender {
    from: Mailbox,
    list_id: Option<String>,
}

/// A mail that can never be sent as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MessageError {
    /// `mail.from` is no address.
    #[error("mail.from is not a mail address")]
    From,
    /// `mail.list_id` is no list id.
    #[error("mail.list_id is not a list id such as `notices.example.org`")]
    ListId,
    /// The recipient is no address.
    #[error("the recipient is not a mail address")]
    Recipient,
    /// The subject would break out of its line.
    #[error("the subject holds control characters")]
    Subject,
    /// The row's own Message-ID is none.
    #[error("the message id is not of the form `<left@right>`")]
    MessageId,
    /// The mail cannot be put together.
    #[error("the mail cannot be put together")]
    Build,
}

impl Sender {
    /// The sender that the settings name.
    pub fn new(from: &str, list_id: Option<&str>) -> Result<Self, MessageError> {
        if from.chars().any(char::is_control) {
            return Err(MessageError::From);
        }
        let from: Mailbox = from.parse().map_err(|_| MessageError::From)?;
        let is_list_id = |id: &str| {
            id.contains('.')
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        };
        if list_id.is_some_and(|id| !is_list_id(id)) {
            return Err(MessageError::ListId);
        }
        Ok(Self { from, list_id: list_id.map(str::to_owned) })
    }

    /// The Message-ID of an outbox row: the same for each attempt, so that a mail sent twice is seen as one
    /// (RFC 5322, section 3.6.4).
    pub fn message_id(&self, mail: &OutboxMail) -> String {
        mail.message_id.clone().unwrap_or_else(|| format!("<{}@{}>", stem(mail), self.from.email.domain()))
    }
}

/// What names a row in Message-ID, file name and MIME boundary; it says nothing of the recipient.
fn stem(mail: &OutboxMail) -> String {
    stem_of(mail.id, mail.queued_at)
}

fn stem_of(id: i64, queued_at: DateTime<Utc>) -> String {
    format!("kartei.{id}.{:x}", queued_at.timestamp_millis())
}

/// The file that a row of the outbox becomes in the folder of mails.
pub fn file_name(id: i64, queued_at: DateTime<Utc>) -> String {
    format!("{}.eml", stem_of(id, queued_at))
}

/// A mail ready to go.
#[derive(Debug, Clone)]
pub struct Message {
    pub(crate) mime: Mime,
    /// A file name for it, without personal data.
    pub(crate) file_name: String,
}

impl Message {
    /// Puts a row into the form of RFC 5322, with plain text and HTML as alternatives.
    pub fn new(mail: &OutboxMail, sender: &Sender) -> Result<Self, MessageError> {
        if mail.recipient.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            return Err(MessageError::Recipient);
        }
        if mail.subject.chars().any(char::is_control) {
            return Err(MessageError::Subject);
        }
        if mail.message_id.as_ref().is_some_and(|id| !is_message_id(id)) {
            return Err(MessageError::MessageId);
        }
        let recipient: Address = mail.recipient.parse().map_err(|_| MessageError::Recipient)?;
        let mut builder = Mime::builder()
            .from(sender.from.clone())
            .to(Mailbox::new(None, recipient))
            .subject(mail.subject.clone())
            .date(SystemTime::from(mail.queued_at))
            .message_id(Some(sender.message_id(mail)))
            // RFC 3834: no out-of-office reply, please; the second header says it to Exchange.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"));
        if let Some(list_id) = &sender.list_id {
            builder = builder.raw_header(header("List-Id", &format!("<{list_id}>")));
        }
        let body = MultiPart::alternative()
            .boundary(format!("={}=", stem(mail)))
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(mail.text.clone()))
            .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(mail.html.clone()));
        let mime = builder.multipart(body).map_err(|_| MessageError::Build)?;
        Ok(Self { mime, file_name: file_name(mail.id, mail.queued_at) })
    }

    /// The mail as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.mime.formatted()
    }
}

fn is_message_id(id: &str) -> bool {
    let inner = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or_default();
    inner.contains('@') && inner.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}
