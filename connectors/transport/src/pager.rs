//! Collects rows of any format into pages: keys, duplicates, and the rows that no page may hold.

use std::collections::hash_map::Entry;

use kartei_connector::{Header, KEY_SEPARATOR, RejectReason, RowReject};
use polars_core::prelude::{
    BooleanChunked, Column, DataFrame, IntoColumn, NewChunkedArray, PlSmallStr, StringChunkedBuilder,
};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::FileError;
use crate::key_shape::KeyShapes;
use crate::reject::{FIELD_LIMIT_BYTES, raw_object};

/// What becomes of the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageRules {
    /// The key columns; empty for a table without keys.
    pub(crate) key: Vec<String>,
    /// The column that becomes `updated_at`.
    pub(crate) updated_at: Option<String>,
    /// The columns that the schema maps: all that an error may name.
    pub(crate) known: Vec<String>,
    /// What a key that comes again means.
    pub(crate) repeated_key: RepeatedKey,
    /// Records a page.
    pub(crate) page_rows: usize,
    /// Records at the start that earlier pulls have staged.
    pub(crate) skip_records: u64,
}

/// What it means that a key comes again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum RepeatedKey {
    /// In a complete listing: the same row once more, which says nothing, or a contradiction.
    #[default]
    Contradiction,
    /// In a delta: the later row is the newer state.
    LaterState,
}

/// Rows that make a page.
pub(crate) struct Batch {
    pub(crate) rows: DataFrame,
    pub(crate) positions: Vec<u64>,
    pub(crate) rejects: Vec<RowReject>,
    pub(crate) rows_read: u64,
    pub(crate) collapsed: u64,
    /// Records read so far, over all pages of the file.
    pub(crate) records: u64,
}

/// Why reading ended early.
pub(crate) enum Halt {
    /// Nobody wants more.
    Stopped,
    /// The file cannot be read.
    Failed(FileError),
}

impl From<FileError> for Halt {
    fn from(error: FileError) -> Self {
        Self::Failed(error)
    }
}

/// Where full pages go.
pub(crate) type Emit<'a> = dyn FnMut(Batch) -> Result<(), Halt> + 'a;

/// Collects rows into pages.
pub(crate) struct Pager<'a> {
    origin: String,
    rules: PageRules,
    emit: &'a mut Emit<'a>,
    layout: Layout,
    cells: Vec<StringChunkedBuilder>,
    keys: Option<StringChunkedBuilder>,
    positions: Vec<u64>,
    superseded: Vec<usize>,
    rejects: Vec<RowReject>,
    collapsed: u64,
    page_records: usize,
    records: u64,
    emitted: bool,
    seen: FxHashMap<u64, u64>,
    scratch: Vec<u8>,
    key_text: String,
    shapes: KeyShapes,
}

/// Which column is what.
#[derive(Default)]
struct Layout {
    /// The file's columns, each under the name that it has in the page.
    names: Vec<String>,
    key: Vec<usize>,
    updated_at: Option<usize>,
}

enum Verdict {
    Keep,
    Collapse,
    Reject { reason: RejectReason, column: Option<usize>, detail: String },
}

impl<'a> Pager<'a> {
    pub(crate) fn new(origin: String, rules: PageRules, emit: &'a mut Emit<'a>) -> Self {
        Self {
            origin,
            rules,
            emit,
            layout: Layout::default(),
            cells: Vec::new(),
            keys: None,
            positions: Vec::new(),
            superseded: Vec::new(),
            rejects: Vec::new(),
            collapsed: 0,
            page_records: 0,
            records: 0,
            emitted: false,
            seen: FxHashMap::default(),
            scratch: Vec::new(),
            key_text: String::new(),
            shapes: KeyShapes::default(),
        }
    }

    /// Takes the header. Called once, before the first row.
    pub(crate) fn start(&mut self, header: &[String]) -> Result<(), Halt> {
        self.layout = Layout::new(header, &self.rules, &self.origin)?;
        self.new_builders();
        Ok(())
    }

    /// The number of the file's columns.
    pub(crate) fn width(&self) -> usize {
        self.layout.names.len()
    }

