//! Every format, in every wrapping and encoding, comes out as the same text.

use std::io::{Cursor, Write};

use encoding_rs::WINDOWS_1252;
use flate2::Compression;
use flate2::write::GzEncoder;
use kartei_transport::{ReadOptions, read_table};
use polars_core::prelude::{Column, DataFrame, NamedFrom, Series};
use polars_io::parquet::write::ParquetWriter;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::folder::{Folder, cells, names};

const TEXT: &str = "Nr;Name;Ort\n1;Müller;Köln\n2;\"Weiß; Eva\";\"Bad\nTölz\"\n";

fn assert_is_text(folder: &Folder, name: &str) {
    let table = folder.table(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(names(&table.rows), ["Nr", "Name", "Ort"], "{name}");
    assert_eq!(cells(&table.rows, "Name"), ["Müller", "Weiß; Eva"], "{name}");
    assert_eq!(cells(&table.rows, "Ort"), ["Köln", "Bad\nTölz"], "{name}");
    assert!(table.rejects.is_empty());
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn csv_is_read_in_every_usual_encoding() {
    let folder = Folder::new();
    folder.put("utf-8.csv", TEXT);
    folder.put("marked.csv", format!("\u{feff}{TEXT}"));
    folder.put("windows.csv", WINDOWS_1252.encode(TEXT).0);
    let wide: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.put("wide.csv", [&[0xff, 0xfe], &wide[..]].concat());
    folder.put("crlf.csv", TEXT.replace(";Ort\n", ";Ort\r\n").replace("Köln\n", "Köln\r\n"));
    for name in ["utf-8.csv", "marked.csv", "windows.csv", "wide.csv", "crlf.csv"] {
        assert_is_text(&folder, name);
    }
}

#[test]
fn a_stated_encoding_wins_over_what_the_bytes_look_like() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Name\n1;Müller\n");
    let options = ReadOptions { encoding: Some("latin1".into()), ..ReadOptions::default() };
    let table = read_table(&folder.path("a.csv"), &options).unwrap();
    assert_eq!(cells(&table.rows, "Name"), ["MÃ¼ller"]);
}

#[test]
fn delimiters_and_quotes_are_found() {
    let folder = Folder::new();
    folder.put("comma.csv", TEXT.replace("Weiß; Eva", "@").replace(';', ",").replace('@', "Weiß; Eva"));
    folder.put("tab.tsv", TEXT.replace("Weiß; Eva", "@").replace(';', "\t").replace('@', "Weiß; Eva"));
    folder.put("single.csv", TEXT.replace('"', "'"));
    folder.put("excel.csv", format!("sep=;\n{TEXT}"));
    for name in ["comma.csv", "tab.tsv", "single.csv", "excel.csv"] {
        assert_is_text(&folder, name);
    }
}

#[test]
fn rows_know_the_line_on_which_they_begin() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Ort\n\n1;\"Bad\nTölz\"\n2;Köln\n");
    assert_eq!(folder.table("a.csv").unwrap().positions, [3, 5]);
    folder.put("a.csv", "Nr;Ort\r\n1;Ulm\r\n\r\n2;\"Bad\r\nTölz\"\r\n3;Köln");
    assert_eq!(folder.table("a.csv").unwrap().positions, [2, 4, 6]);
}

#[test]
fn rows_know_their_line_where_lines_end_in_two_ways() {
    let folder = Folder::new();
    // Whoever adds rows by hand leaves the line ends of another system behind.
    folder.put("a.csv", "Nr;Ort\r\n1;Ulm\r\n2;Bonn\n3;\"Bad\r\nTölz\"\n4;Köln\r\n5;Hof\n\n6;Au");
    assert_eq!(folder.table("a.csv").unwrap().positions, [2, 3, 4, 6, 7, 9]);
    folder.put("a.csv", "Nr;Ort\n1;Ulm\r\n2;\"Bad\nTölz\"\r\n3;Hof\n4;Au\r\n");
    assert_eq!(folder.table("a.csv").unwrap().positions, [2, 3, 5, 6]);
}

#[test]
fn gz_and_zip_are_looked_into() {
    let folder = Folder::new();
    folder.put("a.csv.gz", gzipped(TEXT.as_bytes()));
    folder.put("a.zip", zipped(&[("members.csv", TEXT.as_bytes()), ("__MACOSX/._members.csv", b"x")]));
    assert_is_text(&folder, "a.csv.gz");
    assert_is_text(&folder, "a.zip");
    assert_eq!(folder.table("a.csv.gz").unwrap().description, "CSV, delimiter ';', UTF-8, gz");
}

