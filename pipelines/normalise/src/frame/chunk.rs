//! A run of rows: read every field, apply the rules that look at several, and write the columns.

use std::collections::BTreeMap;

use kartei_schemas::frame;
use kartei_schemas::person::FieldKind;
use polars_core::prelude::{Column, DataFrame, IntoColumn, PlSmallStr, PolarsResult, Scalar};

use super::assemble;
use super::cell::{Cell, Part};
use super::field::{FieldCells, Places, read_all};
use super::plan::{FieldPlan, Origin, Plan};
use super::texts::{Texts, column, texts};
use super::{Context, FieldProblem, FieldStatistics, NormaliseStatistics, answers, attributes, consents, updated_at};
use crate::country::Country;
use crate::placeholder::is_placeholder_name;
use crate::problem::{Reason, Warning, Warnings};
use crate::street::street_without_number;

/// The bit of the fields that have none of their own.
pub(super) const LAST_BIT: usize = 63;

/// The bit of a field by its place.
pub(super) fn bit(place: usize) -> u64 {
    1 << place.min(LAST_BIT)
}

/// What came of one run of rows.
#[derive(Debug)]
pub(super) struct ChunkResult {
    pub(super) frame: DataFrame,
    pub(super) problems: Vec<FieldProblem>,
    pub(super) statistics: NormaliseStatistics,
}

/// The rows that are worked on together, and what is known of them so far.
pub(super) struct Chunk<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) received: &'a DataFrame,
    pub(super) keys: Vec<&'a str>,
    /// The position of the first row in the whole frame.
    pub(super) offset: usize,
    pub(super) warnings: Vec<Warnings>,
    /// By row the fields whose canonical text differs from the received one, as bits by their places; the last bit stands
    /// for all fields from there on.
    pub(super) differing: Vec<u64>,
    pub(super) problems: Vec<FieldProblem>,
    pub(super) statistics: NormaliseStatistics,
}

impl Chunk<'_> {
    /// Notes a value that could not be read.
    pub(super) fn problem(&mut self, row: usize, field: &str, column: Option<&str>, reason: Reason) {
        self.problems.push(FieldProblem {
            source: self.plan.source.name.clone(),
            row: Some(self.offset + row),
            key: Some(self.keys[row].to_owned()),
            field: field.to_owned(),
            column: column.map(str::to_owned),
            reason,
        });
    }

    /// Adds to the counts of a field.
    pub(super) fn count(&mut self, field: &str, counts: &FieldStatistics) {
        let mine = self.statistics.fields.entry(field.to_owned()).or_default();
        mine.received += counts.received;
        mine.filled += counts.filled;
        mine.changed += counts.changed;
        mine.unreadable += counts.unreadable;
    }
}

/// Normalises one run of rows. `default` is the country of texts that name none.
pub(super) fn normalise_chunk(
    plan: &Plan<'_>,
    received: &DataFrame,
    offset: usize,
    default: Country,
    context: &Context,
) -> PolarsResult<ChunkResult> {
    let rows = received.height();
    let keys: Vec<&str> = received.column(frame::KEY)?.str()?.iter().map(Option::unwrap_or_default).collect();
    let statistics = NormaliseStatistics { rows: rows as u64, ..NormaliseStatistics::default() };
    let mut chunk = Chunk {
        plan,
        received,
        keys,
        offset,
        warnings: vec![Warnings::NONE; rows],
        differing: vec![0; rows],
        problems: Vec::new(),
        statistics,
    };
    let received_texts: Vec<Texts<'_>> = plan.fields.iter().map(|field| texts(received, field)).collect();
    let mut fields = read_fields(plan, &received_texts, default, context);
    restore_street_numbers(plan, &received_texts, &mut fields);
    for (place, (field, cells)) in plan.fields.iter().zip(&fields).enumerate() {
        note_cells(&mut chunk, (place, field), cells);
    }
    judge_rows(&mut chunk, &fields);
    let mut written: BTreeMap<&str, Column> = BTreeMap::new();
    written.insert(frame::SOURCE, constant(frame::SOURCE, &plan.source.name, rows));
    written.insert(frame::KEY, received.column(frame::KEY)?.clone());
    written.insert(frame::UPDATED_AT, updated_at::column(&mut chunk, context));
    written.insert(frame::FINGERPRINT, fingerprint(received));
    let consents = consents::column(&mut chunk, &fields, context);
    written.insert(frame::CONSENTS, consents);
    written.insert(frame::ANSWERS, answers::column(&mut chunk, context));
    written.insert(frame::ATTRIBUTES, attributes::column(received, &plan.attributes));
    written.insert(frame::RECEIVED, assemble::received(&chunk, &received_texts, &fields));
    written.insert(frame::WARNINGS, assemble::warnings(&mut chunk));
    let columns = assemble::columns(plan, &fields, written, rows);
    Ok(ChunkResult { frame: DataFrame::new(rows, columns)?, problems: chunk.problems, statistics: chunk.statistics })
}

fn constant(name: &str, text: &str, rows: usize) -> Column {
    Column::new_scalar(name.into(), Scalar::from(PlSmallStr::from(text)), rows)
}

fn fingerprint(received: &DataFrame) -> Column {
    match received.column(frame::FINGERPRINT) {
        Ok(known) => known.clone(),
        Err(_) => super::fingerprint(received).into_column(),
    }
}

