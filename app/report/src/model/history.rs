//! What was before: the last runs, and what is not as usual in this one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::bands::Band;

/// A run of the last days.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct PastRun {
    /// Its number.
    pub id: i64,
    /// Its job.
    pub job: String,
    /// How it ended.
    pub state: PastState,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; none while it runs.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PastState {
    /// Well.
    Succeeded,
    /// A guard stopped it.
    Stopped,
    /// It failed, or its worker vanished.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// It is under way.
    Running,
}

/// A figure that is not as usual.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct OddFigure {
    /// The step whose rows are odd; none: the run's duration is.
    pub step: Option<String>,
    /// Rows, or milliseconds.
    pub value: f64,
    /// Between what it usually is.
    pub band: Band,
}
