//! The merge report of a run: what came in, what was joined, what changed, and what needs a human.
//!
//! [`RunReport`] is plain data that the conductor fills; the renderers are pure functions of it. No report holds
//! personal data: counts, ids, and the names of sources, fields and org units.

pub mod model;

mod bands;
mod graphs;
mod html;
mod page;
mod plots;
mod reasons;
mod sections;
mod summary;
mod text;
mod voice;
mod words;

pub use bands::{Band, median};
pub use html::render_html;
pub use model::RunReport;
pub use summary::{Mood, Summary, summarise};
pub use text::{render_summary, render_text};

/// The report as JSON, for machines: indented, keys in the order of the types, stable between runs.
///
/// # Errors
/// Only a number that JSON cannot hold (a score that is not finite) fails.
pub fn render_json(report: &RunReport) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report)
}
