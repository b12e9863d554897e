//! Frames without a person: rows that are its own go, and row numbers in other frames are those of the rows that stay.

use std::collections::{BTreeMap, HashSet};

use kartei_schemas::frame::{KEY, SOURCE};
use kartei_store::{ErasureKind, Subject};
use polars_core::prelude::*;

/// What is cut out.
#[derive(Debug, Clone, Default)]
pub struct Cut {
    records: HashSet<(String, String)>,
    sources: HashSet<String>,
    persons: HashSet<String>,
    /// Persons of whom only the values go.
    partial: HashSet<String>,
    /// Whether what was said of consents stays.
    keeps_words: bool,
}

/// The frame of what was said of consents: the store's table has the same rows.
const WORDS: &str = "consent_events";
/// Columns of row numbers that stand for a set of rows: the smallest of it.
const LABELS: [&str; 3] = ["cluster", "household", "counted"];
/// Columns that say who is who and no more: they stay where a person's values go.
const FACTS: [&str; 10] = [
    "id",
    "state",
    "org_unit",
    "household_id",
    "is_member",
    "sources",
    "records",
    "first_seen",
    "updated_at",
    "person_id",
];

impl Cut {
    /// What is cut out for a person.
    pub fn of(subject: &Subject, kind: ErasureKind) -> Self {
        Self {
            keeps_words: kind == ErasureKind::Blanked,
            records: subject.records.iter().map(|record| (record.source.clone(), record.key.clone())).collect(),
            sources: subject.records.iter().map(|record| record.source.clone()).collect(),
            persons: subject.persons.iter().cloned().collect(),
            partial: subject.partial.iter().cloned().collect(),
        }
    }

    /// Whether a source holds any of the records.
    pub fn has_source(&self, source: &str) -> bool {
        self.sources.contains(source)
    }

    /// Whether a page of a source names any of the records.
    pub fn touches_page(&self, keys: &DataFrame, source: &str) -> PolarsResult<bool> {
        Ok(self.page_mask(keys, source)?.iter().any(|stays| !stays))
    }

    /// A page of a source without the records, and how many rows went.
    pub fn page(&self, page: &DataFrame, source: &str) -> PolarsResult<(DataFrame, u64)> {
        let mask = self.page_mask(page, source)?;
        let after = filtered(page, &mask)?;
        let gone = (page.height() - after.height()) as u64;
        Ok((after, gone))
    }

    fn page_mask(&self, page: &DataFrame, source: &str) -> PolarsResult<Vec<bool>> {
        let keys = page.column(KEY)?.str()?;
        let mut name = (source.to_owned(), String::new());
        let mut stays = |key: Option<&str>| {
            name.1.clear();
            name.1.push_str(key.unwrap_or_default());
            !self.records.contains(&name)
        };
        Ok(keys.iter().map(&mut stays).collect())
    }

    /// Those of the frames that belong together which are not as they were, without the person.
    pub fn published(&self, frames: &BTreeMap<String, DataFrame>) -> PolarsResult<BTreeMap<String, DataFrame>> {
        let mut after = BTreeMap::new();
        let rows = frames.get("records").map(|records| self.record_mask(records)).transpose()?;
        let places = rows.as_deref().map(new_places);
        for (what, frame) in frames.iter().filter(|(what, _)| !(self.keeps_words && *what == WORDS)) {
            let has = |name: &str| frame.column(name).is_ok();
            let changed = if has(SOURCE) && has(KEY) {
                stayed(frame, &self.record_mask(frame)?)?
            } else if let (Some(rows), Some(places)) = (&rows, &places) {
                let all_stay = rows.iter().all(|stays| *stays);
                if all_stay {
                    None
                } else if has("left") && has("right") {
                    Some(renumbered(frame, places)?)
                } else if LABELS.iter().any(|label| has(label)) && frame.height() == rows.len() {
                    Some(relabelled(&filtered(frame, rows)?, (rows, places))?)
                } else {
                    None
                }
            } else {
                None
            };
            let changed = match (changed, person_column(frame)) {
                (None, Some(column)) => self.without_persons(frame, column)?,
                (changed, _) => changed,
            };
            after.extend(changed.map(|frame| (what.clone(), frame)));
        }
        Ok(after)
    }

