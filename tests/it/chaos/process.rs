//! One process of the command under the fault layer, with a mail server of its own.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use chrono::TimeDelta;

use crate::chaos::fault_layer::Page;
use crate::chaos::sink::Sink;

/// A process that was started, and may have ended.
pub(crate) struct Process {
    child: Child,
    /// The layer under it.
    pub(crate) page: Page,
    /// Where its mails go.
    pub(crate) sink: Sink,
}

impl Process {
    /// Starts a command; what it says goes into a file.
    pub(crate) fn start(mut command: Command, page: Page, log: &Path, clock: TimeDelta) -> Self {
        let sink = Sink::start();
        page.shift_clock(clock);
        page.steer(&mut command);
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mail = [("TRANSPORT", "smtp"), ("SMTP__HOST", "127.0.0.1"), ("SMTP__TLS", "none")];
        command.envs(mail.map(|(name, value)| (format!("KARTEI__MAIL__{name}"), value)));
        command.env("KARTEI__MAIL__SMTP__PORT", sink.port().to_string());
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Self { child: command.spawn().unwrap(), page, sink }
    }

    /// Whether a point stopped it, or a signal.
    pub(crate) fn is_stopped(&self) -> bool {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        text.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).output();
        assert!(sent.is_ok(), "no signal can be sent");
    }

    /// Ends it without a word, stopped or not.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
