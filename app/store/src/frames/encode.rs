//! A frame as Parquet, made on all cores. The writer of polars encodes and compresses one column after the other, though it
//! has a switch that promises more; here the columns of a row group are made side by side, and then written in their order.

use std::io::Write;

use polars_core::prelude::*;
use polars_io::parquet::write::{BatchedWriter, ParquetWriter, StatisticsOptions, get_encodings};
use polars_parquet::parquet::schema::types::ParquetType;
use polars_parquet::write::{
    CompressedPage, CompressionOptions, Encoding, Version, WriteOptions, ZstdLevel, array_to_columns, compress,
};
use rayon::prelude::*;

/// Rows of a group: enough to compress well, few enough that a group need not be thought of in memory.
const GROUP_ROWS: usize = 1 << 18;

/// Level 1 is half as much work as the usual 3, for files that are a tenth larger; they are read once or twice.
const ZSTD_LEVEL: i32 = 1;

/// Writes a frame, and gives its size in bytes.
pub(super) fn write(out: impl Write, frame: &DataFrame) -> PolarsResult<u64> {
    let compression = ZstdLevel::try_new(ZSTD_LEVEL)?;
    // Nobody asks the files for statistics: they are read whole.
    let options = WriteOptions {
        statistics: StatisticsOptions::empty(),
        compression: CompressionOptions::Zstd(Some(compression)),
        version: Version::V1,
        data_page_size: None,
    };
    let mut writer = ParquetWriter::new(out).with_statistics(options.statistics).batched(frame.schema())?;
    let encodings = get_encodings(&frame.schema().to_arrow(CompatLevel::newest()));
    let fields = writer.parquet_schema().fields().to_vec();
    for start in (0..frame.height()).step_by(GROUP_ROWS) {
        let mut rows = frame.slice(i64::try_from(start).unwrap_or(i64::MAX), GROUP_ROWS);
        rows.rechunk_mut();
        write_group(&mut writer, &rows, (&fields, &encodings), options)?;
    }
    writer.finish()
}

fn write_group(
    writer: &mut BatchedWriter<impl Write>,
    rows: &DataFrame,
    (fields, encodings): (&[ParquetType], &[Vec<Encoding>]),
    options: WriteOptions,
) -> PolarsResult<()> {
    for batch in rows.iter_chunks(CompatLevel::newest(), false) {
        let columns = batch.columns().par_iter().zip(fields).zip(encodings);
        let made: Vec<_> = columns
            .map(|((array, field), encodings)| -> PolarsResult<Vec<Vec<CompressedPage>>> {
                let leaves = array_to_columns(array, field.clone(), options, encodings)?;
                leaves
                    .into_iter()
                    .map(|pages| pages.map(|page| Ok(compress(page?, Vec::new(), options.compression)?)).collect())
                    .collect()
            })
            .collect::<PolarsResult<_>>()?;
        let pages: Vec<Vec<CompressedPage>> = made.into_iter().flatten().collect();
        writer.write_row_group(rows.height() as u64, &pages)?;
    }
    Ok(())
}
