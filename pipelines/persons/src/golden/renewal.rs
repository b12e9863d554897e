//! Whose golden row must be made anew.

use rayon::prelude::*;

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
    let spoken_of = spoken_of(input)?;
    let mut touched = vec![false; groups.len()];
    for (group, (touched, id)) in (0_u32..).zip(touched.iter_mut().zip(&groups.ids)) {
        // A day of leaving may have come since the last run without any change in the record.
        let by_row = groups.rows(group).iter().any(|&row| {
            let row = row as usize;
            rows[row] || left[row].is_some() || spoken_of.get(row).copied().unwrap_or(false)
        });
        *touched = by_row || known.binary_search(id).is_err() || input.identity.recomposed.contains(id);
    }
    let set = overrides.values().flat_map(|of_field| of_field.keys().copied());
    let heard = groups_of_desk(input, groups);
    for group in persons.iter().filter_map(|person| groups.find(*person)).chain(set).chain(heard) {
        touched[group as usize] = true;
    }
    Ok((0..).zip(&touched).filter(|(_, touched)| **touched).map(|(group, _)| group).collect())
}

/// Whether somebody's no to each record's mail address was heard or changed in this run; empty where there is none.
fn spoken_of(input: &GoldenInput<'_>) -> Result<Vec<bool>, PersonsError> {
    let fresh = input.ledger.fresh();
    if fresh.addresses.is_empty() {
        return Ok(Vec::new());
    }
    let height = input.records.height();
    let column = |name| Ok::<_, PersonsError>(cells(optional_text(input.records, "records", name)?, height));
    let (keys, mails) = (column("email_key")?, column("email")?);
    let is_meant = |mail: &str| {
        fresh.mails.contains(mail) || (fresh.is_hidden && fresh.addresses.contains(&input.ledger.hash(mail)))
    };
    let mails: Vec<Option<&str>> = keys.into_iter().zip(mails).map(|(key, mail)| key.or(mail)).collect();
    Ok(mails.into_par_iter().map(|mail| mail.is_some_and(is_meant)).collect())
}

/// The persons of whom something was heard at the desk, also those that are merged into others since.
fn groups_of_desk(input: &GoldenInput<'_>, groups: &Groups) -> Vec<u32> {
    let entries = &input.identity.entries;
    let heirs = |id: PersonId| {
        let entry = entries.former.iter().filter(move |(_, former)| former.iter().any(|former| former.id == id));
        entry.filter_map(|(entry, _)| groups.find(entries.persons[*entry as usize]))
    };
    input.ledger.fresh().persons.iter().flat_map(|id| groups.find(*id).into_iter().chain(heirs(*id))).collect()
}

/// The ids of a persons frame.
pub(super) fn ids(persons: &polars_core::prelude::DataFrame) -> Result<Vec<PersonId>, PersonsError> {
    let parsed = text(persons, "persons", "id")?
        .iter()
        .enumerate()
        .map(|(row, id)| id.and_then(|id| id.parse().ok()).ok_or(PersonsError::BadId { frame: "persons", row }));
    parsed.collect()
}
