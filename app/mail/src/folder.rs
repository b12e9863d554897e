//! Mail into a folder, one `.eml` file a mail: the default, with which nothing leaves the machine.

use std::path::PathBuf;

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
        let written = async {
            tokio::fs::create_dir_all(&self.path).await?;
            let unfinished = self.path.join(format!(".{}.part", message.file_name));
            tokio::fs::write(&unfinished, message.bytes()).await?;
            tokio::fs::rename(&unfinished, self.path.join(&message.file_name)).await
        };
        written.await.map_err(|error: std::io::Error| Failure {
            kind: FailureKind::Temporary,
            error: format!("cannot write to the mail folder: {}", error.kind()),
        })
    }

    pub(crate) async fn check(&self) -> Result<(), SetupError> {
        let probe = self.path.join(".probe");
        let written = async {
            tokio::fs::create_dir_all(&self.path).await?;
            tokio::fs::write(&probe, b"").await?;
            tokio::fs::remove_file(&probe).await
        };
        written.await.map_err(|source: std::io::Error| SetupError::Folder { path: self.path.clone(), source })
    }
}
