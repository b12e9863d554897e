//! Full records a second: twenty columns of a membership source, as systems write them, one in eight a little off.

use std::hint::black_box;

use chrono::{NaiveDate, TimeZone, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kartei_normalise::{Context, normalise};
use kartei_schemas::person::PersonSchema;
use kartei_schemas::source::SourceSchema;
use polars_core::prelude::{Column, DataFrame};

/// As in the command.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ROWS: usize = 100_000;

const SCHEMA: &str = r#"
name = "members"
family = "membership"
key = ["nr"]
updated_at = "geaendert"
[connector]
product = "files"
path = "inbox/members.csv"
[fields]
salutation = "anrede"
title = "titel"
given_name = "vorname"
surname = "nachname"
birth_date = "geburt"
email = "mail"
phone = "telefon"
mobile = "handy"
street = { columns = ["strasse", "hausnummer"] }
postal_code = "plz"
city = "ort"
country = "land"
membership_number = "nr"
is_member = { column = "status", values = { aktiv = "ja", "*" = "nein" } }
joined_on = "eintritt"
org_unit = "ortsverein"
interests = { column = "themen", list = ";" }
[[consent]]
purpose = "newsletter"
column = "newsletter"
at = "geaendert"
states = { ja = "granted", nein = "withdrawn" }
"#;

/// Numbers that look random and are the same at every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }

    /// Small numbers far more often than large ones, as with names.
    fn long_tailed(&mut self, limit: usize) -> usize {
        let (one, other) = (self.below(limit), self.below(limit));
        one * other / limit
    }
}

fn name(dice: &mut Dice, syllables: &[&str], variety: usize) -> String {
    let mut number = dice.long_tailed(variety);
    let mut name = String::new();
    for _ in 0..3 {
        name.push_str(syllables[number % syllables.len()]);
        number /= syllables.len();
    }
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

/// One row: the columns of `NAMES`.
fn record(dice: &mut Dice, number: usize) -> Vec<String> {
    const SYLLABLES: &[&str] =
        &["ma", "ler", "schmi", "dt", "hof", "mann", "ber", "ger", "wei", "ß", "mü", "ller", "ka", "stein", "en", "lu"];
    let off = dice.below(8) == 0;
    let given = name(dice, SYLLABLES, 2_000);
    let family = name(dice, SYLLABLES, 4_000);
    let street = name(dice, SYLLABLES, 4_000);
    let (year, month, day) = (1930 + dice.below(75), 1 + dice.below(12), 1 + dice.below(28));
    vec![
        number.to_string(),
        if dice.below(2) == 0 { "Frau" } else { "Herr" }.to_owned(),
        if dice.below(20) == 0 { "Dr." } else { "" }.to_owned(),
        if off { given.to_uppercase() } else { given.clone() },
        if off { family.to_uppercase() } else { family.clone() },
        if off { format!("{day}.{month}.{}", year % 100) } else { format!("{day:02}.{month:02}.{year}") },
        format!(
            "{}.{}{}@{}",
            given.to_lowercase(),
            family.to_lowercase(),
            dice.below(99),
            ["web.de", "gmx.de", "gmail.com"][dice.below(3)]
        )
        .replace('ü', "ue")
        .replace('ß', "ss"),
        format!("0{}/{}", [30, 40, 221, 351, 6221][dice.below(5)], 1_000_000 + dice.below(8_999_999)),
        format!("+49 1{} {}", 51 + dice.below(2), 10_000_000 + dice.below(89_999_999)),
        if off { format!("{street}str.") } else { format!("{street}straße") },
        format!("{}", 1 + dice.below(150)),
        format!("{:05}", 10_000 + dice.below(8_000) * 4),
        name(dice, SYLLABLES, 4_000),
        "Deutschland".to_owned(),
        if dice.below(10) == 0 { "passiv" } else { "aktiv" }.to_owned(),
        format!("{:04}-{month:02}-{day:02}", 1990 + dice.below(35)),
        format!("OV-{}", dice.below(400)),
        "Verkehr;Umwelt".to_owned(),
        "ja".to_owned(),
        format!("2026-{month:02}-{day:02} 10:00:00"),
        "Lehrerin".to_owned(),
    ]
}

const NAMES: [&str; 21] = [
    "nr",
    "anrede",
    "titel",
    "vorname",
    "nachname",
    "geburt",
    "mail",
    "telefon",
    "handy",
    "strasse",
    "hausnummer",
    "plz",
    "ort",
    "land",
    "status",
    "eintritt",
    "ortsverein",
    "themen",
    "newsletter",
    "geaendert",
    "beruf",
];

fn frame() -> DataFrame {
    let mut dice = Dice(42);
    let mut cells: Vec<Vec<String>> = vec![Vec::with_capacity(ROWS); NAMES.len()];
    for number in 0..ROWS {
        for (column, text) in cells.iter_mut().zip(record(&mut dice, number)) {
            column.push(text);
        }
    }
    let mut columns: Vec<Column> =
        NAMES.iter().zip(&cells).map(|(name, texts)| Column::new((*name).into(), texts.as_slice())).collect();
    columns.push(Column::new("key".into(), cells[0].as_slice()));
    DataFrame::new(ROWS, columns).unwrap_or_default()
}

fn records(criterion: &mut Criterion) {
    let received = frame();
    let source: SourceSchema = toml::from_str(SCHEMA).unwrap_or_else(|error| panic!("{error}"));
    let person = PersonSchema::default();
    let context = Context {
        time_zone: kartei_normalise::Tz::Europe__Berlin,
        default_country: "DE".to_owned(),
        received_at: Utc.timestamp_millis_opt(1_795_489_200_000).single().unwrap_or_default(),
        today: NaiveDate::from_ymd_opt(2026, 11, 24).unwrap_or_default(),
    };
    let mut group = criterion.benchmark_group("normalise");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let Ok(pool) = pool else { continue };
        group.bench_function(format!("full records, {threads} threads"), |bench| {
            bench.iter(|| pool.install(|| normalise(black_box(&received), &source, &person, &context)));
        });
    }
    group.bench_function("fingerprint", |bench| bench.iter(|| kartei_normalise::fingerprint(black_box(&received))));
    group.finish();
}

criterion_group!(benches, records);
criterion_main!(benches);
