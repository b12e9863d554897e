//! How well the rows of a text fit together under one dialect. It takes the text in pieces of any length.

use memchr::{memchr2, memchr3};
use rustc_hash::FxHashMap;

use crate::dialect::Dialect;

/// How the rows fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fit {
    /// Cells of a usual row; 1 where no row is parted.
    pub(crate) width: u64,
    /// Cells of the first row.
    pub(crate) head: u64,
    /// Rows of the usual width.
    pub(crate) fitting: u64,
    /// All rows, and the lines that an odd quote swallowed.
    pub(crate) rows: u64,
    /// Cells that a quote opens and closes.
    pub(crate) quoted: u64,
    /// Cells that a quote opens, and that go on behind the next one, or never end.
    pub(crate) broken: u64,
    /// Delimiters with a space behind them, as commas of a sentence have.
    pub(crate) loose: u64,
    /// All delimiters.
    pub(crate) delimiters: u64,
}

impl Fit {
    /// How many of a thousand rows fit.
    pub(crate) fn share(&self) -> u64 {
        if self.width < 2 || self.rows == 0 { 0 } else { self.fitting * 1_000 / self.rows }
    }

    /// Whether most delimiters look like punctuation.
    pub(crate) fn is_loose(&self) -> bool {
        self.loose * 10 >= self.delimiters * 8
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of a cell.
    Start,
    /// Behind spaces at the start of a cell.
    Spaces,
    Plain,
    Quoted,
    /// Behind the escape sign in a quoted cell.
    Escaped,
    /// Behind a quote in a quoted cell: its end, or one of two.
    Closing,
    /// Behind spaces behind the end of a quoted cell.
    Closed,
}

/// Counts a text.
pub(crate) struct Meter {
    dialect: Dialect,
    state: State,
    cells: u64,
    filled: u64,
    /// Line breaks inside the quoted cells of this row.
    inner: u64,
    is_broken: bool,
    has_text: bool,
    after_return: bool,
    widths: FxHashMap<(u64, u64), u64>,
    fit: Fit,
}

impl Meter {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            state: State::Start,
            cells: 0,
            filled: 0,
            inner: 0,
            is_broken: false,
            has_text: false,
            after_return: false,
            widths: FxHashMap::default(),
            fit: Fit::default(),
        }
    }

    /// The fit of a whole text.
    pub(crate) fn measure(text: &[u8], dialect: Dialect) -> Fit {
        let mut meter = Self::new(dialect);
        meter.feed(text);
        meter.finish()
    }

    /// Takes the next piece.
    pub(crate) fn feed(&mut self, text: &[u8]) {
        let mut place = 0;
        while place < text.len() {
            let rest = &text[place..];
            let ahead = match self.state {
                State::Plain => memchr3(self.dialect.delimiter, b'\n', b'\r', rest),
                State::Quoted => memchr3(self.dialect.quote.unwrap_or(b'"'), b'\n', self.dialect.escape_sign(), rest),
                _ => Some(0),
            };
            let Some(ahead) = ahead else { return };
            place += ahead;
            self.take(text[place]);
            place += 1;
        }
    }

    fn take(&mut self, byte: u8) {
        let is_end = byte == self.dialect.delimiter || byte == b'\n' || byte == b'\r';
        let is_quote = Some(byte) == self.dialect.quote;
        let may_open =
            self.state == State::Start || (self.state == State::Spaces && self.dialect.has_spaces_before_quotes);
        match self.state {
            State::Quoted if is_quote => self.state = State::Closing,
            State::Quoted if byte == b'\n' => self.inner += 1,
            State::Quoted if self.dialect.has_escapes && byte == b'\\' => self.state = State::Escaped,
            State::Quoted => {}
            State::Escaped => self.state = State::Quoted,
            State::Closing if is_quote => self.state = State::Quoted,
            _ if is_end => self.end_cell(byte),
            State::Closing | State::Closed if byte == b' ' => self.state = State::Closed,
            State::Closing | State::Closed => {
                self.fit.broken += 1;
                self.is_broken = true;
                self.state = State::Plain;
            }
            _ if may_open && is_quote => {
                self.has_text = true;
                self.state = State::Quoted;
            }
            State::Start if byte == b' ' => {
                self.fit.loose += u64::from(self.cells > 0);
                self.state = State::Spaces;
            }
            State::Spaces if byte == b' ' => {}
            State::Start | State::Spaces => {
                self.has_text = true;
                self.state = State::Plain;
            }
            State::Plain => {}
        }
        self.after_return = byte == b'\r';
    }

    fn end_cell(&mut self, byte: u8) {
        // The break behind `\r` ends no second row.
        let is_second = byte == b'\n' && self.after_return && self.state == State::Start && self.cells == 0;
        if is_second {
            return;
        }
        self.cells += 1;
        self.fit.quoted += u64::from(matches!(self.state, State::Closing | State::Closed));
        if self.has_text {
            self.filled = self.cells;
        }
        self.has_text = false;
        self.state = State::Start;
        if byte == self.dialect.delimiter {
            self.fit.delimiters += 1;
        } else {
            self.end_row();
        }
    }

    fn end_row(&mut self) {
        let (cells, filled, inner) = (self.cells, self.filled, self.inner);
        (self.cells, self.filled, self.inner) = (0, 0, 0);
        let swallowed = if std::mem::take(&mut self.is_broken) { inner } else { 0 };
        if filled == 0 && cells == 1 {
            return;
        }
        if self.fit.rows == 0 {
            self.fit.head = cells;
        }
        self.fit.rows += 1 + swallowed;
        if swallowed == 0 {
            *self.widths.entry((cells, filled)).or_default() += 1;
        }
    }

    /// Ends the text.
    pub(crate) fn finish(mut self) -> Fit {
        if matches!(self.state, State::Quoted | State::Escaped) {
            self.fit.broken += 1;
            self.is_broken = true;
        }
        if self.cells > 0 || self.state != State::Start {
            self.state = if self.state == State::Quoted { State::Plain } else { self.state };
            self.end_cell(b'\n');
        }
        let mut by_width: FxHashMap<u64, u64> = FxHashMap::default();
        for ((cells, _), count) in &self.widths {
            *by_width.entry(*cells).or_default() += count;
        }
        // Of two widths that are equally frequent the wider one tells more.
        let usual = by_width.iter().max_by_key(|(width, count)| (**count, **width)).map_or(1, |(width, _)| *width);
        // Some systems end each row with a delimiter, and the header not.
        let fits = |cells: u64, filled: u64| cells == usual || (cells > usual && filled <= usual);
        self.fit.width = usual;
        self.fit.fitting =
            self.widths.iter().filter(|((cells, filled), _)| fits(*cells, *filled)).map(|(_, count)| *count).sum();
        self.fit
    }
}

