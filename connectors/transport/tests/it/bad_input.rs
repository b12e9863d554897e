//! Whatever arrives, it ends as a clear error with a hint or as a row in quarantine.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use kartei_connector::{Connector, FindingLevel, ListingMark};
use kartei_transport::FileError;
use polars_core::prelude::{Column, DataFrame};
use polars_io::parquet::write::ParquetWriter;

use crate::folder::{Folder, cells, error, keys, now, pages, pull, reason, rejects};

#[tokio::test]
async fn a_missing_file_names_the_pattern_and_where_to_look() {
    let folder = Folder::new();
    let error = error(&folder.listings()).await;
    assert!(matches!(reason(&error), FileError::NoFile { .. }));
    assert!(error.hint().unwrap().contains("connector.path"));
}

#[tokio::test]
async fn an_empty_file_is_refused() {
    let folder = Folder::new();
    folder.put("a.csv", "");
    assert_eq!(error(&folder.listings()).await.to_string(), "`a.csv` is empty");
}

#[tokio::test]
async fn a_header_only_is_refused_as_a_listing_unless_none_are_allowed() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Name\n");
    let error = error(&folder.listings()).await;
    assert!(matches!(reason(&error), FileError::HeaderOnly { .. }));
    assert!(error.hint().unwrap().contains("min_rows = 0"));
    let text = "key = ['Nr']\nvolume.min_rows = 0\n[connector]\nproduct = 'files'\npath = '*'";
    let brought = pages(&folder.connector(text), None).await;
    assert_eq!(brought.len(), 1);
    assert_eq!(brought[0].listing, ListingMark::Complete { last: true });
    assert_eq!(brought[0].rows.height(), 0);
}

#[tokio::test]
async fn a_wrong_delimiter_is_named_with_the_right_one() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Name\n1;Eva\n");
    let text = "key = ['Nr']\n[connector]\nproduct = 'files'\npath = '*'\ndelimiter = ','";
    let error = error(&folder.connector(text)).await;
    assert!(matches!(reason(&error), FileError::WrongDelimiter { stated: ',', found: ';', .. }));
    assert!(error.hint().unwrap().contains("delimiter = \";\""));
}

#[tokio::test]
async fn a_missing_key_column_is_an_error_and_a_missing_mapped_one_a_finding() {
    let folder = Folder::new();
    folder.put("a.csv", "Nummer;Name\n1;Eva\n");
    let error = error(&folder.listings()).await;
    assert!(matches!(reason(&error), FileError::MissingKeyColumn { .. }));
    assert_eq!(error.hint().unwrap(), "it has 2 columns, 1 of them known");
    folder.put("a.csv", "Nr;Ort\n1;Bonn\n");
    let findings = folder.listings().check(now()).await;
    let worst = findings.iter().find(|finding| finding.level == FindingLevel::Error).unwrap();
    assert!(worst.message.contains("`Name`"));
    assert_eq!(worst.hint.as_deref(), Some("it has 2 columns, 1 of them known"));
}

