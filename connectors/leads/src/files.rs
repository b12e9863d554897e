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
