//! The short way for German numbers, which are nearly all of them: the same answer as the library's, some twenty
//! times faster. A property test holds the two against each other.

use crate::phone::{Phone, PhoneKind, is_made_up};

/// Reads a German number of usual length, written with digits, spaces and `+ - / . ( )`. None: ask the library.
pub(crate) fn read(text: &str) -> Option<Phone> {
    let mut digits = [0_u8; 18];
    let mut count = 0;
    let mut plus = false;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                *digits.get_mut(count)? = byte;
                count += 1;
            }
            // Behind six digits, a second number may follow.
            b'/' if count >= 6 => return None,
            b' ' | b'-' | b'/' | b'.' | b'(' | b')' => {}
            b'+' if count == 0 && !plus => plus = true,
            _ => return None,
        }
    }
    let national = national(&digits[..count], plus)?;
    let kind = kind(national)?;
    let mut e164 = String::with_capacity(14);
    e164.push_str("+49");
    e164.extend(national.iter().map(|byte| char::from(*byte)));
    (!is_made_up(&e164)).then_some(Phone { e164, kind })
}

/// The digits behind country code and trunk prefix.
fn national(digits: &[u8], plus: bool) -> Option<&[u8]> {
    let behind_country = if plus { digits.strip_prefix(b"49") } else { digits.strip_prefix(b"0049") };
    let national = match behind_country {
        // "+49 (0)176": the trunk prefix is written, but not dialled.
        Some(behind) => behind.strip_prefix(b"0").unwrap_or(behind),
        None if plus => return None,
        None => digits.strip_prefix(b"0")?,
    };
    (national.first() != Some(&b'0')).then_some(national)
}

/// The kind by the numbering plan: the patterns of libphonenumber's metadata (9.0), for usual lengths only.
fn kind(national: &[u8]) -> Option<PhoneKind> {
    let &[first, second, third, ..] = national else { return None };
    let length = national.len();
    if first == b'1' {
        let mobile = match second {
            b'5' => length == 11 && matches!(third, b'0'..=b'2' | b'5'..=b'9'),
            b'6' => (10..=11).contains(&length) && matches!(third, b'0' | b'2' | b'3'),
            b'7' => (10..=11).contains(&length),
            _ => false,
        };
        return mobile.then_some(PhoneKind::Mobile);
    }
    ((7..=11).contains(&length) && is_area([first, second, third])).then_some(PhoneKind::Landline)
}

/// Area codes by their first two digits: which digits may follow. 32 (voice over IP) and 49 (where the metadata have
/// exceptions) are left to the library.
const AREAS: &[(u8, &[u8])] = &[
    (20, b"12345689"),
    (24, b"012345678"),
    (27, b"1234567"),
    (28, b"01234567"),
    (34, b"012345679"),
    (37, b"1234567"),
    (38, b"12345678"),
    (41, b"023456789"),
    (45, b"0123456"),
    (46, b"012345678"),
    (47, b"012345679"),
    (50, b"2345678"),
    (53, b"012345678"),
    (57, b"01234567"),
    (58, b"012345678"),
    (59, b"01234567"),
    (60, b"023456789"),
    (64, b"012345678"),
    (66, b"123456789"),
    (67, b"012345678"),
    (70, b"2345678"),
    (71, b"123456789"),
    (72, b"01234567"),
    (74, b"012345678"),
    (75, b"012345678"),
    (76, b"012345678"),
    (77, b"01234567"),
    (78, b"012345"),
    (79, b"0134567"),
    (80, b"23456789"),
    (81, b"012345679"),
    (83, b"012346789"),
    (84, b"0123456"),
    (85, b"013456789"),
    (86, b"12345678"),
    (87, b"012345678"),
    (88, b"012456"),
    (90, b"6789"),
    (95, b"01234567"),
    (96, b"012345678"),
    (97, b"0123467"),
    (98, b"01234567"),
    (99, b"01234567"),
];

/// First two digits that any digit may follow.
const WHOLE_AREAS: &[u8] = &[
    21, 22, 23, 25, 26, 29, 30, 33, 35, 36, 39, 40, 42, 43, 44, 48, 51, 52, 54, 55, 56, 61, 62, 63, 65, 68, 69, 73, 82,
    89, 91, 92, 93, 94,
];

/// By the first two digits: a bit for each third digit.
const THIRD_DIGITS: [u16; 100] = third_digits();

const fn third_digits() -> [u16; 100] {
    let mut digits = [0; 100];
    let mut place = 0;
    while place < AREAS.len() {
        let (start, allowed) = AREAS[place];
        let mut next = 0;
        while next < allowed.len() {
            digits[start as usize] |= 1 << (allowed[next] - b'0');
            next += 1;
        }
        place += 1;
    }
    place = 0;
    while place < WHOLE_AREAS.len() {
        digits[WHOLE_AREAS[place] as usize] = 0x3FF;
        place += 1;
    }
    digits
}

/// Whether an area code begins with these digits.
fn is_area([first, second, third]: [u8; 3]) -> bool {
    let start = usize::from(first - b'0') * 10 + usize::from(second - b'0');
    THIRD_DIGITS[start] & (1 << (third - b'0')) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::country::Country;
    use crate::phone::by_library;
    use crate::problem::Reading;

    #[track_caller]
    fn check(text: &str) {
        if let Some(found) = read(text) {
            assert_eq!(by_library(text, Country::GERMANY), Ok(Reading::of(vec![found])), "{text}");
        }
    }

    #[test]
    fn every_beginning_of_a_number_gets_the_library_s_answer() {
        for start in 100..1000 {
            for rest in ["8391", "83917", "839170", "8391706", "83917064"] {
                check(&format!("0{start}{rest}"));
            }
        }
    }

    #[test]
    fn usual_numbers_need_no_library() {
        for text in ["0176 12345678", "+49 (0)151 12345678", "0049 30 1234567", "(0221) 123456", "089/1234567"] {
            assert!(read(text).is_some(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_short_way_and_the_library_agree(text in "(\\+49 ?|0049|\\+49 \\(0\\)|0|\\(0|)[1-9][0-9]{1,4}[ /)-]{0,2}[0-9]{2,5}[ .-]?[0-9]{0,6}") {
            check(&text);
        }

        #[test]
        fn they_agree_on_any_digits_and_signs(text in "[0-9+ ()/.-]{0,20}") {
            check(&text);
        }
    }
}
