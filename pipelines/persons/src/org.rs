//! Where a person belongs: members where their membership says, others where their PLZ lies.

use serde::{Deserialize, Serialize};

/// How persons came to their unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct OrgStatistics {
    /// Members whose membership names a known unit.
    pub members_by_membership: u64,
    /// Members whose membership names no unit and whose PLZ has an owner.
    pub members_by_postal_code: u64,
    /// Members whose membership names a unit that nobody knows: they belong nowhere until somebody adds an alias.
    pub members_with_unknown_unit: u64,
    /// Members without unit and without an owned PLZ.
    pub members_without_unit: u64,
    /// Others whose PLZ has an owner.
    pub others_by_postal_code: u64,
    /// Others whose PLZ nobody owns.
    pub others_with_unowned_postal_code: u64,
    /// Others without PLZ.
    pub others_without_postal_code: u64,
    /// Unit names that nobody knows, most frequent first, at most 20.
    pub unknown_units: Vec<(String, u64)>,
}
