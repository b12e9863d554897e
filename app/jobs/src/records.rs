//! The living records of all sources: the last run's, with what the deliveries since brought and took away.

use std::collections::BTreeMap;

use kartei_schemas::frame::{KEY, SOURCE};
use polars_core::prelude::*;
use rustc_hash::FxHashSet;

use crate::kept::Unreadable;

/// What the deliveries of one source changed, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Delivered {
    /// Normalised rows; a key that comes twice stands as it came last.
    pub rows: Vec<DataFrame>,
    /// Keys that a complete listing no longer holds, and that came in no later delivery.
    pub gone: Vec<String>,
    /// The values of each frame of `rows` that could not be read.
    pub unreadable: Vec<Vec<Unreadable>>,
    /// Whether these are all deliveries of the source, so that what was known of it before counts for nothing.
    pub anew: bool,
}

/// Applies deliveries to the last run's records. Both are, and the outcome is, sorted by source and key.
pub fn apply(previous: Option<&DataFrame>, delivered: &BTreeMap<String, Delivered>) -> PolarsResult<DataFrame> {
    let mut parts = BTreeMap::new();
    if let Some(previous) = previous {
        for (source, rows) in split_by_source(previous)? {
            parts.insert(source, rows);
        }
    }
    for (source, news) in delivered {
        let fresh = news.rows.iter().map(latest_of_each_key).collect::<PolarsResult<Vec<_>>>()?;
        let mut replaced: FxHashSet<String> = news.gone.iter().cloned().collect();
        let mut kept: Vec<DataFrame> = Vec::with_capacity(fresh.len() + 1);
        // From the last delivery to the first, so that a key met again is an older state.
        for rows in fresh.into_iter().rev() {
            let rows = without(&rows, &replaced)?;
            replaced.extend(rows.column(KEY)?.str()?.iter().flatten().map(str::to_owned));
            kept.push(rows);
        }
        let before = parts.remove(source).filter(|_| !news.anew);
        if let Some(before) = before {
            kept.push(without(&before, &replaced)?);
        }
        if let Some(rows) = stack(kept)? {
            let sorted = rows.sort([KEY], SortMultipleOptions::default())?;
            parts.insert(source.clone(), sorted);
        }
    }
    Ok(stack(parts.into_values().collect())?.unwrap_or_default())
}

/// One frame under another; none of none. All have the same columns.
pub fn stack(frames: Vec<DataFrame>) -> PolarsResult<Option<DataFrame>> {
    let mut whole: Option<DataFrame> = None;
    for frame in frames.into_iter().filter(|frame| frame.height() > 0) {
        match &mut whole {
            None => whole = Some(frame),
            Some(whole) => {
                whole.vstack_mut(&frame)?;
            }
        }
    }
    if let Some(whole) = &mut whole {
        whole.rechunk_mut_par();
    }
    Ok(whole)
}

/// The records of one source.
pub fn of_source(records: &DataFrame, source: &str) -> PolarsResult<DataFrame> {
    let parts = split_by_source(records)?.into_iter();
    Ok(parts.filter(|(name, _)| name == source).map(|(_, rows)| rows).next().unwrap_or_default())
}

fn split_by_source(records: &DataFrame) -> PolarsResult<Vec<(String, DataFrame)>> {
    if records.height() == 0 {
        return Ok(Vec::new());
    }
    let sources = records.column(SOURCE)?.str()?.clone();
    let mut parts = Vec::new();
    let mut start = 0;
    while start < records.height() {
        let source = sources.get(start).unwrap_or_default().to_owned();
        let end = partition_end(&sources, start, &source);
        parts.push((source, records.slice(i64::try_from(start).unwrap_or(i64::MAX), end - start)));
        start = end;
    }
    Ok(parts)
}