#[tokio::test]
async fn binary_rubbish_is_no_list() {
    let folder = Folder::new();
    let noise: Vec<u8> = (0..20_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    folder.put("a.csv", &noise);
    assert!(error(&folder.listings()).await.to_string().contains("it holds binary data"));
    folder.put("a.csv", "<!DOCTYPE html><html><body>Bitte anmelden</body></html>");
    assert!(error(&folder.listings()).await.to_string().contains("a web page"));
    folder.remove("a.csv");
    folder.put("a.xlsx", [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
    assert!(error(&folder.listings()).await.to_string().contains("old or encrypted Excel file"));
}

#[tokio::test]
async fn half_a_file_is_an_error_and_never_ends_a_listing() {
    let folder = Folder::new();
    let rows: Vec<String> = (0..9_000).map(|n| format!("{n};\"Name {}\"\n", n * 7_919 % 10_007)).collect();
    let text = format!("Nr;Name\n{}", rows.concat());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut frame = DataFrame::new(3, vec![Column::new("Nr".into(), ["1", "2", "3"])]).unwrap();
    let mut parquet = Vec::new();
    ParquetWriter::new(&mut parquet).finish(&mut frame).unwrap();
    let halves: [(&str, &[u8]); 6] = [
        ("a.csv.gz", &gzip[..gzip.len() / 2]),
        ("a.csv", &text.as_bytes()[..text.len() - 3]),
        ("a.csv", &text.as_bytes()[..text.rfind(";\"Name").unwrap()]),
        ("a.ndjson", b"{\"Nr\":1}\n{\"Nr\":2,\"Na"),
        ("a.json", b"[{\"Nr\":1},{\"Nr\":2}"),
        ("a.parquet", &parquet[..parquet.len() - 9]),
    ];
    for (name, bytes) in halves {
        folder.put(name, bytes);
        let (pages, error) = pull(&folder.listings(), None).await;
        assert!(matches!(error.as_ref().map(reason), Some(FileError::Truncated { .. })), "{name}: {error:?}");
        assert!(pages.iter().all(|page| page.listing == ListingMark::Complete { last: false }), "{name}");
        folder.remove(name);
    }
}

#[tokio::test]
async fn a_file_cut_off_inside_its_packing_brings_no_page_at_all() {
    let folder = Folder::new();
    let rows: Vec<String> = (0..9_000).map(|n| format!("{n};Name {}\n", n * 7_919 % 10_007)).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(format!("Nr;Name\n{}", rows.concat()).as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    folder.put("a.csv.gz", &gzip[..gzip.len() - 100]);
    let (pages, error) = pull(&folder.listings(), None).await;
    assert!(pages.is_empty() && error.is_some());
}

#[tokio::test]
async fn ragged_rows_are_quarantined_with_their_line_and_all_their_cells() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Name;Ort\n1;Eva;Bonn\n2;Ben\n3;Ina;Ulm;x\n4;Ali;Hof;;\n");
    let brought = pages(&folder.listings(), None).await;
    assert_eq!(keys(&brought), ["1", "4"]);
    assert_eq!(rejects(&brought), ["3 ragged_row", "4 ragged_row"]);
    let reject = &brought[0].rejects[0];
    assert_eq!((&*reject.detail, reject.key.as_deref()), ("2 fields instead of 3", Some("2")));
    assert_eq!(reject.raw, "[\"2\",\"Ben\"]");
}

#[tokio::test]
async fn the_key_of_a_ragged_row_is_told_only_where_one_cell_alone_can_be_it() {
    let folder = Folder::new();
    let text = "key = ['Nr']\n[connector]\nproduct = 'files'\npath = '*'";
    folder.put("a.csv", "Name;Nr;PLZ\nEva;M-1;53111\nBen; Dr.;M-2;53112\nIna;M-3\nUdo;M-4;M-5;53113\nAli;Ulm\n");
    let brought = pages(&folder.connector(text), None).await;
    let found: Vec<_> = brought[0].rejects.iter().map(|reject| reject.key.as_deref()).collect();
    assert_eq!(found, [Some("M-2"), Some("M-3"), None, None]);
    assert!(brought[0].has_unknown_records());
}

#[tokio::test]
async fn nul_bytes_and_bytes_in_no_encoding_are_quarantined_with_their_column() {
    let folder = Folder::new();
    let sound = "9;Müller-Lüdenscheidt;Köln\n".repeat(3);
    let mut bytes = format!("Nr;Name;Ort\n1;E\0va;Bonn\n{sound}").into_bytes();
    bytes.extend_from_slice(b"2;M\xfcller;Ulm\n");
    folder.put("a.csv", bytes);
    let brought = pages(&folder.listings(), None).await;
    assert_eq!(rejects(&brought), ["2 nul_byte", "6 invalid_encoding"]);
    let all: Vec<_> = brought.iter().flat_map(|page| &page.rejects).collect();
    assert!(all.iter().all(|reject| reject.column.as_deref() == Some("Name")));
    assert_eq!(all[1].key.as_deref(), Some("2"));
}

#[tokio::test]
async fn ten_megabytes_in_one_field_are_quarantined_and_the_rest_is_read() {
    let folder = Folder::new();
    let huge = "x".repeat(10 << 20);
    folder.put("a.csv", format!("Nr;Name\n1;Eva\n2;\"{huge}\"\n3;Ben\n"));
    let brought = pages(&folder.listings(), None).await;
    assert_eq!(keys(&brought), ["1", "3"]);
    assert_eq!(rejects(&brought), ["3 field_too_large"]);
    let reject = &brought[0].rejects[0];
    assert!(reject.raw.len() <= 64 << 10 && reject.key.as_deref() == Some("2"));
}

#[tokio::test]
async fn an_open_quote_is_found_at_the_end_and_names_its_line() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Name\n1;Eva\n2;Ben\n3;\"Ina\"\n4;\"Ali\n5;Udo\n");
    let (pages, error) = pull(&folder.listings(), None).await;
    assert_eq!(keys(&pages), Vec::<String>::new());
    assert!(error.unwrap().to_string().contains("the record of line 5 is never closed"));
    folder.put("a.csv", "Nr;Name\r\n1;Eva\r\n2;Ben\r\n3;\"Ina\"\r\n4;\"Ali\r\n5;Udo\r\n");
    let (_, error) = pull(&folder.listings(), None).await;
    assert!(error.unwrap().to_string().contains("the record of line 5 is never closed"));
}

#[tokio::test]
async fn a_row_that_was_added_with_another_line_end_is_named_by_its_line() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Name\r\n1;Eva\r\n2;Ben\r\n3;Ina\n;Ali\n5;Udo;x\n");
    assert_eq!(rejects(&pages(&folder.listings(), None).await), ["5 missing_key", "6 ragged_row"]);
}

