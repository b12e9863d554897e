//! Where a person belongs: members where their membership says, others where their PLZ lies.

use kartei_schemas::org_tree::OrgTree;
use polars_core::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// How many unknown unit names are listed.
const UNKNOWN_UNITS: usize = 20;

/// How persons came to their unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct OrgStatistics {
    /// Members whose membership names a known unit.
    pub members_by_membership: u64,
    /// Members whose membership names no unit and whose PLZ has an owner.
    pub members_by_postal_code: u64,
    /// Members whose membership names a unit that nobody knows: they belong nowhere until somebody adds an alias.
    pub members_with_unknown_unit: u64,
    /// Members without unit and without an owned PLZ.
    pub members_without_unit: u64,
    /// Others whose PLZ has an owner.
    pub others_by_postal_code: u64,
    /// Others whose PLZ nobody owns.
    pub others_with_unowned_postal_code: u64,
    /// Others without PLZ.
    pub others_without_postal_code: u64,
    /// Unit names that nobody knows, most frequent first, at most 20.
    pub unknown_units: Vec<(String, u64)>,
}

/// What decides where persons belong: one entry a person in each list.
pub(crate) struct People<'a> {
    pub(crate) members: Vec<Option<bool>>,
    pub(crate) units: Vec<Option<&'a str>>,
    pub(crate) postal_codes: Vec<Option<&'a str>>,
    /// Units that a human set, by number of the person.
    pub(crate) pinned: Option<&'a FxHashMap<u32, Option<&'a str>>>,
}

/// The unit's id of each person.
///
/// A member belongs where the membership says. If that unit is unknown, the member belongs nowhere and is counted: a
/// guess by PLZ would hide the missing alias. A membership that says nothing, and everybody else, goes by PLZ.
pub(crate) fn assign<'a>(people: &People<'a>, tree: &'a OrgTree) -> (StringChunked, OrgStatistics) {
    let mut statistics = OrgStatistics::default();
    let mut unknown: FxHashMap<&str, u64> = FxHashMap::default();
    let mut resolved: FxHashMap<&str, Option<&str>> = FxHashMap::default();
    let mut resolve =
        |text: &'a str| *resolved.entry(text).or_insert_with(|| tree.resolve(text).map(|unit| unit.id.as_str()));
    let owner = |code: &str| tree.owner_of(code).map(|unit| unit.id.as_str());
    let mut builder = StringChunkedBuilder::new("org_unit".into(), people.units.len());
    for (number, (unit, code)) in (0_u32..).zip(people.units.iter().zip(&people.postal_codes)) {
        let member = people.members[number as usize] == Some(true);
        let pinned = people.pinned.is_some_and(|pinned| pinned.contains_key(&number));
        let found = if pinned {
            unit.and_then(&mut resolve)
        } else if let (true, Some(text)) = (member, unit) {
            let found = resolve(text);
            if found.is_none() {
                *unknown.entry(text).or_default() += 1;
            }
            *if found.is_some() {
                &mut statistics.members_by_membership
            } else {
                &mut statistics.members_with_unknown_unit
            } += 1;
            found
        } else {
            let found = code.and_then(owner);
            *match (member, code, found) {
                (true, _, Some(_)) => &mut statistics.members_by_postal_code,
                (true, _, None) => &mut statistics.members_without_unit,
                (false, _, Some(_)) => &mut statistics.others_by_postal_code,
                (false, Some(_), None) => &mut statistics.others_with_unowned_postal_code,
                (false, None, None) => &mut statistics.others_without_postal_code,
            } += 1;
            found
        };
        builder.append_option(found);
    }
    let mut unknown: Vec<(String, u64)> = unknown.into_iter().map(|(text, count)| (text.to_owned(), count)).collect();
    unknown.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    unknown.truncate(UNKNOWN_UNITS);
    statistics.unknown_units = unknown;
    (builder.finish(), statistics)
}
