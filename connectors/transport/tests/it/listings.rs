//! Complete listings and deltas over several nights: what is pulled again, what is not, and in which order.

use kartei_connector::{Connector, Context, ListingMark, RejectReason, conformance};
use kartei_transport::FilesConnector;

use crate::folder::{Folder, cells, keys, names, now, pages};

const BOTH: &str = "key = ['Nr']\n[connector]\nproduct = 'files'\npath = '*.csv'\ndelta_path = '*-delta-*.csv'";

fn rows(range: std::ops::Range<u32>) -> String {
    range.map(|n| format!("{n};Name {n}\n")).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn a_complete_listing_keeps_the_contract() {
    let folder = Folder::new();
    folder.put("a.csv", format!("Nr;Name\n{};niemand\n3;Name 3\n3;anders\n4;x;y\n", rows(0..10)));
    let conformance = conformance::check_connector(&folder.listings(), now()).await.unwrap();
    assert_eq!(conformance.staged.len(), 10);
    assert_eq!(conformance.pages.iter().flat_map(|page| &page.rejects).count(), 3);
    assert!(conformance.pages.len() > 3);
}

#[tokio::test]
async fn deltas_keep_the_contract() {
    let folder = Folder::new();
    folder.put("2026-02-27.csv", format!("Nr;Name\n{}", rows(0..7)));
    folder.put("2026-02-28.csv", "Nr;Name\n3;neu\n3;neuer\n3;neuester\n8;Name 8\n");
    folder.put("2026-03-01.csv", "");
    let conformance = conformance::check_connector(&folder.deltas(), now()).await.unwrap();
    assert_eq!(conformance.staged["3"]["Name"].as_deref(), Some("neuester"));
    assert!(conformance.pages.iter().all(|page| page.listing == ListingMark::Delta));
}

#[tokio::test]
async fn every_format_keeps_the_contract() {
    let folder = Folder::new();
    folder.put("a.ndjson", (0..8).map(|n| format!("{{\"Nr\":{n},\"Name\":\"N{n}\"}}\n")).collect::<Vec<_>>().concat());
    conformance::check_connector(&folder.listings(), now()).await.unwrap();
    folder.remove("a.ndjson");
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "Nr").unwrap().write(0, 1, "Name").unwrap();
    for row in 1..8 {
        sheet.write(row, 0, row).unwrap().write(row, 1, format!("N{row}")).unwrap();
    }
    folder.put("a.xlsx", book.save_to_buffer().unwrap());
    conformance::check_connector(&folder.listings(), now()).await.unwrap();
}

#[tokio::test]
async fn an_unchanged_listing_says_so_and_costs_nothing() {
    let folder = Folder::new();
    folder.put("monday.csv", format!("Nr;Name\n{}", rows(0..5)));
    let first = pages(&folder.listings(), None).await;
    folder.remove("monday.csv");
    folder.put_at("tuesday.csv", format!("Nr;Name\n{}", rows(0..5)), 60);
    let second = pages(&folder.listings(), Some(&first.last().unwrap().cursor)).await;
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].listing, ListingMark::Unchanged { rows: 5 });
    assert_eq!((second[0].rows_read, &*second[0].origin), (0, "tuesday.csv"));
}

#[tokio::test]
async fn a_listing_is_read_again_when_it_is_to_be_read_in_another_way() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Name\n1;Eva\n");
    let first = pages(&folder.listings(), None).await;
    let by_name = folder.connector("key = ['Name']\n[connector]\nproduct = 'files'\npath = '*'");
    assert_eq!(keys(&pages(&by_name, Some(&first[0].cursor)).await), ["Eva"]);
}

#[tokio::test]
async fn of_several_listings_the_newest_counts() {
    let folder = Folder::new();
    folder.put_at("m-2026-02-27.csv", "Nr;Name\n1;alt\n", 60);
    folder.put_at("m-2026-02-28.csv", "Nr;Name\n1;neu\n", 3_600);
    let brought = pages(&folder.listings(), None).await;
    assert_eq!(cells(&brought[0].rows, "Name"), ["neu"]);
}

#[tokio::test]
async fn each_delta_is_read_once_in_the_order_of_names() {
    let folder = Folder::new();
    folder.put_at("1.csv", "Nr;Name\n1;a\n", 90);
    folder.put_at("2.csv", "Nr;Name\n1;b\n2;c\n", 3_600);
    let first = pages(&folder.deltas(), None).await;
    assert_eq!(conformance::stage(&first)["1"]["Name"].as_deref(), Some("b"));
    let cursor = first.last().unwrap().cursor.clone();
    assert!(pages(&folder.deltas(), Some(&cursor)).await.is_empty());
    folder.put("3.csv", "Nr;Name\n3;d\n");
    assert_eq!(keys(&pages(&folder.deltas(), Some(&cursor)).await), ["3"]);
}

#[tokio::test]
async fn a_delta_that_is_replaced_brings_those_behind_it_again() {
    let folder = Folder::new();
    folder.put("1.csv", "Nr;Name\n1;a\n");
    folder.put("2.csv", "Nr;Name\n1;b\n");
    let cursor = pages(&folder.deltas(), None).await.last().unwrap().cursor.clone();
    folder.put_at("1.csv", "Nr;Name\n1;x\n5;y\n", 60);
    let again = pages(&folder.deltas(), Some(&cursor)).await;
    let staged = conformance::stage(&again);
    assert_eq!(staged["1"]["Name"].as_deref(), Some("b"), "the later file still has the last word");
    assert_eq!(staged["5"]["Name"].as_deref(), Some("y"));
}

