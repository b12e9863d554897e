//! Parquet into rows: every column as text, one row group in memory at a time.

use std::io::Cursor;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta};
use polars_core::error::PolarsError;
use polars_core::prelude::{AnyValue, ArrowDataType, Column, DataFrame, NewChunkedArray, StringChunked, TimeUnit};
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;
use serde_json::Value;

use crate::content::{limit_of, whole_content};
use crate::error::FileError;
use crate::inspect::Delivery;
use crate::pager::{Halt, Pager};

/// As many columns as a sheet may have.
const MOST_COLUMNS: usize = 16_384;
/// Cells that are unpacked at once.
const CELLS_AT_ONCE: usize = 32 << 20;
/// Bytes that are unpacked at once.
const BYTES_AT_ONCE: usize = 512 << 20;

/// Reads the rows of a Parquet file.
pub(crate) fn read_rows(delivery: &Delivery, pager: &mut Pager<'_>) -> Result<(), Halt> {
    let content = whole_content(&delivery.path, delivery.packing)?.into_inner();
    let content = content.as_slice();
    let explain = |_: PolarsError| FileError::Truncated {
        file: delivery.name.clone(),
        detail: "the Parquet file is damaged or ends too early".into(),
    };
    let mut reader = ParquetReader::new(Cursor::new(content));
    let metadata = reader.get_metadata().map_err(explain)?.clone();
    let schema = reader.schema().map_err(explain)?;
    let names: Vec<String> = schema.iter_values().map(|field| field.name.to_string()).collect();
    let limit_bytes = limit_of(delivery.size);
    let groups = metadata.row_groups.iter();
    let unpacked = groups.map(|group| group.total_byte_size() as u64).fold(0, u64::saturating_add);
    if unpacked > limit_bytes {
        return Err(too_large(delivery).into());
    }
    let mut left = limit_bytes;
    if names.len() > MOST_COLUMNS {
        return Err(wrong(delivery, format!("it has {} columns", names.len())).into());
    }
    for (number, field) in schema.iter_values().enumerate() {
        if !is_readable(&field.dtype) {
            let detail =
                format!("its column no. {} is of a type that cannot become text; write it as text", number + 1);
            return Err(wrong(delivery, detail).into());
        }
    }
    pager.start(&names)?;
    let mut offset = 0;
    for group in &metadata.row_groups {
        let end = offset + group.num_rows();
        let at_once = rows_at_once(group.num_rows(), group.total_byte_size(), names.len());
        while offset < end {
            let height = at_once.min(end - offset);
            let mut reader = ParquetReader::new(Cursor::new(content)).with_slice(Some((offset, height)));
            reader.set_metadata(metadata.clone());
            let frame = reader.finish().map_err(explain)?;
            let used = push_frame(&frame, (offset, left), pager)?;
            left = used.ok_or_else(|| too_large(delivery))?;
            offset += height;
        }
    }
    Ok(())
}

/// A row group may hold a whole file, and a few bytes may stand for a million equal cells: no more is unpacked at once
/// than fits.
fn rows_at_once(rows: usize, bytes: usize, columns: usize) -> usize {
    let by_cells = CELLS_AT_ONCE / columns.max(1);
    let by_bytes = rows.saturating_mul(BYTES_AT_ONCE) / bytes.max(1);
    rows.min(by_cells).min(by_bytes).max(1)
}

fn too_large(delivery: &Delivery) -> FileError {
    FileError::TooLarge { file: delivery.name.clone(), limit_bytes: limit_of(delivery.size) }
}

fn wrong(delivery: &Delivery, detail: String) -> FileError {
    let expected = "a Parquet file that kartei can read".into();
    FileError::WrongFormat { file: delivery.name.clone(), expected, detail }
}

/// Gives the bytes that are left of a limit; none where the rows hold more.
fn push_frame(frame: &DataFrame, (offset, left): (usize, u64), pager: &mut Pager<'_>) -> Result<Option<u64>, Halt> {
    let texts: Vec<StringChunked> = frame.columns().iter().map(as_text).collect();
    let bytes: u64 = texts.iter().flat_map(|texts| texts.iter().flatten()).map(|text| text.len() as u64).sum();
    let Some(left) = left.checked_sub(bytes) else { return Ok(None) };
    for row in 0..frame.height() {
        pager.push((offset + row + 1) as u64, |column| texts.get(column).and_then(|texts| texts.get(row)))?;
    }
    Ok(Some(left))
}