    /// The file's columns, under the names that they have in the pages.
    pub(crate) fn names(&self) -> &[String] {
        &self.layout.names
    }

    /// The columns that the file must have: those of the key.
    pub(crate) fn expected_columns(&self) -> &[String] {
        &self.rules.key
    }

    /// Takes a row. A row whose cells are all empty counts as a blank line.
    pub(crate) fn push<'c>(&mut self, line: u64, cell: impl Fn(usize) -> Option<&'c str>) -> Result<(), Halt> {
        let Some(largest) = self.scan(&cell) else { return Ok(()) };
        self.records += 1;
        let verdict = self.judge(largest, &cell);
        if matches!(verdict, Verdict::Keep) {
            self.shapes.learn(&self.key_text);
        }
        if self.records <= self.rules.skip_records {
            return Ok(());
        }
        match verdict {
            Verdict::Keep => self.append(line, cell),
            Verdict::Collapse => self.collapsed += 1,
            Verdict::Reject { reason, column, detail } => {
                // What a NUL byte or an open quote stands in is no key.
                let is_whole = !self.key_text.contains('\0') && self.key_text.len() <= FIELD_LIMIT_BYTES;
                let key = (is_whole && !self.key_text.is_empty()).then(|| self.key_text.clone());
                let column = column.map(|column| self.layout.names[column].clone());
                let raw = raw_object(&self.layout.names, cell);
                let origin = self.origin.clone();
                self.rejects.push(RowReject { origin, line: Some(line), column, reason, detail, key, raw });
            }
        }
        self.close_record()
    }

    /// Takes a row that is none, and the key as far as it could be read.
    pub(crate) fn refuse(&mut self, mut reject: RowReject) -> Result<(), Halt> {
        self.records += 1;
        if self.records <= self.rules.skip_records {
            return Ok(());
        }
        reject.origin.clone_from(&self.origin);
        self.rejects.push(reject);
        self.close_record()
    }

    /// The key of a row that has not as many cells as the header, where only one of its cells can be it.
    pub(crate) fn recover_key(&self, cells: &[&str]) -> Option<String> {
        if cells.len() == self.width() {
            return self.key_of(|index| cells.get(index).copied());
        }
        let missing = self.width().saturating_sub(cells.len());
        let beyond = cells.len().saturating_sub(self.width());
        let part = |(part, index): (usize, &usize)| {
            let places = index.saturating_sub(missing)..=index + beyond;
            self.shapes.only_one(part, places.filter_map(|place| cells.get(place)).map(|cell| cell.trim()))
        };
        let parts: Option<Vec<&str>> = self.layout.key.iter().enumerate().map(part).collect();
        parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(&KEY_SEPARATOR.to_string()))
    }

    /// The names of the key's columns.
    pub(crate) fn key_columns(&self) -> impl Iterator<Item = &str> {
        self.rules.key.iter().map(String::as_str)
    }

    /// The key of a row that is refused, if its key columns can be read.
    pub(crate) fn key_of<'c>(&self, cell: impl Fn(usize) -> Option<&'c str>) -> Option<String> {
        let parts: Option<Vec<&str>> =
            self.layout.key.iter().map(|index| cell(*index).map(str::trim).filter(|part| !part.is_empty())).collect();
        parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(&KEY_SEPARATOR.to_string()))
    }

    /// Ends the file; what is left becomes the last page, which is empty only where there was no other.
    pub(crate) fn finish(mut self) -> Result<(), Halt> {
        if self.page_records > 0 || !self.emitted { self.flush() } else { Ok(()) }
    }

    /// Writes the row's bytes down for its fingerprint; gives the largest cell, or none for a blank row.
    fn scan<'c>(&mut self, cell: impl Fn(usize) -> Option<&'c str>) -> Option<usize> {
        self.scratch.clear();
        let (mut largest, mut largest_bytes) = (None, 0);
        for column in 0..self.layout.names.len() {
            if let Some(text) = cell(column) {
                self.scratch.extend_from_slice(text.as_bytes());
                if text.len() > largest_bytes {
                    (largest, largest_bytes) = (Some(column), text.len());
                }
                self.scratch.push(0x1f);
            } else {
                self.scratch.push(0x1e);
            }
        }
        largest
    }

    fn judge<'c>(&mut self, largest: usize, cell: impl Fn(usize) -> Option<&'c str>) -> Verdict {
        let is_keyed = self.read_key(&cell);
        if cell(largest).is_some_and(|text| text.len() > FIELD_LIMIT_BYTES) {
            let detail = format!("a field of more than {FIELD_LIMIT_BYTES} bytes");
            return Verdict::Reject { reason: RejectReason::FieldTooLarge, column: Some(largest), detail };
        }
        if self.scratch.contains(&0) {
            let column =
                (0..self.layout.names.len()).find(|column| cell(*column).is_some_and(|text| text.contains('\0')));
            return Verdict::Reject { reason: RejectReason::NulByte, column, detail: "a NUL byte".into() };
        }
        if self.layout.key.is_empty() {
            return Verdict::Keep;
        }
        if !is_keyed {
            let empty = self.layout.key.iter().find(|index| cell(**index).is_none_or(|part| part.trim().is_empty()));
            let detail = "an empty key column".into();
            return Verdict::Reject { reason: RejectReason::MissingKey, column: empty.copied(), detail };
        }
        self.judge_repetition()
    }

    fn judge_repetition(&mut self) -> Verdict {
        let key = xxh3_64(self.key_text.as_bytes());
        if self.rules.repeated_key == RepeatedKey::LaterState {
            let is_skipped = self.records <= self.rules.skip_records;
            let row = self.positions.len() as u64;
            if !is_skipped && let Some(earlier) = self.seen.insert(key, row) {
                self.superseded.extend(usize::try_from(earlier));
                self.collapsed += 1;
            }
            return Verdict::Keep;
        }
        let contents = xxh3_64(&self.scratch);
        match self.seen.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(contents);
                Verdict::Keep
            }
            Entry::Occupied(entry) if *entry.get() == contents => Verdict::Collapse,
            Entry::Occupied(_) => {
                let detail = "another row of the listing has this key".into();
                Verdict::Reject { reason: RejectReason::DuplicateKey, column: self.layout.key.first().copied(), detail }
            }
        }
    }

    /// Puts the row's key together; false where a part is missing.
    fn read_key<'c>(&mut self, cell: impl Fn(usize) -> Option<&'c str>) -> bool {
        self.key_text.clear();
        for (number, index) in self.layout.key.iter().enumerate() {
            let part = cell(*index).map_or("", str::trim);
            if part.is_empty() {
                self.key_text.clear();
                return false;
            }
            if number > 0 {
                self.key_text.push(KEY_SEPARATOR);
            }
            self.key_text.push_str(part);
        }
        true
    }

    fn append<'c>(&mut self, line: u64, cell: impl Fn(usize) -> Option<&'c str>) {
        for (column, builder) in self.cells.iter_mut().enumerate() {
            builder.append_option(cell(column));
        }
        if let Some(keys) = &mut self.keys {
            keys.append_value(&self.key_text);
        }
        self.positions.push(line);
    }

    fn close_record(&mut self) -> Result<(), Halt> {
        self.page_records += 1;
        if self.page_records >= self.rules.page_rows.max(1) { self.flush() } else { Ok(()) }
    }

    fn new_builders(&mut self) {
        let capacity = self.rules.page_rows.min(65_536);
        let builder = |name: &str| StringChunkedBuilder::new(PlSmallStr::from_str(name), capacity);
        self.cells = self.layout.names.iter().map(|name| builder(name)).collect();
        self.keys = (!self.layout.key.is_empty()).then(|| builder("key"));
    }

    fn flush(&mut self) -> Result<(), Halt> {
        let cells = std::mem::take(&mut self.cells);
        let keys = self.keys.take();
        self.new_builders();
        let mut positions = std::mem::take(&mut self.positions);
        let mut rows = self.frame(cells, keys, positions.len())?;
        let superseded = std::mem::take(&mut self.superseded);
        if !superseded.is_empty() {
            let mut stays = vec![true; positions.len()];
            for row in superseded {
                stays[row] = false;
            }
            rows =
                rows.filter(&BooleanChunked::from_slice(PlSmallStr::EMPTY, &stays)).map_err(|e| self.internal(&e))?;
            let mut stay = stays.into_iter();
            positions.retain(|_| stay.next().unwrap_or(true));
        }
        if self.rules.repeated_key == RepeatedKey::LaterState {
            self.seen.clear();
        }
        self.emitted = true;
        (self.emit)(Batch {
            rows,
            positions,
            rejects: std::mem::take(&mut self.rejects),
            rows_read: std::mem::take(&mut self.page_records) as u64,
            collapsed: std::mem::take(&mut self.collapsed),
            records: self.records,
        })
    }

    /// `key`, then `updated_at` unless the file's own column has that name, then the file's columns.
    fn frame(
        &self,
        cells: Vec<StringChunkedBuilder>,
        keys: Option<StringChunkedBuilder>,
        height: usize,
    ) -> Result<DataFrame, Halt> {
        let own: Vec<Column> = cells.into_iter().map(|builder| builder.finish().into_column()).collect();
        let mut columns = Vec::with_capacity(own.len() + 2);
        columns.extend(keys.map(|builder| builder.finish().into_column()));
        if let Some(index) = self.layout.updated_at.filter(|index| self.layout.names[*index] != "updated_at") {
            columns.push(own[index].clone().with_name(PlSmallStr::from_static("updated_at")));
        }
        // A source whose key column is called `key` has it already.
        let has_key = !columns.is_empty() && self.rules.key == ["key"];
        columns.extend(own.into_iter().filter(|column| !has_key || column.name() != "key"));
        DataFrame::new(height, columns).map_err(|error| self.internal(&error))
    }

    fn internal(&self, error: &polars_core::error::PolarsError) -> Halt {
        Halt::Failed(FileError::Internal { file: self.origin.clone(), detail: error.to_string() })
    }
}