#[test]
fn ndjson_keeps_absent_apart_from_empty_and_flattens_objects() {
    let folder = Folder::new();
    let lines = "{\"id\":1,\"name\":\"Eva\",\"address\":{\"city\":\"Köln\"},\"tags\":[\"a\",\"b\"]}\n\n\
                 {\"id\":2,\"name\":\"\",\"paid\":true,\"tags\":null}";
    folder.put("a.ndjson", lines);
    let table = folder.table("a.ndjson").unwrap();
    assert_eq!(names(&table.rows), ["id", "name", "address.city", "tags", "paid"]);
    assert_eq!(cells(&table.rows, "name"), ["Eva", ""]);
    assert_eq!(cells(&table.rows, "address.city"), ["Köln", "∅"]);
    assert_eq!(cells(&table.rows, "tags"), ["[\"a\",\"b\"]", "∅"]);
    assert_eq!(cells(&table.rows, "paid"), ["∅", "true"]);
    assert_eq!(table.positions, [1, 3]);
}

#[test]
fn a_json_array_is_read_like_lines() {
    let folder = Folder::new();
    folder.put("a.json", "[\n {\"id\": 1.0, \"name\": \"Eva\"},\n {\"id\": 2, \"name\": \"[Ben]\"}\n]\n");
    let table = folder.table("a.json").unwrap();
    assert_eq!(cells(&table.rows, "id"), ["1", "2"]);
    assert_eq!(cells(&table.rows, "name"), ["Eva", "[Ben]"]);
    assert_eq!(table.positions, [1, 2]);
}

#[test]
fn a_workbook_gives_iso_dates_and_whole_numbers() {
    let folder = Folder::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in ["Nr", "Geboren", "PLZ", "Aktiv", "Stand"].into_iter().enumerate() {
        sheet.write(2, u16::try_from(column).unwrap(), name).unwrap();
    }
    let day = Format::new().set_num_format("dd.mm.yyyy");
    let instant = Format::new().set_num_format("dd.mm.yyyy hh:mm");
    sheet.write(3, 0, 1.0).unwrap();
    sheet.write_with_format(3, 1, ExcelDateTime::from_ymd(1984, 3, 5).unwrap(), &day).unwrap();
    sheet.write(3, 2, 1067.0).unwrap();
    sheet.write(3, 3, true).unwrap();
    let at = ExcelDateTime::from_ymd(2026, 2, 1).unwrap().and_hms(8, 15, 0).unwrap();
    sheet.write_with_format(3, 4, &at, &instant).unwrap();
    sheet.write(5, 0, 2.5).unwrap();
    folder.put("a.xlsx", book.save_to_buffer().unwrap());
    let table = folder.table("a.xlsx").unwrap();
    assert_eq!(cells(&table.rows, "Nr"), ["1", "2.5"]);
    assert_eq!(cells(&table.rows, "Geboren"), ["1984-03-05", ""]);
    assert_eq!(cells(&table.rows, "PLZ"), ["1067", ""]);
    assert_eq!(cells(&table.rows, "Aktiv"), ["true", ""]);
    assert_eq!(cells(&table.rows, "Stand"), ["2026-02-01 08:15:00", ""]);
    assert_eq!(table.positions, [4, 6]);
}

#[test]
fn the_stated_sheet_of_a_workbook_is_read() {
    let folder = Folder::new();
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Hinweise").unwrap().write(0, 0, "bitte lesen").unwrap();
    let sheet = book.add_worksheet().set_name("Mitglieder").unwrap();
    sheet.write(0, 0, "Nr").unwrap().write(1, 0, "7").unwrap();
    folder.put("a.xlsx", book.save_to_buffer().unwrap());
    let sheet = |name: &str| ReadOptions { sheet: Some(name.into()), ..ReadOptions::default() };
    let table = read_table(&folder.path("a.xlsx"), &sheet("Mitglieder")).unwrap();
    assert_eq!(cells(&table.rows, "Nr"), ["7"]);
    let Err(error) = read_table(&folder.path("a.xlsx"), &sheet("Leute")) else { panic!("there is no such sheet") };
    assert_eq!(error.hint().unwrap(), "the sheets are: Hinweise, Mitglieder");
}

