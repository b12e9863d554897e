//! What the loader says about jobs that cannot be, with the line and what to do.

use std::path::Path;

use super::complaint;
use crate::load::jobs;

fn said(text: &str) -> String {
    complaint(jobs(Path::new("jobs.toml"), text, &[]))
}

fn warned(text: &str) -> String {
    let (_, warnings) = jobs(Path::new("jobs.toml"), text, &[]).unwrap();
    warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn schedules_and_windows_that_cannot_be_are_all_named_with_line_and_hint() {
    insta::assert_snapshot!(said(
        r#"
[job.never]
schedule = ["0 0 31 2 *", "61 4 * * *", "@dayly"]
steps = ["report"]
[job.windows]
schedule = "0 4 * * *"
time_zone = "Europe/Berln"
enabled_from = "1.12.2026"
steps = ["report"]
[job.dark]
schedule = "0 4 * * *"
blackout = ["22:00-06:00"]
steps = ["report"]
[job.black]
blackout = ["22:00"]
steps = ["report"]
[job.late]
schedule = "*/10 * * * *"
jitter = "15m"
timeout = "0s"
retry = { attempts = 3, backoff = "1h", max = "5m" }
steps = ["report"]
"#
    ));
}

#[test]
fn values_that_cannot_be_are_all_named_with_line_and_hint() {
    insta::assert_snapshot!(said(
        r#"
[job.nightly]
timeout = "-1h"
missed = "never"
overlap = "wait"
retry = { attempts = 0, pause = "1m" }
after = [{ job = "other", on = "sucess" }]
steps = ["pull", "consolidat"]
[job.nightly.step.publish]
timeout = 5
[concurrency]
erp = 0
"#
    ));
}

#[test]
fn jobs_that_start_each_other_or_nobody_are_named() {
    insta::assert_snapshot!(said(
        r#"
[concurrency]
persons = 2
[job.a]
after = ["c"]
steps = ["report"]
[job.b]
after = ["a", "a"]
steps = ["report"]
[job.c]
after = ["b"]
steps = ["report"]
[job.d]
after = ["d"]
steps = ["report"]
[job.e]
after = ["nightl"]
steps = ["report"]
[job.nightly]
steps = ["report"]
[job.nightly.step.pull]
timeout = "1h"
"#
    ));
}

#[test]
fn two_jobs_of_one_name_are_named_with_their_line() {
    insta::assert_snapshot!(said("[job.nightly]\nsteps = [\"pull\"]\n\n[job.nightly]\nsteps = [\"report\"]\n"));
}

#[test]
fn a_step_that_only_a_section_names_is_no_step() {
    insta::assert_snapshot!(said("[job.nightly]\nsteps = [\"pull\"]\n[job.nightly.step.pul]\ntimeout = \"1h\"\n"));
}

#[test]
fn schedules_that_leave_a_job_no_time_work_but_are_remarked_on() {
    insta::assert_snapshot!(warned(
        r#"
[job.fast]
schedule = "* * * * * *"
steps = ["notify"]
[job.piling]
schedule = "*/10 * * * * *"
overlap = "queue"
steps = ["notify"]
[job.long]
schedule = "*/10 * * * *"
overlap = "queue"
timeout = "1h"
steps = ["notify"]
[concurrency]
erpp = 2
"#
    ));
}

#[test]
fn a_job_with_every_word_is_read_as_it_is_written() {
    let text = r#"
concurrency = { erp = 2 }
[job.nightly]
schedule = ["0 4 * * *", "@weekly"]
time_zone = "Europe/Berlin"
missed = "all"
missed_within = "2d"
overlap = "queue"
jitter = "5m"
timeout = "3h"
retry = { attempts = 5, backoff = "1m", max = "30m", jitter = "10s" }
enabled_from = "2026-12-01"
enabled_until = "2027-12-01T04:00"
blackout = ["2026-12-24..2026-12-26"]
expect_within = "1h"
concurrency = ["erp"]
steps = ["pull", "report"]
[job.nightly.step.pull]
timeout = "1h"
retry = { attempts = 2 }
[job.tidy]
after = ["nightly", { job = "other", on = "failure" }]
steps = ["notify"]
[job.other]
steps = ["notify"]
"#;
    let (found, warnings) = jobs(Path::new("jobs.toml"), text, &[]).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(found.jobs["nightly"].groups(), ["erp", "persons"]);
    assert_eq!(found.jobs["tidy"].groups(), Vec::<String>::new());
    assert_eq!((found.limit_of("erp"), found.limit_of("persons"), found.limit_of("any")), (2, 1, 1));
    // What is written out is read as the same.
    let again: crate::jobs::JobsSchema = serde_json::from_value(serde_json::to_value(&found).unwrap()).unwrap();
    assert_eq!(again, found);
}
