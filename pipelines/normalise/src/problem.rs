//! What can be wrong with a value: problems, which cost the value, and warnings, which do not.

use serde::{Deserialize, Serialize};

/// Why a value cannot be read. The field is null then, the record stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The source has no such column. Reported once a frame, not once a row.
    MissingColumn,
    /// Longer than any value of its kind.
    TooLong,
    /// No letter in a name, or nothing but signs.
    NotAName,
    /// An e-mail address where a name should be.
    EmailInName,
    /// A firm, an association or an authority where a name should be.
    CompanyInName,
    /// Not a day, in no known form.
    NotADate,
    /// A day or an instant that has not come yet.
    InTheFuture,
    /// Before 1900.
    TooLongAgo,
    /// Not a point in time, in no known form.
    NotAnInstant,
    /// No `@`.
    EmailWithoutAt,
    /// Against RFC 5322, or without a usable domain.
    NotAnEmail,
    /// Letters in a telephone number.
    PhoneWithLetters,
    /// Too few digits, or a local number without its area code.
    PhoneTooShort,
    /// Digits that are not a number of the numbering plan, such as 0000 or 12345.
    NotAPhone,
    /// Not a postal code of the country.
    NotAPostalCode,
    /// Not a place.
    NotACity,
    /// Not a street.
    NotAStreet,
    /// Not a house number.
    NotAHouseNumber,
    /// No known country.
    UnknownCountry,
    /// Neither yes nor no.
    NotAFlag,
    /// No known salutation or sex.
    UnknownSalutation,
    /// A consent whose received state the source's schema does not name.
    UnknownConsentState,
}

impl Reason {
    /// The stable code, as stored and listed.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingColumn => "missing_column",
            Self::TooLong => "too_long",
            Self::NotAName => "not_a_name",
            Self::EmailInName => "email_in_name",
            Self::CompanyInName => "company_in_name",
            Self::NotADate => "not_a_date",
            Self::InTheFuture => "in_the_future",
            Self::TooLongAgo => "too_long_ago",
            Self::NotAnInstant => "not_an_instant",
            Self::EmailWithoutAt => "email_without_at",
            Self::NotAnEmail => "not_an_email",
            Self::PhoneWithLetters => "phone_with_letters",
            Self::PhoneTooShort => "phone_too_short",
            Self::NotAPhone => "not_a_phone",
            Self::NotAPostalCode => "not_a_postal_code",
            Self::NotACity => "not_a_city",
            Self::NotAStreet => "not_a_street",
            Self::NotAHouseNumber => "not_a_house_number",
            Self::UnknownCountry => "unknown_country",
            Self::NotAFlag => "not_a_flag",
            Self::UnknownSalutation => "unknown_salutation",
            Self::UnknownConsentState => "unknown_consent_state",
        }
    }
}

/// What is doubtful about a value that was read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Warning {
    /// UTF-8 that had been read as Windows-1252 was put right.
    EncodingRepaired,
    /// A letter was lost before the text came here.
    TextDamaged,
    /// A text that stands for "nothing", such as "k.A." or "unbekannt"; the field is null.
    PlaceholderValue,
    /// A name nobody bears, such as Max Mustermann.
    PlaceholderName,
    /// A day that stands for "unknown", such as 01.01.1900; the field is null.
    PlaceholderDate,
    /// An address nobody reads, such as noreply@; the field is null.
    PlaceholderEmail,
    /// Several people in one name.
    SeveralPersons,
    /// Several values in a field for one; the first was taken.
    SeveralValues,
    /// A digit in a name.
    DigitsInName,
    /// Only one name where two were expected.
    SingleName,
    /// "jun.": there is or was a senior of this name.
    SuffixJunior,
    /// "sen.": there is or was a junior of this name.
    SuffixSenior,
    /// Salutation and sex disagree.
    SexConflict,
    /// The century was guessed.
    TwoDigitYear,
    /// Day and month could be the other way round.
    AmbiguousDate,
    /// Only a part of the date is given; the year was kept.
    PartialDate,
    /// Midnight in Germany, written in UTC, was put back on its day.
    DateFromUtc,
    /// The domain is one letter away from a great provider's.
    EmailDomainTypo,
    /// The address of an office, not of a person.
    EmailRole,
    /// Letters outside ASCII before the `@`.
    EmailNotAscii,
    /// An extension was left off.
    PhoneExtension,
    /// A service number: free, shared cost or premium rate.
    PhoneService,
    /// A leading zero was put back.
    LeadingZeroRestored,
    /// Left before joining.
    LeftBeforeJoining,
    /// A remark, an office or a sign beside a name was left off.
    RemarkInName,
}

