//! The organisation's tree, ready for questions: who owns a PLZ, what lies below what, which unit is meant by a text.

use std::collections::{BTreeMap, HashMap};

use crate::org::{Officer, OrgSchema, OrgUnit};

mod area;
mod build;

pub use area::PostalArea;
pub use build::OrgProblem;

/// An organisation that holds together: every parent exists, nothing is its own ancestor, no two areas overlap.
#[derive(Debug, Clone, Default)]
pub struct OrgTree {
    units: Vec<OrgUnit>,
    officers: Vec<Officer>,
    parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    by_id: HashMap<String, usize>,
    by_text: HashMap<String, usize>,
    owners: Vec<u32>,
}

impl OrgTree {
    /// Builds the tree, or says all that is wrong with it.
    pub fn build(schema: &OrgSchema) -> Result<Self, Vec<OrgProblem>> {
        build::build(schema)
    }

    /// The unit that owns a PLZ of five digits: the most specific one that names it.
    pub fn owner_of(&self, postal_code: &str) -> Option<&OrgUnit> {
        let number = area::number(postal_code)?;
        let owner = *self.owners.get(number as usize)?;
        self.units.get(owner as usize)
    }

    /// The unit that a source means by a text: an id, an alias, or a name that only one unit bears. Case and white
    /// space do not count.
    pub fn resolve(&self, text: &str) -> Option<&OrgUnit> {
        self.by_id.get(text).or_else(|| self.by_text.get(&fold(text))).map(|index| &self.units[*index])
    }

    /// Whether a unit is `ancestor` itself or lies below it. An unknown unit lies nowhere.
    pub fn is_within(&self, unit: &str, ancestor: &str) -> bool {
        let Some(top) = self.by_id.get(ancestor) else { return false };
        self.up_from(unit).any(|index| index == *top)
    }

    /// All units, in the order of the file.
    pub fn units(&self) -> &[OrgUnit] {
        &self.units
    }

    /// The people to tell.
    pub fn officers(&self) -> &[Officer] {
        &self.officers
    }

    /// Whether the organisation has no units at all.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// The unit with this id.
    pub fn unit(&self, id: &str) -> Option<&OrgUnit> {
        self.by_id.get(id).map(|index| &self.units[*index])
    }

    /// The unit above.
    pub fn parent(&self, id: &str) -> Option<&OrgUnit> {
        let index = self.by_id.get(id)?;
        self.parents[*index].map(|parent| &self.units[parent])
    }

    /// The units directly below, in the order of the file.
    pub fn children(&self, id: &str) -> impl Iterator<Item = &OrgUnit> {
        let below = self.by_id.get(id).map_or(&[][..], |index| &self.children[*index]);
        below.iter().map(|index| &self.units[*index])
    }

    /// The units above, the nearest first.
    pub fn ancestors(&self, id: &str) -> impl Iterator<Item = &OrgUnit> {
        self.up_from(id).skip(1).map(|index| &self.units[index])
    }

    /// The unit and all below it, parents before children.
    pub fn within(&self, id: &str) -> Vec<&OrgUnit> {
        let mut found = Vec::new();
        let mut open: Vec<usize> = self.by_id.get(id).copied().into_iter().collect();
        while let Some(index) = open.pop() {
            found.push(&self.units[index]);
            open.extend(self.children[index].iter().rev());
        }
        found
    }

    /// The units without a parent, in the order of the file.
    pub fn roots(&self) -> impl Iterator<Item = &OrgUnit> {
        self.units.iter().zip(&self.parents).filter(|(_, parent)| parent.is_none()).map(|(unit, _)| unit)
    }

    /// The unit's own index and those above it, upwards.
    fn up_from(&self, id: &str) -> impl Iterator<Item = usize> {
        std::iter::successors(self.by_id.get(id).copied(), |index| self.parents[*index])
    }
}

/// A text as it is compared: lower case, white space folded.
fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Folded text → units, for aliases or names.
type Names = BTreeMap<String, Vec<usize>>;

#[cfg(test)]
mod tests;