#[test]
fn parquet_of_any_types_becomes_text_group_by_group() {
    let folder = Folder::new();
    let columns = vec![
        Column::new("Nr".into(), [1_i64, 2, 3]),
        Column::new("PLZ".into(), [Some(10_115.0), None, Some(0.5)]),
        Column::new("Aktiv".into(), [true, false, true]),
        Column::new("Name".into(), [Some("Müller"), Some(""), None]),
        Column::new(
            "Tags".into(),
            [Series::new("".into(), ["a", "b"]), Series::new("".into(), ["c"]), Series::new("".into(), [""; 0])],
        ),
    ];
    let mut frame = DataFrame::new(3, columns).unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_row_group_size(Some(2)).finish(&mut frame).unwrap();
    folder.put("a.parquet", &bytes);
    let table = folder.table("a.parquet").unwrap();
    assert_eq!(cells(&table.rows, "Nr"), ["1", "2", "3"]);
    assert_eq!(cells(&table.rows, "PLZ"), ["10115", "∅", "0.5"]);
    assert_eq!(cells(&table.rows, "Aktiv"), ["true", "false", "true"]);
    assert_eq!(cells(&table.rows, "Name"), ["Müller", "", "∅"]);
    assert_eq!(cells(&table.rows, "Tags"), ["[\"a\",\"b\"]", "[\"c\"]", "[]"]);
    assert_eq!(table.positions, [1, 2, 3]);
}

#[test]
fn a_file_without_an_ending_is_known_by_its_content() {
    let folder = Folder::new();
    folder.put("csv", TEXT);
    folder.put("lines", "{\"Nr\":1}\n{\"Nr\":2}\n");
    folder.put("array", "[{\"Nr\":1}]");
    assert_is_text(&folder, "csv");
    assert_eq!(folder.table("lines").unwrap().description, "NDJSON, UTF-8");
    assert_eq!(folder.table("array").unwrap().description, "JSON, UTF-8");
}

#[test]
fn a_zip_of_two_files_and_one_that_grows_without_measure_are_refused() {
    let folder = Folder::new();
    folder.put("two.zip", zipped(&[("a.csv", b"Nr\n1\n"), ("b.csv", b"Nr\n2\n")]));
    assert_eq!(folder.table("two.zip").err().unwrap().to_string(), "`two.zip` holds 2 data files instead of one");
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..80 {
        bomb.write_all(&vec![b'a'; 1 << 20]).unwrap();
    }
    folder.put("bomb.csv.gz", bomb.finish().unwrap());
    assert!(folder.table("bomb.csv.gz").err().unwrap().to_string().contains("unpacks to more than"));
}

/// A list under some rows that are no part of it, and the names that its columns have.
fn sheet_with(above: &[&[&str]], rows: &[&[&str]]) -> Workbook {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (number, row) in (0..).zip(above.iter().chain(rows)) {
        for (column, text) in (0..).zip(*row).filter(|(_, text)| !text.is_empty()) {
            sheet.write(number, column, *text).unwrap();
        }
    }
    book
}

const LIST: [&[&str]; 3] =
    [&["id", "Vorname", "Nachname", "PLZ"], &["1", "Lotte", "Brandner", "50667"], &["2", "Sepp", "Aigner", "80331"]];

#[test]
fn titles_and_groups_above_the_header_of_a_sheet_are_passed_by() {
    let folder = Folder::new();
    for above in
        [&[&["Vereinsliste Herbst 2026"][..]][..], &[&["Person", "", "", "Anschrift"]], &[&["Stand", "1.11."], &[]]]
    {
        folder.put("a.xlsx", sheet_with(above, &LIST).save_to_buffer().unwrap());
        let table = folder.table("a.xlsx").unwrap();
        assert_eq!(cells(&table.rows, "Nachname"), ["Brandner", "Aigner"], "{above:?}");
        assert!(table.rejects.is_empty());
    }
}

#[test]
fn hidden_empty_and_cover_sheets_are_passed_by() {
    let folder = Folder::new();
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Auswahl").unwrap().set_hidden(true).write(0, 0, "ja").unwrap();
    book.add_worksheet().set_name("Leer").unwrap();
    book.add_worksheet().set_name("Deckblatt").unwrap().write(2, 1, "Mitgliederliste").unwrap();
    let sheet = book.add_worksheet().set_name("Leute").unwrap();
    for (number, row) in (0..).zip(LIST) {
        for (column, text) in (0..).zip(row) {
            sheet.write(number, column, *text).unwrap();
        }
    }
    folder.put("a.xlsx", book.save_to_buffer().unwrap());
    assert_eq!(cells(&folder.table("a.xlsx").unwrap().rows, "Vorname"), ["Lotte", "Sepp"]);
}

#[test]
fn a_file_without_a_header_loses_no_row() {
    let folder = Folder::new();
    folder.put("a.csv", "Lotte;Brandner;14.02.1961\nSepp;Aigner;03.11.1987\n");
    let table = folder.table("a.csv").unwrap();
    assert_eq!(cells(&table.rows, "column_2"), ["Brandner", "Aigner"]);
    assert_eq!(table.positions, [1, 2]);
}

