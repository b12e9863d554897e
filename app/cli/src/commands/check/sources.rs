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
    unconfigured(configuration, schemas, lines).await;
}

/// Sources that were taken out of the configuration, or renamed, and whose records live on.
async fn unconfigured(configuration: &Configuration, schemas: &Schemas, lines: &mut Lines) {
    // A store that cannot be opened is told of elsewhere.
    let Ok(Some(store)) = crate::store::open_if_there(configuration).await else { return };
    if let Ok(records) = store.records_by_source().await {
        for (source, count) in records.iter().filter(|(name, _)| schemas.source(name).is_none()) {
            let message = format!("is not configured, and {count} of its records live on");
            let hint = format!("`kartei sources retire {source}` takes them out, or give the source its name back");
            lines.add(source, Finding::warning("", message, hint));
        }
    }
    store.close().await;
}
