//! Watches the runs: finds what an admin must know, tells it once by mail and webhook, and shows figures and health.
//!
//! Everything is found in rows (runs and their changes of state, cursors), never in a process's memory, and what is found
//! is a row itself: whichever process looks, and however often it is killed, each alert is told once.

pub mod alerts;
mod audience;
pub mod calls;
pub mod endpoint;
pub mod metrics;
pub mod overview;
pub mod rounds;
pub mod watched;

pub use audience::Unheard;
pub use overview::{Overview, overview};
pub use rounds::{Round, Rounds};
pub use watched::{Watched, Watchlist};

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Reads the clock.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// When the scheduler turned last; none before its first turn.
pub type Beat = Arc<dyn Fn() -> Option<DateTime<Utc>> + Send + Sync>;

/// Why a round could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// The store.
    #[error(transparent)]
    Store(#[from] kartei_store::StoreError),
    /// A template.
    #[error(transparent)]
    Template(#[from] kartei_mail::TemplateError),
    /// The mail settings.
    #[error(transparent)]
    Mail(#[from] kartei_mail::SetupError),
    /// HTTP calls cannot be made.
    #[error("calls over http cannot be made")]
    Client(#[source] reqwest::Error),
    /// The address to listen on.
    #[error("cannot listen on `{address}` for monitoring")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
}

impl MonitorError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Template(error) => error.hint(),
            Self::Mail(error) => error.hint(),
            Self::Client(_) => None,
            Self::Listen { .. } => {
                Some("another process has the port: give `monitoring.listen` another one, or `off`".to_owned())
            }
        }
    }
}
