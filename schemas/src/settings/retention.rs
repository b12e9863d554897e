//! The section `[retention]`: for how long what is old is kept.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::duration::Span;

/// The section `[retention]`: what is older than this is removed after the next publication, such as `90d`. Judgements and
/// consents are never removed by age, persons and their changes only where `gone` says so; nor is what the published run and
/// the one before it need.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSettings {
    /// Deliveries at rest whose records have been published.
    pub frames: Span,
    /// Runs that have ended, with their steps, changes of state and figures.
    pub runs: Span,
    /// The lines of runs' logs; they go with their run at the latest.
    pub logs: Span,
    /// Mails that were sent or given up.
    pub mails: Span,
    /// Alerts that were told, and calls over HTTP that were made or given up.
    pub alerts: Span,
    /// The files of reports; the newest of each job stays. They can be made anew from the store for as long as it keeps the run.
    pub reports: Span,
    /// Rows in quarantine that a later delivery has mended.
    pub rejects: Span,
    /// Persons who are in no source any more: their values are removed, and the id stays. Left out: they are kept.
    pub gone: Option<Span>,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        let days = |days: u64| Span::from_seconds(days * 86_400);
        Self {
            frames: days(90),
            runs: days(90),
            logs: days(30),
            mails: days(90),
            alerts: days(90),
            reports: days(90),
            rejects: days(90),
            gone: None,
        }
    }
}
