//! The values that could not be read: where each stands, and which could be read since.

use std::collections::{BTreeMap, BTreeSet};

use kartei_normalise::FieldProblem;
use kartei_store::{NewReject, UNREADABLE_VALUE};
use polars_core::prelude::*;
use rustc_hash::FxHashMap;
use serde_json::json;

use crate::stage::LINE;

/// A value in quarantine: its number, its record and its column.
pub type Waiting = (i64, String, String);

/// What one source's deliveries hold that cannot be read, and what could be read since.
#[derive(Debug, Clone, Default)]
pub struct Unread {
    /// By record, number and column of what waits.
    waiting: FxHashMap<String, Vec<(i64, String)>>,
    /// By record, as its latest state has it.
    values: FxHashMap<String, Vec<NewReject>>,
    /// Numbers of values in quarantine for which readable ones have come.
    pub readable: BTreeSet<i64>,
}

impl Unread {
    /// Nothing has been read yet; this waits.
    pub fn of(waiting: &[Waiting]) -> Self {
        let mut unread = Self::default();
        for (id, key, column) in waiting {
            unread.waiting.entry(key.clone()).or_default().push((*id, column.clone()));
        }
        unread
    }

    /// Takes in a page: the latest state of a record is what counts.
    pub fn take(&mut self, keys: &StringChunked, values: Vec<NewReject>) {
        if !self.values.is_empty() || !self.waiting.is_empty() {
            for key in keys.iter().flatten() {
                self.values.remove(key);
                if let Some(waiting) = self.waiting.get(key) {
                    self.readable.extend(waiting.iter().map(|(id, _)| *id));
                }
            }
        }
        for value in values {
            let Some(key) = value.key.clone() else { continue };
            for (id, column) in self.waiting.get(&key).into_iter().flatten() {
                if value.column.as_deref() == Some(column) {
                    self.readable.remove(id);
                }
            }
            self.values.entry(key).or_default().push(value);
        }
    }

    /// Records that are gone have nothing left to read.
    pub fn forget(&mut self, gone: &[String]) {
        for key in gone {
            self.values.remove(key);
            self.readable.extend(self.waiting.get(key).into_iter().flatten().map(|(id, _)| *id));
        }
    }

    /// The values, in the order of their records.
    pub fn into_values(self) -> Vec<NewReject> {
        let sorted: BTreeMap<String, Vec<NewReject>> = self.values.into_iter().collect();
        sorted.into_values().flatten().collect()
    }
}

/// Where a page came from.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The page as received.
    pub received: &'a DataFrame,
    /// The file or endpoint.
    pub origin: &'a str,
    /// The delivery's fingerprint.
    pub delivery: &'a str,
}

/// The values of a page that could not be read, each with its place.
pub fn values_of(page: &Page<'_>, problems: &[FieldProblem]) -> Vec<NewReject> {
    let of_row = |problem: &FieldProblem| Some(value_of(page, problem, (problem.row?, problem.key.as_deref()?)));
    problems.iter().filter_map(of_row).collect()
}

fn value_of(page: &Page<'_>, problem: &FieldProblem, (row, key): (usize, &str)) -> NewReject {
    let line = page.received.column(LINE).ok().and_then(|lines| lines.u64().ok()?.get(row));
    let column = problem.column.clone();
    let received = column.as_deref().and_then(|name| page.received.column(name).ok()?.str().ok()?.get(row));
    NewReject {
        origin: page.origin.to_owned(),
        line,
        reason: UNREADABLE_VALUE.to_owned(),
        detail: format!("{}: {}", problem.field, problem.reason.code()),
        raw: json!({ "key": key, "field": problem.field, "value": received }).to_string(),
        column,
        key: Some(key.to_owned()),
        delivery: page.delivery.to_owned(),
    }
}

/// The values of all sources as a frame, from which a later step reads them again.
pub fn to_frame(all: &[(String, Vec<NewReject>)], readable: &[i64]) -> PolarsResult<DataFrame> {
    let text = serde_json::to_string(
        &all.iter()
            .map(|(source, values)| {
                let rows: Vec<_> = values.iter().map(row_of).collect();
                (source, rows)
            })
            .collect::<Vec<_>>(),
    );
    let text = text.map_err(|error| PolarsError::ComputeError(format!("unreadable values: {error}").into()))?;
    let numbers: Vec<String> = readable.iter().map(ToString::to_string).collect();
    df!("values" => [text], "readable" => [numbers.join(",")])
}

/// A value as its parts: origin, line, column, detail, row, key, delivery.
type Row = (String, Option<u64>, Option<String>, String, String, Option<String>, String);

fn row_of(value: &NewReject) -> Row {
    let NewReject { origin, line, column, detail, raw, key, delivery, .. } = value.clone();
    (origin, line, column, detail, raw, key, delivery)
}

/// Values that cannot be read, by source.
pub type BySource = Vec<(String, Vec<NewReject>)>;

/// What [`to_frame`] wrote: the values, and the numbers of the earlier ones that can be read now.
pub fn from_frame(frame: &DataFrame) -> PolarsResult<(BySource, Vec<i64>)> {
    let text = frame.column("values")?.str()?.get(0).unwrap_or("[]");
    let all: Vec<(String, Vec<Row>)> = serde_json::from_str(text)
        .map_err(|error| PolarsError::ComputeError(format!("unreadable values: {error}").into()))?;
    let value = |(origin, line, column, detail, raw, key, delivery): Row| NewReject {
        origin,
        line,
        column,
        reason: UNREADABLE_VALUE.to_owned(),
        detail,
        raw,
        key,
        delivery,
    };
    let all = all.into_iter().map(|(source, rows)| (source, rows.into_iter().map(value).collect())).collect();
    let readable = frame.column("readable")?.str()?.get(0).unwrap_or_default();
    Ok((all, readable.split(',').filter_map(|id| id.parse().ok()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(key: &str, column: &str) -> NewReject {
        NewReject {
            origin: "members.csv".to_owned(),
            line: Some(7),
            column: Some(column.to_owned()),
            reason: UNREADABLE_VALUE.to_owned(),
            detail: "birth_date: not_a_date".to_owned(),
            raw: String::new(),
            key: Some(key.to_owned()),
            delivery: "one".to_owned(),
        }
    }

    fn keys(keys: &[&str]) -> StringChunked {
        StringChunked::from_slice("key".into(), keys)
    }

    #[test]
    fn a_value_waits_until_a_readable_one_comes_for_its_record_and_column() {
        let waiting = [(1, "a".to_owned(), "Geburtsdatum".to_owned()), (2, "b".to_owned(), "E-Mail".to_owned())];
        let mut unread = Unread::of(&waiting);
        unread.take(&keys(&["a", "b", "c"]), vec![value("a", "Geburtsdatum"), value("c", "PLZ")]);
        assert_eq!(unread.readable, BTreeSet::from([2]));
        unread.take(&keys(&["c"]), Vec::new());
        unread.forget(&["a".to_owned()]);
        assert_eq!(unread.readable, BTreeSet::from([1, 2]));
        assert!(unread.into_values().is_empty());
    }

    #[test]
    fn what_comes_to_rest_is_read_as_it_was() {
        let all = vec![("members".to_owned(), vec![value("a", "Geburtsdatum")])];
        assert_eq!(from_frame(&to_frame(&all, &[3, 4]).unwrap()).unwrap(), (all, vec![3, 4]));
    }
}
