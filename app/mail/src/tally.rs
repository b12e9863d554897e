//! From a run's changes to the officers' notices: who is told how much of what.

use std::collections::HashMap;
use std::fmt::Write as _;

use kartei_schemas::org::Officer;
use kartei_schemas::org_tree::OrgTree;
use kartei_schemas::person::ChangeKind;

use crate::notice::{KindCount, Notice, UnitCount};

/// One change, as far as a notice is concerned: no field, no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeLine<'run> {
    /// The person's id, only to count each person once.
    pub person_id: &'run str,
    /// The kind.
    pub kind: ChangeKind,
    /// The unit's id before the run.
    pub unit_before: Option<&'run str>,
    /// The unit's id after it.
    pub unit_after: Option<&'run str>,
    /// Whether the person is or was a member.
    pub is_member: bool,
}

/// The notices of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// One a unit and officer with anything to tell, in the order of the officers.
    pub notices: Vec<Notice>,
    /// Officers for whom there was nothing that they asked for.
    pub suppressed: u64,
}

/// Counts for each officer the persons of their unit and below with changes of the kinds that they asked for.
///
/// A move inside a unit is neither a moving in nor a moving out for its officer. Each person counts once a kind, and
/// once in the total. `public_url` is where the pages are reached.
pub fn notices(changes: &[ChangeLine<'_>], tree: &OrgTree, public_url: &str, run_id: i64) -> Tally {
    let mut sorted: Vec<&ChangeLine<'_>> = changes.iter().collect();
    if !sorted.is_sorted_by_key(|change| change.person_id) {
        sorted.sort_by_key(|change| change.person_id);
    }
    let mut counting = Counting::new(tree);
    for person in sorted.chunk_by(|left, right| left.person_id == right.person_id) {
        counting.add(person);
    }
    let mut tally = Tally::default();
    for (officer, count) in tree.officers().iter().zip(counting.counts) {
        match tree.unit(&officer.unit) {
            Some(unit) if count.persons > 0 => tally.notices.push(Notice {
                recipient: officer.email.clone(),
                language: officer.language,
                unit: unit.name.clone(),
                persons: count.persons,
                members_only: count.members == count.persons,
                counts: count.kinds(),
                units: count.units(officer, tree),
                link: link(public_url, &unit.id, run_id),
                run_id,
            }),
            _ => tally.suppressed += 1,
        }
    }
    tally
}

#[derive(Debug, Clone, Default)]
struct Count {
    persons: u64,
    members: u64,
    kinds: HashMap<ChangeKind, u64>,
    /// By the unit directly below the officer's; the officer's own unit is left out.
    below: HashMap<usize, u64>,
}

/// An officer to whom a unit's changes are told, and the unit directly below the officer's on the way there.
type Told = (usize, Option<usize>);

struct Counting<'run> {
    tree: &'run OrgTree,
    positions: HashMap<&'run str, usize>,
    /// By the position of the unit in which something changed.
    told: Vec<Option<Vec<Told>>>,
    counts: Vec<Count>,
}

impl<'run> Counting<'run> {
    fn new(tree: &'run OrgTree) -> Self {
        Self {
            tree,
            positions: tree.units().iter().enumerate().map(|(index, unit)| (unit.id.as_str(), index)).collect(),
            told: vec![None; tree.units().len()],
            counts: vec![Count::default(); tree.officers().len()],
        }
    }

    fn add(&mut self, person: &[&ChangeLine<'_>]) {
        let mut found: Vec<(usize, ChangeKind, Option<usize>)> = Vec::new();
        for change in person {
            let place = match change.kind {
                ChangeKind::MovedOut => change.unit_before,
                _ => change.unit_after.or(change.unit_before),
            };
            let other = match change.kind {
                ChangeKind::MovedOut => change.unit_after,
                ChangeKind::MovedIn => change.unit_before,
                _ => None,
            };
            let Some(&place) = place.and_then(|place| self.positions.get(place)) else { continue };
            for (officer, below) in self.told(place).to_vec() {
                let who = &self.tree.officers()[officer];
                let is_inner_move = other.is_some_and(|other| self.tree.is_within(other, &who.unit));
                if wants(who, change.kind) && !is_inner_move {
                    found.push((officer, change.kind, below));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        let is_member = person.iter().any(|change| change.is_member);
        for of_officer in found.chunk_by(|left, right| left.0 == right.0) {
            let count = &mut self.counts[of_officer[0].0];
            count.persons += 1;
            count.members += u64::from(is_member);
            for of_kind in of_officer.chunk_by(|left, right| left.1 == right.1) {
                *count.kinds.entry(of_kind[0].1).or_default() += 1;
            }
            let mut below: Vec<usize> = of_officer.iter().filter_map(|entry| entry.2).collect();
            below.sort_unstable();
            below.dedup();
            for unit in below {
                *count.below.entry(unit).or_default() += 1;
            }
        }
    }

    /// Who is told of changes in a unit: the officers of the unit itself and of those above.
    fn told(&mut self, place: usize) -> &[Told] {
        let tree = self.tree;
        let positions = &self.positions;
        self.told[place].get_or_insert_with(|| {
            let mut told = Vec::new();
            let mut below = None;
            let start = &tree.units()[place];
            for unit in std::iter::once(start).chain(tree.ancestors(&start.id)) {
                let here = tree.officers().iter().enumerate().filter(|(_, officer)| officer.unit == unit.id);
                told.extend(here.map(|(index, _)| (index, below)));
                below = positions.get(unit.id.as_str()).copied();
            }
            told
        })
    }
}

impl Count {
    fn kinds(&self) -> Vec<KindCount> {
        let mut kinds: Vec<_> = self.kinds.iter().map(|(&kind, &persons)| KindCount { kind, persons }).collect();
        kinds.sort_unstable_by_key(|count| count.kind);
        kinds
    }

    /// Only where there is more than one place to look, in the order of the tree.
    fn units(&self, officer: &Officer, tree: &OrgTree) -> Vec<UnitCount> {
        let mut below: Vec<_> = self.below.iter().collect();
        below.sort_unstable();
        if tree.children(&officer.unit).nth(1).is_none() {
            return Vec::new();
        }
        below
            .into_iter()
            .map(|(&unit, &persons)| UnitCount { unit: tree.units()[unit].name.clone(), persons })
            .collect()
    }
}

fn wants(officer: &Officer, kind: ChangeKind) -> bool {
    officer.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
}

/// The page of a unit's changes in a run. It says nothing of any person, and asks for a login.
fn link(public_url: &str, unit: &str, run_id: i64) -> String {
    let mut out = format!("{}/changes?run={run_id}&unit=", public_url.trim_end_matches('/'));
    for byte in unit.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
