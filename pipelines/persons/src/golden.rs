//! One row a person: of each field one value survives, by the rules of `person.toml`, with its provenance.
//!
//! # The rules
//!
//! - **One field, one winner.** `source_trust` takes the value of the most trusted source, `most_recent` that of the
//!   record updated last, `majority` the one that most records hold, `most_complete` the one with most parts, `longest`
//!   the longest. Ties go to trust, then to the newer record, then to the smaller record, so that nothing depends on
//!   the order of rows. A value that is missing never beats one that is there.
//! - **An address survives as a whole.** Street, number, extra, PLZ, place and country come from one record, the one that
//!   wins `postal_code`: half an old and half a new address is a place where nobody lives. If a record that agrees with
//!   it has more of the address, that one is taken.
//! - **A membership survives as a whole**: number, joining and leaving come from one record, a current one where there is
//!   one. A person is a member if any membership is current on the day of the run.
//! - **Lists are united**, and consents follow [`crate::consent`].
//! - **What a human typed wins** until it is lifted ([`Override`]).

use chrono::{DateTime, Utc};
use kartei_schemas::org_tree::OrgTree;
use kartei_schemas::person::PersonSchema;
use kartei_schemas::source::SourceSchema;
use polars_core::prelude::DataFrame;

use crate::statistics::GoldenStatistics;
use crate::{IdIssuer, Identity, Ledger, Override, PersonId, PersonsError};

mod assemble;
mod bundle;
mod consents;
mod field;
mod figures;
mod groups;
mod lists;
mod renewal;
mod survive;
mod values;
mod work;

pub use assemble::COLUMNS;

/// What golden persons are made from.
#[derive(Clone, Copy)]
pub struct GoldenInput<'a> {
    /// The normalised records, sorted by source and key.
    pub records: &'a DataFrame,
    /// Who each record is.
    pub identity: &'a Identity,
    /// The household label of each record, as the matching gave it; empty: no households.
    pub households: &'a [u32],
    /// What was published last; `None` in the first run.
    pub previous: Option<&'a DataFrame>,
    /// All consents ever heard, with this run's.
    pub ledger: &'a Ledger,
    /// What humans set.
    pub overrides: &'a [Override],
    /// The fields and how they survive.
    pub schema: &'a PersonSchema,
    /// The sources, for their trust.
    pub sources: &'a [SourceSchema],
    /// The organisation.
    pub tree: &'a OrgTree,
    /// For the ids of new households.
    pub issuer: &'a IdIssuer,
    /// Who is made anew.
    pub touched: Touched<'a>,
    /// Which values the values frame holds.
    pub provenance: Provenance,
    /// The run's time.
    pub now: DateTime<Utc>,
}

/// Whose golden row is made anew; the others keep the row that was published last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Touched<'a> {
    /// Everybody: always right, and needed when a schema, a trust or the tree changed.
    #[default]
    All,
    /// The persons of these records (one flag a row: it is new or changed) and these persons (an override was set or
    /// lifted), and whoever's records came, went or moved, which is found without being told.
    Only {
        /// One flag a row of the records frame.
        rows: &'a [bool],
        /// Further persons.
        persons: &'a [PersonId],
    },
}

/// Which values the values frame holds, of persons with two or more records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Provenance {
    /// Every distinct value of every field.
    #[default]
    All,
    /// Only of fields on which the records disagree.
    Conflicts,
}

/// Golden persons.
#[derive(Debug, Clone)]
pub struct Golden {
    /// One row a person, sorted by id, with the columns [`COLUMNS`] and further fields of the schema after them.
    pub persons: DataFrame,
    /// `person_id field value source key survives reason`, sorted by person, field, survivor first: one row for each
    /// distinct value, with the record that stands for it, of all persons that were made anew and have two or more
    /// records. They replace what is stored for the persons in `renewed`.
    pub values: DataFrame,
    /// The persons that were made anew, sorted.
    pub renewed: Vec<PersonId>,
    /// Counts.
    pub statistics: GoldenStatistics,
}

/// Makes the golden persons.
pub fn build(input: &GoldenInput<'_>) -> Result<Golden, PersonsError> {
    let height = input.records.height();
    for (what, found) in
        [("the identity", input.identity.persons.len()), ("the list of households", input.households.len())]
    {
        if found != height && (what == "the identity" || found > 0) {
            return Err(PersonsError::WrongLength { what, found, wanted: height });
        }
    }
    let work = work::Work::prepare(input)?;
    let fields = field::all(&work)?;
    assemble::golden(&work, fields)
}

#[cfg(test)]
#[path = "golden/tests.rs"]
mod tests;
