//! `/metrics`, `/health/live` and `/health/ready` over HTTP. Whoever can reach them needs no login: they hold no personal
//! data, and listen on this machine alone unless the settings say otherwise.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::TimeDelta;
use kartei_schemas::settings::MonitoringSettings;
use kartei_store::Store;
use serde_json::json;
use tokio::net::TcpListener;

use crate::watched::{Watchlist, delta};
use crate::{Beat, Clock, MonitorError, metrics};

/// The store must answer within this to be held ready.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the pages show.
#[derive(Clone)]
pub struct Endpoint {
    /// The store.
    pub store: Store,
    /// The data folder, which must be that of the store.
    pub data: PathBuf,
    /// What is watched.
    pub watched: Watchlist,
    /// When the scheduler turned last.
    pub beat: Beat,
    /// Reads the clock.
    pub clock: Clock,
    /// A scheduler that has not turned for so long hangs.
    pub stale_after: TimeDelta,
}

/// Takes the address that the settings name; none where they say `off`.
pub async fn listen(settings: &MonitoringSettings) -> Result<Option<TcpListener>, MonitorError> {
    if settings.listen == MonitoringSettings::OFF {
        return Ok(None);
    }
    let failed = |source| MonitorError::Listen { address: settings.listen.clone(), source };
    TcpListener::bind(&settings.listen).await.map(Some).map_err(failed)
}

/// How old a beat may be, by the settings.
pub fn stale_after(settings: &MonitoringSettings) -> TimeDelta {
    delta(settings.stale_after)
}

impl Endpoint {
    /// How long ago the scheduler turned.
    pub fn beat_age(&self) -> Option<TimeDelta> {
        (self.beat)().map(|beat| (self.clock)() - beat)
    }

    /// Whether the scheduler turns.
    pub fn turns(&self) -> bool {
        self.beat_age().is_some_and(|age| age <= self.stale_after)
    }

    /// Answers until `ended` is.
    pub async fn serve(self, listener: TcpListener, ended: impl Future<Output = ()> + Send + 'static) {
        let router = Router::new()
            .route("/metrics", get(figures))
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .with_state(self);
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(ended).await {
            tracing::error!(%error, "monitoring over http ended");
        }
    }
}

async fn figures(State(endpoint): State<Endpoint>) -> Response {
    match metrics::render(&endpoint).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => {
            tracing::warn!(%error, "the figures cannot be had");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response()
        }
    }
}

/// The process answers: no more is said by this.
async fn live() -> Response {
    answer(StatusCode::OK, &json!({ "live": true }))
}

/// The store answers, it is that of the data folder, and the scheduler turns.
async fn ready(State(endpoint): State<Endpoint>) -> Response {
    let store = match tokio::time::timeout(PATIENCE, endpoint.store.answers()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer in {} seconds", PATIENCE.as_secs())),
    };
    let folder = match &store {
        None => endpoint.store.check_data_folder(&endpoint.data).await.err().map(|error| error.to_string()),
        Some(_) => None,
    };
    let turns = endpoint.turns();
    let is_ready = turns && store.is_none() && folder.is_none();
    let age = endpoint.beat_age().map(|age| age.num_milliseconds().max(0) as f64 / 1_000.0);
    let scheduler = if turns { "turns" } else { "hangs" };
    let body = json!({
        "ready": is_ready,
        "scheduler": scheduler,
        "heartbeat_age_seconds": age,
        "store": store.as_deref().unwrap_or("answers"),
        "data_folder": folder.as_deref().unwrap_or("belongs to the store"),
    });
    answer(if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &body)
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}