/// The types that polars reads as kartei builds it, and that mean something as text.
fn is_readable(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as T;
    match dtype {
        T::List(inner) | T::LargeList(inner) => is_readable(&inner.dtype),
        T::Null | T::Boolean | T::Float32 | T::Float64 => true,
        text => {
            let texts = [T::Utf8, T::LargeUtf8, T::Utf8View];
            let whole = [T::Int8, T::Int16, T::Int32, T::Int64, T::UInt8, T::UInt16, T::UInt32, T::UInt64];
            let times = [T::Date32, T::Date64];
            matches!(text, T::Timestamp(..)) || texts.contains(text) || whole.contains(text) || times.contains(text)
        }
    }
}

fn as_text(column: &Column) -> StringChunked {
    if let Ok(texts) = column.str() {
        return texts.rechunk().into_owned();
    }
    let name = column.name().clone();
    let series = column.as_materialized_series();
    let value = |row: usize| series.get(row).ok().and_then(|value| value_text(&value));
    StringChunked::from_iter_options(name, (0..column.len()).map(value))
}

fn value_text(value: &AnyValue<'_>) -> Option<String> {
    Some(match value {
        AnyValue::Null => return None,
        AnyValue::String(text) => (*text).to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        AnyValue::Boolean(truth) => truth.to_string(),
        AnyValue::Float32(number) => number.to_string(),
        AnyValue::Float64(number) => number.to_string(),
        AnyValue::Date(days) => NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(*days)))?.to_string(),
        AnyValue::Datetime(count, unit, zone) => instant_text(*count, *unit, zone.is_some())?,
        AnyValue::DatetimeOwned(count, unit, zone) => instant_text(*count, *unit, zone.is_some())?,
        AnyValue::List(series) => {
            let values = (0..series.len()).map(|row| series.get(row).ok().and_then(|value| value_text(&value)));
            Value::Array(values.map(|text| text.map_or(Value::Null, Value::String)).collect()).to_string()
        }
        number => number.extract::<i64>().map(|number| number.to_string())?,
    })
}

/// `2026-01-31` at midnight, else `2026-01-31T08:15:00`, with a `Z` where the column has a zone.
fn instant_text(count: i64, unit: TimeUnit, has_zone: bool) -> Option<String> {
    let instant = match unit {
        TimeUnit::Milliseconds => DateTime::from_timestamp_millis(count)?,
        TimeUnit::Microseconds => DateTime::from_timestamp_micros(count)?,
        TimeUnit::Nanoseconds => DateTime::from_timestamp_nanos(count),
    };
    Some(match (has_zone, instant.time() == NaiveTime::MIN) {
        (true, _) => instant.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        (false, true) => instant.date_naive().to_string(),
        (false, false) => instant.naive_utc().format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_group_is_unpacked_in_parts_where_it_is_large() {
        assert_eq!(rows_at_once(50_000, 1 << 20, 20), 50_000);
        assert_eq!(rows_at_once(1_000_000_000, 1_000, 32), 1 << 20);
        assert_eq!(rows_at_once(1_000_000, 1 << 30, 2), 500_000);
        assert_eq!(rows_at_once(3, 4 << 30, 16_384), 1);
    }

    #[test]
    fn instants_and_days_become_iso_text() {
        let instant = |zone| instant_text(1_769_847_300_000, TimeUnit::Milliseconds, zone).unwrap();
        assert_eq!([instant(true), instant(false)], ["2026-01-31T08:15:00Z", "2026-01-31T08:15:00"]);
        assert_eq!(instant_text(1_769_817_600_000_000, TimeUnit::Microseconds, false).unwrap(), "2026-01-31");
        assert_eq!(value_text(&AnyValue::Date(0)).unwrap(), "1970-01-01");
        assert_eq!(value_text(&AnyValue::Float64(10_115.0)).unwrap(), "10115");
        assert_eq!(value_text(&AnyValue::UInt64(17)).unwrap(), "17");
    }
}
