//! pull and stage: asks each source for what is new, puts each page at rest, and decides over whole deliveries.

mod decide;
mod delivery;
mod erased;
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
use kartei_store::{Delivery, DeliveryFilter, DeliveryKind, DeliveryState};
use serde::{Deserialize, Serialize};

use self::decide::{Outcome, decide};
use self::delivery::Puller;
use self::known::{known, next_number};
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
    /// Rows of persons who were erased: they were put nowhere.
    pub erased: u64,
    /// Rows in quarantine, by reason.
    pub rejects: BTreeMap<String, u64>,
    /// Rows in quarantine whose keys could not be read in listings, which say nothing about absence for that.
    pub keyless: u64,
    /// How the columns differ from those of the last pull.
    pub drift: Drift,
    /// The newest thing that the source told.
    pub newest_at: Option<DateTime<Utc>>,
    /// How old that is: `fresh`, `stale` or `too_old`.
    pub freshness: String,
    /// Deliveries that were discarded or forgotten by a human and came again: they were passed over.
    pub passed_over: Vec<i64>,
}

impl SourcePull {
    /// Rows in quarantine.
    pub fn rejected(&self) -> u64 {
        self.rejects.values().sum()
    }

    /// Takes in what a delivery held that was staged before a crash.
    fn recall(&mut self, delivery: &Delivery) {
        let counts = &delivery.counts;
        self.read += counts.read;
        self.staged += counts.staged;
        self.new += counts.new;
        self.changed += counts.changed;
        self.unchanged += counts.unchanged;
        self.gone += counts.gone;
        self.keyless += counts.keyless;
        for (reason, count) in &counts.rejects {
            *self.rejects.entry(reason.clone()).or_default() += count;
        }
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
    /// What the last listing held in quarantine, by reason.
    rejects: BTreeMap<String, u64>,
}

/// Sources that are pulled at once. Reading one is the work of one core, and some take long; each holds few pages.
const AT_ONCE: usize = 4;

/// Pulls the sources, and decides over what they handed over once all guards have looked. What was found up to a failure is
/// found.
pub async fn pull(step: &Step<'_>, sources: &[&SourceSchema]) -> (Pulled, Result<(), FlowError>) {
    let mut pulled = Pulled::default();
    let mut outcomes = Vec::new();
    let rows = AtomicU64::new(0);
    let all: Vec<_> = sources.iter().map(|source| pull_one(step, source, &rows).boxed()).collect();
    let mut pulls = stream::iter(all).buffered(AT_ONCE);
    while let Some(outcome) = pulls.next().await {
        let found = &outcome.found;
        if outcome.error.is_none() || !found.drift.is_empty() || found.read > 0 {
            pulled.sources.insert(outcome.source.clone(), found.clone());
        }
        if let Some(error) = outcome.error.as_ref().filter(|error| !is_of_source(error)) {
            tracing::error!(source = outcome.source, error = %error, "the pull broke off");
            pulled.guards = step.verdicts.all();
            return (pulled, outcome.error.map_or(Ok(()), Err));
        }
        outcomes.push(outcome);
    }
    let decided = decide(step, outcomes).await;
    pulled.guards = step.verdicts.all();
    (pulled, decided)
}

/// Whether an error concerns one source, so that the others are pulled and decided all the same.
fn is_of_source(error: &FlowError) -> bool {
    !matches!(error, FlowError::Store(_) | FlowError::Frame(_) | FlowError::Interrupted)
}

async fn pull_one(step: &Step<'_>, source: &SourceSchema, rows: &AtomicU64) -> Outcome {
    let mut outcome = Outcome::of(&source.name);
    let asked = step.stop.clone();
    let context = Context::of(&step.project.base).with_cancel(Cancel::when(move || asked.is_asked()));
    let worked = match connect(source, &context) {
        Ok(connector) => pull_source(step, (source, rows), connector.as_ref(), &mut outcome).await,
        Err(cause) => Err(FlowError::Source { name: source.name.clone(), cause }),
    };
    outcome.error = worked.err();
    outcome
}

/// Pulls one source through its connector, and lets its guards look.
async fn pull_source(
    step: &Step<'_>,
    (source, rows): (&SourceSchema, &AtomicU64),
    connector: &dyn Connector,
    outcome: &mut Outcome,
) -> Result<(), FlowError> {
    let failed = |cause: ConnectorError| FlowError::Source { name: source.name.clone(), cause };
    let own = own_deliveries(step, source).await?;
    if own.iter().any(|delivery| matches!(delivery.state, DeliveryState::Accepted | DeliveryState::Published)) {
        // The run was interrupted after it had decided.
        outcome.recall(&own);
        outcome.is_whole = true;
        return Ok(());
    }
    let own = following(own, step.store.cursor_base(&source.name).await?.0);
    outcome.recall(&own);
    let start = Start::find(step, source, own).await?;
    let discovery = connector.discover(step.now()).await.map_err(failed)?;
    outcome.found.drift = found_drift(&start.place, &discovery.columns, source);
    let mut puller = Puller {
        step,
        source,
        rows,
        known: known(step, source, &start.own).await?,
        number: next_number(step, source).await?,
        columns: discovery.columns.clone(),
        keep_columns: None,
        watermark: None,
        listing_rejects: start.resumed.as_ref().unwrap_or(&start.place).rejects.clone(),
        quarantined: step.store.quarantined_keys(&source.name).await?.into_iter().collect(),
        refused: step.store.refused_deliveries(&source.name).await?,
        open: None,
        done: Vec::new(),
        looks: Vec::new(),
        tombstones: step.store.tombstones().await?,
        erased: 0,
        pulled: &mut outcome.found,
        start,
    };
    puller.heed_drift();
    let at = puller.begins_at();
    let worked = puller.run(connector, at).await;
    if worked.as_ref().is_err_and(|error| !is_of_source(error)) {
        return worked;
    }
    // A file that is written anew each night may tell nothing new, and no row is younger than its file.
    puller.heed_freshness([puller.watermark, discovery.modified].into_iter().flatten().min());
    puller.heed_rejects();
    (outcome.judged, outcome.trips) = puller.judge();
    outcome.is_whole = worked.is_ok();
    worked
}

/// Where a pull begins.
struct Start {
    /// What the store has of the source.
    stored: Option<kartei_store::SourceCursor>,
    /// The delivery on whose place this pull builds.
    base: Option<i64>,
    /// Where the source was left by what was accepted.
    place: Place,
    /// Where this run left it before it was interrupted.
    resumed: Option<Place>,
    /// Whether all is read from the beginning.
    anew: bool,
    /// Whether a human lets changed columns pass.
    accepts_drift: bool,
    /// What a human let the content pass that was accepted last: where it comes again as it was, nobody is asked again.
    settled: Vec<String>,
    /// What this run staged before it was interrupted, in order.
    own: Vec<Delivery>,
    /// The version of the schema by which rows are read.
    version: u64,
}

impl Start {
    async fn find(step: &Step<'_>, source: &SourceSchema, own: Vec<Delivery>) -> Result<Self, FlowError> {
        let version = source_version(source, step.project);
        let (mut base, anew) = step.store.cursor_base(&source.name).await?;
        let (accepted, settled) = match base {
            Some(id) => {
                let last = step.store.delivery(id).await?;
                let settled = settled_by(&last);
                (last.accepted_guards, settled)
            }
            None => (Vec::new(), Vec::new()),
        };
        let accepts_drift =
            accepted.iter().any(|guard| guard == "drift") || step.options.accepts("drift", Some(&source.name), None);
        let stored = step.store.cursor(&source.name).await?;
        let left = stored.as_ref().map(place_of).unwrap_or_default();
        let is_known = left.schema == version && !step.options.is_full();
        let place = if is_known { left } else { Place::default() };
        if let Some(last) = own.last() {
            base = if last.complete { Some(last.id) } else { last.base };
        }
        let resumed = own.last().and_then(|last| last.cursor.as_ref()).map(place_of);
        Ok(Self { stored, base, place, resumed, anew, accepts_drift, settled, own, version })
    }
}

/// The guards over its content that a delivery was let pass; what its age and columns are is asked anew.
fn settled_by(delivery: &Delivery) -> Vec<String> {
    let passed = delivery.verdicts.iter().filter(|verdict| verdict.verdict == "accepted").map(|verdict| &verdict.guard);
    let all = delivery.accepted_guards.iter().chain(passed).map(String::as_str);
    let of_content = ["max_drop_percent", "max_reject_percent", "min_rows"];
    of_content.into_iter().filter(|guard| all.clone().any(|one| one == *guard)).map(str::to_owned).collect()
}

/// Of what this run staged the part that still follows on what was accepted last of the source. The rest is pulled again: it was
/// broken off before its first page came to rest, or something else has been accepted meanwhile.
fn following(own: Vec<Delivery>, accepted: Option<i64>) -> Vec<Delivery> {
    let mut last = accepted;
    let mut follows = |delivery: &Delivery| {
        let follows = delivery.cursor.is_some() && delivery.base == last;
        last = Some(delivery.id);
        follows
    };
    own.into_iter().take_while(|delivery| follows(delivery)).collect()
}

fn place_of(cursor: &kartei_store::SourceCursor) -> Place {
    serde_json::from_value(cursor.cursor.clone()).unwrap_or_default()
}

/// What this run has put at rest of a source before it was interrupted: whole deliveries, and a delta as far as it came. Half a
/// listing is read again, since what it lacks is known only to whoever reads it from its beginning; so is what waits with a
/// verdict, since somebody asked for another.
async fn own_deliveries(step: &Step<'_>, source: &SourceSchema) -> Result<Vec<Delivery>, FlowError> {
    use DeliveryState::{Accepted, Published, Rehearsal, Staged};
    let filter = DeliveryFilter {
        source: Some(source.name.clone()),
        states: vec![Staged, Rehearsal, Accepted, Published],
        run_id: Some(step.run.id),
        limit: 0,
    };
    let mut own = step.store.deliveries(&filter).await?;
    own.reverse();
    let is_delta = |delivery: &Delivery| delivery.kind == DeliveryKind::Delta && delivery.cursor.is_some();
    own.retain(|delivery| delivery.reason.is_none() && (delivery.complete || is_delta(delivery)));
    Ok(own)
}

fn found_drift(place: &Place, columns: &[ColumnProfile], source: &SourceSchema) -> Drift {
    drift(&place.columns, columns, &mapped_columns(source).into_iter().collect::<Vec<_>>())
}
