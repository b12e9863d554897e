//! Writes the report of a made-up night, or of a run's JSON, in all its forms into a folder, to be looked at:
//! `cargo run -p kartei-report --example preview -- FOLDER [REPORT.json]`.

use std::path::PathBuf;

use kartei_report::{RunReport, render_html, render_json, render_text};
use kartei_schemas::org::Language;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".to_owned()));
    let json = match arguments.next() {
        Some(file) => std::fs::read_to_string(file)?,
        None => include_str!("../tests/fixtures/nightly.json").to_owned(),
    };
    let report: RunReport = serde_json::from_str(&json)?;
    for (language, name) in [(Language::De, "de"), (Language::En, "en")] {
        std::fs::write(folder.join(format!("report-{name}.html")), render_html(&report, language))?;
        std::fs::write(folder.join(format!("report-{name}.txt")), render_text(&report, language, 100, false))?;
    }
    std::fs::write(folder.join("report.json"), render_json(&report)?)?;
    Ok(())
}
