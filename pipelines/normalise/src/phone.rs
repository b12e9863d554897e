//! Telephone numbers: E.164 through libphonenumber's rules, mobile apart from landline.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region};

use crate::country::Country;
use crate::phone_german;
use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::text::{MAX_VALUE_LENGTH, clean_compatible, fold, is_longer_than};

/// A telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// `+4930123456`, without an extension.
    pub e164: String,
    /// Mobile or landline.
    pub kind: PhoneKind,
}

/// Where a number rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneKind {
    /// At one person's.
    Mobile,
    /// In a household or an office; also where the numbering plan does not tell.
    Landline,
}

/// Words beside a number that say nothing about it, folded.
const LABELS: &[&str] = &[
    "tel",
    "telefon",
    "telefonnr",
    "telefonnummer",
    "fon",
    "phone",
    "mobil",
    "mobile",
    "mob",
    "handy",
    "handynr",
    "festnetz",
    "fest",
    "privat",
    "priv",
    "p",
    "g",
    "d",
    "m",
    "t",
    "dienst",
    "dienstl",
    "dienstlich",
    "gesch",
    "geschaeftlich",
    "buero",
    "nr",
    "nummer",
    "home",
    "work",
    "cell",
    "ab",
    "uhr",
];

/// Words that begin an extension, folded.
const EXTENSIONS: &[&str] = &["ext", "extension", "durchwahl", "dw", "nst", "nebenstelle", "app", "apparat", "x"];

/// Reads a telephone number. A number without a country code is one of `country`.
pub fn phone(text: &str, country: Country) -> Read<Phone> {
    Ok(phones(text, country)?.map(|mut numbers| numbers.swap_remove(0)))
}

/// Reads all numbers of a text such as "0176 1234567 / 030 123456", at least one, the first first.
pub fn phones(text: &str, country: Country) -> Read<Vec<Phone>> {
    if country == Country::GERMANY
        && let Some(found) = phone_german::read(text)
    {
        return Ok(Reading::of(vec![found]));
    }
    by_library(text, country)
}

/// The full way, for any text.
pub(crate) fn by_library(text: &str, country: Country) -> Read<Vec<Phone>> {
    if is_longer_than(text, MAX_VALUE_LENGTH) {
        return Err(Reason::TooLong);
    }
    let cleaned = clean_compatible(text);
    if is_placeholder_value(&cleaned) || cleaned == "0" {
        let warnings = if cleaned.is_empty() { Warnings::NONE } else { Warnings::of(Warning::PlaceholderValue) };
        return Ok(Reading::nothing(warnings));
    }
    let mut warnings = Warnings::NONE;
    let digits = without_words(&cleaned, &mut warnings)?;
    let mut found = Vec::new();
    let mut first_problem = None;
    for part in split_numbers(&digits) {
        match number(part, country, &mut warnings) {
            Ok(number) => found.push(number),
            Err(reason) => first_problem = first_problem.or(Some(reason)),
        }
    }
    if found.len() > 1 {
        warnings.add(Warning::SeveralValues);
    }
    if found.is_empty() { Err(first_problem.unwrap_or(Reason::NotAPhone)) } else { Ok(Reading::with(found, warnings)) }
}

/// The text without labels, cut at an extension. Any other letter is a problem: nobody means a vanity number.
fn without_words(text: &str, warnings: &mut Warnings) -> Result<String, Reason> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_alphabetic) {
        let end = rest[start..].find(|sign: char| !sign.is_alphabetic()).map_or(rest.len(), |length| start + length);
        let word = fold(&rest[start..end]);
        out.push_str(&rest[..start]);
        if EXTENSIONS.contains(&word.as_str()) && out.bytes().any(|byte| byte.is_ascii_digit()) {
            warnings.add(Warning::PhoneExtension);
            return Ok(out);
        }
        match word.as_str() {
            "oder" | "und" | "u" | "or" => out.push(';'),
            known if LABELS.contains(&known) => out.push(' '),
            _ => return Err(Reason::PhoneWithLetters),
        }
        rest = &rest[end..];
        rest = rest.strip_prefix(['.', ':']).unwrap_or(rest);
    }
    out.push_str(rest);
    Ok(out)
}

/// The parts that are numbers of their own: each has six digits or more and begins as a number does.
fn split_numbers(text: &str) -> Vec<&str> {
    for separators in [&[';', ',', '|'][..], &['/'][..]] {
        let parts: Vec<&str> = text.split(separators).map(str::trim).filter(|part| !part.is_empty()).collect();
        let alone = |part: &&str| {
            let start = part.trim_start_matches(['(', ' ', ':']);
            part.bytes().filter(u8::is_ascii_digit).count() >= 6 && start.starts_with(['+', '0'])
        };
        if parts.len() > 1 && parts.iter().all(alone) {
            return parts;
        }
    }
    vec![text]
}

fn number(text: &str, country: Country, warnings: &mut Warnings) -> Result<Phone, Reason> {
    let international = text.trim_start_matches([' ', '(', ':', '.', '-', '/', ')']).starts_with('+');
    let mut digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.bytes().all(|byte| byte == b'0') {
        return Err(Reason::NotAPhone);
    }
    if digits.len() < 6 {
        return Err(Reason::PhoneTooShort);
    }
    if international {
        digits = format!("+{}", digits.strip_prefix("00").unwrap_or(&digits));
    } else if country == Country::GERMANY && !digits.starts_with('0') {
        digits = restore_prefix(&digits, warnings)?;
    }
    let region = country.code().parse::<Region>().ok();
    let parsed = PHONE_NUMBER_UTIL.parse(&digits, region).map_err(|_| Reason::NotAPhone)?;
    if !parsed.is_valid() {
        return Err(Reason::NotAPhone);
    }
    let kind = match parsed.get_type() {
        PhoneNumberType::Mobile => PhoneKind::Mobile,
        PhoneNumberType::TollFree
        | PhoneNumberType::PremiumRate
        | PhoneNumberType::SharedCost
        | PhoneNumberType::UAN => {
            warnings.add(Warning::PhoneService);
            PhoneKind::Landline
        }
        _ => PhoneKind::Landline,
    };
    let e164 = parsed.format_as(PhoneNumberFormat::E164).into_owned();
    if is_made_up(&e164) { Err(Reason::NotAPhone) } else { Ok(Phone { e164, kind }) }
}

