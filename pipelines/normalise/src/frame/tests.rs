//! Whole frames: mappings, problems, what is kept as received, and what several fields tell together.

use chrono::TimeZone;
use chrono_tz::Tz;
use kartei_schemas::answer::Answer;
use kartei_schemas::consent::{Consent, ConsentState, SaidPrecision};
use polars_core::prelude::Column;

use super::*;

mod stories;

/// A source schema out of its TOML, with the parts that every source needs.
fn source(rest: &str) -> SourceSchema {
    let head = "name = \"members\"\nfamily = \"membership\"\nkey = [\"nr\"]\n";
    let connector = "[connector]\nproduct = \"files\"\npath = \"inbox/members.csv\"\n";
    toml::from_str(&format!("{head}{rest}\n{connector}")).unwrap()
}

fn context() -> Context {
    Context {
        time_zone: Tz::Europe__Berlin,
        default_country: "DE".to_owned(),
        received_at: Utc.with_ymd_and_hms(2026, 11, 24, 3, 0, 0).unwrap(),
        today: NaiveDate::from_ymd_opt(2026, 11, 24).unwrap(),
    }
}

/// A received frame: keys are 1, 2, 3, ...
fn received(columns: &[(&str, &[Option<&str>])]) -> DataFrame {
    let rows = columns.first().map_or(1, |(_, cells)| cells.len());
    let keys: Vec<String> = (1..=rows).map(|key| key.to_string()).collect();
    let mut all = vec![Column::new("key".into(), keys)];
    all.extend(columns.iter().map(|(name, cells)| Column::new((*name).into(), *cells)));
    DataFrame::new(rows, all).unwrap()
}

/// One row of texts.
fn row(cells: &[(&str, &str)]) -> DataFrame {
    let owned: Vec<(&str, Vec<Option<&str>>)> = cells.iter().map(|(name, text)| (*name, vec![Some(*text)])).collect();
    let borrowed: Vec<(&str, &[Option<&str>])> = owned.iter().map(|(name, cells)| (*name, cells.as_slice())).collect();
    received(&borrowed)
}

fn run(schema: &str, frame: &DataFrame) -> Normalised {
    normalise(frame, &source(schema), &PersonSchema::default(), &context()).unwrap()
}

impl Normalised {
    fn text(&self, column: &str, row: usize) -> Option<String> {
        self.frame.column(column).unwrap().str().unwrap().get(row).map(str::to_owned)
    }

    #[track_caller]
    fn expect(&self, cells: &[(&str, Option<&str>)]) {
        for (column, expected) in cells {
            assert_eq!(self.text(column, 0).as_deref(), *expected, "{column}");
        }
    }
}
