//! Brings odd CSV into the usual form on its way to the parser: quotes behind spaces, rows that are quoted as a whole.

use std::io::{self, BufRead, BufReader, Read};

use crate::dialect::{Dialect, reader_builder};

/// The text as the parser knows it. Lines stay lines, so that every row keeps its place.
pub(crate) fn untangle<'r>(input: impl Read + 'r, dialect: Dialect) -> Box<dyn Read + 'r> {
    match dialect.quote {
        Some(_) if dialect.is_wrapped => {
            Box::new(Unwrapped { input: BufReader::new(input), dialect, line: Vec::new(), given: 0 })
        }
        Some(quote) if dialect.has_spaces_before_quotes => Box::new(Unspaced::new(input, dialect, quote)),
        _ => Box::new(input),
    }
}

/// Takes the quotes off rows that are quoted as a whole.
struct Unwrapped<R> {
    input: BufReader<R>,
    dialect: Dialect,
    line: Vec<u8>,
    given: usize,
}

impl<R: Read> Read for Unwrapped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.line.len() {
            let mut line = Vec::new();
            self.input.read_until(b'\n', &mut line)?;
            self.line = unwrap_line(line, self.dialect);
            self.given = 0;
        }
        let count = buffer.len().min(self.line.len() - self.given);
        buffer[..count].copy_from_slice(&self.line[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// A line without the quotes around it, if they are around all of it and there is more than one cell inside.
fn unwrap_line(line: Vec<u8>, dialect: Dialect) -> Vec<u8> {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    let is_wrapped = end > 1 && line[0] == b'"' && line[end - 1] == b'"' && line[..end].contains(&dialect.delimiter);
    if !is_wrapped {
        return line;
    }
    let mut record = csv::ByteRecord::new();
    let mut reader = reader_builder(Dialect::plain(dialect.delimiter, Some(b'"'))).from_reader(&line[..end]);
    match reader.read_byte_record(&mut record) {
        Ok(true) if record.len() == 1 => [&record[0], &line[end..]].concat(),
        _ => line,
    }
}

/// A whole text without the quotes around its rows.
pub(crate) fn unwrap_text(text: &[u8], dialect: Dialect) -> Vec<u8> {
    text.split_inclusive(|byte| *byte == b'\n').flat_map(|line| unwrap_line(line.to_vec(), dialect)).collect()
}

/// Leaves out the spaces between a delimiter and the quote that opens a cell.
struct Unspaced<R> {
    input: R,
    dialect: Dialect,
    quote: u8,
    output: Vec<u8>,
    given: usize,
    is_quoted: bool,
    is_at_start: bool,
    spaces: usize,
    buffer: Vec<u8>,
}

impl<R: Read> Unspaced<R> {
    fn new(input: R, dialect: Dialect, quote: u8) -> Self {
        let buffer = vec![0; 1 << 16];
        let (output, given, spaces) = (Vec::new(), 0, 0);
        Self { input, dialect, quote, output, given, is_quoted: false, is_at_start: true, spaces, buffer }
    }

    fn take(&mut self, byte: u8) {
        if self.is_quoted {
            self.is_quoted = byte != self.quote;
            self.output.push(byte);
        } else if self.is_at_start && byte == b' ' {
            self.spaces += 1;
        } else {
            let opens = byte == self.quote && (self.is_at_start || self.output.last() == Some(&self.quote));
            if !opens {
                self.output.resize(self.output.len() + self.spaces, b' ');
            }
            self.spaces = 0;
            self.is_quoted = opens;
            self.is_at_start = byte == self.dialect.delimiter || byte == b'\n' || byte == b'\r';
            self.output.push(byte);
        }
    }
}

impl<R: Read> Read for Unspaced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() {
            // The last sign stays: whether a quote is one of two depends on it.
            self.output.drain(..self.output.len().saturating_sub(1));
            self.given = self.output.len();
            let mut chunk = std::mem::take(&mut self.buffer);
            let count = self.input.read(&mut chunk)?;
            chunk[..count].iter().for_each(|byte| self.take(*byte));
            self.buffer = chunk;
            if count == 0 {
                self.output.resize(self.output.len() + std::mem::take(&mut self.spaces), b' ');
                if self.given == self.output.len() {
                    return Ok(0);
                }
            }
        }
        let count = buffer.len().min(self.output.len() - self.given);
        buffer[..count].copy_from_slice(&self.output[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn untangled(text: &str, dialect: Dialect) -> String {
        let mut out = String::new();
        untangle(text.as_bytes(), dialect).read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn spaces_before_quotes_go_and_all_others_stay() {
        let dialect = Dialect { has_spaces_before_quotes: true, ..Dialect::plain(b',', Some(b'"')) };
        let text = "id, name ,ort\n 1,  \"Brandner, \"\"Lo\"\" , x\" , Ulm\n \"2\", \"a\", \n";
        let expected = "id, name ,ort\n 1,\"Brandner, \"\"Lo\"\" , x\" , Ulm\n\"2\",\"a\", \n";
        assert_eq!(untangled(text, dialect), expected);
    }

    #[test]
    fn rows_that_are_quoted_as_a_whole_are_unwrapped() {
        let dialect = Dialect { is_wrapped: true, ..Dialect::plain(b',', Some(b'"')) };
        let text = "id,name\r\n\"1,\"\"Brandner, Lotte\"\"\"\r\n2,Aigner\r\n\"only one\"\r\n";
        assert_eq!(untangled(text, dialect), "id,name\r\n1,\"Brandner, Lotte\"\r\n2,Aigner\r\n\"only one\"\r\n");
    }
}
