//! What names become, case by case.

use proptest::prelude::*;

use super::*;

fn full(text: &str) -> Name {
    full_name(text).unwrap().value.unwrap()
}

/// Given name and surname of a full name.
fn both(text: &str) -> (Option<String>, Option<String>) {
    let name = full(text);
    (name.given_name, name.surname)
}

#[track_caller]
fn check_both(cases: &[(&str, &str, &str)]) {
    for (text, given, family) in cases {
        assert_eq!(both(text), (Some((*given).to_owned()), Some((*family).to_owned())), "{text}");
    }
}

#[test]
fn a_full_name_is_split_before_its_last_word_or_its_first_particle() {
    check_both(&[
        ("Hans Müller", "Hans", "Müller"),
        ("Anna Maria Schmidt", "Anna Maria", "Schmidt"),
        ("Ursula von der Leyen", "Ursula", "von der Leyen"),
        ("Karl-Theodor Maria Freiherr von und zu Guttenberg", "Karl-Theodor Maria", "Freiherr von und zu Guttenberg"),
        ("LUDWIG VAN BEETHOVEN", "Ludwig", "van Beethoven"),
        ("hans müller", "Hans", "Müller"),
        ("Hans-Jürgen Müller-Lüdenscheidt", "Hans-Jürgen", "Müller-Lüdenscheidt"),
    ]);
}

#[test]
fn a_comma_or_capitals_tell_that_the_surname_comes_first() {
    check_both(&[
        ("Müller, Hans", "Hans", "Müller"),
        ("MÜLLER, HANS", "Hans", "Müller"),
        ("MÜLLER Hans", "Hans", "Müller"),
        ("Hans MÜLLER", "Hans", "Müller"),
        ("Jan VAN DYK", "Jan", "van Dyk"),
        ("Guttenberg, Karl-Theodor zu", "Karl-Theodor", "zu Guttenberg"),
        ("von der Heide, Anna", "Anna", "von der Heide"),
    ]);
}

#[test]
fn salutation_and_titles_come_off_a_full_name() {
    let name = full("Herrn Prof. Dr. Hans von Müller");
    assert_eq!((name.salutation, name.sex, name.title.as_deref()), (Some("Herr"), Some("m"), Some("Prof. Dr.")));
    assert_eq!((name.given_name.as_deref(), name.surname.as_deref()), (Some("Hans"), Some("von Müller")));
    let name = full("Müller, Dr. med. Hans");
    assert_eq!((name.title.as_deref(), name.given_name.as_deref()), (Some("Dr. med."), Some("Hans")));
    let name = full("Hans Müller, M.A.");
    assert_eq!((name.title.as_deref(), name.surname.as_deref()), (Some("M.A."), Some("Müller")));
}

#[test]
fn a_maiden_name_is_kept_apart() {
    for text in [
        "Anna Müller geb. Schmidt",
        "Anna Müller (geb. Schmidt)",
        "Anna Müller, geborene Schmidt",
        "Anna Müller geb.Schmidt",
    ] {
        let name = full(text);
        assert_eq!(name.surname.as_deref(), Some("Müller"), "{text}");
        assert_eq!(name.birth_surname.as_deref(), Some("Schmidt"), "{text}");
        assert_eq!(name.given_name.as_deref(), Some("Anna"), "{text}");
    }
    let name = surname("geb. Schmidt").unwrap().value.unwrap();
    assert_eq!((name.surname, name.birth_surname.as_deref()), (None, Some("Schmidt")));
    let name = full("Müller geb. Schmidt, Anna");
    assert_eq!((name.given_name.as_deref(), name.birth_surname.as_deref()), (Some("Anna"), Some("Schmidt")));
}

#[test]
fn father_and_son_are_told_apart_by_a_suffix() {
    for (text, suffix) in [
        ("Hans Müller jun.", "jun."),
        ("Hans Müller Junior", "jun."),
        ("Hans Müller, sen.", "sen."),
        ("Hans Müller d.Ä.", "d. Ä."),
        ("Müller jr., Hans", "jun."),
        ("Hans Müller II", "II"),
    ] {
        let name = full(text);
        assert_eq!((name.suffix, name.surname.as_deref()), (Some(suffix), Some("Müller")), "{text}");
        assert_eq!(name.given_name.as_deref(), Some("Hans"), "{text}");
    }
    assert!(surname("Müller sen.").unwrap().warnings.has(Warning::SuffixSenior));
    assert_eq!(surname("Sen").unwrap().value.unwrap().surname.as_deref(), Some("Sen"));
}

