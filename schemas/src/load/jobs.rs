//! What `jobs.toml` must hold beyond its form.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};

use super::document::{Document, Segment};
use crate::due::{Due, DueError};
use crate::duration::Span;
use crate::jobs::{JobSchema, JobsSchema, Overlap, PARAMS, PERSONS, ParamValue, Retry, StepName};
use crate::problem::{Problem, suggest};
use crate::source::SourceSchema;

/// The zone in which the form of a schedule is looked at; `kartei.toml` has the one that counts.
const ANY_ZONE: &str = "UTC";

/// What is wrong or doubtful.
pub(super) fn check(schema: &JobsSchema, document: &Document, sources: &[SourceSchema]) -> Vec<Problem> {
    let mut look = Look { schema, document, problems: Vec::new() };
    for (name, job) in &schema.jobs {
        if !super::source::is_name(name) {
            let hint = "write lower case letters, digits, `-` and `_`, a letter first";
            look.error(&["job".into(), name.into()], format!("`{name}` is no name for a job"), hint);
        }
        look.steps(name, job);
        look.schedule(name, job);
        look.spans(name, job);
        look.after(name, job);
        look.pulled(name, job, sources);
        look.params(name, job);
    }
    look.cycles();
    look.groups();
    look.problems
}

struct Look<'a> {
    schema: &'a JobsSchema,
    document: &'a Document,
    problems: Vec<Problem>,
}

/// The path of a job's key.
fn at<'a>(name: &'a str, key: &'a str) -> [Segment<'a>; 3] {
    [Segment::Key("job"), Segment::Key(name), Segment::Key(key)]
}

