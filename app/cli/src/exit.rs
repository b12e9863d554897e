//! How a command ends. The numbers are a promise: scripts rely on them.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything was done.
    Done = 0,
    /// Something failed; what was published before stands.
    Failed = 1,
    /// The command was not used as it is meant, or names something that does not exist.
    WrongUse = 2,
    /// A guard stopped the run before it published.
    Guarded = 3,
    /// More rows went to quarantine than the limit allows.
    Quarantined = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What `--help` says about the numbers.
pub(crate) const HELP: &str = "Exit codes: 0 done, 1 failed, 2 wrong use, 3 stopped by a guard, 4 more rows \
                               quarantined than the limit allows.";
