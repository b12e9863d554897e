//! report: writes down what the run did, for people and for machines.

use kartei_report::{RunReport, render_html, render_json};
use kartei_store::owner;
use serde::{Deserialize, Serialize};

use super::Step;
use crate::error::FlowError;

/// Where the report lies, relative to the configuration's folder.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Written {
    /// The HTML file.
    pub html: String,
    /// The JSON file.
    pub json: String,
}

/// Writes the report's files.
pub fn write(step: &Step<'_>, report: &RunReport) -> Result<Written, FlowError> {
    let file = step.project.report_file(report.run.id);
    if let Some(folder) = file.parent() {
        owner::create_folder(folder).map_err(FlowError::Report)?;
    }
    let (html, json) = (file.with_extension("html"), file.with_extension("json"));
    owner::write(&html, render_html(report, step.project.settings.locale.language)).map_err(FlowError::Report)?;
    let text = render_json(report).map_err(|cause| FlowError::Report(cause.into()))?;
    owner::write(&json, text).map_err(FlowError::Report)?;
    let shown =
        |path: &std::path::Path| path.strip_prefix(&step.project.base).unwrap_or(path).to_string_lossy().into_owned();
    Ok(Written { html: shown(&html), json: shown(&json) })
}