#[tokio::test]
async fn rows_that_an_open_quote_swallows_are_quarantined_one_by_one() {
    let folder = Folder::new();
    let rows = "1;Eva;a;b;c\n2;\"Ben;a;b;c\n3;Ina;a;b;c\n4;\"Ali\";a;b;c\n5;\"Udo;\nUlf\";a;b;c\n";
    folder.put("a.csv", format!("Nr;Name;A;B;C\n{rows}"));
    let brought = pages(&folder.listings(), None).await;
    assert_eq!(keys(&brought), ["1", "5"]);
    assert_eq!(rejects(&brought), ["3 ragged_row", "4 ragged_row", "5 ragged_row"]);
    let quarantined: Vec<_> =
        brought.iter().flat_map(|page| &page.rejects).map(|reject| reject.key.as_deref()).collect();
    assert_eq!(quarantined, [Some("2"), Some("3"), Some("4")]);
    folder.put("a.csv", "Nr;Name;A;B;C\n1;\"Ben;a;b;c\n2;\"Ina\";a;b;c\n3;\"Ulf\";a;b;c\n");
    assert_eq!(rejects(&pages(&folder.listings(), None).await), ["2 ragged_row", "3 ragged_row"]);
}

#[tokio::test]
async fn missing_and_repeated_keys_of_a_listing_are_quarantined() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Name\n1;Eva\n ;Ben\n1;Eva\n2;Ina\n1;Eva Maria\n;\n2;Ina\n");
    let brought = pages(&folder.listings(), None).await;
    assert_eq!(keys(&brought), ["1", "2"]);
    assert_eq!(rejects(&brought), ["3 missing_key", "6 duplicate_key"]);
    assert_eq!(brought.iter().map(|page| page.collapsed).sum::<u64>(), 2);
    assert_eq!(brought.iter().map(|page| page.rows_read).sum::<u64>(), 6);
}

#[tokio::test]
async fn bad_lines_and_objects_of_json_are_quarantined_without_quoting_them() {
    let folder = Folder::new();
    folder.put("a.ndjson", "{\"Nr\":1}\n{\"Nr\":2,,}\n\"Erika Mustermann\"\n{\"Nr\":3}\n");
    let brought = pages(&folder.listings(), None).await;
    assert_eq!(keys(&brought), ["1", "3"]);
    assert_eq!(rejects(&brought), ["2 invalid_json", "3 invalid_json"]);
    assert!(!format!("{brought:?}").contains("Erika"));
    folder.remove("a.ndjson");
    folder.put("a.json", "[{\"Nr\":1}, 17, {\"Nr\":3}]");
    let brought = pages(&folder.listings(), None).await;
    assert_eq!((keys(&brought), rejects(&brought)), (vec!["1".into(), "3".into()], vec!["2 invalid_json".into()]));
}

#[tokio::test]
async fn the_key_of_a_broken_object_is_read_from_its_text() {
    let folder = Folder::new();
    let lines = "{\"Nr\":1,\"Name\":\"Eva\"}\n{\"Nr\":2,\"Name\":\"Be\"n\"}\n{\"Name\":\"In\"a\",\"Nr\":\"3\"}\n\
                 {\"Nr\":4,\"Name\":\"Ud\n{\"Name\":\"Al\"i\",\"Nr\":4\n";
    folder.put("a.ndjson", lines);
    let brought = pages(&folder.connector("key = ['Nr']\n[connector]\nproduct = 'files'\npath = '*'"), None).await;
    let found: Vec<_> = brought[0].rejects.iter().map(|reject| reject.key.as_deref()).collect();
    assert_eq!(found, [Some("2"), Some("3"), Some("4"), None]);
    folder.remove("a.ndjson");
    folder.put("a.json", "[{\"Nr\":1},{\"Nr\":2,\"Name\":\"Be\"n\"},{\"Nr\":3,\"Name\":\"I\"na\"},{\"Nr\":4}]");
    let brought = pages(&folder.listings(), None).await;
    assert_eq!(keys(&brought), ["1", "4"]);
    assert!(brought[0].has_unknown_records(), "two objects ran into one, and either may be meant");
}

#[tokio::test]
async fn a_table_that_unpacks_beyond_all_measure_is_refused() {
    let folder = Folder::new();
    let text = "x".repeat(100_000);
    let rows = vec![text.as_str(); 2_000];
    let keys: Vec<String> = (0..2_000).map(|number| number.to_string()).collect();
    let columns = vec![Column::new("Nr".into(), keys), Column::new("Name".into(), rows)];
    let mut frame = DataFrame::new(2_000, columns).unwrap();
    let mut parquet = Vec::new();
    ParquetWriter::new(&mut parquet).finish(&mut frame).unwrap();
    folder.put("a.parquet", parquet);
    let error = error(&folder.listings()).await;
    assert!(matches!(reason(&error), FileError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn every_number_of_a_bad_listing_adds_up() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Name\n1;a\n1;a\n1;b\n;c\n2;d;e\n3;f\n4;g\n5;h\n6;i\n");
    for page in pages(&folder.listings(), None).await {
        assert_eq!(page.rows_read, (page.rows.height() + page.rejects.len()) as u64 + page.collapsed);
        assert_eq!(page.positions.len(), page.rows.height());
        assert!(cells(&page.rows, "key").iter().all(|key| !key.is_empty()));
    }
}
