//! The JSON Schema of each file, for editors: `schemas/json/*.schema.json`.

use schemars::{JsonSchema, Schema, schema_for};
use serde_json::Value;

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

/// The path of every setting, such as `mail.smtp.host`, sorted.
pub fn setting_paths() -> Vec<String> {
    let schema = schema_for!(Settings);
    let mut found = Vec::new();
    paths_below(schema.as_value(), schema.as_value(), "", &mut found);
    found.sort();
    found
}

fn paths_below(root: &Value, schema: &Value, path: &str, found: &mut Vec<String>) {
    let target = schema["$ref"].as_str().and_then(|reference| root.pointer(reference.trim_start_matches('#')));
    let alternatives = schema["anyOf"].as_array().into_iter().flatten();
    let properties = target.unwrap_or(schema)["properties"].as_object();
    if let Some(target) = alternatives.clone().find(|one| one["$ref"].is_string() && !is_word(root, one)) {
        paths_below(root, target, path, found);
    } else if let Some(properties) = properties {
        for (key, property) in properties {
            let dot = if path.is_empty() { "" } else { "." };
            paths_below(root, property, &format!("{path}{dot}{key}"), found);
        }
    } else {
        found.push(path.to_owned());
    }
}

/// Whether a reference leads to a single value and not to a section.
fn is_word(root: &Value, schema: &Value) -> bool {
    let target = schema["$ref"].as_str().and_then(|reference| root.pointer(reference.trim_start_matches('#')));
    target.is_none_or(|target| target["properties"].is_null())
}

fn of<T: JsonSchema>(name: &'static str, text: &'static str) -> FileSchema {
    FileSchema { name, text, current: schema_for!(T) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_path() {
        let paths = setting_paths();
        for path in ["store.url", "mail.smtp.password_file", "guards.max_gone_percent", "retention.runs", "log.format"]
        {
            assert!(paths.iter().any(|known| known == path), "{path} in {paths:?}");
        }
        assert!(!paths.iter().any(|path| path == "mail.smtp" || path == "mail"));
    }

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
