//! One value read for the frame: the field's own canonical text, and what it tells of other fields.

use std::borrow::Cow;

use kartei_schemas::frame;
use kartei_schemas::person::FieldKind;

use super::Context;
use super::plan::FieldPlan;
use crate::address::{Address, address};
use crate::city::city;
use crate::country::{Country, country};
use crate::date::{DateRange, date};
use crate::email::email_borrowed;
use crate::flag::flag;
use crate::house_number::house_number;
use crate::instant::instant;
use crate::list::list;
use crate::name::{Name, full_name, given_name, is_plain as is_plain_name, surname};
use crate::phone::{Phone, PhoneKind, phones};
use crate::phone_german;
use crate::placeholder::{
    PLACEHOLDER_GIVEN_NAMES, PLACEHOLDER_NAMES, PLACEHOLDER_SURNAMES, is_placeholder_value, starts_like_placeholder,
};
use crate::postal_code::{PostalCode, is_german, postal_code, postal_code_city};
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::salutation::{salutation, sex};
use crate::street::{Street, plain as plain_street, street};
use crate::text::{Form, MAX_TEXT_LENGTH, clean_as, cut, fold};
use crate::title::title;

/// What came of one text.
#[derive(Debug, Default)]
pub(super) struct Cell<'a> {
    /// The canonical text of the field itself.
    pub(super) own: Option<Cow<'a, str>>,
    /// What the text tells of another column; `rest` holds the second and further.
    first: Option<(Part, Cow<'a, str>)>,
    rest: Vec<(Part, Cow<'a, str>)>,
    pub(super) warnings: Warnings,
    pub(super) problem: Option<Reason>,
    /// The canonical text is not the received one.
    pub(super) differs: bool,
    /// A surname that is a placeholder together with certain given names.
    pub(super) suspect: bool,
}

impl Cell<'_> {
    /// Whether the text gave any value.
    pub(super) fn is_filled(&self) -> bool {
        self.own.is_some() || self.first.is_some()
    }

    /// What the text tells of a column that is not its own.
    pub(super) fn told(&self, part: Part) -> Option<&str> {
        self.first.iter().chain(&self.rest).find(|(known, _)| *known == part).map(|(_, value)| value.as_ref())
    }
}

/// The columns that one text may tell beside its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Salutation,
    Sex,
    Title,
    GivenName,
    Surname,
    BirthSurname,
    NameSuffix,
    Street,
    HouseNumber,
    AddressExtra,
    PostalCode,
    City,
    Country,
    Mobile,
    Phone,
}

impl Part {
    /// The column's name.
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Salutation => frame::SALUTATION,
            Self::Sex => frame::SEX,
            Self::Title => frame::TITLE,
            Self::GivenName => frame::GIVEN_NAME,
            Self::Surname => frame::SURNAME,
            Self::BirthSurname => frame::BIRTH_SURNAME,
            Self::NameSuffix => frame::NAME_SUFFIX,
            Self::Street => frame::STREET,
            Self::HouseNumber => frame::HOUSE_NUMBER,
            Self::AddressExtra => frame::ADDRESS_EXTRA,
            Self::PostalCode => frame::POSTAL_CODE,
            Self::City => frame::CITY,
            Self::Country => frame::COUNTRY,
            Self::Mobile => frame::MOBILE,
            Self::Phone => frame::PHONE,
        }
    }
}

/// The values that a kind can tell of other columns.
pub(super) fn tells(kind: FieldKind) -> &'static [Part] {
    match kind {
        FieldKind::Salutation => &[Part::Sex, Part::Title],
        FieldKind::GivenName => &[Part::Salutation, Part::Sex, Part::Title, Part::NameSuffix],
        FieldKind::Surname | FieldKind::FullName => &[
            Part::Salutation,
            Part::Sex,
            Part::Title,
            Part::GivenName,
            Part::Surname,
            Part::BirthSurname,
            Part::NameSuffix,
        ],
        FieldKind::Phone => &[Part::Mobile, Part::Phone],
        FieldKind::Street => &[Part::HouseNumber, Part::AddressExtra],
        FieldKind::PostalCode | FieldKind::City | FieldKind::PostalCodeCity => {
            &[Part::PostalCode, Part::City, Part::Country]
        }
        FieldKind::Address => {
            &[Part::Street, Part::HouseNumber, Part::AddressExtra, Part::PostalCode, Part::City, Part::Country]
        }
        _ => &[],
    }
}

