//! Whether a trouble reaches somebody when runs are started by hand or by cron, and who says so where it would not.

use crate::app::TestApp;
use crate::restoring::change;

/// The settings as they are, but for who is told.
const TOLD: &str = "[alerts]\nmail_to = [\"admin@verein.example\"]\n";

/// The alerts that are in the folder.
fn told(app: &TestApp) -> Vec<String> {
    app.mails().into_iter().filter(|mail| mail.contains("admin@verein.example")).collect()
}

#[test]
fn a_run_that_ends_badly_tells_of_itself_before_the_command_ends() {
    let app = TestApp::after_a_night();
    app.sets(TOLD);
    app.loses_its_members();
    app.night(2, &[]).fails_with(1);
    assert_eq!(told(&app).len(), 1, "nobody else would tell it before the next night");
    assert!(told(&app)[0].contains("ist fehlgeschlagen (Lauf 2)"), "{}", told(&app)[0]);
    let said = app.run(&["alerts", "check"]);
    assert!(said.stderr.contains("0 alerts told"), "{said:?}");
    app.night(3, &["--dry-run"]).fails_with(1);
    assert_eq!(told(&app).len(), 1, "a rehearsal is nobody's business");
}

#[test]
fn a_run_that_a_guard_stopped_tells_of_itself_and_keeps_its_exit_code() {
    let app = TestApp::after_a_night();
    app.sets(TOLD);
    let members = app.members();
    app.deliver_members(&crate::organisation::lines(&members)[..10].concat());
    app.night(2, &[]).fails_with(3);
    assert_eq!(told(&app).len(), 1);
}

#[test]
fn the_first_check_finds_what_happened_before_anybody_looked() {
    let app = TestApp::after_a_night();
    app.loses_its_members();
    app.night(2, &[]).fails_with(1);
    let url = format!("sqlite:{}", app.path("kartei.db").display());
    for statement in ["delete from watched", "delete from alert"] {
        change(&url, statement);
    }
    let status = app.run(&["status"]).succeeds();
    assert!(status.contains("job nightly: its last run is failed"), "also where nobody has looked: {status}");
    app.sets(TOLD);
    let said = app.run(&["alerts", "check", "--json"]).succeeds();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&said).unwrap()["told"], 1, "{said}");
    assert!(told(&app)[0].contains("(Lauf 2)"), "{}", told(&app)[0]);
}

#[test]
fn a_first_night_that_fails_needs_a_human_and_scripts_can_ask() {
    let app = TestApp::before_the_first_night(50);
    app.loses_its_members();
    let said = app.run(&["run"]).fails_with(1);
    assert!(said.contains("alerts reach nobody"), "{said}");
    let status = app.run(&["status"]).succeeds();
    assert!(status.contains("job nightly: failed"), "{status}");
    app.run(&["status", "--exit-code"]).fails_with(1);
    let needs = app.json(&["status"])["needs"].clone();
    let kinds: Vec<&str> = needs.as_array().unwrap().iter().filter_map(|need| need["kind"].as_str()).collect();
    assert_eq!(kinds, ["alert", "audience"], "{needs:#}");
}

#[test]
fn who_would_hear_of_nothing_is_told_by_check_doctor_and_status() {
    let app = TestApp::after_a_night();
    let says = |wanted: &str| {
        for command in ["check", "doctor", "status"] {
            let said = app.run(&[command]).succeeds();
            assert_eq!(said.contains("alerts reach nobody"), !wanted.is_empty(), "{command}: {said}");
            assert!(said.contains(wanted), "{command}: {said}");
        }
    };
    says("names neither an address nor a webhook");
    let settings = app.read("kartei.toml");
    app.sets(TOLD);
    says("mail goes into a folder");
    app.write("kartei.toml", &settings);
    app.sets("[alerts.webhook]\nurl = \"http://127.0.0.1:9/alerts\"\n");
    app.run(&["doctor", "--fix"]).succeeds();
    says("");
}

#[test]
fn notices_that_leave_the_machine_with_links_to_itself_are_warned_of() {
    let app = TestApp::after_a_night();
    let smtp = [
        ("KARTEI__MAIL__TRANSPORT", "smtp"),
        ("KARTEI__MAIL__SMTP__HOST", "127.0.0.1"),
        ("KARTEI__MAIL__SMTP__TLS", "none"),
        ("KARTEI__MAIL__SMTP__PORT", "9"),
    ];
    let said = app.run_with(&["check"], &smtp).stdout;
    assert!(said.contains("links to http://localhost:8080") && said.contains("public_url"), "{said}");
    let found = [&smtp[..], &[("KARTEI__WEB__PUBLIC_URL", "https://kartei.verein.example")]].concat();
    assert!(!app.run_with(&["check"], &found).stdout.contains("lead nowhere"));
    assert!(!app.run(&["check"]).succeeds().contains("lead nowhere"), "mail into a folder is read here");
}
