//! What each officer is told: how many persons of which unit changed in which way, and nothing else.

use std::collections::BTreeMap;

use kartei_schemas::org::Officer;
use kartei_schemas::org_tree::OrgTree;
use kartei_schemas::person::{ChangeKind, PersonSchema};

use crate::column::text;
use crate::diff::KINDS;
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
///
/// A person counts once a unit and kind, however many fields changed. A move is told to the old unit as `moved_out` and
/// to the new one as `moved_in`; leaving and vanishing are told to the old unit; a merge or split across units to both.
pub fn notices(diff: &Diff, tree: &OrgTree, schema: &PersonSchema) -> Result<Vec<Notice>, PersonsError> {
    if diff.initial {
        return Ok(Vec::new());
    }
    let counted = count(diff, schema)?;
    let roots: Vec<&str> = tree.roots().map(|unit| unit.id.as_str()).collect();
    let told = tree.officers().iter().map(|officer| {
        let below = tree.within(&officer.unit).into_iter().map(|unit| Some(unit.id.as_str()));
        let nowhere = roots.contains(&officer.unit.as_str()).then_some(None);
        let units = below.chain(nowhere).filter_map(|unit| {
            let kinds = counted
                .get(&unit)?
                .iter()
                .filter(|(kind, _)| officer.kinds.as_ref().is_none_or(|wanted| wanted.contains(kind)));
            let kinds: BTreeMap<ChangeKind, u64> = kinds.map(|(kind, tally)| (*kind, tally.persons)).collect();
            (!kinds.is_empty()).then(|| UnitChanges { unit: unit.map(str::to_owned), kinds })
        });
        Notice { officer: officer.clone(), units: units.collect() }
    });
    Ok(told.filter(|notice| !notice.units.is_empty()).collect())
}

/// Distinct persons, counted while walking over rows sorted by person.
#[derive(Default)]
struct Tally<'a> {
    persons: u64,
    last: &'a str,
}

type Counted<'a> = BTreeMap<Option<&'a str>, BTreeMap<ChangeKind, Tally<'a>>>;

fn count<'a>(diff: &'a Diff, schema: &PersonSchema) -> Result<Counted<'a>, PersonsError> {
    let names = ["person_id", "kind", "field", "org_unit_before", "org_unit_after"];
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        columns.push(text(&diff.changes, "changes", name)?.iter());
    }
    let mut counted: Counted<'a> = BTreeMap::new();
    for _ in 0..diff.changes.height() {
        let mut cells = columns.iter_mut().map(|column| column.next().flatten());
        let mut next = || cells.next().flatten();
        let (person, kind, field, before, after) = (next().unwrap_or_default(), next(), next(), next(), next());
        let Some(kind) = KINDS.iter().find(|(_, name)| Some(*name) == kind).map(|(kind, _)| *kind) else { continue };
        let nobody_asked = field.and_then(|field| schema.field(field)).is_some_and(|field| field.change.is_none());
        if kind == ChangeKind::Other && nobody_asked {
            continue;
        }
        for (unit, kind) in told(kind, before, after).into_iter().flatten() {
            let tally = counted.entry(unit).or_default().entry(kind).or_default();
            if tally.last != person {
                (tally.persons, tally.last) = (tally.persons + 1, person);
            }
        }
    }
    Ok(counted)
}

/// Who is told what of a change.
fn told<'a>(
    kind: ChangeKind,
    before: Option<&'a str>,
    after: Option<&'a str>,
) -> [Option<(Option<&'a str>, ChangeKind)>; 2] {
    match kind {
        ChangeKind::MovedIn | ChangeKind::MovedOut => {
            [before.map(|unit| (Some(unit), ChangeKind::MovedOut)), after.map(|unit| (Some(unit), ChangeKind::MovedIn))]
        }
        ChangeKind::Left | ChangeKind::Gone => [Some((before, kind)), None],
        ChangeKind::Merged | ChangeKind::Split => {
            [Some((after, kind)), before.filter(|_| before != after).map(|unit| (Some(unit), kind))]
        }
        _ => [Some((after, kind)), None],
    }
}

#[cfg(test)]
#[path = "notices/tests.rs"]
mod tests;
