//! Fields that survive together: from which record a person's address and membership come.

use super::work::Work;
use crate::PersonsError;
use crate::column::NO_ROW;

use super::survive::{self, Candidate};

/// The parts of an address.
pub(super) const ADDRESS: [&str; 6] = ["street", "house_number", "address_extra", "postal_code", "city", "country"];
/// The parts of a membership.
pub(super) const MEMBERSHIP: [&str; 4] = ["membership_number", "joined_on", "left_on", "org_unit"];

/// For each chosen group the row from which a bundle comes, or [`NO_ROW`].
pub(super) type Seats = Vec<u32>;

/// The record that wins `postal_code`, or one that agrees with it and has more of the address.
pub(super) fn address_seats(work: &Work<'_>) -> Result<Seats, PersonsError> {
    let parts = ADDRESS.map(|field| work.cells(field));
    let mut columns = Vec::with_capacity(parts.len());
    for part in parts {
        columns.push(part?);
    }
    let (rule, kind) = work.rule("postal_code");
    let trust = work.trust("postal_code");
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    let seats = work.chosen.iter().map(|&group| {
        let rows = work.groups.rows(group);
        if let [row] = rows {
            return *row;
        }
        candidates.clear();
        for (place, &row) in (0..).zip(rows) {
            if let Some(code) = columns[3][row as usize] {
                survive::add(&mut candidates, code, row, standing(work, &trust, row, place), rule);
            }
        }
        let parts = |row: u32| columns.iter().filter(|column| column[row as usize].is_some()).count();
        if candidates.is_empty() {
            let placed = (0..).zip(rows).filter(|(_, row)| parts(**row) > 0);
            let best = placed.max_by_key(|(place, row)| (parts(**row), standing(work, &trust, **row, *place)));
            return best.map_or(NO_ROW, |(_, row)| *row);
        }
        let winner = candidates[survive::decide(&candidates, rule, kind).0].row;
        let agrees = |row: u32| {
            let cells = columns.iter().map(|column| (column[winner as usize], column[row as usize]));
            columns[3][row as usize].is_some() && cells.into_iter().all(|pair| compatible(pair.0, pair.1))
        };
        let agreeing = (0..).zip(rows).filter(|(_, row)| agrees(**row));
        let fullest =
            agreeing.max_by_key(|(place, row)| (parts(**row), **row == winner, standing(work, &trust, **row, *place)));
        fullest.map_or(winner, |(_, row)| *row)
    });
    Ok(seats.collect())
}

/// Whether two parts of an address do not contradict each other.
fn compatible(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other || one.to_lowercase() == other.to_lowercase())
}

/// The membership of a person: a current one before an ended one, one with a number before one without.
pub(super) fn membership_seats(work: &Work<'_>) -> Result<Seats, PersonsError> {
    let numbers = work.cells("membership_number")?;
    let joined = work.cells("joined_on")?;
    let trust = work.trust("membership_number");
    let seats = work.chosen.iter().map(|&group| {
        let rows = work.groups.rows(group);
        if let [row] = rows {
            return *row;
        }
        let memberships = (0_i64..).zip(rows).filter(|(_, row)| {
            let row = **row as usize;
            work.current[row] || numbers[row].is_some() || joined[row].is_some()
        });
        let best = memberships.max_by_key(|(place, row)| {
            let index = **row as usize;
            (work.current[index], numbers[index].is_some(), standing(work, &trust, **row, *place))
        });
        best.map_or(NO_ROW, |(_, row)| *row)
    });
    Ok(seats.collect())
}

/// Trust in the record's source, time of its last update, and its place, earlier places being better.
pub(super) fn standing(work: &Work<'_>, trust: &[i64], row: u32, place: i64) -> [i64; 3] {
    let row = row as usize;
    [trust[usize::from(work.codes[row])], work.updated[row], -place]
}
