//! What a notice says: how many changes of which kind in which unit, and where to look.

use kartei_schemas::org::Language;
use kartei_schemas::person::ChangeKind;
use serde::{Deserialize, Serialize};

/// One officer's notice of one run. It has no room for personal data of anybody but the officer's own address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Notice {
    /// The officer's address.
    pub recipient: String,
    /// The officer's language.
    pub language: Language,
    /// The name of the officer's unit, as people read it.
    pub unit: String,
    /// Distinct persons with any of the changes below. Less than the sum of the counts where one person went
    /// through several.
    pub persons: u64,
    /// Whether all of them are members, so that the notice may say "members" rather than "people".
    pub members_only: bool,
    /// Distinct persons by kind; kinds that count nobody are left out.
    pub counts: Vec<KindCount>,
    /// Distinct persons by unit below, where there is more than one; may be empty.
    pub units: Vec<UnitCount>,
    /// Where to look: a page that asks for a login, without anything about a person in its address.
    pub link: String,
    /// The run.
    pub run_id: i64,
}

/// Distinct persons with one kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct KindCount {
    /// The kind.
    pub kind: ChangeKind,
    /// Persons.
    pub persons: u64,
}

/// Distinct persons in one unit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct UnitCount {
    /// The unit's name.
    pub unit: String,
    /// Persons.
    pub persons: u64,
}