#[test]
fn signs_that_programs_put_around_values_are_no_part_of_them() {
    let folder = Folder::new();
    folder.put("a.csv", "id;PLZ;Tel\n\"=\"\"1\"\"\";=\"01067\";'+49 351 7654321\n2;'04109;'s\n");
    let table = folder.table("a.csv").unwrap();
    assert_eq!(cells(&table.rows, "id"), ["1", "2"]);
    assert_eq!(cells(&table.rows, "PLZ"), ["01067", "04109"]);
    assert_eq!(cells(&table.rows, "Tel"), ["+49 351 7654321", "'s"]);
}

#[test]
fn rows_in_other_dialects_are_read_whole() {
    let folder = Folder::new();
    for text in [
        "id,name,ort\n1, \"Brandner, Lotte\",Ulm\n2, \"Aigner, Sepp\",Bonn\n",
        "id,name,ort\n\"1,\"\"Brandner, Lotte\"\",Ulm\"\n\"2,\"\"Aigner, Sepp\"\",Bonn\"\n",
        "id,name,ort\n1;Brandner, Lotte;Ulm\n2;Aigner, Sepp;Bonn\n",
        "id;name;ort\n1;'Brandner, Lotte';Ulm\n2;'Aigner, Sepp';'Bonn'\n",
        "id^name^ort\n1^Brandner, Lotte^Ulm\n2^Aigner, Sepp^Bonn\n",
    ] {
        folder.put("a.csv", text);
        let table = folder.table("a.csv").unwrap();
        assert_eq!(cells(&table.rows, "name"), ["Brandner, Lotte", "Aigner, Sepp"], "{text}");
        assert!(table.rejects.is_empty());
    }
}

#[test]
fn what_only_the_end_of_a_long_file_shows_counts_too() {
    let folder = Folder::new();
    let plain: Vec<String> = (0..20_000).map(|number| format!("{number};Name {number};Ulm\n")).collect();
    let quoted: Vec<String> = (20_000..22_000).map(|number| format!("{number};'Name; {number}';Ulm\n")).collect();
    folder.put("a.csv", format!("id;name;ort\n{}{}", plain.concat(), quoted.concat()));
    let table = folder.table("a.csv").unwrap();
    assert_eq!((table.rows.height(), table.rejects.len()), (22_000, 0));
}

#[test]
fn a_list_of_cards_and_a_table_of_a_web_page_are_read() {
    let folder = Folder::new();
    folder.put("a.vcf", "BEGIN:VCARD\nN:Brandner;Lotte;;;\nEMAIL:lotte@blumenpost.example\nEND:VCARD\n");
    let table = folder.table("a.vcf").unwrap();
    assert_eq!(cells(&table.rows, "surname"), ["Brandner"]);
    assert_eq!(table.description, "vCard, UTF-8");
    folder.put("a.xls", "<html><table><tr><td>id<td>Name</tr><tr><td>1<td>Lotte</tr></table></html>");
    assert_eq!(cells(&folder.table("a.xls").unwrap().rows, "Name"), ["Lotte"]);
}

#[test]
fn files_of_other_kinds_are_named_as_what_they_are() {
    let folder = Folder::new();
    for (name, bytes, what) in [
        ("a.pdf", &b"%PDF-1.7 x"[..], "a PDF"),
        ("a.csv", b"{\\rtf1 x", "a text in RTF"),
        ("a.ics", b"BEGIN:VCALENDAR\nVERSION:2.0\n", "a calendar"),
        ("a.eml", b"Received: from x\nSubject: Liste\n\nx", "a mail"),
        ("a.sql", b"INSERT INTO `leute` VALUES (1);", "a database dump"),
    ] {
        folder.put(name, bytes);
        let error = folder.table(name).err().unwrap();
        assert_eq!(error.to_string(), format!("`{name}` is {what}"));
        assert!(error.hint().is_some());
    }
    folder.put("docs.zip", zipped(&[("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")]));
    assert!(folder.table("docs.zip").err().unwrap().to_string().contains("a Word document"));
}

#[test]
fn a_file_of_which_no_row_can_be_read_is_an_error() {
    let folder = Folder::new();
    folder.put("a.csv", "name;ort;mail\nLotte Brandner;Ulm\nSepp Aigner;Bonn\n");
    let error = folder.table("a.csv").err().unwrap();
    assert!(error.to_string().contains("none of its 2 rows could be read"), "{error}");
}
