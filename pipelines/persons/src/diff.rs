//! What changed since the last published run, by person, kind and field.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kartei_schemas::person::{ChangeKind, PersonSchema};
use polars_core::prelude::*;
use serde::{Deserialize, Serialize};

use crate::column::{NO_ROW, flags, integers};
use crate::{Identity, PersonsError};

mod compare;
mod kinds;
mod pairs;

use compare::Difference;
use pairs::Pairs;

/// The kinds of change by the names under which the changes frame has them.
pub(crate) const KINDS: [(ChangeKind, &str); 16] = [
    (ChangeKind::NewMember, "new_member"),
    (ChangeKind::Left, "left"),
    (ChangeKind::NewInterested, "new_interested"),
    (ChangeKind::Returned, "returned"),
    (ChangeKind::MovedIn, "moved_in"),
    (ChangeKind::MovedOut, "moved_out"),
    (ChangeKind::Name, "name"),
    (ChangeKind::BirthDate, "birth_date"),
    (ChangeKind::Address, "address"),
    (ChangeKind::Contact, "contact"),
    (ChangeKind::Consent, "consent"),
    (ChangeKind::Interest, "interest"),
    (ChangeKind::Merged, "merged"),
    (ChangeKind::Split, "split"),
    (ChangeKind::Gone, "gone"),
    (ChangeKind::Other, "other"),
];

/// The persons as they were published last; none only where nothing was ever published. An empty frame says that something
/// was, and that nobody was in it.
pub type PreviousPersons<'a> = Option<&'a DataFrame>;

/// Everything that publishing needs.
#[derive(Debug, Clone, Default)]
pub struct Diff {
    /// Whether nothing was published before: then every person is new, and there are no changes to tell of.
    pub initial: bool,
    /// All persons, sorted by id, with `updated_at` of the unchanged carried over.
    pub persons: DataFrame,
    /// The rows of `persons` that are new or differ from what was published.
    pub upserts: DataFrame,
    /// `person_id merged_into` (null: gone) of the persons that are no more.
    pub gone: DataFrame,
    /// `person_id kind field old new org_unit_before org_unit_after`, sorted by person, kind and field.
    ///
    /// A move is one row: `moved_in` with both units (`moved_out` where there is no new one). New, returned and gone
    /// persons are one row without a field. Merged and split persons are one row with field `id`: `old` is the id that
    /// was given up (or left), `new` the one that lives on (or is new). Where a merge or split is all that made somebody
    /// a member or a non-member, the kind is `merged` or `split` and not `new_member` or `left`. Fields that nobody
    /// is told of have the kind `other`.
    pub changes: DataFrame,
    /// Counts for guards and report.
    pub counts: ChangeCounts,
}

/// How much changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ChangeCounts {
    /// Persons published before; none in a first run.
    pub before: Option<u64>,
    /// Persons now.
    pub after: u64,
    /// Members among them.
    pub members: u64,
    /// Persons with a new id, splits included.
    pub created: u64,
    /// Ids given up because two persons turned out to be one.
    pub merged: u64,
    /// Ids that left another because one person turned out to be two.
    pub split: u64,
    /// Persons without records.
    pub gone: u64,
    /// Persons of before with at least one changed field.
    pub changed: u64,
    /// Distinct persons with any change.
    pub persons: u64,
    /// Distinct persons by kind of change.
    pub kinds: BTreeMap<ChangeKind, u64>,
    /// How each field changed, in the order of the person schema.
    pub fields: Vec<FieldChanges>,
}

/// How one field changed in persons that were known before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct FieldChanges {
    /// The person field.
    pub field: String,
    /// It was empty and is filled.
    pub filled: u64,
    /// It has another value.
    pub replaced: u64,
    /// It was filled and is empty.
    pub emptied: u64,
}

