//! Points at which a test lets a process end as by a power cut, to see what the next one makes of what is left.

/// Ends the process here, at once, where the environment names this point. Only builds for tests can.
pub fn stop_here(point: &str) {
    if cfg!(feature = "unfenced") && std::env::var_os("KARTEI_STOP_AT").is_some_and(|wanted| wanted == *point) {
        std::process::abort();
    }
}
