//! `kartei persons export`: all persons, as CSV or NDJSON, a page at a time.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::pin::pin;

use futures::TryStreamExt;
use kartei_store::{ExportFilter, PersonRow, Store};
use serde_json::Value;

use super::{ExportFormat, cells, plain};
use crate::console::{Console, grouped};
use crate::failure::{During, Failure};
use crate::progress::Progress;
use crate::spreadsheet;

pub(super) async fn write(
    store: &Store,
    filter: ExportFilter,
    format: ExportFormat,
    out: Option<&Path>,
    console: Console,
) -> Result<(), Failure> {
    // A file that is written anew takes its name only when it is complete.
    let partial = out.map(|path| path.with_added_extension("part"));
    let sink: Box<dyn Write + Send> = match &partial {
        Some(path) => Box::new(File::create(path).during(format_args!("{} cannot be written", path.display()))?),
        None => Box::new(std::io::stdout()),
    };
    let mut writer = Writer::new(BufWriter::new(sink), format);
    let progress = Progress::begin(console, "persons written", 0);
    let mut persons = pin!(store.export_persons(filter));
    let mut count = 0_u64;
    while let Some(page) = persons.try_next().await? {
        for person in &page {
            writer.person(person)?;
        }
        count += page.len() as u64;
        progress.add(page.len() as u64);
    }
    writer.finish()?;
    progress.finish();
    if let (Some(partial), Some(out)) = (partial, out) {
        std::fs::rename(&partial, out).during(format_args!("{} cannot be written", out.display()))?;
        console.remark(format_args!("{} persons written to {}", grouped(count), out.display()));
    }
    Ok(())
}

/// Writes persons one after the other.
enum Writer<W: Write> {
    Csv { writer: Box<csv::Writer<W>>, begun: bool },
    Ndjson(W),
}

/// The byte order mark, without which Excel reads UTF-8 as Windows-1252.
const BYTE_ORDER_MARK: &str = "\u{feff}";

impl<W: Write> Writer<W> {
    fn new(sink: W, format: ExportFormat) -> Self {
        match format {
            ExportFormat::Csv => Self::Csv { writer: Box::new(csv::Writer::from_writer(sink)), begun: false },
            ExportFormat::Ndjson => Self::Ndjson(sink),
        }
    }

    fn person(&mut self, person: &PersonRow) -> Result<(), Failure> {
        match self {
            Self::Ndjson(sink) => {
                serde_json::to_writer(&mut *sink, person)?;
                sink.write_all(b"\n")?;
            }
            Self::Csv { writer, begun } => {
                let cells = cells(person)?;
                if !*begun {
                    *begun = true;
                    let header = cells.keys().enumerate();
                    let marked = header.map(
                        |(place, name)| {
                            if place == 0 { format!("{BYTE_ORDER_MARK}{name}") } else { name.clone() }
                        },
                    );
                    writer.write_record(marked).map_err(csv_failure)?;
                }
                let row = cells.values().map(plain_cell);
                writer.write_record(row).map_err(csv_failure)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Ndjson(mut sink) => Ok(sink.flush()?),
            Self::Csv { mut writer, .. } => Ok(writer.flush()?),
        }
    }
}

/// A value as it may stand in a spreadsheet's cell.
fn plain_cell(value: &Value) -> String {
    spreadsheet::cell(&plain(value)).into_owned()
}

fn csv_failure(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        _ => Failure::new("a row cannot be written as CSV"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_text() {
        assert_eq!(plain_cell(&Value::from("=HYPERLINK(\"http://x\")")), "'=HYPERLINK(\"http://x\")");
        assert_eq!(plain_cell(&Value::from("+491701234567")), "+491701234567");
        assert_eq!(plain_cell(&serde_json::json!(["@risk", "Klima"])), "'@risk; Klima");
    }
}
