//! The JSON Schema of each file, for editors: `schemas/json/*.schema.json`.

use schemars::{JsonSchema, Schema, schema_for};

use crate::jobs::JobsSchema;
use crate::matching::MatchSchema;
use crate::org::OrgSchema;
use crate::person::PersonSchema;
use crate::settings::Settings;
use crate::source::SourceSchema;

/// A file's schema, by the name under which it is checked in.
pub struct FileSchema {
    /// Such as `person`, for `json/person.schema.json`.
    pub name: &'static str,
    /// The checked-in text.
    pub text: &'static str,
    /// The schema as the types have it now.
    pub current: Schema,
}

/// The schemas of all files.
pub fn all() -> [FileSchema; 6] {
    [
        of::<Settings>("kartei", include_str!("../json/kartei.schema.json")),
        of::<JobsSchema>("jobs", include_str!("../json/jobs.schema.json")),
        of::<PersonSchema>("person", include_str!("../json/person.schema.json")),
        of::<MatchSchema>("match", include_str!("../json/match.schema.json")),
        of::<OrgSchema>("org", include_str!("../json/org.schema.json")),
        of::<SourceSchema>("source", include_str!("../json/source.schema.json")),
    ]
}

fn of<T: JsonSchema>(name: &'static str, text: &'static str) -> FileSchema {
    FileSchema { name, text, current: schema_for!(T) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `KARTEI_WRITE_SCHEMAS=1 cargo test -p kartei-schemas` writes them anew.
    #[test]
    fn the_checked_in_json_schemas_are_current() {
        for schema in all() {
            let current = format!("{}\n", serde_json::to_string_pretty(&schema.current).unwrap());
            let file = format!("{}/json/{}.schema.json", env!("CARGO_MANIFEST_DIR"), schema.name);
            if std::env::var_os("KARTEI_WRITE_SCHEMAS").is_some() {
                std::fs::write(&file, &current).unwrap();
            } else {
                assert_eq!(schema.text, current, "{file} is old; see this test's documentation");
            }
        }
    }
}
