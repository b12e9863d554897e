//! What the settings must hold beyond their form, once file, environment and flags have had their word.

use std::str::FromStr;

use chrono_tz::Tz;
use secrecy::ExposeSecret;

use crate::problem::nearest;
use crate::settings::{Settings, SmtpTls, TransportKind};

mod watching;

pub use watching::is_web_address;

/// A setting that cannot be, by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// Section and key.
    pub path: Vec<&'static str>,
    /// What is wrong; never a secret's text.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Everything about the settings that cannot be.
pub fn check_settings(settings: &Settings) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    store(settings, &mut problems);
    mail(settings, &mut problems);
    guards(settings, &mut problems);
    locale(settings, &mut problems);
    watching::check(settings, &mut problems);
    let url = &settings.web.public_url;
    if !url.starts_with("https://") && !url.starts_with("http://") {
        let hint = "such as `https://kartei.example.org`";
        add(&mut problems, &["web", "public_url"], "`web.public_url` is no http address".to_owned(), hint);
    }
    problems
}

fn store(settings: &Settings, problems: &mut Vec<SettingProblem>) {
    let Some(url) = &settings.store.url else {
        if settings.store.password_file.is_some() {
            let message = "`store.password_file` without `store.url`: the shipped store has no password".to_owned();
            add(problems, &["store", "password_file"], message, "set `store.url` to a PostgreSQL address");
        }
        return;
    };
    let url = url.expose_secret();
    if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        let message = "`store.url` is neither SQLite nor PostgreSQL".to_owned();
        add(problems, &["store", "url"], message, "write `sqlite:kartei.db` or `postgres://user@host/database`");
    }
}

fn mail(settings: &Settings, problems: &mut Vec<SettingProblem>) {
    let mail = &settings.mail;
    if !mail.from.contains('@') {
        let message = "`mail.from` has no @".to_owned();
        add(problems, &["mail", "from"], message, "such as `kartei <kartei@example.org>`");
    }
    if mail.transport == TransportKind::Smtp && mail.smtp.is_none() {
        let message = "`mail.transport` is `smtp`, but no server is named".to_owned();
        add(problems, &["mail", "transport"], message, "write a section [mail.smtp] with `host`");
    }
    let Some(smtp) = &mail.smtp else { return };
    if smtp.password.is_some() && smtp.password_file.is_some() {
        let message = "`mail.smtp` has both `password` and `password_file`".to_owned();
        add(problems, &["mail", "smtp", "password_file"], message, "keep `password_file`");
    }
    let has_password = smtp.password.is_some() || smtp.password_file.is_some();
    if smtp.user.is_some() != has_password {
        let message = "`mail.smtp` needs user and password together".to_owned();
        add(problems, &["mail", "smtp", "user"], message, "leave both out for a server without login");
    }
    if smtp.tls == SmtpTls::None && !["localhost", "127.0.0.1", "::1"].contains(&smtp.host.as_str()) {
        let message = "`mail.smtp.tls` is `none` for another machine".to_owned();
        add(problems, &["mail", "smtp", "tls"], message, "write `starttls` or `tls`");
    }
}

fn guards(settings: &Settings, problems: &mut Vec<SettingProblem>) {
    let guards = &settings.guards;
    let percentages = [
        ("max_changed_percent", guards.max_changed_percent),
        ("max_merged_percent", guards.max_merged_percent),
        ("max_gone_percent", guards.max_gone_percent),
        ("max_reject_percent", guards.max_reject_percent),
    ];
    for (key, percent) in percentages {
        if !(0.0..=100.0).contains(&percent) {
            let message = format!("`guards.{key}` is {percent}, expected 0 to 100");
            add(problems, &["guards", key], message, "100 never stops a run");
        }
    }
}

fn locale(settings: &Settings, problems: &mut Vec<SettingProblem>) {
    let locale = &settings.locale;
    if let Some(hint) = wrong_zone(&locale.time_zone) {
        let message = format!("`locale.time_zone` is `{}`, which is unknown", locale.time_zone);
        add(problems, &["locale", "time_zone"], message, &hint);
    }
    let country = &locale.country;
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let message = format!("`locale.country` is `{country}`, expected two capital letters");
        add(problems, &["locale", "country"], message, "ISO 3166-1, such as `DE`, `AT` or `CH`");
    }
}

/// What to write instead of a zone that does not exist; none where it does.
pub(super) fn wrong_zone(zone: &str) -> Option<String> {
    if Tz::from_str(zone).is_ok() {
        return None;
    }
    let near = nearest(zone, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
    Some(near.map_or_else(
        || "write an IANA name such as `Europe/Berlin`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    ))
}

fn add(problems: &mut Vec<SettingProblem>, path: &[&'static str], message: String, hint: &str) {
    problems.push(SettingProblem { path: path.to_vec(), message, hint: Some(hint.to_owned()) });
}
