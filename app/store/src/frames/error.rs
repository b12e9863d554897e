//! Why a frame could not be kept or fetched. Names only the frame, never what it holds.

use std::io;

use polars_core::prelude::PolarsError;

/// Why a frame could not be kept or fetched.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The file could not be written.
    #[error("cannot write frame `{name}`")]
    Write {
        /// The frame's name.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// There is a frame of that name already; it stays as it is.
    #[error("there is a frame `{name}` already")]
    Occupied {
        /// The frame's name.
        name: String,
    },
    /// The file is not there.
    #[error("the frame `{name}` is missing")]
    Missing {
        /// The frame's name.
        name: String,
    },
    /// The file is not as long as it was.
    #[error("the frame `{name}` has {found} bytes, and should have {expected}")]
    Size {
        /// The frame's name.
        name: String,
        /// The bytes that are there.
        found: u64,
        /// The bytes that were put.
        expected: u64,
    },
    /// The file is as long as it was, and holds something else.
    #[error("the frame `{name}` is not as it was written: its hash is another")]
    Changed {
        /// The frame's name.
        name: String,
    },
    /// What should name a frame does not.
    #[error("no frame of `{what}` is named where one should be")]
    Unnamed {
        /// What the frame should hold.
        what: String,
    },
    /// The file could not be read.
    #[error("cannot read frame `{name}`")]
    Read {
        /// The frame's name.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// The file could not be removed.
    #[error("cannot remove frame `{name}`")]
    Remove {
        /// The frame's name.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// The frame cannot be made a file; or the file is whole and no Parquet, or lacks a column.
    #[error("frame `{name}` is of another form")]
    Format {
        /// The frame's name.
        name: String,
        /// The cause.
        source: PolarsError,
    },
}

impl FrameError {
    /// Whether a frame that should be at rest is missing, short, changed or of another form: trying again helps nobody.
    pub fn is_loss(&self) -> bool {
        matches!(
            self,
            Self::Missing { .. }
                | Self::Size { .. }
                | Self::Changed { .. }
                | Self::Unnamed { .. }
                | Self::Format { .. }
        )
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let source = match self {
            Self::Write { source, .. } | Self::Read { source, .. } | Self::Remove { source, .. } => source,
            Self::Occupied { .. } => return Some("run again: the next attempt has names of its own".to_owned()),
            _ => {
                return Some(
                    "put the data folder back from a backup (`kartei restore`), or name the right one in `[data] folder`; \
                     nothing was published, and the persons in the store are as they were"
                        .to_owned(),
                );
            }
        };
        match source.kind() {
            io::ErrorKind::StorageFull => Some("the disk is full: free some room and run again".to_owned()),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Some("let the user that runs kartei write to the data folder (`[data] folder`)".to_owned())
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Some(
                "a file stands where the data folder should be: move it, or name another (`[data] folder`)".to_owned(),
            ),
            _ => None,
        }
    }
}