/// Reads one text of a field. `place` is the record's country, or the default one.
pub(super) fn read<'a>(field: &FieldPlan, text: &'a str, place: Country, context: &Context) -> Cell<'a> {
    let input = match mapped_value(field, text) {
        Some(value) => Cow::Owned(value.to_owned()),
        None => Cow::Borrowed(text),
    };
    let mut cell = Cell::default();
    // Only what is not mapped through the table of values can be passed on without a copy.
    let outcome = match input {
        Cow::Borrowed(text) => read_kind(&mut cell, field, text, place, context),
        Cow::Owned(value) => {
            let mut owned = Cell::default();
            let outcome = read_kind(&mut owned, field, &value, place, context);
            cell.own = owned.own.map(|value| Cow::Owned(value.into_owned()));
            for (part, value) in owned.first.into_iter().chain(owned.rest) {
                push(&mut cell, part, Some(Cow::Owned(value.into_owned())));
            }
            cell.suspect = owned.suspect;
            cell.differs = owned.differs;
            outcome
        }
    };
    match outcome {
        Ok(warnings) => cell.warnings = warnings,
        Err(reason) => cell.problem = Some(reason),
    }
    if field.kind != FieldKind::List || cell.own.is_none() {
        cell.differs = cell.own.as_deref() != Some(text);
    }
    cell
}

/// The value that the mapping gives for a text: by the text itself, then without regard to case and spaces, then `*`.
pub(super) fn mapped_value<'f>(field: &'f FieldPlan, text: &str) -> Option<&'f str> {
    let values = &field.rule.values;
    if values.is_empty() {
        return None;
    }
    let trimmed = text.trim();
    let found = values.get(text).or_else(|| values.get(trimmed)).or_else(|| {
        let lower = trimmed.to_lowercase();
        values.iter().find(|(key, _)| key.to_lowercase() == lower).map(|(_, value)| value)
    });
    found.or_else(|| values.get("*")).map(String::as_str)
}

type Outcome = Result<Warnings, Reason>;

fn read_kind<'a>(cell: &mut Cell<'a>, field: &FieldPlan, text: &'a str, place: Country, context: &Context) -> Outcome {
    match field.kind {
        FieldKind::Salutation => read_salutation(cell, text),
        FieldKind::GivenName | FieldKind::Surname if is_plain_name(text) => Ok(take_plain_name(cell, field, text)),
        FieldKind::GivenName => Ok(read_name(cell, field, given_name(text)?)),
        FieldKind::Surname => Ok(read_name(cell, field, surname(text)?)),
        FieldKind::FullName => Ok(read_name(cell, field, full_name(text)?)),
        FieldKind::Street => read_street(cell, text),
        FieldKind::PostalCode if place == Country::GERMANY && is_german(text) => {
            cell.own = Some(Cow::Borrowed(text));
            Ok(Warnings::NONE)
        }
        FieldKind::PostalCode => {
            let read = postal_code(text, place)?;
            Ok(take_postal_code(cell, read.value, true, read.warnings))
        }
        FieldKind::PostalCodeCity => {
            let read = postal_code_city(text, place)?;
            Ok(take_postal_code(cell, read.value, false, read.warnings))
        }
        FieldKind::City => read_city(cell, text, place),
        FieldKind::Address => read_address(cell, text, place),
        FieldKind::Phone => read_phone(cell, field, text, place),
        FieldKind::Email => read_own(cell, email_borrowed(text)),
        FieldKind::List => Ok(read_list(cell, field, text)),
        FieldKind::Date => {
            let range = if field.name == frame::BIRTH_DATE { DateRange::Birth } else { DateRange::Event };
            read_own(
                cell,
                date(text, range, context.today, &field.rule.formats)
                    .map(|read| read.map(|value| Cow::Owned(value.written()))),
            )
        }
        FieldKind::Instant => read_own(
            cell,
            instant(text, context.time_zone).map(|read| read.map(|value| Cow::Owned(value.to_rfc3339()))),
        ),
        FieldKind::Sex => read_own(cell, sex(text).map(|read| read.map(Cow::Borrowed))),
        FieldKind::Title => read_own(cell, title(text).map(|read| read.map(Cow::Owned))),
        FieldKind::HouseNumber => read_own(cell, house_number(text).map(|read| read.map(Cow::Owned))),
        FieldKind::Country => read_own(cell, country(text).map(|read| read.map(|value| Cow::Borrowed(value.code())))),
        FieldKind::Flag => {
            read_own(cell, flag(text).map(|read| read.map(|value| Cow::Borrowed(if value { "true" } else { "false" }))))
        }
        FieldKind::Identifier | FieldKind::OrgUnit => Ok(read_identifier(cell, text)),
        FieldKind::Text | FieldKind::Consents | FieldKind::Answers | FieldKind::Attributes => Ok(read_text(cell, text)),
    }
}

