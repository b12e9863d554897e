//! The first look at a file: what it is, how it is written, whether all of it is there, and its fingerprint.

use std::fs::Metadata;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use kartei_schemas::source::FileFormat;
use xxhash_rust::xxh3::Xxh3;

use crate::content::{self, Packing, explain, file_name, read_up_to};
use crate::dialect::{self, Dialect};
use crate::encoding::{self, Evidence, Transcoder};
use crate::error::FileError;
use crate::options::ReadOptions;

/// A file that was looked at from its first byte to its last.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) packing: Packing,
    pub(crate) format: Format,
    /// xxh3 of the unpacked content, in hexadecimal.
    pub(crate) hash: String,
    pub(crate) size: u64,
    pub(crate) modified: Option<DateTime<Utc>>,
    pub(crate) ends_with_line_break: bool,
    pub(crate) sheet: Option<String>,
}

/// A format, with all that is needed to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv(Dialect, &'static Encoding),
    Ndjson(&'static Encoding),
    Json(&'static Encoding),
    Xlsx,
    Parquet,
}

/// So much of the content is looked at for format and dialect.
const SAMPLE_BYTES: usize = 1 << 17;

/// Looks at a file.
pub(crate) fn inspect(path: &Path, options: &ReadOptions) -> Result<Delivery, FileError> {
    let metadata = stat(path)?;
    let name = file_name(path);
    if metadata.len() == 0 {
        return Err(FileError::Empty { file: name });
    }
    let packing = content::packing_of(path)?;
    let inner_name = content::inner_name(path, packing)?;
    let is_stated = options.encoding.is_some();
    let scan =
        content::with_content(path, packing, |reader| scan(reader, is_stated).map_err(|cause| explain(path, cause)))?;
    if scan.sample.is_empty() {
        return Err(FileError::Empty { file: name });
    }
    let format = format_of(&name, &inner_name, &scan, options)?;
    Ok(Delivery {
        path: path.to_owned(),
        name,
        packing,
        format,
        hash: scan.hash,
        size: metadata.len(),
        modified: modified(&metadata),
        ends_with_line_break: scan.ends_with_line_break,
        sheet: options.sheet.clone(),
    })
}

impl Delivery {
    /// How the file is written, for people.
    pub(crate) fn description(&self) -> String {
        let mut text = match self.format {
            Format::Csv(dialect, encoding) => {
                format!("CSV, delimiter {:?}, {}", char::from(dialect.delimiter), encoding.name())
            }
            Format::Ndjson(encoding) => format!("NDJSON, {}", encoding.name()),
            Format::Json(encoding) => format!("JSON, {}", encoding.name()),
            Format::Xlsx => "XLSX".into(),
            Format::Parquet => "Parquet".into(),
        };
        match self.packing {
            Packing::Bare => {}
            Packing::Gzip => text.push_str(", gz"),
            Packing::Zip => text.push_str(", zip"),
        }
        text
    }

    /// Fails if the file is no longer the one that was looked at.
    pub(crate) fn check_unchanged(&self) -> Result<(), FileError> {
        let metadata = stat(&self.path)?;
        let is_same = metadata.len() == self.size && modified(&metadata) == self.modified;
        if is_same { Ok(()) } else { Err(FileError::Changed { file: self.name.clone() }) }
    }
}

/// When a file was last written, where its file system tells.
pub(crate) fn modified(metadata: &Metadata) -> Option<DateTime<Utc>> {
    metadata.modified().ok().map(DateTime::from)
}

pub(crate) fn stat(path: &Path) -> Result<Metadata, FileError> {
    std::fs::metadata(path).map_err(|cause| explain(path, cause))
}

struct Scan {
    hash: String,
    sample: Vec<u8>,
    is_sample_all: bool,
    evidence: &'static Encoding,
    ends_with_line_break: bool,
}

/// Reads the content once. Where its encoding is stated, only the sample is asked what it looks like.
fn scan(reader: &mut dyn Read, is_stated: bool) -> std::io::Result<Scan> {
    let mut hasher = Xxh3::new();
    let mut evidence = Evidence::default();
    let mut sample = Vec::new();
    let mut is_sample_all = true;
    let mut last = Vec::new();
    let mut chunk = vec![0; 1 << 18];
    loop {
        let count = read_up_to(reader, &mut chunk)?;
        let bytes = &chunk[..count];
        hasher.update(bytes);
        if !is_stated || sample.len() < SAMPLE_BYTES {
            evidence.feed(bytes);
        }
        let room = (SAMPLE_BYTES - sample.len()).min(count);
        sample.extend_from_slice(&bytes[..room]);
        is_sample_all &= room == count;
        if let Some(tail) = bytes.len().checked_sub(1) {
            last = bytes[tail.saturating_sub(1)..].to_vec();
        }
        if count < chunk.len() {
            break;
        }
    }
    Ok(Scan {
        hash: format!("{:032x}", hasher.digest128()),
        sample,
        is_sample_all,
        evidence: evidence.conclude(),
        ends_with_line_break: last.iter().any(|byte| matches!(byte, b'\n' | b'\r')),
    })
}

fn format_of(name: &str, inner_name: &str, scan: &Scan, options: &ReadOptions) -> Result<Format, FileError> {
    let wrong = |expected: &str, detail: &str| FileError::WrongFormat {
        file: name.to_owned(),
        expected: expected.to_owned(),
        detail: detail.to_owned(),
    };
    let is_parquet = scan.sample.starts_with(b"PAR1");
    let is_workbook = scan.sample.starts_with(b"PK\x03\x04");
    match options.format {
        Some(FileFormat::Parquet) if !is_parquet => return Err(wrong("a Parquet file", "its first bytes are others")),
        Some(FileFormat::Xlsx) if !is_workbook => return Err(wrong("an XLSX workbook", not_a_workbook(&scan.sample))),
        Some(FileFormat::Parquet) => return Ok(Format::Parquet),
        Some(FileFormat::Xlsx) => return Ok(Format::Xlsx),
        None if is_parquet => return Ok(Format::Parquet),
        None if is_workbook => return Ok(Format::Xlsx),
        _ => {}
    }
    let ending = inner_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match (options.format, &*ending) {
        (None, "parquet" | "pq") => return Err(wrong("a Parquet file", "its first bytes are others")),
        (None, "xlsx" | "xlsm" | "xls") => return Err(wrong("an XLSX workbook", not_a_workbook(&scan.sample))),
        _ => {}
    }
    let encoding = match &options.encoding {
        Some(label) => encoding::stated(label)?,
        None => scan.evidence,
    };
    let text = sample_text(scan, encoding);
    if let Some(detail) = unlike_text(&text, scan) {
        return Err(wrong("a text file", detail));
    }
    let first = text.trim_start().chars().next();
    Ok(match (options.format, &*ending, first) {
        (Some(FileFormat::Json), ..) | (None, "json", Some('[')) => Format::Json(encoding),
        (Some(FileFormat::Ndjson), ..) | (None, "ndjson" | "jsonl" | "json", _) => Format::Ndjson(encoding),
        (None, "csv" | "tsv" | "tab" | "txt", _) | (Some(_), ..) => csv_format(name, &text, encoding, options)?,
        (None, _, Some('[')) => Format::Json(encoding),
        (None, _, Some('{')) => Format::Ndjson(encoding),
        (None, ..) => csv_format(name, &text, encoding, options)?,
    })
}

fn csv_format(name: &str, text: &str, encoding: &'static Encoding, options: &ReadOptions) -> Result<Format, FileError> {
    let byte = |sign: Option<char>, what: &str| match sign.map(u8::try_from) {
        None => Ok(None),
        Some(Ok(byte)) if byte.is_ascii() => Ok(Some(byte)),
        Some(_) => Err(FileError::WrongFormat {
            file: name.to_owned(),
            expected: "a CSV file".into(),
            detail: format!("its {what} is not an ASCII character"),
        }),
    };
    let dialect = dialect::find(text, byte(options.delimiter, "delimiter")?, byte(options.quote, "quote")?);
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if let Some(stated) = options.delimiter
        && !header.contains(stated)
        && let Some(found) = dialect::find_delimiter(text, dialect.quote)
    {
        return Err(FileError::WrongDelimiter { file: name.to_owned(), stated, found: char::from(found) });
    }
    Ok(Format::Csv(dialect, encoding))
}

/// The sample as text, up to its last whole line.
fn sample_text(scan: &Scan, encoding: &'static Encoding) -> String {
    let mut bytes = Vec::new();
    // Reading from memory cannot fail, and what is not text shows in the result.
    let _ = Transcoder::new(&*scan.sample, encoding).read_to_end(&mut bytes);
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if !scan.is_sample_all
        && let Some(end) = text.rfind('\n')
    {
        text.truncate(end + 1);
    }
    text
}

/// How it shows that these bytes are no list.
fn unlike_text(text: &str, scan: &Scan) -> Option<&'static str> {
    let start = text.trim_start().get(..9).unwrap_or_default().to_ascii_lowercase();
    if start.starts_with("<!doctype") || start.starts_with("<html") {
        return Some("it is a web page, perhaps of a login that has run out");
    }
    if scan.sample.starts_with(b"%PDF") {
        return Some("it is a PDF");
    }
    if scan.sample.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Some(not_a_workbook(&scan.sample));
    }
    let is_odd = |sign: &char| sign.is_control() && !matches!(sign, '\t' | '\n' | '\r' | '\x0c');
    let is_wide = [UTF_16LE, UTF_16BE].contains(&scan.evidence);
    let signs = text.chars().count();
    let odd = text.chars().filter(is_odd).count();
    let unreadable = if scan.evidence == UTF_8 || is_wide { text.matches('\u{fffd}').count() } else { 0 };
    let bad = odd + unreadable;
    (bad > 3 && bad * 20 > signs).then_some("it holds binary data")
}

fn not_a_workbook(sample: &[u8]) -> &'static str {
    if sample.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        "it is an old or encrypted Excel file; save it as XLSX without a password"
    } else {
        "its first bytes are others"
    }
}
