//! All records of all sources as one flat table in plain form, for measuring other linkage programs on the same data.

use crate::record::{BirthDate, Record};

/// The columns; `person` is the truth.
pub(crate) const HEADER: [&str; 14] = [
    "source",
    "key",
    "given_name",
    "surname",
    "birth_date",
    "email",
    "phone",
    "mobile",
    "street",
    "house_number",
    "postal_code",
    "city",
    "birth_surname",
    "person",
];

/// The row of a record: international phones, ISO dates, no formats.
pub(crate) fn row(record: &Record) -> [String; 14] {
    let phone =
        |number: &str| if number.is_empty() { String::new() } else { format!("+49{}", number.replace(' ', "")) };
    [
        record.source.name().to_owned(),
        record.key.clone(),
        record.given.clone(),
        record.surname.clone(),
        match record.birth {
            BirthDate::Unknown => String::new(),
            BirthDate::Year(year) => year.to_string(),
            BirthDate::Day(day) => day.to_string(),
        },
        record.email.clone(),
        phone(&record.phone),
        phone(&record.mobile),
        record.street.clone(),
        record.house_number.clone(),
        record.postal_code.clone(),
        record.city.clone(),
        record.birth_surname.clone(),
        record.truth.clone(),
    ]
}
