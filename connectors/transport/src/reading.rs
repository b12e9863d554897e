//! Reads an inspected file's rows with the reader of its format.

use crate::content::with_content;
use crate::elements::Shape;
use crate::inspect::{Delivery, Format};
use crate::pager::{Halt, Pager};
use crate::{columnar, delimited, json, vcard, web_table, workbook};

/// Reads all rows of a file into pages, the last one included.
pub(crate) fn read_delivery(delivery: &Delivery, mut pager: Pager<'_>) -> Result<(), Halt> {
    match delivery.format {
        Format::Csv(dialect, charset) => with_content(&delivery.path, delivery.packing, |reader| {
            delimited::read_rows(reader, delivery, (dialect, charset), &mut pager)
        })?,
        Format::Ndjson(encoding) => json::read_rows(delivery, encoding, Shape::Lines, &mut pager)?,
        Format::Json(encoding) => json::read_rows(delivery, encoding, Shape::Array, &mut pager)?,
        Format::VCard(charset) => vcard::read_rows(delivery, charset, &mut pager)?,
        Format::WebTable(charset) => web_table::read_rows(delivery, charset, &mut pager)?,
        Format::Xlsx | Format::Ods => workbook::read_rows(delivery, &mut pager)?,
        Format::Parquet => columnar::read_rows(delivery, &mut pager)?,
    }
    pager.finish()
}
