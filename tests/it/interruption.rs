//! Runs that somebody ends, or that are killed: yesterday's persons stand, and the next run completes.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::app::{Ended, TestApp};
use crate::organisation::{Persons, member};

/// How long a story waits for something that must come, at most.
const PATIENCE: Duration = Duration::from_mins(1);

impl TestApp {
    /// Starts a night beside the story.
    fn begin_a_night(&self) -> Child {
        self.command(&["run", "--as-of", "2026-03-02"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The state of the last run.
    fn last_run(&self) -> (i64, String) {
        let run = &self.json(&["runs"])[0];
        (run["id"].as_i64().unwrap(), run["state"].as_str().unwrap().to_owned())
    }

    /// Waits until a run is no longer held to be under way.
    pub(crate) fn wait_until_nothing_is_under_way(&self) {
        let begun = Instant::now();
        while self.run(&["run", "hourly-leads", "--dry-run"]).stderr.contains("is under way") {
            assert!(begun.elapsed() < PATIENCE, "the run is still held to be under way");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// The persons without what a run writes on its own account: who they are, and what is known of them.
fn known(persons: &Persons) -> Vec<Vec<&str>> {
    let columns = ["given_name", "surname", "birth_date", "email", "membership_number", "records"];
    let mut known: Vec<Vec<&str>> =
        persons.values().map(|person| columns.iter().map(|column| person[*column].as_str()).collect()).collect();
    known.sort();
    known
}

#[test]
fn a_run_that_is_interrupted_at_any_moment_leaves_yesterday_or_today_and_the_next_completes() {
    let whole = TestApp::after_a_night();
    let before = whole.exported();
    whole.another_night_arrives(2);
    whole.night(2, &[]).succeeds();
    let expected = whole.persons();
    let mut interrupted = 0;
    for milliseconds in [0, 40, 120, 300, 700] {
        let name = if milliseconds % 40 == 0 { "INT" } else { "TERM" };
        let app = TestApp::after_a_night();
        app.another_night_arrives(2);
        let child = app.begin_a_night();
        std::thread::sleep(Duration::from_millis(milliseconds));
        signal(&child, name);
        let ended = Ended::of(child.wait_with_output().unwrap());
        if ended.code == 1 {
            interrupted += 1;
            assert!(ended.stderr.contains("error: the run was asked to end"), "{ended:?}");
            assert!(ended.stderr.contains("hint: start it again"), "{ended:?}");
            assert_eq!(app.last_run().1, "cancelled", "after {milliseconds} ms");
        }
        let is_published = app.json(&["changes"]).as_array().unwrap().iter().any(|change| change["run_id"] == 2);
        if !is_published {
            assert_eq!(app.exported(), before, "after {milliseconds} ms");
        }
        app.night(2, &[]).succeeds();
        assert_eq!(known(&app.persons()), known(&expected), "after {milliseconds} ms");
    }
    assert!(interrupted > 0, "no run was caught under way");
}

#[test]
fn a_run_that_is_killed_is_noticed_and_a_later_run_completes() {
    let app = TestApp::after_a_night();
    let before = app.exported();
    app.add_members(member(&[]).as_bytes());
    let mut child = app.begin_a_night();
    let begun = Instant::now();
    while app.last_run() != (2, "running".to_owned()) {
        assert!(begun.elapsed() < PATIENCE && app.last_run().0 <= 2, "the run was never seen under way");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(app.exported(), before);
    let said = app.night(2, &[]).fails_with(1);
    assert!(said.contains("run 2 of job `nightly` is under way"), "{said}");
    assert!(said.contains("noticed within ten seconds"), "{said}");
    app.wait_until_nothing_is_under_way();
    let run = app.json(&["runs", "show", "2"]);
    assert_ne!(run["run"]["state"], "running", "{run:#}");
    assert_ne!(run["run"]["error"], serde_json::Value::Null, "it is said what became of it: {run:#}");
    app.night(2, &[]).succeeds();
    assert_eq!(app.person("Zwickelbauer")["given_name"], "Rosalinde");
}

#[test]
fn two_runs_at_once_do_not_both_go_on() {
    let app = TestApp::after_a_night();
    app.add_members(member(&[]).as_bytes());
    let children: Vec<Child> = (0..3).map(|_| app.begin_a_night()).collect();
    let ended: Vec<Ended> = children.into_iter().map(|child| Ended::of(child.wait_with_output().unwrap())).collect();
    assert!(ended.iter().any(|one| one.code == 0), "{ended:?}");
    for one in ended.iter().filter(|one| one.code != 0) {
        assert_eq!(one.code, 1, "{one:?}");
        assert!(one.stderr.contains("is under way") || one.stderr.contains("hint: "), "{one:?}");
    }
    app.wait_until_nothing_is_under_way();
    app.night(3, &[]).succeeds();
    assert_eq!(app.person("Zwickelbauer")["given_name"], "Rosalinde");
}
