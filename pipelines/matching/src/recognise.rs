//! Which column of an unknown file is what: by its header, and by what its values look like.

mod content;
mod headers;

use std::collections::{BTreeMap, BTreeSet};

use kartei_schemas::frame;
use kartei_schemas::matching::Role;
use kartei_schemas::person::FieldKind;
use serde::Serialize;

use content::Content;

/// One received column: its header, and some of its values.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSample<'a> {
    /// The header as received.
    pub header: &'a str,
    /// Some values, `""` where a cell is empty; a few hundred from all over the file are enough. Those of all columns are
    /// of the same rows.
    pub values: &'a [&'a str],
}

/// What the columns of a file were taken for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Recognition {
    /// One entry a column, in the order received.
    pub columns: Vec<RecognisedColumn>,
}

impl Recognition {
    /// The parts that the names of the columns do not say: for `columns` in a `MatchSchema`.
    pub fn roles(&self) -> BTreeMap<String, Role> {
        let extra = self.columns.iter().filter(|column| matches!(column.part, Part::Extra | Part::Field));
        let told = extra.filter(|column| Role::of_column(&column.field) != column.role);
        told.map(|column| (column.field.clone(), column.role)).collect()
    }

    /// The header of the column that names the records.
    pub fn key(&self) -> Option<&str> {
        self.columns.iter().find(|column| column.part == Part::Key).map(|column| column.header.as_str())
    }
}

/// What one column was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecognisedColumn {
    /// The header as received.
    pub header: String,
    /// The column of the normalised frame that it fills; for extra columns their own name in plain lower case.
    /// Columns that fill the same field are to be joined by a space, in their order.
    pub field: String,
    /// How its text is read; `Text` also where the canonical reading is German and the values are not.
    pub kind: FieldKind,
    /// Date formats (chrono's `strftime` signs), where the values say which of day and month comes first.
    pub formats: Vec<String>,
    /// The part that it plays in the matching.
    pub role: Role,
    /// What it is used for.
    pub part: Part,
    /// What the decision rests on.
    pub because: Because,
}

/// What a column is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The record's key.
    Key,
    /// A field that the matching knows.
    Field,
    /// An extra field, compared by its content.
    Extra,
    /// Says who the person is: ground truth, never read by the matching.
    Truth,
    /// Left out: empty, constant, or of no use.
    Ignored,
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The header says so.
    Header,
    /// The values say so.
    Content,
    /// Neither said anything: an extra field.
    Nothing,
}

