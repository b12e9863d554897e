//! A full run over a flat table, then one that goes on from it after some records have changed:
//! `cargo run --release --example again -- FLAT.csv [CHANGED]`. Its headers are the columns of a normalised frame.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring tool")]

#[path = "shared/table.rs"]
mod table;

use std::error::Error;
use std::sync::OnceLock;
use std::time::Instant;

use kartei_matching::{LinkOptions, Linked, Previous, Progress, Stage, link};
use kartei_schemas::matching::MatchSchema;

/// As in the command.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("error: no table; hint: again FLAT.csv")?;
    let changed = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let (headers, mut rows) = table::rows(file.as_ref())?;
    let first = timed("everything", &rows, &headers, None)?;
    let is_changed = change(&mut rows, &headers, changed);
    let previous = Previous {
        model: Some(first.model),
        pairs: first.pairs,
        counted: first.counted,
        clusters: first.clusters,
        households: first.households,
        merge_threshold: None,
        rows: (0_u32..).take(rows.len()).map(Some).collect(),
        changed: is_changed,
    };
    timed(&format!("{changed} changed"), &rows, &headers, Some(&previous))?;
    Ok(())
}

/// Moves people: every so many records get the place of the record behind them.
fn change(rows: &mut [csv::StringRecord], headers: &[String], count: usize) -> Vec<bool> {
    let mut is_changed = vec![false; rows.len()];
    for row in (0..rows.len() - 1).step_by((rows.len() / count.max(1)).max(1)).take(count) {
        let moved = headers.iter().enumerate().map(|(place, header)| {
            let is_place = ["street", "house_number", "postal_code", "city"].contains(&header.as_str());
            rows[row + usize::from(is_place)].get(place).unwrap_or_default().to_owned()
        });
        rows[row] = moved.collect();
        is_changed[row] = true;
    }
    is_changed
}

fn timed(
    what: &str,
    rows: &[csv::StringRecord],
    headers: &[String],
    previous: Option<&Previous>,
) -> Result<Linked, Box<dyn Error>> {
    let frame = table::frame(headers, rows)?;
    let start = Instant::now();
    let read = OnceLock::new();
    let progress = |progress: Progress| {
        if progress.stage == Stage::Candidates {
            read.get_or_init(|| start.elapsed());
        }
    };
    let options = LinkOptions { previous, progress: Some(&progress), ..LinkOptions::default() };
    let linked = link(frame, &MatchSchema::default(), &[], options)?;
    let (read, all) = (read.get().copied().unwrap_or_default(), start.elapsed());
    println!(
        "{what}: {:.2} s to read, {:.2} s to match and cluster; {} records, {} pairs compared, {} kept, {} clusters",
        read.as_secs_f64(),
        all.saturating_sub(read).as_secs_f64(),
        rows.len(),
        linked.statistics.scored_pairs,
        linked.statistics.kept_pairs,
        linked.statistics.clusters
    );
    Ok(linked)
}