impl Look<'_> {
    fn params(&mut self, name: &str, job: &JobSchema) {
        let path = ["job".into(), name.into(), Segment::Key("params")];
        for (param, value) in &job.params {
            if !PARAMS.contains(&param.as_str()) {
                let hint = format!("the parameters are: {}", PARAMS.join(", "));
                self.error(&path, format!("the job `{name}` has an unknown parameter `{param}`"), &hint);
            } else if !matches!(value, ParamValue::Flag(_)) {
                let message = format!("the parameter `{param}` of the job `{name}` has another type");
                self.error(&path, message, "write true or false");
            }
        }
    }

    fn error(&mut self, path: &[Segment<'_>], message: String, hint: &str) {
        self.problems.push(self.document.error(path, message).with_hint(hint));
    }

    fn warn(&mut self, path: &[Segment<'_>], message: String, hint: &str) {
        self.problems.push(self.document.warning(path, message).with_hint(hint));
    }

    fn steps(&mut self, name: &str, job: &JobSchema) {
        if job.steps.is_empty() {
            self.problems.push(self.document.error(&at(name, "steps"), format!("the job `{name}` has no steps")));
        }
        if !job.steps.is_sorted_by(|earlier, later| earlier < later) {
            let order: Vec<&str> = StepName::ALL.iter().map(|step| step.as_str()).collect();
            let message = format!("the steps of the job `{name}` stand twice or in an order that cannot work");
            self.error(&at(name, "steps"), message, &format!("the order is {}", order.join(", ")));
        }
        for (step, policy) in &job.step_policies {
            let path = [at(name, "step").as_slice(), &[Segment::Key(step.as_str())]].concat();
            if !job.steps.contains(step) {
                let message = format!("the job `{name}` says something of the step `{step}`, which it does not have");
                self.error(&path, message, "name it in `steps`, or take the section away");
            }
            self.span(&path, "timeout", policy.timeout);
            if let Some(retry) = &policy.retry {
                self.retry(&path, retry);
            }
        }
    }

    fn schedule(&mut self, name: &str, job: &JobSchema) {
        let zone = job.time_zone.as_deref().unwrap_or(ANY_ZONE);
        if let Some(hint) = super::settings::wrong_zone(zone) {
            let message = format!("`{zone}`, the time zone of the job `{name}`, is unknown");
            self.error(&at(name, "time_zone"), message, &hint);
        }
        // Each line by itself, so that all that is wrong is said at once.
        let mut is_readable = true;
        for line in &job.schedule.lines {
            let fields = line.split_whitespace().count();
            if !line.trim_start().starts_with('@') && fields != 5 && fields != 6 {
                let message =
                    format!("the schedule `{line}` of the job `{name}` has {fields} fields, expected five or six");
                let hint = "minute, hour, day of month, month, day of week: `0 4 * * *` is each day at four";
                self.error(&at(name, "schedule"), message, hint);
                is_readable = false;
            } else if let Err(error) = Due::parse(std::slice::from_ref(line), ANY_ZONE) {
                self.due(name, &error);
                is_readable = false;
            }
        }
        let windows = JobSchema { schedule: crate::jobs::Schedule::default(), time_zone: None, ..job.clone() };
        if let Err(error) = Due::of_job(&windows, ANY_ZONE) {
            self.due(name, &error);
            is_readable = false;
        }
        let readable = is_readable.then(|| Due::of_job(&JobSchema { time_zone: None, ..job.clone() }, ANY_ZONE).ok());
        if let Some(due) = readable.flatten().filter(|due| !due.is_never()) {
            self.rhythm(name, job, &due);
        }
    }

    fn due(&mut self, name: &str, error: &DueError) {
        self.error(&at(name, error.key()), format!("the job `{name}`: {error}"), &error.hint());
    }

    /// Whether the due times leave room for the job.
    fn rhythm(&mut self, name: &str, job: &JobSchema, due: &Due) {
        // A year that has a 29th of February.
        let start = DateTime::from_timestamp(1_798_761_600, 0).unwrap_or_default();
        if due.next_after(start).is_none() && job.enabled_until.is_none() {
            let message = format!("the job `{name}` is never due: its windows leave nothing of its schedule");
            return self.error(&at(name, "schedule"), message, "look at `blackout` and `enabled_from`");
        }
        let Some(gap) = due.shortest_gap(start) else { return };
        let seconds = gap.num_seconds();
        if gap < TimeDelta::minutes(1) {
            let message =
                format!("the job `{name}` is due every {seconds} s; a run that takes longer overlaps the next");
            let hint = match job.overlap {
                Overlap::Skip => {
                    "each due time that comes too early is listed as skipped; five fields begin with the minute"
                }
                Overlap::Queue => {
                    "runs would pile up: write `overlap = \"skip\"`, or five fields, which begin with the minute"
                }
                Overlap::CancelRunning => "no run might ever come to its end: write `overlap = \"skip\"`",
            };
            self.warn(&at(name, "schedule"), message, hint);
        } else if job.overlap == Overlap::Queue
            && let Some(timeout) = job.timeout
            && i64::try_from(timeout.seconds()).is_ok_and(|timeout| timeout > seconds)
        {
            let message = format!("the job `{name}` may take {timeout}, and is due every {seconds} s");
            self.warn(&at(name, "timeout"), message, "with `overlap = \"queue\"` runs may pile up");
        }
        if let Some(jitter) = job.jitter
            && i64::try_from(jitter.seconds()).is_ok_and(|jitter| jitter >= seconds)
        {
            let message = format!("the job `{name}` has a jitter of {jitter}, and is due every {seconds} s");
            self.error(&at(name, "jitter"), message, "make it shorter than the time between two due times");
        }
    }

    fn spans(&mut self, name: &str, job: &JobSchema) {
        let path = [Segment::Key("job"), Segment::Key(name)];
        self.span(&path, "timeout", job.timeout);
        self.span(&path, "expect_within", job.expect_within);
        self.span(&path, "missed_within", job.missed_within);
        self.retry(&path, &job.retry);
    }

    fn span(&mut self, path: &[Segment<'_>], key: &str, span: Option<Span>) {
        if span.is_some_and(|span| span.seconds() == 0) {
            let path = [path, &[Segment::Key(key)]].concat();
            self.error(&path, format!("`{key}` is no time at all"), "leave it out for no limit");
        }
    }

    fn retry(&mut self, path: &[Segment<'_>], retry: &Retry) {
        if retry.max < retry.backoff {
            let path = [path, &[Segment::Key("retry")]].concat();
            let message = format!("`retry` waits {} at first, but {} at most", retry.backoff, retry.max);
            self.error(&path, message, "make `max` at least as long as `backoff`");
        }
    }

    fn after(&mut self, name: &str, job: &JobSchema) {
        for (index, after) in job.after.iter().enumerate() {
            let path = at(name, "after");
            if !self.schema.jobs.contains_key(&after.job) {
                let message = format!("the job `{name}` runs after the job `{}`, which does not exist", after.job);
                let hint = suggest(&after.job, self.schema.jobs.keys().map(String::as_str));
                self.problems.push(self.document.error(&path, message).with_hint_if(hint));
            } else if job.after[..index].iter().any(|earlier| earlier.job == after.job) {
                let message = format!("the job `{name}` names the job `{}` twice in `after`", after.job);
                self.error(&path, message, "`on = \"always\"` is success and failure alike");
            }
        }
    }

    /// Jobs that would start each other for ever.
    fn cycles(&mut self) {
        let jobs = &self.schema.jobs;
        let mut named: Vec<&str> = Vec::new();
        for name in jobs.keys() {
            let Some(cycle) = cycle_from(jobs, name) else { continue };
            if cycle.iter().any(|job| named.contains(job)) {
                continue;
            }
            let message = match cycle[..] {
                [only] => format!("the job `{only}` runs after itself"),
                _ => format!("the jobs start each other for ever: {} → {name}", cycle.join(" → ")),
            };
            named.extend(&cycle);
            self.error(&at(name, "after"), message, "take one of them out of `after`");
        }
    }

    fn groups(&mut self) {
        for group in self.schema.concurrency.keys() {
            let path = [Segment::Key("concurrency"), Segment::Key(group)];
            if group == PERSONS {
                let message = format!("`concurrency.{PERSONS}` cannot be set");
                self.error(&path, message, "jobs that pull, consolidate or publish run one at a time");
            } else if !self.schema.jobs.values().any(|job| job.concurrency.contains(group)) {
                let message = format!("no job belongs to the group `{group}`");
                let named = self.schema.jobs.values().flat_map(|job| job.concurrency.iter().map(String::as_str));
                let hint = suggest(group, named).unwrap_or_else(|| "name it in a job's `concurrency`".to_owned());
                self.warn(&path, message, &hint);
            }
        }
    }

    fn pulled(&mut self, name: &str, job: &JobSchema, sources: &[SourceSchema]) {
        for wanted in &job.sources {
            if !sources.iter().any(|source| source.name == *wanted) {
                let message = format!("the job `{name}` pulls the source `{wanted}`, which does not exist");
                let hint = suggest(wanted, sources.iter().map(|source| source.name.as_str()));
                self.problems.push(self.document.error(&at(name, "sources"), message).with_hint_if(hint));
            }
        }
        let named_nothing = job.sources.is_empty() && !job.families.is_empty();
        if named_nothing && job.steps.contains(&StepName::Pull) && !sources.iter().any(|source| job.pulls(source)) {
            let message = format!("the job `{name}` has nothing to pull: no source is of its families");
            self.problems.push(self.document.warning(&at(name, "families"), message));
        }
    }
}

/// The way by which a job comes to run after itself, if there is one; it is named in the order in which the jobs run.
fn cycle_from<'a>(jobs: &'a BTreeMap<String, JobSchema>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = vec![vec![start]];
    let mut seen: Vec<&str> = Vec::new();
    while let Some(way) = ways.pop() {
        let Some(job) = way.last().and_then(|last| jobs.get(*last)) else { continue };
        for after in &job.after {
            if after.job == start {
                let mut cycle = way;
                cycle[1..].reverse();
                return Some(cycle);
            }
            if !seen.contains(&after.job.as_str()) {
                seen.push(&after.job);
                ways.push([way.as_slice(), &[after.job.as_str()]].concat());
            }
        }
    }
    None
}
