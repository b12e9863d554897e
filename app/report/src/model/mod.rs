//! What a run has to say of itself: the report's data, in the order in which it is read.

mod change;
mod history;
mod linkage;
mod portrait;
mod run;
mod source;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use change::{
    AgeBand, ChangeReport, ConsentReport, FieldChange, FieldSurvival, KindCount, NoticeReport, PersonReport,
    ReviewReport,
};
pub use history::{OddFigure, PastRun, PastState};
pub use linkage::{
    BlockingKey, ClusterReport, ClusterSize, LargeCluster, Overlap, PairReport, ScoreBin, ScoreReport, ScoreScale,
};
pub use portrait::{ComparisonReport, DoubtfulCluster, FrequentValues, LevelReport, ModelReport, SourceReach};
pub use run::{Conservation, Failure, Flow, Guard, GuardVerdict, Law, Outcome, RunHeader, Step, StepStatus, Trigger};
pub use source::{
    Drift, DriftKind, FieldCompleteness, FieldProblemCount, FreshnessReport, FreshnessState, RejectCount, SourceReport,
    WaitingDelivery,
};

/// The version of the JSON's shape; it grows when a field is renamed or removed, not when one is added.
pub const FORMAT: u32 = 1;

/// All that a run reports. Fields left at their default are shown as "nothing to report", never as an error.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct RunReport {
    /// The version of this shape: [`FORMAT`].
    pub format: u32,
    /// Which run, when, by which version.
    pub run: RunHeader,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, where it failed.
    pub failure: Option<Failure>,
    /// The guards that looked at the run, in the order in which they looked.
    pub guards: Vec<Guard>,
    /// Rows and records from read to persons.
    pub flow: Flow,
    /// The sources, in the order of their names.
    pub sources: Vec<SourceReport>,
    /// What waits for somebody's decision.
    pub waiting: Vec<WaitingDelivery>,
    /// Sources that have records and are no longer configured, with their living records.
    pub unconfigured: BTreeMap<String, u64>,
    /// Candidate pairs.
    pub pairs: PairReport,
    /// The scores of the compared pairs.
    pub scores: ScoreReport,
    /// Clusters.
    pub clusters: ClusterReport,
    /// The model that decided.
    pub model: ModelReport,
    /// Persons by the exact set of sources that know them.
    pub overlap: Vec<Overlap>,
    /// Persons against the last run.
    pub persons: PersonReport,
    /// What changed in them.
    pub changes: ChangeReport,
    /// Consents by purpose, in the order of their names.
    pub consents: Vec<ConsentReport>,
    /// Which source won which field, in the order of the person schema.
    pub survivorship: Vec<FieldSurvival>,
    /// The stewards' queue.
    pub review: ReviewReport,
    /// Mail to the officers.
    pub notices: NoticeReport,
    /// The steps, in the order in which they ran.
    pub steps: Vec<Step>,
    /// The last runs of all jobs, oldest first, this one among them.
    pub history: Vec<PastRun>,
    /// Figures of this run that are not as usual.
    pub oddities: Vec<OddFigure>,
    /// Person field → its name on a page. A field without an entry is shown by its column name.
    pub labels: BTreeMap<String, Label>,
}

impl Default for RunReport {
    fn default() -> Self {
        Self {
            format: FORMAT,
            run: RunHeader::default(),
            outcome: Outcome::default(),
            failure: None,
            guards: Vec::new(),
            flow: Flow::default(),
            sources: Vec::new(),
            waiting: Vec::new(),
            unconfigured: BTreeMap::new(),
            pairs: PairReport::default(),
            scores: ScoreReport::default(),
            clusters: ClusterReport::default(),
            model: ModelReport::default(),
            overlap: Vec::new(),
            persons: PersonReport::default(),
            changes: ChangeReport::default(),
            consents: Vec::new(),
            survivorship: Vec::new(),
            review: ReviewReport::default(),
            notices: NoticeReport::default(),
            steps: Vec::new(),
            history: Vec::new(),
            oddities: Vec::new(),
            labels: BTreeMap::new(),
        }
    }
}

/// A name in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Label {
    /// German.
    pub de: String,
    /// English.
    pub en: String,
}

/// Whether a figure is nothing to tell of.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(figure: &u64) -> bool {
    *figure == 0
}
