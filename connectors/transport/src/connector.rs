//! The connector for systems that leave files in a folder.

use std::path::Path;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kartei_connector::{Connector, ConnectorError, Cursor, Discovery, Finding, PageStream};
use kartei_schemas::source::{ConnectorSettings, FilesSettings, SourceSchema};

/// What a family has to say about the columns of a source, for `kartei check`.
pub type Advice = fn(&SourceSchema, &Discovery) -> Vec<Finding>;

/// Pulls a source whose system leaves files in a folder.
pub struct FilesConnector {
    schema: SourceSchema,
    settings: FilesSettings,
    advice: Option<Advice>,
}

impl FilesConnector {
    /// A connector for a source whose product is `files`. `base` is the configuration's folder.
    pub fn new(schema: &SourceSchema, base: &Path) -> Result<Self, ConnectorError> {
        let ConnectorSettings::Files(settings) = &schema.connector;
        let settings = FilesSettings { base: base.to_owned(), ..settings.clone() };
        Ok(Self { schema: schema.clone(), settings, advice: None })
    }

    /// Adds what a family checks beyond what all files have in common.
    #[must_use]
    pub fn with_advice(mut self, advice: Advice) -> Self {
        self.advice = Some(advice);
        self
    }

    fn unbuilt(&self) -> ConnectorError {
        let _ = self.advice;
        ConnectorError::Internal { file: self.settings.path.clone(), detail: "not built yet".into() }
    }
}

#[async_trait]
impl Connector for FilesConnector {
    fn source(&self) -> &str {
        &self.schema.name
    }

    async fn check(&self, _now: DateTime<Utc>) -> Vec<Finding> {
        vec![Finding::error("files", self.unbuilt().to_string(), None)]
    }

    async fn discover(&self, _now: DateTime<Utc>) -> Result<Discovery, ConnectorError> {
        Err(self.unbuilt())
    }

    async fn pull(&self, _cursor: Option<Cursor>, _now: DateTime<Utc>) -> Result<PageStream, ConnectorError> {
        Err(self.unbuilt())
    }
}
