//! Membership systems: who is a member, since when, and of which unit.

mod advice;
mod files;

use std::path::Path;

use kartei_connector::{Connector, ConnectorError};
use kartei_schemas::source::{ConnectorSettings, SourceSchema};

/// The connector for a source of this family. `base` is the configuration's folder.
pub fn connect(schema: &SourceSchema, base: &Path) -> Result<Box<dyn Connector>, ConnectorError> {
    match &schema.connector {
        ConnectorSettings::Files(_) => files::connect(schema, base),
    }
}
