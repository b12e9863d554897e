//! Reading files of many formats, page by page: CSV, NDJSON, JSON, XLSX, ODS, vCard, web tables and Parquet, bare or inside
//! gz and zip.
//!
//! [`FilesConnector`] pulls a source whose system leaves files in a folder; every family of connectors offers it.
//! [`read_table`] reads one file as a whole.

mod begin;
mod cells;
mod charset;
mod checking;
mod columnar;
mod connector;
mod content;
mod cursor;
mod delimited;
mod dialect;
mod discovering;
mod elements;
mod encoding;
mod error;
mod foreign;
mod inbox;
mod inspect;
mod json;
mod key_shape;
mod line_breaks;
mod meter;
mod options;
mod order;
mod pager;
mod pull;
mod reading;
mod reject;
mod salvage;
mod sheet_rows;
mod table;
mod untangle;
mod vcard;
mod web_table;
mod workbook;

pub use connector::{Advice, FilesConnector};
pub use error::FileError;
pub use options::ReadOptions;
pub use table::{Table, read_table};
