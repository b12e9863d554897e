//! Sends the log to standard error, and what belongs to a run to the store as well.

mod run_log;

use kartei_schemas::settings::{LogFormat, LogSettings};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::failure::Failure;

pub(crate) use run_log::keep_with_runs;

/// What is kept with a run, whatever standard error shows.
const KEPT: &str = "info,sqlx=warn";

/// Begins to log. `-v` lifts the level of the settings; a second call changes nothing.
pub(crate) fn start(settings: &LogSettings, verbose: u8) -> Result<(), Failure> {
    let level = match verbose {
        0 => settings.level.as_str(),
        1 => "info",
        2 => "debug,sqlx=info,hyper=info",
        _ => "trace",
    };
    let Ok(filter) = EnvFilter::try_new(level) else {
        let failure = Failure::new(format!("`log.level` is `{level}`, which is no level and no filter"));
        return Err(failure.with_hint("write `warn`, `info` or `debug`, or a filter such as `warn,kartei_jobs=debug`"));
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(anstream::stderr);
    let shown = match settings.format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().boxed(),
    };
    let kept = run_log::RunLog.with_filter(EnvFilter::new(KEPT));
    // An error means that logging has begun already.
    let _ = tracing_subscriber::registry().with(shown.with_filter(filter)).with(kept).try_init();
    Ok(())
}
