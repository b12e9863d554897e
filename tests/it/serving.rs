//! `kartei serve` as an operator meets it: signals, a second copy, changed and broken jobs, and runs asked for by hand.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::app::{Ended, TestApp};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
const EACH_SECOND: &str = "[job.tick]\nschedule = \"* * * * * *\"\nsteps = [\"notify\"]\n";
const ON_DEMAND: &str = "[job.tick]\nsteps = [\"notify\"]\n[job.next]\nafter = [\"tick\"]\nsteps = [\"notify\"]\n";

/// A process that serves; it is killed when the test is over.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    pub(crate) fn start(app: &TestApp) -> Self {
        Self::start_that_logs(app, "info")
    }

    fn start_that_logs(app: &TestApp, level: &str) -> Self {
        let mut command = app.command(&["serve"]);
        Self(command.env("KARTEI__LOG__LEVEL", level).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it has the right to serve.
    pub(crate) fn serves(&self, app: &TestApp) {
        let pid = self.0.id().to_string();
        let file = app.path("kartei.db.serve");
        wait_until("it serves", || std::fs::read_to_string(&file).is_ok_and(|words| words.contains(&pid)));
    }

    /// Ends it in good order, and gives what it said.
    pub(crate) fn end(mut self) -> String {
        self.signal("TERM");
        assert!(self.0.wait().unwrap().success());
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

fn house(jobs: &str) -> TestApp {
    let app = TestApp::started();
    app.write("jobs.toml", jobs);
    app
}

fn json(app: &TestApp, arguments: &[&str]) -> serde_json::Value {
    let arguments = [arguments, &["--json"]].concat();
    serde_json::from_str(&app.run(&arguments).succeeds()).unwrap()
}

/// The runs as far as there are any.
fn runs(app: &TestApp) -> Vec<serde_json::Value> {
    let ended = app.run(&["runs", "--limit", "0", "--json"]);
    if ended.code == 0 { serde_json::from_str(&ended.stdout).unwrap() } else { Vec::new() }
}

#[track_caller]
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn succeeded(app: &TestApp, job: &str) -> usize {
    runs(app).iter().filter(|run| run["job"] == job && run["state"] == "succeeded").count()
}

#[test]
fn each_due_time_has_one_run_also_across_a_stop_and_a_kill() {
    let app = house(EACH_SECOND);
    let server = Server::start(&app);
    wait_until("three runs", || succeeded(&app, "tick") >= 3);
    server.signal("STOP");
    std::thread::sleep(Duration::from_secs(3));
    let before = succeeded(&app, "tick");
    server.signal("CONT");
    wait_until("it catches up", || succeeded(&app, "tick") > before);
    drop(server);
    let server = Server::start(&app);
    let before = succeeded(&app, "tick");
    wait_until("another process goes on", || succeeded(&app, "tick") > before + 1);
    server.end();
    let runs = runs(&app);
    let mut due: Vec<&str> = runs.iter().filter_map(|run| run["due_at"].as_str()).collect();
    let all = due.len();
    due.sort_unstable();
    due.dedup();
    assert_eq!(due.len(), all, "a due time has two runs");
    assert!(!runs.iter().any(|run| run["state"] == "running" || run["state"] == "claimed"), "{runs:?}");
}

#[test]
fn a_second_copy_on_one_file_says_who_serves_it() {
    let app = house(ON_DEMAND);
    let server = Server::start(&app);
    let pid = server.0.id();
    server.serves(&app);
    let said = app.run(&["serve"]).fails_with(1);
    assert!(said.contains(&format!("another kartei serves this store: process {pid} on ")), "{said}");
    assert!(said.contains("hint: "), "{said}");
    server.end();
}

#[test]
fn a_changed_file_is_taken_in_and_half_a_file_keeps_the_old_jobs() {
    let app = house(EACH_SECOND);
    let server = Server::start(&app);
    wait_until("a run", || succeeded(&app, "tick") >= 1);
    app.write("jobs.toml", &EACH_SECOND[..EACH_SECOND.len() - 8]);
    let before = succeeded(&app, "tick");
    wait_until("the old jobs go on", || succeeded(&app, "tick") > before + 3);
    app.write("jobs.toml", &EACH_SECOND.replace("job.tick", "job.tock"));
    wait_until("the new job runs", || succeeded(&app, "tock") >= 1);
    let said = server.end();
    assert!(said.contains("the jobs stay as they were: ") && said.contains("jobs.toml:3"), "{said}");
    assert!(said.contains("- job `tick`") && said.contains("+ job `tock`"), "{said}");
}

#[test]
fn a_run_that_is_asked_for_has_its_reason_its_log_and_its_follower() {
    let app = house(ON_DEMAND);
    let server = Server::start(&app);
    let made: serde_json::Value =
        json(&app, &["jobs", "trigger", "tick", "--reason", "a new file", "--param", "full=true"]);
    assert_eq!((&made["reason"], &made["parameters"]["params"]["full"]), (&"a new file".into(), &true.into()));
    wait_until("the job after it runs", || succeeded(&app, "next") == 1);
    let log = app.run(&["runs", "logs", "-f", "1"]).succeeds();
    assert!(log.contains("notify") && log.contains("the step is done"), "{log}");
    let follower = runs(&app).into_iter().find(|run| run["job"] == "next").unwrap();
    assert_eq!((&follower["cause"], &follower["after_run"]), (&"after".into(), &1.into()));
    let again = json(&app, &["runs", "retry", "1"]);
    wait_until("it runs again", || succeeded(&app, "tick") == 2);
    assert_eq!(json(&app, &["runs", "show", &again["run"].to_string()])["run"]["retry_of"], 1);
    server.end();
}

#[test]
fn a_job_is_paused_resumed_and_made_up_for() {
    let app = house("[job.daily]\nschedule = \"0 4 * * *\"\ntime_zone = \"Europe/Berlin\"\nsteps = [\"notify\"]\n");
    let paused = app.run(&["jobs", "pause", "daily", "--reason", "the source moves"]).succeeds();
    assert_eq!(paused, "job `daily` is paused\n");
    let listed = json(&app, &["jobs"]);
    assert_eq!((&listed[0]["state"], &listed[0]["next"]), (&"paused".into(), &serde_json::json!([])));
    assert!(listed[0]["paused_by"].as_str().unwrap().ends_with(": the source moves"));
    app.run(&["jobs", "resume", "daily"]).succeeds();
    assert_eq!(json(&app, &["jobs"])[0]["next"].as_array().unwrap().len(), 3);
    let arguments = ["backfill", "daily", "--from", "2026-03-28", "--to", "2026-03-30"];
    let shown = app.run(&[&arguments[..], &["--dry-run"]].concat()).succeeds();
    assert!(shown.contains("2026-03-29 04:00") && shown.contains("would be made"), "{shown}");
    assert!(runs(&app).is_empty());
    assert!(shown.contains("2026-03-30 04:00"), "the last day is one of them: {shown}");
    assert_eq!(json(&app, &arguments).as_array().unwrap().len(), 3);
    assert_eq!(json(&app, &arguments)[0]["word"], "there already");
    assert_eq!(runs(&app).len(), 3);
}

#[test]
fn the_days_that_are_made_up_for_are_days_of_the_jobs_zone() {
    let app = house("[job.early]\nschedule = \"30 0 * * *\"\ntime_zone = \"Europe/Berlin\"\nsteps = [\"notify\"]\n");
    let due = |from: &str, to: &str| -> Vec<String> {
        let made = json(&app, &["backfill", "early", "--from", from, "--to", to, "--dry-run"]);
        made.as_array().unwrap().iter().map(|line| line["due_at"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(due("2026-11-27", "2026-11-28"), ["2026-11-26T23:30:00Z", "2026-11-27T23:30:00Z"]);
    assert_eq!(due("2026-11-27", "2026-11-27"), ["2026-11-26T23:30:00Z"], "a day alone");
    assert_eq!(due("2026-11-26T23:31:00Z", "2026-11-28").len(), 1, "an instant is taken at its word");
    let said = app.run(&["backfill", "early", "--from", "2026-11-28", "--to", "2026-11-27"]).fails_with(2);
    assert!(said.contains("lies before"), "{said}");
}

/// Another program that has the store open and writes for as long as this takes.
fn hold_the_writer(app: &TestApp, is_time: impl Fn(&str) -> bool, while_it_holds: impl FnOnce()) {
    use sqlx::{Connection as _, SqliteConnection};
    let url = format!("sqlite:{}", app.path("kartei.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut connection = runtime.block_on(SqliteConnection::connect(&url)).unwrap();
    wait_until("a run is under way", || {
        let state = sqlx::query_scalar::<_, String>("select state from run order by id desc limit 1");
        let found = runtime.block_on(state.fetch_optional(&mut connection)).unwrap();
        std::thread::yield_now();
        found.is_some_and(|state| is_time(&state))
    });
    runtime.block_on(sqlx::query("begin immediate").execute(&mut connection)).unwrap();
    while_it_holds();
    runtime.block_on(sqlx::query("rollback").execute(&mut connection)).unwrap();
}

#[test]
fn a_program_that_holds_the_store_for_twelve_seconds_costs_no_run_and_no_mail() {
    let app = TestApp::before_the_first_night(300);
    app.write("jobs.toml", "[job.nightly]\nsteps = [\"pull\", \"consolidate\", \"publish\", \"notify\", \"report\"]\n");
    let server = Server::start(&app);
    server.serves(&app);
    app.run(&["jobs", "trigger", "nightly"]).succeeds();
    let mut doctor = None;
    hold_the_writer(
        &app,
        |state| state == "running",
        || {
            // Longer than a lease holds; another process looks for the dead just then, and waits for the same writer.
            std::thread::sleep(Duration::from_secs(10));
            doctor =
                Some(app.command(&["doctor", "--fix"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
            std::thread::sleep(Duration::from_secs(2));
        },
    );
    doctor.unwrap().wait().unwrap();
    wait_until("the run ends", || runs(&app).iter().all(|run| run["finished_at"].is_string()));
    let said = server.end();
    let run = json(&app, &["runs", "show", "1"]);
    assert_eq!((&run["run"]["state"], &run["run"]["attempt"]), (&"succeeded".into(), &1.into()), "{run:#}\n{said}");
    assert_eq!(runs(&app).len(), 1);
    assert!(!run["events"].to_string().contains("lost"), "{run:#}");
}

#[test]
fn jobs_that_are_read_again_are_told_quietly_and_what_is_wrong_with_them_without_an_empty_hint() {
    let app = house(ON_DEMAND);
    let server = Server::start_that_logs(&app, "warn");
    server.serves(&app);
    app.write("jobs.toml", &EACH_SECOND.replace("job.tick", "job.tock"));
    wait_until("the new job runs", || succeeded(&app, "tock") >= 1);
    std::fs::remove_file(app.path("jobs.toml")).unwrap();
    server.signal("HUP");
    std::thread::sleep(Duration::from_secs(2));
    let said = server.end();
    assert!(!said.contains("the jobs were read again") && !said.contains("+ job"), "{said}");
    assert!(said.contains("the jobs stay as they were") && !said.contains("hint=\"\""), "{said}");
}

#[test]
fn a_job_that_was_added_while_kartei_serves_is_expected_in_time_too() {
    let app = house(ON_DEMAND);
    let server = Server::start(&app);
    server.serves(&app);
    let late =
        "[job.tock]\nschedule = \"*/10 * * * * *\"\nsteps = [\"notify\"]\njitter = \"9s\"\nexpect_within = \"1s\"\n";
    app.write("jobs.toml", late);
    wait_until("the new job is late", || {
        json(&app, &["alerts"])
            .as_array()
            .unwrap()
            .iter()
            .any(|alert| alert["kind"] == "late" && alert["job"] == "tock")
    });
    server.end();
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let app = house(ON_DEMAND);
    let said = |arguments: &[&str], code| Ended::fails_with(app.run(arguments), code);
    assert!(said(&["jobs", "pause", "tik"], 2).contains("did you mean `tick`?"));
    assert!(said(&["backfill", "tick", "--from", "2099-01-01", "--to", "2099-01-02"], 2).contains("hint: "));
    app.run(&["jobs", "trigger", "tick"]).succeeds();
    assert!(said(&["runs", "resume", "1"], 1).contains("it waits already"));
    assert!(said(&["runs", "retry", "1"], 1).contains("has not ended"));
    assert!(said(&["runs", "cancel", "7"], 2).contains("there is no run 7"));
    app.run(&["runs", "cancel", "1"]).succeeds();
    assert!(said(&["runs", "cancel", "1"], 1).contains("it is cancelled"));
}
