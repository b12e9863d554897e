//! Which column of an unknown file is what: by its header, and by what its values look like.

use kartei_schemas::person::FieldKind;
use serde::Serialize;

/// One received column: its header, and some of its values.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSample<'a> {
    /// The header as received.
    pub header: &'a str,
    /// Some values, `""` where a cell is empty; a few hundred are enough.
    pub values: &'a [&'a str],
}

/// What the columns of a file were taken for.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Recognition {
    /// One entry a column, in the order received.
    pub columns: Vec<RecognisedColumn>,
}

/// What one column was taken for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecognisedColumn {
    /// The header as received.
    pub header: String,
    /// The column of the normalised frame that it fills; for extra columns their own name in lower case.
    pub field: String,
    /// How its text is read; `None` for columns that are left out.
    pub kind: Option<FieldKind>,
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
    let columns = columns
        .iter()
        .map(|column| RecognisedColumn {
            header: column.header.to_owned(),
            field: column.header.to_lowercase(),
            kind: Some(FieldKind::Text),
            part: Part::Extra,
            because: Because::Nothing,
        })
        .collect();
    Recognition { columns }
}