/// Whether a sign stands at the start of any cell of the text: behind a delimiter, a line break, or spaces behind one.
pub(crate) fn opens_cells(text: &[u8], sign: u8, delimiter: u8) -> bool {
    memchr::memchr_iter(sign, text).any(|place| {
        let before = text[..place].trim_ascii_end_spaces();
        before.last().is_none_or(|byte| *byte == delimiter || matches!(byte, b'\n' | b'\r'))
    })
}

/// Whether spaces stand between a delimiter and a quote.
pub(crate) fn has_spaced_quotes(text: &[u8], quote: u8, delimiter: u8) -> bool {
    memchr::memchr_iter(quote, text).any(|place| {
        let before = text[..place].trim_ascii_end_spaces();
        before.len() < place && before.last().is_some_and(|byte| *byte == delimiter || matches!(byte, b'\n' | b'\r'))
    })
}

/// Whether the text holds a quote behind a backslash.
pub(crate) fn has_escaped_quotes(text: &[u8], quote: u8) -> bool {
    memchr2(quote, b'\\', text).is_some()
        && memchr::memchr_iter(quote, text).any(|place| place > 0 && text[place - 1] == b'\\')
}

trait Trim {
    fn trim_ascii_end_spaces(&self) -> &[u8];
}

impl Trim for [u8] {
    fn trim_ascii_end_spaces(&self) -> &[u8] {
        let end = self.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
        &self[..end]
    }
}
