//! The points at which something is done to a running process: where, and what.

use std::fmt;
use std::time::Duration;

use crate::chaos::chance::Chance;
use crate::chaos::fault_layer::Kind;

/// Where a process is stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// Before the so-many-th call of a kind from now.
    Call(Kind, i64),
    /// After a while.
    Instant(Duration),
}

/// What is done to a process that stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// It is killed.
    Kill,
    /// It is asked to end, and killed where it does not in time.
    Terminate,
    /// It stands still until past its lease while another process works, and then goes on.
    Freeze,
    /// The clock jumps; the process goes on.
    Clock {
        /// So many seconds forward, or back where it is negative.
        seconds: i64,
    },
    /// The disk is full for a while.
    DiskFull,
    /// The database ends all connections.
    CutConnections,
    /// The database crashes and comes back.
    RestartDatabase,
}

/// One point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) place: Place,
    pub(crate) blow: Blow,
}

impl Point {
    /// Draws a point for a process that makes so many calls of each kind in a night.
    pub(crate) fn draw(chance: &mut Chance, calls: [i64; 4], is_postgres: bool) -> Self {
        let place = if chance.below(4) == 0 {
            Place::Instant(Duration::from_millis(chance.below(700)))
        } else {
            let used: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| calls[*kind as usize] > 0).collect();
            let kind = chance.one_of(&used);
            Place::Call(kind, 1 + chance.below(calls[kind as usize].unsigned_abs()).cast_signed())
        };
        let blow = match chance.below(20) {
            8..10 => Blow::Terminate,
            10..13 => Blow::Freeze,
            13 => Blow::Clock { seconds: 5 + chance.below(3_600).cast_signed() },
            14 => Blow::Clock { seconds: -5 - chance.below(3_600).cast_signed() },
            15..17 if is_postgres => Blow::CutConnections,
            17..19 if is_postgres => Blow::RestartDatabase,
            15..20 => Blow::DiskFull,
            // Eight of twenty.
            _ => Blow::Kill,
        };
        Self { place, blow }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Call(kind, call) => write!(out, "{} before {kind:?} {call}", self.blow),
            Place::Instant(after) => write!(out, "{} after {after:?}", self.blow),
        }
    }
}

impl fmt::Display for Blow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock { seconds } => write!(out, "clock {seconds:+} s"),
            other => write!(out, "{other:?}"),
        }
    }
}
