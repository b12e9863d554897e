//! Measures the matching on the sets with truth that stand in a folder, one line a set.
//!
//! `cargo run --example measure -- FOLDER [SET]`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a measuring tool")]

#[path = "shared/table.rs"]
mod table;

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use kartei_matching::{LinkOptions, Linked, evaluate, link};
use kartei_schemas::matching::MatchSchema;
use polars_core::prelude::*;
use polars_io::prelude::*;

/// A set: its files, the header → column map, and what must not be read.
struct Set {
    name: &'static str,
    files: &'static [&'static str],
    columns: &'static [(&'static str, &'static str)],
    truth: Truth,
}

enum Truth {
    Column(&'static str),
    FebrlId,
}

const FEBRL: &[(&str, &str)] = &[
    ("rec_id", "key"),
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
const HISTORICAL: &[(&str, &str)] = &[
    ("unique_id", "key"),
    ("first_name", "given_name"),
    ("surname", "surname"),
    ("dob", "birth_date"),
    ("birth_place", "birth_place"),
    ("postcode_fake", "postal_code"),
    ("gender", "sex"),
    ("occupation", "occupation"),
];

const GERMAN: &[&str] = &[
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

fn sets() -> Vec<Set> {
    let historical = "historical_figures_with_errors_50k.parquet";
    let with_number: &'static [_] = [FEBRL, &[("soc_sec_id", "membership_number")]].concat().leak();
    let with_name: &'static [_] = [HISTORICAL, &[("full_name", "full_name")]].concat().leak();
    let files = |names: &[&'static str]| -> &'static [&'static str] { names.to_vec().leak() };
    let german: &'static [_] = GERMAN.iter().map(|name| (*name, *name)).collect::<Vec<_>>().leak();
    let mut sets = vec![
        Set { name: "historical", files: files(&[historical]), columns: HISTORICAL, truth: Truth::Column("cluster") },
        Set {
            name: "historical+full",
            files: files(&[historical]),
            columns: with_name,
            truth: Truth::Column("cluster"),
        },
        Set {
            name: "fake_1000",
            files: files(&["fake_1000.csv"]),
            columns: &[
                ("unique_id", "key"),
                ("first_name", "given_name"),
                ("surname", "surname"),
                ("dob", "birth_date"),
                ("city", "city"),
                ("email", "email"),
            ],
            truth: Truth::Column("cluster"),
        },
    ];
    for (name, file) in [("german100k", "flat100k.csv"), ("german1m", "flat1m.csv")] {
        sets.push(Set { name, files: files(&[file]), columns: german, truth: Truth::Column("person") });
    }
    for (name, names) in
        [("febrl2", vec!["febrl2.csv"]), ("febrl3", vec!["febrl3.csv"]), ("febrl4", vec!["febrl4a.csv", "febrl4b.csv"])]
    {
        let plain = format!("{name}-ssn").leak();
        sets.push(Set { name, files: files(&names), columns: with_number, truth: Truth::FebrlId });
        sets.push(Set { name: plain, files: files(&names), columns: FEBRL, truth: Truth::FebrlId });
    }
    sets
}

fn read(path: &Path) -> DataFrame {
    if path.extension().is_some_and(|ending| ending == "parquet") {
        return ParquetReader::new(File::open(path).unwrap()).finish().unwrap();
    }
    let (headers, rows) = table::rows(path).unwrap();
    table::frame(&headers, &rows).unwrap()
}

fn measure(folder: &Path, set: &Set) {
    if !folder.join(set.files[0]).exists() {
        return println!("{:16} absent", set.name);
    }
    let mut frame = read(&folder.join(set.files[0]));
    for file in &set.files[1..] {
        frame.vstack_mut(&read(&folder.join(file))).unwrap();
    }
    let truth: Vec<u32> = match set.truth {
        Truth::Column(name) => labels(&frame, name, str::to_owned),
        Truth::FebrlId => labels(&frame, "rec_id", |text| text.split('-').nth(1).unwrap().to_owned()),
    };
    let columns =
        set.columns.iter().filter_map(|(from, to)| Some(frame.column(from).ok()?.clone().with_name((*to).into())));
    let records = DataFrame::new(frame.height(), columns.collect()).unwrap();
    let start = Instant::now();
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let mut schema = MatchSchema::default();
    schema.thresholds.merge = number("MERGE");
    schema.thresholds.review = Some(number("REVIEW").unwrap_or(0.1));
    let linked = link(records, &schema, &[], LinkOptions::default()).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let found = evaluate::evaluate(&linked.clusters, &truth);
    println!(
        "{:16} F1 {:.4} P {:.4} R {:.4} B3 {:.4} | {:5.2} s {:8} pairs {:6} clusters | threshold {:.3} coherence {:.4} {:?}",
        set.name,
        found.f1,
        found.precision,
        found.recall,
        found.bcubed_f1,
        seconds,
        linked.statistics.scored_pairs,
        linked.statistics.clusters,
        linked.model.merge_threshold,
        linked.statistics.coherence,
        linked.model.fit,
    );
    if let Ok(path) = std::env::var("DUMP") {
        dump(&linked, &truth, &path);
    }
    if number("REVIEW").is_some() {
        reliability(&linked, &truth);
    }
    if std::env::var_os("VERBOSE").is_some() {
        println!("prior same {:.3e} household {:.3e}", linked.model.prior_same, linked.model.prior_household);
        for comparison in &linked.model.comparisons {
            for level in &comparison.levels {
                println!(
                    "  {:12} {:18} same {:.5} home {:.5} stranger {:.7} weight {:6.2}",
                    comparison.name,
                    level.name,
                    level.same,
                    level.household,
                    level.stranger,
                    (level.same / level.stranger).log2()
                );
            }
        }
        for key in &linked.statistics.keys {
            println!("  {key:?}");
        }
    }
}

/// Of pairs given a probability, how many are right; and what a perfect judge would make of all pairs kept.
fn reliability(linked: &Linked, truth: &[u32]) {
    let mut bins = vec![(0_u64, 0_u64, 0.0_f64); 20];
    let mut perfect: Vec<u32> = (0..u32::try_from(truth.len()).unwrap()).collect();
    let pairs = &linked.pairs;
    for place in 0..pairs.len() {
        let (left, right) = (pairs.left[place] as usize, pairs.right[place] as usize);
        let right_pair = truth[left] == truth[right];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the bins")]
        let bin = ((pairs.weight[place] / 2.0).floor() + 10.0).clamp(0.0, 19.0) as usize;
        bins[bin].0 += 1;
        bins[bin].1 += u64::from(right_pair);
        bins[bin].2 += f64::from(pairs.probability[place]);
        if right_pair {
            let (one, other) = (root(&mut perfect, left), root(&mut perfect, right));
            perfect[one.max(other)] = u32::try_from(one.min(other)).unwrap();
        }
    }
    for (bin, (all, right, sum)) in bins.iter().enumerate().filter(|(_, bin)| bin.0 > 0) {
        let (count, lower_bound) = (*all as f64, 2 * i32::try_from(bin).unwrap() - 20);
        println!(
            "  {lower_bound:4} bits: {all:7} pairs, expected {:.4}, right {:.4}",
            sum / count,
            *right as f64 / count
        );
    }
    let labels: Vec<u32> = (0..truth.len()).map(|row| u32::try_from(root(&mut perfect, row)).unwrap()).collect();
    println!("  perfect judge of the kept pairs: F1 {:.4}", evaluate::evaluate(&labels, truth).f1);
}

fn root(parents: &mut [u32], mut at: usize) -> usize {
    while parents[at] as usize != at {
        parents[at] = parents[parents[at] as usize];
        at = parents[at] as usize;
    }
    at
}

fn dump(linked: &Linked, truth: &[u32], path: &str) {
    use std::io::Write;
    let mut file = std::io::BufWriter::new(File::create(path).unwrap());
    writeln!(file, "left,right,weight,probability,household").unwrap();
    let pairs = &linked.pairs;
    for at in 0..pairs.len() {
        let (left, right) = (pairs.left[at], pairs.right[at]);
        writeln!(file, "{left},{right},{},{},{}", pairs.weight[at], pairs.probability[at], pairs.household[at])
            .unwrap();
    }
    let mut file = std::io::BufWriter::new(File::create(format!("{path}.clusters")).unwrap());
    writeln!(file, "cluster,household,truth").unwrap();
    for (row, person) in truth.iter().enumerate() {
        writeln!(file, "{},{},{person}", linked.clusters[row], linked.households[row]).unwrap();
    }
}

fn labels(frame: &DataFrame, column: &str, person: impl Fn(&str) -> String) -> Vec<u32> {
    let mut numbers = std::collections::HashMap::new();
    let column = frame.column(column).unwrap().cast(&DataType::String).unwrap();
    let texts = column.str().unwrap();
    texts
        .iter()
        .map(|text| {
            let next = u32::try_from(numbers.len()).unwrap();
            *numbers.entry(person(text.unwrap())).or_insert(next)
        })
        .collect()
}

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data".to_owned());
    let wanted = std::env::args().nth(2);
    for set in sets().iter().filter(|set| wanted.as_deref().is_none_or(|name| set.name.starts_with(name))) {
        measure(Path::new(&folder), set);
    }
}
