//! Figures of the golden step: cluster sizes, overlap of sources, completeness, records that nothing could link.

use std::collections::BTreeMap;

use kartei_schemas::consent::{Consent, ConsentCounts, ConsentState};
use polars_core::prelude::*;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::assemble::text_fields;
use super::groups::index;
use super::work::Work;
use crate::PersonsError;
use crate::column::optional_text;
use crate::statistics::{GoldenStatistics, LargeCluster, Overlap, SourceCompleteness};

/// How many of the largest clusters are named.
const LARGEST: usize = 10;

/// Everything that can be counted before the persons frame stands.
pub(super) fn count(work: &Work<'_>) -> Result<GoldenStatistics, PersonsError> {
    let (cluster_sizes, largest) = sizes(work);
    Ok(GoldenStatistics {
        records: work.codes.len() as u64,
        persons: work.groups.len() as u64,
        renewed: work.chosen.len() as u64,
        cluster_sizes,
        largest,
        overlap: overlap(work),
        completeness: completeness(work)?,
        unlinkable: unlinkable(work)?,
        ..GoldenStatistics::default()
    })
}

fn sizes(work: &Work<'_>) -> (BTreeMap<u32, u64>, Vec<LargeCluster>) {
    let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
    let mut large: Vec<(usize, u32)> = Vec::new();
    for group in 0..index(work.groups.len()) {
        let records = work.groups.rows(group).len();
        *sizes.entry(index(records)).or_default() += 1;
        if records > 1 && (large.len() < LARGEST || large.last().is_some_and(|last| records > last.0)) {
            let place = large.partition_point(|known| known.0 >= records);
            large.insert(place, (records, group));
            large.truncate(LARGEST);
        }
    }
    let named = large.into_iter().map(|(records, group)| LargeCluster {
        person_id: work.groups.ids[group as usize].to_string(),
        records: index(records),
        sources: index(codes(work, group).len()),
    });
    (sizes, named.collect())
}

/// The numbers of the sources that know a person, sorted.
fn codes(work: &Work<'_>, group: u32) -> Vec<u16> {
    let mut codes: Vec<u16> = work.groups.rows(group).iter().map(|row| work.codes[*row as usize]).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn overlap(work: &Work<'_>) -> Vec<Overlap> {
    let mut counts: FxHashMap<Vec<u16>, u64> = FxHashMap::default();
    let mut alone = vec![0_u64; work.sources.len()];
    for group in 0..index(work.groups.len()) {
        match work.groups.rows(group) {
            [row] => alone[usize::from(work.codes[*row as usize])] += 1,
            _ => *counts.entry(codes(work, group)).or_default() += 1,
        }
    }
    for (code, persons) in (0_u16..).zip(alone).filter(|(_, persons)| *persons > 0) {
        *counts.entry(vec![code]).or_default() += persons;
    }
    let named = |(codes, persons): (Vec<u16>, u64)| Overlap {
        sources: codes.into_iter().map(|code| work.sources[usize::from(code)].to_owned()).collect(),
        persons,
    };
    let mut overlap: Vec<Overlap> = counts.into_iter().map(named).collect();
    overlap.sort_by(|left, right| right.persons.cmp(&left.persons).then_with(|| left.sources.cmp(&right.sources)));
    overlap
}

fn completeness(work: &Work<'_>) -> Result<BTreeMap<String, SourceCompleteness>, PersonsError> {
    let mut records = vec![0_u64; work.sources.len()];
    for code in &work.codes {
        records[usize::from(*code)] += 1;
    }
    let fields = text_fields(work.input.schema);
    let filled = fields.into_par_iter().map(|field| {
        let mut filled = vec![0_u64; work.sources.len()];
        if let Some(column) = work.column(field)? {
            for (code, there) in work.codes.iter().zip(column.is_not_null().iter()) {
                filled[usize::from(*code)] += u64::from(there == Some(true));
            }
        }
        Ok((field, filled))
    });
    let filled = filled.collect::<Result<Vec<_>, PersonsError>>()?;
    let of_source = |(code, name): (usize, &&str)| {
        let filled = filled.iter().map(|(field, counts)| ((*field).to_owned(), counts[code]));
        let filled = filled.filter(|(_, count)| *count > 0).collect();
        ((*name).to_owned(), SourceCompleteness { records: records[code], filled })
    };
    Ok(work.sources.iter().enumerate().map(of_source).collect())
}

/// Records with neither mail, phone nor membership number, nor a full name with birth date or PLZ.
fn unlinkable(work: &Work<'_>) -> Result<u64, PersonsError> {
    let filled = |field: &str| -> Result<Vec<bool>, PersonsError> {
        Ok(work.cells(field)?.into_iter().map(|cell| cell.is_some()).collect())
    };
    let contacts = [filled("email")?, filled("mobile")?, filled("phone")?, filled("membership_number")?];
    let names = [filled("given_name")?, filled("surname")?];
    let places = [filled("birth_date")?, filled("postal_code")?];
    let linkable = |row: usize| {
        contacts.iter().any(|column| column[row])
            || (names.iter().all(|column| column[row]) && places.iter().any(|column| column[row]))
    };
    Ok((0..work.codes.len()).filter(|row| !linkable(*row)).count() as u64)
}

/// The sources that know each person, as JSON.
pub(super) fn sources(work: &Work<'_>) -> Column {
    let json = |codes: &[u16]| {
        let names: Vec<&str> = codes.iter().map(|code| work.sources[usize::from(*code)]).collect();
        serde_json::to_string(&names).unwrap_or_default()
    };
    let alone: Vec<String> = (0..).take(work.sources.len()).map(|code| json(&[code])).collect();
    let mut known: FxHashMap<Vec<u16>, String> = FxHashMap::default();
    let mut builder = StringChunkedBuilder::new("sources".into(), work.groups.len());
    for group in 0..index(work.groups.len()) {
        if let [row] = work.groups.rows(group) {
            builder.append_value(&alone[usize::from(work.codes[*row as usize])]);
        } else {
            let codes = codes(work, group);
            builder.append_value(known.entry(codes).or_insert_with_key(|codes| json(codes)));
        }
    }
    builder.finish().into_column()
}

/// Persons by purpose and by what holds for the address that is published.
pub(super) fn consents(persons: &DataFrame) -> Result<BTreeMap<String, ConsentCounts>, PersonsError> {
    let mut found: BTreeMap<String, ConsentCounts> = BTreeMap::new();
    let mut add = |purpose: &str, state: ConsentState| match found.get_mut(purpose) {
        Some(counts) => counts.add(state),
        None => found.entry(purpose.to_owned()).or_default().add(state),
    };
    for text in optional_text(persons, "persons", "consents")?.into_iter().flat_map(|texts| texts.iter().flatten()) {
        // One purpose and one address, as nearly all have it, needs no reading of the rest.
        if let Some((purpose, state)) = only_consent(text) {
            add(purpose, state);
            continue;
        }
        let all: Vec<Consent> = serde_json::from_str(text).unwrap_or_default();
        for consent in &all {
            add(&consent.purpose, consent.state);
        }
    }
    Ok(found)
}

/// The purpose and state of a list with one entry.
fn only_consent(text: &str) -> Option<(&str, ConsentState)> {
    if text.bytes().filter(|byte| *byte == b'{').count() != 1 {
        return None;
    }
    let (purpose, rest) = text.strip_prefix("[{\"purpose\":\"")?.split_once("\",\"state\":\"")?;
    let state = ConsentState::of_word(rest.split('"').next()?)?;
    (!purpose.contains('\\')).then_some((purpose, state))
}
