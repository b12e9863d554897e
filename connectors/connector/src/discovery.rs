//! What a source looks like: its columns and the kind of their contents.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use kartei_schemas::source::{Mapping, SourceSchema};
use polars_core::frame::DataFrame;
use polars_core::prelude::StringChunked;
use serde::{Deserialize, Serialize};

/// What a source looks like now.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovery {
    /// The newest file's name, or what else tells a person what was looked at.
    pub origin: String,
    /// The source's own columns, in its order.
    pub columns: Vec<ColumnProfile>,
    /// Rows looked at.
    pub sampled_rows: u64,
    /// When the source last changed.
    pub modified: Option<DateTime<Utc>>,
    /// How the file is written, for people: `CSV, delimiter ';', windows-1252`.
    pub description: String,
}

/// One column and the kind of its contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// The column's name.
    pub name: String,
    /// What stands in it.
    pub content: ContentClass,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentClass {
    /// Nothing that was looked at.
    Empty,
    /// Calendar days or instants.
    Date,
    /// Numbers, with a decimal point or comma.
    Number,
    /// Anything else.
    Text,
}

/// How many values of a column are looked at.
const SAMPLE_VALUES: usize = 2_000;
/// A column is of a kind when so many of a hundred values are.
const SHARE_PERCENT: usize = 95;

/// The columns of some rows as received, with the kind of their contents. The columns `key` and `updated_at` that a
/// connector adds are left out, unless the source's own columns have these names (`own` says which those are).
pub fn profile(rows: &DataFrame, own: impl Fn(&str) -> bool) -> Vec<ColumnProfile> {
    let columns = rows.columns().iter().filter(|column| own(column.name()));
    columns
        .map(|column| ColumnProfile {
            name: column.name().to_string(),
            content: column.str().map_or(ContentClass::Text, classify),
        })
        .collect()
}

/// The kind of a column's contents, from its first two thousand filled cells.
fn classify(column: &StringChunked) -> ContentClass {
    let (mut dates, mut numbers, mut filled) = (0, 0, 0);
    let values = column.iter().flatten().map(str::trim).filter(|text| !text.is_empty());
    for text in values.take(SAMPLE_VALUES) {
        filled += 1;
        if is_date(text) {
            dates += 1;
        } else if is_number(text) {
            numbers += 1;
        }
    }
    let most = |count: usize| count * 100 >= filled * SHARE_PERCENT;
    match filled {
        0 => ContentClass::Empty,
        _ if most(dates) => ContentClass::Date,
        _ if most(numbers) => ContentClass::Number,
        _ => ContentClass::Text,
    }
}

/// `2026-01-31` or `31.1.2026`, also with a time behind it.
fn is_date(text: &str) -> bool {
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    let is_digits = |part: &str, longest: usize| {
        !part.is_empty() && part.len() <= longest && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts: Vec<&str> = day.split(['-', '.', '/']).collect();
    match parts.as_slice() {
        [first, middle, last] if first.len() == 4 => is_digits(first, 4) && is_digits(middle, 2) && is_digits(last, 2),
        [first, middle, last] => is_digits(first, 2) && is_digits(middle, 2) && is_digits(last, 4) && last.len() != 3,
        _ => false,
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',');
    plain && digits.bytes().any(|byte| byte.is_ascii_digit())
}

/// The source's columns that its schema uses: for the key, for fields, consents and answers. Sorted.
pub fn mapped_columns(schema: &SourceSchema) -> Vec<String> {
    let mut columns: BTreeSet<String> = schema.key.iter().cloned().collect();
    columns.extend(schema.updated_at.clone());
    for mapping in schema.fields.values() {
        match mapping {
            Mapping::Column(column) => {
                columns.insert(column.clone());
            }
            Mapping::Rule(rule) => {
                columns.extend(rule.column.clone());
                columns.extend(rule.columns.iter().flatten().cloned());
            }
        }
    }
    for consent in &schema.consents {
        columns.insert(consent.column.clone());
        columns.extend(consent.at.iter().chain(&consent.proof).cloned());
    }
    if let Some(survey) = &schema.survey {
        columns.extend(survey.date.clone());
        columns.extend(survey.questions.keys().cloned());
    }
    columns.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use polars_core::prelude::{NewChunkedArray, PlSmallStr};

    use super::*;

    fn class(texts: &[&str]) -> ContentClass {
        classify(&StringChunked::from_slice(PlSmallStr::from_static("column"), texts))
    }

    #[test]
    fn contents_are_told_apart() {
        assert_eq!(class(&["", " "]), ContentClass::Empty);
        assert_eq!(class(&["1984-03-05", "05.03.1984", "", "2026-01-01T10:00:00Z", "5.3.84"]), ContentClass::Date);
        assert_eq!(class(&["17", "-3,50", "1.000,00"]), ContentClass::Number);
        assert_eq!(class(&["17", "Berlin"]), ContentClass::Text);
        assert_eq!(class(&["0151 234567", "+49 30 123"]), ContentClass::Text);
    }

    #[test]
    fn one_typing_error_does_not_turn_a_date_column_into_text() {
        let mut texts = vec!["1984-03-05"; 99];
        texts.push("unbekannt");
        assert_eq!(class(&texts), ContentClass::Date);
    }

    #[test]
    fn every_column_that_the_schema_names_is_mapped() {
        let schema: SourceSchema = toml::from_str(
            r#"
            name = "umfrage"
            family = "survey"
            key = ["nr"]
            updated_at = "stand"
            connector = { product = "files", path = "*.csv" }
            fields.surname = "Name"
            fields.street = { columns = ["Straße", "Nr."], join = " " }
            fields.country = { constant = "DE" }
            survey = { name = "U", date = "tag", questions = { f1 = "Was?" } }
            [[consent]]
            purpose = "newsletter"
            column = "nl"
            at = "nl_am"
            states = {}
            "#,
        )
        .unwrap();
        let expected = ["Name", "Nr.", "Straße", "f1", "nl", "nl_am", "nr", "stand", "tag"];
        assert_eq!(mapped_columns(&schema), expected);
    }
}
