//! Whose golden row must be made anew.

use super::groups::{Groups, index};
use super::{COLUMNS, GoldenInput, Touched};
use crate::column::{cells, optional_text, text};
use crate::overrides::ByField;
use crate::{PersonId, PersonsError};

/// The groups to make anew, ascending: all, or those whose records, composition or overrides may say something new.
pub(super) fn choose(
    input: &GoldenInput<'_>,
    groups: &Groups,
    overrides: &ByField<'_>,
) -> Result<Vec<u32>, PersonsError> {
    let everybody = || (0..index(groups.len())).collect();
    let Touched::Only { rows, persons } = input.touched else { return Ok(everybody()) };
    let height = input.records.height();
    if rows.len() != height {
        return Err(PersonsError::WrongLength { what: "the list of touched rows", found: rows.len(), wanted: height });
    }
    let Some(previous) = input.previous else { return Ok(everybody()) };
    let further = input.schema.columns().map(|field| field.name.as_str());
    if COLUMNS.into_iter().chain(further).any(|column| previous.column(column).is_err()) {
        return Ok(everybody());
    }
    let mut known: Vec<PersonId> = ids(previous)?;
    known.sort_unstable();
    let left = cells(optional_text(input.records, "records", "left_on")?, height);
    let mut touched = vec![false; groups.len()];
    for (group, (touched, id)) in (0_u32..).zip(touched.iter_mut().zip(&groups.ids)) {
        // A day of leaving may have come since the last run without any change in the record.
        let by_row = groups.rows(group).iter().any(|&row| rows[row as usize] || left[row as usize].is_some());
        *touched = by_row || known.binary_search(id).is_err() || input.identity.recomposed.contains(id);
    }
    let set = overrides.values().flat_map(|of_field| of_field.keys().copied());
    for group in persons.iter().filter_map(|person| groups.find(*person)).chain(set) {
        touched[group as usize] = true;
    }
    Ok((0..).zip(&touched).filter(|(_, touched)| **touched).map(|(group, _)| group).collect())
}

/// The ids of a persons frame.
pub(super) fn ids(persons: &polars_core::prelude::DataFrame) -> Result<Vec<PersonId>, PersonsError> {
    let parsed = text(persons, "persons", "id")?
        .iter()
        .enumerate()
        .map(|(row, id)| id.and_then(|id| id.parse().ok()).ok_or(PersonsError::BadId { frame: "persons", row }));
    parsed.collect()
}
