//! Headers and contents of real files.

use super::*;

fn fields(columns: &[(&str, &[&str])]) -> Vec<(String, Part)> {
    let samples: Vec<ColumnSample<'_>> =
        columns.iter().map(|(header, values)| ColumnSample { header, values }).collect();
    recognise(&samples).columns.into_iter().map(|column| (column.field, column.part)).collect()
}

fn field(name: &str) -> (String, Part) {
    (name.to_owned(), Part::Field)
}

#[test]
fn a_german_membership_list_is_recognised() {
    let found = fields(&[
        ("Mitgliedsnr.", &["4711", "4712", "4712"]),
        ("Vorname", &["Anna", "Jörg", "Jörg"]),
        ("Name", &["Müller", "Krause", "Krause"]),
        ("Geb.-Datum", &["05.03.1984", "30.11.1961", "30.11.1961"]),
        ("Straße / Hausnr.", &["Hauptstr. 12", "Am Markt 3", ""]),
        ("PLZ", &["10115", "04109", ""]),
        ("Ort", &["Berlin", "Leipzig", ""]),
        ("E-Mail", &["anna@web.de", "", ""]),
        ("Handy", &["0151 12345678", "", ""]),
    ]);
    let expected = [
        "membership_number",
        "given_name",
        "surname",
        "birth_date",
        "street",
        "postal_code",
        "city",
        "email",
        "mobile",
    ];
    assert_eq!(found, expected.map(field));
}

#[test]
fn the_test_sets_of_febrl_and_splink_are_recognised() {
    let found = fields(&[
        ("rec_id", &["rec-1-org", "rec-1-dup-0"]),
        ("soc_sec_id", &["7535316", "9497788"]),
        ("postcode", &["4510", "2602"]),
        ("date_of_birth", &["19300213", "19080712"]),
    ]);
    assert_eq!(found[0], ("key".to_owned(), Part::Key));
    assert_eq!(found[1], ("soc_sec_id".to_owned(), Part::Extra));
    assert_eq!(found[2..], ["postal_code", "birth_date"].map(field));
    let found = fields(&[
        ("unique_id", &["Q1-1", "Q1-2"]),
        ("cluster", &["Q1", "Q1"]),
        ("first_name", &["thomas", "tom"]),
        ("occupation", &["politician", "writer"]),
    ]);
    assert_eq!(found[1], ("cluster".to_owned(), Part::Truth));
    assert_eq!(found[3], ("occupation".to_owned(), Part::Extra));
}

#[test]
fn what_reads_german_by_default_is_left_as_text_where_it_is_not_german() {
    let samples = [
        ColumnSample { header: "dob", values: &["1724-01-01", "1850-05-02"] },
        ColumnSample { header: "postcode_fake", values: &["ta4 2ug", "bn3 1bg"] },
        ColumnSample { header: "birthday", values: &["03/25/1984", "12/31/1961"] },
    ];
    let columns = recognise(&samples).columns;
    assert_eq!((columns[0].kind, columns[1].kind), (FieldKind::Text, FieldKind::Text));
    assert_eq!(columns[2].formats.first().map(String::as_str), None, "a second birth date is an extra column");
    let american = recognise(&samples[2..]).columns;
    assert_eq!(american[0].formats, ["%m/%d/%Y", "%m/%d/%y"]);
}

#[test]
fn content_speaks_where_headers_do_not() {
    let found = fields(&[
        ("c1", &["1", "2", "3"]),
        ("c2", &["anna@web.de", "joerg@gmx.de", ""]),
        ("c3", &["m", "w", "m"]),
        ("c4", &["+49 151 12345678", "030/1234567", ""]),
        ("c5", &["", "", ""]),
    ]);
    assert_eq!(found[0], ("key".to_owned(), Part::Key));
    assert_eq!(found[1..4], ["email", "sex", "phone"].map(field));
    assert_eq!(found[4].1, Part::Ignored);
}

#[test]
fn a_column_that_contradicts_its_header_is_an_extra_one() {
    assert_eq!(fields(&[("Name", &["17", "18", "18"])])[0], ("name".to_owned(), Part::Extra));
}

#[test]
fn a_column_called_cluster_is_the_truth_even_where_a_sample_holds_each_value_once() {
    let found = fields(&[
        ("unique_id", &["Q1-1", "Q2-1", "Q3-1"]),
        ("cluster", &["Q1", "Q2", "Q3"]),
        ("surname", &["Sand", "Moll", "Sand"]),
    ]);
    assert_eq!(found[1], ("cluster".to_owned(), Part::Truth));
}

#[test]
fn a_column_that_says_once_more_what_others_say_is_left_out() {
    let given = ["Thomas", "Anna Maria", "", "Jörg", "Ida", "Karl"];
    let surname = ["Chudleigh", "Sand", "Wald", "Krause", "von Berg", "See"];
    let together = ["Chudleigh, Thomas", "Anna Maria Sand", "", "KRAUSE Jörg", "Ida von Berg", "Karl See"];
    let work = ["Maler und Dichter", "Maler", "Dichter", "Maler und Anna", "Dichter und Maler", "Maler am See"];
    let found = fields(&[("Vorname", &given), ("Nachname", &surname), ("Etikett", &together), ("Werk", &work)]);
    assert_eq!(found[2], ("etikett".to_owned(), Part::Ignored));
    assert_eq!(found[3], ("werk".to_owned(), Part::Extra));
}