/// The first row after `start` that belongs to another source; the column is sorted, so bisection finds it.
fn partition_end(sources: &StringChunked, start: usize, source: &str) -> usize {
    let (mut low, mut high) = (start, sources.len());
    while low < high {
        let middle = low.midpoint(high);
        if sources.get(middle) <= Some(source) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

fn latest_of_each_key(rows: &DataFrame) -> PolarsResult<DataFrame> {
    let keys = rows.column(KEY)?.str()?;
    let mut seen = FxHashSet::default();
    let mut keep = vec![false; rows.height()];
    for row in (0..rows.height()).rev() {
        keep[row] = seen.insert(keys.get(row));
    }
    if seen.len() == rows.height() {
        return Ok(rows.clone());
    }
    rows.filter(&BooleanChunked::from_slice(PlSmallStr::EMPTY, &keep))
}

fn without(rows: &DataFrame, keys: &FxHashSet<String>) -> PolarsResult<DataFrame> {
    if keys.is_empty() {
        return Ok(rows.clone());
    }
    let keep: BooleanChunked =
        rows.column(KEY)?.str()?.iter().map(|key| key.is_some_and(|key| !keys.contains(key))).collect();
    rows.filter(&keep)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(source: &str, cells: &[(&str, &str)]) -> DataFrame {
        let keys: Vec<&str> = cells.iter().map(|cell| cell.0).collect();
        let names: Vec<&str> = cells.iter().map(|cell| cell.1).collect();
        df!(SOURCE => vec![source; cells.len()], KEY => keys, "surname" => names).unwrap()
    }

    fn listed(frame: &DataFrame) -> Vec<String> {
        let text = |name: &str, row| frame.column(name).unwrap().str().unwrap().get(row).unwrap().to_owned();
        (0..frame.height())
            .map(|row| format!("{}:{}={}", text(SOURCE, row), text(KEY, row), text("surname", row)))
            .collect()
    }

    #[test]
    fn later_deliveries_replace_earlier_ones_and_gone_records_go() {
        let mut previous = rows("a", &[("1", "Alt"), ("2", "Bleibt"), ("3", "Geht")]);
        previous.vstack_mut(&rows("b", &[("1", "Andere")])).unwrap();
        let news = Delivered {
            rows: vec![rows("a", &[("1", "Mitte"), ("9", "Neu")]), rows("a", &[("1", "Fast"), ("1", "Jung")])],
            gone: vec!["3".to_owned()],
            ..Delivered::default()
        };
        let after = apply(Some(&previous), &BTreeMap::from([("a".to_owned(), news)])).unwrap();
        assert_eq!(listed(&after), ["a:1=Jung", "a:2=Bleibt", "a:9=Neu", "b:1=Andere"]);
    }

    #[test]
    fn the_first_delivery_needs_no_records_before_it() {
        let news = Delivered { rows: vec![rows("b", &[("2", "Zwei"), ("1", "Eins")])], ..Delivered::default() };
        let after = apply(None, &BTreeMap::from([("b".to_owned(), news)])).unwrap();
        assert_eq!(listed(&after), ["b:1=Eins", "b:2=Zwei"]);
    }

    #[test]
    fn a_source_that_is_made_anew_holds_only_what_its_deliveries_bring() {
        let mut previous = rows("a", &[("1", "Alt"), ("2", "Falsch")]);
        previous.vstack_mut(&rows("b", &[("1", "Andere")])).unwrap();
        let news = Delivered { rows: vec![rows("a", &[("1", "Alt")])], anew: true, ..Delivered::default() };
        let after = apply(Some(&previous), &BTreeMap::from([("a".to_owned(), news)])).unwrap();
        assert_eq!(listed(&after), ["a:1=Alt", "b:1=Andere"]);
        let retired = Delivered { anew: true, ..Delivered::default() };
        let after = apply(Some(&after), &BTreeMap::from([("a".to_owned(), retired)])).unwrap();
        assert_eq!(listed(&after), ["b:1=Andere"]);
    }

    #[test]
    fn without_deliveries_nothing_changes() {
        let previous = rows("a", &[("1", "Alt"), ("2", "Bleibt")]);
        assert!(apply(Some(&previous), &BTreeMap::new()).unwrap().equals(&previous));
    }
}
