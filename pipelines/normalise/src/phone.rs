//! Telephone numbers: E.164 through libphonenumber's rules, mobile apart from landline.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region};

use crate::country::Country;
use crate::phone_german;
use crate::phone_words::{second_starts, split_numbers, without_point_zero, without_words};
use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::text::{MAX_VALUE_LENGTH, clean_compatible, is_longer_than};

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
    let mut found: Vec<Phone> = Vec::new();
    let mut first_problem = None;
    // A line break parts numbers, and would be a space among others once the text is cleaned.
    for line in text.split(['\n', '\r']) {
        let line = clean_compatible(line);
        let digits = match without_words(without_point_zero(&line), &mut warnings) {
            Ok(digits) => digits,
            Err(reason) => {
                first_problem = first_problem.or(Some(reason));
                continue;
            }
        };
        for part in split_numbers(&digits) {
            read_part(part, country, &mut found, &mut first_problem, &mut warnings);
        }
    }
    if found.len() > 1 {
        warnings.add(Warning::SeveralValues);
    }
    if found.is_empty() { Err(first_problem.unwrap_or(Reason::NotAPhone)) } else { Ok(Reading::with(found, warnings)) }
}

/// A part as one number, or as two where a second one begins inside it. Never a mixture of both.
fn read_part(
    part: &str,
    country: Country,
    found: &mut Vec<Phone>,
    first_problem: &mut Option<Reason>,
    warnings: &mut Warnings,
) {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    // "-57" behind a number gives only its last digits anew.
    if digits < 4 && !found.is_empty() {
        warnings.add(Warning::SeveralValues);
        return;
    }
    let halves = || {
        second_starts(part).find_map(|cut| {
            let mut doubts = Warnings::NONE;
            let first = number(&part[..cut], country, &mut doubts).ok()?;
            let second = number(&part[cut..], country, &mut doubts).ok()?;
            Some([first, second])
        })
    };
    if digits > 12
        && let Some(halves) = halves()
    {
        found.extend(halves);
        return;
    }
    match number(part, country, warnings) {
        Ok(number) => found.push(number),
        Err(reason) => *first_problem = first_problem.or(Some(reason)),
    }
}

fn number(text: &str, country: Country, warnings: &mut Warnings) -> Result<Phone, Reason> {
    // Whatever stands before the plus: "'+43", "[+43]", "„+43".
    let international = text.trim_start_matches(|sign: char| sign != '+' && !sign.is_ascii_digit()).starts_with('+');
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

    #[test]
    fn words_hours_signs_and_second_numbers_do_not_lose_a_number() {
        for (text, expected) in [
            ("040 7654321 #12", &["+49407654321"][..]),
            ("+49 221 7654321 #6", &["+492217654321"]),
            ("040 7654321 ab 18 Uhr", &["+49407654321"]),
            ("0221 7654321 18-20 Uhr", &["+492217654321"]),
            ("0221 7654321 (Mo-Fr 8:00-12:00)", &["+492217654321"]),
            ("040 7654321 after 6pm", &["+49407654321"]),
            ("0221/7654-56 oder -57", &["+49221765456"]),
            ("0221/7654-56/57", &["+49221765456"]),
            ("4917620304051.0", &["+4917620304051"]),
            ("'+43 1 7654321", &["+4317654321"]),
            ("[+43] 662 765432", &["+43662765432"]),
            ("„+41 44 7654321", &["+41447654321"]),
            ("+49 176 20304051 ::: +49 40 7654321", &["+4917620304051", "+49407654321"]),
            ("0176 20304162\n0221 7654321", &["+4917620304162", "+492217654321"]),
            ("0176 20304273 0431 7654321", &["+4917620304273", "+494317654321"]),
            ("0176 20304273, privat 0431 7654321", &["+4917620304273", "+494317654321"]),
            ("0176 20304051 (Mutter)", &["+4917620304051"]),
            ("Mutter: 0176 20304051, Vater: 0176 20304162", &["+4917620304051", "+4917620304162"]),
            ("0176 20304051 WhatsApp", &["+4917620304051"]),
        ] {
            let read = phones(text, Country::GERMANY).unwrap().value.unwrap();
            assert_eq!(read.iter().map(|number| number.e164.as_str()).collect::<Vec<_>>(), expected, "{text}");
        }
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
