//! How well people are found again on sets with truth that stand beside the project (`../shared/data/linkage`): no change may lose
//! what was reached. Sets that are absent are passed by.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
#![expect(clippy::print_stderr, reason = "what was measured, and what was passed by, is told")]

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use kartei_matching::evaluate::evaluate;
use kartei_matching::{LinkOptions, link};
use kartei_schemas::matching::MatchSchema;
use polars_core::prelude::{Column, DataFrame, DataType};
use polars_io::prelude::{ParquetReader, SerReader};

const FEBRL: &[(&str, &str)] = &[
    ("given_name", "given_name"),
    ("surname", "surname"),
    ("street_number", "house_number"),
    ("address_1", "street"),
    ("address_2", "address_2"),
    ("suburb", "city"),
    ("postcode", "postal_code"),
    ("state", "state"),
    ("date_of_birth", "birth_date"),
];
const FAKE: &[(&str, &str)] = &[
    ("first_name", "given_name"),
    ("surname", "surname"),
    ("dob", "birth_date"),
    ("city", "city"),
    ("email", "email"),
];
const HISTORICAL: &[(&str, &str)] = &[
    ("first_name", "given_name"),
    ("surname", "surname"),
    ("dob", "birth_date"),
    ("birth_place", "birth_place"),
    ("postcode_fake", "postal_code"),
    ("gender", "sex"),
    ("occupation", "occupation"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/linkage")
}

/// A table of texts; an empty cell is null.
fn table(path: &Path) -> DataFrame {
    if path.extension().is_some_and(|ending| ending == "parquet") {
        return ParquetReader::new(File::open(path).unwrap()).finish().unwrap();
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).unwrap();
    let headers: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let columns = headers.iter().enumerate().map(|(place, header)| {
        let cells: Vec<Option<&str>> = rows.iter().map(|row| row.get(place).filter(|cell| !cell.is_empty())).collect();
        Column::new(header.as_str().into(), cells)
    });
    DataFrame::new(rows.len(), columns.collect()).unwrap()
}

/// The F1 of a set whose truth `person` reads out of a column.
fn f1(files: &[PathBuf], columns: &[(&str, &str)], (truth, person): (&str, fn(&str) -> &str)) -> Option<f64> {
    if !files.iter().all(|file| file.exists()) {
        eprintln!("{} is absent", files[0].display());
        return None;
    }
    let mut all = table(&files[0]);
    for file in &files[1..] {
        all.vstack_mut(&table(file)).unwrap();
    }
    let told = all.column(truth).unwrap().cast(&DataType::String).unwrap();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let told: Vec<u32> = told
        .str()
        .unwrap()
        .iter()
        .map(|text| {
            let next = u32::try_from(numbers.len()).unwrap();
            *numbers.entry(person(text.unwrap()).to_owned()).or_insert(next)
        })
        .collect();
    let known = columns.iter().filter_map(|(from, to)| Some(all.column(from).ok()?.clone().with_name((*to).into())));
    let records = DataFrame::new(all.height(), known.collect()).unwrap();
    let linked = link(records, &MatchSchema::default(), &[], LinkOptions::default()).unwrap();
    let found = evaluate(&linked.clusters, &told);
    eprintln!(
        "{}: F1 {:.4}, precision {:.4}, recall {:.4}",
        files[0].display(),
        found.f1,
        found.precision,
        found.recall
    );
    Some(found.f1)
}

fn reaches(files: &[&str], columns: &[(&str, &str)], truth: (&str, fn(&str) -> &str), least: f64) {
    let files: Vec<PathBuf> = files.iter().map(|file| folder().join(file)).collect();
    if let Some(f1) = f1(&files, columns, truth) {
        assert!(f1 >= least, "{f1:.4} is less than {least}");
    }
}

fn of_febrl(name: &str) -> &str {
    name.split('-').nth(1).unwrap()
}

fn whole(name: &str) -> &str {
    name
}

#[test]
fn febrl_3_and_4_without_their_numbers() {
    reaches(&["febrl3.csv"], FEBRL, ("rec_id", of_febrl), 0.995);
    reaches(&["febrl4a.csv", "febrl4b.csv"], FEBRL, ("rec_id", of_febrl), 0.994);
}

#[test]
fn fake_1000_which_has_little_of_each_person() {
    reaches(&["fake_1000.csv"], FAKE, ("cluster", whole), 0.94);
}

#[test]
fn historical_figures_with_many_records_each() {
    reaches(&["historical_figures_with_errors_50k.parquet"], HISTORICAL, ("cluster", whole), 0.92);
}

/// Any other tables in the columns of a normalised frame, with the truth in `person`: `KARTEI_SETS=a.csv,b.csv`.
#[test]
fn sets_that_the_environment_names() {
    const COLUMNS: [&str; 15] = [
        "source",
        "key",
        "given_name",
        "surname",
        "birth_surname",
        "sex",
        "birth_date",
        "email",
        "mobile",
        "phone",
        "street",
        "house_number",
        "postal_code",
        "city",
        "membership_number",
    ];
    let columns: Vec<(&str, &str)> = COLUMNS.iter().map(|name| (*name, *name)).collect();
    let named = std::env::var("KARTEI_SETS").unwrap_or_default();
    for file in named.split(',').filter(|name| !name.is_empty()) {
        assert!(f1(&[PathBuf::from(file)], &columns, ("person", whole)).is_some());
    }
}
