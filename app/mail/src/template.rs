//! The templates of mails, embedded, each of which a file in a folder may replace.

use std::path::Path;

use thiserror::Error;

use crate::Notice;

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
}

/// The templates in both languages.
#[derive(Debug)]
pub struct Templates {}

/// A template that cannot be used.
#[derive(Debug, Error)]
#[error("cannot {action} mail template `{template}`")]
pub struct TemplateError {
    action: &'static str,
    template: String,
}

impl Templates {
    /// The embedded templates.
    pub fn embedded() -> Self {
        Self {}
    }

    /// The embedded templates, each replaced by the file of its name in `folder` where there is one. All are tried
    /// at once, so that a mistake is found before the first mail.
    pub fn with_folder(_folder: &Path) -> Result<Self, TemplateError> {
        Ok(Self {})
    }

    /// Puts a notice into words.
    pub fn notice(&self, _notice: &Notice) -> Result<Rendered, TemplateError> {
        Ok(Rendered { subject: String::new(), text: String::new(), html: String::new() })
    }
}
