//! What each officer is told: how many persons of which unit changed in which way, and nothing else.

use std::collections::BTreeMap;

use kartei_schemas::org::Officer;
use kartei_schemas::org_tree::OrgTree;
use kartei_schemas::person::{ChangeKind, PersonSchema};

use crate::{Diff, PersonsError};

/// What one officer is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who.
    pub officer: Officer,
    /// Counts of the officer's own unit and those below, in the order of the tree; units without change are left out.
    pub units: Vec<UnitChanges>,
}

/// Distinct persons of one unit by kind of change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitChanges {
    /// The unit's id; `None` for persons who belong nowhere, told to the officers at the top of the tree.
    pub unit: Option<String>,
    /// Persons by kind.
    pub kinds: BTreeMap<ChangeKind, u64>,
}

/// One notice for each officer for whom there is something; none in a first run.
pub fn notices(_diff: &Diff, _tree: &OrgTree, _schema: &PersonSchema) -> Result<Vec<Notice>, PersonsError> {
    todo!()
}
