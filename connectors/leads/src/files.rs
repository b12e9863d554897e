//! Contacts that a system leaves as files in a folder.

use kartei_connector::{Connector, ConnectorError, Context};
use kartei_schemas::source::SourceSchema;
use kartei_transport::FilesConnector;

use crate::advice::advice;

/// The connector for contacts in files.
pub(crate) fn connect(schema: &SourceSchema, context: &Context) -> Result<Box<dyn Connector>, ConnectorError> {
    Ok(Box::new(FilesConnector::new(schema, context)?.with_advice(advice)))
}

#[cfg(test)]
mod tests {
    use kartei_connector::conformance::Trial;

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

    fn trial(schema: &str) -> Trial {
        Trial::of_delivery(LIST, |context| crate::connect(&toml::from_str(schema).unwrap(), context))
    }

    #[tokio::test]
    async fn the_connector_keeps_the_contract() {
        let trial = trial(SCHEMA);
        let conformance = trial.conforms().await;
        assert_eq!((conformance.staged.len(), conformance.rejects()), (3, 1));
        assert_eq!(trial.source(), "leads");
    }

    #[tokio::test]
    async fn a_well_mapped_source_has_no_warnings() {
        assert!(trial(SCHEMA).warnings().await.is_empty());
    }

    #[tokio::test]
    async fn contacts_that_nobody_can_reach_are_a_warning() {
        let schema = SCHEMA.replace("email =", "title =");
        assert_eq!(trial(&schema).warnings().await, ["no column says how to reach anybody"]);
    }

    #[tokio::test]
    async fn contacts_without_place_or_consent_are_a_warning() {
        let schema = SCHEMA[..SCHEMA.find("[[consent]]").unwrap()].replace("postal_code =", "title =");
        let expected = ["no column says where anybody lives", "no column says who agreed to what"];
        assert_eq!(trial(&schema).warnings().await, expected);
    }
}
