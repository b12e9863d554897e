//! Columns without a part of their own: how each is compared is chosen by its content.

use std::collections::BTreeSet;

use kartei_schemas::matching::Role;
use rayon::prelude::*;

use crate::columns::Column;
use crate::placeholders::is_text;
use crate::places::compact;
use crate::similarity::{edits, is_typo, jaro_winkler};
use crate::text::fold;
use crate::texts::Texts;

/// More extra columns than this are not compared; those that tell most are kept.
const MOST_EXTRAS: usize = 5;

/// A column that is compared by its content.
#[derive(Debug, Clone)]
pub(crate) struct Extra {
    pub(crate) name: String,
    pub(crate) kind: ExtraKind,
}

/// What a column's values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtraKind {
    /// A key that belongs to one person.
    Identifier,
    /// Numbers and codes: a slip of one digit is near, anything else is different.
    Code,
    /// A few values, many times each.
    Category,
    /// Words.
    Words,
}

/// How two values of an extra column compare, by growing agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum ExtraLevel {
    Different = 1,
    Similar,
    Near,
    Exact,
}

/// Chooses the extra columns worth comparing, with the numbers and texts of each.
pub(crate) fn choose(columns: Vec<Column>) -> Vec<(Extra, Vec<u32>, Texts)> {
    let mut chosen: Vec<(u64, Extra, Column)> = columns
        .into_par_iter()
        .filter_map(|column| {
            let identifier = column.role == Role::Identifier;
            let kind = if identifier { ExtraKind::Identifier } else { kind_of(&column)? };
            let column = match kind {
                ExtraKind::Identifier | ExtraKind::Code => column.canonicalised(compact),
                ExtraKind::Category | ExtraKind::Words => column.canonicalised(|text| {
                    let folded = fold(text);
                    if is_text(&folded) { String::new() } else { folded }
                }),
            };
            let telling = information(&column);
            (telling > 0 && has_repetition(&column)).then(|| {
                let rank = if identifier { u64::MAX } else { telling };
                (rank, Extra { name: column.name.clone(), kind }, column)
            })
        })
        .collect();
    chosen.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.name.cmp(&right.1.name)));
    chosen.truncate(MOST_EXTRAS);
    chosen.into_iter().map(|(_, extra, column)| (extra, column.ids, column.texts)).collect()
}

/// What a column looks like; `None` where comparing it would tell nothing.
fn kind_of(column: &Column) -> Option<ExtraKind> {
    let filled = column.filled();
    let distinct = column.texts.len() - 1;
    if distinct < 2 || filled * 50 < column.ids.len() {
        return None;
    }
    let letters: usize = column.texts.iter().map(str::len).sum();
    let digits: usize = column.texts.iter().map(|text| text.bytes().filter(u8::is_ascii_digit).count()).sum();
    let is_structured = column.texts.iter().skip(1).take(20).all(|text| text.starts_with(['{', '[']));
    if letters / distinct > 80 || is_structured {
        return None;
    }
    Some(if digits * 2 > letters {
        if distinct <= 20 { ExtraKind::Category } else { ExtraKind::Code }
    } else if distinct <= 20 {
        ExtraKind::Category
    } else {
        ExtraKind::Words
    })
}

/// Whether any two records share a value: a number that each record has for itself would only keep records apart.
fn has_repetition(column: &Column) -> bool {
    column.texts.len() - 1 < column.filled()
}

/// How much a column's agreement tells: records times bits, roughly.
fn information(column: &Column) -> u64 {
    let mut counts = vec![0_u64; column.texts.len()];
    for id in &column.ids {
        counts[*id as usize] += 1;
    }
    let filled: u64 = counts.iter().skip(1).sum();
    counts.iter().skip(1).filter(|count| **count > 0).map(|count| count * u64::from((filled / count).ilog2())).sum()
}

/// Compares two known, different values of a column.
pub(crate) fn compare(kind: ExtraKind, left: &str, right: &str) -> ExtraLevel {
    match kind {
        ExtraKind::Category => ExtraLevel::Different,
        ExtraKind::Identifier | ExtraKind::Code => match edits(left, right, 1) {
            Some(_) if left.len().min(right.len()) >= 5 => ExtraLevel::Near,
            _ => ExtraLevel::Different,
        },
        ExtraKind::Words => compare_words(left, right),
    }
}

fn compare_words(left: &str, right: &str) -> ExtraLevel {
    let similarity = jaro_winkler(left, right, 0.8);
    if similarity >= 0.95 || is_typo(left, right) {
        return ExtraLevel::Near;
    }
    let words = |text: &'_ str| -> BTreeSet<String> { text.split(' ').map(str::to_owned).collect() };
    let (left, right) = (words(left), words(right));
    let shared = left.intersection(&right).count();
    if shared > 0 && shared == left.len().min(right.len()) {
        ExtraLevel::Near
    } else if similarity >= 0.88 || shared * 2 >= left.len().max(right.len()) {
        ExtraLevel::Similar
    } else {
        ExtraLevel::Different
    }
}
