//! Watches the line breaks of a text on its way to the CSV parser, so that every row knows its line.
//!
//! The parser ends a record behind `\r` and counts the line when it meets `\n`: behind a record that ends in `\r\n` it is
//! a line behind. Which way a record ended it does not tell, and one file may hold both.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

/// Where the lines end that do not end as the file's first line does.
#[derive(Debug, Clone)]
pub(crate) struct LineBreaks {
    has_returns: bool,
    odd: Rc<RefCell<VecDeque<u64>>>,
}

impl LineBreaks {
    /// The breaks of a file whose first line ends in `\r\n`, or does not.
    pub(crate) fn of(has_returns: bool) -> Self {
        Self { has_returns, odd: Rc::default() }
    }

    /// The text, watched.
    pub(crate) fn watch<R: Read>(&self, input: R) -> Watched<R> {
        Watched { input, breaks: self.clone(), offset: 0, after_return: false }
    }

    /// Whether the parser has counted the break of a record that it ended behind `end` bytes. Asked from record to
    /// record.
    pub(crate) fn is_counted(&self, end: u64) -> bool {
        let mut odd = self.odd.borrow_mut();
        while odd.front().is_some_and(|&place| place < end) {
            odd.pop_front();
        }
        (odd.front() == Some(&end)) == self.has_returns
    }
}

/// A text whose line breaks are watched.
pub(crate) struct Watched<R> {
    input: R,
    breaks: LineBreaks,
    offset: u64,
    after_return: bool,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        let text = &buffer[..count];
        let mut odd = self.breaks.odd.borrow_mut();
        for place in memchr::memchr_iter(b'\n', text) {
            let after_return = if place == 0 { self.after_return } else { text[place - 1] == b'\r' };
            if after_return != self.breaks.has_returns {
                odd.push_back(self.offset + place as u64 + u64::from(!after_return));
            }
        }
        self.after_return = text.last().map_or(self.after_return, |last| *last == b'\r');
        self.offset += count as u64;
        Ok(count)
    }
}
