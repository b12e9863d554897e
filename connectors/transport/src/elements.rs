//! Splits JSON text into its rows without parsing it, so that one bad row does not spoil the others.

use std::io::{self, BufRead};

/// How the rows lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value a line.
    Lines,
    /// One array around all values.
    Array,
}

/// Why splitting cannot go on.
#[derive(Debug)]
pub(crate) enum SplitError {
    Io(io::Error),
    NotAnArray,
    Truncated,
}

impl From<io::Error> for SplitError {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

/// The values of a JSON file, as bytes.
pub(crate) struct Elements<R> {
    inner: R,
    shape: Shape,
    /// Lines read, or elements.
    count: u64,
    is_open: bool,
    is_at_end: bool,
}

impl<R: BufRead> Elements<R> {
    pub(crate) fn new(inner: R, shape: Shape) -> Self {
        Self { inner, shape, count: 0, is_open: false, is_at_end: false }
    }

    /// Whether the value that came last is the file's last.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.is_at_end || self.inner.fill_buf().is_ok_and(<[u8]>::is_empty)
    }

    /// The next value and its position: its line, or its number in the array.
    pub(crate) fn next(&mut self, bytes: &mut Vec<u8>) -> Result<Option<u64>, SplitError> {
        match self.shape {
            Shape::Lines => self.next_line(bytes),
            Shape::Array => self.next_element(bytes),
        }
    }

    fn next_line(&mut self, bytes: &mut Vec<u8>) -> Result<Option<u64>, SplitError> {
        loop {
            bytes.clear();
            if self.inner.read_until(b'\n', bytes)? == 0 {
                return Ok(None);
            }
            self.count += 1;
            if !bytes.trim_ascii().is_empty() {
                return Ok(Some(self.count));
            }
        }
    }

    fn next_element(&mut self, bytes: &mut Vec<u8>) -> Result<Option<u64>, SplitError> {
        if !self.is_open {
            self.open()?;
        }
        if self.is_at_end {
            return Ok(None);
        }
        bytes.clear();
        self.read_element(bytes)?;
        if bytes.trim_ascii().is_empty() && self.is_at_end {
            return Ok(None);
        }
        self.count += 1;
        Ok(Some(self.count))
    }

    /// Goes behind the bracket that opens the array.
    fn open(&mut self) -> Result<(), SplitError> {
        loop {
            let buffer = self.inner.fill_buf()?;
            if buffer.is_empty() {
                return Err(SplitError::NotAnArray);
            }
            match buffer.iter().position(|byte| !byte.is_ascii_whitespace()) {
                Some(index) if buffer[index] == b'[' => {
                    self.inner.consume(index + 1);
                    self.is_open = true;
                    return Ok(());
                }
                Some(_) => return Err(SplitError::NotAnArray),
                None => {
                    let length = buffer.len();
                    self.inner.consume(length);
                }
            }
        }
    }

    /// Reads up to the comma or bracket that ends an element of the array.
    fn read_element(&mut self, bytes: &mut Vec<u8>) -> Result<(), SplitError> {
        let (mut depth, mut in_text, mut is_escaped) = (0_u32, false, false);
        loop {
            let buffer = self.inner.fill_buf()?;
            if buffer.is_empty() {
                return Err(SplitError::Truncated);
            }
            let mut end = None;
            for (index, byte) in buffer.iter().enumerate() {
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' if in_text => is_escaped = true,
                    b'"' => in_text = !in_text,
                    _ if in_text => {}
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth > 0 => depth -= 1,
                    b',' | b']' if depth == 0 => {
                        end = Some(index);
                        break;
                    }
                    _ => {}
                }
            }
            let taken = end.unwrap_or(buffer.len());
            bytes.extend_from_slice(&buffer[..taken]);
            self.is_at_end = end.is_some_and(|index| buffer[index] == b']');
            self.inner.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Result<Vec<String>, SplitError> {
        let mut elements = Elements::new(io::BufReader::with_capacity(3, text.as_bytes()), Shape::Array);
        let (mut bytes, mut found) = (Vec::new(), Vec::new());
        while elements.next(&mut bytes)?.is_some() {
            found.push(String::from_utf8(bytes.clone()).unwrap().trim().to_owned());
        }
        Ok(found)
    }

    #[test]
    fn an_array_is_split_at_its_own_commas_only() {
        let found = split(r#" [ {"a":"x,]\"}"}, [1,2] ,{"b":{"c":[]}} ] "#).unwrap();
        assert_eq!(found, [r#"{"a":"x,]\"}"}"#, "[1,2]", r#"{"b":{"c":[]}}"#]);
        assert!(split("[ ]").unwrap().is_empty());
    }

    #[test]
    fn an_array_that_is_cut_off_is_noticed() {
        assert!(matches!(split(r#"[{"a":1},{"b""#), Err(SplitError::Truncated)));
        assert!(matches!(split(r#"{"a":1}"#), Err(SplitError::NotAnArray)));
    }
}
