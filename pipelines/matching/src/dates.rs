//! Birth dates as numbers, and how near two of them are.

/// A date as `year * 10000 + month * 100 + day`, the latter two zero where only the year is known; `None` where
/// the text is no plausible birth date.
pub(crate) fn parse(text: &str) -> Option<u32> {
    let digits: Vec<u32> = text.bytes().filter(u8::is_ascii_digit).map(|digit| u32::from(digit - b'0')).collect();
    let number = |part: &[u32]| part.iter().fold(0, |number, digit| number * 10 + digit);
    let year = number(digits.get(0..4)?);
    if !(1000..=2200).contains(&year) || is_placeholder(text) {
        return None;
    }
    match digits.len() {
        4 => Some(year * 10_000),
        8 => {
            let (month, day) = (number(&digits[4..6]), number(&digits[6..8]));
            let is_real = (1..=12).contains(&month) && (1..=31).contains(&day);
            Some(if is_real { year * 10_000 + month * 100 + day } else { year * 10_000 })
        }
        _ => None,
    }
}

fn is_placeholder(text: &str) -> bool {
    matches!(text, "1900-01-01" | "1901-01-01" | "1111-11-11" | "1900" | "9999-12-31")
}

/// How two dates compare. The order is that of growing agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum DateLevel {
    Different = 1,
    TwoDigits,
    SameYear,
    YearOnly,
    TwoParts,
    OneDigit,
    Swapped,
    Exact,
}

/// Compares two dates that are known.
pub(crate) fn compare(left: u32, right: u32) -> DateLevel {
    let (left_year, left_day) = (left / 10_000, left % 10_000);
    let (right_year, right_day) = (right / 10_000, right % 10_000);
    let year_is_all = left_day == 0 || right_day == 0;
    if year_is_all {
        return match (left_year == right_year, left_year.abs_diff(right_year)) {
            (true, _) => DateLevel::YearOnly,
            (_, 1 | 10 | 100) => DateLevel::TwoDigits,
            _ => DateLevel::Different,
        };
    }
    if left == right {
        return DateLevel::Exact;
    }
    let swapped = |day: u32| day % 100 * 100 + day / 100;
    if left_year == right_year && swapped(left_day) == right_day {
        return DateLevel::Swapped;
    }
    if left_year == right_year && (left_day == 101 || right_day == 101) {
        return DateLevel::YearOnly;
    }
    let edits = digit_edits(left, right);
    let equal_parts = u8::from(left_year == right_year)
        + u8::from(left_day / 100 == right_day / 100)
        + u8::from(left_day % 100 == right_day % 100);
    match (edits, equal_parts) {
        (0 | 1, _) => DateLevel::OneDigit,
        (_, 2..) => DateLevel::TwoParts,
        _ if left_year == right_year => DateLevel::SameYear,
        (2, _) => DateLevel::TwoDigits,
        _ => DateLevel::Different,
    }
}

/// Digits that differ, two neighbours that changed places counting as one.
fn digit_edits(left: u32, right: u32) -> u32 {
    let digits = |mut date: u32| {
        let mut digits = [0_u8; 8];
        for place in (0..8).rev() {
            digits[place] = u8::try_from(date % 10).unwrap_or(0);
            date /= 10;
        }
        digits
    };
    let (left, right) = (digits(left), digits(right));
    let mut edits = 0;
    let mut place = 0;
    while place < 8 {
        if left[place] != right[place] {
            edits += 1;
            if place < 7 && left[place] == right[place + 1] && left[place + 1] == right[place] {
                place += 1;
            }
        }
        place += 1;
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(left: &str, right: &str) -> DateLevel {
        compare(parse(left).unwrap(), parse(right).unwrap())
    }

    #[test]
    fn dates_agree_in_part() {
        assert_eq!(level("1984-03-05", "1984-03-05"), DateLevel::Exact);
        assert_eq!(level("1984-03-05", "1984-05-03"), DateLevel::Swapped);
        assert_eq!(level("1984-03-05", "1984-03-06"), DateLevel::OneDigit);
        assert_eq!(level("1984-03-12", "1984-03-21"), DateLevel::OneDigit);
        assert_eq!(level("1984-03-05", "1994-03-05"), DateLevel::OneDigit);
        assert_eq!(level("1984-03-05", "1984"), DateLevel::YearOnly);
        assert_eq!(level("1984-03-05", "1984-01-01"), DateLevel::YearOnly);
        assert_eq!(level("1984-03-05", "1984-11-28"), DateLevel::SameYear);
        assert_eq!(level("1984-03-05", "1951-11-28"), DateLevel::Different);
    }

    #[test]
    fn placeholders_and_rubbish_are_missing() {
        assert_eq!(parse("1900-01-01"), None);
        assert_eq!(parse("unbekannt"), None);
        assert_eq!(parse("12"), None);
    }
}
