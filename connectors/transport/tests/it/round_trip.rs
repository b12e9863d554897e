//! Any text in any cell survives CSV, whatever the delimiter, the encoding and the wrapping.

use std::io::Write;

use csv::{QuoteStyle, WriterBuilder};
use encoding_rs::{UTF_8, WINDOWS_1252};
use flate2::Compression;
use flate2::write::GzEncoder;
use kartei_transport::{ReadOptions, read_table};
use proptest::prelude::*;

use crate::folder::{Folder, cells};

/// Cells without control characters, of which many make a file binary; a row is never blank, since its first cell is a number.
fn table() -> impl Strategy<Value = Vec<[String; 2]>> {
    let cell = prop_oneof!["\\PC{0,12}", "[äöüÄÖÜß;,|\t\"'\r\n a-z]{0,12}", Just(String::new())];
    prop::collection::vec(prop::array::uniform2(cell), 1..20)
}

fn written(rows: &[[String; 2]], delimiter: u8, quote_style: QuoteStyle) -> Vec<u8> {
    let mut writer = WriterBuilder::new().delimiter(delimiter).quote_style(quote_style).from_writer(Vec::new());
    writer.write_record(["Nr", "a", "b"]).unwrap();
    for (number, [first, second]) in rows.iter().enumerate() {
        writer.write_record([&number.to_string(), first, second]).unwrap();
    }
    writer.into_inner().unwrap()
}

fn assert_survives(bytes: &[u8], options: &ReadOptions, rows: &[[String; 2]]) {
    let folder = Folder::new();
    folder.put("a.csv", bytes);
    let table = read_table(&folder.path("a.csv"), options).unwrap_or_else(|error| panic!("{error}"));
    assert!(table.rejects.is_empty(), "{:?}", table.rejects);
    for (index, column) in ["a", "b"].into_iter().enumerate() {
        let expected: Vec<&str> = rows.iter().map(|row| &*row[index]).collect();
        assert_eq!(cells(&table.rows, column), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_text_survives_in_utf_8(rows in table(), delimiter in prop::sample::select(vec![b';', b',', b'\t', b'|'])) {
        let options = ReadOptions {
            delimiter: Some(char::from(delimiter)),
            quote: Some('"'),
            encoding: Some(UTF_8.name().into()),
            ..ReadOptions::default()
        };
        for style in [QuoteStyle::Necessary, QuoteStyle::Always] {
            assert_survives(&written(&rows, delimiter, style), &options, &rows);
        }
    }

    #[test]
    fn what_windows_1252_can_write_survives_in_it(rows in prop::collection::vec(
        prop::array::uniform2("[äöüßéèçñ€–„“a-z;\"\r\n ]{0,12}"), 1..20)
    ) {
        let text = String::from_utf8(written(&rows, b';', QuoteStyle::Necessary)).unwrap();
        let options = ReadOptions { encoding: Some("windows-1252".into()), delimiter: Some(';'), quote: Some('"'), ..ReadOptions::default() };
        assert_survives(&WINDOWS_1252.encode(&text).0, &options, &rows);
    }

    #[test]
    fn a_gzipped_file_is_the_same_file(rows in table()) {
        let bytes = written(&rows, b';', QuoteStyle::Always);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&bytes).unwrap();
        let options = ReadOptions { delimiter: Some(';'), quote: Some('"'), encoding: Some("utf-8".into()), ..ReadOptions::default() };
        assert_survives(&gzip.finish().unwrap(), &options, &rows);
    }

    #[test]
    fn no_bytes_at_all_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), ending in "(csv|json|ndjson|xlsx|parquet|gz|zip)") {
        let folder = Folder::new();
        let name = format!("a.{ending}");
        folder.put(&name, bytes);
        let _ = folder.table(&name);
    }
}
