//! Columns that nothing maps are kept beside the record, as received.

use kartei_schemas::frame;
use polars_core::prelude::{Column, DataFrame, DataType, IntoColumn, StringChunkedBuilder};

use super::chunk::side_texts;
use super::json::Member;
use crate::text::{MAX_TEXT_LENGTH, cut};

/// JSON objects of the named columns; empty cells are left out.
pub(super) fn column(received: &DataFrame, names: &[String]) -> Column {
    let rows = received.height();
    if names.is_empty() {
        return Column::full_null(frame::ATTRIBUTES.into(), rows, &DataType::String);
    }
    let columns: Vec<(Member, Vec<Option<&str>>)> =
        names.iter().map(|name| (Member::of(name), side_texts(received, name))).collect();
    let mut texts = StringChunkedBuilder::new(frame::ATTRIBUTES.into(), rows);
    let mut object = String::new();
    for row in 0..rows {
        object.clear();
        object.push('{');
        for (member, cells) in &columns {
            if let Some(text) = cells[row] {
                member.push(&mut object, &cut(text, MAX_TEXT_LENGTH));
            }
        }
        if object.len() > 1 {
            object.push('}');
            texts.append_value(&object);
        } else {
            texts.append_null();
        }
    }
    texts.finish().into_column()
}
