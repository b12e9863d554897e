//! Finds the secrets that a schema only names: in a file, in the environment, or among systemd's credentials.

use std::ffi::OsString;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use kartei_schemas::secret::SecretReference;
use secrecy::SecretString;
use thiserror::Error;

use crate::error::{ErrorKind, Failure};

/// Where systemd puts a service's credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Tells the environment's variables.
type Environment = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// Finds secrets by their references.
#[derive(Clone)]
pub struct Secrets {
    base: PathBuf,
    environment: Arc<Environment>,
}

/// A secret that cannot be had. Names where it should be, never what it is.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The environment lacks it.
    #[error("the environment variable `{0}` is not set, or is empty")]
    Unset(String),
    /// The file cannot be read.
    #[error("the secret in `{name}` cannot be read")]
    Unreadable {
        /// The file as the reference names it.
        name: String,
        /// The cause.
        #[source]
        cause: std::io::Error,
    },
    /// The file is empty, or no text.
    #[error("the secret in `{0}` is empty, or no text")]
    Empty(String),
    /// There are no credentials here.
    #[error("the credential `{0}` cannot be had: this process has none from systemd")]
    NoCredentials(String),
    /// A credential is a name, not a path.
    #[error("`{0}` is no name of a credential")]
    NoName(String),
}

impl Failure for SecretError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unset(name) => format!("set `{name}` for the process, or name a file: `{{ file = \"...\" }}`"),
            Self::Unreadable { .. } => "put the file there, and let kartei's user read it and nobody else".into(),
            Self::Empty(_) => "write the secret into it, and nothing else".into(),
            Self::NoCredentials(name) => format!("write `LoadCredential={name}:/path` into the unit of the service"),
            Self::NoName(_) => "write the name that stands in `LoadCredential=` before the colon".into(),
        })
    }
}

impl Secrets {
    /// Looks at the environment of the process; files are read against this folder.
    pub fn of_process(base: &Path) -> Self {
        Self::with_environment(base, |name| std::env::var_os(name))
    }

    /// Looks at this environment.
    pub fn with_environment(
        base: &Path,
        environment: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static,
    ) -> Self {
        Self { base: base.to_owned(), environment: Arc::new(environment) }
    }

    /// The secret behind a reference. A line break at the end of a file is none of it.
    ///
    /// # Errors
    ///
    /// Where it is not there, or cannot be read.
    pub fn resolve(&self, reference: &SecretReference) -> Result<SecretString, SecretError> {
        match reference {
            SecretReference::File(path) => read(&self.base.join(path), &path.display().to_string()),
            SecretReference::Environment(name) => {
                let text = (self.environment)(name).and_then(|text| text.into_string().ok());
                let text = text.filter(|text| !text.is_empty()).ok_or_else(|| SecretError::Unset(name.clone()))?;
                Ok(SecretString::from(text))
            }
            SecretReference::Credential(name) => {
                let mut parts = Path::new(name).components();
                if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
                    return Err(SecretError::NoName(name.clone()));
                }
                let folder = (self.environment)(CREDENTIALS).filter(|folder| !folder.is_empty());
                let folder = folder.ok_or_else(|| SecretError::NoCredentials(name.clone()))?;
                read(&Path::new(&folder).join(name), name)
            }
        }
    }
}

fn read(path: &Path, name: &str) -> Result<SecretString, SecretError> {
    let bytes = std::fs::read(path).map_err(|cause| SecretError::Unreadable { name: name.to_owned(), cause })?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() { Err(SecretError::Empty(name.to_owned())) } else { Ok(SecretString::from(text)) }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Secrets").field("base", &self.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn secrets(base: &Path) -> Secrets {
        let folder = base.as_os_str().to_owned();
        Secrets::with_environment(base, move |name| match name {
            "TOKEN" => Some("from the environment".into()),
            "NOTHING" => Some(OsString::new()),
            CREDENTIALS => Some(folder.clone()),
            _ => None,
        })
    }

    #[test]
    fn a_secret_is_found_in_a_file_the_environment_or_a_credential() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "from the file\n").unwrap();
        let secrets = secrets(folder.path());
        let found = |reference| secrets.resolve(&reference).unwrap().expose_secret().to_owned();
        assert_eq!(found(SecretReference::File("token".into())), "from the file");
        assert_eq!(found(SecretReference::Environment("TOKEN".into())), "from the environment");
        assert_eq!(found(SecretReference::Credential("token".into())), "from the file");
    }

    #[test]
    fn a_secret_that_is_not_there_is_a_matter_of_the_settings_and_is_named_by_its_place() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        let wrong = [
            SecretReference::File("absent".into()),
            SecretReference::File("empty".into()),
            SecretReference::Environment("NOTHING".into()),
            SecretReference::Credential("../token".into()),
        ];
        for reference in wrong {
            let error = secrets(folder.path()).resolve(&reference).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.hint().is_some(), "{error}");
        }
        let bare = Secrets::with_environment(folder.path(), |_| None);
        let error = bare.resolve(&SecretReference::Credential("token".into())).unwrap_err();
        assert!(matches!(error, SecretError::NoCredentials(_)));
    }
}
