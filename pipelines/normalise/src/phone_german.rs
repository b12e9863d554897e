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

/// Whether an area code begins with these digits. 32 (voice over IP) and 49 (where the metadata have exceptions) are
/// left to the library.
fn is_area(start: [u8; 3]) -> bool {
    let third = start[2];
    match &start[..2] {
        b"30" | b"40" | b"69" | b"89" => true,
        b"20" => matches!(third, b'1'..=b'6' | b'8' | b'9'),
        b"21" | b"22" | b"23" | b"25" | b"26" | b"29" => true,
        b"24" => matches!(third, b'0'..=b'8'),
        b"27" => matches!(third, b'1'..=b'7'),
        b"28" => matches!(third, b'0'..=b'7'),
        b"33" | b"35" | b"36" | b"39" => true,
        b"34" => matches!(third, b'0'..=b'7' | b'9'),
        b"37" => matches!(third, b'1'..=b'7'),
        b"38" => matches!(third, b'1'..=b'8'),
        b"41" => matches!(third, b'0' | b'2'..=b'9'),
        b"42" | b"43" | b"44" | b"48" => true,
        b"45" => matches!(third, b'0'..=b'6'),
        b"46" => matches!(third, b'0'..=b'8'),
        b"47" => matches!(third, b'0'..=b'7' | b'9'),
        b"50" => matches!(third, b'2'..=b'8'),
        b"51" | b"52" | b"54" | b"55" | b"56" => true,
        b"53" | b"58" => matches!(third, b'0'..=b'8'),
        b"57" | b"59" => matches!(third, b'0'..=b'7'),
        b"60" => matches!(third, b'0' | b'2'..=b'9'),
        b"61" | b"62" | b"63" | b"65" | b"68" => true,
        b"64" | b"67" => matches!(third, b'0'..=b'8'),
        b"66" => matches!(third, b'1'..=b'9'),
        b"70" => matches!(third, b'2'..=b'8'),
        b"71" => matches!(third, b'1'..=b'9'),
        b"72" | b"77" => matches!(third, b'0'..=b'7'),
        b"73" => true,
        b"74" | b"75" | b"76" => matches!(third, b'0'..=b'8'),
        b"78" => matches!(third, b'0'..=b'5'),
        b"79" => matches!(third, b'0' | b'1' | b'3'..=b'7'),
        b"80" => matches!(third, b'2'..=b'9'),
        b"81" => matches!(third, b'0'..=b'7' | b'9'),
        b"82" => true,
        b"83" => matches!(third, b'0'..=b'4' | b'6'..=b'9'),
        b"84" => matches!(third, b'0'..=b'6'),
        b"85" => matches!(third, b'0' | b'1' | b'3'..=b'9'),
        b"86" => matches!(third, b'1'..=b'8'),
        b"87" => matches!(third, b'0'..=b'8'),
        b"88" => matches!(third, b'0'..=b'2' | b'4'..=b'6'),
        b"90" => matches!(third, b'6'..=b'9'),
        b"91" | b"92" | b"93" | b"94" => true,
        b"95" | b"98" | b"99" => matches!(third, b'0'..=b'7'),
        b"96" => matches!(third, b'0'..=b'8'),
        b"97" => matches!(third, b'0'..=b'4' | b'6' | b'7'),
        _ => false,
    }
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
