//! From cells to columns: each column takes the first value that a field has for it.

use std::collections::BTreeMap;

use kartei_schemas::frame;
use polars_core::prelude::{BooleanChunked, Column, DataType, IntoColumn, PlSmallStr, StringChunkedBuilder};
use rustc_hash::FxHashMap;

use super::cell::{Part, tells};
use super::chunk::{Chunk, LAST_BIT, bit};
use super::field::FieldCells;
use super::json::Member;
use super::plan::{FieldPlan, Origin, Plan};
use super::texts::Texts;
use crate::email::email_key;
use crate::problem::Warnings;
use crate::text::{MAX_TEXT_LENGTH, cut};

/// All columns of the result, in their order. What is written already is taken over.
pub(super) fn columns(
    plan: &Plan<'_>,
    fields: &[FieldCells<'_>],
    mut written: BTreeMap<&str, Column>,
    rows: usize,
) -> Vec<Column> {
    plan.columns
        .iter()
        .map(|(name, kind)| match written.remove(name.as_str()) {
            Some(column) => column,
            None if name == frame::EMAIL_KEY => email_keys(&givers(plan, fields, frame::EMAIL), rows),
            None => column(name, kind, &givers(plan, fields, name), rows),
        })
        .collect()
}

/// The canonical mail address of each row, as it will stand in its column.
pub(super) fn mail_addresses<'a>(plan: &Plan<'_>, fields: &'a [FieldCells<'a>], rows: usize) -> Vec<Option<&'a str>> {
    let givers = givers(plan, fields, frame::EMAIL);
    (0..rows).map(|row| givers.iter().find_map(|giver| giver.value(row))).collect()
}

/// A field that has values for a column: its own, or told beside its own.
enum Giver<'a> {
    Own(&'a FieldCells<'a>),
    Told(&'a FieldCells<'a>, Part),
}

impl<'a> Giver<'a> {
    fn value(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Own(field) => field.own(row),
            Self::Told(field, part) => field.told(row, *part),
        }
    }
}

/// The fields that may fill a column: the one of its name, then the others in the order of their names.
fn givers<'a>(plan: &Plan<'_>, fields: &'a [FieldCells<'a>], column: &str) -> Vec<Giver<'a>> {
    let is_own = |field: &FieldPlan| field.name == column && !field.kind.is_composite();
    let both = || plan.fields.iter().zip(fields);
    let own = both().filter(|(field, _)| is_own(field)).map(|(_, cells)| Giver::Own(cells));
    let told = both().filter(|(field, _)| !is_own(field)).filter_map(|(field, cells)| {
        let part = tells(field.kind).iter().find(|part| part.column() == column)?;
        let any = cells.cells.iter().any(|cell| cell.told(*part).is_some());
        any.then_some(Giver::Told(cells, *part))
    });
    own.chain(told).collect()
}

fn column(name: &str, kind: &DataType, givers: &[Giver<'_>], rows: usize) -> Column {
    let name: PlSmallStr = name.into();
    if givers.is_empty() {
        return Column::full_null(name, rows, kind);
    }
    let value = |row: usize| givers.iter().find_map(|giver| giver.value(row));
    if kind == &DataType::Boolean {
        let flags: BooleanChunked = (0..rows).map(|row| value(row).map(|text| text == "true")).collect();
        return flags.with_name(name).into_column();
    }
    let mut texts = StringChunkedBuilder::new(name, rows);
    for row in 0..rows {
        texts.append_option(value(row));
    }
    texts.finish().into_column()
}

fn email_keys(givers: &[Giver<'_>], rows: usize) -> Column {
    let mut keys = StringChunkedBuilder::new(frame::EMAIL_KEY.into(), rows);
    for row in 0..rows {
        keys.append_option(givers.iter().find_map(|giver| giver.value(row)).map(email_key));
    }
    keys.finish().into_column()
}

/// JSON objects of the texts whose canonical form differs.
pub(super) fn received(chunk: &Chunk<'_>, received: &[Texts<'_>], fields: &[FieldCells<'_>]) -> Column {
    let every = chunk.differing.iter().fold(0, |all, row| all | row);
    let mut order: Vec<(usize, &FieldPlan, &Texts<'_>, &FieldCells<'_>)> = (0..)
        .zip(&chunk.plan.fields)
        .zip(received.iter().zip(fields))
        .map(|((place, field), (texts, cells))| (place, field, texts, cells))
        .filter(|(place, field, ..)| {
            every & bit(*place) != 0 && !matches!(field.origin, Origin::Constant(_) | Origin::Missing)
        })
        .collect();
    order.sort_by(|(_, one, ..), (_, other, ..)| one.name.cmp(&other.name));
    let members: Vec<Member> = order.iter().map(|(_, field, ..)| Member::of(&field.name)).collect();
    let mut texts = StringChunkedBuilder::new(frame::RECEIVED.into(), chunk.differing.len());
    let mut object = String::new();
    for (row, differing) in chunk.differing.iter().enumerate() {
        object.clear();
        object.push('{');
        for ((place, _, texts, cells), member) in order.iter().zip(&members) {
            // Below the last bit, which several fields may share, the bit tells all.
            let differs =
                differing & bit(*place) != 0 && (*place < LAST_BIT || cells.get(row).is_some_and(|cell| cell.differs));
            if differs && let Some(text) = texts.get(row) {
                member.push(&mut object, &cut(text, MAX_TEXT_LENGTH));
            }
        }
        if object.len() > 1 {
            object.push('}');
            texts.append_value(&object);
        } else {
            texts.append_null();
        }
    }
    texts.finish().into_column()
}

/// JSON arrays of the warnings' codes; counts them too.
pub(super) fn warnings(chunk: &mut Chunk<'_>) -> Column {
    let mut written: FxHashMap<Warnings, (String, u64)> = FxHashMap::default();
    let mut texts = StringChunkedBuilder::new(frame::WARNINGS.into(), chunk.warnings.len());
    for warnings in &chunk.warnings {
        if warnings.is_empty() {
            texts.append_null();
            continue;
        }
        let (text, count) = written.entry(*warnings).or_insert_with(|| (codes(*warnings), 0));
        *count += 1;
        texts.append_value(text.as_str());
    }
    for (warnings, (_, count)) in written {
        for warning in warnings.iter() {
            *chunk.statistics.warnings.entry(warning.code().to_owned()).or_default() += count;
        }
    }
    texts.finish().into_column()
}

fn codes(warnings: Warnings) -> String {
    let quoted: Vec<String> = warnings.iter().map(|warning| format!("\"{}\"", warning.code())).collect();
    format!("[{}]", quoted.join(","))
}
