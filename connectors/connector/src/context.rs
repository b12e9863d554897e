//! What a connector is given beside its source's schema: where it stands, who knows its secrets, and who may stop it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::secrets::Secrets;

/// What a connector is given beside its source's schema. Never part of the schema, which is shown, kept and compared.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Context {
    /// The configuration's folder, against which relative paths are read.
    pub base: PathBuf,
    /// Finds what the schema only names.
    pub secrets: Secrets,
    /// Says when nobody wants the pages any more.
    pub cancel: Cancel,
}

impl Context {
    /// The context of an installation in this folder, which nobody stops.
    pub fn of(base: &Path) -> Self {
        Self { base: base.to_owned(), secrets: Secrets::of_process(base), cancel: Cancel::never() }
    }

    /// Stopped by this.
    #[must_use]
    pub fn with_cancel(self, cancel: Cancel) -> Self {
        Self { cancel, ..self }
    }

    /// With secrets from elsewhere.
    #[must_use]
    pub fn with_secrets(self, secrets: Secrets) -> Self {
        Self { secrets, ..self }
    }
}

/// Asked by work that blocks a thread whether to go on. What is async needs no asking: it ends when it is dropped.
#[derive(Clone)]
pub struct Cancel(Arc<dyn Fn() -> bool + Send + Sync>);

impl Cancel {
    /// Nobody stops it.
    pub fn never() -> Self {
        Self(Arc::new(|| false))
    }

    /// Stopped once this says so.
    pub fn when(is_asked: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_asked))
    }

    /// Whether to stop.
    pub fn is_asked(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Cancel").field(&self.is_asked()).finish()
    }
}
