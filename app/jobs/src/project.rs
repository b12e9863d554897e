//! An installation: its settings, schemas and jobs, as the steps need them.

use std::path::{Path, PathBuf};

use kartei_connector::{Connector, ConnectorError};
use kartei_schemas::jobs::JobsSchema;
use kartei_schemas::load::Schemas;
use kartei_schemas::settings::Settings;
use kartei_schemas::source::{Family, SourceSchema};
use kartei_store::frames::Frames;
use xxhash_rust::xxh3::xxh3_64;

/// What does not change while a run is under way.
#[derive(Debug, Clone)]
pub struct Project {
    /// The configuration's folder, against which relative paths are read.
    pub base: PathBuf,
    /// `kartei.toml`, with the environment's and the flags' word.
    pub settings: Settings,
    /// `schemas/`.
    pub schemas: Schemas,
    /// `jobs.toml`.
    pub jobs: JobsSchema,
}

impl Project {
    /// The frames at rest.
    pub fn frames(&self) -> Frames {
        Frames::new(self.data_folder())
    }

    /// The folder of frames and reports.
    pub fn data_folder(&self) -> PathBuf {
        self.base.join(&self.settings.data.folder)
    }

    /// The file of a run's report, without its ending.
    pub fn report_file(&self, run_id: i64) -> PathBuf {
        self.data_folder().join("reports").join(format!("run-{run_id}"))
    }

    /// A short fingerprint of all that says what the data mean: when it changes, everybody is made anew.
    pub fn schema_version(&self) -> String {
        let parts = (&self.schemas.person, &self.schemas.sources, &self.schemas.matching);
        let text = serde_json::to_string(&parts).unwrap_or_default();
        format!("{:016x}", xxh3_64(format!("{text}{:?}", self.schemas.org).as_bytes()))
    }
}

/// The connector of a source.
pub fn connect(source: &SourceSchema, base: &Path) -> Result<Box<dyn Connector>, ConnectorError> {
    match source.family {
        Family::Membership => kartei_membership::connect(source, base),
        Family::Newsletter => kartei_newsletter::connect(source, base),
        Family::Survey => kartei_survey::connect(source, base),
        Family::Leads => kartei_leads::connect(source, base),
    }
}

/// A fingerprint of how a source's rows are read: another one makes every row new.
pub fn source_version(source: &SourceSchema, person: &kartei_schemas::person::PersonSchema) -> u64 {
    let text = serde_json::to_string(&(source, person)).unwrap_or_default();
    xxh3_64(text.as_bytes())
}
