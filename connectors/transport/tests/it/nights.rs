//! What a source of files delivers over several nights, in whichever order it arrives.

use std::sync::atomic::{AtomicU64, Ordering};

use kartei_connector::conformance::{Deliverer, Made, check_nights};
use kartei_connector::{Connector, ListingMark};
use kartei_transport::FilesConnector;

use crate::folder::{Folder, cells, now, pages};

const BOTH: &str = "key = ['Nr']\n[connector]\nproduct = 'files'\npath = '*.csv'\ndelta_path = '*-delta-*.csv'";

/// A folder to which a story delivers.
struct Inbox {
    folder: Folder,
    connector: FilesConnector,
    arrived: AtomicU64,
    /// Whether the names tell the day; else the files' times do.
    is_dated: bool,
}

impl Inbox {
    fn new(is_dated: bool) -> Self {
        let folder = Folder::new();
        let connector = folder.connector(BOTH);
        Self { folder, connector, arrived: AtomicU64::new(0), is_dated }
    }
}

impl Deliverer for Inbox {
    fn deliver(&self, made: &Made<'_>) {
        let arrived = self.arrived.fetch_add(1, Ordering::Relaxed);
        let kind = if made.is_listing { "" } else { "-delta" };
        let (name, minute) = if self.is_dated {
            (format!("m{kind}-2026-02-0{}.csv", made.day), arrived)
        } else {
            (format!("m{kind}-{}.csv", made.day), u64::from(made.day))
        };
        let rows: Vec<String> = made.rows.iter().map(|(key, text)| format!("{key};{text}\n")).collect();
        let rows = rows.concat();
        self.folder.put_at(&name, format!("Nr;Name\n{rows}"), 3_600 - 60 * minute);
    }

    fn connector(&self) -> &dyn Connector {
        &self.connector
    }

    fn column(&self) -> &'static str {
        "Name"
    }

    fn tells_deletions(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn the_day_in_the_name_decides_whenever_a_file_arrives() {
    check_nights(|| Inbox::new(true), now()).await.unwrap();
}

#[tokio::test]
async fn the_time_of_a_file_decides_where_its_name_tells_no_day() {
    check_nights(|| Inbox::new(false), now()).await.unwrap();
}

#[tokio::test]
async fn the_same_listing_is_news_again_after_a_delta_that_is_no_longer_there() {
    let folder = Folder::new();
    let connector = folder.connector(BOTH);
    folder.put("m-2026-02-01.csv", "Nr;Name\n1;a\n2;b\n");
    folder.put("m-delta-2026-02-02.csv", "Nr;Name\n1;x\n");
    let first = pages(&connector, None).await;
    folder.remove("m-delta-2026-02-02.csv");
    folder.put("m-2026-02-03.csv", "Nr;Name\n1;a\n2;b\n");
    let second = pages(&connector, Some(&first.last().unwrap().cursor)).await;
    assert_eq!(second[0].listing, ListingMark::Complete { last: true });
    assert_eq!(cells(&second[0].rows, "Name"), ["a", "b"]);
    let third = pages(&connector, Some(&second[0].cursor)).await;
    assert_eq!(third[0].listing, ListingMark::Unchanged { rows: 2 });
}

#[tokio::test]
async fn a_listing_that_did_not_change_leaves_the_deltas_after_it_read() {
    let folder = Folder::new();
    let connector = folder.connector(BOTH);
    folder.put("m-2026-02-01.csv", "Nr;Name\n1;a\n");
    folder.put("m-delta-2026-02-02.csv", "Nr;Name\n1;x\n");
    let mut cursor = pages(&connector, None).await.last().unwrap().cursor.clone();
    for _ in 0..3 {
        let brought = pages(&connector, Some(&cursor)).await;
        assert!(brought.iter().all(|page| matches!(page.listing, ListingMark::Unchanged { .. })));
        cursor = brought.last().unwrap().cursor.clone();
    }
}

#[tokio::test]
async fn names_with_and_without_a_day_are_told_with_their_order() {
    let folder = Folder::new();
    folder.put("m-2026-02-01.csv", "Nr;Name\n1;a\n");
    folder.put("m.csv", "Nr;Name\n1;b\n");
    let findings = folder.connector(BOTH).check(now()).await;
    let order = findings.iter().find(|finding| finding.subject == "order").unwrap();
    assert!(order.message.contains("`m.csv`") && order.message.contains("the day on which they were written"));
    folder.remove("m.csv");
    assert!(folder.connector(BOTH).check(now()).await.iter().all(|finding| finding.subject != "order"));
}
