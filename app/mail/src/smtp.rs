//! Mail over SMTP.

/// Sends each mail to a server.
#[derive(Debug)]
pub struct SmtpTransport {}
