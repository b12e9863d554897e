//! What was asked of a run. It is kept with the run, so that it holds after a crash too.

use std::collections::BTreeMap;

use kartei_schemas::jobs::ParamValue;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The names of all guards that may be let pass.
pub const GUARDS: [&str; 9] = [
    "drift",
    "freshness",
    "max_changed_percent",
    "max_drop_percent",
    "max_gone_percent",
    "max_merged_percent",
    "max_reject_percent",
    "max_unreadable_percent",
    "min_rows",
];

/// The guard that `--accept-guard` names: `drift` of `drift=members`.
pub fn guard_named(text: &str) -> &str {
    text.split_once('=').map_or(text, |(name, _)| name)
}

/// What was asked of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunOptions {
    /// Only these sources; empty: those of the job.
    pub sources: Vec<String>,
    /// Parameters in place of the job's.
    pub params: BTreeMap<String, ParamValue>,
    /// All but publishing and mail.
    pub dry_run: bool,
    /// Guards that may pass this once.
    pub accept_guards: Vec<String>,
}

impl RunOptions {
    /// The options as the run keeps them.
    pub fn to_parameters(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The options that a run keeps.
    pub fn of_parameters(parameters: &Json) -> Self {
        serde_json::from_value(parameters.clone()).unwrap_or_default()
    }

    /// The same, with the job's own parameters where none was asked for.
    #[must_use]
    pub fn over(mut self, params: &BTreeMap<String, ParamValue>) -> Self {
        for (name, value) in params {
            self.params.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self
    }

    /// Whether everything is read and made anew.
    pub fn is_full(&self) -> bool {
        self.params.get("full") == Some(&ParamValue::Flag(true))
    }

    /// Whether a guard may pass: everywhere (`max_gone_percent`), or for one source or delivery (`freshness=members`,
    /// `max_drop_percent=17`).
    pub fn accepts(&self, guard: &str, source: Option<&str>, delivery: Option<i64>) -> bool {
        self.accept_guards.iter().any(|accepted| match accepted.split_once('=') {
            None => accepted == guard,
            Some((name, target)) => {
                name == guard && (Some(target) == source || delivery.is_some_and(|id| target == id.to_string()))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_may_pass_everywhere_or_for_the_source_or_delivery_that_is_named() {
        let options = |text: &str| RunOptions { accept_guards: vec![text.to_owned()], ..RunOptions::default() };
        assert!(options("drift").accepts("drift", Some("members"), Some(17)));
        assert!(!options("drift").accepts("freshness", Some("members"), Some(17)));
        assert!(options("drift=members").accepts("drift", Some("members"), None));
        assert!(!options("drift=members").accepts("drift", Some("leads"), Some(17)));
        assert!(options("drift=17").accepts("drift", None, Some(17)));
        assert!(!options("drift=17").accepts("drift", None, Some(1)));
    }
}