fn read_own<'a>(cell: &mut Cell<'a>, read: Read<Cow<'a, str>>) -> Outcome {
    let read = read?;
    cell.own = read.value;
    Ok(read.warnings)
}

fn read_text<'a>(cell: &mut Cell<'a>, text: &'a str) -> Warnings {
    let (cleaned, mut warnings) = clean_as(text, Form::Composed);
    if is_placeholder_value(&cleaned) {
        warnings.add(Warning::PlaceholderValue);
    } else {
        cell.own = Some(match cleaned {
            Cow::Borrowed(text) => cut(text, MAX_TEXT_LENGTH),
            Cow::Owned(text) => Cow::Owned(cut(&text, MAX_TEXT_LENGTH).into_owned()),
        });
    }
    warnings
}

/// A key as a whole: Excel's ".0" goes, and nothing but zeros is none.
fn read_identifier<'a>(cell: &mut Cell<'a>, text: &'a str) -> Warnings {
    let (cleaned, mut warnings) = clean_as(text, Form::Compatible);
    let key =
        cleaned.strip_suffix(".0").filter(|key| key.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(&cleaned);
    if is_placeholder_value(key) || key.bytes().all(|byte| byte == b'0') {
        warnings.add(Warning::PlaceholderValue);
    } else if key == text {
        cell.own = Some(Cow::Borrowed(text));
    } else {
        cell.own = Some(Cow::Owned(cut(key, crate::text::MAX_VALUE_LENGTH).into_owned()));
    }
    warnings
}

fn read_salutation(cell: &mut Cell<'_>, text: &str) -> Outcome {
    let read = salutation(text)?;
    if let Some(found) = read.value {
        cell.own = found.salutation.map(Cow::Borrowed);
        push(cell, Part::Sex, found.sex.map(Cow::Borrowed));
        push(cell, Part::Title, found.title.map(Cow::Owned));
    }
    Ok(read.warnings)
}

/// A field beside the usual ones keeps its own part of the name, and tells nothing of other columns.
fn read_name(cell: &mut Cell<'_>, field: &FieldPlan, read: Reading<Name>) -> Warnings {
    let mut warnings = read.warnings;
    let Some(name) = read.value else { return warnings };
    judge_name(cell, &mut warnings, name.given_name.as_deref(), name.surname.as_deref());
    let (mut given, mut family) = (name.given_name.map(Cow::Owned), name.surname.map(Cow::Owned));
    let birth = name.birth_surname.map(Cow::Owned);
    match field.kind {
        FieldKind::GivenName => cell.own = given.take(),
        // "geb. Schmidt" in its own column: the name behind the word.
        FieldKind::Surname if field.name == frame::BIRTH_SURNAME => cell.own = birth.clone().or(family.take()),
        FieldKind::Surname => cell.own = family.take(),
        _ => {}
    }
    if field.kind.is_composite() || field.name == frame::GIVEN_NAME || field.name == frame::SURNAME {
        push(cell, Part::Salutation, name.salutation.map(Cow::Borrowed));
        push(cell, Part::Sex, name.sex.map(Cow::Borrowed));
        push(cell, Part::Title, name.title.map(Cow::Owned));
        push(cell, Part::NameSuffix, name.suffix.map(Cow::Borrowed));
        push(cell, Part::GivenName, given);
        push(cell, Part::Surname, family);
        push(cell, Part::BirthSurname, birth);
    }
    warnings
}

/// A name that is its own canonical form.
fn take_plain_name<'a>(cell: &mut Cell<'a>, field: &FieldPlan, text: &'a str) -> Warnings {
    let mut warnings = Warnings::NONE;
    let (given, family) = if field.kind == FieldKind::GivenName { (Some(text), None) } else { (None, Some(text)) };
    judge_name(cell, &mut warnings, given, family);
    cell.own = Some(Cow::Borrowed(text));
    warnings
}

fn judge_name(cell: &mut Cell<'_>, warnings: &mut Warnings, given: Option<&str>, family: Option<&str>) {
    if let Some(family) = family.filter(|name| starts_like_placeholder(name)) {
        let folded = fold(family);
        cell.suspect = PLACEHOLDER_NAMES.iter().any(|(_, surname)| *surname == folded);
        if PLACEHOLDER_SURNAMES.contains(&folded.as_str()) {
            warnings.add(Warning::PlaceholderName);
        }
    }
    if let Some(given) = given.filter(|name| starts_like_placeholder(name))
        && PLACEHOLDER_GIVEN_NAMES.contains(&fold(given).as_str())
    {
        warnings.add(Warning::PlaceholderName);
    }
}

