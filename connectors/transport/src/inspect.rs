//! The first look at a file: what it is, how it is written, whether all of it is there, and its fingerprint.
//!
//! How a CSV file is written is decided by its first rows, and held against all of them.

use std::fs::Metadata;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use kartei_schemas::source::FileFormat;
use xxhash_rust::xxh3::Xxh3;

use crate::charset::Charset;
use crate::content::{self, Packing, explain, file_name, read_up_to};
use crate::dialect::{self, Dialect, Stated};
use crate::encoding::{self, Evidence, Transcoder};
use crate::error::FileError;
use crate::foreign::{self, Document, Foreign};
use crate::meter::{Fit, Meter};
use crate::options::ReadOptions;
use crate::{vcard, web_table};

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
    Csv(Dialect, Charset),
    Ndjson(&'static Encoding),
    Json(&'static Encoding),
    VCard(Charset),
    WebTable(Charset),
    Xlsx,
    Ods,
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
    let document = if packing == Packing::Bare && scan.sample.starts_with(b"PK\x03\x04") {
        content::document_of(path)?
    } else {
        None
    };
    let mut format = format_of((&name, &inner_name), &scan, document, options)?;
    if let Format::Csv(dialect, charset) = format
        && !scan.is_sample_all
    {
        format = Format::Csv(held_against_all((path, packing), (dialect, charset), &scan, options)?, charset);
    }
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
            Format::Csv(dialect, charset) => {
                format!("CSV, delimiter {:?}, {}", char::from(dialect.delimiter), charset.name())
            }
            Format::Ndjson(encoding) => format!("NDJSON, {}", encoding.name()),
            Format::Json(encoding) => format!("JSON, {}", encoding.name()),
            Format::VCard(charset) => format!("vCard, {}", charset.name()),
            Format::WebTable(charset) => format!("web table, {}", charset.name()),
            Format::Xlsx => "XLSX".into(),
            Format::Ods => "ODS".into(),
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
    evidence: Charset,
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

fn format_of(
    (name, inner_name): (&str, &str),
    scan: &Scan,
    document: Option<Document>,
    options: &ReadOptions,
) -> Result<Format, FileError> {
    let wrong = |expected: &str| wrong_format(name, expected, "its first bytes are others");
    let is_parquet = scan.sample.starts_with(b"PAR1");
    let is_workbook = scan.sample.starts_with(b"PK\x03\x04");
    if let Some(foreign) = foreign::by_bytes(&scan.sample) {
        return Err(is_foreign(name, foreign));
    }
    match (options.format, document) {
        (None | Some(FileFormat::Xlsx), Some(Document::Foreign(foreign))) => return Err(is_foreign(name, foreign)),
        (Some(FileFormat::Parquet), _) if !is_parquet => return Err(wrong("a Parquet file")),
        (Some(FileFormat::Xlsx), _) if !is_workbook => return Err(wrong("an XLSX workbook")),
        (Some(FileFormat::Parquet), _) => return Ok(Format::Parquet),
        (None | Some(FileFormat::Xlsx), Some(Document::Ods)) => return Ok(Format::Ods),
        (Some(FileFormat::Xlsx), _) => return Ok(Format::Xlsx),
        (None, _) if is_parquet => return Ok(Format::Parquet),
        (None, _) if is_workbook => return Ok(Format::Xlsx),
        _ => {}
    }
    let charset = match &options.encoding {
        Some(label) => encoding::stated(label)?,
        None => scan.evidence,
    };
    let text = sample_text(scan, charset);
    let ending = inner_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    if let Some(format) = text_document(name, &text, charset, options)? {
        return Ok(format);
    }
    match (options.format, &*ending) {
        (None, "parquet" | "pq") => return Err(wrong("a Parquet file")),
        (None, "xlsx" | "xlsm") => return Err(wrong("an XLSX workbook")),
        _ => {}
    }
    if is_binary(&text, scan) {
        return Err(wrong_format(name, "a text file", "it holds binary data"));
    }
    let first = text.trim_start().chars().next();
    let encoding = charset.standard();
    Ok(match (options.format, &*ending, first) {
        (Some(FileFormat::Json), ..) | (None, "json", Some('[')) => Format::Json(encoding),
        (Some(FileFormat::Ndjson), ..) | (None, "ndjson" | "jsonl" | "json", _) => Format::Ndjson(encoding),
        (None, "csv" | "tsv" | "tab" | "txt", _) | (Some(_), ..) => csv_format(name, &text, charset, options)?,
        (None, _, Some('[')) => Format::Json(encoding),
        (None, _, Some('{')) => Format::Ndjson(encoding),
        (None, ..) => csv_format(name, &text, charset, options)?,
    })
}

/// Cards and tables of web pages; an error for texts that are no list.
fn text_document(name: &str, text: &str, charset: Charset, options: &ReadOptions) -> Result<Option<Format>, FileError> {
    if options.format.is_none() && vcard::is_cards(text) {
        return Ok(Some(Format::VCard(charset)));
    }
    if options.format.is_none() && web_table::is_table(text) {
        return Ok(Some(Format::WebTable(charset)));
    }
    match foreign::by_text(text) {
        Some(foreign) => Err(is_foreign(name, foreign)),
        None => Ok(None),
    }
}

fn is_foreign(name: &str, (what, advice): Foreign) -> FileError {
    FileError::Foreign { file: name.to_owned(), what: what.to_owned(), advice: advice.to_owned() }
}

fn wrong_format(name: &str, expected: &str, detail: &str) -> FileError {
    FileError::WrongFormat { file: name.to_owned(), expected: expected.to_owned(), detail: detail.to_owned() }
}

fn csv_format(name: &str, text: &str, charset: Charset, options: &ReadOptions) -> Result<Format, FileError> {
    let byte = |sign: Option<char>, what: &str| match sign.map(u8::try_from) {
        None => Ok(None),
        Some(Ok(byte)) if byte.is_ascii() => Ok(Some(byte)),
        Some(_) => Err(wrong_format(name, "a CSV file", &format!("its {what} is not an ASCII character"))),
    };
    let stated = Stated { delimiter: byte(options.delimiter, "delimiter")?, quote: byte(options.quote, "quote")? };
    let dialect = dialect::find(text, stated);
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if let Some(stated) = options.delimiter
        && !header.contains(stated)
        && let Some(found) = dialect::find_delimiter(text, dialect.quote)
    {
        return Err(FileError::WrongDelimiter { file: name.to_owned(), stated, found: char::from(found) });
    }
    Ok(Format::Csv(dialect, charset))
}

/// The dialect that the sample shows, or a better one that only all rows together tell.
fn held_against_all(
    (path, packing): (&Path, Packing),
    (dialect, charset): (Dialect, Charset),
    scan: &Scan,
    options: &ReadOptions,
) -> Result<Dialect, FileError> {
    if dialect.is_wrapped || options.quote.is_some() {
        return Ok(dialect);
    }
    let measure = |dialects: &[Dialect]| -> Result<Vec<Fit>, FileError> {
        let mut meters: Vec<Meter> = dialects.iter().map(|dialect| Meter::new(*dialect)).collect();
        content::with_content(path, packing, |reader| {
            let mut text = Transcoder::new(reader, charset);
            let mut chunk = vec![0; 1 << 17];
            loop {
                let count = text.read(&mut chunk).map_err(|cause| explain(path, cause))?;
                if count == 0 {
                    return Ok(meters.drain(..).map(Meter::finish).collect());
                }
                for meter in &mut meters {
                    meter.feed(&chunk[..count]);
                }
            }
        })
    };
    let usual = measure(&[dialect])?[0];
    if usual.share() >= 998 && usual.broken == 0 {
        return Ok(dialect);
    }
    let mut candidates = vec![dialect];
    candidates.extend(dialect::all_quotings(dialect.delimiter, dialect.has_returns));
    if options.delimiter.is_none() {
        candidates.extend(dialect::candidates(&sample_text(scan, charset), Stated::default()).0);
    }
    candidates.dedup();
    let fits = measure(&candidates)?;
    let fit_of = |wanted: Dialect| candidates.iter().position(|it| *it == wanted).map_or(usual, |place| fits[place]);
    let best = dialect::best(&candidates, fit_of).map_or(dialect, |(best, _)| best);
    Ok(Dialect { header_delimiter: dialect.header_delimiter.filter(|_| best.delimiter == dialect.delimiter), ..best })
}

/// The sample as text, up to its last whole line.
fn sample_text(scan: &Scan, charset: Charset) -> String {
    let mut bytes = Vec::new();
    // Reading from memory cannot fail, and what is not text shows in the result.
    let _ = Transcoder::new(&*scan.sample, charset).read_to_end(&mut bytes);
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if !scan.is_sample_all
        && let Some(end) = text.rfind('\n')
    {
        text.truncate(end + 1);
    }
    text
}

/// Whether these bytes are no text.
fn is_binary(text: &str, scan: &Scan) -> bool {
    let is_odd = |sign: &char| sign.is_control() && !matches!(sign, '\t' | '\n' | '\r' | '\x0c' | '\x1f' | '\x01');
    let is_decoded = [UTF_8, UTF_16LE, UTF_16BE].map(Charset::from).contains(&scan.evidence);
    let signs = text.chars().count();
    let odd = text.chars().filter(is_odd).count();
    let unreadable = if is_decoded { text.matches('\u{fffd}').count() } else { 0 };
    let bad = odd + unreadable;
    bad > 3 && bad * 20 > signs
}
