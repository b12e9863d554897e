//! From settings to a transport.

use std::path::PathBuf;

use kartei_schemas::settings::{MailSettings, TransportKind};
use thiserror::Error;

use crate::folder::FolderTransport;
use crate::message::{MessageError, Sender};
use crate::smtp::SmtpTransport;

/// Where mail goes, and from whom.
#[derive(Debug)]
pub struct Transport {
    pub(crate) route: Route,
    pub(crate) sender: Sender,
    pub(crate) max_attempts: u32,
}

#[derive(Debug)]
pub(crate) enum Route {
    Folder(FolderTransport),
    Smtp(SmtpTransport),
}

/// Mail settings that cannot work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The sender or the list id.
    #[error(transparent)]
    Sender(#[from] MessageError),
    /// `transport = "smtp"` without a server.
    #[error("mail.transport is `smtp`, but there is no section [mail.smtp]")]
    NoServer,
    /// Mail in the clear over a network.
    #[error("mail.smtp.tls is `none`, but `{host}` is not this machine")]
    InTheClear {
        /// The server.
        host: String,
    },
    /// A user without a password, or the other way round.
    #[error("mail.smtp has a user but no password, or a password but no user")]
    HalfALogin,
    /// A file that cannot be read.
    #[error("cannot read {what} from `{}`", path.display())]
    Read {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot set up tls for `{host}`")]
    Tls {
        /// The server.
        host: String,
        /// Why.
        source: lettre::transport::smtp::Error,
    },
    /// The folder cannot be written.
    #[error("cannot write to the mail folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The server does not answer, or refuses the login.
    #[error("the mail server `{host}` cannot be used: {error}")]
    Server {
        /// The server.
        host: String,
        /// What it said.
        error: String,
    },
}

impl SetupError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Sender(MessageError::From) => "write mail.from as `kartei <kartei@example.org>`",
            Self::Sender(MessageError::ListId) => "write mail.list_id as `notices.example.org`, without brackets",
            Self::NoServer => "add [mail.smtp] with host, user and password_file, or set transport = \"folder\"",
            Self::InTheClear { .. } => "use tls = \"starttls\" (port 587) or tls = \"tls\" (port 465)",
            Self::HalfALogin => "give both user and password_file, or neither",
            Self::Tls { .. } => "for a server with a certificate of your own, name it in mail.smtp.ca_file",
            Self::Server { .. } => "check host, port, tls, user and password of [mail.smtp]",
            Self::Sender(_) | Self::Read { .. } | Self::Folder { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl Transport {
    /// The transport that the settings name. Nothing is contacted or written yet.
    pub fn new(settings: &MailSettings) -> Result<Self, SetupError> {
        let route = match settings.transport {
            TransportKind::Folder => Route::Folder(FolderTransport::new(settings.folder.clone())),
            TransportKind::Smtp => {
                Route::Smtp(SmtpTransport::new(settings.smtp.as_ref().ok_or(SetupError::NoServer)?)?)
            }
        };
        let sender = Sender::new(&settings.from, settings.list_id.as_deref())?;
        Ok(Self { route, sender, max_attempts: settings.max_attempts.max(1) })
    }

    /// Whether mail could be sent now: the folder can be written, or the server answers and accepts the login.
    pub async fn check(&self) -> Result<(), SetupError> {
        match &self.route {
            Route::Folder(folder) => folder.check().await,
            Route::Smtp(server) => server.check().await,
        }
    }

    /// `folder` or `smtp`, as reports name it.
    pub const fn name(&self) -> &'static str {
        match self.route {
            Route::Folder(_) => "folder",
            Route::Smtp(_) => "smtp",
        }
    }
}