/// Reads all fields; the country's comes first, since it decides how others are read.
fn read_fields<'a>(
    plan: &Plan<'_>,
    received: &'a [Texts<'_>],
    default: Country,
    context: &Context,
) -> Vec<FieldCells<'a>> {
    let mut places = Places::All(default);
    let mut fields: Vec<FieldCells<'a>> = Vec::with_capacity(received.len());
    for (field, texts) in plan.fields.iter().zip(received) {
        let cells = read_all(field, texts, &places, context);
        if field.kind == FieldKind::Country && field.name == frame::COUNTRY {
            places = Places::ByRow(countries(&cells, default));
        }
        fields.push(cells);
    }
    fields
}

fn countries(cells: &FieldCells<'_>, default: Country) -> Vec<Country> {
    let known: Vec<Country> = cells
        .cells
        .iter()
        .map(|cell| cell.own.as_deref().and_then(|code| code.parse().ok()).unwrap_or(default))
        .collect();
    cells.codes.iter().map(|code| known.get(*code as usize).copied().unwrap_or(default)).collect()
}

/// Where the house number has a column of its own and says otherwise, digits at the end belong to the street.
fn restore_street_numbers<'a>(plan: &Plan<'_>, received: &'a [Texts<'_>], fields: &mut [FieldCells<'a>]) {
    let find =
        |kind: FieldKind, name: &str| plan.fields.iter().position(|field| field.kind == kind && field.name == name);
    let (Some(street), Some(number)) =
        (find(FieldKind::Street, frame::STREET), find(FieldKind::HouseNumber, frame::HOUSE_NUMBER))
    else {
        return;
    };
    if !fields[street].cells.iter().any(|cell| cell.told(Part::HouseNumber).is_some()) {
        return;
    }
    for row in 0..received[street].len() {
        let Some(found) = fields[street].told(row, Part::HouseNumber) else { continue };
        let Some(own) = fields[number].own(row) else { continue };
        let Some(text) = received[street].get(row) else { continue };
        if own == found {
            continue;
        }
        if let Ok(read) = street_without_number(text)
            && let Some(name) = read.value.and_then(|value| value.street)
        {
            let differs = name != text;
            let own = Some(name.into());
            let mut cell = Cell::default();
            (cell.own, cell.warnings, cell.differs) = (own, read.warnings, differs);
            fields[street].replace(row, cell);
        }
    }
}

/// Counts a field's cells, and notes its warnings and problems.
fn note_cells(chunk: &mut Chunk<'_>, (place, plan): (usize, &FieldPlan), field: &FieldCells<'_>) {
    let mut counts = FieldStatistics::default();
    let is_received = !matches!(plan.origin, Origin::Constant(_) | Origin::Missing);
    let bit = if is_received { bit(place) } else { 0 };
    for row in 0..field.codes.len() {
        let Some(cell) = field.get(row) else { continue };
        counts.received += 1;
        counts.filled += u64::from(cell.is_filled());
        counts.changed += u64::from(cell.differs && cell.is_filled());
        chunk.warnings[row].join(cell.warnings);
        chunk.differing[row] |= if cell.differs { bit } else { 0 };
        if let Some(reason) = cell.problem {
            counts.unreadable += 1;
            chunk.problem(row, &plan.name, plan.label.as_deref(), reason);
        }
    }
    chunk.count(&plan.name, &counts);
}

/// What only several fields together tell.
fn judge_rows(chunk: &mut Chunk<'_>, fields: &[FieldCells<'_>]) {
    let plan = chunk.plan;
    let find = |name: &str| plan.fields.iter().position(|field| field.name == name).map(|place| &fields[place]);
    if let (Some(salutation), Some(sex)) = (find(frame::SALUTATION), find(frame::SEX)) {
        for (row, warnings) in chunk.warnings.iter_mut().enumerate() {
            if let (Some(told), Some(own)) = (salutation.told(row, Part::Sex), sex.own(row))
                && told != own
            {
                warnings.add(Warning::SexConflict);
            }
        }
    }
    if let (Some(joined), Some(left)) = (find(frame::JOINED_ON), find(frame::LEFT_ON)) {
        for (row, warnings) in chunk.warnings.iter_mut().enumerate() {
            if let (Some(joined), Some(left)) = (joined.own(row), left.own(row))
                && left < joined
                && left.len() == joined.len()
            {
                warnings.add(Warning::LeftBeforeJoining);
            }
        }
    }
    for (place, field) in plan.fields.iter().enumerate() {
        if !fields[place].cells.iter().any(|cell| cell.suspect) {
            continue;
        }
        let given = find(frame::GIVEN_NAME);
        for (row, warnings) in chunk.warnings.iter_mut().enumerate() {
            let Some(cell) = fields[place].get(row).filter(|cell| cell.suspect) else { continue };
            let family = if field.kind == FieldKind::Surname { cell.own.as_deref() } else { cell.told(Part::Surname) };
            let name = given.and_then(|given| given.own(row)).or_else(|| cell.told(Part::GivenName));
            if is_placeholder_name(name, family) {
                warnings.add(Warning::PlaceholderName);
            }
        }
    }
}

/// The texts of a column for use beside the fields.
pub(super) fn side_texts<'a>(received: &'a DataFrame, name: &str) -> Vec<Option<&'a str>> {
    column(received, name).unwrap_or_else(|| vec![None; received.height()])
}
