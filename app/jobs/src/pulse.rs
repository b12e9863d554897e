//! The scheduler's sign of life inside its process: when it turned last. One that hangs is seen by whoever looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

/// When the scheduler turned last; clones are of the same scheduler.
#[derive(Debug, Clone, Default)]
pub struct Pulse {
    /// Microseconds since 1970; 0 before the first turn.
    beaten: Arc<AtomicI64>,
}

impl Pulse {
    /// The scheduler turns.
    pub fn beat(&self, now: DateTime<Utc>) {
        self.beaten.store(now.timestamp_micros(), Ordering::Relaxed);
    }

    /// When it turned last; none before its first turn.
    pub fn last(&self) -> Option<DateTime<Utc>> {
        match self.beaten.load(Ordering::Relaxed) {
            0 => None,
            beaten => DateTime::from_timestamp_micros(beaten),
        }
    }
}
