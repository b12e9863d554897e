//! Mail into a folder.

/// Writes each mail as a file.
#[derive(Debug)]
pub struct FolderTransport {}
