//! Rules on crates: who may depend on whom, which lints hold, and that each is explained.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{metadata, none, root};

/// The crates of the workspace and those of them that each may use. Nothing else may be used, by no crate.
const MAY_USE: &[(&str, &[&str])] = &[
    ("schemas", &[]),
    ("connector", &["schemas"]),
    ("transport", &["schemas", "connector"]),
    ("membership", &["schemas", "connector", "transport"]),
    ("newsletter", &["schemas", "connector", "transport"]),
    ("survey", &["schemas", "connector", "transport"]),
    ("leads", &["schemas", "connector", "transport"]),
    ("normalise", &["schemas"]),
    ("matching", &["schemas"]),
    ("persons", &["schemas"]),
    ("store", &["schemas"]),
    ("mail", &["schemas", "store"]),
    ("report", &["schemas"]),
    ("monitor", &["schemas", "store", "mail", "report"]),
    ("demo", &["schemas"]),
    ("web", &["schemas", "store", "mail"]),
];

/// Crates that act. The conductor and the command see everything but one another's like.
const MAY_NOT_USE: &[(&str, &[&str])] = &[("jobs", &["cli", "web", "demo"]), ("cli", &[])];

/// What the pipelines may not touch: they are functions of data.
const ACTING: &[&str] = &["tokio", "async-trait", "futures", "sqlx", "lettre", "config", "tempfile", "axum"];

/// The crates of the workspace: name without `kartei-` → its entry.
fn crates(metadata: &Value) -> BTreeMap<String, &Value> {
    let members: Vec<&Value> = metadata["workspace_members"].as_array().unwrap().iter().collect();
    let packages = metadata["packages"].as_array().unwrap().iter().filter(|package| members.contains(&&package["id"]));
    packages.map(|package| (short(package["name"].as_str().unwrap()).to_owned(), package)).collect()
}

fn short(name: &str) -> &str {
    name.strip_prefix("kartei-").unwrap_or(name)
}

/// What a crate depends on outside its tests.
fn dependencies(package: &Value) -> Vec<&str> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap())
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let mut faults = Vec::new();
    for (name, package) in crates(&metadata) {
        let allowed = MAY_USE.iter().find(|(one, _)| *one == name).map(|(_, allowed)| *allowed);
        let forbidden = MAY_NOT_USE.iter().find(|(one, _)| *one == name).map(|(_, forbidden)| *forbidden);
        if allowed.is_none() && forbidden.is_none() {
            faults.push(format!("nothing says what kartei-{name} may use: see tests/it/tidy/manifests.rs"));
        }
        for used in dependencies(package).into_iter().filter_map(|used| used.strip_prefix("kartei-")) {
            if allowed.is_some_and(|allowed| !allowed.contains(&used))
                || forbidden.is_some_and(|list| list.contains(&used))
            {
                faults.push(format!("kartei-{name} may not use kartei-{used}"));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_pipelines_touch_nothing_outside() {
    let metadata = metadata();
    let crates = crates(&metadata);
    let mut faults = Vec::new();
    for name in ["normalise", "matching", "persons", "report", "schemas"] {
        for used in dependencies(crates[name]) {
            if ACTING.contains(&used) {
                faults.push(format!("kartei-{name} may not use {used}"));
            }
        }
    }
    none(&faults);
}

#[test]
fn only_the_store_speaks_sql_and_only_the_mail_speaks_smtp() {
    let metadata = metadata();
    let mut faults = Vec::new();
    for (name, package) in crates(&metadata) {
        for (speaker, tongue) in [("store", "sqlx"), ("mail", "lettre")] {
            if name != speaker && dependencies(package).contains(&tongue) {
                faults.push(format!("kartei-{name} may not use {tongue}; kartei-{speaker} does"));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_crate_has_the_common_lints_and_a_description() {
    let metadata = metadata();
    let mut faults = Vec::new();
    for (name, package) in crates(&metadata) {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        if !manifest.contains("[lints]\nworkspace = true") {
            faults.push(format!("kartei-{name} does not take the workspace's lints"));
        }
        if package["description"].as_str().is_none_or(|description| description.len() < 10) {
            faults.push(format!("kartei-{name} has no description"));
        }
        if package["license"] != "MIT OR Apache-2.0" {
            faults.push(format!("kartei-{name} has another licence"));
        }
    }
    none(&faults);
}

#[test]
fn functions_are_kept_short_by_clippy() {
    let clippy = std::fs::read_to_string(root().join("clippy.toml")).unwrap();
    assert!(clippy.contains("too-many-lines-threshold = 70"));
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("pedantic = { level = \"warn\", priority = -1 }"));
    assert!(!manifest.contains("too_many_lines"));
}

#[test]
fn every_crate_is_explained_in_the_architecture() {
    let architecture = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap_or_default();
    let metadata = metadata();
    let missing = crates(&metadata).into_keys().filter(|name| !architecture.contains(&format!("kartei-{name}")));
    none(&missing.map(|name| format!("ARCHITECTURE.md does not name kartei-{name}")).collect::<Vec<_>>());
}