/// Recognises the columns of a file.
pub fn recognise(columns: &[ColumnSample<'_>]) -> Recognition {
    let contents: Vec<Content> = columns.iter().map(|column| content::look_at(column.values)).collect();
    let names: Vec<String> = columns.iter().map(|column| headers::plain(column.header)).collect();
    let has_given_name =
        names.iter().any(|name| headers::meaning(name).is_some_and(|it| it.field == frame::GIVEN_NAME));
    let mut taken = BTreeSet::new();
    let mut recognised: Vec<RecognisedColumn> = Vec::with_capacity(columns.len());
    for ((column, name), content) in columns.iter().zip(&names).zip(&contents) {
        let mut found = by_header(name, content, has_given_name)
            .or_else(|| by_content(content))
            .unwrap_or_else(|| extra(name, content));
        let is_second = !taken.insert((found.field.clone(), found.part == Part::Key));
        if is_second && !matches!(found.field.as_str(), frame::GIVEN_NAME | frame::STREET) {
            found = extra(name, content);
            found.field = free_name(name, &taken);
            taken.insert((found.field.clone(), false));
        }
        column.header.clone_into(&mut found.header);
        recognised.push(found);
    }
    name_records(&mut recognised, &contents);
    leave_out_repeats(&mut recognised, columns);
    Recognition { columns: recognised }
}

fn by_header(name: &str, content: &Content, has_given_name: bool) -> Option<RecognisedColumn> {
    if content.filled == 0 {
        return Some(RecognisedColumn { part: Part::Ignored, role: Role::Ignore, ..extra(name, content) });
    }
    // A sample of a column that says who the person is may well hold each person once.
    if headers::is_truth(name) && !(headers::is_key(name) && content.is_unique()) {
        let truth = extra(name, content);
        return Some(RecognisedColumn { part: Part::Truth, role: Role::Ignore, because: Because::Header, ..truth });
    }
    if headers::is_key(name) && content.is_unique() {
        return Some(key(Because::Header));
    }
    let mut meaning = headers::meaning(name)?;
    if name == "name" && has_given_name {
        meaning = headers::meaning("surname")?;
    }
    content.allows(meaning.kind).then(|| {
        let is_known = Role::of_column(meaning.field) != Role::Other;
        let field = if meaning.field.is_empty() { name } else { meaning.field };
        let (kind, formats) = content.reading(meaning.kind, field);
        RecognisedColumn {
            header: String::new(),
            field: field.to_owned(),
            kind,
            formats,
            role: meaning.role,
            part: match (meaning.role, is_known) {
                (Role::Ignore, _) => Part::Ignored,
                (_, true) => Part::Field,
                _ => Part::Extra,
            },
            because: Because::Header,
        }
    })
}

fn by_content(content: &Content) -> Option<RecognisedColumn> {
    let (field, kind) = content.telling()?;
    let (kind, formats) = content.reading(kind, field);
    Some(RecognisedColumn {
        header: String::new(),
        field: field.to_owned(),
        kind,
        formats,
        role: Role::of_column(field),
        part: Part::Field,
        because: Because::Content,
    })
}

fn extra(name: &str, content: &Content) -> RecognisedColumn {
    let part = if content.distinct < 2 { Part::Ignored } else { Part::Extra };
    RecognisedColumn {
        header: String::new(),
        field: if Role::of_column(name) == Role::Other { name.to_owned() } else { format!("{name}_2") },
        kind: FieldKind::Text,
        formats: Vec::new(),
        role: if part == Part::Extra { Role::Other } else { Role::Ignore },
        part,
        because: Because::Nothing,
    }
}

fn key(because: Because) -> RecognisedColumn {
    RecognisedColumn {
        header: String::new(),
        field: frame::KEY.to_owned(),
        kind: FieldKind::Text,
        formats: Vec::new(),
        role: Role::Key,
        part: Part::Key,
        because,
    }
}

/// A column whose values are all different and look like numbers of rows names the records, if no header says so.
fn name_records(columns: &mut [RecognisedColumn], contents: &[Content]) {
    if columns.iter().any(|column| column.part == Part::Key) {
        return;
    }
    let candidate = columns.iter().zip(contents).position(|(column, content)| {
        column.because == Because::Nothing && content.is_unique() && content.looks_like_keys()
    });
    if let Some(place) = candidate {
        columns[place] =
            RecognisedColumn { header: std::mem::take(&mut columns[place].header), ..key(Because::Content) };
    }
}

/// A column that only says once more what others say, such as given name and surname together, is no evidence of its
/// own: counted as such it would make namesakes one person.
fn leave_out_repeats(columns: &mut [RecognisedColumn], samples: &[ColumnSample<'_>]) {
    let told: Vec<&[&str]> = columns
        .iter()
        .zip(samples)
        .filter(|(column, _)| column.part == Part::Field)
        .map(|(_, sample)| sample.values)
        .collect();
    for (column, sample) in columns.iter_mut().zip(samples) {
        if column.part == Part::Extra && column.because == Because::Nothing && content::repeats(sample.values, &told) {
            (column.part, column.role, column.because) = (Part::Ignored, Role::Ignore, Because::Content);
        }
    }
}

fn free_name(name: &str, taken: &BTreeSet<(String, bool)>) -> String {
    let mut free = name.to_owned();
    while taken.contains(&(free.clone(), false)) || Role::of_column(&free) != Role::Other {
        free.push_str("_2");
    }
    free
}

#[cfg(test)]
mod tests;