fn read_street<'a>(cell: &mut Cell<'a>, text: &'a str) -> Outcome {
    if let Some((name, number)) = plain_street(text) {
        cell.own = Some(name);
        push(cell, Part::HouseNumber, Some(Cow::Borrowed(number)));
        return Ok(Warnings::NONE);
    }
    let read = street(text)?;
    if let Some(Street { street, house_number, extra }) = read.value {
        cell.own = street.map(Cow::Owned);
        push(cell, Part::HouseNumber, house_number.map(Cow::Owned));
        push(cell, Part::AddressExtra, extra.map(Cow::Owned));
    }
    Ok(read.warnings)
}

fn take_postal_code(cell: &mut Cell<'_>, value: Option<PostalCode>, own: bool, warnings: Warnings) -> Warnings {
    if let Some(PostalCode { code, country, city }) = value {
        if own {
            cell.own = code.map(Cow::Owned);
        } else {
            push(cell, Part::PostalCode, code.map(Cow::Owned));
        }
        push(cell, Part::City, city.map(Cow::Owned));
        push(cell, Part::Country, country.map(|country| Cow::Borrowed(country.code())));
    }
    warnings
}

fn read_city(cell: &mut Cell<'_>, text: &str, place: Country) -> Outcome {
    let read = city(text)?;
    if let Some(found) = read.value {
        cell.own = Some(Cow::Owned(found.city));
        let code = found.postal_code.and_then(|digits| postal_code(&digits, place).ok()).and_then(|read| read.value);
        push(cell, Part::PostalCode, code.and_then(|code| code.code).map(Cow::Owned));
    }
    Ok(read.warnings)
}

fn read_address(cell: &mut Cell<'_>, text: &str, place: Country) -> Outcome {
    let read = address(text, place)?;
    if let Some(Address { street, house_number, extra, postal_code, city, country }) = read.value {
        for (column, value) in [
            (Part::Street, street),
            (Part::HouseNumber, house_number),
            (Part::AddressExtra, extra),
            (Part::PostalCode, postal_code),
            (Part::City, city),
        ] {
            push(cell, column, value.map(Cow::Owned));
        }
        push(cell, Part::Country, country.map(|country| Cow::Borrowed(country.code())));
    }
    Ok(read.warnings)
}

/// In the fields `mobile` and `phone` each number goes where it belongs; any other field keeps its own.
fn read_phone(cell: &mut Cell<'_>, field: &FieldPlan, text: &str, place: Country) -> Outcome {
    if place == Country::GERMANY
        && let Some(found) = phone_german::read(text)
    {
        take_phone(cell, field, found);
        return Ok(Warnings::NONE);
    }
    let read = phones(text, place)?;
    for found in read.value.unwrap_or_default() {
        take_phone(cell, field, found);
    }
    Ok(read.warnings)
}

fn take_phone(cell: &mut Cell<'_>, field: &FieldPlan, found: Phone) {
    let part = match found.kind {
        PhoneKind::Mobile => Part::Mobile,
        PhoneKind::Landline => Part::Phone,
    };
    let routed = field.name == frame::MOBILE || field.name == frame::PHONE;
    if !routed || part.column() == field.name {
        cell.own.get_or_insert(Cow::Owned(found.e164));
    } else if cell.first.is_none() {
        push(cell, part, Some(Cow::Owned(found.e164)));
    }
}

/// A list whose values are all kept as they are counts as unchanged: only its form differs.
fn read_list(cell: &mut Cell<'_>, field: &FieldPlan, text: &str) -> Warnings {
    let values = list(text, field.rule.list.as_deref());
    if !values.is_empty() {
        let mut out = String::with_capacity(text.len() + 8);
        out.push('[');
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            super::json::push_text(&mut out, value);
        }
        out.push(']');
        cell.differs = !values.iter().all(|value| text.contains(value.as_str()));
        cell.own = Some(Cow::Owned(out));
    }
    Warnings::NONE
}

fn push<'a>(cell: &mut Cell<'a>, part: Part, value: Option<Cow<'a, str>>) {
    let Some(value) = value else { return };
    if cell.first.is_none() {
        cell.first = Some((part, value));
    } else {
        cell.rest.push((part, value));
    }
}
