//! A field's received texts: one column, several joined, a constant, a part of a split.

use polars_core::prelude::DataFrame;

use super::plan::{FieldPlan, Origin};

/// One text a row; none where there is nothing but white space.
#[derive(Debug)]
pub(super) enum Texts<'a> {
    /// As they stand in the received frame.
    Borrowed(Vec<Option<&'a str>>),
    /// Put together: all in one buffer, with the end of each.
    Built { buffer: String, ends: Vec<usize> },
}

impl Texts<'_> {
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::Borrowed(texts) => texts[row],
            Self::Built { buffer, ends } => {
                let start = row.checked_sub(1).map_or(0, |before| ends[before]);
                Some(&buffer[start..ends[row]]).filter(|text| !text.is_empty())
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Borrowed(texts) => texts.len(),
            Self::Built { ends, .. } => ends.len(),
        }
    }
}

/// The texts of a column; none where the frame has no such column of texts.
pub(super) fn column<'a>(frame: &'a DataFrame, name: &str) -> Option<Vec<Option<&'a str>>> {
    let texts = frame.column(name).ok()?.str().ok()?;
    let mut found = Vec::with_capacity(texts.len());
    // Part by part: the iterator over all of them is no loop that could be inlined.
    for part in texts.downcast_iter() {
        found.extend(part.iter().map(|text| text.filter(|text| !is_blank(text))));
    }
    Some(found)
}

/// The texts of a field, before its table of values is applied.
pub(super) fn texts<'a>(frame: &'a DataFrame, field: &'a FieldPlan) -> Texts<'a> {
    let rows = frame.height();
    let whole = match &field.origin {
        Origin::Missing => Texts::Borrowed(vec![None; rows]),
        Origin::Constant(text) => Texts::Borrowed(vec![Some(text.as_str()).filter(|text| !is_blank(text)); rows]),
        Origin::Column(name) => Texts::Borrowed(column(frame, name).unwrap_or_else(|| vec![None; rows])),
        Origin::Columns(names, join) => joined(frame, names, join),
    };
    match &field.rule.split {
        Some(separator) if !separator.is_empty() => {
            let part = field.rule.part.unwrap_or(1);
            build(rows, |row, buffer| {
                buffer.push_str(whole.get(row).and_then(|text| take_part(text, separator, part)).unwrap_or_default());
            })
        }
        _ => whole,
    }
}

fn build(rows: usize, mut add: impl FnMut(usize, &mut String)) -> Texts<'static> {
    let mut buffer = String::new();
    let mut ends = Vec::with_capacity(rows);
    for row in 0..rows {
        add(row, &mut buffer);
        ends.push(buffer.len());
    }
    Texts::Built { buffer, ends }
}

fn joined<'a>(frame: &'a DataFrame, names: &[String], join: &str) -> Texts<'a> {
    let columns: Vec<Vec<Option<&'a str>>> = names.iter().filter_map(|name| column(frame, name)).collect();
    build(frame.height(), |row, buffer| {
        let start = buffer.len();
        for part in columns.iter().filter_map(|texts| texts[row]) {
            if buffer.len() > start {
                buffer.push_str(join);
            }
            buffer.push_str(part.trim());
        }
    })
}

/// Part 1 is the first, -1 the last.
fn take_part<'a>(text: &'a str, separator: &str, part: i32) -> Option<&'a str> {
    let from_end = part < 0;
    let place = usize::try_from(part.unsigned_abs()).ok()?.checked_sub(1)?;
    let found = if from_end { text.rsplit(separator).nth(place) } else { text.split(separator).nth(place) }?;
    let found = found.trim();
    (!found.is_empty()).then_some(found)
}

/// Whether a text is empty or white space.
pub(super) fn is_blank(text: &str) -> bool {
    match text.as_bytes().first() {
        None => true,
        Some(byte) if *byte > b' ' && *byte < 0x80 => false,
        Some(_) => text.trim().is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_from_either_end() {
        let part = |number| take_part("a - b - c", "-", number);
        assert_eq!(part(1), Some("a"));
        assert_eq!(part(-1), Some("c"));
        assert_eq!(part(4), None);
        assert_eq!(part(0), None);
    }
}