#[tokio::test]
async fn a_delta_that_was_only_touched_is_not_read_again() {
    let folder = Folder::new();
    folder.put_at("1.csv", "Nr;Name\n1;a\n", 7_200);
    let cursor = pages(&folder.deltas(), None).await.last().unwrap().cursor.clone();
    folder.put_at("1.csv", "Nr;Name\n1;a\n", 60);
    assert!(pages(&folder.deltas(), Some(&cursor)).await.is_empty());
}

#[tokio::test]
async fn deltas_beside_a_listing_are_read_before_or_after_it_by_their_age() {
    let folder = Folder::new();
    folder.put_at("m-delta-1.csv", "Nr;Name\n1;vorher\n", 9_000);
    folder.put_at("m.csv", "Nr;Name\n1;voll\n2;voll\n", 3_600);
    folder.put_at("m-delta-2.csv", "Nr;Name\n2;nachher\n", 60);
    let connector = folder.connector(BOTH);
    let brought = pages(&connector, None).await;
    let origins: Vec<&str> = brought.iter().map(|page| &*page.origin).collect();
    assert_eq!(origins, ["m-delta-1.csv", "m.csv", "m-delta-2.csv"]);
    let staged = conformance::stage(&brought);
    assert_eq!(staged["1"]["Name"].as_deref(), Some("voll"));
    assert_eq!(staged["2"]["Name"].as_deref(), Some("nachher"));
    conformance::check_connector(&connector, now()).await.unwrap();
}

#[tokio::test]
async fn a_listing_that_was_replaced_in_the_middle_is_read_from_its_start() {
    let folder = Folder::new();
    folder.put("a.csv", format!("Nr;Name\n{}", rows(0..9)));
    let first = pages(&folder.listings(), None).await;
    folder.put("a.csv", format!("Nr;Name\n{}", rows(5..11)));
    let second = pages(&folder.listings(), Some(&first[0].cursor)).await;
    assert_eq!(keys(&second), ["5", "6", "7", "8", "9", "10"]);
    assert_ne!(first[0].delivery, second[0].delivery);
}

#[tokio::test]
async fn a_key_repeated_over_a_resumed_pull_is_still_noticed() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Name\n1;a\n2;b\n3;c\n1;anders\n4;d\n");
    let first = pages(&folder.listings(), None).await;
    let rest = pages(&folder.listings(), Some(&first[0].cursor)).await;
    assert_eq!(rest[0].rejects[0].reason, RejectReason::DuplicateKey);
    assert_eq!(keys(&rest), ["4"]);
}

#[tokio::test]
async fn several_key_columns_make_one_key_and_updated_at_gets_its_name() {
    let folder = Folder::new();
    folder.put("a.csv", "key;Verband;Nr;geändert\nx; 7 ;1;01.02.2026\n");
    let text = "key = ['Verband', 'Nr']\nupdated_at = 'geändert'\n[connector]\nproduct = 'files'\npath = '*'";
    let page = &pages(&folder.connector(text), None).await[0];
    assert_eq!(names(&page.rows), ["key", "updated_at", "key_2", "Verband", "Nr", "geändert"]);
    assert_eq!(cells(&page.rows, "key"), ["7\u{1f}1"]);
    assert_eq!(cells(&page.rows, "updated_at"), ["01.02.2026"]);
    assert_eq!(cells(&page.rows, "Verband"), [" 7 "]);
}

#[tokio::test]
async fn pages_tell_the_newest_instant_that_their_rows_speak_of_and_so_does_an_unchanged_listing() {
    let folder = Folder::new();
    folder.put("a.csv", "Nr;Stand\n1;01.02.2026\n2;\n3;2026-02-20 08:15\n4;2026-02-03\n5;01.01.2062\n");
    let text = "key = ['Nr']\nupdated_at = 'Stand'\n[connector]\nproduct = 'files'\npath = '*'\npage_rows = 2";
    let brought = pages(&folder.connector(text), None).await;
    let told: Vec<_> = brought.iter().map(|page| page.watermark.unwrap().to_string()).collect();
    assert_eq!(told, ["2026-02-01 00:00:00 UTC", "2026-02-20 08:15:00 UTC", "2026-02-20 08:15:00 UTC"]);
    assert_eq!(brought.iter().map(|page| page.number).collect::<Vec<_>>(), [0, 1, 2]);
    let unchanged = pages(&folder.connector(text), Some(&brought[2].cursor)).await;
    assert_eq!(unchanged[0].watermark, brought[2].watermark);
}

#[tokio::test]
async fn a_key_column_called_key_stands_there_once() {
    let folder = Folder::new();
    folder.put("a.csv", "Name;key;updated_at\nEva;1;2026-01-01\n");
    let text = "key = ['key']\nupdated_at = 'updated_at'\n[connector]\nproduct = 'files'\npath = '*'";
    let connector = folder.connector(text);
    assert_eq!(names(&pages(&connector, None).await[0].rows), ["key", "Name", "updated_at"]);
    let columns: Vec<_> = connector.discover(now()).await.unwrap().columns.into_iter().map(|c| c.name).collect();
    assert_eq!(columns, ["key", "Name", "updated_at"]);
}

#[tokio::test]
async fn a_source_without_key_columns_is_refused() {
    let schema = "name = 'x'\nfamily = 'leads'\nkey = []\nfields = {}\n[connector]\nproduct = 'files'\npath = '*'";
    let made = FilesConnector::new(&toml::from_str(schema).unwrap(), &Context::of(std::path::Path::new(".")));
    assert!(made.err().unwrap().hint().unwrap().contains("tell the rows apart"));
}