#[test]
fn a_given_name_loses_titles_and_keeps_initials() {
    for (text, expected) in [
        ("Dr. Hans", "Hans"),
        ("HANS", "Hans"),
        ("Hans - Peter", "Hans-Peter"),
        ("H.J.", "H. J."),
        ("Hans \"Hansi\"", "Hans Hansi"),
        ("Herr Hans", "Hans"),
        ("j.", "J."),
        ("Anna, Maria", "Anna Maria"),
    ] {
        assert_eq!(given_name(text).unwrap().value.unwrap().given_name.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_surname_column_may_hold_the_whole_name() {
    let name = surname("Müller, Hans").unwrap().value.unwrap();
    assert_eq!((name.surname.as_deref(), name.given_name.as_deref()), (Some("Müller"), Some("Hans")));
    let name = surname("Dr. Müller").unwrap().value.unwrap();
    assert_eq!((name.surname.as_deref(), name.title.as_deref()), (Some("Müller"), Some("Dr.")));
}

#[test]
fn what_is_no_name_is_a_problem() {
    assert_eq!(full_name("hans@web.de"), Err(Reason::EmailInName));
    assert_eq!(full_name("Bäckerei Müller GmbH"), Err(Reason::CompanyInName));
    assert_eq!(surname("SPD Ortsverein Mitte"), Err(Reason::CompanyInName));
    assert_eq!(surname("12345"), Err(Reason::NotAName));
    assert_eq!(given_name(&"x".repeat(10_000_000)), Err(Reason::TooLong));
}

#[test]
fn what_stands_for_nothing_is_nothing() {
    for text in ["", "-", "k.A.", "unbekannt", "n/a"] {
        assert_eq!(given_name(text).unwrap().value, None, "{text}");
        assert_eq!(surname(text).unwrap().value, None, "{text}");
    }
    assert_eq!(surname("Null").unwrap().value.unwrap().surname.as_deref(), Some("Null"));
}

#[test]
fn couples_digits_and_lost_letters_are_said() {
    assert!(full_name("Hans und Anna Müller").unwrap().warnings.has(Warning::SeveralPersons));
    assert!(full_name("Familie Müller").unwrap().warnings.has(Warning::SeveralPersons));
    assert!(given_name("Hans & Anna").unwrap().warnings.has(Warning::SeveralPersons));
    assert!(!surname("von und zu Guttenberg").unwrap().warnings.has(Warning::SeveralPersons));
    assert!(surname("Müller2").unwrap().warnings.has(Warning::DigitsInName));
    assert!(surname("M?ller").unwrap().warnings.has(Warning::TextDamaged));
    assert!(full_name("Müller").unwrap().warnings.has(Warning::SingleName));
}

proptest! {
    #[test]
    fn a_canonical_name_is_its_own_canonical_name(
        text in "(Dr\\.|von|VON|zu|der|Hans|hans|MÜLLER|Müller|O'Brien|Hans-jürgen|geb\\.|jun\\.|Graf|al-Sayed|X|H\\.J\\.|,| |-|und|[A-Za-zäöüß]{1,4}| ){0,8}"
    ) {
        if let Ok(Reading { value: Some(name), .. }) = given_name(&text)
            && let Some(once) = name.given_name
            && let Ok(Reading { value: Some(again), .. }) = given_name(&once)
            && again.title.is_none() && again.salutation.is_none() && again.suffix.is_none()
        {
            prop_assert_eq!(again.given_name, Some(once));
        }
        if let Ok(Reading { value: Some(name), .. }) = surname(&text)
            && let Some(once) = name.surname
            && let Ok(Reading { value: Some(again), .. }) = surname(&once)
            && again.title.is_none() && again.salutation.is_none() && again.suffix.is_none() && again.birth_surname.is_none()
        {
            prop_assert_eq!(again.surname, Some(once));
        }
    }

    #[test]
    fn the_short_way_and_the_full_way_agree(
        text in "[A-ZÄÖÜ][a-zäöüß]{1,8}|(Dr|Doktor|Prof|Professor|Professorin|Privatdozent|Herr|Frau|Familie|Firma|Geb|Geborene\
            |Von|Vom|Zu|Der|La|Graf|Junior|Jun|Sen|Und|Verein|Null|Unbekannt|Test|Mc|Phd|Pd|Ddr|Univprof|Dipling|Xxx)[a-z]{0,2}"
    ) {
        if is_plain(&text) {
            let given = Name { given_name: Some(text.clone()), ..Name::default() };
            prop_assert_eq!(given_name(&text), Ok(Reading::of(given)));
            let family = Name { surname: Some(text.clone()), ..Name::default() };
            prop_assert_eq!(surname(&text), Ok(Reading::of(family)));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*|[ -~äöüßÄÖÜ.,()\"'@-]{0,30}") {
        let _ = (given_name(&text), surname(&text), full_name(&text));
    }
}
