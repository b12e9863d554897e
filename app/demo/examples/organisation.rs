//! Makes a demo organisation, several nights of it, and the flat table for other linkage programs:
//! `cargo run --release -p kartei-demo --example organisation -- DIR [PEOPLE] [SEED] [NIGHTS]`

use std::path::PathBuf;
use std::time::Instant;

use chrono::NaiveDate;
use kartei_demo::{DemoOptions, advance, generate, write_flat_table};

#[expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "organisation".to_owned()));
    let people = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let seed = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let nights: u32 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let first_night = NaiveDate::from_ymd_opt(2026, 11, 23).ok_or("no such day")?;
    let options = DemoOptions { folder, people, seed, first_night };
    for night in 1..=nights {
        let start = Instant::now();
        let summary = if night == 1 { generate(&options)? } else { advance(&options, night)? };
        println!("night {night}: {summary:?} in {:.1} s", start.elapsed().as_secs_f64());
    }
    let path = options.folder.join("flat.csv");
    println!("flat table: {} rows", write_flat_table(&options, nights, &path)?);
    Ok(())
}
