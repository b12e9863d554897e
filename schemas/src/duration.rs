//! Durations as people write them: `90s`, `15m`, `36h`, `7d`, `3y`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A span of time, kept in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "span"))]
pub struct Span {
    seconds: u64,
}

impl Span {
    /// A span of so many seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self { seconds }
    }

    /// The span in seconds.
    pub const fn seconds(self) -> u64 {
        self.seconds
    }

    /// The span as the standard library's duration.
    pub const fn as_duration(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.seconds)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a duration; write a number and s, m, h, d, w or y, such as `36h`");
        let trimmed = text.trim();
        if trimmed.starts_with('-') {
            return Err(format!("`{text}` is negative; a duration is a number and s, m, h, d, w or y, such as `36h`"));
        }
        let unit = trimmed.chars().last().ok_or_else(wrong)?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            // A year has 365 days here.
            'y' => 31_536_000,
            _ => return Err(wrong()),
        };
        let count: u64 = trimmed[..trimmed.len() - 1].trim().parse().map_err(|_| wrong())?;
        let seconds = count.checked_mul(factor).ok_or_else(wrong)?;
        Ok(Self { seconds })
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(604_800, 'w'), (86_400, 'd'), (3_600, 'h'), (60, 'm')];
        for (factor, unit) in units {
            if self.seconds > 0 && self.seconds.is_multiple_of(factor) {
                return write!(out, "{}{unit}", self.seconds / factor);
            }
        }
        write!(out, "{}s", self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_written_in_the_largest_unit_that_divides_it() {
        for (text, written) in
            [("90s", "90s"), ("120m", "2h"), ("36h", "36h"), ("14d", "2w"), ("1y", "365d"), ("0d", "0s")]
        {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "36", "h", "-1h", "1.5h", "36 hours", "99999999999999999999d", "18446744073709551615w"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