/// Compares the persons with what was published last.
///
/// `persons` are the golden persons, sorted by id. Columns are compared by name; one that was not published before was
/// empty.
pub fn diff(
    previous: PreviousPersons<'_>,
    persons: &DataFrame,
    identity: &Identity,
    schema: &PersonSchema,
    now: DateTime<Utc>,
) -> Result<Diff, PersonsError> {
    let members = flags(persons, "persons", "is_member")?.iter().filter(|member| **member == Some(true)).count() as u64;
    let after = persons.height() as u64;
    let Some(previous) = previous else {
        let counts = ChangeCounts { after, members, created: after, ..ChangeCounts::default() };
        let (gone, changes) = (kinds::gone_frame(&[])?, kinds::frame(&[])?);
        return Ok(Diff { initial: true, persons: persons.clone(), upserts: persons.clone(), gone, changes, counts });
    };
    // A night in which nobody was left has no columns either.
    let nobody = persons.head(Some(0));
    let previous = if previous.width() == 0 { &nobody } else { previous };
    let pairs = Pairs::read(previous, persons)?;
    let differences = compare::all(&pairs)?;
    let renewed = changed_rows(&pairs, &differences);
    let persons = carry_times(&pairs, &renewed, now)?;
    let found = kinds::find(&pairs, &differences, identity, schema)?;
    let upserts = persons.filter(&renewed.iter().map(|renewed| Some(*renewed)).collect::<BooleanChunked>())?;
    let known: u64 = pairs.before.iter().filter(|row| **row != NO_ROW).count() as u64;
    let (mut kinds, mut people) = (BTreeMap::new(), 0);
    for of_person in found.changes.chunk_by(|left, right| left.person == right.person) {
        people += 1;
        for of_kind in of_person.chunk_by(|left, right| left.kind == right.kind) {
            *kinds.entry(of_kind[0].kind).or_default() += 1;
        }
    }
    let counts = ChangeCounts {
        before: Some(previous.height() as u64),
        after,
        members,
        created: after - known,
        merged: found.gone.iter().filter(|(_, into)| into.is_some()).count() as u64,
        split: found.split,
        gone: found.gone.iter().filter(|(_, into)| into.is_none()).count() as u64,
        changed: found.changed,
        persons: people,
        kinds,
        fields: field_counts(&differences, schema),
    };
    let (gone, changes) = (kinds::gone_frame(&found.gone)?, kinds::frame(&found.changes)?);
    Ok(Diff { initial: false, persons, upserts, gone, changes, counts })
}

/// Persons who are new, or of whom anything differs.
fn changed_rows(pairs: &Pairs<'_>, differences: &[Difference<'_>]) -> Vec<bool> {
    let mut changed: Vec<bool> = pairs.before.iter().map(|before| *before == NO_ROW).collect();
    for cell in differences.iter().flat_map(|difference| &difference.cells) {
        changed[cell.row as usize] = true;
    }
    changed
}

/// `updated_at` stays where nothing changed.
fn carry_times(pairs: &Pairs<'_>, changed: &[bool], now: DateTime<Utc>) -> Result<DataFrame, PersonsError> {
    let old = integers(pairs.previous, "persons", "updated_at")?;
    let times = pairs.before.iter().zip(changed).map(|(before, changed)| {
        let kept = old.get(*before as usize).copied().flatten().filter(|_| !changed);
        kept.unwrap_or(now.timestamp_millis())
    });
    let column = Column::new("updated_at".into(), times.collect::<Vec<i64>>());
    let columns = pairs.persons.columns().iter();
    let columns = columns.map(|old| if old.name() == "updated_at" { column.clone() } else { old.clone() });
    Ok(DataFrame::new(pairs.persons.height(), columns.collect())?)
}

fn field_counts(differences: &[Difference<'_>], schema: &PersonSchema) -> Vec<FieldChanges> {
    let named =
        schema.columns().filter_map(|field| differences.iter().find(|difference| difference.column == field.name));
    let count = |difference: &Difference<'_>| {
        let mut counts = FieldChanges { field: difference.column.to_owned(), ..FieldChanges::default() };
        for cell in &difference.cells {
            *match (cell.old, cell.new) {
                (None, _) => &mut counts.filled,
                (_, None) => &mut counts.emptied,
                _ => &mut counts.replaced,
            } += 1;
        }
        counts
    };
    named.map(count).collect()
}

#[cfg(test)]
#[path = "diff/tests.rs"]
mod tests;
