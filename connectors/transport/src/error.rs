//! Why a file cannot be read as a whole. Texts hold names of files and of columns that are known, and no cell.

use std::io;
use std::time::Duration;

use kartei_connector::{ErrorKind, Failure};
use thiserror::Error;

/// A file, or a folder of files, that cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// The settings contradict themselves or ask for what does not exist.
    #[error("the settings of `{source_name}` are wrong: {what}")]
    Settings {
        /// The source, or its path.
        source_name: String,
        /// What is wrong.
        what: String,
        /// What to write instead.
        hint: String,
    },
    /// Nothing matches the path.
    #[error("no file matches `{pattern}`")]
    NoFile {
        /// The glob, with its folder.
        pattern: String,
    },
    /// Files match, but all of them are still being written.
    #[error("`{file}` is still being written")]
    StillWritten {
        /// The newest file.
        file: String,
        /// How long a file must have been quiet.
        settle_seconds: u64,
    },
    /// The file changed while it was read.
    #[error("`{file}` changed while it was read")]
    Changed {
        /// The file.
        file: String,
    },
    /// The file cannot be opened or read.
    #[error("`{file}` cannot be read")]
    Io {
        /// The file.
        file: String,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// A link, or a file that lies elsewhere than where it was looked for.
    #[error("`{file}` is a link, or leads out of its folder, and is not read")]
    Elsewhere {
        /// The file, or the link.
        file: String,
    },
    /// The file has no content at all.
    #[error("`{file}` is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// The file has a header and no rows, though it is to list every row.
    #[error("`{file}` has a header and no rows")]
    HeaderOnly {
        /// The file.
        file: String,
    },
    /// The stated delimiter is not the file's.
    #[error("`{file}` has no columns with the delimiter {stated:?}; it looks like {found:?}")]
    WrongDelimiter {
        /// The file.
        file: String,
        /// What the settings say.
        stated: char,
        /// What the file seems to use.
        found: char,
    },
    /// A column that the key needs is not there.
    #[error("`{file}` has no column `{column}`, which the key needs")]
    MissingKeyColumn {
        /// The file.
        file: String,
        /// The missing column.
        column: String,
        /// The column that looks like it, where it is surely one.
        nearest: Option<String>,
        /// How many columns there are, and how many of them are known.
        columns: String,
    },
    /// The file is not what its format says, or none that is known.
    #[error("`{file}` is not {expected}: {detail}")]
    WrongFormat {
        /// The file.
        file: String,
        /// The format, e.g. `a CSV file`.
        expected: String,
        /// How that shows.
        detail: String,
    },
    /// A file of a kind that kartei does not read, or one that is no list.
    #[error("`{file}` is {what}")]
    Foreign {
        /// The file.
        file: String,
        /// What it is, e.g. `a PDF`.
        what: String,
        /// What to do instead.
        advice: String,
    },
    /// A file of which every row had to be left out.
    #[error("`{file}`: none of its {rows} rows could be read; the first, on line {line}, has {detail}")]
    NoRowRead {
        /// The file.
        file: String,
        /// How many rows it has.
        rows: usize,
        /// Where the first one stands.
        line: u64,
        /// What is wrong with it.
        detail: String,
    },
    /// The stated encoding does not exist.
    #[error("`{encoding}` is not an encoding")]
    UnknownEncoding {
        /// What the settings say.
        encoding: String,
    },
    /// The workbook lacks the stated sheet.
    #[error("`{file}` has no sheet `{sheet}`")]
    UnknownSheet {
        /// The file.
        file: String,
        /// The stated sheet.
        sheet: String,
        /// The sheets that are there.
        sheets: Vec<String>,
    },
    /// The file ends in the middle of a record or of its compressed data.
    #[error("`{file}` is cut off: {detail}")]
    Truncated {
        /// The file.
        file: String,
        /// How that shows, with the line where one is known.
        detail: String,
    },
    /// A file that grows beyond all measure as it is unpacked.
    #[error("`{file}` unpacks to more than {limit_bytes} bytes")]
    TooLarge {
        /// The file.
        file: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// An archive that holds no data file, or several.
    #[error("`{file}` holds {count} data files instead of one")]
    Archive {
        /// The file.
        file: String,
        /// How many it holds.
        count: usize,
    },
    /// Nobody wants the pages any more.
    #[error("reading `{file}` was stopped")]
    Stopped {
        /// The file that would have come next.
        file: String,
    },
    /// A fault of the program.
    #[error("reading `{file}` failed inside kartei: {detail}")]
    Internal {
        /// The file.
        file: String,
        /// What failed.
        detail: String,
    },
}

impl Failure for FileError {
    /// A file that is late, half there or out of reach may be there in a minute; one that is there and wrong stays so.
    fn kind(&self) -> ErrorKind {
        match self {
            Self::StillWritten { settle_seconds, .. } => {
                ErrorKind::Transient { after: Some(Duration::from_secs(*settle_seconds)) }
            }
            Self::Io { cause, .. } if cause.kind() == io::ErrorKind::PermissionDenied => ErrorKind::Authentication,
            Self::NoFile { .. } | Self::Changed { .. } | Self::Stopped { .. } | Self::Io { .. } => ErrorKind::TRANSIENT,
            Self::Settings { .. }
            | Self::Elsewhere { .. }
            | Self::WrongDelimiter { .. }
            | Self::UnknownEncoding { .. }
            | Self::UnknownSheet { .. } => ErrorKind::Configuration,
            Self::Empty { .. }
            | Self::HeaderOnly { .. }
            | Self::MissingKeyColumn { .. }
            | Self::WrongFormat { .. }
            | Self::Foreign { .. }
            | Self::NoRowRead { .. }
            | Self::Truncated { .. }
            | Self::TooLarge { .. }
            | Self::Archive { .. }
            | Self::Internal { .. } => ErrorKind::Data,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Settings { hint, .. } => hint.clone(),
            Self::NoFile { .. } => {
                "check `connector.path` of the source, and that the delivery has arrived; the path is \
                                    relative to the configuration's folder"
                    .into()
            }
            Self::StillWritten { .. } => {
                "run again in a minute; `settle_seconds` says how long a file must have been quiet".into()
            }
            Self::Changed { .. } => {
                "have the exporting system write under another name and rename when done, or raise `settle_seconds`"
                    .into()
            }
            Self::Io { cause, .. } if cause.kind() == io::ErrorKind::PermissionDenied => {
                "let kartei's user read the file".into()
            }
            Self::Io { .. } => "check the file and the disk or network drive that it lies on".into(),
            Self::Elsewhere { .. } => {
                "put the file itself there, or name the folder in which it lies in `connector.path`".into()
            }
            Self::Empty { .. } => "export it again; yesterday's file, if it is still there, can be put back".into(),
            Self::HeaderOnly { .. } => {
                "export it again; if the source really has no rows, set `volume.min_rows = 0`".into()
            }
            Self::WrongDelimiter { found, .. } => {
                format!("set `delimiter = {:?}`, or leave it out to have it found", found.to_string())
            }
            Self::MissingKeyColumn { nearest: Some(name), .. } => format!("is it `{name}`? then name that in `key`"),
            Self::MissingKeyColumn { columns, .. } => format!("it has {columns}"),
            Self::WrongFormat { .. } => "check what was exported, or set `connector.format`".into(),
            Self::Foreign { advice, .. } => advice.clone(),
            Self::NoRowRead { .. } => "open the file: does each row have as many fields as the header?".into(),
            Self::UnknownEncoding { .. } => {
                "write `utf-8`, `windows-1252` or `utf-16le`, or leave `encoding` out to have it found".into()
            }
            Self::UnknownSheet { sheets, .. } => format!("the sheets are: {}", sheets.join(", ")),
            Self::Truncated { .. } => "have it delivered again; nothing of it counts as complete".into(),
            Self::TooLarge { .. } => "look at what it holds; deliver it unpacked if that is right".into(),
            Self::Archive { .. } => "pack exactly one data file".into(),
            Self::Stopped { .. } | Self::Internal { .. } => return None,
        };
        Some(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_delimiter_says_which_one_to_set() {
        let error = FileError::WrongDelimiter { file: "a.csv".into(), stated: ',', found: ';' };
        assert!(error.hint().unwrap().contains("delimiter = \";\""));
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }

    #[test]
    fn a_file_that_is_being_written_is_worth_another_try_once_it_may_be_quiet() {
        let error = FileError::StillWritten { file: "a.csv".into(), settle_seconds: 30 };
        assert_eq!(error.kind(), ErrorKind::Transient { after: Some(Duration::from_secs(30)) });
        let denied = FileError::Io { file: "a.csv".into(), cause: io::ErrorKind::PermissionDenied.into() };
        assert_eq!(denied.kind(), ErrorKind::Authentication);
    }
}
