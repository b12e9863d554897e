//! Answers that a system leaves as files in a folder.

use kartei_connector::{Connector, ConnectorError, Context};
use kartei_schemas::source::SourceSchema;
use kartei_transport::FilesConnector;

use crate::advice::advice;

/// The connector for answers in files.
pub(crate) fn connect(schema: &SourceSchema, context: &Context) -> Result<Box<dyn Connector>, ConnectorError> {
    Ok(Box::new(FilesConnector::new(schema, context)?.with_advice(advice)))
}

#[cfg(test)]
mod tests {
    use kartei_connector::conformance::Trial;

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

    fn trial(schema: &str) -> Trial {
        Trial::of_delivery(LIST, |context| crate::connect(&toml::from_str(schema).unwrap(), context))
    }

    #[tokio::test]
    async fn the_connector_keeps_the_contract() {
        let trial = trial(SCHEMA);
        let conformance = trial.conforms().await;
        assert_eq!((conformance.staged.len(), conformance.rejects()), (3, 1));
        assert_eq!(trial.source(), "survey");
    }

    #[tokio::test]
    async fn a_well_mapped_source_has_no_warnings() {
        assert!(trial(SCHEMA).warnings().await.is_empty());
    }

    #[tokio::test]
    async fn a_survey_without_name_or_day_is_a_warning() {
        let schema = SCHEMA.replace("survey = { name = \"Umfrage 2026\", date = \"am\" }", "");
        assert_eq!(trial(&schema).warnings().await, ["no survey is named"]);
        let schema = SCHEMA.replace(", date = \"am\"", "");
        assert_eq!(trial(&schema).warnings().await, ["no column holds the day of the answers"]);
    }

    #[tokio::test]
    async fn a_survey_without_a_column_left_for_questions_is_a_warning() {
        let schema = SCHEMA.replace("[fields]", "ignore = [\"Was ist Ihnen wichtig?\"]\n[fields]");
        assert_eq!(trial(&schema).warnings().await, ["no column is left that could be one"]);
    }
}
