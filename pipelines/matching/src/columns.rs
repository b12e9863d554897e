//! Columns of a frame as numbers: every distinct text is kept once, and a record holds the text's number.

use kartei_schemas::matching::{MatchSchema, Role};
use polars_core::prelude::{Column as FrameColumn, DataFrame, DataType, StringChunked};
use rayon::prelude::*;

use crate::LinkError;
use crate::text::{hash, mix};
use crate::texts::{Dictionary, Texts};

/// The number that stands for a missing value.
pub(crate) const MISSING: u32 = 0;

/// No name, address or number is longer than this in bytes; of a text that is, what comes after counts as a hash. The cost of a
/// comparison grows with the square of the length.
const MOST_BYTES: usize = 512;

/// One column: per row the number of its text; number 0 is the missing value.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) ids: Vec<u32>,
    pub(crate) texts: Texts,
}

impl Column {
    /// Maps every distinct text by `canonical`, and gives texts that become equal the same number.
    pub(crate) fn canonicalised(self, canonical: impl Fn(&str) -> String + Sync + Send) -> Self {
        let texts = self.texts.map(canonical);
        let mut dictionary = Dictionary::default();
        let numbers: Vec<u32> = texts.iter().map(|text| dictionary.number(text)).collect();
        let texts = dictionary.texts;
        Self { ids: renumbered(self.ids, &numbers), texts, ..self }
    }

    /// How many records have a value.
    pub(crate) fn filled(&self) -> usize {
        self.ids.iter().filter(|id| **id != MISSING).count()
    }
}

/// Puts other numbers in the place of the numbers that a column holds.
pub(crate) fn renumbered(mut ids: Vec<u32>, numbers: &[u32]) -> Vec<u32> {
    ids.par_iter_mut().for_each(|id| *id = numbers[*id as usize]);
    ids
}

/// Reads all columns that play a part, in the rows' order, and per row a hash of what names the record; none where no
/// column does.
pub(crate) fn read(records: DataFrame, schema: &MatchSchema) -> Result<(Vec<Column>, Option<Vec<u64>>), LinkError> {
    let count = records.height();
    let mut parts: Vec<(FrameColumn, Role)> = records
        .into_columns()
        .into_iter()
        .map(|column| {
            let role = part_of(column.name(), schema);
            (column, role)
        })
        .filter(|(_, role)| *role != Role::Ignore)
        .collect();
    let place = |role: Role| parts.iter().position(|part| part.1 == role);
    let names = [place(Role::Source), place(Role::Key)];
    let identity = match names {
        [_, None] => None,
        [source, Some(key)] => {
            let mut identity = vec![0_u64; count];
            for place in source.into_iter().chain([key]) {
                let text = texts_of(&parts[place].0)?;
                for (identity, cell) in identity.iter_mut().zip(text.iter()) {
                    *identity = mix(*identity, hash(cell.map_or("", str::trim)));
                }
            }
            Some(identity)
        }
    };
    parts.retain(|(_, role)| !matches!(role, Role::Source | Role::Key));
    // Each column's own memory is let go as soon as it is encoded.
    let columns = parts.into_par_iter().map(|(column, role)| encode(&column, role)).collect::<Result<_, _>>()?;
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

/// The beginning of a text that is too long to be compared, and a hash of all of it: equal texts stay equal, and others apart.
fn shortened(text: &str) -> String {
    format!("{}{:016x}", &text[..text.floor_char_boundary(MOST_BYTES)], hash(text))
}

/// A column as numbers.
fn encode(column: &FrameColumn, role: Role) -> Result<Column, LinkError> {
    let cells = texts_of(column)?;
    let texts = || cells.iter().map(|cell| cell.map_or("", str::trim));
    let long: Vec<String> = texts().filter(|text| text.len() > MOST_BYTES).map(shortened).collect();
    let mut long = long.iter();
    let mut dictionary = Dictionary::default();
    let compared = texts().map(|text| match text.len() {
        0..=MOST_BYTES => text,
        _ => long.next().map_or("", String::as_str),
    });
    let ids = compared.map(|text| dictionary.number(text)).collect();
    let texts = dictionary.texts;
    Ok(Column { name: column.name().to_string(), role, ids, texts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_that_differ_behind_their_beginning_stay_apart() {
        let long = |end: &str| format!("{}{end}", "ü".repeat(400));
        let column = FrameColumn::new("remarks".into(), [long("a"), long("b"), "short".to_owned(), long("a")]);
        let column = encode(&column, Role::FullName).unwrap();
        assert_eq!(column.ids, [1, 2, 3, 1]);
        assert!(column.texts.iter().all(|text| text.len() <= MOST_BYTES + 16));
    }
}
