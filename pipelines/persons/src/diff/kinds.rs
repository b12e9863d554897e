//! Changes in an officer's words: who is new, who left, who moved, what else is different.

use kartei_schemas::person::{ChangeKind, PersonSchema};
use polars_core::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::compare::Difference;
use super::pairs::Pairs;
use crate::column::{NO_ROW, cells, flags, optional_text};
use crate::identity::IdentityEvent;
use crate::{Identity, PersonId, PersonsError};

/// One change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change<'a> {
    pub(super) person: PersonId,
    pub(super) kind: ChangeKind,
    field: Option<&'a str>,
    old: Said<'a>,
    new: Said<'a>,
    unit_before: Option<&'a str>,
    unit_after: Option<&'a str>,
}

/// A value before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Said<'a> {
    Nothing,
    Text(&'a str),
    Id(PersonId),
}

/// All changes, sorted, and who is no more.
pub(super) struct Found<'a> {
    pub(super) changes: Vec<Change<'a>>,
    /// Persons who are no more, with the one into whom they were merged.
    pub(super) gone: Vec<(PersonId, Option<PersonId>)>,
    /// Persons of before with at least one changed field.
    pub(super) changed: u64,
    pub(super) split: u64,
}

/// What the run decided about ids.
struct Decided {
    merged: FxHashMap<PersonId, PersonId>,
    split: FxHashMap<PersonId, PersonId>,
    /// Persons who are members only because they were merged with one.
    members_by_merge: FxHashSet<PersonId>,
    /// Persons who are no members any more because the member was split off.
    left_by_split: FxHashSet<PersonId>,
    /// Persons who were gone and are back.
    returned: FxHashSet<PersonId>,
}

/// Finds and names all changes.
pub(super) fn find<'a>(
    pairs: &Pairs<'a>,
    differences: &[Difference<'a>],
    identity: &Identity,
    schema: &PersonSchema,
) -> Result<Found<'a>, PersonsError> {
    let before = cells(optional_text(pairs.previous, "persons", "org_unit")?, pairs.ids_before.len());
    let after = cells(optional_text(pairs.persons, "persons", "org_unit")?, pairs.ids.len());
    let members = flags(pairs.persons, "persons", "is_member")?;
    let decided = decided(pairs, identity, &members)?;
    let mut changes = changed_fields(pairs, differences, schema, &decided, (&before, &after));
    let affected = changes.iter().map(|change| change.person).collect::<FxHashSet<_>>().len() as u64;
    let mut split = 0;
    for (row, (&person, &unit_after)) in pairs.ids.iter().zip(&after).enumerate() {
        if pairs.before[row] != NO_ROW {
            continue;
        }
        changes.push(if let Some(&from) = decided.split.get(&person) {
            split += 1;
            let unit_before = pairs.row_before(from).and_then(|row| before[row]);
            let (old, new) = (Said::Id(from), Said::Id(person));
            Change { person, kind: ChangeKind::Split, field: Some("id"), old, new, unit_before, unit_after }
        } else {
            let member = members[row] == Some(true);
            let kind = match (decided.returned.contains(&person), member) {
                (true, _) => ChangeKind::Returned,
                (false, true) => ChangeKind::NewMember,
                (false, false) => ChangeKind::NewInterested,
            };
            let (old, new) = (Said::Nothing, Said::Nothing);
            Change { person, kind, field: None, old, new, unit_before: None, unit_after }
        });
    }
    let mut gone = Vec::with_capacity(pairs.lost.len());
    for &row in &pairs.lost {
        let (person, unit_before) = (pairs.ids_before[row as usize], before[row as usize]);
        let into = decided.merged.get(&person).copied();
        gone.push((person, into));
        changes.push(if let Some(into) = into {
            let unit_after = pairs.ids.binary_search(&into).ok().and_then(|row| after[row]);
            let (old, new) = (Said::Id(person), Said::Id(into));
            let kind = ChangeKind::Merged;
            Change { person: into, kind, field: Some("id"), old, new, unit_before, unit_after }
        } else {
            let (old, new) = (Said::Nothing, Said::Nothing);
            Change { person, kind: ChangeKind::Gone, field: None, old, new, unit_before, unit_after: None }
        });
    }
    changes.sort_unstable();
    Ok(Found { changes, gone, changed: affected, split })
}