    fn record_mask(&self, frame: &DataFrame) -> PolarsResult<Vec<bool>> {
        let (sources, keys) = (frame.column(SOURCE)?.str()?, frame.column(KEY)?.str()?);
        let mut name = (String::new(), String::new());
        let mut stays = |(source, key): (Option<&str>, Option<&str>)| {
            let (source, key) = (source.unwrap_or_default(), key.unwrap_or_default());
            // Words that were heard elsewhere have the person's id for a key.
            if self.persons.contains(key) {
                return false;
            }
            if !self.sources.contains(source) {
                return true;
            }
            name.0.clear();
            name.0.push_str(source);
            name.1.clear();
            name.1.push_str(key);
            !self.records.contains(&name)
        };
        Ok(sources.iter().zip(keys.iter()).map(&mut stays).collect())
    }

    fn without_persons(&self, frame: &DataFrame, ids: &StringChunked) -> PolarsResult<Option<DataFrame>> {
        let mask: Vec<bool> = ids.iter().map(|id| !id.is_some_and(|id| self.persons.contains(id))).collect();
        let part: Vec<bool> = ids.iter().map(|id| id.is_some_and(|id| self.partial.contains(id))).collect();
        if !part.iter().any(|is_part| *is_part) {
            return stayed(frame, &mask);
        }
        let columns: PolarsResult<Vec<Column>> = frame
            .columns()
            .iter()
            .map(|column| {
                let Ok(texts) = column.str() else { return Ok(column.clone()) };
                if FACTS.contains(&column.name().as_str()) {
                    return Ok(column.clone());
                }
                let texts = texts.iter().zip(&part).map(|(text, is_part)| text.filter(|_| !is_part));
                Ok(texts.collect::<StringChunked>().with_name(column.name().clone()).into_column())
            })
            .collect();
        filtered(&DataFrame::new(frame.height(), columns?)?, &mask).map(Some)
    }
}

fn person_column(frame: &DataFrame) -> Option<&StringChunked> {
    ["id", "person_id"].iter().find_map(|name| frame.column(name).ok()?.str().ok())
}

fn stayed(frame: &DataFrame, mask: &[bool]) -> PolarsResult<Option<DataFrame>> {
    if mask.iter().all(|stays| *stays) { Ok(None) } else { filtered(frame, mask).map(Some) }
}

fn filtered(frame: &DataFrame, mask: &[bool]) -> PolarsResult<DataFrame> {
    frame.filter(&BooleanChunked::from_slice(PlSmallStr::EMPTY, mask))
}

/// Per row its place among those that stay.
fn new_places(mask: &[bool]) -> Vec<Option<u32>> {
    let mut next = 0;
    let place = |stays: &bool| {
        stays.then(|| {
            next += 1;
            next - 1
        })
    };
    mask.iter().map(place).collect()
}

fn place(places: &[Option<u32>], row: Option<u32>) -> Option<u32> {
    places.get(row? as usize).copied().flatten()
}

/// Pairs of rows that both stay, by their places now.
fn renumbered(frame: &DataFrame, places: &[Option<u32>]) -> PolarsResult<DataFrame> {
    let (left, right) = (frame.column("left")?.u32()?, frame.column("right")?.u32()?);
    let both: Vec<_> = left
        .iter()
        .zip(right.iter())
        .map(|(left, right)| Some((place(places, left)?, place(places, right)?)))
        .collect();
    let mask: Vec<bool> = both.iter().map(Option::is_some).collect();
    let mut after = filtered(frame, &mask)?;
    let (lefts, rights): (Vec<u32>, Vec<u32>) = both.into_iter().flatten().unzip();
    after.with_column(Column::new("left".into(), lefts))?;
    after.with_column(Column::new("right".into(), rights))?;
    Ok(after)
}

