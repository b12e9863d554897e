//! What an admin is told, sees and is asked: alerts by mail and webhook, dead man's switches, figures, health, status.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::app::TestApp;
use crate::chaos::sink::{Mail, Sink};
use crate::organisation::{day, quoted_printable};

/// How long a story waits for something that must come, at most.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server on loopback that takes every call: its request line, its token and its body.
pub(crate) struct Listener {
    pub(crate) url: String,
    calls: Receiver<(String, String, String)>,
}

impl Listener {
    /// Answers each call with the next of these codes; the last one for ever.
    pub(crate) fn start(codes: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, calls) = channel();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let code = codes[number.min(codes.len() - 1)];
                if sender.send(answer(stream.unwrap(), code)).is_err() {
                    return;
                }
            }
        });
        Self { url, calls }
    }

    /// The next call.
    pub(crate) fn next(&self) -> (String, String, String) {
        self.calls.recv_timeout(PATIENCE).unwrap()
    }
}

fn answer(mut stream: TcpStream, code: u16) -> (String, String, String) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut token, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if lower.starts_with("authorization:") {
            line.trim().clone_into(&mut token);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    write!(stream, "HTTP/1.1 {code} -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    (first.trim().to_owned(), token, String::from_utf8_lossy(&body).into_owned())
}

/// A process that serves, and is ended with the story.
struct Serving {
    child: Child,
    monitoring: String,
}

impl Serving {
    /// Without schedules: a story must not depend on the minute in which it is told.
    fn start(app: &TestApp, environment: &[(&str, &str)]) -> Self {
        app.write(
            "jobs.toml",
            "[job.nightly]\nsteps = [\"pull\", \"consolidate\", \"publish\", \"notify\", \"report\"]\n",
        );
        let mut command = app.command(&["serve", "--set", "monitoring.listen=127.0.0.1:0"]);
        let mut child = command.envs(environment.iter().copied()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.by_ref().map(Result::unwrap).find(|line| line.contains("monitoring on ")).unwrap();
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let monitoring = line.split_whitespace().last().unwrap().trim_end_matches("/metrics").to_owned();
        Self { child, monitoring }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let address = self.monitoring.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Waits until a page says something.
    fn wait_for(&self, path: &str, wanted: impl Fn(u16, &str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let (code, body) = self.get(path);
            if wanted(code, &body) {
                return body;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} still says {code}:\n{body}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn ends_well(mut self) {
        self.signal("TERM");
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl TestApp {
    /// Adds lines to the settings.
    pub(crate) fn sets(&self, lines: &str) {
        let settings = self.read("kartei.toml");
        self.write("kartei.toml", &format!("{settings}\n{lines}\n"));
    }

    /// Breaks the source of the members, so that a night fails.
    pub(crate) fn loses_its_members(&self) {
        std::fs::remove_file(self.path(crate::organisation::MEMBERS)).unwrap();
    }
}

const ALERTS: &str = "[alerts]\nmail_to = [\"admin@verein.example\"]\ngroup_for = \"0s\"\nat_most_every = \"0s\"\n";

#[test]
fn a_night_that_fails_is_told_once_and_its_recovery_too() {
    let app = TestApp::after_a_night();
    let members = app.members();
    app.sets(ALERTS);
    app.run(&["alerts", "check"]).succeeds();
    let before = app.mails().len();
    app.loses_its_members();
    app.night(2, &[]).fails_with(1);
    for _ in 0..3 {
        app.run(&["alerts", "check"]).succeeds();
    }
    let mails = app.mails();
    let told: Vec<&String> = mails.iter().filter(|mail| mail.contains("admin@verein.example")).collect();
    assert_eq!(told.len(), 1, "{mails:#?}");
    assert!(told[0].contains("ist fehlgeschlagen (Lauf 2)") && told[0].contains("kartei runs show 2"), "{}", told[0]);
    let standing = app.json(&["alerts", "--standing"]);
    assert_eq!((standing[0]["kind"].as_str(), standing[0]["run_id"].as_i64()), (Some("failed"), Some(2)));
    assert!(app.run(&["status"]).succeeds().contains("job nightly: failed"));

    app.deliver_members(&members);
    app.night(3, &[]).succeeds();
    app.run(&["alerts", "check"]).succeeds();
    app.run(&["alerts", "check"]).succeeds();
    let mails = app.mails();
    let told: Vec<&String> = mails.iter().filter(|mail| mail.contains("admin@verein.example")).collect();
    assert_eq!((told.len(), mails.len() - before), (2, 2), "{mails:#?}");
    assert!(told[1].contains("ist wieder in Ordnung"), "{}", told[1]);
    assert_eq!(app.json(&["alerts", "--standing"]), Value::Array(Vec::new()));
}

#[test]
fn a_scheduler_tells_of_a_failed_night_and_of_its_recovery_over_smtp() {
    let app = TestApp::after_a_night();
    let (members, sink) = (app.members(), Sink::start());
    app.sets(ALERTS);
    let port = sink.port().to_string();
    let smtp = [("HOST", "127.0.0.1"), ("TLS", "none"), ("PORT", &port)];
    let smtp = smtp.map(|(name, value)| (format!("KARTEI__MAIL__SMTP__{name}"), value));
    let mut environment: Vec<(&str, &str)> = smtp.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    environment.push(("KARTEI__MAIL__TRANSPORT", "smtp"));
    let told = || -> Vec<String> {
        let to_admin = |mail: &Mail| mail.recipients == ["admin@verein.example"];
        sink.mails().iter().filter(|mail| to_admin(mail)).map(|mail| quoted_printable(&mail.text)).collect()
    };
    let wait_for = |mails: usize| {
        let begun = Instant::now();
        while told().len() < mails {
            assert!(begun.elapsed() < PATIENCE, "{:#?}", told());
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    app.run_with(&["alerts", "check"], &environment).succeeds();
    let serving = Serving::start(&app, &environment);

    app.loses_its_members();
    app.run_with(&["run", "--as-of", &day(2)], &environment).fails_with(1);
    wait_for(1);
    app.deliver_members(&members);
    app.run_with(&["run", "--as-of", &day(3)], &environment).succeeds();
    wait_for(2);
    serving.ends_well();
    app.run_with(&["alerts", "check"], &environment).succeeds();

    let told = told();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("ist fehlgeschlagen (Lauf 2)") && !told[0].contains("wieder in Ordnung"), "{}", told[0]);
    assert!(told[1].contains("ist wieder in Ordnung") && !told[1].contains("fehlgeschlagen"), "{}", told[1]);
    assert!(app.mails().is_empty() || app.mails().iter().all(|mail| !mail.contains("admin@")), "none to the folder");
}

#[test]
fn no_second_message_comes_too_soon_and_what_waits_is_not_lost() {
    let app = TestApp::after_a_night();
    app.sets(&ALERTS.replace("at_most_every = \"0s\"", "at_most_every = \"1h\""));
    app.loses_its_members();
    for night in 2..=3 {
        app.night(night, &[]).fails_with(1);
    }
    let said = app.run(&["alerts", "check"]);
    assert!(said.stderr.contains("1 alert more to tell, once `alerts.at_most_every` has passed"), "{said:?}");
    let mails = app.mails();
    let told: Vec<&String> = mails.iter().filter(|mail| mail.contains("admin@verein.example")).collect();
    assert_eq!(told.len(), 1, "{mails:#?}");
    assert!(told[0].contains("(Lauf 2)") && !told[0].contains("(Lauf 3)"), "{}", told[0]);
    let waiting = app.json(&["alerts"]);
    assert_eq!((&waiting[0]["run_id"], &waiting[0]["told_at"]), (&3.into(), &Value::Null));
}

#[test]
fn webhook_and_dead_mans_switch_are_called_until_they_answer() {
    let listener = Listener::start(&[204, 503, 204]);
    let app = TestApp::after_a_night();
    app.write("token", "geheim\n");
    app.write("webhook", &format!("{}/alerts\n", listener.url));
    let ping = format!("[[alerts.ping]]\njob = \"nightly\"\nurl = \"{}/ping/4a1f\"\n", listener.url);
    app.sets(&format!("{ALERTS}[alerts.webhook]\nurl_file = \"webhook\"\ntoken_file = \"token\"\n{ping}"));
    for secret in ["token", "webhook", "kartei.toml"] {
        std::fs::set_permissions(app.path(secret), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    app.run(&["alerts", "check"]).succeeds();
    assert_eq!(listener.next().0, "GET /ping/4a1f HTTP/1.1", "of the night that has just been, and not of its start");
    let ended = app.run(&["alerts", "test"]);
    let (line, token, body) = listener.next();
    assert_eq!(
        (line.as_str(), token.to_lowercase().as_str()),
        ("POST /alerts HTTP/1.1", "authorization: bearer geheim")
    );
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (body["alerts"][0]["kind"].as_str(), body["installation"].as_str()),
        (Some("test"), Some("localhost:8080"))
    );
    let said = ended.fails_with(1);
    assert!(said.contains("1 message did not go out") && !said.contains(&listener.url), "{said}");
    assert!(app.run(&["doctor"]).succeeds().contains("nothing is wrong"), "it is tried again by itself");

    app.night(2, &[]).succeeds();
    let serving = Serving::start(&app, &[]);
    let mut lines: Vec<String> = (0..2).map(|_| listener.next().0).collect();
    lines.sort();
    assert_eq!(lines, ["GET /ping/4a1f HTTP/1.1", "POST /alerts HTTP/1.1"], "a start that is past is not told");
    serving.wait_for("/metrics", |_, text| text.contains("kartei_http_calls{state=\"queued\"} 0"));
    serving.ends_well();
    assert!(listener.calls.try_recv().is_err(), "none is made twice");
}

#[test]
fn a_run_and_its_steps_are_told_to_a_collector_without_a_word_about_people() {
    let collector = Listener::start(&[200]);
    let app = TestApp::after_a_night();
    let environment = [("KARTEI__TELEMETRY__OTLP_ENDPOINT", collector.url.as_str())];
    let before = app.run_with(&["run", "--as-of", "2026-03-02"], &environment);
    before.succeeds();
    let (line, _, mut told) = collector.next();
    assert_eq!(line, "POST /v1/traces HTTP/1.1");
    told.extend(collector.calls.try_iter().map(|(_, _, more)| more));
    for word in ["service.name", "kartei", "run", "nightly", "step", "pull", "publish", "notify"] {
        assert!(told.contains(word), "`{word}` is not told");
    }
    for person in app.persons().values() {
        for field in ["surname", "email", "birth_date"] {
            let value = person[field].as_str();
            assert!(value.len() < 5 || !told.contains(value), "{field} is told");
        }
    }
}

#[test]
fn a_collector_that_is_gone_stops_no_run_and_an_address_that_is_none_is_said() {
    let app = TestApp::after_a_night();
    let gone = [("KARTEI__TELEMETRY__OTLP_ENDPOINT", "http://127.0.0.1:9")];
    app.run_with(&["run", "--as-of", "2026-03-02"], &gone).succeeds();
    let said = app.run_with(&["runs"], &[("KARTEI__TELEMETRY__OTLP_ENDPOINT", "kein Ort")]).fails_with(1);
    assert!(said.contains("`telemetry.otlp_endpoint` cannot be used"), "{said}");
    assert!(said.contains("hint: write the collector's address for OTLP over HTTP"), "{said}");
}

#[test]
fn a_scheduler_shows_its_figures_and_its_health() {
    let app = TestApp::after_a_night();
    let serving = Serving::start(&app, &[]);
    serving.wait_for("/health/ready", |code, _| code == 200);
    assert_eq!(serving.get("/health/live").0, 200);
    assert_eq!(serving.get("/elsewhere").0, 404);
    let figures = serving.get("/metrics").1;
    for line in [
        "kartei_runs{job=\"nightly\",state=\"succeeded\"} 1",
        "kartei_scheduler_turns 1",
        "kartei_outbox_mails{state=\"queued\"} 0",
        "kartei_step_rows{job=\"nightly\",step=\"publish\"}",
        "# TYPE kartei_run_last_duration_seconds gauge",
    ] {
        assert!(figures.contains(line), "{line} in\n{figures}");
    }
    for line in figures.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let family = name.split('{').next().unwrap();
        assert!(figures.contains(&format!("# TYPE {family} gauge\n")), "{family} has no type");
    }
    let names: Vec<&str> = figures.lines().filter_map(|line| line.strip_prefix("# HELP ")).collect();
    insta::assert_snapshot!("figures", names.join("\n"));
    let begun = Instant::now();
    while app.json(&["status"])["schedulers"][0]["turns"] != true {
        assert!(begun.elapsed() < PATIENCE, "{:#}", app.json(&["status"]));
    }
    serving.ends_well();
    let begun = Instant::now();
    while app.json(&["status"])["schedulers"] != Value::Array(Vec::new()) {
        assert!(begun.elapsed() < PATIENCE, "{:#}", app.json(&["status"]));
    }
}

#[test]
fn a_port_that_is_taken_and_asked_for_is_said_with_a_hint() {
    let app = TestApp::after_a_night();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("monitoring.listen={}", taken.local_addr().unwrap());
    let said = app.run(&["serve", "--set", &listen]).fails_with(1);
    assert!(said.contains("cannot listen on") && said.contains("hint: another process has the port"), "{said}");
    let said = app.run(&["serve", "--set", "monitoring.listen=localhost"]).fails_with(1);
    assert!(said.contains("`monitoring.listen` is `localhost`, expected an address and a port"), "{said}");
}

#[test]
fn the_service_manager_is_told_of_beginning_life_and_end() {
    let app = TestApp::after_a_night();
    let socket = UnixDatagram::bind(app.path("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let path = app.path("notify");
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "600000")];
    let serving = Serving::start(&app, &environment);
    let heard = |wanted: &str| {
        let mut buffer = [0; 1_000];
        loop {
            let length = socket.recv(&mut buffer).unwrap();
            if String::from_utf8_lossy(&buffer[..length]).contains(wanted) {
                return;
            }
        }
    };
    heard("READY=1");
    heard("WATCHDOG=1");
    heard("WATCHDOG=1");
    serving.signal("TERM");
    heard("STOPPING=1");
    serving.ends_well();
}

#[test]
fn the_status_says_what_there_is_to_see_and_to_do() {
    let app = TestApp::after_a_night();
    let said = app.run(&["status"]).succeeds();
    for words in ["no scheduler is running", "jobs", "nightly", "last 24 hours", "1 succeeded", "needs a human"] {
        assert!(said.contains(words), "{words} in\n{said}");
    }
    let empty = TestApp::started();
    let said = empty.run(&["status"]).fails_with(1);
    assert!(said.contains("there is no store yet"), "{said}");
}

#[test]
fn the_whole_status_after_a_night_that_failed() {
    let app = TestApp::after_a_night();
    app.sets(ALERTS);
    app.run(&["alerts", "check"]).succeeds();
    app.loses_its_members();
    app.night(2, &[]).fails_with(1);
    app.run(&["alerts", "check"]).succeeds();
    let mut settings = insta::Settings::clone_current();
    for (pattern, shown) in [
        (r"(\w{2,3} )?\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?)?( [A-Z]{3,4})?", "[time]"),
        (r"\b\d+(\.\d+)? (ms|s|min|h|d)\b", "[span]"),
        (r"`/\S+/inbox/", "`[folder]/inbox/"),
        (r"\b\d+ pairs", "[count] pairs"),
        // Columns are as wide as what was filtered.
        (r"(?m)[ ─]+$", ""),
        (r"(\S) {2,}", "$1  "),
    ] {
        settings.add_filter(pattern, shown);
    }
    settings.bind(|| insta::assert_snapshot!("status", app.run(&["status"]).succeeds()));
}

#[test]
fn alerts_that_reach_nobody_are_said_to() {
    let app = TestApp::after_a_night();
    let said = app.run(&["alerts", "test"]).fails_with(1);
    assert!(said.contains("nobody gets alerts") && said.contains("mail_to"), "{said}");
    app.sets("[alerts]\nmail_to = [\"nobody\"]");
    let said = app.run(&["alerts"]).fails_with(1);
    assert!(said.contains("`alerts.mail_to` holds what is no mail address"), "{said}");
}
