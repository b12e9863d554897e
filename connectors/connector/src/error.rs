//! Why a source could not be pulled as a whole, whatever it is: what went wrong, and what may be done about it.
//!
//! Each transport has errors of its own (files, a database, an API); at the seam they are one type that says of which
//! kind they are, so that whoever calls decides without knowing what lies behind. Texts never hold personal data.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Of which kind an error is: what the caller does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// It may do better by itself: a network, a file that is being written. Tried again, and not before `after`.
    Transient {
        /// How long the source asks to be left alone.
        after: Option<Duration>,
    },
    /// kartei is not let in: trying again locks accounts, and helps nobody.
    Authentication,
    /// The settings are wrong: a person must change them.
    Configuration,
    /// What was delivered cannot be read: another delivery must come.
    Data,
}

impl ErrorKind {
    /// May do better, and nobody says when.
    pub const TRANSIENT: Self = Self::Transient { after: None };

    /// Whether the same call may do better when it is made again.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Transient { .. })
    }
}

/// What a transport says of its own errors.
pub trait Failure: Error + Send + Sync + 'static {
    /// What the caller does about it.
    fn kind(&self) -> ErrorKind;

    /// What a person does about it.
    fn hint(&self) -> Option<String>;
}

/// A source that cannot be pulled. Shows itself as the error of its transport does.
pub struct ConnectorError(Box<dyn Failure>);

impl ConnectorError {
    /// An error without a type of its own.
    pub fn new(kind: ErrorKind, message: impl Into<String>, hint: Option<String>) -> Self {
        Self(Box::new(Plain { kind, message: message.into(), hint }))
    }

    /// What the caller does about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    /// What a person does about it.
    pub fn hint(&self) -> Option<String> {
        self.0.hint()
    }

    /// The transport's own error, where it is of this type.
    pub fn reason<E: Failure>(&self) -> Option<&E> {
        let error: &(dyn Error + 'static) = self.0.as_ref();
        error.downcast_ref()
    }
}

impl<E: Failure> From<E> for ConnectorError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Debug for ConnectorError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

impl fmt::Display for ConnectorError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

impl Error for ConnectorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Plain {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

impl Failure for Plain {
    fn kind(&self) -> ErrorKind {
        self.kind
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the server is busy")]
    struct Busy(#[source] std::io::Error);

    impl Failure for Busy {
        fn kind(&self) -> ErrorKind {
            ErrorKind::Transient { after: Some(Duration::from_secs(30)) }
        }

        fn hint(&self) -> Option<String> {
            Some("wait".into())
        }
    }

    #[test]
    fn the_seam_shows_the_error_of_the_transport_once_with_its_cause() {
        let error = ConnectorError::from(Busy(std::io::Error::other("503")));
        assert_eq!((&*error.to_string(), error.hint().as_deref()), ("the server is busy", Some("wait")));
        assert_eq!(error.source().unwrap().to_string(), "503");
        assert!(error.kind().is_transient() && error.reason::<Busy>().is_some());
    }

    #[test]
    fn an_error_without_a_type_of_its_own_says_its_kind_too() {
        let error = ConnectorError::new(ErrorKind::Authentication, "the key has run out", None);
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Authentication, "the key has run out".into()));
        assert!(!error.kind().is_transient() && error.reason::<Busy>().is_none());
    }
}
