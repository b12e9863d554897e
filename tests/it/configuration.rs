//! Beginning, checking, and what is said of typing errors.

use crate::app::TestApp;

#[test]
fn init_writes_a_configuration_that_lists_its_jobs() {
    let app = TestApp::empty();
    let said = app.run(&["init", "here"]).succeeds();
    assert!(said.contains("kartei.toml"), "{said}");
    let jobs = app.run(&["jobs", "-c", "here", "--json"]).succeeds();
    let jobs: serde_json::Value = serde_json::from_str(&jobs).unwrap();
    let names: Vec<&str> = jobs.as_array().unwrap().iter().map(|job| job["job"].as_str().unwrap()).collect();
    assert_eq!(names, ["hourly-leads", "nightly", "weekly-report"]);
}

#[test]
fn init_never_overwrites_a_file() {
    let app = TestApp::empty();
    app.write("jobs.toml", "# mine\n");
    let ended = app.run(&["init"]);
    assert!(ended.stderr.contains("1 files were there already"), "{ended:?}");
    assert!(ended.succeeds().contains("kept     ./jobs.toml"));
    assert_eq!(app.read("jobs.toml"), "# mine\n");
}

#[test]
fn check_names_a_typing_error_with_file_line_and_the_nearest_name() {
    let app = TestApp::started();
    app.replace("schemas/sources/members.toml", "trust = 90", "trsut = 90");
    app.replace("schemas/org.toml", "parent = \"lv-nord\"", "parent = \"lv-nrod\"");
    let ended = app.run(&["check"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    for expected in [
        "error    schemas         schemas/sources/members.toml:10: unknown key `trsut`",
        "hint: did you mean `trust`?",
        "error    schemas         schemas/org.toml:14: unit `kv-luebeck` names the parent `lv-nrod`, which does not exist",
        "hint: did you mean `lv-nord`?",
    ] {
        assert!(ended.stdout.contains(expected), "{expected:?} in {}", ended.stdout);
    }
}

#[test]
fn check_writes_json_for_machines() {
    let app = TestApp::started();
    app.write("schemas/org.toml", "");
    let ended = app.run(&["check", "--json"]);
    let lines: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let org = lines.as_array().unwrap().iter().find(|line| line["subject"] == "org").unwrap();
    assert_eq!((org["part"].as_str(), org["level"].as_str()), (Some("schemas"), Some("warning")));
}

#[test]
fn a_cyclic_organisation_is_named_unit_by_unit() {
    let app = TestApp::started();
    app.replace("schemas/org.toml", "id = \"lv-nord\"", "id = \"lv-nord\"\nparent = \"ov-luebeck-mitte\"");
    let said = app.run(&["run"]).fails_with(1);
    assert!(said.contains("lv-nord → ov-luebeck-mitte → kv-luebeck → lv-nord"), "{said}");
}

#[test]
fn overlapping_postal_areas_are_named_with_both_units() {
    let app = TestApp::started();
    let org = app.read("schemas/org.toml");
    app.write(
        "schemas/org.toml",
        &format!("{org}\n[[unit]]\nid = \"x\"\nname = \"X\"\npostal_codes = [\"23560-24000\"]\n"),
    );
    let said = app.run(&["run"]).fails_with(1);
    assert!(said.contains("units `lv-nord` and `x` both own PLZ 23560-24000"), "{said}");
}

#[test]
fn the_environment_wins_over_the_file_and_a_flag_over_both() {
    let app = TestApp::started();
    let zone = |arguments: &[&str], environment: &[(&str, &str)]| {
        let jobs = app.run_with(arguments, environment).succeeds();
        let jobs: serde_json::Value = serde_json::from_str(&jobs).unwrap();
        jobs[0]["time_zone"].as_str().unwrap().to_owned()
    };
    app.replace("kartei.toml", "# time_zone = \"Europe/Berlin\"", "time_zone = \"Europe/Vienna\"");
    let environment = [("KARTEI__LOCALE__TIME_ZONE", "Europe/Zurich")];
    assert_eq!(zone(&["jobs", "--json"], &[]), "Europe/Vienna");
    assert_eq!(zone(&["jobs", "--json"], &environment), "Europe/Zurich");
    let flag = ["jobs", "--json", "--set", "locale.time_zone=Europe/Paris"];
    assert_eq!(zone(&flag, &environment), "Europe/Paris");
}

#[test]
fn a_secret_is_never_printed() {
    let app = TestApp::started();
    let environment = [("KARTEI__STORE__URL", "mysql://kartei:hunter2@localhost/kartei")];
    for arguments in [&["check"][..], &["jobs", "-vvv"], &["run", "--json"]] {
        let ended = app.run_with(arguments, &environment);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
    }
}

#[test]
fn a_missing_configuration_says_how_to_begin() {
    let said = TestApp::empty().run(&["jobs"]).fails_with(1);
    assert!(said.contains("kartei.toml: cannot be read") && said.contains("kartei init"), "{said}");
}

#[test]
fn check_tries_the_mail_server_and_names_what_to_mend() {
    let app = TestApp::started();
    let environment = [
        ("KARTEI__MAIL__TRANSPORT", "smtp"),
        ("KARTEI__MAIL__SMTP__HOST", "localhost"),
        ("KARTEI__MAIL__SMTP__PORT", "1"),
    ];
    let ended = app.run_with(&["check"], &environment);
    assert!(ended.stdout.contains("error    mail            smtp: localhost: "), "{ended:?}");
    assert!(ended.stdout.contains("check host, port, tls, user and password"), "{ended:?}");
    ended.fails_with(1);
}
