//! The values frame: every distinct value of each person's fields, which record holds it, and why it won or lost.

use polars_core::prelude::*;
use rayon::slice::ParallelSliceMut;

use super::field::{Field, Value};
use super::groups::index;
use super::survive::Reason;
use super::work::Work;
use crate::PersonsError;
use crate::column::NO_ROW;

/// Builds the frame, sorted by person, field, survivor first.
pub(super) fn frame(work: &Work<'_>, fields: &[Field<'_>]) -> Result<DataFrame, PersonsError> {
    let mut lines: Vec<(u32, u32, Value)> = Vec::new();
    for (field, of_field) in (0..).zip(fields) {
        lines.extend(of_field.values.iter().map(|value| (value.group, field, *value)));
    }
    let entries = &work.groups.entry_of_row;
    lines.par_sort_unstable_by_key(|(group, field, value)| {
        (*group, *field, !value.survives, entries[value.row as usize])
    });
    let rows: IdxCa = lines.iter().map(|(_, _, value)| Some(IdxSize::from(value.row))).collect();
    let take = |name: &str| -> Result<Column, PersonsError> { Ok(work.input.records.column(name)?.take(&rows)?) };
    let mut persons = StringChunkedBuilder::new("person_id".into(), lines.len());
    for (group, _, _) in &lines {
        persons.append_value(work.groups.ids[*group as usize].characters().as_str());
    }
    let field_names = StringChunked::from_iter_values("field".into(), fields.iter().map(|field| field.name));
    let fields_of: IdxCa = lines.iter().map(|(_, field, _)| Some(IdxSize::from(*field))).collect();
    let reason_names = StringChunked::from_iter_values("reason".into(), Reason::ALL.iter().map(|(_, name)| *name));
    let reasons: IdxCa = lines.iter().map(|(_, _, value)| Some(value.reason as IdxSize)).collect();
    let survives: BooleanChunked = lines.iter().map(|(_, _, value)| Some(value.survives)).collect();
    let columns = vec![
        persons.finish().into_column(),
        field_names.take(&fields_of)?.into_column(),
        values(fields, &lines)?,
        take("source")?,
        take("key")?,
        survives.with_name("survives".into()).into_column(),
        reason_names.take(&reasons)?.into_column(),
    ];
    Ok(DataFrame::new(lines.len(), columns)?)
}

/// The values' texts, shared with the records: each field's column gives its own, then all are put in order.
fn values(fields: &[Field<'_>], lines: &[(u32, u32, Value)]) -> Result<Column, PersonsError> {
    let mut texts = StringChunked::full_null("value".into(), 0);
    let mut places = vec![NO_ROW; lines.len()];
    let mut by_field: Vec<Vec<u32>> = vec![Vec::new(); fields.len()];
    for (line, (_, field, _)) in (0..).zip(lines) {
        by_field[*field as usize].push(line);
    }
    for (field, lines_of_field) in fields.iter().zip(by_field) {
        let Some(received) = field.received else { continue };
        let start = index(texts.len());
        for (&line, place) in lines_of_field.iter().zip(start..) {
            places[line as usize] = place;
        }
        let rows: IdxCa = lines_of_field.iter().map(|line| Some(IdxSize::from(lines[*line as usize].2.row))).collect();
        texts.append(&received.take(&rows)?)?;
    }
    let places: IdxCa = places.into_iter().map(|place| Some(IdxSize::from(place))).collect();
    Ok(texts.rechunk().take(&places)?.with_name("value".into()).into_column())
}
