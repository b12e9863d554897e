//! Contacts that a system leaves as files in a folder.

use std::path::Path;

use kartei_connector::{Connector, ConnectorError};
use kartei_schemas::source::SourceSchema;
use kartei_transport::FilesConnector;

use crate::advice::advice;

/// The connector for contacts in files.
pub(crate) fn connect(schema: &SourceSchema, base: &Path) -> Result<Box<dyn Connector>, ConnectorError> {
    Ok(Box::new(FilesConnector::new(schema, base)?.with_advice(advice)))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use kartei_connector::{FindingLevel, conformance};
    use tempfile::TempDir;

    use super::*;

    const LIST: &str = "Id\tVorname\tMail\tPLZ\n1\tEva\ta@example.org\t10115\n2\tBen\tb@example.org\t01067\n\
                        3\tIna\t\t\n3\tAnders\t\t\n";
    const SCHEMA: &str = r#"
        name = "leads"
        family = "leads"
        key = ["Id"]
        connector = { product = "files", path = "*.csv", page_rows = 2 }
        [fields]
        given_name = "Vorname"
        email = "Mail"
        postal_code = "PLZ"
        [[consent]]
        purpose = "contact"
        column = "Mail"
        states = {}
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
        assert_eq!(connector.source(), "leads");
    }

    #[tokio::test]
    async fn a_well_mapped_source_has_no_warnings() {
        assert!(warnings(SCHEMA).await.is_empty());
    }

    #[tokio::test]
    async fn contacts_that_nobody_can_reach_are_a_warning() {
        let schema = SCHEMA.replace("email =", "title =");
        assert_eq!(warnings(&schema).await, ["no column says how to reach anybody"]);
    }

    #[tokio::test]
    async fn contacts_without_place_or_consent_are_a_warning() {
        let schema = SCHEMA[..SCHEMA.find("[[consent]]").unwrap()].replace("postal_code =", "title =");
        let expected = ["no column says where anybody lives", "no column says who agreed to what"];
        assert_eq!(warnings(&schema).await, expected);
    }
}
