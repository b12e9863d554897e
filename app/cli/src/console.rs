//! Data to standard output, remarks to standard error.

use std::io::{IsTerminal, Write};

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use kartei_report::{RunReport, render_summary, render_text};
use kartei_schemas::org::Language;
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::arguments::GlobalArguments;
use crate::failure::Failure;

/// A line under the header, and none elsewhere.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Where a command writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    json: bool,
    quiet: bool,
}

#[expect(clippy::unused_self, reason = "all output goes through the console, whether or not a flag decides on it")]
impl Console {
    pub(crate) fn new(global: &GlobalArguments) -> Self {
        Self { json: global.json, quiet: global.quiet }
    }

    /// Whether JSON was asked for.
    pub(crate) const fn json(self) -> bool {
        self.json
    }

    /// Whether progress may be shown at all.
    pub(crate) const fn quiet(self) -> bool {
        self.quiet
    }

    /// A line of data.
    pub(crate) fn line(self, text: impl std::fmt::Display) -> Result<(), Failure> {
        Ok(writeln!(anstream::stdout().lock(), "{text}")?)
    }

    /// A remark for the person at the terminal.
    pub(crate) fn remark(self, text: impl std::fmt::Display) {
        if !self.quiet {
            // A remark that nobody can read is not worth failing for.
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// A remark on what to do next.
    pub(crate) fn hint(self, text: impl std::fmt::Display) {
        self.remark(format_args!("{} {text}", "hint:".cyan()));
    }

    /// A value as JSON, indented.
    pub(crate) fn write_json(self, value: &impl Serialize) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        serde_json::to_writer_pretty(&mut out, value)?;
        Ok(writeln!(out)?)
    }

    /// A list: JSON where it was asked for, else a table, or a remark where there is nothing to show.
    pub(crate) fn list<T: Serialize>(self, list: &Listing<'_, T>) -> Result<(), Failure> {
        if self.json {
            return self.write_json(&list.items);
        }
        if list.items.is_empty() {
            self.remark(list.nothing);
            return Ok(());
        }
        let mut table = table(list.header);
        for item in list.items {
            table.add_row((list.row)(item));
        }
        self.table(&table)
    }

    /// A table.
    pub(crate) fn table(self, table: &Table) -> Result<(), Failure> {
        self.line(table.trim_fmt())
    }
}

/// Things to be listed, and how one of them becomes a row.
pub(crate) struct Listing<'a, T> {
    /// The columns' names.
    pub(crate) header: &'a [&'a str],
    /// The things.
    pub(crate) items: &'a [T],
    /// How one of them becomes a row.
    pub(crate) row: fn(&T) -> Vec<Cell>,
    /// What to say where there are none.
    pub(crate) nothing: &'a str,
}

/// An empty table in the common style: as wide as the terminal at most, and never cut where nobody looks.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.force_no_tty();
    }
    table.set_header(header.iter().map(Cell::new).collect::<Vec<_>>());
    table
}

/// A run's report as wide as the terminal, in colours that the stream takes away where none are wanted.
pub(crate) fn report(report: &RunReport, language: Language) -> String {
    render_text(report, language, report_width(), true)
}

/// The beginning of a run's report: what an admin reads first, and all that there is to say of a run that failed.
pub(crate) fn summary(report: &RunReport, language: Language) -> String {
    render_summary(report, language, report_width(), true)
}

fn report_width() -> usize {
    let width = if std::io::stdout().is_terminal() { Table::new().width().map(usize::from) } else { None };
    width.unwrap_or(REPORT_WIDTH)
}

/// The width of a report where there is no terminal.
pub(crate) const REPORT_WIDTH: usize = 100;

/// A cell with a text.
#[expect(clippy::needless_pass_by_value, reason = "callers hand over numbers and fresh texts as well as references")]
pub(crate) fn text(value: impl ToString) -> Cell {
    Cell::new(printable(&value.to_string()))
}

/// A cell with a text that may be missing.
pub(crate) fn optional(value: Option<impl ToString>) -> Cell {
    Cell::new(value.map(|value| printable(&value.to_string())).unwrap_or_default())
}

/// A text from elsewhere without the characters that would steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { '\u{fffd}' } else { one }).collect()
}

/// A cell with a number, right-aligned, thousands apart.
pub(crate) fn number(value: u64) -> Cell {
    Cell::new(grouped(value)).set_alignment(CellAlignment::Right)
}

/// A number with its thousands apart by a thin space, which reads the same in German and English.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{grouped, printable};

    #[test]
    fn a_text_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}c\rd"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(printable("Müller-Lüdenscheidt"), "Müller-Lüdenscheidt");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
