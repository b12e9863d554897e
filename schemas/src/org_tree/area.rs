//! Postal areas: `12345`, a prefix `123*`, or a range `12340-12349`.

use std::fmt;
use std::str::FromStr;

/// How many PLZ there can be.
pub(super) const POSTAL_CODES: usize = 100_000;

/// PLZ from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostalArea {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

impl PostalArea {
    /// The PLZ of the area as numbers.
    pub fn numbers(self) -> std::ops::RangeInclusive<u32> {
        self.first..=self.last
    }
}

impl FromStr for PostalArea {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let area = if let Some(prefix) = trimmed.strip_suffix('*') {
            prefix_area(prefix)
        } else if let Some((first, last)) = trimmed.split_once('-') {
            number(first.trim()).zip(number(last.trim())).map(|(first, last)| Self { first, last })
        } else {
            number(trimmed).map(|only| Self { first: only, last: only })
        };
        match area {
            Some(area) if area.first <= area.last => Ok(area),
            Some(_) => Err(format!("`{text}` is a range that ends before it begins")),
            None => Err(format!("`{text}` is no postal area")),
        }
    }
}

/// Written as the shortest of the three forms that a person would read: one PLZ or a range.
impl fmt::Display for PostalArea {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:05}", self.first)?;
        if self.last > self.first {
            write!(out, "-{:05}", self.last)?;
        }
        Ok(())
    }
}

/// A PLZ of exactly five digits as a number.
pub(super) fn number(text: &str) -> Option<u32> {
    (text.len() == 5 && is_digits(text)).then(|| text.parse().ok()).flatten()
}

/// Joins sorted numbers into the fewest areas.
pub(super) fn areas_of(numbers: &[u32]) -> Vec<PostalArea> {
    let mut areas: Vec<PostalArea> = Vec::new();
    for number in numbers {
        match areas.last_mut() {
            Some(area) if area.last + 1 == *number => area.last = *number,
            _ => areas.push(PostalArea { first: *number, last: *number }),
        }
    }
    areas
}

fn prefix_area(prefix: &str) -> Option<PostalArea> {
    if prefix.is_empty() || prefix.len() > 4 || !is_digits(prefix) {
        return None;
    }
    let width = 10_u32.pow(5 - u32::try_from(prefix.len()).ok()?);
    let first = prefix.parse::<u32>().ok()? * width;
    Some(PostalArea { first, last: first + width - 1 })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
