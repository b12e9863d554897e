//! Who is told how far a run has come, and who may ask it to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Told how far a run has come; called from several threads.
pub trait Watch: Send + Sync {
    /// A step begins.
    fn began(&self, step: &'static str);
    /// So much is done, of so much; a total of zero is not known.
    fn moved(&self, unit: &'static str, done: u64, total: u64);
    /// The step ended, with a word on what it did.
    fn ended(&self, step: &'static str, summary: &str);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn began(&self, _step: &'static str) {}
    fn moved(&self, _unit: &'static str, _done: u64, _total: u64) {}
    fn ended(&self, _step: &'static str, _summary: &str) {}
}

/// Asks a run to end; clones ask the same run.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    bell: Arc<Notify>,
}

impl Stop {
    /// Asks.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.bell.notify_waiters();
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until somebody asks.
    pub async fn asked(&self) {
        loop {
            let rung = self.bell.notified();
            if self.is_asked() {
                return;
            }
            rung.await;
        }
    }
}
