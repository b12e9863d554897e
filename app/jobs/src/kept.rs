//! What cannot be read never clears what could be: the record's last readable value stands.

use std::collections::BTreeMap;

use kartei_schemas::frame::{
    CITY, EMAIL, EMAIL_KEY, GIVEN_NAME, HOUSE_NUMBER, KEY, POSTAL_CODE, SALUTATION, SEX, STREET, SURNAME,
};
use polars_core::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::records::{Delivered, of_source};

/// A value that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The row in its frame.
    pub row: usize,
    /// The record's key.
    pub key: String,
    /// The person field.
    pub field: String,
}

/// A row: which frame, and where in it. Earlier states come first.
type Place = (usize, usize);

/// Fills the fields that could not be read with what the record's earlier states say. Rows that could be read cost nothing.
pub fn keep_readable(source: &str, previous: Option<&DataFrame>, news: &mut Delivered) -> PolarsResult<()> {
    let wanted: FxHashSet<String> = news.unreadable.iter().flatten().map(|value| value.key.clone()).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let before = match previous {
        Some(previous) if !news.anew => of_source(previous, source)?,
        _ => DataFrame::empty(),
    };
    let mut frames: Vec<DataFrame> = std::iter::once(before).chain(news.rows.iter().cloned()).collect();
    let states = states_of(&frames, &wanted)?;
    for (index, values) in news.unreadable.iter().enumerate() {
        let index = index + 1;
        let mut fixes: BTreeMap<&str, Vec<(usize, Place)>> = BTreeMap::new();
        for value in values {
            let own = (index, value.row);
            let earlier = states.get(value.key.as_str()).and_then(|all| all.iter().rev().find(|place| **place < own));
            for column in earlier.iter().flat_map(|_| columns_of(&value.field)) {
                fixes.entry(column).or_default().extend(earlier.map(|place| (value.row, *place)));
            }
        }
        for (column, fixes) in fixes {
            if let Some(mended) = mended(&frames, (index, column), &fixes)? {
                frames[index].with_column(mended)?;
            }
        }
    }
    news.rows = frames.split_off(1);
    Ok(())
}

/// Where the states of these records are, the earliest first.
fn states_of(frames: &[DataFrame], wanted: &FxHashSet<String>) -> PolarsResult<FxHashMap<String, Vec<Place>>> {
    let mut states: FxHashMap<String, Vec<Place>> = FxHashMap::default();
    for (index, frame) in frames.iter().enumerate().filter(|(_, frame)| frame.height() > 0) {
        for (row, key) in frame.column(KEY)?.str()?.iter().enumerate() {
            if let Some(key) = key.filter(|key| wanted.contains(*key)) {
                states.entry(key.to_owned()).or_default().push((index, row));
            }
        }
    }
    Ok(states)
}

/// A column with the gaps filled from where the record's earlier states are; none where it is of a kind that is not kept.
fn mended(
    frames: &[DataFrame],
    (index, column): (usize, &str),
    fixes: &[(usize, Place)],
) -> PolarsResult<Option<Column>> {
    let Ok(old) = frames[index].column(column) else { return Ok(None) };
    let of = |place: &Place| frames[place.0].column(column).ok();
    match old.dtype() {
        DataType::String => {
            let mut values: Vec<Option<&str>> = old.str()?.iter().collect();
            for (row, place) in fixes.iter().filter(|(row, _)| old.str().is_ok_and(|texts| texts.get(*row).is_none())) {
                values[*row] = of(place).and_then(|earlier| earlier.str().ok()?.get(place.1));
            }
            Ok(Some(StringChunked::from_iter_options(column.into(), values.into_iter()).into_column()))
        }
        DataType::Boolean => {
            let mut values: Vec<Option<bool>> = old.bool()?.iter().collect();
            for (row, place) in fixes {
                if values[*row].is_none() {
                    values[*row] = of(place).and_then(|earlier| earlier.bool().ok()?.get(place.1));
                }
            }
            Ok(Some(BooleanChunked::from_iter_options(column.into(), values.into_iter()).into_column()))
        }
        _ => Ok(None),
    }
}

/// The columns that a field fills. What was consented to is a matter of its own.
fn columns_of(field: &str) -> Vec<&str> {
    match field {
        "consents" | "answers" => Vec::new(),
        EMAIL => vec![EMAIL, EMAIL_KEY],
        "full_name" => vec![GIVEN_NAME, SURNAME],
        "address" => vec![STREET, HOUSE_NUMBER],
        "postal_code_city" => vec![POSTAL_CODE, CITY],
        SALUTATION => vec![SALUTATION, SEX],
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(cells: &[(&str, Option<&str>)]) -> DataFrame {
        let keys: Vec<&str> = cells.iter().map(|cell| cell.0).collect();
        let dates: Vec<Option<&str>> = cells.iter().map(|cell| cell.1).collect();
        df!("source" => vec!["members"; cells.len()], KEY => keys, "birth_date" => dates).unwrap()
    }

    fn unreadable(row: usize, key: &str) -> Unreadable {
        Unreadable { row, key: key.to_owned(), field: "birth_date".to_owned() }
    }

    fn dates(frame: &DataFrame) -> Vec<Option<String>> {
        frame.column("birth_date").unwrap().str().unwrap().iter().map(|date| date.map(str::to_owned)).collect()
    }

    #[test]
    fn what_cannot_be_read_leaves_the_last_readable_value_and_what_is_empty_clears_it() {
        let previous = rows(&[("1", Some("1984-03-05")), ("2", Some("1990-01-02")), ("3", None)]);
        let mut news = Delivered {
            rows: vec![rows(&[("1", None), ("2", None), ("3", None), ("4", None)]), rows(&[("1", None)])],
            unreadable: vec![
                vec![unreadable(0, "1"), unreadable(2, "3"), unreadable(3, "4")],
                vec![unreadable(0, "1")],
            ],
            ..Delivered::default()
        };
        keep_readable("members", Some(&previous), &mut news).unwrap();
        let kept = Some("1984-03-05".to_owned());
        assert_eq!(dates(&news.rows[0]), [kept.clone(), None, None, None]);
        assert_eq!(dates(&news.rows[1]), [kept], "however often it comes");
    }

    #[test]
    fn a_source_that_is_made_anew_keeps_what_its_own_deliveries_said() {
        let previous = rows(&[("1", Some("1999-09-09"))]);
        let mut news = Delivered {
            rows: vec![rows(&[("1", Some("1984-03-05"))]), rows(&[("1", None)])],
            unreadable: vec![Vec::new(), vec![unreadable(0, "1")]],
            anew: true,
            ..Delivered::default()
        };
        keep_readable("members", Some(&previous), &mut news).unwrap();
        assert_eq!(dates(&news.rows[1]), [Some("1984-03-05".to_owned())]);
    }
}
