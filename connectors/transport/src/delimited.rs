//! CSV into rows: every record that has as many fields as the header, and is text.

use std::borrow::Cow;
use std::io::Read;

use csv::ByteRecord;
use kartei_connector::RejectReason;

use crate::begin::{self, LOOK_ROWS};
use crate::cells::{bare, may_be_wrapped};
use crate::charset::Charset;
use crate::content::explain;
use crate::dialect::{Dialect, reader_builder};
use crate::encoding::Transcoder;
use crate::error::FileError;
use crate::inspect::Delivery;
use crate::line_breaks::LineBreaks;
use crate::pager::{Halt, Pager};
use crate::reject::{raw_array, refused};
use crate::untangle::untangle;

/// A record that no file holds, put behind the end: a quote that was never closed swallows it.
const END_MARK: &[u8] = b"\x01end of file\x01";
const END_LINES: &[u8] = b"\r\n\x01end of file\x01\n";

/// Reads the rows of a CSV file.
pub(crate) fn read_rows(
    input: &mut dyn Read,
    delivery: &Delivery,
    (dialect, charset): (Dialect, Charset),
    pager: &mut Pager<'_>,
) -> Result<(), Halt> {
    let text = untangle(Transcoder::new(input, charset), dialect);
    let text = text.chain(&END_LINES[usize::from(!dialect.has_returns)..]);
    let breaks = LineBreaks::of(dialect.has_returns);
    let mut reader = reader_builder(dialect).from_reader(breaks.watch(text));
    let mut record = ByteRecord::new();
    let mut rows = Rows { pager, dialect, delivery, top: Some(Vec::new()), header: None, unfinished: None };
    let mut is_first = true;
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
        if is_first && record.get(0).is_some_and(|cell| cell.starts_with(b"sep=") || cell.starts_with(b"SEP=")) {
            is_first = false;
            continue;
        }
        is_first = false;
        rows.take(&record, line)?;
    }
    rows.finish()
}

/// The rows on their way to the pages; those at the top are held back until it is known where the table begins.
struct Rows<'p, 'e> {
    pager: &'p mut Pager<'e>,
    dialect: Dialect,
    delivery: &'p Delivery,
    top: Option<Vec<(ByteRecord, u64)>>,
    header: Option<ByteRecord>,
    /// The line of the last row, and what is wrong with it if the file ends there.
    unfinished: Option<(u64, &'static str)>,
}

impl Rows<'_, '_> {
    fn take(&mut self, record: &ByteRecord, line: u64) -> Result<(), Halt> {
        let Some(top) = &mut self.top else { return self.push(record, line) };
        let is_blank = record.iter().all(|cell| cell.trim_ascii().is_empty());
        if !is_blank {
            top.push((record.clone(), line));
        }
        if top.len() >= LOOK_ROWS { self.begin() } else { Ok(()) }
    }

    fn finish(mut self) -> Result<(), Halt> {
        if self.top.as_ref().is_some_and(Vec::is_empty) {
            return Err(FileError::Empty { file: self.delivery.name.clone() }.into());
        }
        self.begin()?;
        if let Some((line, fault)) = self.unfinished.filter(|_| !self.delivery.ends_with_line_break) {
            let detail = format!("line {line} {fault}");
            return Err(FileError::Truncated { file: self.delivery.name.clone(), detail }.into());
        }
        Ok(())
    }

    /// Looks where the table begins, and hands on what stands behind its header.
    fn begin(&mut self) -> Result<(), Halt> {
        let Some(mut top) = self.top.take() else { return Ok(()) };
        if let Some(delimiter) = self.dialect.header_delimiter
            && let Some((first, _)) = top.first_mut()
            && let Some(parted) = part(first, delimiter)
        {
            *first = parted;
        }
        let texts: Vec<Vec<String>> = top.iter().map(|(record, _)| record.iter().map(text_of_cell).collect()).collect();
        let beginning = begin::find(&texts, self.pager.expected_columns());
        let names = match beginning.header {
            Some(_) => without_empty_end(beginning.names),
            None => vec![String::new(); usual_length(&top)],
        };
        self.pager.start(&names)?;
        self.header = beginning.header.map(|row| top[row].0.clone());
        top.drain(..beginning.first.min(top.len()));
        top.iter().try_for_each(|(record, line)| self.push(record, *line))
    }

    fn push(&mut self, record: &ByteRecord, line: u64) -> Result<(), Halt> {
        self.unfinished = None;
        if record.len() < self.pager.width() {
            self.unfinished = Some((line, "ends in the middle of a row"));
        } else if self.dialect.quote.is_none() && record.iter().next_back().is_some_and(opens_only) {
            self.unfinished = Some((line, "ends behind a quote that is never closed"));
        }
        if record.len() > 1 && self.header.as_ref() == Some(record) {
            let detail = "the header once more".to_owned();
            return self.pager.refuse(refused(line, RejectReason::RaggedRow, detail, raw(record)));
        }
        read_record(record, line, self.dialect, self.pager)
    }
}

fn text_of_cell(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(cell);
    bare(&text).trim().to_owned()
}

/// Whether a cell begins with a quote and has no other.
fn opens_only(cell: &[u8]) -> bool {
    cell.first() == Some(&b'"') && !cell[1..].contains(&b'"')
}

fn part(record: &ByteRecord, delimiter: u8) -> Option<ByteRecord> {
    let mut parted = ByteRecord::new();
    let mut reader = reader_builder(Dialect::plain(delimiter, Some(b'"'))).from_reader(record.as_slice());
    reader.read_byte_record(&mut parted).ok().filter(|more| *more).map(|_| parted)
}

/// How many cells most rows have.
fn usual_length(rows: &[(ByteRecord, u64)]) -> usize {
    let count = |length: usize| rows.iter().filter(|(record, _)| record.len() == length).count();
    rows.iter().map(|(record, _)| record.len()).max_by_key(|length| count(*length)).unwrap_or(1)
}

fn without_empty_end(mut names: Vec<String>) -> Vec<String> {
    while names.len() > 1 && names.last().is_some_and(|name| name.trim().is_empty()) {
        names.pop();
    }
    names
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
        if !dialect.is_stated && may_be_wrapped(record.as_slice()) {
            let bared: Vec<Cow<'_, str>> =
                (0..width).map(|index| cell(index).map_or(Cow::Borrowed(""), bare)).collect();
            return pager.push(line, |index| bared.get(index).map(AsRef::as_ref));
        }
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
    let has_quote_left =
        || dialect.quote.is_some_and(|quote| text.contains(char::from(quote))) && delimiters(text) >= width - 1;
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

fn raw(record: &ByteRecord) -> String {
    raw_array(record.iter().map(String::from_utf8_lossy))
}

fn explain_csv(delivery: &Delivery, error: csv::Error) -> FileError {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => explain(&delivery.path, cause),
        other => FileError::Internal { file: delivery.name.clone(), detail: format!("{other:?}") },
    }
}
