//! Files that are no list, or none that kartei reads: named as what they are, with what to do.

/// What a file is, and what to do instead.
pub(crate) type Foreign = (&'static str, &'static str);

const AS_LIST: &str = "export the list as CSV or XLSX";

/// What the first bytes of a file say that it is.
pub(crate) fn by_bytes(start: &[u8]) -> Option<Foreign> {
    const STARTS: &[(&[u8], Foreign)] = &[
        (b"%PDF", ("a PDF", AS_LIST)),
        (&[0xd0, 0xcf, 0x11, 0xe0], ("an old or encrypted Excel file", "save it as XLSX without a password")),
        (b"{\\rtf", ("a text in RTF", AS_LIST)),
        (b"SQLite format 3", ("a SQLite database", "export the table of people as CSV")),
        (b"\x00\x01\x00\x00Standard Jet DB", ("an Access database", "export the table of people as CSV or XLSX")),
        (b"\x00\x01\x00\x00Standard ACE DB", ("an Access database", "export the table of people as CSV or XLSX")),
        (b"!BDN", ("an Outlook data file", "export the contacts from Outlook as CSV")),
        (b"\x89PNG", ("a picture", AS_LIST)),
        (b"\xff\xd8\xff", ("a picture", AS_LIST)),
        (b"GIF8", ("a picture", AS_LIST)),
        (b"Rar!", ("a RAR archive", "unpack it, or pack it as zip")),
        (b"7z\xbc\xaf", ("a 7-Zip archive", "unpack it, or pack it as zip")),
        (b"BZh", ("a bzip2 archive", "unpack it, or pack it as gz or zip")),
        (b"\xfd7zXZ", ("an xz archive", "unpack it, or pack it as gz or zip")),
        (b"(\xb5/\xfd", ("a zstd archive", "unpack it, or pack it as gz or zip")),
        (b"-----BEGIN PGP", ("an encrypted text", "decrypt it, and export the list as CSV or XLSX")),
    ];
    STARTS.iter().find(|(bytes, _)| start.starts_with(bytes)).map(|(_, foreign)| *foreign)
}

/// What a text is that is no list.
pub(crate) fn by_text(text: &str) -> Option<Foreign> {
    let start = text.trim_start();
    let begins = |word: &str| start.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word));
    if begins("BEGIN:VCALENDAR") {
        return Some(("a calendar", "export the contacts instead, as vCard or CSV"));
    }
    if begins("<!doctype html") || begins("<html") {
        return Some(("a web page, perhaps of a login that has run out", "export the list again, as CSV or XLSX"));
    }
    if begins("<?xml") {
        return Some(("an XML file", AS_LIST));
    }
    if begins("version: 1") || begins("dn: ") {
        return Some(("an LDIF address book", "export the address book as vCard or CSV"));
    }
    let is_mail = begins("From ") || begins("Return-Path:") || begins("Received:") || begins("MIME-Version:");
    if is_mail && start.contains("\nSubject:") {
        return Some(("a mail", "save what is attached to it, and give that"));
    }
    let is_dump = begins("-- MySQL dump") || begins("-- PostgreSQL database dump") || begins("-- phpMyAdmin");
    (is_dump || begins("INSERT INTO ")).then_some(("a database dump", "export the table of people as CSV"))
}

/// What the table of contents of a zip says that it is; none for a zip with data in it.
pub(crate) fn by_entries<'n>(names: &(impl Iterator<Item = &'n str> + Clone), kind: &str) -> Option<Document> {
    let has = |name: &str| names.clone().any(|entry| entry == name);
    let has_under = |folder: &str| names.clone().any(|entry| entry.starts_with(folder));
    if kind.starts_with("application/vnd.oasis.opendocument.spreadsheet") {
        return Some(Document::Ods);
    }
    if kind.starts_with("application/vnd.oasis.opendocument") {
        return Some(Document::Foreign((
            "an OpenDocument text",
            "copy its table to a sheet, and save that as ODS or XLSX",
        )));
    }
    if has("[Content_Types].xml") {
        return Some(if has("xl/workbook.bin") {
            Document::Foreign(("a binary Excel workbook (XLSB)", "save it as XLSX"))
        } else if has_under("word/") {
            Document::Foreign(("a Word document", "copy its table to a sheet, and save that as XLSX"))
        } else if has_under("ppt/") {
            Document::Foreign(("a PowerPoint document", AS_LIST))
        } else {
            Document::Xlsx
        });
    }
    (has("Index/Document.iwa") || has("Index.zip") && has_under("preview"))
        .then_some(Document::Foreign(("a Numbers document", "export it from Numbers as CSV or XLSX")))
}

/// A zip that is one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    Xlsx,
    Ods,
    Foreign(Foreign),
}
