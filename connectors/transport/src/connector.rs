//! The connector for systems that leave files in a folder.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use kartei_connector::{Cancel, Connector, ConnectorError, Context, Cursor, Discovery, Finding, Page, PageStream};
use kartei_schemas::source::{ConnectorSettings, FilesSettings, SourceSchema};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::cursor::FilesCursor;
use crate::error::FileError;
use crate::inbox::Patience;
use crate::pager::Halt;
use crate::pull::Pull;
use crate::{checking, discovering};

/// What a family has to say about the columns of a source, for `kartei check`.
pub type Advice = fn(&SourceSchema, &Discovery) -> Vec<Finding>;

/// Pages that may wait to be staged while the next is read.
const WAITING_PAGES: usize = 2;

/// Pulls a source whose system leaves files in a folder.
pub struct FilesConnector {
    schema: Arc<SourceSchema>,
    settings: Arc<FilesSettings>,
    advice: Option<Advice>,
    cancel: Cancel,
}

impl FilesConnector {
    /// A connector for a source whose product is `files`.
    pub fn new(schema: &SourceSchema, context: &Context) -> Result<Self, ConnectorError> {
        let ConnectorSettings::Files(settings) = &schema.connector;
        if schema.key.is_empty() {
            return Err(FileError::Settings {
                source_name: schema.name.clone(),
                what: "`key` names no column".into(),
                hint: "name the column, or the columns, that tell the rows apart for ever, such as a number".into(),
            }
            .into());
        }
        let settings = FilesSettings { base: context.base.clone(), ..settings.clone() };
        Ok(Self {
            schema: Arc::new(schema.clone()),
            settings: Arc::new(settings),
            advice: None,
            cancel: context.cancel.clone(),
        })
    }

    /// Adds what a family checks beyond what all files have in common.
    #[must_use]
    pub fn with_advice(mut self, advice: Advice) -> Self {
        self.advice = Some(advice);
        self
    }

    /// Does something that blocks, aside from the threads that serve others.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&SourceSchema, &FilesSettings) -> T + Send + 'static,
    ) -> Result<T, ConnectorError> {
        let (schema, settings) = (Arc::clone(&self.schema), Arc::clone(&self.settings));
        let task = spawn_blocking(move || work(&schema, &settings));
        task.await.map_err(|error| failed(&self.settings, &error))
    }
}

#[async_trait]
impl Connector for FilesConnector {
    fn source(&self) -> &str {
        &self.schema.name
    }

    async fn check(&self, now: DateTime<Utc>) -> Vec<Finding> {
        let advice = self.advice;
        let found = self.aside(move |schema, settings| checking::check(schema, settings, advice, now)).await;
        found.unwrap_or_else(|error| vec![Finding::error("files", error.to_string(), error.hint())])
    }

    async fn discover(&self, now: DateTime<Utc>) -> Result<Discovery, ConnectorError> {
        self.aside(move |schema, settings| discovering::discover(schema, settings, (now, Patience::Waits)))
            .await?
            .map_err(ConnectorError::from)
    }

    async fn pull(&self, cursor: Option<Cursor>, now: DateTime<Utc>) -> Result<PageStream, ConnectorError> {
        let (pages, received) = mpsc::channel(WAITING_PAGES);
        let (schema, settings) = (Arc::clone(&self.schema), Arc::clone(&self.settings));
        let (cursor, cancel) = (FilesCursor::read(cursor), self.cancel.clone());
        let task = spawn_blocking(move || {
            let mut send = |page: Page| pages.blocking_send(Ok(page)).map_err(|_| Halt::Stopped);
            let pull = Pull { schema: &schema, settings: &settings, now, cancel: &cancel };
            if let Err(Halt::Failed(error)) = pull.run(cursor, &mut send) {
                // Where nobody listens, nobody needs to know.
                let _ = pages.blocking_send(Err(error.into()));
            }
        });
        let state = Received { pages: received, task: Some(task), settings: Arc::clone(&self.settings) };
        Ok(stream::unfold(state, Received::next).boxed())
    }
}

/// The reading end of a pull. A reader that panicked must not look like one that came to the end.
struct Received {
    pages: mpsc::Receiver<Result<Page, ConnectorError>>,
    task: Option<JoinHandle<()>>,
    settings: Arc<FilesSettings>,
}

impl Received {
    async fn next(mut self) -> Option<(Result<Page, ConnectorError>, Self)> {
        if let Some(page) = self.pages.recv().await {
            return Some((page, self));
        }
        let error = self.task.take()?.await.err()?;
        let error = failed(&self.settings, &error);
        Some((Err(error), self))
    }
}

fn failed(settings: &FilesSettings, error: &tokio::task::JoinError) -> ConnectorError {
    let detail = if error.is_panic() { "the reader panicked" } else { "the reader was stopped" };
    FileError::Internal { file: settings.path.clone(), detail: detail.into() }.into()
}
