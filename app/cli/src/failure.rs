//! What went wrong, as the person at the terminal reads it: an error, its causes, and a hint.

use std::fmt::Display;
use std::io::Write;

use kartei_connector::Finding;
use kartei_schemas::problem::{Problem, Problems, Severity};
use owo_colors::OwoColorize;

use crate::exit::Exit;

/// How every command ends.
pub(crate) type Outcome = Result<Exit, Failure>;

/// Why a command could not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    reasons: Vec<Reason>,
    closed_pipe: bool,
}

#[derive(Debug)]
struct Reason {
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    severity: Severity,
}

impl Failure {
    /// Something failed.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::of(Exit::Failed, message.into())
    }

    /// The command was used wrongly: it names something that does not exist.
    pub(crate) fn wrong_use(message: impl Into<String>) -> Self {
        Self::of(Exit::WrongUse, message.into())
    }

    /// An error with its causes.
    pub(crate) fn from_error(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut failure = Self::new(error.to_string());
        let causes = std::iter::successors(error.source(), |cause| cause.source());
        failure.reasons[0].causes = causes.map(ToString::to_string).collect();
        failure
    }

    /// A command's part that could not be done, because of an error.
    pub(crate) fn because(message: impl Into<String>, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut failure = Self::from_error(error);
        let reason = &mut failure.reasons[0];
        let cause = std::mem::replace(&mut reason.message, message.into());
        reason.causes.insert(0, cause);
        failure
    }

    /// The same failure, ending with another code.
    pub(crate) fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The same failure, with what to do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(reason) = self.reasons.first_mut() {
            reason.hint = Some(hint.into());
        }
        self
    }

    /// The same failure, with a hint where there is one.
    pub(crate) fn with_hint_if(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.with_hint(hint),
            None => self,
        }
    }

    /// The failure as lines of `kartei check`.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let line = |reason: &Reason| {
            let chain: Vec<&str> = [&reason.message].into_iter().chain(&reason.causes).map(String::as_str).collect();
            let message = chain.join(": ");
            match (reason.severity, &reason.hint) {
                (Severity::Warning, hint) => Finding::warning("", message, hint.clone().unwrap_or_default()),
                (Severity::Error, hint) => Finding::error("", message, hint.clone()),
            }
        };
        self.reasons.iter().map(line).collect()
    }

    /// How the process ends.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether the reader of the output went away, which is nobody's fault.
    pub(crate) const fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }

    /// Writes the failure to standard error.
    pub(crate) fn print(&self) {
        let mut out = anstream::stderr().lock();
        for reason in &self.reasons {
            // Nothing is left to do where standard error is closed too.
            let _ = reason.write(&mut out);
        }
    }

    fn of(exit: Exit, message: String) -> Self {
        let reason = Reason { message, causes: Vec::new(), hint: None, severity: Severity::Error };
        Self { exit, reasons: vec![reason], closed_pipe: false }
    }
}

impl Reason {
    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        match self.severity {
            Severity::Error => write!(out, "{}", "error:".red().bold())?,
            Severity::Warning => write!(out, "{}", "warning:".yellow().bold())?,
        }
        writeln!(out, " {}", self.message)?;
        for cause in &self.causes {
            writeln!(out, "  because: {cause}")?;
        }
        if let Some(hint) = &self.hint {
            writeln!(out, "  {} {hint}", "hint:".cyan())?;
        }
        Ok(())
    }
}

impl From<Problem> for Reason {
    fn from(problem: Problem) -> Self {
        let Problem { file, line, message, hint, severity } = problem;
        let place = line.map_or_else(|| file.display().to_string(), |line| format!("{}:{line}", file.display()));
        Self { message: format!("{place}: {message}"), causes: Vec::new(), hint, severity }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        let reasons = problems.list.into_iter().map(Reason::from).collect();
        Self { exit: Exit::Failed, reasons, closed_pipe: false }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let closed_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        Self { closed_pipe, ..Self::from_error(&error) }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        let closed_pipe = error.io_error_kind() == Some(std::io::ErrorKind::BrokenPipe);
        Self { closed_pipe, ..Self::from_error(&error) }
    }
}

/// Adds what was being done to an error.
pub(crate) trait During<T> {
    /// The error with what was being done in front of it.
    fn during(self, message: impl Display) -> Result<T, Failure>;
}

impl<T, E: std::error::Error + 'static> During<T> for Result<T, E> {
    fn during(self, message: impl Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::because(message.to_string(), &error))
    }
}
