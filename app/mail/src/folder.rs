//! Mail into a folder, one `.eml` file a mail: the default, with which nothing leaves the machine.

use std::io;
use std::path::{Path, PathBuf};

use kartei_store::owner;

use crate::message::Message;
use crate::outcome::{Failure, FailureKind};
use crate::setup::SetupError;

/// Writes each mail as a file that is named after its outbox row.
#[derive(Debug)]
pub(crate) struct FolderTransport {
    path: PathBuf,
}

impl FolderTransport {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// A mail sent twice replaces its file; a file is there whole or not at all.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), Failure> {
        let (name, bytes) = (message.file_name.clone(), message.bytes());
        let written = self.beside(move |folder| {
            let unfinished = folder.join(format!(".{name}.part"));
            owner::write(&unfinished, bytes)?;
            std::fs::rename(&unfinished, folder.join(name))
        });
        written.await.map_err(|error| Failure {
            kind: FailureKind::Temporary,
            error: format!("cannot write to the mail folder: {}", error.kind()),
        })
    }

    pub(crate) async fn check(&self) -> Result<(), SetupError> {
        let tried = self.beside(|folder| {
            let probe = folder.join(".probe");
            owner::write(&probe, b"")?;
            std::fs::remove_file(&probe)
        });
        tried.await.map_err(|source| SetupError::Folder { path: self.path.clone(), source })
    }

    /// Works in the folder, beside the tasks that renew leases. Mails name people: it is for its owner alone.
    async fn beside(&self, work: impl FnOnce(&Path) -> io::Result<()> + Send + 'static) -> io::Result<()> {
        let folder = self.path.clone();
        let task = tokio::task::spawn_blocking(move || {
            owner::create_folder(&folder)?;
            work(&folder)
        });
        task.await.map_err(io::Error::other)?
    }
}