impl Layout {
    fn new(header: &[String], rules: &PageRules, origin: &str) -> Result<Self, FileError> {
        let trimmed: Vec<&str> = header.iter().map(|name| name.trim()).collect();
        let index = |column: &String| trimmed.iter().position(|name| name == column);
        let key = rules.key.iter().map(|column| {
            index(column).ok_or_else(|| {
                let columns: Vec<String> = trimmed.iter().map(|name| (*name).to_owned()).collect();
                let header = Header::new(&columns, &rules.known);
                FileError::MissingKeyColumn {
                    file: origin.to_owned(),
                    column: column.clone(),
                    nearest: header.nearest(column).map(str::to_owned),
                    columns: header.description(),
                }
            })
        });
        let key = key.collect::<Result<Vec<usize>, _>>()?;
        let updated_at = rules.updated_at.as_ref().and_then(index);
        let mut reserved = Vec::new();
        if !key.is_empty() && rules.key != ["key"] {
            reserved.push("key");
        }
        if updated_at.is_some_and(|index| trimmed[index] != "updated_at") {
            reserved.push("updated_at");
        }
        Ok(Self { names: distinct_names(&trimmed, &reserved), key, updated_at })
    }
}

/// Gives each column a name of its own: a name that is taken gets `_2`, a column without one is called `column_7`.
fn distinct_names(header: &[&str], reserved: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    for (number, name) in header.iter().enumerate() {
        let plain = if name.is_empty() { format!("column_{}", number + 1) } else { (*name).to_owned() };
        let is_free = |name: &String| !names.contains(name) && !reserved.contains(&name.as_str());
        let mut free = plain.clone();
        let mut count = 2;
        while !is_free(&free) || (free != plain && header.contains(&free.as_str())) {
            free = format!("{plain}_{count}");
            count += 1;
        }
        names.push(free);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_gets_a_name_of_its_own() {
        let names = distinct_names(&["Telefon", "Telefon", "", "key", "Telefon_2", "Telefon"], &["key"]);
        assert_eq!(names, ["Telefon", "Telefon_3", "column_3", "key_2", "Telefon_2", "Telefon_4"]);
    }
}
