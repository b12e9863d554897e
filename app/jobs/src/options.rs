//! What was asked of a run. It is kept with the run, so that it holds after a crash too.

use std::collections::BTreeMap;

use kartei_schemas::jobs::ParamValue;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The names of all guards that may be let pass.
pub const GUARDS: [&str; 8] = [
    "drift",
    "freshness",
    "max_changed_percent",
    "max_drop_percent",
    "max_gone_percent",
    "max_merged_percent",
    "max_reject_percent",
    "min_rows",
];

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

    /// Whether a guard may pass.
    pub fn accepts(&self, guard: &str) -> bool {
        self.accept_guards.iter().any(|accepted| accepted == guard)
    }
}
