//! What `jobs.toml` must hold beyond its form. Whether a schedule is cron is for the scheduler to say.

use super::document::{Document, Segment};
use crate::jobs::{JobSchema, JobsSchema, StepName};
use crate::problem::{Problem, suggest};
use crate::source::SourceSchema;

/// What is wrong or doubtful.
pub(super) fn check(schema: &JobsSchema, document: &Document, sources: &[SourceSchema]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, job) in &schema.jobs {
        if !super::source::is_name(name) {
            let problem = document.error(&["job".into(), name.into()], format!("`{name}` is no name for a job"));
            problems.push(problem.with_hint("write lower case letters, digits, `-` and `_`, a letter first"));
        }
        steps(name, job, document, &mut problems);
        schedule(name, job, document, &mut problems);
        pulled(name, job, document, sources, &mut problems);
    }
    problems
}

fn steps(name: &str, job: &JobSchema, document: &Document, problems: &mut Vec<Problem>) {
    let path = ["job".into(), name.into(), Segment::Key("steps")];
    if job.steps.is_empty() {
        problems.push(document.error(&path, format!("the job `{name}` has no steps")));
    }
    if !job.steps.is_sorted_by(|earlier, later| earlier < later) {
        let order: Vec<&str> = StepName::ALL.iter().map(|step| step.as_str()).collect();
        let message = format!("the steps of the job `{name}` stand twice or in an order that cannot work");
        problems.push(document.error(&path, message).with_hint(format!("the order is {}", order.join(", "))));
    }
}

fn schedule(name: &str, job: &JobSchema, document: &Document, problems: &mut Vec<Problem>) {
    let at = |key| ["job".into(), name.into(), Segment::Key(key)];
    for line in &job.schedule.lines {
        let fields = line.split_whitespace().count();
        if !line.trim_start().starts_with('@') && fields != 5 && fields != 6 {
            let message =
                format!("the schedule `{line}` of the job `{name}` has {fields} fields, expected five or six");
            let hint = "minute, hour, day of month, month, day of week: `0 4 * * *` is each day at four";
            problems.push(document.error(&at("schedule"), message).with_hint(hint));
        }
    }
    if let Some(zone) = &job.time_zone
        && let Some(hint) = super::settings::wrong_zone(zone)
    {
        let message = format!("`{zone}`, the time zone of the job `{name}`, is unknown");
        problems.push(document.error(&at("time_zone"), message).with_hint(hint));
    }
}

fn pulled(name: &str, job: &JobSchema, document: &Document, sources: &[SourceSchema], problems: &mut Vec<Problem>) {
    for wanted in &job.sources {
        if !sources.iter().any(|source| source.name == *wanted) {
            let message = format!("the job `{name}` pulls the source `{wanted}`, which does not exist");
            let hint = suggest(wanted, sources.iter().map(|source| source.name.as_str()));
            let path = ["job".into(), name.into(), Segment::Key("sources")];
            problems.push(document.error(&path, message).with_hint_if(hint));
        }
    }
    let named_nothing = job.sources.is_empty() && !job.families.is_empty();
    if named_nothing && job.steps.contains(&StepName::Pull) && !sources.iter().any(|source| job.pulls(source)) {
        let message = format!("the job `{name}` has nothing to pull: no source is of its families");
        problems.push(document.warning(&["job".into(), name.into(), Segment::Key("families")], message));
    }
}
