//! What quarantine keeps of a row.

use std::borrow::Cow;

use kartei_connector::{RejectReason, RowReject};
use serde_json::{Map, Value};

/// No text of a person is larger.
pub(crate) const FIELD_LIMIT_BYTES: usize = 1_000_000;
/// Quarantine keeps so much of a row.
const RAW_LIMIT_BYTES: usize = 64 << 10;

/// A row that is none: its columns cannot be told. The pager fills in the file's name.
pub(crate) fn refused(line: u64, reason: RejectReason, detail: String, raw: String) -> RowReject {
    RowReject { origin: String::new(), line: Some(line), column: None, reason, detail, key: None, raw }
}

/// A row as a JSON object of its columns; absent cells are left out.
pub(crate) fn raw_object<'c>(names: &[String], cell: impl Fn(usize) -> Option<&'c str>) -> String {
    let cells = names.iter().enumerate();
    let cells = cells.filter_map(|(index, name)| cell(index).map(|text| (name.clone(), limited(text))));
    limit(Value::Object(cells.collect::<Map<_, _>>()).to_string())
}

/// A row as a JSON array of its cells.
pub(crate) fn raw_array<'c>(cells: impl Iterator<Item = Cow<'c, str>>) -> String {
    limit(Value::Array(cells.map(|text| limited(&text)).collect()).to_string())
}

/// Some text as it is, cut off where it grows too large.
pub(crate) fn limit(mut text: String) -> String {
    if text.len() > RAW_LIMIT_BYTES {
        text.truncate(text.floor_char_boundary(RAW_LIMIT_BYTES));
    }
    text
}

fn limited(text: &str) -> Value {
    Value::String(text[..text.floor_char_boundary(RAW_LIMIT_BYTES)].to_owned())
}
