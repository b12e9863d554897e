//! One golden person a cluster, with an id that outlives every run, and what changed since the last one.

mod carry;
mod column;
pub mod consent;
pub mod diff;
pub mod error;
pub mod golden;
pub mod guards;
pub mod history;
pub mod household;
pub mod identity;
pub mod issuer;
pub mod notices;
pub mod org;
pub mod overrides;
pub mod statistics;
#[cfg(test)]
mod testing;

pub use consent::Ledger;
pub use diff::{Diff, PreviousPersons, diff};
pub use error::PersonsError;
pub use golden::{Golden, GoldenInput, Provenance, Touched};
pub use guards::{Guard, GuardTripped};
pub use history::History;
pub use identity::{Identity, IdentityEvent, IdentityRules, assign};
pub use issuer::{IdIssuer, PersonId};
pub use overrides::Override;
pub use statistics::PersonStatistics;
