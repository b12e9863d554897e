//! Pairs a second and core, for each comparison and for all together, over the candidate pairs of a flat table:
//! `cargo run --release --example speed -- FLAT.csv [PAIRS]`. Its headers are the columns of a normalised frame.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring tool")]

#[path = "shared/table.rs"]
mod table;

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use kartei_matching::speed::Pairs;
use kartei_schemas::matching::MatchSchema;

const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("error: no table; hint: speed FLAT.csv")?;
    let most = arguments.next().map_or(Ok(2_000_000), |text| text.parse())?;
    let (headers, rows) = table::rows(file.as_ref())?;
    let pairs = Pairs::of(table::frame(&headers, &rows)?, &MatchSchema::default(), most)?;
    println!("{} candidate pairs, one thread, the best of {ROUNDS} rounds", pairs.len());
    for (place, name) in pairs.comparisons().iter().enumerate() {
        show(&pairs, name, || pairs.compare(place));
    }
    show(&pairs, "all together", || pairs.compare_all());
    Ok(())
}

fn show(pairs: &Pairs, name: &str, work: impl Fn() -> u64) {
    let seconds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        black_box(work());
        start.elapsed().as_secs_f64()
    });
    let best = seconds.fold(f64::INFINITY, f64::min);
    println!("{name:20} {:8.1} million pairs/s", pairs.len() as f64 / best / 1e6);
}
