//! Which layer wins, and what is said of settings that cannot be.

use super::*;

fn settings(text: &str, environment: &[(&str, &str)], flags: &[&str]) -> Result<Settings, Failure> {
    let environment: Vec<(String, String)> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    layered(Path::new("kartei.toml"), text, &environment, &flags).map(|(settings, _)| settings)
}

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
    let text = "[guards]\nmax_gone_percent = 1.0\nmax_merged_percent = 1\nmax_changed_percent = 1.0\n";
    let environment = [("guards.max_merged_percent", "2"), ("guards.max_changed_percent", "2.5")];
    let found = settings(text, &environment, &["guards.max_changed_percent=3"]).unwrap().guards;
    let percentages = [found.max_gone_percent, found.max_merged_percent, found.max_changed_percent];
    assert_eq!(percentages.map(|percent| percent.to_string()), ["1", "2", "3"]);
}

#[test]
fn an_empty_file_means_the_defaults() {
    let found = settings("", &[], &[]).unwrap();
    assert_eq!(found.data.folder, Path::new("data"));
    assert!(found.store.url.is_none());
}

#[test]
fn environment_variables_name_section_and_key() {
    let variables =
        [("KARTEI__STORE__URL", "x"), ("KARTEI_CONFIG", "y"), ("PATH", "z"), ("KARTEI__MAIL__SMTP__HOST", "h")];
    let found = settings_of_environment(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
    assert_eq!(found, [("mail.smtp.host".to_owned(), "h".to_owned()), ("store.url".to_owned(), "x".to_owned())]);
}

#[test]
fn a_password_of_digits_stays_as_it_is() {
    let environment = [("mail.smtp.host", "h"), ("mail.smtp.password", "0012")];
    let found = settings("", &environment, &[]).unwrap();
    assert_eq!(found.mail.smtp.unwrap().password.unwrap().expose_secret(), "0012");
}

#[test]
fn an_unknown_setting_in_the_environment_is_named_with_the_nearest() {
    let failure = settings("", &[("store.ulr", "x")], &[]).unwrap_err();
    let said = format!("{failure:?}");
    assert!(said.contains("unknown setting `store.ulr`") && said.contains("`store.url`"), "{said}");
}

#[test]
fn a_value_that_does_not_fit_is_not_repeated() {
    let failure = settings("", &[("guards.max_gone_percent", "hunter2")], &[]).unwrap_err();
    let said = format!("{failure:?}");
    assert!(said.contains("guards.max_gone_percent") && !said.contains("hunter2"), "{said}");
}
