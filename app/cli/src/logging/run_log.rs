//! Keeps with each run what is said inside it: every event in a span that names a run becomes a line in the store.

use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kartei_schemas::settings::LogSettings;
use kartei_store::{NewLogLine, Store};
use serde_json::{Map, Value as Json};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// So many lines wait for the store at most; more are left out rather than hold up a run.
const WAITING: usize = 10_000;
/// How long the last lines may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where lines go while a command has a store open.
static SINK: Mutex<Option<Sender<NewLogLine>>> = Mutex::new(None);

/// The layer.
pub(super) struct RunLog;

/// What a span says of where it is.
#[derive(Default)]
struct Place {
    run: Option<i64>,
    step: Option<String>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for RunLog {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let fields = Fields::of(|fields| attributes.record(fields));
        let run = (attributes.metadata().name() == "run").then(|| fields.0.get("run").and_then(Json::as_i64)).flatten();
        let step = fields.0.get("step").and_then(Json::as_str).map(str::to_owned);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Place { run, step });
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut place = Place::default();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(found) = span.extensions().get::<Place>() {
                place.run = place.run.or(found.run);
                place.step = place.step.or_else(|| found.step.clone());
            }
        }
        let Some(run_id) = place.run else { return };
        let mut fields = Fields::of(|fields| event.record(fields)).0;
        let message = fields.remove("message").and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default();
        let line = NewLogLine {
            run_id,
            at: crate::installation::now(),
            level: event.metadata().level().as_str().to_lowercase(),
            step: place.step,
            target: event.metadata().target().to_owned(),
            message,
            fields: Json::Object(fields),
        };
        if let Some(sink) = SINK.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            // A store that cannot keep up loses lines, not runs.
            let _ = sink.try_send(line);
        }
    }
}

/// The fields of a span or event.
struct Fields(Map<String, Json>);

impl Fields {
    fn of(record: impl FnOnce(&mut Self)) -> Self {
        let mut fields = Self(Map::new());
        record(&mut fields);
        fields
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = write!(text, "{value:?}");
        self.0.insert(field.name().to_owned(), Json::from(text));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), Json::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), Json::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), Json::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), Json::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), Json::from(value));
    }
}

/// Keeps lines until it is finished.
pub(crate) struct Keeper {
    task: JoinHandle<()>,
}

/// Begins to keep what runs say in this store.
pub(crate) fn keep_with_runs(store: &Store, settings: &LogSettings) -> Keeper {
    let (sender, lines) = channel(WAITING);
    *SINK.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    Keeper { task: tokio::spawn(keep(store.clone(), lines, settings.run_lines)) }
}

impl Keeper {
    /// Writes what is still waiting, and ends.
    pub(crate) async fn finish(self) {
        *SINK.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // What the store does not take in time is not worth waiting for.
        let _ = tokio::time::timeout(PATIENCE, self.task).await;
    }
}

async fn keep(store: Store, mut waiting: Receiver<NewLogLine>, limit: u32) {
    let mut lines = Vec::new();
    while waiting.recv_many(&mut lines, 500).await > 0 {
        if let Err(error) = store.append_log(&lines, limit).await {
            tracing::warn!(error = %error, lines = lines.len(), "lines of runs' logs could not be kept");
        }
        lines.clear();
        // Lines that come close together are written together.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
