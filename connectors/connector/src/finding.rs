//! What a check found: one line of `kartei check`.

use serde::{Deserialize, Serialize};

/// One thing that was looked at, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How it stands.
    pub level: FindingLevel,
    /// What was looked at, e.g. `key columns`.
    pub subject: String,
    /// What was found; lower case, no full stop, no personal data.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How a finding stands; ordered by gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingLevel {
    /// As it should be.
    Ok,
    /// A run would work, but somebody should look.
    Warning,
    /// A run would fail, or lack what the schema asks for.
    Error,
}

impl Finding {
    /// Something is as it should be.
    pub fn ok(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { level: FindingLevel::Ok, subject: subject.into(), message: message.into(), hint: None }
    }

    /// Somebody should look.
    pub fn warning(subject: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into());
        Self { level: FindingLevel::Warning, subject: subject.into(), message: message.into(), hint }
    }

    /// A run would fail.
    pub fn error(subject: impl Into<String>, message: impl Into<String>, hint: Option<String>) -> Self {
        Self { level: FindingLevel::Error, subject: subject.into(), message: message.into(), hint }
    }
}
