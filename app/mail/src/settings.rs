//! `[mail]`: where mail goes. Safe by default: a folder.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// The section `[mail]` of `kartei.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettings {
    /// Where mail goes.
    pub transport: TransportKind,
    /// The sender, e.g. `kartei <kartei@example.org>`.
    pub from: String,
    /// The `List-Id` header, e.g. `notices.kartei.example.org`; left out: none.
    pub list_id: Option<String>,
    /// The folder of `transport = "folder"`.
    pub folder: PathBuf,
    /// A folder with templates that replace the embedded ones of the same name.
    pub templates: Option<PathBuf>,
    /// A mail is given up after so many attempts.
    pub max_attempts: u32,
    /// The server of `transport = "smtp"`.
    pub smtp: Option<SmtpSettings>,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            transport: TransportKind::default(),
            from: "kartei <kartei@localhost.localdomain>".to_owned(),
            list_id: None,
            folder: PathBuf::from("mail"),
            templates: None,
            max_attempts: 10,
            smtp: None,
        }
    }
}

/// Where mail goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransportKind {
    /// One `.eml` file a mail in a folder; nothing leaves the machine.
    #[default]
    Folder,
    /// An SMTP server.
    Smtp,
}

/// An SMTP server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// Its name, as its certificate has it.
    pub host: String,
    /// Its port; left out: 587 for `starttls`, 465 for `tls`, 25 for `none`.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: SmtpTls,
    /// The user; left out: no login.
    #[serde(default)]
    pub user: Option<String>,
    /// The password.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// A certificate (PEM) to trust beside the system's, for servers with a certificate of one's own.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How long to wait for the server.
    #[serde(default = "thirty")]
    pub timeout_seconds: u64,
}

/// How the connection to an SMTP server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// STARTTLS, required.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// None at all; only to this very machine (loopback).
    None,
}

fn thirty() -> u64 {
    30
}
