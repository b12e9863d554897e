//! One integration binary: stories over the real command, and the repository's own rules.
#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

mod app;
mod bad_input;
mod configuration;
mod evaluate;
mod guards;
mod looking;
mod nightly;
mod organisation;
mod tidy;
mod wrong_use;
