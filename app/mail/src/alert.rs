//! What an alert mail says: which runs, jobs and sources are in trouble, or well again.

use kartei_schemas::org::Language;
use kartei_schemas::settings::AlertKind;
use serde::{Deserialize, Serialize};

/// One mail to an admin. It names jobs, sources and runs, and has no room for anything about a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct AlertMail {
    /// The admin's language.
    pub language: Language,
    /// The organisation, where it has a name.
    pub organisation: Option<String>,
    /// The machine or installation, so that two of them can be told apart.
    pub installation: String,
    /// What happened, the worst first.
    pub lines: Vec<AlertLine>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct AlertLine {
    /// What it is.
    pub kind: AlertKind,
    /// The job or the source, as people read it.
    pub subject: String,
    /// The run.
    pub run_id: Option<i64>,
    /// When it happened, in the installation's zone.
    pub at: String,
    /// When it was due, in the same zone.
    pub due: Option<String>,
    /// A span in words: how long was allowed, or how old a source is.
    pub span: Option<String>,
    /// What failed, or the guard that stopped it.
    pub reason: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}
