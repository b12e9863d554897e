//! Sends runs and their steps as spans to an OpenTelemetry collector, where the settings name one (OTLP over HTTP).

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use kartei_schemas::settings::TelemetrySettings;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Runtime;

use crate::failure::Failure;

/// A collector that does not answer for so long loses the spans; a run never waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// At most so long the command waits for the last spans before it ends.
const LAST_WORD: Duration = Duration::from_secs(3);

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// What makes spans of the log's spans; none where no collector is named.
pub(super) fn tracer(settings: &TelemetrySettings) -> Result<Option<SdkTracer>, Failure> {
    let Some(endpoint) = &settings.otlp_endpoint else { return Ok(None) };
    let failed = |cause: String| {
        let failure = Failure::new(format!("`telemetry.otlp_endpoint` cannot be used: {cause}"));
        failure.with_hint("write the collector's address for OTLP over HTTP, such as `http://127.0.0.1:4318`")
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(Client::new().map_err(|error| failed(error.to_string()))?)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(PATIENCE)
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let resource = Resource::builder()
        .with_service_name("kartei")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
    let tracer = provider.tracer("kartei");
    // A second call changes nothing, as with the log.
    let _ = PROVIDER.set(provider);
    Ok(Some(tracer))
}

/// Sends what is still waiting.
pub(crate) fn finish() {
    if let Some(provider) = PROVIDER.get() {
        // A collector that is gone is no reason for the command to fail.
        let _ = provider.shutdown_with_timeout(LAST_WORD);
    }
}

/// The HTTP client of the whole command, with a runtime of its own: spans are sent from a thread that has none. It begins
/// with the first spans, since the log is begun where no runtime may end.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: OnceLock<Runtime>,
}

impl Client {
    fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { client, runtime: OnceLock::new() })
    }

    fn runtime(&self) -> Result<&Runtime, HttpError> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(self.runtime.get_or_init(|| runtime))
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let (status, body) = self.runtime()?.block_on(async {
            let response = self.client.execute(request).await?;
            Ok::<_, reqwest::Error>((response.status(), response.bytes().await?))
        })?;
        Ok(Response::builder().status(status).body(body)?)
    }
}
