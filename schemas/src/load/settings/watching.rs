//! What `[alerts]` and `[monitoring]` must hold beyond their form.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use super::{SettingProblem, add};
use crate::settings::{MonitoringSettings, Settings};

pub(super) fn check(settings: &Settings, problems: &mut Vec<SettingProblem>) {
    let alerts = &settings.alerts;
    if alerts.mail_to.iter().any(|address| !address.contains('@')) {
        let message = "`alerts.mail_to` holds what is no mail address".to_owned();
        add(problems, &["alerts", "mail_to"], message, "such as `[\"admin@example.org\"]`");
    }
    if let Some(webhook) = &alerts.webhook {
        address("alerts.webhook", &["alerts", "webhook"], (&webhook.url, &webhook.url_file), problems);
        if webhook.timeout_seconds == 0 || webhook.max_attempts == 0 {
            let message = "`alerts.webhook` has a timeout or a number of attempts of 0".to_owned();
            add(problems, &["alerts", "webhook"], message, "leave them out for 10 seconds and 20 attempts");
        }
    }
    for ping in &alerts.ping {
        let name = format!("alerts.ping of the job `{}`", ping.job);
        address(&name, &["alerts", "ping"], (&ping.url, &ping.url_file), problems);
    }
    let listen = settings.monitoring.listen.as_str();
    if listen != MonitoringSettings::OFF && listen.parse::<SocketAddr>().is_err() {
        let message = format!("`monitoring.listen` is `{listen}`, expected an address and a port");
        add(problems, &["monitoring", "listen"], message, "such as `127.0.0.1:9464`, or `off`");
    }
    if settings.monitoring.stale_after.seconds() == 0 {
        let message = "`monitoring.stale_after` is 0: no scheduler is as quick as that".to_owned();
        add(problems, &["monitoring", "stale_after"], message, "such as `30s`");
    }
}

/// Exactly one of address and file; an address is one of the web, and is never repeated in the message.
fn address(
    name: &str,
    path: &[&'static str],
    (url, file): (&Option<SecretString>, &Option<PathBuf>),
    problems: &mut Vec<SettingProblem>,
) {
    if url.is_some() == file.is_some() {
        let hint = "write `url`, or `url_file` with a file that holds the address, and not both";
        add(problems, path, format!("`{name}` needs one address"), hint);
    }
    if let Some(url) = url
        && !is_web_address(url.expose_secret())
    {
        add(
            problems,
            path,
            format!("the `url` of `{name}` is no http address"),
            "such as `https://hc.example.org/ping/...`",
        );
    }
}

/// Whether a text is an address that can be called.
pub fn is_web_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty()) && !url.chars().any(|one| one.is_control() || one.is_whitespace())
}
