//! One integration binary: stories over the real command, and the repository's own rules.
#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

mod app;
mod bad_input;
mod bad_rows;
mod chaos;
mod configuration;
mod consents;
mod deliveries;
mod erasure;
mod evaluate;
mod frames;
mod guards;
mod interruption;
mod looking;
mod matching_files;
mod nightly;
mod on_postgres;
mod operating;
mod organisation;
mod privacy_of_errors;
mod private;
mod quiet;
mod restoring;
mod serving;
mod stewards;
mod store_faults;
mod telling;
mod tidy;
mod watching;
mod wrong_use;
