//! A field's received texts: one column, several joined, a constant, a part of a split.

use std::borrow::Cow;

use polars::prelude::DataFrame;

use super::plan::{FieldPlan, Origin};

/// One text a row; none where there is nothing but white space.
pub(super) type Texts<'a> = Vec<Option<Cow<'a, str>>>;

/// The texts of a column; none where the frame has no such column of texts.
pub(super) fn column<'a>(frame: &'a DataFrame, name: &str) -> Option<Vec<Option<&'a str>>> {
    let texts = frame.column(name).ok()?.str().ok()?;
    Some(texts.iter().map(|text| text.filter(|text| !is_blank(text))).collect())
}

/// The texts of a field, before its table of values is applied.
pub(super) fn texts<'a>(frame: &'a DataFrame, field: &FieldPlan) -> Texts<'a> {
    let rows = frame.height();
    let whole: Texts<'a> = match &field.origin {
        Origin::Missing => vec![None; rows],
        Origin::Constant(text) => vec![Some(Cow::Owned(text.clone())); rows],
        Origin::Column(name) => match column(frame, name) {
            Some(texts) => texts.into_iter().map(|text| text.map(Cow::Borrowed)).collect(),
            None => vec![None; rows],
        },
        Origin::Columns(names, join) => joined(frame, names, join),
    };
    match &field.rule.split {
        Some(separator) if !separator.is_empty() => {
            let part = field.rule.part.unwrap_or(1);
            whole
                .into_iter()
                .map(|text| text.and_then(|text| take_part(&text, separator, part).map(Cow::Owned)))
                .collect()
        }
        _ => whole,
    }
}

fn joined<'a>(frame: &'a DataFrame, names: &[String], join: &str) -> Texts<'a> {
    let columns: Vec<Vec<Option<&'a str>>> = names.iter().filter_map(|name| column(frame, name)).collect();
    (0..frame.height())
        .map(|row| {
            let mut parts = columns.iter().filter_map(|texts| texts[row]);
            let first = parts.next()?;
            let rest: Vec<&str> = parts.collect();
            if rest.is_empty() {
                return Some(Cow::Borrowed(first));
            }
            let mut out = first.trim().to_owned();
            for part in rest {
                out.push_str(join);
                out.push_str(part.trim());
            }
            Some(Cow::Owned(out))
        })
        .collect()
}

/// Part 1 is the first, -1 the last.
fn take_part(text: &str, separator: &str, part: i32) -> Option<String> {
    let from_end = part < 0;
    let place = usize::try_from(part.unsigned_abs()).ok()?.checked_sub(1)?;
    let found = if from_end { text.rsplit(separator).nth(place) } else { text.split(separator).nth(place) }?;
    let found = found.trim();
    (!found.is_empty()).then(|| found.to_owned())
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
        assert_eq!(part(1).as_deref(), Some("a"));
        assert_eq!(part(-1).as_deref(), Some("c"));
        assert_eq!(part(4), None);
        assert_eq!(part(0), None);
    }
}
