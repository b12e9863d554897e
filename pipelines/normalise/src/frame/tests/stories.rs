//! The stories.

use super::*;

const MEMBERS: &str = r#"
updated_at = "geaendert"
ignore = ["intern"]
[fields]
salutation = "anrede"
given_name = "vorname"
surname = "nachname"
birth_date = "geburt"
email = "mail"
phone = "telefon"
mobile = "handy"
street = "strasse"
postal_code = "plz"
city = "ort"
membership_number = "nr"
is_member = { column = "status", values = { aktiv = "ja", "*" = "nein" } }
country = { constant = "DE" }
"#;

#[test]
fn a_row_of_a_source_becomes_a_record() {
    let done = run(
        MEMBERS,
        &row(&[
            ("anrede", "Frau Dr."),
            ("vorname", "ANNA"),
            ("nachname", "VON DER HEIDE geb. Schmidt"),
            ("geburt", "5.3.84"),
            ("mail", "Anna@Web.DE"),
            ("telefon", "0176/12345678"),
            ("handy", "030 1234567"),
            ("strasse", "Hauptstr. 5a"),
            ("plz", "1067"),
            ("ort", "DRESDEN"),
            ("nr", "00123"),
            ("status", "Aktiv"),
            ("geaendert", "2026-11-23 10:00:00"),
            ("beruf", "Lehrerin"),
            ("intern", "x"),
        ]),
    );
    done.expect(&[
        ("source", Some("members")),
        ("key", Some("1")),
        ("salutation", Some("Frau")),
        ("sex", Some("f")),
        ("title", Some("Dr.")),
        ("given_name", Some("Anna")),
        ("surname", Some("von der Heide")),
        ("birth_surname", Some("Schmidt")),
        ("birth_date", Some("1984-03-05")),
        ("email", Some("anna@web.de")),
        ("email_key", Some("anna@web.de")),
        ("mobile", Some("+4917612345678")),
        ("phone", Some("+49301234567")),
        ("street", Some("Hauptstraße")),
        ("house_number", Some("5a")),
        ("postal_code", Some("01067")),
        ("city", Some("Dresden")),
        ("country", Some("DE")),
        ("membership_number", Some("00123")),
        ("attributes", Some(r#"{"beruf":"Lehrerin"}"#)),
        ("left_on", None),
    ]);
    assert_eq!(done.frame.column("is_member").unwrap().bool().unwrap().get(0), Some(true));
    // Ten in the morning where the source is.
    let updated_at = Utc.with_ymd_and_hms(2026, 11, 23, 9, 0, 0).unwrap().timestamp_millis();
    assert_eq!(done.frame.column("updated_at").unwrap().i64().unwrap().get(0), Some(updated_at));
    assert_eq!(done.problems, []);
}

#[test]
fn the_received_text_is_kept_where_the_canonical_one_differs() {
    let done = run(
        "[fields]\ngiven_name = \"vorname\"\nsurname = \"nachname\"\nbirth_date = \"geburt\"",
        &row(&[("vorname", "Anna"), ("nachname", "MÜLLER"), ("geburt", "gestern")]),
    );
    done.expect(&[("received", Some(r#"{"birth_date":"gestern","surname":"MÜLLER"}"#))]);
}

#[test]
fn a_value_that_cannot_be_read_is_null_and_a_problem_and_the_record_stays() {
    let done = run(
        "[fields]\nphone = \"tel\"\nemail = \"mail\"",
        &received(&[
            ("tel", &[Some("0800-BLUMEN"), Some("030 1234567"), None]),
            ("mail", &[Some("anna.web.de"), Some("anna@web.de"), Some(" ")]),
        ]),
    );
    assert_eq!(done.frame.height(), 3);
    let problem = |row: usize, field: &str, column: &str, reason| FieldProblem {
        source: "members".into(),
        row: Some(row),
        key: Some((row + 1).to_string()),
        field: field.into(),
        column: Some(column.into()),
        reason,
    };
    assert_eq!(
        done.problems,
        [problem(0, "email", "mail", Reason::EmailWithoutAt), problem(0, "phone", "tel", Reason::PhoneWithLetters),]
    );
    let mail = &done.statistics.fields["email"];
    assert_eq!((mail.received, mail.filled, mail.changed, mail.unreadable), (2, 1, 0, 1));
    assert_eq!(done.statistics.rows, 3);
}

#[test]
fn a_mapped_column_that_was_not_received_is_null_and_said_once() {
    let done = run(
        "[fields]\ngiven_name = \"vorname\"\ncity = \"ort\"",
        &received(&[("ort", &[Some("Berlin"), Some("Köln")])]),
    );
    assert_eq!(done.text("given_name", 0), None);
    assert_eq!(done.problems.len(), 1);
    assert_eq!((done.problems[0].reason, done.problems[0].row), (Reason::MissingColumn, None));
    assert_eq!(done.statistics.missing_columns, ["vorname"]);
}

#[test]
fn columns_are_joined_split_and_filled_with_constants() {
    let schema = r##"
[fields]
street = { columns = ["str", "nr_haus"] }
given_name = { column = "name", split = ",", part = -1 }
surname = { column = "name", split = ",", part = 1 }
interests = { column = "themen", list = "#" }
org_unit = { constant = "OV-1" }
birth_date = { column = "geburt", formats = ["%m/%d/%Y"] }
"##;
    let done = run(
        schema,
        &row(&[
            ("str", "Am Markt"),
            ("nr_haus", "3"),
            ("name", "Müller, Hans"),
            ("themen", "Verkehr#Umwelt"),
            ("geburt", "03/05/1984"),
        ]),
    );
    done.expect(&[
        ("street", Some("Am Markt")),
        ("house_number", Some("3")),
        ("given_name", Some("Hans")),
        ("surname", Some("Müller")),
        ("interests", Some(r#"["Umwelt","Verkehr"]"#)),
        ("org_unit", Some("OV-1")),
        ("birth_date", Some("1984-03-05")),
    ]);
}

#[test]
fn composite_columns_spread_over_their_fields() {
    let schema = "[fields]\nfull_name = \"name\"\naddress = \"anschrift\"";
    let done = run(
        schema,
        &row(&[("name", "Herrn Dr. Hans Müller jun."), ("anschrift", "Q7, 12\n68161 Mannheim\nDeutschland")]),
    );
    done.expect(&[
        ("salutation", Some("Herr")),
        ("sex", Some("m")),
        ("title", Some("Dr.")),
        ("given_name", Some("Hans")),
        ("surname", Some("Müller")),
        ("name_suffix", Some("jun.")),
        ("street", Some("Q7")),
        ("house_number", Some("12")),
        ("postal_code", Some("68161")),
        ("city", Some("Mannheim")),
        ("country", Some("DE")),
        ("warnings", Some(r#"["suffix_junior"]"#)),
    ]);
}

#[test]
fn a_column_of_its_own_goes_before_what_another_tells() {
    let schema = "[fields]\ngiven_name = \"vorname\"\nfull_name = \"name\"";
    let done = run(
        schema,
        &received(&[("vorname", &[Some("Johanna"), None]), ("name", &[Some("Müller, Hanna"), Some("Müller, Hanna")])]),
    );
    assert_eq!(done.text("given_name", 0).as_deref(), Some("Johanna"));
    assert_eq!(done.text("given_name", 1).as_deref(), Some("Hanna"));
}

#[test]
fn the_country_of_the_record_decides_how_codes_and_numbers_are_read() {
    let schema = "[fields]\ncountry = \"land\"\npostal_code = \"plz\"\nphone = \"tel\"";
    let done = run(
        schema,
        &received(&[
            ("land", &[Some("Österreich"), Some("Deutschland"), None]),
            ("plz", &[Some("1010"), Some("1067"), Some("1067")]),
            ("tel", &[Some("01 5123456"), Some("030 1234567"), Some("030 1234567")]),
        ]),
    );
    let codes: Vec<_> = (0..3).map(|row| done.text("postal_code", row).unwrap()).collect();
    assert_eq!(codes, ["1010", "01067", "01067"]);
    assert_eq!(done.text("phone", 0).as_deref(), Some("+4315123456"));
    assert_eq!(done.text("country", 2), None);
}

#[test]
fn a_house_number_of_its_own_leaves_digits_to_the_street() {
    let schema = "[fields]\nstreet = \"str\"\nhouse_number = \"nr\"";
    let done = run(
        schema,
        &received(&[
            ("str", &[Some("Siedlung 7"), Some("Hauptstr. 5"), Some("Hauptstr. 5")]),
            ("nr", &[Some("12"), Some("5"), None]),
        ]),
    );
    let streets: Vec<_> =
        (0..3).map(|row| (done.text("street", row).unwrap(), done.text("house_number", row).unwrap())).collect();
    let expected = [("Siedlung 7", "12"), ("Hauptstraße", "5"), ("Hauptstraße", "5")];
    assert_eq!(streets, expected.map(|(street, number)| (street.to_owned(), number.to_owned())));
}

#[test]
fn consents_are_kept_by_purpose_with_source_and_time() {
    let schema = r#"
[fields]
email = "mail"
[[consent]]
purpose = "newsletter"
column = "status"
at = "seit"
states = { subscribed = "granted", pending = "pending", unsubscribed = "withdrawn" }
[[consent]]
purpose = "post"
column = "post"
states = { ja = "granted", nein = "withdrawn" }
"#;
    let done = run(
        schema,
        &received(&[
            ("mail", &[Some("a@web.de"), Some("b@web.de"), Some("c@web.de")]),
            ("status", &[Some("Subscribed"), Some("cleaned"), None]),
            ("seit", &[Some("2024-05-01T12:00:00Z"), None, None]),
            ("post", &[Some("nein"), None, None]),
        ]),
    );
    let consents = |row| -> Vec<Consent> { serde_json::from_str(&done.text("consents", row).unwrap()).unwrap() };
    let at = Utc.with_ymd_and_hms(2024, 5, 1, 12, 0, 0).single();
    let word = |purpose, state, mail: &str| Consent {
        address: Some(mail.to_owned()),
        ..Consent::new(purpose, state, "members")
    };
    assert_eq!(
        consents(0),
        [
            Consent { at, ..word("newsletter", ConsentState::Granted, "a@web.de") },
            word("post", ConsentState::Withdrawn, "a@web.de"),
        ]
    );
    let empty = |purpose, mail| Consent { empty: true, ..word(purpose, ConsentState::Unclear, mail) };
    assert_eq!(
        consents(1),
        [word("newsletter", ConsentState::Unclear, "b@web.de"), empty("post", "b@web.de")],
        "a word that is not known lets nobody be written to"
    );
    assert_eq!(consents(2), [empty("newsletter", "c@web.de"), empty("post", "c@web.de")]);
    let reasons: Vec<_> = done.problems.iter().map(|problem| (problem.row, problem.reason)).collect();
    assert_eq!(reasons, [(Some(1), Reason::UnknownConsentState)]);
}

#[test]
fn a_consents_time_is_local_and_of_a_day_it_counts_from_the_stricter_end() {
    let schema = r#"
time_zone = "Europe/Vienna"
[fields]
email = "mail"
[[consent]]
purpose = "newsletter"
column = "status"
at = "seit"
proof = "beleg"
states = { ja = "granted", nein = "withdrawn" }
"#;
    let done = run(
        schema,
        &received(&[
            ("mail", &[Some("a@web.de"), Some("b@web.de"), Some("c@web.de")]),
            ("status", &[Some("ja"), Some("ja"), Some("nein")]),
            ("seit", &[Some("01.07.2024 12:00"), Some("01.07.2024"), Some("2024-07-01 00:00:00")]),
            ("beleg", &[Some("Formular 17"), None, None]),
        ]),
    );
    let consent = |row| -> Consent {
        let all: Vec<Consent> = serde_json::from_str(&done.text("consents", row).unwrap()).unwrap();
        all.into_iter().next().unwrap()
    };
    let said = |row| (consent(row).at.unwrap().to_rfc3339(), consent(row).precision);
    assert_eq!(said(0), ("2024-07-01T10:00:00+00:00".to_owned(), SaidPrecision::Instant));
    assert_eq!(said(1), ("2024-06-30T22:00:00+00:00".to_owned(), SaidPrecision::Day));
    assert_eq!(said(2), ("2024-07-01T21:59:59.999+00:00".to_owned(), SaidPrecision::Day));
    assert_eq!(consent(0).proof.as_deref(), Some("Formular 17"));
}

#[test]
fn a_consents_column_that_was_not_received_says_nothing() {
    let schema = r#"
[fields]
email = "mail"
[[consent]]
purpose = "newsletter"
column = "status"
states = { ja = "granted" }
"#;
    let done = run(schema, &received(&[("mail", &[Some("a@web.de")])]));
    assert_eq!(done.text("consents", 0), None);
}

#[test]
fn answers_are_kept_with_survey_and_day() {
    let schema = r#"
[fields]
email = "mail"
[survey]
name = "Verkehr 2026"
date = "datum"
"#;
    let done = run(schema, &row(&[("mail", "a@web.de"), ("datum", "01.05.2026"), ("Tempo 30?", "ja, \"sofort\"")]));
    let answers: Vec<Answer> = serde_json::from_str(&done.text("answers", 0).unwrap()).unwrap();
    let expected = Answer {
        survey: "Verkehr 2026".into(),
        date: NaiveDate::from_ymd_opt(2026, 5, 1),
        question: "Tempo 30?".into(),
        answer: "ja, \"sofort\"".into(),
    };
    assert_eq!(answers, [expected]);
    assert_eq!(done.text("attributes", 0), None);
}

#[test]
fn what_several_fields_tell_together_is_said() {
    let schema = r#"
[fields]
salutation = "anrede"
sex = "geschlecht"
given_name = "vorname"
surname = "nachname"
joined_on = "ein"
left_on = "aus"
"#;
    let done = run(
        schema,
        &received(&[
            ("anrede", &[Some("Frau"), None, None]),
            ("geschlecht", &[Some("m"), None, None]),
            ("vorname", &[Some("Max"), Some("John"), Some("Lieschen")]),
            ("nachname", &[Some("Mustermann"), Some("Doe"), Some("Meyer")]),
            ("ein", &[Some("2020-01-01"), None, None]),
            ("aus", &[Some("2019-01-01"), None, None]),
        ]),
    );
    assert_eq!(
        done.text("warnings", 0).as_deref(),
        Some(r#"["placeholder_name","sex_conflict","left_before_joining"]"#)
    );
    assert_eq!(done.text("warnings", 1).as_deref(), Some(r#"["placeholder_name"]"#));
    assert_eq!(done.text("warnings", 2), None);
    assert_eq!(done.statistics.warnings["placeholder_name"], 2);
}

#[test]
fn every_source_gives_the_same_columns_so_that_frames_stack() {
    let members = run(MEMBERS, &row(&[("vorname", "Anna")]));
    let leads = run("[fields]\nemail = \"mail\"", &row(&[("mail", "a@web.de")]));
    let mut all = members.frame.clone();
    all.vstack_mut(&leads.frame).unwrap();
    assert_eq!(all.height(), 2);
    let expected: Vec<String> = columns(&PersonSchema::default()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(members.frame.get_column_names_owned(), expected);
}

#[test]
fn an_empty_frame_gives_an_empty_frame() {
    let empty = row(&[("vorname", "Anna")]).slice(0, 0);
    let done = run("[fields]\ngiven_name = \"vorname\"", &empty);
    assert_eq!((done.frame.height(), done.frame.width()), (0, columns(&PersonSchema::default()).len()));
}

#[test]
fn a_row_without_a_time_has_the_time_of_its_receipt() {
    let schema = "updated_at = \"zeit\"\n[fields]\ncity = \"ort\"";
    let done = run(
        schema,
        &received(&[
            ("ort", &[Some("Berlin"), Some("Berlin"), Some("Berlin")]),
            ("zeit", &[None, Some("irgendwann"), Some("2031-01-01")]),
        ]),
    );
    let times: Vec<i64> = done.frame.column("updated_at").unwrap().i64().unwrap().into_no_null_iter().collect();
    assert_eq!(times, [context().received_at.timestamp_millis(); 3]);
    let reasons: Vec<_> = done.problems.iter().map(|problem| problem.reason).collect();
    assert_eq!(reasons, [Reason::NotAnInstant, Reason::InTheFuture]);
}

#[test]
fn wrong_schemas_and_frames_are_refused_with_a_hint() {
    let person = PersonSchema::default();
    let frame = row(&[("vorname", "Anna")]);
    let error = normalise(&frame, &source("[fields]\ngiven_nam = \"vorname\""), &person, &context()).unwrap_err();
    assert_eq!(error.to_string(), "source `members`: there is no person field `given_nam`");
    assert_eq!(error.hint().as_deref(), Some("did you mean `given_name`?"));
    let twice = source("[fields]\ngiven_name = { column = \"vorname\", constant = \"x\" }");
    assert!(matches!(normalise(&frame, &twice, &person, &context()), Err(NormaliseError::Mapping { .. })));
    let composed = source("[fields]\nconsents = \"vorname\"");
    assert!(normalise(&frame, &composed, &person, &context()).unwrap_err().hint().is_some());
    let wrong = Context { default_country: "Utopia".into(), ..context() };
    assert!(matches!(
        normalise(&frame, &source("[fields]"), &person, &wrong),
        Err(NormaliseError::DefaultCountry { .. })
    ));
    let keyless = frame.drop("key").unwrap();
    assert!(matches!(normalise(&keyless, &source("[fields]"), &person, &context()), Err(NormaliseError::NoKey { .. })));
}

#[test]
fn the_result_does_not_depend_on_how_rows_fall_into_chunks() {
    let names = ["MÜLLER", "von der Heide", "Schmidt geb. Meyer", "12345", ""];
    let rows = CHUNK_ROWS + 1_000;
    let cells: Vec<Option<&str>> = (0..rows).map(|row| Some(names[row % names.len()])).collect();
    let frame = received(&[("nachname", &cells)]);
    let done = run("[fields]\nsurname = \"nachname\"", &frame);
    let small = run("[fields]\nsurname = \"nachname\"", &frame.slice(i64::try_from(rows).unwrap() - 5, 5));
    assert!(done.frame.tail(Some(5)).equals_missing(&small.frame));
    assert_eq!(done.problems.last().unwrap().row, (0..rows).rfind(|row| names[row % names.len()] == "12345"));
    assert_eq!(done.statistics.fields["surname"].unreadable, done.problems.len() as u64);
}

#[test]
fn nul_and_ten_megabytes_do_no_harm() {
    let huge = "x".repeat(10_000_000);
    let done = run("[fields]\nsurname = \"nachname\"", &row(&[("nachname", &huge), ("rest", "a\0b")]));
    assert_eq!(done.problems[0].reason, Reason::TooLong);
    assert_eq!(done.text("attributes", 0).as_deref(), Some(r#"{"rest":"ab"}"#));
    assert!(done.text("received", 0).unwrap().len() < 20_000);
}
