//! Who is told when something goes wrong, and where kartei can be watched.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::duration::Span;
use crate::org::Language;

/// The section `[alerts]`: who is told when a run fails, is late or is missed. Nobody is, unless it says so.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    /// The addresses to which alerts are mailed; they go out by `[mail]`.
    pub mail_to: Vec<String>,
    /// The language of the mails; left out: `locale.language`.
    pub language: Option<Language>,
    /// What is told of; left out: everything.
    pub kinds: Vec<AlertKind>,
    /// How long an alert waits for others, so that one bad night is one mail.
    pub group_for: Span,
    /// No second message sooner than this after the last; what happens meanwhile waits and comes in one.
    pub at_most_every: Span,
    /// Where alerts are posted as JSON.
    pub webhook: Option<WebhookSettings>,
    /// Addresses that are called when a job begins, succeeds or fails, so that silence is noticed elsewhere.
    pub ping: Vec<PingSettings>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            mail_to: Vec::new(),
            language: None,
            kinds: AlertKind::ALL.to_vec(),
            group_for: Span::from_seconds(30),
            at_most_every: Span::from_seconds(15 * 60),
            webhook: None,
            ping: Vec::new(),
        }
    }
}

/// The section `[alerts.webhook]`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// The address; one with a secret in it had better stand in `url_file`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub url: Option<SecretString>,
    /// A file that holds the address, and nothing else.
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// A file that holds a token, sent as `Authorization: Bearer`.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// The token that `token_file` held when the settings were read.
    #[serde(skip)]
    #[schemars(skip)]
    pub token: Option<SecretString>,
    /// How long to wait for an answer.
    #[serde(default = "ten")]
    pub timeout_seconds: u64,
    /// A message is given up after so many attempts.
    #[serde(default = "twenty")]
    pub max_attempts: u32,
}

/// One entry `[[alerts.ping]]`: a dead man's switch such as healthchecks.io. The address is called with GET when the job
/// succeeds, with `/start` behind it when it begins, and with `/fail` when it does not come to a good end.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PingSettings {
    /// The job.
    pub job: String,
    /// The address; whoever knows it can call it, so `url_file` is the better place.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub url: Option<SecretString>,
    /// A file that holds the address, and nothing else.
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// How long to wait for an answer.
    #[serde(default = "ten")]
    pub timeout_seconds: u64,
}

/// The section `[monitoring]`: figures and health over HTTP, from `kartei serve`. They hold no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MonitoringSettings {
    /// Where `/metrics`, `/health/live` and `/health/ready` are; `off`: nowhere. Port 0 takes any that is free.
    pub listen: String,
    /// A scheduler that has not turned for so long is held to hang: `/health/ready` fails, and the watchdog is not fed.
    pub stale_after: Span,
}

impl Default for MonitoringSettings {
    fn default() -> Self {
        Self { listen: Self::LISTEN.to_owned(), stale_after: Span::from_seconds(30) }
    }
}

impl MonitoringSettings {
    /// Where it listens when nothing is said.
    pub const LISTEN: &str = "127.0.0.1:9464";
    /// What switches it off.
    pub const OFF: &str = "off";
}

/// The section `[telemetry]`: traces for OpenTelemetry. Each run is a span with its steps, and what is logged is an event of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySettings {
    /// The collector's address for OTLP over HTTP, e.g. `http://127.0.0.1:4318`; without one nothing is sent.
    pub otlp_endpoint: Option<String>,
}

/// What there is to tell an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A run failed, and is not tried again by itself.
    Failed,
    /// A run's worker vanished.
    Lost,
    /// A run was not done within `expect_within`.
    Late,
    /// A due time passed without a run.
    Missed,
    /// A guard stopped a run before it published.
    Guard,
    /// More rows went to quarantine than the limit allows.
    Quarantine,
    /// A source has brought nothing new for longer than it may.
    Stale,
    /// What was wrong is well again.
    Recovered,
    /// Somebody tries whether alerts arrive.
    Test,
}

impl AlertKind {
    /// All kinds, the worst first.
    pub const ALL: [Self; 9] = [
        Self::Failed,
        Self::Lost,
        Self::Guard,
        Self::Quarantine,
        Self::Missed,
        Self::Late,
        Self::Stale,
        Self::Recovered,
        Self::Test,
    ];

    /// The kind as `kartei.toml` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Late => "late",
            Self::Missed => "missed",
            Self::Guard => "guard",
            Self::Quarantine => "quarantine",
            Self::Stale => "stale",
            Self::Recovered => "recovered",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for AlertKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is no kind of alert"))
    }
}

const fn ten() -> u64 {
    10
}

const fn twenty() -> u32 {
    20
}
