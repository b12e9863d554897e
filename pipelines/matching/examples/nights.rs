//! Nights without news, and nights on which one record changes: what becomes another person though nothing that it hangs
//! together with has changed. `cargo run --example nights -- FLAT.csv [NIGHTS]`. Its headers are the columns of a normalised
//! frame; a column `person` is the truth and is left out. It ends with an error where a night without news changes anything.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring tool")]

#[path = "shared/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::error::Error;

use kartei_matching::{LinkOptions, Linked, Previous, link};
use kartei_schemas::matching::MatchSchema;

struct People {
    headers: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

impl People {
    fn read(file: &str) -> Result<Self, Box<dyn Error>> {
        let (headers, rows) = table::rows(file.as_ref())?;
        let known: Vec<usize> = (0..headers.len()).filter(|place| !is_truth(&headers[*place])).collect();
        let told = |row: &csv::StringRecord| known.iter().map(|place| row.get(*place).unwrap_or_default()).collect();
        Ok(Self {
            headers: known.iter().map(|place| headers[*place].clone()).collect(),
            rows: rows.iter().map(told).collect(),
        })
    }

    fn night(&self, previous: Option<&Previous>) -> Result<Linked, Box<dyn Error>> {
        let frame = table::frame(&self.headers, &self.rows)?;
        let options = LinkOptions { previous, ..LinkOptions::default() };
        Ok(link(frame, &MatchSchema::default(), &[], options)?)
    }

    /// Someone moves to where somebody else lives.
    fn moves(&mut self, row: usize) {
        let to = (row + self.rows.len() / 2) % self.rows.len();
        let cells = self.headers.iter().enumerate().map(|(place, header)| {
            let is_place = ["street", "house_number", "postal_code", "city"].contains(&header.as_str());
            self.rows[if is_place { to } else { row }].get(place).unwrap_or_default().to_owned()
        });
        self.rows[row] = cells.collect();
    }
}

fn is_truth(header: &str) -> bool {
    matches!(header, "person" | "household")
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("error: no table; hint: nights FLAT.csv")?;
    let nights = arguments.next().map_or(Ok(20), |text| text.parse())?;
    let mut astray = 0;
    for keeps in [true, false] {
        let how = if keeps { "going on" } else { "fitting anew" };
        let mut people = People::read(&file)?;
        let mut last = people.night(None)?;
        let first = last.clone();
        for night in 1..=nights {
            last = people.night(Some(&previous(&last, keeps, None)))?;
            astray += said(&format!("{how}, night {night} without news"), &first, &last);
        }
        let mut elsewhere = 0;
        for night in 1..=nights {
            let row = night * 7919 % people.rows.len();
            people.moves(row);
            let next = people.night(Some(&previous(&last, keeps, Some(row))))?;
            elsewhere += moved(&last, &next, Some(row));
            last = next;
        }
        let again = people.night(Some(&previous(&last, keeps, None)))?;
        astray += said(&format!("{how}, after the changes"), &last, &again);
        println!(
            "{how}: {} records, {nights} nights without news, {nights} with one change each: {elsewhere} records moved that hang together with no changed one",
            people.rows.len()
        );
    }
    if astray > 0 { Err(format!("error: {astray} records moved without news").into()) } else { Ok(()) }
}

fn said(what: &str, before: &Linked, now: &Linked) -> usize {
    let moved = moved(before, now, None);
    if moved > 0 || before.model.merge_threshold.to_bits() != now.model.merge_threshold.to_bits() {
        println!("{what}: {moved} moved, threshold {} to {}", before.model.merge_threshold, now.model.merge_threshold);
    }
    moved
}

/// Records whose cluster or household is another one; clusters that hold the changed row, before or now, are not counted.
fn moved(before: &Linked, now: &Linked, changed: Option<usize>) -> usize {
    let count = |before: &[u32], now: &[u32], before_all: &[u32], now_all: &[u32]| {
        let groups = |labels: &[u32]| {
            let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
            for (row, label) in labels.iter().enumerate() {
                groups.entry(*label).or_default().push(row);
            }
            groups
        };
        let (one, other) = (groups(before), groups(now));
        let is_told = |row: usize| {
            changed.is_some_and(|changed| before_all[row] == before_all[changed] || now_all[row] == now_all[changed])
        };
        (0..before.len()).filter(|row| one[&before[*row]] != other[&now[*row]] && !is_told(*row)).count()
    };
    count(&before.clusters, &now.clusters, &before.households, &now.households)
        + count(&before.households, &now.households, &before.households, &now.households)
}

fn previous(last: &Linked, keeps: bool, changed: Option<usize>) -> Previous {
    let count = last.clusters.len();
    let mut is_changed = vec![false; count];
    if let Some(row) = changed {
        is_changed[row] = true;
    }
    Previous {
        model: keeps.then(|| last.model.clone()),
        pairs: last.pairs.clone(),
        counted: last.counted.clone(),
        clusters: last.clusters.clone(),
        households: last.households.clone(),
        merge_threshold: Some(last.model.merge_threshold),
        rows: (0_u32..).take(count).map(Some).collect(),
        changed: is_changed,
    }
}
