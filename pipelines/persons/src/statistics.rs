//! Figures of a run that come from persons: plain data for the report.

use std::collections::BTreeMap;

use kartei_schemas::consent::ConsentCounts;
use serde::{Deserialize, Serialize};

use crate::diff::ChangeCounts;
use crate::org::OrgStatistics;
use crate::{Diff, Golden, Identity, IdentityEvent};

/// All figures of the person steps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct PersonStatistics {
    /// Persons of the last run that consist of the very same records now.
    pub stable: u64,
    /// Ids that came back.
    pub returned: u64,
    /// Records that went from one person to another without a merge or split.
    pub moved_records: u64,
    /// What changed.
    pub changes: ChangeCounts,
    /// Clusters, sources and survivorship.
    pub golden: GoldenStatistics,
}

/// Figures of the golden step, over all persons unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct GoldenStatistics {
    /// Records.
    pub records: u64,
    /// Persons.
    pub persons: u64,
    /// Persons made anew in this run: those over whom survivorship is counted.
    pub renewed: u64,
    /// Records in the cluster → clusters.
    pub cluster_sizes: BTreeMap<u32, u64>,
    /// The largest clusters, at most ten, largest first.
    pub largest: Vec<LargeCluster>,
    /// Households of two and more persons.
    pub households: u64,
    /// Persons by the exact set of sources that know them, most frequent first.
    pub overlap: Vec<Overlap>,
    /// Source → how many of its records fill each field.
    pub completeness: BTreeMap<String, SourceCompleteness>,
    /// Which source won each field, over renewed persons with two or more records.
    pub survival: Vec<FieldSurvival>,
    /// Records with nothing that could link them to another: no mail, no phone, and not name with birth date or address.
    pub unlinkable: u64,
    /// Purpose → persons by what holds for the mail address that is published.
    pub consents: BTreeMap<String, ConsentCounts>,
    /// How persons came to their unit.
    pub org: OrgStatistics,
}

/// A large cluster, by id only.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct LargeCluster {
    /// The person's opaque id.
    pub person_id: String,
    /// Records in it.
    pub records: u32,
    /// Sources that know the person.
    pub sources: u32,
}

/// Persons known to exactly these sources.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Overlap {
    /// The sources' names, sorted.
    pub sources: Vec<String>,
    /// Persons.
    pub persons: u64,
}

/// How well one source fills the fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct SourceCompleteness {
    /// Its records.
    pub records: u64,
    /// Field and records in which it is filled, in the order of the person schema.
    pub filled: Vec<(String, u64)>,
}

/// Which source won one field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct FieldSurvival {
    /// The person field.
    pub field: String,
    /// Source → persons whose surviving value came from it.
    pub wins: BTreeMap<String, u64>,
    /// Persons whose records disagreed.
    pub conflicts: u64,
    /// Manual overrides in force.
    pub overrides: u64,
}

impl PersonStatistics {
    /// Gathers the figures of one run.
    pub fn gather(identity: &Identity, golden: &Golden, diff: &Diff) -> Self {
        let returned = identity.events.iter().filter(|event| matches!(event, IdentityEvent::Returned { .. }));
        Self {
            stable: identity.stable,
            returned: returned.count() as u64,
            moved_records: identity.moved_records,
            changes: diff.counts.clone(),
            golden: golden.statistics.clone(),
        }
    }

    /// The share of the last run's persons that consist of the same records now, 0 to 1; none in a first run.
    pub fn stability(&self) -> Option<f64> {
        let before = self.changes.before.filter(|before| *before > 0)?;
        Some(self.stable as f64 / before as f64)
    }
}
