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
        let schemas = &self.schemas;
        let parts = (&schemas.person, &schemas.sources, &schemas.matching, schemas.org.units());
        let text = serde_json::to_string(&parts).unwrap_or_default();
        format!("{:016x}", xxh3_64(text.as_bytes()))
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

#[cfg(test)]
mod tests {
    use kartei_schemas::org::OrgSchema;
    use kartei_schemas::org_tree::OrgTree;
    use serde_json::json;

    use super::*;

    fn project(cities: &[&str], officer: &str) -> Project {
        let unit = |(number, city): (usize, &&str)| json!({ "id": format!("unit-{number}"), "name": city });
        let units: Vec<_> = cities.iter().enumerate().map(unit).collect();
        let officers = [json!({ "unit": "unit-0", "email": officer })];
        let org: OrgSchema = serde_json::from_value(json!({ "unit": units, "officer": officers })).unwrap();
        Project {
            base: PathBuf::new(),
            settings: kartei_schemas::settings::Settings::default(),
            schemas: Schemas { org: OrgTree::build(&org).unwrap(), ..Schemas::default() },
            jobs: serde_json::from_value(json!({})).unwrap(),
        }
    }

    #[test]
    fn the_version_of_the_schemas_changes_with_the_units_and_with_nothing_else() {
        let cities = ["Kiel", "Bonn", "Ulm", "Trier", "Mainz", "Jena", "Gera", "Celle", "Hof", "Calw"];
        let version = project(&cities, "one@example.org").schema_version();
        assert_eq!(project(&cities, "one@example.org").schema_version(), version);
        assert_eq!(project(&cities, "other@example.org").schema_version(), version);
        assert_ne!(project(&cities[1..], "one@example.org").schema_version(), version);
    }
}
