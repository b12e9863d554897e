//! CSV into rows: every record that has as many fields as the header, and is text.

use std::io::Read;

use csv::ByteRecord;
use encoding_rs::Encoding;
use kartei_connector::RejectReason;

use crate::content::explain;
use crate::dialect::{Dialect, reader_builder};
use crate::encoding::Transcoder;
use crate::error::FileError;
use crate::inspect::Delivery;
use crate::line_breaks::LineBreaks;
use crate::pager::{Halt, Pager};
use crate::reject::{raw_array, refused};

/// A record that no file holds, put behind the end: a quote that was never closed swallows it.
const END_MARK: &[u8] = b"\x01end of file\x01";
const END_LINES: &[u8] = b"\r\n\x01end of file\x01\n";

/// Reads the rows of a CSV file.
pub(crate) fn read_rows(
    input: &mut dyn Read,
    delivery: &Delivery,
    (dialect, encoding): (Dialect, &'static Encoding),
    pager: &mut Pager<'_>,
) -> Result<(), Halt> {
    let text = Transcoder::new(input, encoding).chain(&END_LINES[usize::from(!dialect.has_returns)..]);
    let breaks = LineBreaks::of(dialect.has_returns);
    let mut reader = reader_builder(dialect).from_reader(breaks.watch(text));
    let mut record = ByteRecord::new();
    let mut has_header = false;
    let mut short_line = None;
    loop {
        let more = reader.read_byte_record(&mut record).map_err(|error| explain_csv(delivery, error))?;
        let line = first_line(&record, reader.position(), &breaks);
        if !more || record.as_slice() == END_MARK {
            break;
        }
        if record.as_slice().ends_with(b"\x01end of file\x01\n") {
            // It ends with the file and not with a line break, which `first_line` takes for granted.
            let line = line + 1;
            let detail = format!("the quote that opens in the record of line {line} is never closed");
            return Err(FileError::Truncated { file: delivery.name.clone(), detail }.into());
        }
        short_line = None;
        if has_header {
            if record.len() < pager.width() {
                short_line = Some(line);
            }
            read_record(&record, line, dialect, pager)?;
        } else if !record.as_slice().starts_with(b"sep=") {
            pager.start(&header(&record, delivery)?)?;
            has_header = true;
        }
    }
    if let Some(line) = short_line.filter(|_| !delivery.ends_with_line_break) {
        let detail = format!("line {line} ends in the middle of a row");
        return Err(FileError::Truncated { file: delivery.name.clone(), detail }.into());
    }
    if has_header { Ok(()) } else { Err(FileError::Empty { file: delivery.name.clone() }.into()) }
}

/// The line on which a record begins. The parser's own count begins before the blank lines that it skips.
fn first_line(record: &ByteRecord, behind: &csv::Position, breaks: &LineBreaks) -> u64 {
    let breaks_inside = memchr::memchr_iter(b'\n', record.as_slice()).count() as u64;
    behind.line().saturating_sub(breaks_inside + u64::from(breaks.is_counted(behind.byte())))
}

fn read_record(record: &ByteRecord, line: u64, dialect: Dialect, pager: &mut Pager<'_>) -> Result<(), Halt> {
    let width = pager.width();
    let Some(text) = text_of(record) else {
        // A cell that is no text is no key either.
        let cells: Vec<&str> = record.iter().map(|cell| std::str::from_utf8(cell).unwrap_or_default()).collect();
        let key = pager.recover_key(&cells);
        let column = (0..record.len()).find(|index| std::str::from_utf8(&record[*index]).is_err());
        let mut reject = refused(line, RejectReason::InvalidEncoding, "bytes that are not UTF-8".into(), raw(record));
        reject.column = column.and_then(|index| pager.names().get(index).cloned());
        reject.key = key;
        return pager.refuse(reject);
    };
    let cell = |index: usize| record.range(index).map(|range| &text[range]);
    // Some systems end each row with a delimiter, and the header not.
    let is_whole = record.len() == width
        || record.len() > width && (width..record.len()).all(|index| cell(index).is_none_or(str::is_empty));
    let swallows = record.as_slice().contains(&b'\n') && swallows_rows(text, width, dialect);
    if is_whole && !swallows {
        return pager.push(line, cell);
    }
    if swallows {
        return refuse_swallowed(record, line, dialect, pager);
    }
    let is_blank = record.iter().all(<[u8]>::is_empty);
    if is_blank {
        return Ok(());
    }
    let detail = format!("{} fields instead of {width}", record.len());
    let mut reject = refused(line, RejectReason::RaggedRow, detail, raw(record));
    let cells: Vec<&str> = (0..record.len()).filter_map(cell).collect();
    reject.key = pager.recover_key(&cells);
    pager.refuse(reject)
}

/// Lists with fewer columns cannot be told from a text of several lines.
const LEAST_TELLING_WIDTH: usize = 5;

/// Whether a record looks as if a quote that was never closed had swallowed the rows behind it: one of its inner lines
/// holds as many delimiters as a row, or all of its cells together do and a quote is left over.
fn swallows_rows(text: &str, width: usize, dialect: Dialect) -> bool {
    let delimiters = |line: &str| line.matches(char::from(dialect.delimiter)).count();
    let is_like_rows = || text.lines().skip(1).any(|line| delimiters(line) >= width - 1);
    let has_quote_left = || text.contains(char::from(dialect.quote)) && delimiters(text) >= width - 1;
    width >= LEAST_TELLING_WIDTH && (is_like_rows() || has_quote_left())
}

/// Quarantines every line of such a record on its own, so that no row that was swallowed counts as gone.
fn refuse_swallowed(record: &ByteRecord, line: u64, dialect: Dialect, pager: &mut Pager<'_>) -> Result<(), Halt> {
    let text = record
        .iter()
        .map(String::from_utf8_lossy)
        .collect::<Vec<_>>()
        .join(&*char::from(dialect.delimiter).to_string());
    for (offset, row) in text.lines().enumerate() {
        let cells: Vec<&str> = row.split(char::from(dialect.delimiter)).collect();
        let detail = format!("a quote that opens in the record of line {line} is not closed there");
        let raw = raw_array(cells.iter().map(|cell| (*cell).into()));
        let mut reject = refused(line + offset as u64, RejectReason::RaggedRow, detail, raw);
        reject.key = pager.recover_key(&cells);
        pager.refuse(reject)?;
    }
    Ok(())
}

/// The text of a whole record, if each of its fields is UTF-8.
fn text_of(record: &ByteRecord) -> Option<&str> {
    let text = std::str::from_utf8(record.as_slice()).ok()?;
    let is_cut_soundly = text.is_ascii()
        || (0..record.len()).all(|index| record.range(index).is_some_and(|range| text.is_char_boundary(range.end)));
    is_cut_soundly.then_some(text)
}

fn header(record: &ByteRecord, delivery: &Delivery) -> Result<Vec<String>, FileError> {
    let mut names: Vec<String> = record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    while names.len() > 1 && names.last().is_some_and(|name| name.trim().is_empty()) {
        names.pop();
    }
    if names.iter().all(|name| name.trim().is_empty()) {
        let detail = "its first line names no columns".into();
        return Err(FileError::WrongFormat { file: delivery.name.clone(), expected: "a CSV file".into(), detail });
    }
    Ok(names)
}

fn raw(record: &ByteRecord) -> String {
    raw_array(record.iter().map(String::from_utf8_lossy))
}

fn explain_csv(delivery: &Delivery, error: csv::Error) -> FileError {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => explain(&delivery.path, cause),
        other => FileError::Internal { file: delivery.name.clone(), detail: format!("{other:?}") },
    }
}
