//! Wrong use ends with 2 and says what would be right.

use crate::app::TestApp;

#[test]
fn wrong_use_ends_with_2() {
    let app = TestApp::started();
    for arguments in [
        &[][..],
        &["bogus"],
        &["run", "--as-of", "yesterday"],
        &["run", "--param", "full"],
        &["jobs", "--set", "locale.language"],
        &["jobs", "--set", "locale.langauge=en"],
        &["completions", "cmd"],
        &["match"],
    ] {
        let said = app.run(arguments).fails_with(2);
        assert!(!said.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_unknown_job_is_wrong_use_and_named_with_the_nearest() {
    let said = TestApp::started().run(&["run", "nigthly"]).fails_with(2);
    assert!(said.contains("there is no job `nigthly`") && said.contains("did you mean `nightly`?"), "{said}");
}

#[test]
fn every_command_explains_itself_with_examples() {
    let app = TestApp::empty();
    let commands = [
        "demo",
        "init",
        "check",
        "run",
        "serve",
        "jobs",
        "runs",
        "report",
        "persons",
        "changes",
        "rejects",
        "deliveries",
        "sources",
        "match",
        "evaluate",
        "completions",
    ];
    let overview = app.run(&["--help"]).succeeds();
    for command in commands {
        assert!(overview.contains(&format!("\n  {command} ")), "{command} in {overview}");
        let help = app.run(&[command, "--help"]).succeeds();
        assert!(help.contains("Examples:") && help.contains(&format!("kartei {command}")), "{help}");
    }
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = TestApp::empty().run(&["completions", shell]).succeeds();
        assert!(script.contains("evaluate"), "{shell}");
    }
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let app = TestApp::started();
    assert!(!app.run(&["check"]).stdout.contains('\u{1b}'));
    assert!(app.run(&["check", "--color", "always"]).stdout.contains('\u{1b}'));
}

#[test]
fn quiet_leaves_the_data_and_drops_the_remarks() {
    let ended = TestApp::empty().run(&["init", "--quiet"]);
    assert_eq!(ended.stderr, "");
    assert!(ended.succeeds().contains("written"));
}

#[test]
fn an_unknown_parameter_is_wrong_use_and_named_with_the_nearest() {
    let app = TestApp::started();
    let said = app.run(&["run", "--param", "ful=true"]).fails_with(2);
    assert!(said.contains("there is no parameter `ful`") && said.contains("did you mean `full`?"), "{said}");
    let said = app.run(&["run", "--param", "full=often"]).fails_with(2);
    assert!(said.contains("neither true nor false"), "{said}");
}
