//! pull and stage: asks each source for what is new, and puts each page at rest together with its cursor.

mod delivery;
mod heed;
mod known;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use kartei_connector::{
    Cancel, ColumnProfile, Connector, ConnectorError, Context, Cursor, Drift, drift, mapped_columns,
};
use kartei_report::model::Guard;
use kartei_schemas::source::SourceSchema;
use serde::{Deserialize, Serialize};

use self::delivery::Delivery;
use self::known::{known, next_number, pending};
use super::Step;
use crate::error::FlowError;
use crate::project::{connect, source_version};

/// What was pulled, by source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pulled {
    /// The sources.
    pub sources: BTreeMap<String, SourcePull>,
    /// What the guards of the sources saw.
    #[serde(default)]
    pub guards: Vec<Guard>,
}

/// What one source brought.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SourcePull {
    /// Rows read.
    pub read: u64,
    /// Rows put at rest.
    pub staged: u64,
    /// Records never seen before.
    pub new: u64,
    /// Records that differ from what was known.
    pub changed: u64,
    /// Rows equal to what was known, and rows that the delivery held twice.
    pub unchanged: u64,
    /// Records that a complete listing no longer holds.
    pub gone: u64,
    /// Rows in quarantine, by reason.
    pub rejects: BTreeMap<String, u64>,
    /// How the columns differ from those of the last pull.
    pub drift: Drift,
    /// The newest thing that the source told.
    pub newest_at: Option<DateTime<Utc>>,
    /// How old that is: `fresh`, `stale` or `too_old`.
    pub freshness: String,
}

impl SourcePull {
    /// Rows in quarantine.
    pub fn rejected(&self) -> u64 {
        self.rejects.values().sum()
    }
}

/// Where a source was left: what the store keeps as its cursor.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// The connector's cursor.
    at: Option<Cursor>,
    /// The version of the schema by which the rows were read.
    schema: u64,
    /// The columns, with the kind of their contents.
    columns: Vec<ColumnProfile>,
    /// The run that left it there.
    run: i64,
    /// The rows of the last listing that was published, where that is an older one.
    published_rows: Option<u64>,
    /// What the last listing held in quarantine, by reason.
    rejects: BTreeMap<String, u64>,
}

/// Sources that are pulled at once. Reading one is the work of one core, and some take long; each holds few pages.
const AT_ONCE: usize = 4;

/// Pulls the sources; each is named when it fails, and the first failure in their order is the run's. What was found up to
/// a failure is found.
pub async fn pull(step: &Step<'_>, sources: &[&SourceSchema]) -> (Pulled, Result<(), FlowError>) {
    let mut pulled = Pulled::default();
    let mut failure = None;
    let rows = AtomicU64::new(0);
    let all: Vec<_> = sources.iter().map(|source| pull_one(step, source, &rows).boxed()).collect();
    let mut pulls = stream::iter(all).buffered(AT_ONCE);
    let mut names = sources.iter();
    while let (Some((found, outcome)), Some(source)) = (pulls.next().await, names.next()) {
        let was_reached = outcome.is_ok() || !found.drift.is_empty() || found.read > 0;
        if was_reached {
            pulled.sources.insert(source.name.clone(), found);
        }
        match outcome {
            Ok(()) => {}
            Err(error @ (FlowError::Store(_) | FlowError::Frame(_) | FlowError::Interrupted)) => {
                failure = Some(error);
                break;
            }
            Err(error) => {
                tracing::error!(source = source.name, error = %error, "a source could not be pulled");
                failure.get_or_insert(error);
            }
        }
    }
    pulled.guards = step.verdicts.all();
    (pulled, failure.map_or(Ok(()), Err))
}

async fn pull_one(step: &Step<'_>, source: &SourceSchema, rows: &AtomicU64) -> (SourcePull, Result<(), FlowError>) {
    let mut found = SourcePull::default();
    let asked = step.stop.clone();
    let context = Context::of(&step.project.base).with_cancel(Cancel::when(move || asked.is_asked()));
    let outcome = match connect(source, &context) {
        Ok(connector) => pull_source(step, (source, rows), connector.as_ref(), &mut found).await,
        Err(cause) => Err(FlowError::Source { name: source.name.clone(), cause }),
    };
    (found, outcome)
}

/// Pulls one source through its connector.
async fn pull_source(
    step: &Step<'_>,
    (source, rows): (&SourceSchema, &AtomicU64),
    connector: &dyn Connector,
    found: &mut SourcePull,
) -> Result<(), FlowError> {
    let failed = |cause: ConnectorError| FlowError::Source { name: source.name.clone(), cause };
    let version = source_version(source, step.project);
    let stored = step.store.cursor(&source.name).await?;
    let left: Place =
        stored.as_ref().and_then(|cursor| serde_json::from_value(cursor.cursor.clone()).ok()).unwrap_or_default();
    let published_rows = if pending(step, &source.name).await?.is_empty() {
        stored.as_ref().and_then(|cursor| cursor.listing_rows)
    } else {
        left.published_rows
    };
    let place = if left.schema == version && !step.options.is_full() { left } else { Place::default() };
    let discovery = connector.discover(step.now()).await.map_err(failed)?;
    found.drift = found_drift(&place, &discovery.columns, source);
    let mut delivery = Delivery {
        step,
        source,
        rows,
        version,
        known: known(step, source).await?,
        number: next_number(step, source).await?,
        columns: discovery.columns.clone(),
        keep_columns: None,
        listing_rows: 0,
        listing_rejects: BTreeMap::new(),
        watermark: None,
        rejects_before: place.rejects.clone(),
        quarantined: step.store.quarantined_keys(&source.name).await?.into_iter().collect(),
        published_rows,
        usual_rows: published_rows,
        stored,
        pulled: found,
    };
    delivery.heed_drift(&place)?;
    delivery.run(connector, place.at).await?;
    // A file that is written anew each night may tell nothing new, and no row is younger than its file.
    let told = [delivery.watermark, discovery.modified];
    delivery.heed_freshness(told.into_iter().flatten().min())?;
    delivery.heed_rejects()
}

fn found_drift(place: &Place, columns: &[ColumnProfile], source: &SourceSchema) -> Drift {
    drift(&place.columns, columns, &mapped_columns(source).into_iter().collect::<Vec<_>>())
}
