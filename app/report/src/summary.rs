//! The sentence on top: what happened, is all well, what needs a human.

use kartei_schemas::org::Language;

use crate::RunReport;

/// How the run went, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mood {
    /// All is well.
    Well,
    /// Published, but something wants a look.
    Look,
    /// Not published, or something was lost.
    Wrong,
}

/// What an admin reads first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How it went.
    pub mood: Mood,
    /// Two or three words, e.g. "All is well".
    pub headline: String,
    /// What happened, in one or two sentences.
    pub sentence: String,
    /// What needs a human, most urgent first; empty if nothing does.
    pub needs: Vec<String>,
}

/// Says what happened, whether all is well, and what needs a human.
pub fn summarise(_report: &RunReport, _language: Language) -> Summary {
    Summary { mood: Mood::Well, headline: String::new(), sentence: String::new(), needs: Vec::new() }
}
