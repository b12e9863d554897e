//! One integration binary: stories over the real command, and the repository's own rules.

mod app;
mod configuration;
mod evaluate;
mod tidy;
mod wrong_use;
