//! Sends the log to standard error.

use kartei_schemas::settings::{LogFormat, LogSettings};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

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
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(anstream::stderr);
    // An error means that logging has begun already.
    let _ = match settings.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    Ok(())
}
