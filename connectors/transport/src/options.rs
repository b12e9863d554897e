//! How a file is to be read, as far as somebody said so; the rest is found.

use kartei_schemas::source::{FileFormat, FilesSettings};

/// How a file is to be read. What is left out is found from the file's name and content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format.
    pub format: Option<FileFormat>,
    /// The CSV delimiter.
    pub delimiter: Option<char>,
    /// The CSV quote character.
    pub quote: Option<char>,
    /// The text encoding: `utf-8`, `windows-1252`, `latin1`, `utf-16le`, ...
    pub encoding: Option<String>,
    /// The XLSX sheet.
    pub sheet: Option<String>,
}

impl From<&FilesSettings> for ReadOptions {
    fn from(settings: &FilesSettings) -> Self {
        Self {
            format: settings.format,
            delimiter: settings.delimiter,
            quote: settings.quote,
            encoding: settings.encoding.clone(),
            sheet: settings.sheet.clone(),
        }
    }
}
