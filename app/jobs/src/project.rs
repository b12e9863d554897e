//! An installation: its settings, schemas and jobs, as the steps need them.

use std::path::PathBuf;

use kartei_connector::{Connector, ConnectorError, Context};
use kartei_schemas::jobs::JobsSchema;
use kartei_schemas::load::Schemas;
use kartei_schemas::settings::Settings;
use kartei_schemas::source::{Family, Reading, SourceSchema};
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
        self.report_folder().join(format!("run-{run_id}"))
    }

    /// The folder of the reports' files.
    pub fn report_folder(&self) -> PathBuf {
        self.data_folder().join("reports")
    }

    /// A short fingerprint of all that says what the data mean: when it changes, everybody is made anew. How a source is
    /// called and reached is none of that.
    pub fn schema_version(&self) -> String {
        let schemas = &self.schemas;
        let source = |source: &'_ SourceSchema| {
            (source.name.clone(), source_version(source, self), source.trust, source.field_trust.clone())
        };
        let sources: Vec<_> = schemas.sources.iter().map(source).collect();
        let parts = (&schemas.person, sources, &schemas.matching, schemas.org.units());
        let text = serde_json::to_string(&parts).unwrap_or_default();
        format!("{:016x}", xxh3_64(text.as_bytes()))
    }
}

/// An id that no other installation has: 128 bits of chance.
pub fn fresh_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The connector of a source.
pub fn connect(source: &SourceSchema, context: &Context) -> Result<Box<dyn Connector>, ConnectorError> {
    match source.family {
        Family::Membership => kartei_membership::connect(source, context),
        Family::Newsletter => kartei_newsletter::connect(source, context),
        Family::Survey => kartei_survey::connect(source, context),
        Family::Leads => kartei_leads::connect(source, context),
    }
}

/// A fingerprint of what a source's rows mean: another one makes every row new.
pub fn source_version(source: &SourceSchema, project: &Project) -> u64 {
    let kinds: Vec<_> = project.schemas.person.fields.iter().map(|field| (&field.name, field.kind)).collect();
    let text =
        serde_json::to_string(&(Reading::of(source), kinds, &project.settings.locale.country)).unwrap_or_default();
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

    fn versions(change: impl Fn(&mut serde_json::Value)) -> (u64, String) {
        let mut source = json!({
            "name": "members", "family": "membership", "key": ["Nr"],
            "connector": { "product": "files", "path": "inbox/*.csv" },
            "fields": { "surname": "Name" },
        });
        change(&mut source);
        let source: SourceSchema = serde_json::from_value(source).unwrap();
        let mut project = project(&["Kiel"], "one@example.org");
        project.schemas.sources.push(source.clone());
        (source_version(&source, &project), project.schema_version())
    }

    #[test]
    fn another_way_to_a_source_makes_no_row_new_and_another_mapping_does() {
        let before = versions(|_| {});
        let ways = [
            ("label_de", json!("Mitglieder")),
            ("connector", json!({ "product": "files", "path": "elsewhere/*.csv", "settle_seconds": 60 })),
            ("freshness", json!({ "warn_after": "36h" })),
            ("volume", json!({ "min_rows": 10 })),
            ("max_reject_percent", json!(1.0)),
            ("on_drift", json!("stop")),
        ];
        for (name, value) in ways {
            assert_eq!(versions(|source| source[name] = value.clone()), before, "{name}");
        }
        let (row, everybody) = versions(|source| source["trust"] = json!(90));
        assert!(row == before.0 && everybody != before.1, "trust decides between rows, and not what one means");
        let meanings = [
            ("key", json!(["Nummer"])),
            ("updated_at", json!("Stand")),
            ("fields", json!({ "surname": "Nachname" })),
            ("fields", json!({ "surname": "Name", "birth_date": { "column": "Geb", "formats": ["%d.%m.%y"] } })),
            ("consent", json!([{ "purpose": "newsletter", "column": "NL", "states": { "ja": "granted" } }])),
            ("survey", json!({ "name": "U", "date": "Tag" })),
            ("ignore", json!(["Notiz"])),
        ];
        for (name, value) in meanings {
            assert_ne!(versions(|source| source[name] = value.clone()).0, before.0, "{name}");
        }
    }
}