/// Labels of rows that stay: the smallest row of each set, as it is now.
fn relabelled(stayed: &DataFrame, (mask, places): (&[bool], &[Option<u32>])) -> PolarsResult<DataFrame> {
    let mut after = stayed.clone();
    for label in LABELS {
        let Ok(column) = stayed.column(label).and_then(|column| column.u32().cloned()) else { continue };
        let mut first: Vec<Option<u32>> = places.to_vec();
        // Where the row that gave its name is gone, the first of the others does.
        let rows = mask.iter().enumerate().filter(|(_, stays)| **stays);
        for ((row, _), old) in rows.zip(column.iter()) {
            let Some(slot) = old.and_then(|old| first.get_mut(old as usize)) else { continue };
            if slot.is_none() {
                *slot = places[row];
            }
        }
        let labels: Vec<u32> = column.iter().map(|old| place(&first, old).unwrap_or_default()).collect();
        after.with_column(Column::new(label.into(), labels))?;
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(records: &[(&str, &str)], persons: &[&str]) -> Cut {
        let records: HashSet<(String, String)> =
            records.iter().map(|(source, key)| ((*source).to_owned(), (*key).to_owned())).collect();
        Cut {
            sources: records.iter().map(|(source, _)| source.clone()).collect(),
            records,
            persons: persons.iter().map(|id| (*id).to_owned()).collect(),
            partial: HashSet::new(),
            keeps_words: false,
        }
    }

    /// Three persons: rows 0 and 3, row 1, row 2; all of one household but row 2.
    fn frames() -> BTreeMap<String, DataFrame> {
        let records = df!(SOURCE => ["a", "a", "a", "b"], KEY => ["1", "2", "3", "1"]).unwrap();
        let clusters = df!(
            "cluster" => [0_u32, 1, 2, 0], "household" => [0_u32, 0, 2, 0], "counted" => [0_u32, 1, 2, 0]
        );
        let pairs = df!("left" => [0_u32, 0, 1], "right" => [1_u32, 3, 2], "weight" => [1.0_f32, 9.0, 2.0]);
        let persons = df!("id" => ["P", "Q", "R"], "surname" => ["Sand", "Kant", "Wolf"]);
        BTreeMap::from([
            ("records".to_owned(), records),
            ("clusters".to_owned(), clusters.unwrap()),
            ("pairs".to_owned(), pairs.unwrap()),
            ("persons".to_owned(), persons.unwrap()),
        ])
    }

    fn numbers(frame: &DataFrame, column: &str) -> Vec<u32> {
        frame.column(column).unwrap().u32().unwrap().into_no_null_iter().collect()
    }

    #[test]
    fn what_stays_belongs_together_as_before() {
        let after = cut(&[("a", "1"), ("b", "1")], &["P"]).published(&frames()).unwrap();
        assert_eq!(after["records"].height(), 2);
        assert_eq!(numbers(&after["clusters"], "cluster"), [0, 1]);
        assert_eq!(numbers(&after["clusters"], "household"), [0, 1], "the household goes by its next row");
        assert_eq!((numbers(&after["pairs"], "left"), numbers(&after["pairs"], "right")), (vec![0], vec![1]));
        assert_eq!(after["persons"].height(), 2);
    }

    #[test]
    fn a_label_that_goes_is_replaced_by_the_next_row_that_bears_it() {
        let after = cut(&[("a", "1")], &[]).published(&frames()).unwrap();
        assert_eq!(numbers(&after["clusters"], "cluster"), [0, 1, 2], "row 3 is alone, and named by itself");
        assert_eq!(numbers(&after["clusters"], "household"), [0, 1, 0]);
        assert_eq!(numbers(&after["pairs"], "left"), [0]);
    }

    #[test]
    fn frames_without_the_person_are_left_as_they_are() {
        assert!(cut(&[("c", "1")], &["Z"]).published(&frames()).unwrap().is_empty());
    }

    #[test]
    fn a_page_loses_the_rows_of_its_source_alone() {
        let page = df!(KEY => ["1", "2"], "Name" => ["Sand", "Kant"]).unwrap();
        let cut = cut(&[("a", "1")], &[]);
        assert!(cut.touches_page(&page, "a").unwrap() && !cut.touches_page(&page, "b").unwrap());
        let (after, gone) = cut.page(&page, "a").unwrap();
        assert_eq!((after.height(), gone), (1, 1));
    }

    #[test]
    fn who_holds_other_records_as_well_keeps_id_and_facts_alone() {
        let persons = df!("id" => ["P", "Q"], "surname" => ["Sand", "Kant"], "org_unit" => ["n", "s"]).unwrap();
        let cut = Cut { partial: HashSet::from(["P".to_owned()]), ..Cut::default() };
        let after = cut.published(&BTreeMap::from([("persons".to_owned(), persons)])).unwrap();
        let text = |column: &str, row: usize| {
            after["persons"].column(column).unwrap().str().unwrap().get(row).map(str::to_owned)
        };
        assert_eq!((text("surname", 0), text("org_unit", 0)), (None, Some("n".to_owned())));
        assert_eq!(text("surname", 1), Some("Kant".to_owned()));
    }
}
