//! Mail over a real SMTP server, started on a free loopback port and stopped by its process handle.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is a failed test")]

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use kartei_mail::{OutboxMail, Outcome, SetupError, Transport, deliver};
use kartei_schemas::settings::{MailSettings, SmtpSettings, SmtpTls, TransportKind};
use serde_json::Value;

struct Server {
    child: Child,
    port: u16,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp/server.py");
        let mut child = Command::new(python())
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the SMTP server starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.next().expect("the SMTP server says that it is ready").unwrap();
        let port = ready.strip_prefix("ready ").unwrap().parse().unwrap();
        Self { child, port, lines }
    }

    /// The next mail that the server took; waits for it.
    fn mail(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().expect("a mail").unwrap()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian's own Python has the package; another one that is first in the path may not.
fn python() -> &'static str {
    let has_server = |python: &&str| {
        let probe = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        probe.is_ok_and(|status| status.success())
    };
    ["/usr/bin/python3", "python3"]
        .into_iter()
        .find(has_server)
        .expect("no python3 has aiosmtpd: run tests/run, which installs python3-aiosmtpd")
}

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 24, 12, 0, 0).unwrap()
}

fn mail(id: i64, recipient: &str) -> OutboxMail {
    OutboxMail {
        id,
        message_id: None,
        queued_at: noon(),
        recipient: recipient.to_owned(),
        subject: "2 Mitglieder in Ihrer Gliederung geändert".to_owned(),
        text: "Grüße\n.\nein Punkt allein\n".to_owned(),
        html: "<p>Grüße</p>".to_owned(),
        attempts: 0,
    }
}

fn plain(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        tls: SmtpTls::None,
        user: None,
        password: None,
        password_file: None,
        ca_file: None,
        timeout_seconds: 20,
    }
}

fn transport(smtp: SmtpSettings) -> Transport {
    let settings = MailSettings {
        transport: TransportKind::Smtp,
        from: "kartei <kartei@verein.example>".to_owned(),
        smtp: Some(smtp),
        max_attempts: 3,
        ..MailSettings::default()
    };
    Transport::new(&settings).unwrap()
}

/// A certificate for `localhost`, made for this test alone.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status()
        .expect("no openssl: run tests/run, which installs it");
    assert!(made.success());
    (certificate, key)
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let mut server = Server::start(&[]);
    let transport = transport(plain(server.port));
    transport.check().await.unwrap();
    let delivery = deliver(&transport, &mail(7, "amt@ov.example"), noon()).await;
    assert_eq!(delivery.outcome, Outcome::Sent);
    let taken = server.mail();
    assert_eq!(taken["from"], "kartei@verein.example");
    assert_eq!(taken["to"], serde_json::json!(["amt@ov.example"]));
    let data = taken["data"].as_str().unwrap();
    assert!(data.contains("Message-ID: <kartei.7.1a20d6d5a00@verein.example>"), "{data}");
    assert!(data.contains("Date: Tue, 24 Nov 2026 12:00:00 +0000"), "{data}");
    assert!(data.contains("ein Punkt allein"), "a lone full stop does not end the mail: {data}");
}

#[tokio::test]
async fn a_mail_that_is_refused_for_now_arrives_later_under_the_same_message_id() {
    let mut server = Server::start(&[]);
    let transport = transport(plain(server.port));
    let mut row = mail(8, "later@ov.example");
    let first = deliver(&transport, &row, noon()).await;
    let retry =
        Outcome::Retry { at: noon() + TimeDelta::seconds(60), error: "the server refused with 451 4.7.1".to_owned() };
    assert_eq!(first.outcome, retry, "the address in the server's reply is not kept");
    row.attempts = 1;
    let second = deliver(&transport, &row, noon() + TimeDelta::seconds(61)).await;
    assert_eq!(second.outcome, Outcome::Sent);
    // A sender that died before it could mark the row sends it once more.
    deliver(&transport, &row, noon() + TimeDelta::hours(1)).await;
    let ids = [server.mail(), server.mail()].map(|mail| header(&mail, "Message-ID"));
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_given_up_at_once_and_the_next_mail_goes_out() {
    let mut server = Server::start(&[]);
    let transport = transport(plain(server.port));
    let mails = [mail(1, "nobody@ov.example"), mail(2, "not an address"), mail(3, "amt@ov.example")];
    let mut outcomes = Vec::new();
    for mail in &mails {
        outcomes.push(deliver(&transport, mail, noon()).await.outcome);
    }
    assert_eq!(
        outcomes,
        [
            Outcome::Failed { error: "the server refused with 550 5.1.1".to_owned() },
            Outcome::Failed { error: "the recipient is not a mail address".to_owned() },
            Outcome::Sent,
        ]
    );
    assert_eq!(server.mail()["to"], serde_json::json!(["amt@ov.example"]));
}

#[tokio::test]
async fn a_server_that_is_down_need_not_be_tried_with_the_next_mail() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let transport = transport(plain(port));
    let delivery = deliver(&transport, &mail(1, "amt@ov.example"), noon()).await;
    assert!(delivery.unreachable);
    assert!(matches!(&delivery.outcome, Outcome::Retry { error, .. } if error == "no connection to the server"));
    let refusal = transport.check().await.unwrap_err();
    assert_eq!(refusal.to_string(), "the mail server `127.0.0.1` cannot be used: no connection to the server");
}

