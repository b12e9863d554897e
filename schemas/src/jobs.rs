//! `jobs.toml`: the jobs, their steps, and when they are due.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Span;
use crate::source::{Family, SourceSchema};

mod policy;

pub use policy::{After, Missed, On, Overlap, Retry, StepPolicy};

/// The group of all jobs that pull, consolidate or publish: one of them runs at a time, since each builds on what was
/// published last.
pub const PERSONS: &str = "persons";

/// The text of the shipped `jobs.toml`.
pub const SHIPPED: &str = include_str!("../../jobs.toml");

/// The parameters that the steps know. `full = true`: every source is read from its beginning, also what waits in
/// quarantine, and everybody is matched and made anew.
pub const PARAMS: [&str; 1] = ["full"];

/// All jobs, by name.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobsSchema {
    /// Name → job. A name is lower case letters, digits, `-` and `_`.
    #[serde(default, rename = "job")]
    pub jobs: BTreeMap<String, JobSchema>,
    /// Group → how many runs of its jobs may be under way at once; a group that is not named here: 1.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Limit>")]
    pub concurrency: BTreeMap<String, u32>,
}

/// How many at once.
#[derive(JsonSchema)]
#[schemars(transparent)]
#[expect(dead_code, reason = "it is there for the JSON Schema alone")]
struct Limit(#[schemars(range(min = 1))] u32);

impl JobsSchema {
    /// How many runs of a group may be under way at once.
    pub fn limit_of(&self, group: &str) -> u32 {
        if group == PERSONS { 1 } else { self.concurrency.get(group).copied().unwrap_or(1) }
    }
}

/// One job: a list of steps and when it is due.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobSchema {
    /// The job's name on a German page.
    #[serde(default)]
    pub label_de: Option<String>,
    /// The job's name on an English page.
    #[serde(default)]
    pub label_en: Option<String>,
    /// When it is due: cron with five fields (minute first) or six (second first), one text or several; left out: only
    /// when someone asks for it.
    #[serde(default)]
    pub schedule: Schedule,
    /// The IANA zone in which the schedule is read; left out: `locale.time_zone` of `kartei.toml`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// What becomes of due times that were missed.
    #[serde(default)]
    pub missed: Missed,
    /// A due time that is noticed later than this is not made up for; left out: however late, with `missed = "skip"`
    /// after a minute.
    #[serde(default)]
    pub missed_within: Option<Span>,
    /// What becomes of a due time while an earlier run of the job is under way.
    #[serde(default)]
    pub overlap: Overlap,
    /// Each run begins up to so much later than it is due, by chance, but always the same for the same due time.
    #[serde(default)]
    pub jitter: Option<Span>,
    /// The run fails when it takes longer, counted from each beginning.
    #[serde(default)]
    pub timeout: Option<Span>,
    /// When a run that failed is begun again.
    #[serde(default)]
    pub retry: Retry,
    /// What is said of single steps.
    #[serde(default, rename = "step")]
    pub step_policies: BTreeMap<StepName, StepPolicy>,
    /// The jobs after which it runs: a name, or `{ job = "nightly", on = "failure" }`.
    #[serde(default)]
    pub after: Vec<After>,
    /// Not due before this day or time, by the clock of its zone.
    #[serde(default)]
    pub enabled_from: Option<String>,
    /// Not due from this day or time on.
    #[serde(default)]
    pub enabled_until: Option<String>,
    /// Windows in which it is not due: `22:00-06:00`, `Sat-Sun`, `Mon-Fri 08:00-18:00`, `2026-12-24..2026-12-26`.
    #[serde(default)]
    pub blackout: Vec<String>,
    /// A run must have succeeded so long after its due time, or an alert goes out.
    #[serde(default)]
    pub expect_within: Option<Span>,
    /// The groups to which it belongs, beside that of all jobs that write persons; `[concurrency]` limits them.
    #[serde(default)]
    pub concurrency: Vec<String>,
    /// The steps, in order.
    pub steps: Vec<StepName>,
    /// The sources that are pulled; left out, with `families` left out too: all.
    #[serde(default)]
    pub sources: Vec<String>,
    /// The families whose sources are pulled.
    #[serde(default)]
    pub families: Vec<Family>,
    /// Parameters of the steps, such as `full = true`; `--param KEY=VALUE` replaces one for a single run.
    #[serde(default)]
    pub params: BTreeMap<String, ParamValue>,
}

impl JobSchema {
    /// Whether the job pulls this source.
    pub fn pulls(&self, source: &SourceSchema) -> bool {
        let all = self.sources.is_empty() && self.families.is_empty();
        all || self.sources.contains(&source.name) || self.families.contains(&source.family)
    }

    /// The groups of which a run takes a place, sorted.
    pub fn groups(&self) -> Vec<String> {
        let writes = [StepName::Pull, StepName::Consolidate, StepName::Publish];
        let is_writer = self.steps.iter().any(|step| writes.contains(step));
        let mut groups = self.concurrency.clone();
        groups.extend(is_writer.then(|| PERSONS.to_owned()));
        groups.sort();
        groups.dedup();
        groups
    }

    /// What is said of a step; nothing in particular where nothing is.
    pub fn policy_of(&self, step: StepName) -> StepPolicy {
        self.step_policies.get(&step).cloned().unwrap_or_default()
    }
}

/// The steps that a job may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// Asks the sources for what is new and puts it at rest.
    Pull,
    /// Normalises, matches, clusters, and finds the persons and their changes.
    Consolidate,
    /// Writes persons, changes and notices, all or nothing.
    Publish,
    /// Sends the notices.
    Notify,
    /// Writes the report.
    Report,
}

impl StepName {
    /// All steps in the order in which they may stand.
    pub const ALL: [Self; 5] = [Self::Pull, Self::Consolidate, Self::Publish, Self::Notify, Self::Report];

    /// The name as `jobs.toml` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Consolidate => "consolidate",
            Self::Publish => "publish",
            Self::Notify => "notify",
            Self::Report => "report",
        }
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The texts that say when a job is due.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(from = "OneOrSeveral", into = "OneOrSeveral")]
#[schemars(with = "OneOrSeveral")]
pub struct Schedule {
    /// The lines; none: never by itself.
    pub lines: Vec<String>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum OneOrSeveral {
    /// One line.
    One(String),
    /// Several lines: due whenever one of them is.
    Several(Vec<String>),
}

impl From<OneOrSeveral> for Schedule {
    fn from(value: OneOrSeveral) -> Self {
        match value {
            OneOrSeveral::One(line) => Self { lines: vec![line] },
            OneOrSeveral::Several(lines) => Self { lines },
        }
    }
}

impl From<Schedule> for OneOrSeveral {
    fn from(schedule: Schedule) -> Self {
        match <[String; 1]>::try_from(schedule.lines) {
            Ok([line]) => Self::One(line),
            Err(lines) => Self::Several(lines),
        }
    }
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ParamValue {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A text.
    Text(String),
}

impl ParamValue {
    /// Reads a value as it is written on a command line: `true`, `3`, `0.5`, anything else is text.
    pub fn from_text(text: &str) -> Self {
        text.parse()
            .map(Self::Flag)
            .or_else(|_| text.parse().map(Self::Integer))
            .or_else(|_| text.parse().map(Self::Number))
            .unwrap_or_else(|_| Self::Text(text.to_owned()))
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(value) => write!(out, "{value}"),
            Self::Integer(value) => write!(out, "{value}"),
            Self::Number(value) => write!(out, "{value}"),
            Self::Text(value) => out.write_str(value),
        }
    }
}
