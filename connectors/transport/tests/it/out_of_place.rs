//! Files that are not what they seem: links, files elsewhere, uploads under way, and a header that is none.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;
use std::time::Duration;

use kartei_connector::{Connector, Context, ErrorKind};
use kartei_transport::{FileError, FilesConnector};

use crate::folder::{Folder, cells, error, keys, now, pages, pull, reason};

const SECRET: &str = "Erika;Mustermann;erika@example.org\n";

fn settling(folder: &Folder) -> FilesConnector {
    folder.connector("key = ['Nr']\n[connector]\nproduct = 'files'\npath = '*'\nsettle_seconds = 2")
}

#[tokio::test]
async fn a_link_is_never_read_and_its_target_never_told() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    elsewhere.put("secret.csv", SECRET);
    symlink(elsewhere.path("secret.csv"), folder.path("m.csv")).unwrap();
    let error = error(&folder.listings()).await;
    assert!(matches!(reason(&error), FileError::Elsewhere { .. }));
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let findings = folder.listings().check(now()).await;
    let said = format!("{error} {:?} {findings:?}", error.hint());
    assert!(said.contains("`m.csv` is a link") && !said.contains("Erika") && !said.contains("Mustermann"));
}

#[tokio::test]
async fn a_folder_that_leads_elsewhere_is_refused_and_the_folder_of_the_settings_may_be_a_link() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    elsewhere.put("m.csv", "Nr;Name\n1;Eva\n");
    std::fs::create_dir(folder.path("inbox")).unwrap();
    symlink(elsewhere.path("."), folder.path("inbox/more")).unwrap();
    let through = folder.connector("key = ['Nr']\n[connector]\nproduct = 'files'\npath = 'inbox/*/m.csv'");
    assert!(matches!(reason(&error(&through).await), FileError::Elsewhere { .. }));
    let named = folder.connector("key = ['Nr']\n[connector]\nproduct = 'files'\npath = 'inbox/more/*.csv'");
    assert_eq!(keys(&pages(&named, None).await), ["1"]);
}

#[tokio::test]
async fn the_configurations_folder_may_be_called_anything() {
    let folder = Folder::new();
    let base = folder.path("Kreis [Nord] * 1?");
    std::fs::create_dir(&base).unwrap();
    folder.put("Kreis [Nord] * 1?/m-1.csv", "Nr;Name\n1;a\n");
    folder.put("Kreis [Nord] * 1?/m-delta-1.csv", "Nr;Name\n1;b\n");
    let schema = "name = 'm'\nfamily = 'membership'\nkey = ['Nr']\nfields.surname = 'Name'\n[connector]\nproduct = 'files'\n\
                  path = 'm-*.csv'\ndelta_path = 'm-delta-*.csv'";
    let connector = FilesConnector::new(&toml::from_str(schema).unwrap(), &Context::of(&base)).unwrap();
    let brought = pages(&connector, None).await;
    assert_eq!(brought.iter().map(|page| &*page.origin).collect::<Vec<_>>(), ["m-1.csv", "m-delta-1.csv"]);
}

/// Writes to a file while somebody waits for it to be quiet.
fn keep_writing(path: &Path) -> thread::JoinHandle<()> {
    let mut file = File::options().append(true).open(path).unwrap();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(400));
        file.write_all(b"2;noch").unwrap();
    })
}

#[tokio::test]
async fn a_file_that_grows_between_two_looks_is_left_alone() {
    let folder = Folder::new();
    folder.put_at("m-2026-02-28.csv", "Nr;Name\n1;ganz\n", 3_600);
    folder.put_at("m-2026-03-01.csv", "Nr;Name\n1;halb\n", 1);
    let writing = keep_writing(&folder.path("m-2026-03-01.csv"));
    assert_eq!(cells(&pages(&settling(&folder), None).await[0].rows, "Name"), ["ganz"]);
    writing.join().unwrap();
    folder.remove("m-2026-02-28.csv");
    folder.put_at("m-2026-03-01.csv", "Nr;Name\n1;halb\n", 1);
    let writing = keep_writing(&folder.path("m-2026-03-01.csv"));
    let (_, error) = pull(&settling(&folder), None).await;
    let error = error.unwrap();
    assert!(matches!(reason(&error), FileError::StillWritten { .. }));
    assert_eq!(error.kind(), ErrorKind::Transient { after: Some(Duration::from_secs(2)) });
    writing.join().unwrap();
}

#[tokio::test]
async fn a_file_that_has_been_quiet_between_two_looks_is_read() {
    let folder = Folder::new();
    folder.put_at("m.csv", "Nr;Name\n1;eben\n", 1);
    assert_eq!(keys(&pages(&settling(&folder), None).await), ["1"]);
    let findings = settling(&folder).check(now()).await;
    assert!(findings.iter().any(|finding| finding.message == "`m.csv` is still being written"), "{findings:?}");
}

#[tokio::test]
async fn a_file_under_the_name_of_an_upload_is_left_alone_however_old() {
    let folder = Folder::new();
    folder.put_at("m-2026-03-01.csv.part", "Nr;Name\n1;ha", 90_000);
    folder.put_at("m-2026-02-28.csv", "Nr;Name\n1;ganz\n", 90_000);
    assert_eq!(cells(&pages(&folder.listings(), None).await[0].rows, "Name"), ["ganz"]);
    let findings = folder.listings().check(now()).await;
    assert!(findings.iter().any(|finding| finding.message == "`m-2026-03-01.csv.part` is being written"));
}

#[tokio::test]
async fn a_list_that_lost_its_header_is_told_without_a_cell_of_it() {
    let folder = Folder::new();
    folder.put("m.csv", "4711;Mustermann;Erika;05.03.1984;Hauptstr. 5;erika@example.org\n4712;Muster;Max;;;\n");
    let error = error(&folder.listings()).await;
    assert_eq!(error.kind(), ErrorKind::Data);
    assert_eq!(error.hint().unwrap(), "it has 6 columns, none of them known: is the header missing?");
    let said = format!("{error} {:?} {:?}", error.hint(), folder.listings().check(now()).await);
    for cell in ["4711", "Mustermann", "Erika", "1984", "Hauptstr", "example.org"] {
        assert!(!said.contains(cell), "{cell} in {said}");
    }
}
