//! The persons frame, put together from the fields and from what was published last.

use kartei_schemas::person::{FieldKind, PersonSchema};
use polars_core::prelude::*;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::field::Field;
use super::groups::index;
use super::work::Work;
use super::{Golden, figures, renewal, values};
use crate::column::{NO_ROW, cells, flags, optional_text};
use crate::{PersonId, PersonsError, household, org};

/// The columns of a persons frame, in order: text unless said otherwise.
///
/// `is_member` is Boolean, `records` `UInt32`, `first_seen` and `updated_at` `Int64` (milliseconds UTC); `interests`,
/// `consents` (one entry a purpose), `answers` and `sources` are JSON arrays.
pub const COLUMNS: [&str; 31] = [
    "id",
    "salutation",
    "title",
    "given_name",
    "surname",
    "birth_surname",
    "name_suffix",
    "sex",
    "birth_date",
    "email",
    "mobile",
    "phone",
    "street",
    "house_number",
    "address_extra",
    "postal_code",
    "city",
    "country",
    "membership_number",
    "is_member",
    "joined_on",
    "left_on",
    "org_unit",
    "interests",
    "consents",
    "answers",
    "household_id",
    "sources",
    "records",
    "first_seen",
    "updated_at",
];
/// Columns that no record fills by itself.
const MADE: [&str; 7] = ["id", "is_member", "household_id", "sources", "records", "first_seen", "updated_at"];

/// The fields that records fill, in the order of the persons frame; what only the schema names comes last.
pub(super) fn text_fields(schema: &PersonSchema) -> Vec<&str> {
    let mut fields: Vec<&str> = COLUMNS.into_iter().filter(|name| !MADE.contains(name)).collect();
    let further = schema.columns().filter(|field| field.kind != FieldKind::Attributes).map(|field| field.name.as_str());
    fields.extend(further.filter(|name| !COLUMNS.contains(name)));
    fields
}

/// Puts everything together.
pub(super) fn golden(work: &Work<'_>, fields: Vec<Field<'_>>) -> Result<Golden, PersonsError> {
    let values = values::frame(work, &fields)?;
    let mut statistics = figures::count(work)?;
    let mut columns: FxHashMap<&str, Column> = FxHashMap::default();
    columns.insert("is_member", members(work).with_name("is_member".into()).into_column());
    let order: Vec<&str> = fields.iter().map(|field| field.name).filter(|name| !COLUMNS.contains(name)).collect();
    for field in fields {
        statistics.survival.push(field.survival);
        columns.insert(field.name, field.column);
    }
    if work.chosen.len() < work.groups.len()
        && let Some(previous) = work.input.previous
    {
        let places = places(work, previous)?;
        columns.par_iter_mut().try_for_each(|(name, column)| -> PolarsResult<()> {
            let mut both = column.clone();
            both.append(previous.column(name)?)?;
            *column = both.rechunk().take(&places)?;
            Ok(())
        })?;
    }
    let (organised, (at_home, made)) = rayon::join(
        || place_in_organisation(work, &columns),
        || rayon::join(|| households(work), || (made_columns(work), figures::sources(work))),
    );
    let ((units, counted), (households, shared), (made, sources)) = (organised?, at_home?, made);
    (statistics.org, statistics.households) = (counted, shared);
    columns.insert("org_unit", units);
    for column in made.into_iter().chain([households, sources]) {
        let name = MADE.into_iter().find(|name| column.name() == *name).unwrap_or("id");
        columns.insert(name, column);
    }
    let ordered = COLUMNS.into_iter().chain(order).filter_map(|name| columns.remove(name)).collect();
    let persons = DataFrame::new(work.groups.len(), ordered)?;
    statistics.consents = figures::consents(&persons)?;
    let renewed = work.chosen.iter().map(|group| work.groups.ids[*group as usize]).collect();
    Ok(Golden { persons, values, renewed, statistics })
}

