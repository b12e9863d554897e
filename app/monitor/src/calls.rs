//! Makes the calls that wait: the webhook, and dead man's switches. No address is ever logged or kept: it may be a secret.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kartei_schemas::settings::AlertSettings;
use kartei_store::{Call, CallKind, MailFailure, Store};
use reqwest::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::MonitorError;

/// The target of what there is to tell.
pub const WEBHOOK: &str = "webhook";

/// Calls claimed at once, and for how long: each may take its whole timeout.
const AT_ONCE: u32 = 5;
const LEASE: Duration = Duration::from_mins(3);
/// A ping is given up after so many attempts: what it would say by then is known otherwise.
const PING_ATTEMPTS: u32 = 8;
/// The wait after the first failure; it doubles, up to an hour.
const FIRST_WAIT_SECONDS: i64 = 10;
const LONGEST_WAIT_SECONDS: i64 = 3_600;

/// Makes calls.
#[derive(Debug)]
pub struct Caller {
    client: Client,
    targets: HashMap<String, Target>,
}

#[derive(Debug)]
struct Target {
    url: SecretString,
    token: Option<SecretString>,
    timeout: Duration,
    max_attempts: u32,
}

/// Why a call failed.
struct Failure {
    error: String,
    is_final: bool,
    wait: Option<TimeDelta>,
}

impl Caller {
    /// A caller with the targets that the settings name.
    pub fn new(settings: &AlertSettings) -> Result<Self, MonitorError> {
        let client = Client::builder()
            .user_agent(concat!("kartei/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::limited(3))
            .build()
            .map_err(MonitorError::Client)?;
        let mut targets = HashMap::new();
        if let Some((webhook, url)) = settings.webhook.as_ref().and_then(|one| Some((one, one.url.clone()?))) {
            let timeout = Duration::from_secs(webhook.timeout_seconds);
            let target = Target { url, token: webhook.token.clone(), timeout, max_attempts: webhook.max_attempts };
            targets.insert(WEBHOOK.to_owned(), target);
        }
        for ping in &settings.ping {
            let Some(url) = ping.url.clone() else { continue };
            let timeout = Duration::from_secs(ping.timeout_seconds);
            let target = Target { url, token: None, timeout, max_attempts: PING_ATTEMPTS };
            targets.insert(format!("ping:{}", ping.job), target);
        }
        Ok(Self { client, targets })
    }

    /// Makes the calls that are due, until none is or the caller wants to end. Gives how many went through.
    pub async fn make_calls(
        &self,
        store: &Store,
        worker: &str,
        clock: &(dyn Fn() -> DateTime<Utc> + Send + Sync),
    ) -> Result<u64, MonitorError> {
        let mut made = 0;
        loop {
            let calls = store.claim_calls(worker, AT_ONCE, LEASE, clock()).await?;
            if calls.is_empty() {
                return Ok(made);
            }
            for call in calls {
                match self.call(&call).await {
                    Ok(()) => {
                        store.call_made(call.id, worker, clock()).await?;
                        made += 1;
                    }
                    Err(failure) => {
                        let failure = self.verdict(&call, failure, clock());
                        tracing::warn!(call = call.id, target = call.target, error = failure.error, "a call failed");
                        store.call_failed(call.id, worker, &failure, clock()).await?;
                    }
                }
            }
        }
    }

    async fn call(&self, call: &Call) -> Result<(), Failure> {
        let never = |error: &str| Failure { error: error.to_owned(), is_final: true, wait: None };
        let Some(target) = self.targets.get(&call.target) else {
            return Err(never("the settings do not name this target any more"));
        };
        let url =
            address(target.url.expose_secret(), call.kind).ok_or_else(|| never("the address is no http address"))?;
        let mut request = match &call.body {
            Some(body) => self.client.post(url).json(body),
            None => self.client.get(url),
        };
        if let Some(token) = &target.token {
            let value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
            let mut value = value.map_err(|_| never("the token holds characters that no header can carry"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let answer = request.timeout(target.timeout).send().await.map_err(|error| unreachable(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let again = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
        let wait = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err(Failure {
            error: format!("the other side answered {}", status.as_u16()),
            is_final: status.is_client_error() && !again.contains(&status),
            wait: wait.map(|seconds: i64| TimeDelta::seconds(seconds.clamp(0, LONGEST_WAIT_SECONDS))),
        })
    }

    /// When a failed call is tried again, if ever.
    fn verdict(&self, call: &Call, failure: Failure, now: DateTime<Utc>) -> MailFailure {
        let attempts = call.attempts.saturating_add(1);
        let most = self.targets.get(&call.target).map_or(1, |target| target.max_attempts);
        if failure.is_final {
            return MailFailure { error: failure.error, retry_at: None };
        }
        if attempts >= most {
            let error = format!("given up after {attempts} attempts: {}", failure.error);
            return MailFailure { error, retry_at: None };
        }
        let wait = failure.wait.unwrap_or_else(|| wait_after(attempts));
        MailFailure { error: failure.error, retry_at: Some(now + wait) }
    }
}

/// The wait after the attempt of this number (1 is the first).
fn wait_after(attempt: u32) -> TimeDelta {
    let doubled = FIRST_WAIT_SECONDS << attempt.saturating_sub(1).min(16);
    TimeDelta::seconds(doubled.min(LONGEST_WAIT_SECONDS))
}

/// The address of a call: that of the target, with what the ping says behind its path.
fn address(url: &str, kind: CallKind) -> Option<Url> {
    let mut url: Url = url.parse().ok()?;
    let segment = match kind {
        CallKind::Alert | CallKind::Success => return Some(url),
        CallKind::Start => "start",
        CallKind::Fail => "fail",
    };
    url.path_segments_mut().ok()?.pop_if_empty().push(segment);
    Some(url)
}

/// What kept a call from being answered, without its address.
fn unreachable(error: &reqwest::Error) -> Failure {
    let error = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection to the other side"
    } else if error.is_redirect() {
        "the other side sends from one address to the next without end"
    } else {
        "the call broke off"
    };
    Failure { error: error.to_owned(), is_final: false, wait: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_says_what_happened_behind_its_path() {
        let address = |url: &str, kind| address(url, kind).map(String::from);
        let base = "https://hc.example.org/ping/4a1f";
        assert_eq!(address(base, CallKind::Success).as_deref(), Some(base));
        assert_eq!(address(base, CallKind::Start).unwrap(), format!("{base}/start"));
        assert_eq!(address(&format!("{base}/"), CallKind::Fail).unwrap(), format!("{base}/fail"));
        assert_eq!(address("https://e.org/p?create=1", CallKind::Fail).unwrap(), "https://e.org/p/fail?create=1");
        assert_eq!(address("mailto:somebody", CallKind::Fail), None);
    }

    #[test]
    fn the_wait_doubles_up_to_an_hour() {
        assert_eq!(
            [1, 2, 3, 9, 10, 100].map(|attempt| wait_after(attempt).num_seconds()),
            [10, 20, 40, 2_560, 3_600, 3_600]
        );
    }
}
