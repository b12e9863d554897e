//! Member lists that a system leaves as files in a folder.

use std::path::Path;

use kartei_connector::{Connector, ConnectorError};
use kartei_schemas::source::SourceSchema;
use kartei_transport::FilesConnector;

use crate::advice::advice;

/// The connector for member lists in files.
pub(crate) fn connect(schema: &SourceSchema, base: &Path) -> Result<Box<dyn Connector>, ConnectorError> {
    Ok(Box::new(FilesConnector::new(schema, base)?.with_advice(advice)))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use kartei_connector::{FindingLevel, conformance};
    use tempfile::TempDir;

    use super::*;

    const LIST: &str = "Mitgliedsnummer;Nachname;Ortsverein;Geburtsdatum\n\
                        1;Müller;Ulm;05.03.1984\n2;Meier;Bonn;1990-01-31\n3;Kaya;Köln;\n;Ohne;Hof;\n";
    const SCHEMA: &str = r#"
        name = "members"
        family = "membership"
        key = ["Mitgliedsnummer"]
        connector = { product = "files", path = "*.csv", page_rows = 2 }
        [fields]
        membership_number = "Mitgliedsnummer"
        surname = "Nachname"
        org_unit = "Ortsverein"
        birth_date = "Geburtsdatum"
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
        assert_eq!(connector.source(), "members");
    }

    #[tokio::test]
    async fn a_well_mapped_source_has_no_warnings() {
        assert!(warnings(SCHEMA).await.is_empty());
    }

    #[tokio::test]
    async fn a_column_of_names_mapped_to_a_date_is_a_warning() {
        let schema = SCHEMA.replace("birth_date = \"Geburtsdatum\"", "birth_date = \"Nachname\"");
        let warnings = warnings(&schema).await;
        assert_eq!(warnings, ["column `Nachname` is mapped to `birth_date`, but does not look like dates"]);
    }

    #[tokio::test]
    async fn members_without_number_or_unit_are_a_warning() {
        let schema = SCHEMA.replace("membership_number =", "title =").replace("org_unit =", "city =");
        assert_eq!(warnings(&schema).await.len(), 2);
    }
}
