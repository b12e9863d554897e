//! A field over all rows of a chunk: each distinct text is read once.

use kartei_schemas::person::FieldKind;
use rustc_hash::FxHashMap;

use super::Context;
use super::cell::{self, Cell, Part};
use super::plan::FieldPlan;
use super::texts::Texts;
use crate::country::Country;
use crate::date::is_plain_format;

/// No text.
pub(super) const EMPTY: u32 = u32::MAX;
/// After so many texts it is decided whether a dictionary pays.
const TRIAL: usize = 4_096;

/// The cells of a field, and which one each row has.
#[derive(Debug)]
pub(super) struct FieldCells<'a> {
    /// By row: the place in `cells`, or [`EMPTY`].
    pub(super) codes: Vec<u32>,
    pub(super) cells: Vec<Cell<'a>>,
}

impl<'a> FieldCells<'a> {
    /// The cell of a row.
    pub(super) fn get(&self, row: usize) -> Option<&Cell<'a>> {
        self.cells.get(self.codes[row] as usize)
    }

    /// The field's own canonical text in a row.
    pub(super) fn own(&self, row: usize) -> Option<&str> {
        self.get(row)?.own.as_deref()
    }

    /// What the field tells of another column in a row.
    pub(super) fn told(&self, row: usize, part: Part) -> Option<&str> {
        self.get(row)?.told(part)
    }

    /// Gives one row a cell of its own.
    pub(super) fn replace(&mut self, row: usize, cell: Cell<'a>) {
        self.codes[row] = place(self.cells.len());
        self.cells.push(cell);
    }
}

/// The countries by which texts are read: one for all rows, or one a row.
#[derive(Debug)]
pub(super) enum Places {
    All(Country),
    ByRow(Vec<Country>),
}

impl Places {
    fn of(&self, row: usize) -> Country {
        match self {
            Self::All(country) => *country,
            Self::ByRow(countries) => countries[row],
        }
    }
}

/// Reads all texts of a field.
pub(super) fn read_all<'a>(
    field: &FieldPlan,
    texts: &'a Texts<'_>,
    places: &Places,
    context: &Context,
) -> FieldCells<'a> {
    let default = match places {
        Places::All(country) => *country,
        Places::ByRow(_) => Country::GERMANY,
    };
    let depends = matches!(
        field.kind,
        FieldKind::PostalCode | FieldKind::PostalCodeCity | FieldKind::City | FieldKind::Phone | FieldKind::Address
    );
    let mut codes = Vec::with_capacity(texts.len());
    let mut cells = Vec::new();
    let mut dictionary = Dictionary { known: FxHashMap::default(), asked: 0, pays: is_repetitive(field) };
    for row in 0..texts.len() {
        let Some(text) = texts.get(row) else {
            codes.push(EMPTY);
            continue;
        };
        let country = if depends { places.of(row) } else { default };
        if let Some(code) = dictionary.find(text, country, cells.len()) {
            codes.push(code);
            continue;
        }
        codes.push(place(cells.len()));
        cells.push(cell::read(field, text, country, context));
    }
    FieldCells { codes, cells }
}

fn place(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(EMPTY)
}

/// Kinds whose values repeat, or are dear to read.
fn is_repetitive(field: &FieldPlan) -> bool {
    match field.kind {
        FieldKind::Email | FieldKind::Phone | FieldKind::Identifier | FieldKind::Instant | FieldKind::PostalCode => {
            !field.rule.values.is_empty()
        }
        FieldKind::Date => {
            !field.rule.formats.iter().all(|format| is_plain_format(format)) || !field.rule.values.is_empty()
        }
        _ => true,
    }
}

struct Dictionary<'a> {
    known: FxHashMap<(Country, &'a str), u32>,
    asked: usize,
    pays: bool,
}

impl<'a> Dictionary<'a> {
    /// The code of a text seen before; else it will have the next one.
    fn find(&mut self, text: &'a str, country: Country, next: usize) -> Option<u32> {
        if !self.pays {
            return None;
        }
        self.asked += 1;
        if self.asked == TRIAL && self.known.len() > TRIAL / 4 * 3 {
            self.pays = false;
            self.known = FxHashMap::default();
            return None;
        }
        match self.known.entry((country, text)) {
            std::collections::hash_map::Entry::Occupied(known) => Some(*known.get()),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(place(next));
                None
            }
        }
    }
}
