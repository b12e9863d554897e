//! One number a row that changes when any cell does.

use polars_core::prelude::{Column, DataFrame, DataType, NamedFrom, UInt64Chunked};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// xxh3 over all cells of each row, each with its column's name.
///
/// The order of columns does not matter, a null cell counts for nothing (so a new column that is empty changes
/// nothing), and an empty text differs from null. Columns that are not text are left out.
pub fn fingerprint(frame: &DataFrame) -> UInt64Chunked {
    let mut sums = vec![0_u64; frame.height()];
    for column in frame.columns().iter().filter(|column| column.dtype() == &DataType::String) {
        add_column(&mut sums, column);
    }
    UInt64Chunked::new(kartei_schemas::frame::FINGERPRINT.into(), sums)
}

fn add_column(sums: &mut [u64], column: &Column) {
    let seed = xxh3_64(column.name().as_bytes());
    let Ok(texts) = column.str() else { return };
    let mut sums = sums.iter_mut();
    for part in texts.downcast_iter() {
        for (text, sum) in part.iter().zip(&mut sums) {
            let Some(text) = text else { continue };
            *sum = sum.wrapping_add(xxh3_64_with_seed(text.as_bytes(), seed));
        }
    }
}

#[cfg(test)]
mod tests {
    use polars_core::prelude::{Column, DataFrame};

    use super::*;

    fn prints(columns: Vec<Column>) -> Vec<u64> {
        fingerprint(&DataFrame::new_infer_height(columns).unwrap()).into_no_null_iter().collect()
    }

    fn column(name: &str, cells: &[Option<&str>]) -> Column {
        Column::new(name.into(), cells)
    }

    #[test]
    fn the_order_of_columns_does_not_matter() {
        let first = column("a", &[Some("x"), Some("y")]);
        let second = column("b", &[Some("y"), Some("x")]);
        let one = prints(vec![first.clone(), second.clone()]);
        assert_eq!(one, prints(vec![second, first]));
        assert_ne!(one[0], one[1]);
    }

    #[test]
    fn a_new_column_that_is_empty_changes_nothing() {
        let known = column("a", &[Some("x")]);
        assert_eq!(prints(vec![known.clone()]), prints(vec![known, column("b", &[None])]));
    }

    #[test]
    fn an_empty_text_is_not_the_same_as_no_text() {
        assert_ne!(prints(vec![column("a", &[Some("")])]), prints(vec![column("a", &[None])]));
    }

    #[test]
    fn a_value_that_moves_to_another_column_is_seen() {
        let before = prints(vec![column("a", &[Some("x")]), column("b", &[None])]);
        assert_ne!(before, prints(vec![column("a", &[None]), column("b", &[Some("x")])]));
    }
}
