//! Writes what the matching found: clusters and scored pairs.

use std::io::BufWriter;
use std::path::Path;

use kartei_matching::ScoredPairs;
use kartei_store::owner;

use super::people::People;
use crate::failure::{During, Failure};

/// `source,record,person`, one line a record, in the order of the files.
pub(super) fn clusters(file: &Path, people: &People, clusters: &[u32]) -> Result<(), Failure> {
    let failed = format!("cannot write {}", file.display());
    let mut out = csv::Writer::from_writer(BufWriter::new(owner::create(file).during(&failed)?));
    out.write_record(["source", "record", "person"]).during(&failed)?;
    for (row, cluster) in clusters.iter().enumerate() {
        let (source, record) = people.name(row);
        let person = (u64::from(*cluster) + 1).to_string();
        out.write_record([source, &record, &person]).during(&failed)?;
    }
    out.flush().during(&failed)
}

/// The pairs at or above the review threshold, with their probabilities.
pub(super) fn pairs(file: &Path, people: &People, pairs: &ScoredPairs) -> Result<(), Failure> {
    let failed = format!("cannot write {}", file.display());
    let mut out = csv::Writer::from_writer(BufWriter::new(owner::create(file).during(&failed)?));
    let header = ["left_source", "left_record", "right_source", "right_record", "weight", "probability", "household"];
    out.write_record(header).during(&failed)?;
    for index in 0..pairs.len() {
        let (left, right) = (people.name(pairs.left[index] as usize), people.name(pairs.right[index] as usize));
        let weight = format!("{:.3}", pairs.weight[index]);
        let probability = format!("{:.6}", pairs.probability[index]);
        let household = format!("{:.6}", pairs.household[index]);
        out.write_record([left.0, &left.1, right.0, &right.1, &weight, &probability, &household]).during(&failed)?;
    }
    out.flush().during(&failed)
}
