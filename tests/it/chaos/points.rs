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
    /// The same, and only the thread that makes the call is held up.
    Hold(Kind, i64),
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
    /// One call takes until past its lease, as on a stalled disk, while another process works; then it comes to its end.
    Delay,
    /// A frame at rest is gone, cut off, or not what it was, until somebody puts it back.
    DamageFrame,
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
        let blow = match chance.below(24) {
            8..10 => Blow::Terminate,
            10..12 => Blow::Freeze,
            12..14 => Blow::Delay,
            14..17 => Blow::DamageFrame,
            17 => Blow::Clock { seconds: 5 + chance.below(3_600).cast_signed() },
            18 => Blow::Clock { seconds: -5 - chance.below(3_600).cast_signed() },
            19..21 if is_postgres => Blow::CutConnections,
            21..23 if is_postgres => Blow::RestartDatabase,
            19..24 => Blow::DiskFull,
            // Eight of twenty-four.
            _ => Blow::Kill,
        };
        Self { place: Place::draw(chance, calls, blow), blow }
    }
}

impl Place {
    /// Draws a place for a blow.
    pub(crate) fn draw(chance: &mut Chance, calls: [i64; 4], blow: Blow) -> Self {
        if blow != Blow::Delay && chance.below(4) == 0 {
            return Self::Instant(Duration::from_millis(chance.below(700)));
        }
        let is_slow = |kind: Kind| blow != Blow::Delay || matches!(kind, Kind::Sync | Kind::Name);
        let used: Vec<Kind> =
            Kind::ALL.into_iter().filter(|kind| calls[*kind as usize] > 0 && is_slow(*kind)).collect();
        let kind = chance.one_of(&used);
        let call = 1 + chance.below(calls[kind as usize].unsigned_abs()).cast_signed();
        if blow == Blow::Delay { Self::Hold(kind, call) } else { Self::Call(kind, call) }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Call(kind, call) | Place::Hold(kind, call) => write!(out, "{} before {kind:?} {call}", self.blow),
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
