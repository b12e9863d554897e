//! Member lists that a system leaves as files in a folder.

use kartei_connector::{Connector, ConnectorError, Context};
use kartei_schemas::source::SourceSchema;
use kartei_transport::FilesConnector;

use crate::advice::advice;

/// The connector for member lists in files.
pub(crate) fn connect(schema: &SourceSchema, context: &Context) -> Result<Box<dyn Connector>, ConnectorError> {
    Ok(Box::new(FilesConnector::new(schema, context)?.with_advice(advice)))
}

#[cfg(test)]
mod tests {
    use kartei_connector::conformance::Trial;

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

    fn trial(schema: &str) -> Trial {
        Trial::of_delivery(LIST, |context| crate::connect(&toml::from_str(schema).unwrap(), context))
    }

    #[tokio::test]
    async fn the_connector_keeps_the_contract() {
        let trial = trial(SCHEMA);
        let conformance = trial.conforms().await;
        assert_eq!((conformance.staged.len(), conformance.rejects()), (3, 1));
        assert_eq!(trial.source(), "members");
    }

    #[tokio::test]
    async fn a_well_mapped_source_has_no_warnings() {
        assert!(trial(SCHEMA).warnings().await.is_empty());
    }

    #[tokio::test]
    async fn a_column_of_names_mapped_to_a_date_is_a_warning() {
        let schema = SCHEMA.replace("birth_date = \"Geburtsdatum\"", "birth_date = \"Nachname\"");
        let warnings = trial(&schema).warnings().await;
        assert_eq!(warnings, ["column `Nachname` is mapped to `birth_date`, but does not look like dates"]);
    }

    #[tokio::test]
    async fn members_without_number_or_unit_are_a_warning() {
        let schema = SCHEMA.replace("membership_number =", "title =").replace("org_unit =", "city =");
        assert_eq!(trial(&schema).warnings().await.len(), 2);
    }
}
