//! Builds the tree and finds all that keeps it from holding together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::area::{self, PostalArea};
use super::{Names, OrgTree, fold};
use crate::org::{OrgSchema, OrgUnit};
use crate::problem;

/// What is wrong with an organisation, and at which entry of `org.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgProblem {
    /// `unit` or `officer`.
    pub list: &'static str,
    /// The entry's place in its list, from 0.
    pub index: usize,
    /// The key of the entry that is wrong.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

pub(super) fn build(schema: &OrgSchema) -> Result<OrgTree, Vec<OrgProblem>> {
    let units = &schema.units;
    let mut problems = Vec::new();
    let by_id = ids(units, &mut problems);
    let parents = parents(units, &by_id, &mut problems);
    cycles(units, &parents, &mut problems);
    let claims = claims(units, &mut problems);
    let by_text = texts(units, &mut problems);
    officers(schema, &by_id, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let owners = paint(units, &parents, &claims)?;
    let mut children = vec![Vec::new(); units.len()];
    for (index, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            children[*parent].push(index);
        }
    }
    Ok(OrgTree { units: units.clone(), officers: schema.officers.clone(), parents, children, by_id, by_text, owners })
}

fn ids(units: &[OrgUnit], problems: &mut Vec<OrgProblem>) -> HashMap<String, usize> {
    let mut by_id = HashMap::new();
    for (index, unit) in units.iter().enumerate() {
        if unit.id.trim().is_empty() {
            problems.push(unit_problem(index, "id", "a unit's id is empty".to_owned(), None));
        } else if let Some(first) = by_id.get(&unit.id) {
            let message = format!("two units have the id `{}`", unit.id);
            let hint = format!("the other is \"{}\"; give one of them an id of its own", name_of(units, *first));
            problems.push(unit_problem(index, "id", message, Some(hint)));
        } else {
            by_id.insert(unit.id.clone(), index);
        }
    }
    by_id
}

fn parents(units: &[OrgUnit], by_id: &HashMap<String, usize>, problems: &mut Vec<OrgProblem>) -> Vec<Option<usize>> {
    let mut parents = Vec::with_capacity(units.len());
    for (index, unit) in units.iter().enumerate() {
        let parent = unit.parent.as_ref().and_then(|parent| by_id.get(parent)).copied();
        if let (Some(name), None) = (&unit.parent, parent) {
            let message = format!("unit `{}` names the parent `{name}`, which does not exist", unit.id);
            let known = units.iter().map(|unit| unit.id.as_str());
            problems.push(unit_problem(index, "parent", message, problem::suggest(name, known)));
        }
        parents.push(parent);
    }
    parents
}

/// Names each cycle once, beginning with its unit that stands first in the file.
fn cycles(units: &[OrgUnit], parents: &[Option<usize>], problems: &mut Vec<OrgProblem>) {
    let mut seen = BTreeSet::new();
    for start in 0..units.len() {
        let mut path = vec![start];
        let mut here = start;
        while let Some(parent) = parents[here] {
            if parent == start {
                if path.iter().all(|index| seen.insert(*index)) {
                    let names: Vec<&str> = path.iter().chain([&start]).map(|index| units[*index].id.as_str()).collect();
                    let message = format!("units are above one another in a circle: {}", names.join(" → "));
                    let hint = "one of them needs another parent, or none".to_owned();
                    problems.push(unit_problem(start, "parent", message, Some(hint)));
                }
                break;
            }
            if path.contains(&parent) {
                break;
            }
            path.push(parent);
            here = parent;
        }
    }
}

fn claims(units: &[OrgUnit], problems: &mut Vec<OrgProblem>) -> Vec<Vec<PostalArea>> {
    let mut claims = Vec::with_capacity(units.len());
    for (index, unit) in units.iter().enumerate() {
        let mut areas = Vec::with_capacity(unit.postal_codes.len());
        for text in &unit.postal_codes {
            match text.parse() {
                Ok(area) => areas.push(area),
                Err(wrong) => {
                    let message = format!("unit `{}`: {wrong}", unit.id);
                    let hint = "write a PLZ of five digits `12345`, a prefix `123*`, or a range `12340-12349`";
                    problems.push(unit_problem(index, "postal_codes", message, Some(hint.to_owned())));
                }
            }
        }
        claims.push(areas);
    }
    claims
}

