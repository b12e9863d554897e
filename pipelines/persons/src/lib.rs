//! One golden person a cluster, with an id that outlives every run, and what changed since the last one.
//!
//! Matching says which records are one human being. This crate says *who* that is ([`identity`]), what is true of them
//! ([`golden`], [`consent`], [`org`]), what is new ([`diff`](mod@diff)), and whether that is believable ([`guards`]).
//! All of it is a function of frames and the time that is passed in: no clock, no network, no database. The same input gives the same output, bit for bit, in whatever order the records come.
//!
//! # The rules, and why
//!
//! - **An id is issued once.** It is a keyed hash of the cluster's smallest record, checked against every id ever issued,
//!   and it stays with the cluster that holds most of its records. Nobody can tell a membership number from an id, and
//!   nobody who wrote one down finds another human under it later.
//! - **A merge can be undone.** Each record remembers the ids that it gave up, so that both persons come back as they
//!   were: id, consents, answers, time of first sight.
//! - **A record that is gone is remembered**, so that its return brings the same id back, and its withdrawals bind.
//! - **A withdrawal binds** until the person grants anew, at a later time: no import, repetition or merge can lift it.
//! - **What belongs together survives together**: half an old and half a new address is a place where nobody lives.
//! - **The first night is no news**: [`Diff::initial`] says so, and nobody is told of a million new persons.
//! - **Nothing here holds back bad news**: a run that would change, merge or lose too many persons is for the guards to
//!   stop, before anything is published.
//!
//! # A night
//!
//! ```
//! use chrono::{TimeZone, Utc};
//! use kartei_persons::{GoldenInput, Hearing, History, IdIssuer, IdentityRules, Ledger, Provenance, Touched};
//! use kartei_persons::{assign, diff, golden, guards};
//! use kartei_schemas::{keyed::Keyed, org_tree::OrgTree, person::PersonSchema, settings::GuardSettings};
//! use polars_core::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Normalised records, sorted by source and key, and what the matching says of them.
//! let records = df!(
//!     "source" => ["leads", "members", "members"],
//!     "key" => ["7", "1", "2"],
//!     "given_name" => ["Anna", "Anna Maria", "Bernd"],
//!     "surname" => ["Berg", "Berg", "Sommer"],
//!     "is_member" => [None, Some(true), Some(true)],
//! )?;
//! let (clusters, households) = ([0, 0, 2], [0, 0, 2]);
//! let (schema, tree, issuer) = (PersonSchema::default(), OrgTree::default(), IdIssuer::new(b"from the settings"));
//! let now = Utc.with_ymd_and_hms(2026, 11, 24, 4, 0, 0).unwrap();
//!
//! // What the last night left: its record map, all that was heard of consents, its persons. Nothing, on the first night.
//! let (history, ledger, previous) = (History::none(), Ledger::none(Keyed::new("from the settings"))?, None);
//!
//! let identity = assign(&records, &clusters, &history, &issuer, &IdentityRules::default(), now)?;
//! let (ledger, heard) = ledger.hear(&records, Hearing { changed: None, now, run: 1 })?;
//! let golden = golden::build(&GoldenInput {
//!     records: &records, identity: &identity, households: &households, previous, ledger: &ledger, overrides: &[],
//!     schema: &schema, sources: &[], tree: &tree, issuer: &issuer,
//!     touched: Touched::All, provenance: Provenance::All, now,
//! })?;
//! let found = diff(previous, &golden.persons, &identity, &schema, now)?;
//! assert!(guards::check(&found.counts, &GuardSettings::default()).is_empty());
//!
//! assert_eq!(found.persons.height(), 2);
//! assert!(found.initial);
//! // To keep for the next night: `identity.record_map`, `ledger.frame()`, `found.persons`; and for ever: `heard`.
//! assert_eq!(heard.height(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! On later nights [`Touched::Only`] makes only those persons anew whose records changed; the others keep the row that
//! was published last, and the outcome is the same.

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
pub mod org;
pub mod overrides;
pub mod statistics;
#[cfg(test)]
mod testing;

pub use consent::{Hearing, Ledger};
pub use diff::{Diff, PreviousPersons, diff};
pub use error::PersonsError;
pub use golden::{Golden, GoldenInput, Provenance, Touched};
pub use guards::{Guard, GuardTripped};
pub use history::History;
pub use identity::{Identity, IdentityEvent, IdentityRules, assign};
pub use issuer::{IdIssuer, PersonId};
pub use overrides::Override;
pub use statistics::PersonStatistics;
