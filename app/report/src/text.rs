//! The report for a terminal.

use kartei_schemas::org::Language;

use crate::RunReport;

/// The report as text of at most `width` columns, with ANSI colours where asked for.
pub fn render_text(report: &RunReport, _language: Language, _width: usize, _colour: bool) -> String {
    format!("{} {}", report.run.job, report.run.id)
}
