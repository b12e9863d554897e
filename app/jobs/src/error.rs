//! Why a run did not come to its end.

use std::fmt::Write as _;
use std::time::Duration;

use kartei_connector::{ConnectorError, ErrorKind};
use kartei_normalise::NormaliseError;
use kartei_persons::PersonsError;
use kartei_schemas::duration::Span;
use kartei_store::StoreError;
use kartei_store::frames::FrameError;

use crate::verdicts::Trip;

/// Why a run did not come to its end. Holds no personal data.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// A source could not be pulled.
    #[error("source `{name}` could not be pulled")]
    Source {
        /// The source.
        name: String,
        /// Why.
        #[source]
        cause: ConnectorError,
    },
    /// A guard held the run back; what was published before stands.
    #[error("guard `{guard}`: {message}")]
    Guard {
        /// The name under which `--accept-guard` lets it pass.
        guard: String,
        /// What it saw, and what the others saw that would stop the run as well.
        message: String,
        /// The names of all that stop the run.
        guards: Vec<String>,
        /// The deliveries that wait.
        deliveries: Vec<i64>,
    },
    /// More rows went to quarantine than is allowed.
    #[error("{message}")]
    TooManyRejects {
        /// Where, and how many.
        message: String,
        /// The deliveries that wait.
        deliveries: Vec<i64>,
    },
    /// Somebody asked the run to end.
    #[error("the run was asked to end")]
    Interrupted,
    /// The process ends; the run is put down and goes on later.
    #[error("kartei was stopped: the run is put down")]
    PutDown,
    /// The worker could not keep the run.
    #[error("the worker could not renew its lease of the run, and ended the work")]
    LostLease,
    /// The run or a step took too long.
    #[error("the {what} took longer than its timeout of {limit}")]
    TimedOut {
        /// `run`, or the step.
        what: String,
        /// The timeout.
        limit: Span,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A frame at rest.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Normalising.
    #[error(transparent)]
    Normalise(#[from] NormaliseError),
    /// Matching.
    #[error(transparent)]
    Link(#[from] kartei_matching::LinkError),
    /// Persons.
    #[error(transparent)]
    Persons(#[from] PersonsError),
    /// Mail templates or settings.
    #[error("mail could not be made ready: {0}")]
    Mail(String),
    /// The list of erasures in the data folder, or a mail in its folder.
    #[error("the list of erasures, or a file that an erasure removes, could not be read or written")]
    Erasures(#[source] std::io::Error),
    /// Nobody has this id.
    #[error("there is no person `{0}`")]
    UnknownPerson(String),
    /// A report could not be written.
    #[error("the report could not be written")]
    Report(#[source] std::io::Error),
    /// A frame of another form than the step expects.
    #[error("a frame is not as the step needs it")]
    Form(#[from] polars_core::error::PolarsError),
    /// What an earlier step left cannot be read.
    #[error("what the step `{step}` left at rest cannot be read")]
    Rest {
        /// The step.
        step: &'static str,
        /// Why.
        #[source]
        cause: serde_json::Error,
    },
    /// A computation ended without a result.
    #[error("a computation broke off")]
    Computation,
    /// The job does not exist any more.
    #[error("there is no job `{0}`")]
    UnknownJob(String),
    /// A source that the run should pull does not exist.
    #[error("there is no source `{0}`")]
    UnknownSource(String),
}

impl FlowError {
    /// The same stop, with what other guards would say as well.
    #[must_use]
    pub fn with(mut self, trips: &[Trip]) -> Self {
        if let Self::Guard { message, .. } | Self::TooManyRejects { message, .. } = &mut self {
            for Trip { guard, message: seen, .. } in trips {
                let _ = write!(message, "; guard `{guard}`: {seen}");
            }
        }
        if let Self::Guard { guards, .. } = &mut self {
            guards.extend(trips.iter().map(|trip| trip.guard.clone()));
            guards.sort();
            guards.dedup();
        }
        self
    }

    /// Whether the same step may do better when it is begun again. A source says so itself: what is wrong with its settings,
    /// its data or its door is not mended by knocking again.
    pub fn is_worth_another_try(&self) -> bool {
        let is_final = matches!(
            self,
            Self::Guard { .. }
                | Self::TooManyRejects { .. }
                | Self::Interrupted
                | Self::PutDown
                | Self::LostLease
                | Self::UnknownJob(_)
                | Self::UnknownSource(_)
                | Self::Store(StoreError::LostLease { .. } | StoreError::Overtaken { .. })
        );
        let is_lasting = match self {
            Self::Source { cause, .. } => !cause.kind().is_transient(),
            Self::Frame(error) => error.is_loss(),
            _ => false,
        };
        !is_final && !is_lasting
    }

    /// How long a source asks to be left alone before it is asked again.
    pub fn not_before(&self) -> Option<Duration> {
        match self {
            Self::Source { cause, .. } => match cause.kind() {
                ErrorKind::Transient { after } => after,
                _ => None,
            },
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source { cause, .. } => cause.hint(),
            Self::Guard { guards, deliveries, .. } => {
                let flags: Vec<String> = guards.iter().map(|guard| format!("--accept-guard {guard}")).collect();
                Some(format!(
                    "nothing was published; look at `kartei report`, and if all is as it should be run again with {}{}",
                    flags.join(" "),
                    or_accept(deliveries)
                ))
            }
            Self::TooManyRejects { deliveries, .. } => Some(format!(
                "nothing was published; `kartei rejects` lists the rows with their reasons{}",
                or_accept(deliveries)
            )),
            Self::Store(error) => error.hint(),
            Self::Frame(error) => error.hint(),
            Self::Normalise(error) => error.hint(),
            Self::Rest { .. } | Self::Form(_) | Self::Computation => {
                Some("start a new run; if it happens again, please report it with the log".to_owned())
            }
            Self::UnknownJob(_) => Some("`kartei jobs` lists the jobs".to_owned()),
            Self::UnknownSource(_) => Some("`kartei check` lists the sources".to_owned()),
            Self::Interrupted => Some("start it again: what was pulled is at rest".to_owned()),
            Self::PutDown => Some("it goes on when `kartei serve` runs again".to_owned()),
            Self::LostLease => {
                Some("see that the store can be reached; `kartei runs` shows who has the run".to_owned())
            }
            Self::TimedOut { .. } => Some(
                "see what took so long with `kartei runs show`, or allow more with `timeout` in jobs.toml".to_owned(),
            ),
            Self::Report(cause) => {
                Some(format!("see that kartei may write to `reports` in the data folder ({})", cause.kind()))
            }
            Self::Erasures(cause) => Some(format!(
                "see that kartei may write to the data folder and the folder of mails ({}); a damaged `erasures.jsonl` is put \
                 back from a copy: without it an older backup would bring erased persons back",
                cause.kind()
            )),
            Self::UnknownPerson(_) => Some("`kartei persons find` looks for a name".to_owned()),
            Self::Link(_) | Self::Persons(_) | Self::Mail(_) => None,
        }
    }
}

/// How what waits is accepted or put away.
fn or_accept(deliveries: &[i64]) -> String {
    match deliveries {
        [] => String::new(),
        [one] => format!("; `kartei deliveries show {one}` tells of what waits, `accept` and `discard` decide it"),
        [first, ..] => format!(
            "; `kartei deliveries` lists the {} that wait, `accept` and `discard` decide them, from {first} on",
            deliveries.len()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(kind: ErrorKind) -> FlowError {
        FlowError::Source { name: "members".to_owned(), cause: ConnectorError::new(kind, "it failed", None) }
    }

    #[test]
    fn a_source_is_tried_again_only_where_it_may_do_better_and_not_before_it_asks() {
        let busy = source(ErrorKind::Transient { after: Some(Duration::from_secs(40)) });
        assert!(busy.is_worth_another_try() && busy.not_before() == Some(Duration::from_secs(40)));
        for kind in [ErrorKind::Authentication, ErrorKind::Configuration, ErrorKind::Data] {
            assert!(!source(kind).is_worth_another_try(), "{kind:?}");
        }
    }
}
