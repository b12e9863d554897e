//! Lists of receivers that a system leaves as files in a folder.

use std::path::Path;

use kartei_connector::{Connector, ConnectorError};
use kartei_schemas::source::SourceSchema;
use kartei_transport::FilesConnector;

use crate::advice::advice;

/// The connector for lists of receivers in files.
pub(crate) fn connect(schema: &SourceSchema, base: &Path) -> Result<Box<dyn Connector>, ConnectorError> {
    Ok(Box::new(FilesConnector::new(schema, base)?.with_advice(advice)))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use kartei_connector::{FindingLevel, conformance};
    use tempfile::TempDir;

    use super::*;

    const LIST: &str = "{\"mail\":\"a@example.org\",\"status\":\"on\",\"since\":\"2026-01-01\"}\n\
                        {\"mail\":\"b@example.org\",\"status\":\"off\",\"since\":\"2026-01-02\"}\n\
                        {\"mail\":\"c@example.org\",\"status\":\"on\"}\n{\"status\":\"on\"}\n";
    const SCHEMA: &str = r#"
        name = "newsletter"
        family = "newsletter"
        key = ["mail"]
        updated_at = "since"
        connector = { product = "files", path = "*.csv", format = "ndjson", page_rows = 2 }
        [fields]
        email = "mail"
        [[consent]]
        purpose = "newsletter"
        column = "status"
        at = "since"
        states = { on = "granted", off = "withdrawn" }
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
        assert_eq!(connector.source(), "newsletter");
    }

    #[tokio::test]
    async fn a_well_mapped_source_has_no_warnings() {
        assert!(warnings(SCHEMA).await.is_empty());
    }

    #[tokio::test]
    async fn receivers_without_a_consent_are_a_warning() {
        let schema = &SCHEMA[..SCHEMA.find("[[consent]]").unwrap()];
        assert_eq!(warnings(schema).await, ["no column says who agreed to what"]);
    }

    #[tokio::test]
    async fn a_consent_that_cannot_be_withdrawn_is_a_warning() {
        let schema = SCHEMA.replace(", off = \"withdrawn\"", "").replace("\n        at = \"since\"", "");
        let expected = ["no state means that it was withdrawn", "no column says when it was given"];
        assert_eq!(warnings(&schema).await, expected);
    }
}
