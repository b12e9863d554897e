//! Columns of a frame as numbers: every distinct text is kept once, and a record holds the text's number.

use kartei_schemas::matching::{MatchSchema, Role};
use polars_core::prelude::{Column as FrameColumn, DataFrame, DataType};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::LinkError;

/// The number that stands for a missing value.
pub(crate) const MISSING: u32 = 0;

/// One column: per row the number of its text; number 0 is the missing value.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) ids: Vec<u32>,
    pub(crate) texts: Vec<String>,
}

impl Column {
    /// Maps every distinct text by `canonical`, and gives texts that become equal the same number.
    pub(crate) fn canonicalised(self, canonical: impl Fn(&str) -> String + Sync) -> Self {
        let texts: Vec<String> = self.texts.par_iter().map(|text| canonical(text)).collect();
        let mut dictionary = Dictionary::default();
        let numbers: Vec<u32> = texts.iter().map(|text| dictionary.number(text)).collect();
        let ids = self.ids.iter().map(|id| numbers[*id as usize]).collect();
        Self { ids, texts: dictionary.texts, ..self }
    }
}

/// Texts and their numbers.
pub(crate) struct Dictionary {
    numbers: FxHashMap<String, u32>,
    pub(crate) texts: Vec<String>,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self { numbers: FxHashMap::default(), texts: vec![String::new()] }
    }
}

impl Dictionary {
    /// The number of a text, a new one if need be.
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return MISSING;
        }
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

/// Reads all columns that play a part, in the rows' order.
pub(crate) fn read(records: &DataFrame, schema: &MatchSchema) -> Result<Vec<Column>, LinkError> {
    let parts: Vec<(&FrameColumn, Role)> = records
        .columns()
        .iter()
        .map(|column| (column, part_of(column.name(), schema)))
        .filter(|(_, role)| *role != Role::Ignore)
        .collect();
    parts.par_iter().map(|(column, role)| encode(column, *role)).collect()
}

fn part_of(name: &str, schema: &MatchSchema) -> Role {
    schema.columns.get(name).copied().unwrap_or_else(|| Role::of_column(name))
}

fn encode(column: &FrameColumn, role: Role) -> Result<Column, LinkError> {
    let wrong_type = || LinkError::ColumnType { column: column.name().to_string(), found: column.dtype().to_string() };
    let text = column.cast(&DataType::String).map_err(|_| wrong_type())?;
    let text = text.str().map_err(|_| wrong_type())?;
    let mut dictionary = Dictionary::default();
    let ids = text.iter().map(|cell| dictionary.number(cell.map_or("", str::trim))).collect();
    Ok(Column { name: column.name().to_string(), role, ids, texts: dictionary.texts })
}