fn decided(pairs: &Pairs<'_>, identity: &Identity, members: &[Option<bool>]) -> Result<Decided, PersonsError> {
    let members_before = flags(pairs.previous, "persons", "is_member")?;
    let mut decided = Decided {
        merged: FxHashMap::default(),
        split: FxHashMap::default(),
        members_by_merge: FxHashSet::default(),
        left_by_split: FxHashSet::default(),
        returned: identity.came_back.clone(),
    };
    for event in &identity.events {
        match *event {
            IdentityEvent::Merged { person, into } => {
                decided.merged.insert(person, into);
                if pairs.row_before(person).is_some_and(|row| members_before[row] == Some(true)) {
                    decided.members_by_merge.insert(into);
                }
            }
            IdentityEvent::Split { person, from } => {
                decided.split.insert(person, from);
                if pairs.ids.binary_search(&person).is_ok_and(|row| members[row] == Some(true)) {
                    decided.left_by_split.insert(from);
                }
            }
            IdentityEvent::Returned { person } => drop(decided.returned.insert(person)),
            IdentityEvent::Created { .. } | IdentityEvent::Gone { .. } => {}
        }
    }
    Ok(decided)
}

/// The changed fields that the schema names, of persons who were known before.
fn changed_fields<'a>(
    pairs: &Pairs<'a>,
    differences: &[Difference<'a>],
    schema: &PersonSchema,
    decided: &Decided,
    (before, after): (&[Option<&'a str>], &[Option<&'a str>]),
) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    for difference in differences {
        let Some(field) = schema.field(difference.column) else { continue };
        for cell in &difference.cells {
            let row = cell.row as usize;
            let person = pairs.ids[row];
            let kind = match difference.column {
                "is_member" if cell.new == Some("true") => {
                    if decided.members_by_merge.contains(&person) {
                        ChangeKind::Merged
                    } else if decided.returned.contains(&person) {
                        ChangeKind::Returned
                    } else {
                        ChangeKind::NewMember
                    }
                }
                "is_member" if cell.old == Some("true") => {
                    let split = decided.left_by_split.contains(&person);
                    if split { ChangeKind::Split } else { ChangeKind::Left }
                }
                "is_member" => continue,
                "org_unit" if cell.new.is_none() => ChangeKind::MovedOut,
                "org_unit" => ChangeKind::MovedIn,
                _ => field.change.unwrap_or(ChangeKind::Other),
            };
            let said = |text: Option<&'a str>| text.map_or(Said::Nothing, Said::Text);
            changes.push(Change {
                person,
                kind,
                field: Some(difference.column),
                old: said(cell.old),
                new: said(cell.new),
                unit_before: before[pairs.before[row] as usize],
                unit_after: after[row],
            });
        }
    }
    changes
}

/// The changes frame.
pub(super) fn frame(changes: &[Change<'_>]) -> Result<DataFrame, PersonsError> {
    let names = ["person_id", "kind", "field", "old", "new", "org_unit_before", "org_unit_after"];
    let mut builders = names.map(|name| StringChunkedBuilder::new(name.into(), changes.len()));
    for change in changes {
        builders[0].append_value(change.person.characters().as_str());
        builders[1].append_value(name(change.kind));
        builders[2].append_option(change.field);
        for (builder, said) in [(3, change.old), (4, change.new)] {
            match said {
                Said::Nothing => builders[builder].append_null(),
                Said::Text(text) => builders[builder].append_value(text),
                Said::Id(id) => builders[builder].append_value(id.characters().as_str()),
            }
        }
        builders[5].append_option(change.unit_before);
        builders[6].append_option(change.unit_after);
    }
    let columns = builders.map(|builder| builder.finish().into_column()).into_iter().collect();
    Ok(DataFrame::new(changes.len(), columns)?)
}

/// The frame of persons who are no more.
pub(super) fn gone_frame(gone: &[(PersonId, Option<PersonId>)]) -> Result<DataFrame, PersonsError> {
    let mut persons = StringChunkedBuilder::new("person_id".into(), gone.len());
    let mut heirs = StringChunkedBuilder::new("merged_into".into(), gone.len());
    for (person, into) in gone {
        persons.append_value(person.characters().as_str());
        match into {
            Some(into) => heirs.append_value(into.characters().as_str()),
            None => heirs.append_null(),
        }
    }
    Ok(DataFrame::new(gone.len(), vec![persons.finish().into_column(), heirs.finish().into_column()])?)
}

/// A kind as the changes frame writes it.
fn name(kind: ChangeKind) -> &'static str {
    super::KINDS.iter().find(|(known, _)| *known == kind).map_or("other", |(_, name)| name)
}
