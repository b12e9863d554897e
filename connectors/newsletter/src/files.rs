//! Lists of receivers that a system leaves as files in a folder.

use kartei_connector::{Connector, ConnectorError, Context};
use kartei_schemas::source::SourceSchema;
use kartei_transport::FilesConnector;

use crate::advice::advice;

/// The connector for lists of receivers in files.
pub(crate) fn connect(schema: &SourceSchema, context: &Context) -> Result<Box<dyn Connector>, ConnectorError> {
    Ok(Box::new(FilesConnector::new(schema, context)?.with_advice(advice)))
}

#[cfg(test)]
mod tests {
    use kartei_connector::conformance::Trial;

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

    fn trial(schema: &str) -> Trial {
        Trial::of_delivery(LIST, |context| crate::connect(&toml::from_str(schema).unwrap(), context))
    }

    #[tokio::test]
    async fn the_connector_keeps_the_contract() {
        let trial = trial(SCHEMA);
        let conformance = trial.conforms().await;
        assert_eq!((conformance.staged.len(), conformance.rejects()), (3, 1));
        assert_eq!(trial.source(), "newsletter");
    }

    #[tokio::test]
    async fn a_well_mapped_source_has_no_warnings() {
        assert!(trial(SCHEMA).warnings().await.is_empty());
    }

    #[tokio::test]
    async fn receivers_without_a_consent_are_a_warning() {
        let schema = &SCHEMA[..SCHEMA.find("[[consent]]").unwrap()];
        assert_eq!(trial(schema).warnings().await, ["no column says who agreed to what"]);
    }

    #[tokio::test]
    async fn a_consent_that_cannot_be_withdrawn_is_a_warning() {
        let schema = SCHEMA.replace(", off = \"withdrawn\"", "").replace("\n        at = \"since\"", "");
        let expected = ["no state means that it was withdrawn", "no column says when it was given"];
        assert_eq!(trial(&schema).warnings().await, expected);
    }
}
