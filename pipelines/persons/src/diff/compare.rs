//! Which cells differ between the persons of before and of now.

use polars_core::prelude::*;
use rayon::prelude::*;

use super::pairs::Pairs;
use crate::PersonsError;
use crate::column::{NO_ROW, cells, flags, integers, optional_text};

/// Columns that say nothing of the person.
const NOT_COMPARED: [&str; 3] = ["id", "first_seen", "updated_at"];

/// The cells of one column that differ, in the order of persons; new persons are left out.
pub(super) struct Difference<'a> {
    pub(super) column: &'a str,
    pub(super) cells: Vec<Cell<'a>>,
}

/// A cell before and now. Of numbers only the fact is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    /// The row of the person now.
    pub(super) row: u32,
    pub(super) old: Option<&'a str>,
    pub(super) new: Option<&'a str>,
}

/// All columns, in the order of the persons frame.
pub(super) fn all<'a>(pairs: &Pairs<'a>) -> Result<Vec<Difference<'a>>, PersonsError> {
    let columns: Vec<&Column> =
        pairs.persons.columns().iter().filter(|column| !NOT_COMPARED.contains(&column.name().as_str())).collect();
    columns.into_par_iter().map(|column| compare(pairs, column)).collect()
}

fn compare<'a>(pairs: &Pairs<'a>, column: &'a Column) -> Result<Difference<'a>, PersonsError> {
    let name = column.name().as_str();
    let (previous, persons) = (pairs.previous, pairs.persons);
    let differing = match column.dtype() {
        DataType::String => {
            let old = cells(optional_text(previous, "persons", name)?, previous.height());
            let new = cells(optional_text(persons, "persons", name)?, persons.height());
            walk(pairs, &old, &new, |cell| cell)
        }
        DataType::Boolean => {
            let (old, new) = (flags(previous, "persons", name)?, flags(persons, "persons", name)?);
            walk(pairs, &old, &new, |flag| flag.map(|flag| if flag { "true" } else { "false" }))
        }
        _ => {
            let wide = |frame: &DataFrame| -> Result<Vec<Option<i64>>, PersonsError> {
                let Ok(column) = frame.column(name) else { return Ok(vec![None; frame.height()]) };
                let wide = DataFrame::new(frame.height(), vec![column.cast(&DataType::Int64)?])?;
                integers(&wide, "persons", name)
            };
            walk(pairs, &wide(previous)?, &wide(persons)?, |number| number.map(|_| "number"))
        }
    };
    Ok(Difference { column: name, cells: differing })
}

fn walk<'a, T: PartialEq + Copy>(
    pairs: &Pairs<'a>,
    old: &[T],
    new: &[T],
    text: impl Fn(T) -> Option<&'a str>,
) -> Vec<Cell<'a>> {
    let known = (0_u32..).zip(&pairs.before).zip(new).filter(|((_, before), _)| **before != NO_ROW);
    let differing = known.filter(|((_, before), new)| old[**before as usize] != **new);
    differing.map(|((row, before), new)| Cell { row, old: text(old[*before as usize]), new: text(*new) }).collect()
}
