//! A realistic German organisation, made up by a seed: people, households, four sources full of errors, an org tree, the truth.
//!
//! Nobody in it is real. `docs/demo.md` says how it is made, with which rates, and how hard it is.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

mod chance;
mod configuration;
mod contact;
mod delivery;
mod events;
mod flat;
mod household;
mod junk;
mod key;
mod leads;
mod membership;
mod names;
mod newsletter;
mod noise;
mod organisation;
mod person;
mod places;
mod record;
mod shares;
mod survey;
mod world;

use world::World;

/// What to make. Equal options make equal bytes, on every machine of one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoOptions {
    /// Where the configuration, `inbox/` and `truth.csv` go.
    pub folder: PathBuf,
    /// People in the first night; about 1.3 records each.
    pub people: u64,
    /// Decides everything else.
    pub seed: u64,
    /// The day of the first night; night `k` is `k - 1` days later.
    pub first_night: NaiveDate,
}

/// What was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DemoSummary {
    /// People in the first night.
    pub people: u64,
    /// Live records in membership, newsletter, survey, leads.
    pub records: [u64; 4],
    /// Of these, new or changed in this night; in the first night all.
    pub changed: [u64; 4],
    /// Org units, the root among them.
    pub units: u64,
    /// Officers who want notices.
    pub officers: u64,
    /// The files of the night, in the same order.
    pub files: Vec<PathBuf>,
}

impl DemoSummary {
    /// Live records of all sources.
    pub fn record_count(&self) -> u64 {
        self.records.iter().sum()
    }

    fn add(&mut self, other: &Self) {
        for index in 0..4 {
            self.records[index] += other.records[index];
            self.changed[index] += other.changed[index];
        }
    }
}

/// Why an organisation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file or folder could not be written.
    #[error("cannot write {path}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A CSV table could not be written.
    #[error("cannot write the table {path}")]
    Table {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: csv::Error,
    },
    /// The newsletter's lines could not be written.
    #[error("cannot write a line of the newsletter's export")]
    Json {
        /// The cause.
        source: serde_json::Error,
    },
    /// The survey's workbook could not be written.
    #[error("cannot write the survey's workbook")]
    Workbook {
        /// The cause.
        source: rust_xlsxwriter::XlsxError,
    },
    /// The leads' file could not be written.
    #[error("cannot write the leads' parquet file")]
    Parquet {
        /// The cause.
        source: Box<polars_core::prelude::PolarsError>,
    },
    /// The org tree could not be written as TOML.
    #[error("cannot write the org tree")]
    Tree {
        /// The cause.
        source: toml::ser::Error,
    },
}

impl DemoError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Write { .. } | Self::Table { .. } => {
                Some("choose a folder that you may write to, on a disk with room".to_owned())
            }
            _ => None,
        }
    }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> DemoError + use<> {
    let path = path.to_owned();
    move |source| DemoError::Write { path, source }
}

/// Makes the organisation: the configuration, the first night's files in `inbox/`, and `truth.csv`
/// (`source,key,person,household`, each record once).
pub fn generate(options: &DemoOptions) -> Result<DemoSummary, DemoError> {
    let world = World::new(options);
    configuration::write(&world, &options.folder)?;
    delivery::write(&world, &options.folder, 1)
}

/// Adds the files of another night, and writes `truth.csv` anew. Nights may be skipped: night 3 holds what happened in the
/// second too, but the deltas tell only of the third.
pub fn advance(options: &DemoOptions, night: u32) -> Result<DemoSummary, DemoError> {
    delivery::write(&World::new(options), &options.folder, night)
}

/// Writes all records of a night as one flat CSV in plain form, with the truth in its last column, for measuring other
/// linkage programs on the same people. Returns the rows.
pub fn write_flat_table(options: &DemoOptions, night: u32, path: &Path) -> Result<u64, DemoError> {
    delivery::write_flat(&World::new(options), night, path)
}