/// German digits without a leading zero: Excel took it, or the plus before 49; else the area code is missing.
fn restore_prefix(digits: &str, warnings: &mut Warnings) -> Result<String, Reason> {
    let mobile = |digits: &str| matches!(digits.get(..2), Some("15" | "16" | "17"));
    if let Some(behind) = digits.strip_prefix("49")
        && digits.len() >= 11
        && (mobile(behind) || digits.len() >= 12)
    {
        return Ok(format!("+{digits}"));
    }
    if digits.len() >= 9 {
        warnings.add(Warning::LeadingZeroRestored);
        return Ok(format!("0{digits}"));
    }
    Err(Reason::PhoneTooShort)
}

/// Six equal digits at the end: 0176 000000, 030 1111111.
pub(crate) fn is_made_up(e164: &str) -> bool {
    let bytes = e164.as_bytes();
    bytes.len() >= 6 && bytes[bytes.len() - 6..].iter().all(|byte| *byte == bytes[bytes.len() - 1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn german(text: &str) -> Read<Phone> {
        phone(text, Country::GERMANY)
    }

    #[test]
    fn numbers_have_one_form() {
        for (text, expected, kind) in [
            ("0176 12345678", "+4917612345678", PhoneKind::Mobile),
            ("+49 176 12345678", "+4917612345678", PhoneKind::Mobile),
            ("+49 (0)176 12345678", "+4917612345678", PhoneKind::Mobile),
            ("0049 176 12345678", "+4917612345678", PhoneKind::Mobile),
            ("0176/12345678", "+4917612345678", PhoneKind::Mobile),
            ("0176-123 456 78", "+4917612345678", PhoneKind::Mobile),
            ("17612345678", "+4917612345678", PhoneKind::Mobile),
            ("4917612345678", "+4917612345678", PhoneKind::Mobile),
            ("030 123456", "+4930123456", PhoneKind::Landline),
            ("(030) 123456", "+4930123456", PhoneKind::Landline),
            ("030/123456-0", "+49301234560", PhoneKind::Landline),
            ("Tel.: 030 123456", "+4930123456", PhoneKind::Landline),
            ("030 123456 (privat)", "+4930123456", PhoneKind::Landline),
            ("04931 12345", "+49493112345", PhoneKind::Landline),
            ("+43 1 5123456", "+4315123456", PhoneKind::Landline),
            ("０３０ 123456", "+4930123456", PhoneKind::Landline),
        ] {
            let read = german(text).unwrap().value.unwrap();
            assert_eq!((read.e164.as_str(), read.kind), (expected, kind), "{text}");
        }
    }

    #[test]
    fn a_number_without_country_code_is_one_of_the_country() {
        let read = phone("01 5123456", "AT".parse().unwrap()).unwrap().value.unwrap();
        assert_eq!(read.e164, "+4315123456");
    }

    #[test]
    fn what_is_no_number_is_a_problem() {
        assert_eq!(german("0800-BLUMEN"), Err(Reason::PhoneWithLetters));
        assert_eq!(german("ruf mich an"), Err(Reason::PhoneWithLetters));
        assert_eq!(german("0000"), Err(Reason::NotAPhone));
        assert_eq!(german("12345"), Err(Reason::PhoneTooShort));
        assert_eq!(german("654321"), Err(Reason::PhoneTooShort));
        assert_eq!(german("0123456789"), Err(Reason::NotAPhone));
        assert_eq!(german("0176 000000000"), Err(Reason::NotAPhone));
        assert_eq!(german("+999 123456"), Err(Reason::NotAPhone));
        assert_eq!(german(&"0".repeat(1_000)), Err(Reason::TooLong));
        assert_eq!(german("").unwrap().value, None);
        assert_eq!(german("k.A.").unwrap().value, None);
    }

    #[test]
    fn several_numbers_and_extensions_are_said() {
        let read = phones("0176 12345678 / 030 123456", Country::GERMANY).unwrap();
        let numbers: Vec<String> = read.value.unwrap().into_iter().map(|number| number.e164).collect();
        assert_eq!(numbers, ["+4917612345678", "+4930123456"]);
        assert!(read.warnings.has(Warning::SeveralValues));
        let read = german("030 123456 Durchwahl 12").unwrap();
        assert_eq!(
            (read.value.unwrap().e164.as_str(), read.warnings.has(Warning::PhoneExtension)),
            ("+4930123456", true)
        );
        assert!(german("0800 1234567").unwrap().warnings.has(Warning::PhoneService));
        assert!(german("17612345678").unwrap().warnings.has(Warning::LeadingZeroRestored));
    }

    proptest! {
        #[test]
        fn a_canonical_number_is_its_own_canonical_number(text in "(\\+|00|0|)(49|43|41|1|)[ (/-]?[1-9][0-9]{3,11}|\\PC*") {
            for country in [Country::GERMANY, "AT".parse().unwrap(), "US".parse().unwrap()] {
                if let Ok(Reading { value: Some(once), .. }) = phone(&text, country) {
                    prop_assert_eq!(phone(&once.e164, country).unwrap().value, Some(once));
                }
            }
        }
    }
}
