//! Reading files of many formats, page by page: CSV, NDJSON, JSON, XLSX and Parquet, bare or inside gz and zip.
//!
//! [`FilesConnector`] pulls a source whose system leaves files in a folder; every family of connectors offers it.
//! [`read_table`] reads one file as a whole.

mod connector;
mod options;
mod table;

pub use connector::{Advice, FilesConnector};
pub use options::ReadOptions;
pub use table::{Table, read_table};
