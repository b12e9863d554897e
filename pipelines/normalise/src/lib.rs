//! Canonical forms for names, dates, addresses, e-mail and telephone numbers, German first.
//!
//! Values, one by one, or a whole frame of a source with [`normalise`].

pub mod frame;
pub mod problem;

pub use frame::{Context, FieldProblem, FieldStatistics, NormaliseError, NormaliseStatistics, Normalised};
pub use frame::{columns, fingerprint, normalise};
pub use problem::{Read, Reading, Reason, Warning, Warnings};
