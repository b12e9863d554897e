//! Sends the log to standard error, what belongs to a run to the store as well, and to a collector where one is named.

mod run_log;
mod telemetry;

use kartei_schemas::settings::{LogFormat, Settings};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::failure::Failure;

pub(crate) use run_log::keep_with_runs;
pub(crate) use telemetry::finish;

/// What is kept with a run, whatever standard error shows.
const KEPT: &str = "info,sqlx=warn";

/// What is sent to a collector; not how the sending went.
const TRACED: &str = "off,kartei=info";

/// Begins to log. `-v` lifts the level of the settings; a second call changes nothing.
pub(crate) fn start(settings: &Settings, verbose: u8) -> Result<(), Failure> {
    let log = &settings.log;
    let level = match verbose {
        0 => log.level.as_str(),
        1 => "info",
        2 => "debug,sqlx=info,hyper=info",
        _ => "trace",
    };
    let Ok(filter) = EnvFilter::try_new(level) else {
        let failure = Failure::new(format!("`log.level` is `{level}`, which is no level and no filter"));
        return Err(failure.with_hint("write `warn`, `info` or `debug`, or a filter such as `warn,kartei_jobs=debug`"));
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(anstream::stderr);
    let shown = match log.format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().boxed(),
    };
    let kept = run_log::RunLog.with_filter(EnvFilter::new(KEPT));
    let spans = telemetry::tracer(&settings.telemetry)?
        .map(|tracer| tracing_opentelemetry::layer().with_tracer(tracer).with_filter(EnvFilter::new(TRACED)));
    // An error means that logging has begun already.
    let _ = tracing_subscriber::registry().with(shown.with_filter(filter)).with(kept).with(spans).try_init();
    Ok(())
}
