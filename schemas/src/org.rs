//! `org.toml`: the organisation's tree, its postal areas, and the officers who are told of changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The tree as it is written: a flat list, each unit naming its parent.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgSchema {
    /// The units.
    #[serde(default, rename = "unit")]
    pub units: Vec<OrgUnit>,
    /// The people to tell.
    #[serde(default, rename = "officer")]
    pub officers: Vec<Officer>,
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgUnit {
    /// A short, lasting id, e.g. `ov-musterstadt`.
    pub id: String,
    /// The name that people read.
    pub name: String,
    /// The unit above; none for the root.
    #[serde(default)]
    pub parent: Option<String>,
    /// What sort of unit: `state`, `district`, `branch`, ...
    #[serde(default)]
    pub level: Option<String>,
    /// The PLZ it owns: `12345`, a prefix `123*`, or a range `12340-12349`.
    #[serde(default)]
    pub postal_codes: Vec<String>,
    /// Other names and numbers under which sources know it.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// Someone who looks after a unit and all units below it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// The unit.
    pub unit: String,
    /// Where notices go.
    pub email: String,
    /// `de` or `en`.
    #[serde(default)]
    pub language: Language,
    /// The kinds of change that the officer asked for; left out: all.
    #[serde(default)]
    pub kinds: Option<Vec<crate::person::ChangeKind>>,
}

/// The languages that kartei speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// German.
    #[default]
    De,
    /// English.
    En,
}