/// All warnings, in the order of their declaration.
pub const WARNINGS: [Warning; 25] = [
    Warning::EncodingRepaired,
    Warning::TextDamaged,
    Warning::PlaceholderValue,
    Warning::PlaceholderName,
    Warning::PlaceholderDate,
    Warning::PlaceholderEmail,
    Warning::SeveralPersons,
    Warning::SeveralValues,
    Warning::DigitsInName,
    Warning::SingleName,
    Warning::SuffixJunior,
    Warning::SuffixSenior,
    Warning::SexConflict,
    Warning::TwoDigitYear,
    Warning::AmbiguousDate,
    Warning::PartialDate,
    Warning::DateFromUtc,
    Warning::EmailDomainTypo,
    Warning::EmailRole,
    Warning::EmailNotAscii,
    Warning::PhoneExtension,
    Warning::PhoneService,
    Warning::LeadingZeroRestored,
    Warning::LeftBeforeJoining,
    Warning::RemarkInName,
];

impl Warning {
    /// The stable code, as it stands in the column `warnings`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EncodingRepaired => "encoding_repaired",
            Self::TextDamaged => "text_damaged",
            Self::PlaceholderValue => "placeholder_value",
            Self::PlaceholderName => "placeholder_name",
            Self::PlaceholderDate => "placeholder_date",
            Self::PlaceholderEmail => "placeholder_email",
            Self::SeveralPersons => "several_persons",
            Self::SeveralValues => "several_values",
            Self::DigitsInName => "digits_in_name",
            Self::SingleName => "single_name",
            Self::SuffixJunior => "suffix_junior",
            Self::SuffixSenior => "suffix_senior",
            Self::SexConflict => "sex_conflict",
            Self::TwoDigitYear => "two_digit_year",
            Self::AmbiguousDate => "ambiguous_date",
            Self::PartialDate => "partial_date",
            Self::DateFromUtc => "date_from_utc",
            Self::EmailDomainTypo => "email_domain_typo",
            Self::EmailRole => "email_role",
            Self::EmailNotAscii => "email_not_ascii",
            Self::PhoneExtension => "phone_extension",
            Self::PhoneService => "phone_service",
            Self::LeadingZeroRestored => "leading_zero_restored",
            Self::LeftBeforeJoining => "left_before_joining",
            Self::RemarkInName => "remark_in_name",
        }
    }
}

/// A set of warnings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Warnings(u32);

impl Warnings {
    /// No warning.
    pub const NONE: Self = Self(0);

    /// The set of one.
    pub const fn of(warning: Warning) -> Self {
        Self(1 << warning as u32)
    }

    /// Adds one.
    pub const fn add(&mut self, warning: Warning) {
        self.0 |= 1 << warning as u32;
    }

    /// Adds all of another set.
    pub const fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether the set holds this one.
    pub const fn has(self, warning: Warning) -> bool {
        self.0 & (1 << warning as u32) != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The warnings in the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = Warning> {
        WARNINGS.into_iter().filter(move |warning| self.has(*warning))
    }
}

/// A value that was read, with what is doubtful about it. No value means that the text says "nothing".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<T> {
    /// The canonical value.
    pub value: Option<T>,
    /// What is doubtful.
    pub warnings: Warnings,
}

impl<T> Reading<T> {
    /// A value without doubts.
    pub const fn of(value: T) -> Self {
        Self { value: Some(value), warnings: Warnings::NONE }
    }

    /// A value with warnings.
    pub const fn with(value: T, warnings: Warnings) -> Self {
        Self { value: Some(value), warnings }
    }

    /// Nothing, and why the text counts as nothing.
    pub const fn nothing(warnings: Warnings) -> Self {
        Self { value: None, warnings }
    }

    /// The same reading of another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        Reading { value: self.value.map(change), warnings: self.warnings }
    }
}

/// What a value-level function returns.
pub type Read<T> = Result<Reading<T>, Reason>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_warning_stands_in_the_list_at_its_own_place() {
        for (place, warning) in WARNINGS.into_iter().enumerate() {
            assert_eq!(warning as usize, place);
        }
    }

    #[test]
    fn a_set_lists_what_was_added_in_order() {
        let mut set = Warnings::of(Warning::EmailRole);
        set.add(Warning::TextDamaged);
        let codes: Vec<_> = set.iter().map(Warning::code).collect();
        assert_eq!(codes, ["text_damaged", "email_role"]);
    }

    #[test]
    fn the_code_of_a_reason_is_its_serialised_form() {
        for reason in [Reason::NotADate, Reason::PhoneWithLetters, Reason::UnknownConsentState] {
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{}\"", reason.code()));
        }
    }
}