/// Whether each chosen person is a member today.
fn members(work: &Work<'_>) -> BooleanChunked {
    let set = work.overrides.get("is_member");
    let member = |group: &u32| match set.and_then(|set| set.get(group)) {
        Some(value) => *value == Some("true"),
        None => work.groups.rows(*group).iter().any(|row| work.current[*row as usize]),
    };
    work.chosen.iter().map(|group| Some(member(group))).collect()
}

/// For each person the place among the chosen, or behind them in what was published last.
fn places(work: &Work<'_>, previous: &DataFrame) -> Result<IdxCa, PersonsError> {
    let known: FxHashMap<PersonId, u32> = renewal::ids(previous)?.into_iter().zip(0..).collect();
    let chosen = index(work.chosen.len());
    let mut next = work.chosen.iter().copied().zip(0_u32..).peekable();
    let place = |(group, id): (u32, &PersonId)| {
        let fresh = next.next_if(|(chosen, _)| *chosen == group).map(|(_, place)| place);
        fresh.or_else(|| known.get(id).map(|row| chosen + row))
    };
    Ok((0_u32..).zip(&work.groups.ids).map(place).collect())
}

fn place_in_organisation(
    work: &Work<'_>,
    columns: &FxHashMap<&str, Column>,
) -> Result<(Column, org::OrgStatistics), PersonsError> {
    let own = ["is_member", "org_unit", "postal_code"].into_iter().filter_map(|name| columns.get(name).cloned());
    let slim = DataFrame::new(work.groups.len(), own.collect())?;
    let people = org::People {
        members: flags(&slim, "persons", "is_member")?,
        units: cells(optional_text(&slim, "persons", "org_unit")?, slim.height()),
        postal_codes: cells(optional_text(&slim, "persons", "postal_code")?, slim.height()),
        pinned: work.overrides.get("org_unit"),
    };
    let (units, counted) = org::assign(&people, work.input.tree);
    Ok((units.into_column(), counted))
}

/// The household ids, and how many households there are.
fn households(work: &Work<'_>) -> Result<(Column, u64), PersonsError> {
    let group_of_row = work.groups.group_of_row();
    let members = work.input.households.iter().copied().zip(group_of_row).collect();
    let shared = household::group(members, work.groups.len());
    let mut before: FxHashMap<PersonId, PersonId> = FxHashMap::default();
    if let Some(previous) = work.input.previous
        && let Some(column) = optional_text(previous, "persons", "household_id")?
    {
        for (person, household) in renewal::ids(previous)?.into_iter().zip(column.iter()) {
            before.extend(household.and_then(|household| household.parse().ok()).map(|household| (person, household)));
        }
    }
    let ids = household::assign(&work.groups.ids, &shared, &before, work.input.issuer);
    let mut builder = StringChunkedBuilder::new("household_id".into(), ids.len());
    for id in &ids {
        match id {
            Some(id) => builder.append_value(id.characters().as_str()),
            None => builder.append_null(),
        }
    }
    let count = shared.iter().flatten().max().map_or(0, |last| u64::from(*last) + 1);
    Ok((builder.finish().into_column(), count))
}

/// Id, number of records and times of all persons.
fn made_columns(work: &Work<'_>) -> Vec<Column> {
    let groups = &work.groups;
    let entries = &work.input.identity.entries;
    let mut ids = StringChunkedBuilder::new("id".into(), groups.len());
    let mut records = Vec::with_capacity(groups.len());
    let mut first_seen = Vec::with_capacity(groups.len());
    for (group, id) in (0_u32..).zip(&groups.ids) {
        let rows = groups.rows(group);
        ids.append_value(id.characters().as_str());
        records.push(index(rows.len()));
        let seen = rows.iter().map(|row| groups.entry_of_row[*row as usize]).filter(|entry| *entry != NO_ROW);
        let seen = seen.chain(groups.gone_entries(group)).map(|entry| entries.first_seen[entry as usize]);
        first_seen.push(seen.min().unwrap_or(work.input.now.timestamp_millis()));
    }
    vec![
        ids.finish().into_column(),
        Column::new("records".into(), records),
        Column::new("first_seen".into(), first_seen),
        Column::new("updated_at".into(), vec![work.input.now.timestamp_millis(); groups.len()]),
    ]
}
