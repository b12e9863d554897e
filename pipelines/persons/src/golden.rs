//! One row a person: of each field one value survives, by the rules of `person.toml`, with its provenance.

use chrono::{DateTime, Utc};
use kartei_schemas::org_tree::OrgTree;
use kartei_schemas::person::PersonSchema;
use kartei_schemas::source::SourceSchema;
use polars::prelude::DataFrame;

use crate::statistics::GoldenStatistics;
use crate::{Identity, Ledger, Override, PersonId, PersonsError};

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
    /// One row a person, sorted by id.
    pub persons: DataFrame,
    /// `person_id field value source key survives reason`: the values of all persons that were made anew and have two
    /// or more records; they replace what is stored for those persons.
    pub values: DataFrame,
    /// The persons that were made anew, sorted.
    pub renewed: Vec<PersonId>,
    /// Counts.
    pub statistics: GoldenStatistics,
}

/// Makes the golden persons.
pub fn build(_input: &GoldenInput<'_>) -> Result<Golden, PersonsError> {
    todo!()
}