#[tokio::test]
async fn a_server_that_is_too_busy_is_left_alone() {
    let server = Server::start(&[]);
    let delivery = deliver(&transport(plain(server.port)), &mail(1, "overload@ov.example"), noon()).await;
    assert!(delivery.unreachable);
    assert!(matches!(&delivery.outcome, Outcome::Retry { error, .. } if error.contains("421")));
}

#[tokio::test]
async fn a_login_goes_over_tls_in_both_ways_of_starting_it() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path());
    let password = folder.path().join("password");
    std::fs::write(&password, "geheim\n").unwrap();
    let files = ["--certificate", certificate.to_str().unwrap(), "--key", key.to_str().unwrap()];
    for (tls, wrap) in [(SmtpTls::Starttls, None), (SmtpTls::Tls, Some("--wrap"))] {
        let mut arguments = files.to_vec();
        // aiosmtpd offers a login only where it has seen STARTTLS itself.
        if wrap.is_none() {
            arguments.extend(["--user", "kartei", "--password", "geheim"]);
        }
        arguments.extend(wrap);
        let mut server = Server::start(&arguments);
        let smtp = SmtpSettings {
            host: "localhost".to_owned(),
            tls,
            user: wrap.is_none().then(|| "kartei".to_owned()),
            password_file: wrap.is_none().then(|| password.clone()),
            ca_file: Some(certificate.clone()),
            ..plain(server.port)
        };
        let delivery = deliver(&transport(smtp), &mail(4, "amt@ov.example"), noon()).await;
        assert_eq!(delivery.outcome, Outcome::Sent, "{tls:?}");
        let taken = server.mail();
        assert_eq!(taken["tls"], true, "{tls:?}");
        assert_eq!(taken["user"], if wrap.is_none() { serde_json::json!("kartei") } else { Value::Null });
    }
}

#[tokio::test]
async fn a_wrong_password_stops_the_round_and_fails_no_mail_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path());
    let files = ["--certificate", certificate.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let server = Server::start(&[&files[..], &["--user", "kartei", "--password", "geheim"]].concat());
    let smtp = SmtpSettings {
        host: "localhost".to_owned(),
        tls: SmtpTls::Starttls,
        user: Some("kartei".to_owned()),
        password: Some("falsch".into()),
        ca_file: Some(certificate.clone()),
        ..plain(server.port)
    };
    let delivery = deliver(&transport(smtp), &mail(1, "a@ov.example"), noon()).await;
    assert!(delivery.unreachable);
    assert!(matches!(&delivery.outcome, Outcome::Retry { error, .. } if error.contains("535")), "{delivery:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path());
    let server =
        Server::start(&["--certificate", certificate.to_str().unwrap(), "--key", key.to_str().unwrap(), "--wrap"]);
    let smtp = SmtpSettings { host: "localhost".to_owned(), tls: SmtpTls::Tls, ..plain(server.port) };
    let delivery = deliver(&transport(smtp), &mail(1, "a@ov.example"), noon()).await;
    assert!(matches!(&delivery.outcome, Outcome::Retry { .. }), "{delivery:?}");
}

#[tokio::test]
async fn a_server_without_starttls_gets_no_mail_in_the_clear() {
    let server = Server::start(&[]);
    let smtp = SmtpSettings { tls: SmtpTls::Starttls, ..plain(server.port) };
    let delivery = deliver(&transport(smtp), &mail(1, "a@ov.example"), noon()).await;
    assert!(matches!(&delivery.outcome, Outcome::Retry { .. }), "{delivery:?}");
}

#[test]
fn mail_in_the_clear_never_leaves_the_machine() {
    let smtp = SmtpSettings { host: "mail.example.org".to_owned(), ..plain(25) };
    let settings = MailSettings { transport: TransportKind::Smtp, smtp: Some(smtp), ..MailSettings::default() };
    let error = Transport::new(&settings).unwrap_err();
    assert!(matches!(error, SetupError::InTheClear { .. }));
    assert!(error.hint().unwrap().contains("starttls"));
}

fn header(mail: &Value, name: &str) -> String {
    let data = mail["data"].as_str().unwrap();
    data.lines().find(|line| line.starts_with(name)).unwrap().to_owned()
}
