//! What is told about a CSV file by its rows.

use super::*;

fn dialect(sample: &str) -> Dialect {
    find(sample, Stated::default())
}

fn found(sample: &str) -> (char, Option<char>) {
    let dialect = dialect(sample);
    (char::from(dialect.delimiter), dialect.quote.map(char::from))
}

#[test]
fn the_delimiter_of_the_header_and_the_rows_is_found() {
    assert_eq!(found("Nr;Name;Betrag\n1;Müller, Hans;1,50\n2;Meier, Eva;2,50\n"), (';', Some('"')));
    assert_eq!(found("id,name\n1,\"a;b;c\"\n"), (',', Some('"')));
    assert_eq!(found("id\tname\n1\tx, y\n"), ('\t', Some('"')));
    assert_eq!(found("id|name\n1|x\n"), ('|', Some('"')));
    assert_eq!(found("id^name^ort\n1^x^y\n2^x^z\n"), ('^', Some('"')));
}

#[test]
fn commas_of_punctuation_part_no_cells_where_another_sign_does() {
    assert_eq!(found("Name, Vorname;Mail\nBrandner, Lotte;a@b.example\nAigner, Sepp;c@d.example\n").0, ';');
    let wide = "id;Name, Vorname;Straße, Nr.;PLZ, Ort\n1;Brandner, Lotte;Bergstr., 24;68161, Mannheim\n";
    assert_eq!(found(wide).0, ';');
    assert_eq!(found("id, name, ort\n1, Lotte, Ulm\n2, Sepp, Bonn\n").0, ',');
}

#[test]
fn a_single_column_has_no_delimiter() {
    assert_eq!(find_delimiter("email\na@example.org\n", Some(b'"')), None);
    assert_ne!(found("Name\nBrandner, Lotte\nAigner, Sepp\n").0, ',');
}

#[test]
fn a_line_for_excel_counts_where_rows_fit_it() {
    assert_eq!(found("sep=|\nNr|Name\n1|a\n"), ('|', Some('"')));
    assert_eq!(found("sep=,\nNr;Name\n1;a\n2;b\n").0, ';');
    assert_eq!(found("\"sep=;\"\r\nNr;Name, Vorname\r\n1;a, b\r\n").0, ';');
}

#[test]
fn single_quotes_are_found_and_apostrophes_are_none() {
    assert_eq!(found("'Nr';'Name'\n'1';'x;y'\n"), (';', Some('\'')));
    assert_eq!(found("Nr;Name\n1;'Berg; van den'\n2;Aigner\n"), (';', Some('\'')));
    assert_eq!(found("Nr;Name\n1;O'Neil\n2;D'Angelo\n"), (';', Some('"')));
    assert_eq!(found("Nr;Ort\n1;'s-Gravenhage\n2;'s-Hertogenbosch\n3;'t Zand\n"), (';', Some('"')));
    assert_eq!(found("Nr;Tel\n1;'+4917620304051\n2;'+4917620304162\n"), (';', Some('"')));
    let mixed = "Nr,Ort,Name\n1,'s-Gravenhage,Jan\n2,'s-Hertogenbosch,\"Berg, van den\"\n3,Delft,Piet\n";
    assert_eq!(found(mixed), (',', Some('"')));
}

#[test]
fn quotes_that_never_close_are_signs_like_any_other() {
    assert_eq!(found("Nr;Name;Rohr\n1;a;\"12 Zoll\n2;b;\"14 Zoll\n3;c;\"16 Zoll\n"), (';', None));
    assert_eq!(found("Nr;Name;Rohr\n1;\"a;b\";\"12\"\n2;\"b\";\"14\"\n3;\"c\";\"16 Zoll\n"), (';', Some('"')));
}

#[test]
fn escapes_spaces_and_quotes_around_rows_are_found_where_rows_fit_by_them() {
    assert!(dialect("id,name,ort\n1, \"Brandner, Lotte\",Ulm\n2, \"Aigner, Sepp\",Bonn\n").has_spaces_before_quotes);
    assert!(dialect("id,name,ort\n1,\"Hans \\\"Hansi, der\\\" Lang\",Ulm\n2,\"a\",Bonn\n").has_escapes);
    let wrapped = dialect("id,name,ort\n\"1,\"\"Brandner, Lotte\"\",Ulm\"\n\"2,\"\"Aigner, Sepp\"\",Bonn\"\n");
    assert!(wrapped.is_wrapped && wrapped.delimiter == b',');
    let plain = dialect("id,name,ort\n1,\"Brandner, Lotte\",Ulm\n");
    assert!(!plain.is_wrapped && !plain.has_escapes && !plain.has_spaces_before_quotes);
}

#[test]
fn a_header_may_have_a_delimiter_of_its_own() {
    let found = dialect("id,name,ort\n1;Lotte;Ulm\n2;Sepp;Bonn\n3;Ute;Köln\n");
    assert_eq!((found.delimiter, found.header_delimiter), (b';', Some(b',')));
    assert_eq!(dialect("Vereinsliste\n\nid;name\n1;a\n2;b\n").header_delimiter, None);
}

#[test]
fn what_is_stated_is_not_looked_for() {
    let found = find("a;b\n1;2\n", Stated { delimiter: Some(b','), quote: Some(b'\'') });
    assert_eq!(found, Dialect { is_stated: true, ..Dialect::plain(b',', Some(b'\'')) });
}

#[test]
fn a_text_is_measured_alike_in_pieces_of_any_length() {
    let text = "Nr;\"Na\nme\";Ort\r\n1;\"a\"\"b\";Ulm;\r\n\r\n2; \"c\";x\r3;\"d\"e;y\n".as_bytes();
    for dialect in quotings(text, b';', None) {
        let whole = Meter::measure(text, dialect);
        for length in 1..7 {
            let mut meter = Meter::new(dialect);
            text.chunks(length).for_each(|piece| meter.feed(piece));
            assert_eq!(meter.finish(), whole, "{dialect:?} in pieces of {length}");
        }
    }
}
