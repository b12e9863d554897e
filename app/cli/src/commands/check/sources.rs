//! Each source: can it be reached, may it be read, and has it the columns that its schema names?

use chrono::{DateTime, Utc};
use kartei_connector::{Context, Finding};
use kartei_jobs::project::connect;
use kartei_schemas::load::Schemas;

use super::Lines;
use crate::configuration::Configuration;

pub(super) async fn check(configuration: &Configuration, schemas: &Schemas, now: DateTime<Utc>, lines: &mut Lines) {
    for source in &schemas.sources {
        let part = source.name.as_str();
        match connect(source, &Context::of(&configuration.folder)) {
            Ok(connector) => {
                for finding in connector.check(now).await {
                    lines.add(part, finding);
                }
            }
            Err(error) => lines.add(part, Finding::error("", error.to_string(), error.hint())),
        }
    }
}
