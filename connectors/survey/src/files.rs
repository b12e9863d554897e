//! Answers that a system leaves as files in a folder.

use std::path::Path;

use kartei_connector::{Connector, ConnectorError};
use kartei_schemas::source::SourceSchema;
use kartei_transport::FilesConnector;

use crate::advice::advice;

/// The connector for answers in files.
pub(crate) fn connect(schema: &SourceSchema, base: &Path) -> Result<Box<dyn Connector>, ConnectorError> {
    Ok(Box::new(FilesConnector::new(schema, base)?.with_advice(advice)))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use kartei_connector::{FindingLevel, conformance};
    use tempfile::TempDir;

    use super::*;

    const LIST: &str = "id,mail,am,Was ist Ihnen wichtig?\n1,a@example.org,2026-01-01,Wohnen\n\
                        2,b@example.org,2026-01-02,\"Bahn, Bus\"\n3,c@example.org,2026-01-02,\n4,zu,viele,Felder,hier\n";
    const SCHEMA: &str = r#"
        name = "survey"
        family = "survey"
        key = ["id"]
        connector = { product = "files", path = "*.csv", listing = "delta", page_rows = 2 }
        survey = { name = "Umfrage 2026", date = "am" }
        [fields]
        email = "mail"
    "#;

    /// A source with one delivery, an hour after it came.
    fn source(schema: &str) -> (TempDir, Box<dyn Connector>, DateTime<Utc>) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("delivery.csv");
        std::fs::write(&path, LIST).unwrap();
        let written: DateTime<Utc> = std::fs::metadata(&path).unwrap().modified().unwrap().into();
        let connector = crate::connect(&toml::from_str(schema).unwrap(), folder.path()).unwrap();
        (folder, connector, written + TimeDelta::hours(1))
    }

    async fn warnings(schema: &str) -> Vec<String> {
        let (_folder, connector, now) = source(schema);
        let findings = connector.check(now).await;
        assert!(findings.iter().all(|finding| finding.level != FindingLevel::Error), "{findings:?}");
        let warnings = findings.into_iter().filter(|finding| finding.level == FindingLevel::Warning);
        warnings.map(|finding| finding.message).collect()
    }

    #[tokio::test]
    async fn the_connector_keeps_the_contract() {
        let (_folder, connector, now) = source(SCHEMA);
        let conformance = conformance::check_connector(&*connector, now).await.unwrap();
        assert_eq!(conformance.staged.len(), 3);
        assert_eq!(conformance.pages.iter().flat_map(|page| &page.rejects).count(), 1);
        assert_eq!(connector.source(), "survey");
    }

    #[tokio::test]
    async fn a_well_mapped_source_has_no_warnings() {
        assert!(warnings(SCHEMA).await.is_empty());
    }

    #[tokio::test]
    async fn a_survey_without_name_or_day_is_a_warning() {
        let schema = SCHEMA.replace("survey = { name = \"Umfrage 2026\", date = \"am\" }", "");
        assert_eq!(warnings(&schema).await, ["no survey is named"]);
        let schema = SCHEMA.replace(", date = \"am\"", "");
        assert_eq!(warnings(&schema).await, ["no column holds the day of the answers"]);
    }

    #[tokio::test]
    async fn a_survey_without_a_column_left_for_questions_is_a_warning() {
        let schema = SCHEMA.replace("[fields]", "ignore = [\"Was ist Ihnen wichtig?\"]\n[fields]");
        assert_eq!(warnings(&schema).await, ["no column is left that could be one"]);
    }
}
