//! `kartei.toml`: where things are, how mail goes out, and when a run must stop. Every key may be left out.
//!
//! The sections are plain data, so that the store, the mail and the jobs take theirs as an argument.

use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::duration::Span;
use crate::org::Language;

mod retention;
mod watching;

pub use retention::RetentionSettings;
pub use watching::{AlertKind, AlertSettings, MonitoringSettings, PingSettings, TelemetrySettings, WebhookSettings};

/// The whole of `kartei.toml`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where persons, changes and runs are kept.
    pub store: StoreSettings,
    /// Where frames are kept.
    pub data: DataSettings,
    /// For how long what is old is kept.
    pub retention: RetentionSettings,
    /// How mail goes out.
    pub mail: MailSettings,
    /// How the pages are reached.
    pub web: WebSettings,
    /// What a run may change without asking.
    pub guards: GuardSettings,
    /// Language, time zone and country.
    pub locale: LocaleSettings,
    /// How the jobs are run.
    pub serve: ServeSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    /// Who is told when something goes wrong.
    pub alerts: AlertSettings,
    /// Where kartei can be watched.
    pub monitoring: MonitoringSettings,
    /// Where traces are sent.
    pub telemetry: TelemetrySettings,
}

/// The section `[store]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// `sqlite:FILE` or `postgres://USER@HOST/DATABASE`; left out: `kartei.db` beside `kartei.toml`.
    #[schemars(with = "Option<String>")]
    pub url: Option<SecretString>,
    /// A file that holds the database's password, and nothing else; it replaces the password of `url`.
    pub password_file: Option<PathBuf>,
    /// How long to wait for a lock that another process holds.
    pub busy_timeout_seconds: Option<u64>,
}

/// The section `[data]`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DataSettings {
    /// The folder of the frames at rest: batches, normalised records, pairs.
    pub folder: PathBuf,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self { folder: PathBuf::from("data") }
    }
}

/// The section `[mail]`. Nothing leaves the machine unless it says so.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransportKind {
    /// One `.eml` file a mail in a folder; nothing leaves the machine.
    #[default]
    Folder,
    /// An SMTP server.
    Smtp,
}

/// The section `[mail.smtp]`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// The server's name, as its certificate has it.
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
    /// The password; `password_file` is the better place.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
    /// A file that holds the password, and nothing else.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// A certificate (PEM) to trust beside the system's, for servers with a certificate of one's own.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How long to wait for the server.
    #[serde(default = "thirty")]
    pub timeout_seconds: u64,
}

/// How the connection to an SMTP server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
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

/// The section `[web]`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebSettings {
    /// The address under which people reach the pages: the links in notices begin with it.
    pub public_url: String,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self { public_url: "http://localhost:8080".to_owned() }
    }
}

/// The section `[guards]`: a run that would do more than this stops before publishing. Percentages are of the persons
/// published last; the first run has none, and passes.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GuardSettings {
    /// Persons with at least one changed field.
    pub max_changed_percent: f64,
    /// Persons who turned out to be another.
    pub max_merged_percent: f64,
    /// Persons who are in no source any more.
    pub max_gone_percent: f64,
    /// Rows that could not be read, of all rows that were read; each source has a limit of its own besides.
    pub max_reject_percent: f64,
    /// Fewer persons than this are never held back: in a small index one change is many percent.
    pub min_persons: u64,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            max_changed_percent: 20.0,
            max_merged_percent: 5.0,
            max_gone_percent: 10.0,
            max_reject_percent: 10.0,
            min_persons: 50,
        }
    }
}

/// The section `[locale]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocaleSettings {
    /// The language of reports and of whoever has not chosen one.
    pub language: Language,
    /// The IANA time zone in which times are shown, e.g. `Europe/Berlin`.
    pub time_zone: String,
    /// The country of addresses and telephone numbers that name none: ISO 3166-1 alpha-2.
    pub country: String,
}

impl Default for LocaleSettings {
    fn default() -> Self {
        Self { language: Language::De, time_zone: "Europe/Berlin".to_owned(), country: "DE".to_owned() }
    }
}

/// The section `[serve]`: how `kartei serve` runs the jobs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServeSettings {
    /// How many runs this process works on at once. Of the runs that pull, consolidate or publish it is one at most all the
    /// same, in all processes together: the group `persons` has one place.
    #[schemars(range(min = 1, max = 1000))]
    pub workers: u32,
    /// How long a run may go on when kartei is stopped; then it is put down, and goes on at the next start.
    pub shutdown_grace: Span,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self { workers: 1000, shutdown_grace: Span::from_seconds(30) }
    }
}

/// The section `[log]`. Logs go to standard error, and what belongs to a run is kept with it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `warn,kartei_jobs=debug`.
    pub level: String,
    /// How a line looks.
    pub format: LogFormat,
    /// So many lines are kept of each run at most; the first and the last ones stay.
    #[schemars(range(min = 10, max = 1_000_000))]
    pub run_lines: u32,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "warn".to_owned(), format: LogFormat::Text, run_lines: 5_000 }
    }
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

fn thirty() -> u64 {
    30
}
