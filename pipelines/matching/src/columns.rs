//! Columns of a frame as numbers: every distinct text is kept once, and a record holds the text's number.

use kartei_schemas::matching::{MatchSchema, Role};
use polars_core::prelude::{Column as FrameColumn, DataFrame, DataType, StringChunked};
use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::LinkError;
use crate::text::{hash, mix};

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
        let mut known: FxHashMap<&str, u32> = FxHashMap::with_capacity_and_hasher(texts.len(), FxBuildHasher);
        let mut firsts = vec![0];
        let numbers: Vec<u32> = texts
            .iter()
            .enumerate()
            .map(|(place, text)| {
                if text.is_empty() {
                    return MISSING;
                }
                *known.entry(text).or_insert_with(|| {
                    firsts.push(place);
                    number_of(firsts.len() - 1)
                })
            })
            .collect();
        let ids = self.ids.par_iter().map(|id| numbers[*id as usize]).collect();
        drop(known);
        let mut texts = texts;
        let texts = firsts.into_iter().map(|place| std::mem::take(&mut texts[place])).collect();
        Self { ids, texts, ..self }
    }
}

fn number_of(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
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
        let number = number_of(self.texts.len());
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

/// Reads all columns that play a part, in the rows' order, and per row a hash of what names the record; none where no
/// column does.
pub(crate) fn read(records: &DataFrame, schema: &MatchSchema) -> Result<(Vec<Column>, Option<Vec<u64>>), LinkError> {
    let parts: Vec<(&FrameColumn, Role)> = records
        .columns()
        .iter()
        .map(|column| (column, part_of(column.name(), schema)))
        .filter(|(_, role)| *role != Role::Ignore)
        .collect();
    let place = |role: Role| parts.iter().position(|part| part.1 == role);
    let names = [place(Role::Source), place(Role::Key)];
    let identity = match names {
        [_, None] => None,
        [source, Some(key)] => {
            let mut identity = vec![0_u64; records.height()];
            for place in source.into_iter().chain([key]) {
                let text = texts_of(parts[place].0)?;
                for (identity, cell) in identity.iter_mut().zip(text.iter()) {
                    *identity = mix(*identity, hash(cell.map_or("", str::trim)));
                }
            }
            Some(identity)
        }
    };
    let others = parts.par_iter().enumerate().filter(|(place, _)| !names.contains(&Some(*place)));
    let columns = others.map(|(_, (column, role))| encode(column, *role)).collect::<Result<_, _>>()?;
    Ok((columns, identity))
}

fn part_of(name: &str, schema: &MatchSchema) -> Role {
    schema.columns.get(name).copied().unwrap_or_else(|| Role::of_column(name))
}

fn texts_of(column: &FrameColumn) -> Result<StringChunked, LinkError> {
    let wrong_type = || LinkError::ColumnType { column: column.name().to_string(), found: column.dtype().to_string() };
    let text = column.cast(&DataType::String).map_err(|_| wrong_type())?;
    text.str().cloned().map_err(|_| wrong_type())
}

fn encode(column: &FrameColumn, role: Role) -> Result<Column, LinkError> {
    let cells = texts_of(column)?;
    let mut known: FxHashMap<&str, u32> = FxHashMap::default();
    let mut texts = vec![String::new()];
    let ids = cells
        .iter()
        .map(|cell| match cell.map_or("", str::trim) {
            "" => MISSING,
            text => *known.entry(text).or_insert_with(|| {
                texts.push(text.to_owned());
                number_of(texts.len() - 1)
            }),
        })
        .collect();
    Ok(Column { name: column.name().to_string(), role, ids, texts })
}
