//! Who is told how far a run has come, and who may ask it to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

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

/// Why a run was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Somebody wants it so: it is cancelled.
    Cancelled = 1,
    /// The process ends: the run is put down, and goes on elsewhere or later.
    Shutdown = 2,
    /// Another worker may have it by now: nothing more is written.
    LostLease = 3,
}

/// Asks a run to end; clones ask the same run. The first reason stands.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicU8>,
    bell: Arc<Notify>,
}

impl Stop {
    /// Asks, since somebody wants it so.
    pub fn ask(&self) {
        self.ask_since(Why::Cancelled);
    }

    /// Asks, with a reason.
    pub fn ask_since(&self, why: Why) {
        // Where a reason stands already, it stays.
        let _ = self.asked.compare_exchange(0, why as u8, Ordering::SeqCst, Ordering::SeqCst);
        self.bell.notify_waiters();
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        self.why().is_some()
    }

    /// Why somebody has asked.
    pub fn why(&self) -> Option<Why> {
        match self.asked.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(Why::Cancelled),
            2 => Some(Why::Shutdown),
            _ => Some(Why::LostLease),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stands_and_all_clones_hear_it() {
        let stop = Stop::default();
        assert_eq!(stop.why(), None);
        let other = stop.clone();
        let waiting = tokio::spawn(async move { other.asked().await });
        stop.ask_since(Why::Shutdown);
        stop.ask();
        waiting.await.unwrap();
        assert_eq!(stop.why(), Some(Why::Shutdown));
    }
}
