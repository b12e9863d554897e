//! Mail over SMTP, with TLS unless the server is this very machine.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use kartei_schemas::settings::{SmtpSettings, SmtpTls};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use crate::message::Message;
use crate::outcome::{Failure, FailureKind};
use crate::setup::SetupError;

/// Connections kept open at the same time; mails go one after the other.
const MOST_CONNECTIONS: u32 = 2;
/// Replies that speak of the login or of TLS, not of the mail (RFC 4954, section 6): every mail would get them.
const LOGIN_CODES: [u16; 6] = [421, 454, 530, 534, 535, 538];

/// Sends each mail to a server.
#[derive(Debug)]
pub(crate) struct SmtpTransport {
    host: String,
    client: AsyncSmtpTransport<Tokio1Executor>,
}

impl SmtpTransport {
    pub(crate) fn new(settings: &SmtpSettings) -> Result<Self, SetupError> {
        let host = settings.host.clone();
        if settings.tls == SmtpTls::None && !is_this_machine(&host) {
            return Err(SetupError::InTheClear { host });
        }
        let port = settings.port.unwrap_or(match settings.tls {
            SmtpTls::Starttls => 587,
            SmtpTls::Tls => 465,
            SmtpTls::None => 25,
        });
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host)
            .port(port)
            .tls(tls(settings)?)
            .timeout(Some(Duration::from_secs(settings.timeout_seconds.max(1))))
            .pool_config(PoolConfig::new().max_size(MOST_CONNECTIONS));
        if let Some(credentials) = credentials(settings)? {
            builder = builder.credentials(credentials);
        }
        Ok(Self { host, client: builder.build() })
    }

    pub(crate) async fn send(&self, message: &Message) -> Result<(), Failure> {
        self.client.send(message.mime.clone()).await.map(|_| ()).map_err(|error| failure(&error))
    }

    pub(crate) async fn check(&self) -> Result<(), SetupError> {
        let refused = |error: String| SetupError::Server { host: self.host.clone(), error };
        match self.client.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused("it closed the connection".to_owned())),
            Err(error) => Err(refused(failure(&error).error)),
        }
    }
}

fn tls(settings: &SmtpSettings) -> Result<Tls, SetupError> {
    if settings.tls == SmtpTls::None {
        return Ok(Tls::None);
    }
    let wrong = |source| SetupError::Tls { host: settings.host.clone(), source };
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let pem = read(path, "a certificate")?;
        builder = builder.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(wrong)?);
    }
    let parameters = builder.build().map_err(wrong)?;
    Ok(match settings.tls {
        SmtpTls::Tls => Tls::Wrapper(parameters),
        SmtpTls::Starttls | SmtpTls::None => Tls::Required(parameters),
    })
}

fn credentials(settings: &SmtpSettings) -> Result<Option<Credentials>, SetupError> {
    let password = match (&settings.password, &settings.password_file) {
        (Some(password), _) => Some(password.clone()),
        (None, Some(path)) => Some(SecretString::from(read(path, "the mail password")?.trim_end().to_owned())),
        (None, None) => None,
    };
    match (&settings.user, password) {
        (Some(user), Some(password)) => Ok(Some(Credentials::new(user.clone(), password.expose_secret().to_owned()))),
        (None, None) => Ok(None),
        _ => Err(SetupError::HalfALogin),
    }
}

fn read(path: &Path, what: &'static str) -> Result<String, SetupError> {
    std::fs::read_to_string(path).map_err(|source| SetupError::Read { what, path: path.to_owned(), source })
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Sorts a failure by the reply's code (RFC 5321, section 4.2.1). Of the reply's text only the enhanced status code
/// (RFC 3463) is kept: servers like to repeat the recipient's address.
fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    let Some(code) = error.status().map(u16::from) else {
        let what = if error.is_timeout() {
            "the server did not answer in time"
        } else if error.is_tls() {
            "no safe connection to the server (tls)"
        } else if error.is_client() {
            "the server lacks something that the settings ask for, such as tls or a login"
        } else if error.is_response() {
            "the server's answer made no sense"
        } else {
            "no connection to the server"
        };
        return Failure { kind: FailureKind::Unreachable, error: what.to_owned() };
    };
    let kind = if LOGIN_CODES.contains(&code) {
        FailureKind::Unreachable
    } else if error.is_permanent() {
        FailureKind::Permanent
    } else {
        FailureKind::Temporary
    };
    let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let detail = enhanced_code(&text).map(|code| format!(" {code}")).unwrap_or_default();
    Failure { kind, error: format!("the server refused with {code}{detail}") }
}

/// The first word like `5.1.1`.
fn enhanced_code(text: &str) -> Option<&str> {
    text.split(|letter: char| !(letter.is_ascii_digit() || letter == '.')).find(|word| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3
            && matches!(parts[0], "2" | "4" | "5")
            && parts.iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_status_code_of_a_reply_is_kept() {
        assert_eq!(enhanced_code("5.1.1 <erika@example.org>: no such user"), Some("5.1.1"));
        assert_eq!(enhanced_code("mailbox of erika@192.168.2.17 is full"), None);
        assert_eq!(enhanced_code("greylisted (4.7.1), try later"), Some("4.7.1"));
    }

    #[test]
    fn only_the_loopback_is_this_machine() {
        assert!(["localhost", "127.0.0.1", "127.8.9.1", "::1"].into_iter().all(is_this_machine));
        assert!(!["localhost.example.org", "10.0.0.1", "0.0.0.0", "mail"].into_iter().any(is_this_machine));
    }
}
