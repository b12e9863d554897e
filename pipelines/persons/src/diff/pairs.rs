//! Persons of before and of now, side by side.

use polars_core::prelude::*;

use crate::column::{NO_ROW, text};
use crate::{PersonId, PersonsError};

/// Both frames, and which row of one is which row of the other.
pub(super) struct Pairs<'a> {
    pub(super) previous: &'a DataFrame,
    pub(super) persons: &'a DataFrame,
    pub(super) ids_before: Vec<PersonId>,
    pub(super) ids: Vec<PersonId>,
    /// For each person now the row of before, or [`NO_ROW`].
    pub(super) before: Vec<u32>,
    /// Rows of before without a person now, in the order of their ids.
    pub(super) lost: Vec<u32>,
    /// Rows of before, in the order of their ids.
    order: Vec<u32>,
}

impl<'a> Pairs<'a> {
    pub(super) fn read(previous: &'a DataFrame, persons: &'a DataFrame) -> Result<Self, PersonsError> {
        let (ids_before, ids) = (ids(previous)?, ids(persons)?);
        let (order, order_now) = (order(&ids_before), order(&ids));
        let mut before = vec![NO_ROW; ids.len()];
        let mut lost = Vec::new();
        let mut old = order.iter().copied().peekable();
        for row in order_now {
            let id = ids[row as usize];
            lost.extend(std::iter::from_fn(|| old.next_if(|&row| ids_before[row as usize] < id)));
            if let Some(found) = old.next_if(|&row| ids_before[row as usize] == id) {
                before[row as usize] = found;
            }
        }
        lost.extend(old);
        Ok(Self { previous, persons, ids_before, ids, before, lost, order })
    }

    /// The row of before of a person.
    pub(super) fn row_before(&self, person: PersonId) -> Option<usize> {
        let place = self.order.binary_search_by_key(&person, |&row| self.ids_before[row as usize]).ok()?;
        Some(self.order[place] as usize)
    }
}

fn ids(persons: &DataFrame) -> Result<Vec<PersonId>, PersonsError> {
    let ids = text(persons, "persons", "id")?.iter().enumerate();
    ids.map(|(row, id)| id.and_then(|id| id.parse().ok()).ok_or(PersonsError::BadId { frame: "persons", row }))
        .collect()
}

fn order(ids: &[PersonId]) -> Vec<u32> {
    let mut order: Vec<u32> = (0_u32..).take(ids.len()).collect();
    if !ids.is_sorted() {
        order.sort_unstable_by_key(|row| ids[*row as usize]);
    }
    order
}
