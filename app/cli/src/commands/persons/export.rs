//! `kartei persons export`: all persons, as CSV or NDJSON, a page at a time.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::pin::pin;

use futures::{Stream, TryStreamExt};
use kartei_schemas::person::PersonSchema;
use kartei_store::{PersonRow, StoreError, owner};
use serde_json::Value;

use super::{ExportFormat, cells, plain};
use crate::console::{Console, grouped};
use crate::failure::{During, Failure};
use crate::progress::Progress;
use crate::spreadsheet;

/// Writes pages of persons to a file, or to standard output.
pub(super) async fn write(
    pages: impl Stream<Item = Result<Vec<PersonRow>, StoreError>>,
    mut writer: Writer,
    out: Option<&Path>,
    console: Console,
) -> Result<(), Failure> {
    // A file that is written anew takes its name only when it is complete.
    let partial = out.map(|path| path.with_added_extension("part"));
    let mut sink: Box<dyn Write> = match &partial {
        Some(path) => {
            Box::new(BufWriter::new(owner::create(path).during(format_args!("{} cannot be written", path.display()))?))
        }
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    let progress = Progress::begin(console, "persons written", 0);
    let mut pages = pin!(pages);
    let mut count = 0_u64;
    while let Some(page) = pages.try_next().await? {
        sink.write_all(&writer.page(&page)?)?;
        count += page.len() as u64;
        progress.add(page.len() as u64);
    }
    sink.flush()?;
    drop(sink);
    progress.finish();
    if let (Some(partial), Some(out)) = (partial, out) {
        std::fs::rename(&partial, out).during(format_args!("{} cannot be written", out.display()))?;
        console.remark(format_args!("{} persons written to {}", grouped(count), out.display()));
    }
    Ok(())
}

/// Turns pages of persons into bytes.
pub(super) struct Writer {
    format: ExportFormat,
    schema: PersonSchema,
    begun: bool,
}

/// The byte order mark, without which Excel reads UTF-8 as Windows-1252.
const BYTE_ORDER_MARK: &str = "\u{feff}";

impl Writer {
    pub(super) fn new(format: ExportFormat, schema: PersonSchema) -> Self {
        Self { format, schema, begun: false }
    }

    fn page(&mut self, page: &[PersonRow]) -> Result<Vec<u8>, Failure> {
        match self.format {
            ExportFormat::Csv => self.csv(page),
            ExportFormat::Ndjson => ndjson(page),
        }
    }

    fn csv(&mut self, page: &[PersonRow]) -> Result<Vec<u8>, Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for person in page {
            let cells = cells(person, &self.schema)?;
            if !std::mem::replace(&mut self.begun, true) {
                let mut names: Vec<String> = cells.iter().map(|(name, _)| name.clone()).collect();
                names[0].insert_str(0, BYTE_ORDER_MARK);
                writer.write_record(&names).during("the header cannot be written")?;
            }
            let row = cells.iter().map(|(_, value)| plain_cell(value));
            writer.write_record(row).during("a row cannot be written")?;
        }
        writer.into_inner().map_err(|error| Failure::from_error(error.error()))
    }
}

fn ndjson(page: &[PersonRow]) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    for person in page {
        serde_json::to_writer(&mut bytes, person)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// A value as it may stand in a spreadsheet's cell.
fn plain_cell(value: &Value) -> String {
    spreadsheet::cell(&plain(value)).into_owned()
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