/// Aliases must be unambiguous; a name that several units bear is simply no way to name one.
fn texts(units: &[OrgUnit], problems: &mut Vec<OrgProblem>) -> HashMap<String, usize> {
    let mut names = Names::new();
    let mut by_text: HashMap<String, usize> = HashMap::new();
    for (index, unit) in units.iter().enumerate() {
        names.entry(fold(&unit.name)).or_default().push(index);
        by_text.entry(fold(&unit.id)).or_insert(index);
    }
    for (index, unit) in units.iter().enumerate() {
        for alias in &unit.aliases {
            match by_text.get(&fold(alias)) {
                Some(other) if *other != index => {
                    let message = format!("units `{}` and `{}` share the alias `{alias}`", units[*other].id, unit.id);
                    let hint = "an alias must mean one unit".to_owned();
                    problems.push(unit_problem(index, "aliases", message, Some(hint)));
                }
                _ => {
                    by_text.insert(fold(alias), index);
                }
            }
        }
    }
    for (name, bearers) in names {
        if let [only] = bearers[..] {
            by_text.entry(name).or_insert(only);
        }
    }
    by_text
}

fn officers(schema: &OrgSchema, by_id: &HashMap<String, usize>, problems: &mut Vec<OrgProblem>) {
    for (index, officer) in schema.officers.iter().enumerate() {
        if !by_id.contains_key(&officer.unit) {
            let message = format!("an officer looks after the unit `{}`, which does not exist", officer.unit);
            let hint = problem::suggest(&officer.unit, schema.units.iter().map(|unit| unit.id.as_str()));
            problems.push(OrgProblem { list: "officer", index, key: "unit", message, hint });
        }
        if !officer.email.contains('@') {
            let message = format!("the e-mail address of an officer of `{}` has no @", officer.unit);
            problems.push(OrgProblem { list: "officer", index, key: "email", message, hint: None });
        }
    }
}

/// Stands for a PLZ that no unit owns.
const NOBODY: u32 = u32::MAX;

/// Gives each PLZ to the deepest unit that claims it; two units of which neither is above the other must not both.
fn paint(
    units: &[OrgUnit],
    parents: &[Option<usize>],
    claims: &[Vec<PostalArea>],
) -> Result<Vec<u32>, Vec<OrgProblem>> {
    let line = |index: usize| std::iter::successors(Some(index), |here| parents[*here]);
    let mut order: Vec<usize> = (0..units.len()).collect();
    order.sort_by_key(|index| line(*index).count());
    let mut owners: Vec<Option<usize>> = vec![None; area::POSTAL_CODES];
    let mut clashes: BTreeMap<(usize, usize), BTreeSet<u32>> = BTreeMap::new();
    for unit in order {
        let above: Vec<usize> = line(unit).collect();
        for number in claims[unit].iter().flat_map(|area| area.numbers()) {
            match &mut owners[number as usize] {
                Some(owner) if !above.contains(owner) => {
                    let pair = (unit.min(*owner), unit.max(*owner));
                    clashes.entry(pair).or_default().insert(number);
                }
                owner => *owner = Some(unit),
            }
        }
    }
    if clashes.is_empty() {
        let index = |owner: Option<usize>| owner.and_then(|index| u32::try_from(index).ok()).unwrap_or(NOBODY);
        return Ok(owners.into_iter().map(index).collect());
    }
    Err(clashes.into_iter().map(|((left, right), shared)| clash(units, left, right, &shared)).collect())
}

fn clash(units: &[OrgUnit], left: usize, right: usize, shared: &BTreeSet<u32>) -> OrgProblem {
    let areas = area::areas_of(&shared.iter().copied().collect::<Vec<_>>());
    let mut shown: Vec<String> = areas.iter().take(5).map(ToString::to_string).collect();
    if areas.len() > shown.len() {
        shown.push(format!("and {} more", areas.len() - shown.len()));
    }
    let (one, other) = (&units[left].id, &units[right].id);
    let message = format!("units `{one}` and `{other}` both own PLZ {}", shown.join(", "));
    let hint = "a PLZ may be named by a unit and by units above it, where the lowest one owns it, but not by two units \
                side by side";
    unit_problem(right, "postal_codes", message, Some(hint.to_owned()))
}

fn name_of(units: &[OrgUnit], index: usize) -> &str {
    units.get(index).map_or("", |unit| unit.name.as_str())
}

fn unit_problem(index: usize, key: &'static str, message: String, hint: Option<String>) -> OrgProblem {
    OrgProblem { list: "unit", index, key, message, hint }
}
