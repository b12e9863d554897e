//! What a person answered in a survey.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
pub struct Answer {
    /// The survey's name.
    pub survey: String,
    /// The day on which the answers were given, where known.
    pub date: Option<NaiveDate>,
    /// The question, as the source words it.
    pub question: String,
    /// The answer, as received.
    pub answer: String,
}
