//! The run itself: header, outcome, guards, steps, and the flow with its conservation laws.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Which run, when, and by which versions.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct RunHeader {
    /// The run's number, as `kartei runs` shows it.
    pub id: i64,
    /// The job's name in `jobs.toml`.
    pub job: String,
    /// The organisation's name, for the page's title.
    pub organisation: Option<String>,
    /// What set it going.
    pub trigger: Trigger,
    /// When it was due; none for a run by hand.
    pub due_at: Option<DateTime<Utc>>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; none while it runs.
    pub finished_at: Option<DateTime<Utc>>,
    /// The last published run before this one.
    pub previous_id: Option<i64>,
    /// How often the run was taken up again after a crash.
    pub resumed: u32,
    /// The IANA zone in which times are shown, e.g. `Europe/Berlin`.
    pub time_zone: String,
    /// The program's version.
    pub version: String,
    /// A short fingerprint of all schemas that the run read.
    pub schema_version: String,
    /// A short name of the matching model: built-in weights, or trained ones with their date.
    pub model_version: String,
}

impl Default for RunHeader {
    fn default() -> Self {
        Self {
            id: 0,
            job: String::new(),
            organisation: None,
            trigger: Trigger::default(),
            due_at: None,
            started_at: DateTime::<Utc>::UNIX_EPOCH,
            finished_at: None,
            previous_id: None,
            resumed: 0,
            time_zone: "UTC".to_owned(),
            version: String::new(),
            schema_version: String::new(),
            model_version: String::new(),
        }
    }
}

impl RunHeader {
    /// From beginning to end in milliseconds, where the run has ended.
    pub fn duration_milliseconds(&self) -> Option<u64> {
        let span = self.finished_at?.signed_duration_since(self.started_at);
        u64::try_from(span.num_milliseconds()).ok()
    }
}

/// What set a run going.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Its schedule.
    Schedule,
    /// A person at a terminal or on the desk.
    #[default]
    Hand,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Persons, changes and notices are published.
    #[default]
    Published,
    /// All was computed, nothing was published, as asked.
    DryRun,
    /// A guard stopped it before publishing: yesterday's persons stand.
    StoppedByGuard,
    /// More rows were quarantined than a source allows: yesterday's persons stand.
    TooManyRejects,
    /// A step failed: yesterday's persons stand.
    Failed,
}

/// Why a run failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Failure {
    /// The step that failed.
    pub step: String,
    /// What failed, without personal data.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// One guard's look at the run.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Guard {
    /// Its name in the settings, e.g. `max_gone_percent`.
    pub name: String,
    /// The source that it looked at; none for the whole run.
    pub source: Option<String>,
    /// The limit.
    pub limit: f64,
    /// What the run had.
    pub actual: f64,
    /// What it said.
    pub verdict: GuardVerdict,
}

/// What a guard said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardVerdict {
    /// Within its limit.
    Passed,
    /// Over its limit, let pass once by `--accept-guard`.
    Accepted,
    /// Over its limit: it stopped the run.
    Stopped,
}

/// Rows and records from read to persons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Flow {
    /// Rows that the sources delivered.
    pub read: u64,
    /// Rows put at rest because they are new or changed.
    pub staged: u64,
    /// Rows put into quarantine.
    pub rejected: u64,
    /// Rows equal to what was known.
    pub unchanged: u64,
    /// Rows of persons who were erased, which were put nowhere.
    #[serde(skip_serializing_if = "super::is_zero")]
    pub erased: u64,
    /// Records that were matched: all living ones of all sources, not only the staged ones.
    pub records: u64,
    /// Records that lie in exactly one cluster.
    pub clustered: u64,
    /// Clusters.
    pub clusters: u64,
    /// Persons after the run.
    pub persons: u64,
}

/// The laws that hold in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    /// read = staged + rejected + unchanged, and rows of erased persons.
    Rows,
    /// Every record lies in exactly one cluster.
    Records,
    /// Every cluster is one person.
    Persons,
}

/// One law, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conservation {
    /// Which law.
    pub law: Law,
    /// What went in.
    pub before: u64,
    /// What came out; equal, or something was lost or doubled.
    pub after: u64,
}

impl Conservation {
    /// Whether nothing was lost and nothing doubled.
    pub const fn holds(self) -> bool {
        self.before == self.after
    }
}

impl Flow {
    /// The three laws, checked.
    pub const fn conservation(&self) -> [Conservation; 3] {
        [
            Conservation {
                law: Law::Rows,
                before: self.read,
                after: self.staged + self.rejected + self.unchanged + self.erased,
            },
            Conservation { law: Law::Records, before: self.records, after: self.clustered },
            Conservation { law: Law::Persons, before: self.clusters, after: self.persons },
        ]
    }

    /// Whether all three laws hold.
    pub fn is_conserved(&self) -> bool {
        self.conservation().into_iter().all(Conservation::holds)
    }
}

/// One step of the run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Step {
    /// Its name: `pull`, `stage`, `normalise`, `match`, ...
    pub name: String,
    /// How it ended.
    pub status: StepStatus,
    /// How long it took.
    pub duration_milliseconds: u64,
    /// Rows, records or pairs that it worked on, where that means something.
    pub items: Option<u64>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Done in this run.
    Done,
    /// Not needed, or done before a crash and found at rest.
    Skipped,
    /// Failed.
    Failed,
}
