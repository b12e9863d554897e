//! Membership systems: who is a member, since when, and of which unit.

mod advice;
mod files;

use kartei_connector::{Connector, ConnectorError, Context};
use kartei_schemas::source::{ConnectorSettings, SourceSchema};

/// The connector for a source of this family.
pub fn connect(schema: &SourceSchema, context: &Context) -> Result<Box<dyn Connector>, ConnectorError> {
    match &schema.connector {
        ConnectorSettings::Files(_) => files::connect(schema, context),
    }
}
