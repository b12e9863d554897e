//! How the report speaks: words, numbers, times in German or English.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kartei_schemas::org::Language;

use crate::RunReport;
use crate::model::Label;

/// A no-break space, so that a number and its unit stay together.
const JOIN: char = '\u{a0}';

/// A thing that is counted, in singular and plural.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noun {
    pub(crate) de: (&'static str, &'static str),
    pub(crate) en: (&'static str, &'static str),
}

/// The language and the zone of one report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    pub(crate) language: Language,
    zone: Tz,
}

impl Voice {
    /// A zone that is not an IANA name is read as UTC, and named so.
    pub(crate) fn new(report: &RunReport, language: Language) -> Self {
        Self { language, zone: report.run.time_zone.parse().unwrap_or(Tz::UTC) }
    }

    pub(crate) const fn say(self, de: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::De => de,
            Language::En => en,
        }
    }

    pub(crate) fn label(self, label: &Label) -> &str {
        match self.language {
            Language::De => &label.de,
            Language::En => &label.en,
        }
    }

    /// `1.234` or `1,234`.
    pub(crate) fn number(self, number: u64) -> String {
        let digits = number.to_string();
        let mut out = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                out.push_str(self.say(".", ","));
            }
            out.push(digit);
        }
        out
    }

    /// `1.234,5` or `1,234.5`.
    pub(crate) fn decimal(self, number: f64, places: usize) -> String {
        if !number.is_finite() {
            return "–".to_owned();
        }
        let text = format!("{:.places$}", number.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        let sign = if number < 0.0 && !is_zero { "−" } else { "" };
        let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole| self.number(whole));
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}{}{fraction}", self.say(",", "."))
        }
    }

    /// A share as percent, with one place; never rounded to 0 or 100 when it is neither.
    pub(crate) fn percent(self, part: u64, whole: u64) -> String {
        if whole == 0 {
            return "–".to_owned();
        }
        let share = 100.0 * part as f64 / whole as f64;
        let unit = self.say("\u{a0}%", "%");
        if part > 0 && share < 0.05 {
            format!("<{JOIN}{}{unit}", self.decimal(0.1, 1))
        } else if part < whole && share >= 99.95 {
            format!(">{JOIN}{}{unit}", self.decimal(99.9, 1))
        } else {
            format!("{}{unit}", self.decimal(share, 1))
        }
    }

    /// "1 Person", "2.000 Personen".
    pub(crate) fn counted(self, number: u64, noun: Noun) -> String {
        format!("{}{JOIN}{}", self.number(number), self.noun(number, noun))
    }

    pub(crate) fn noun(self, number: u64, noun: Noun) -> &'static str {
        let (one, many) = match self.language {
            Language::De => noun.de,
            Language::En => noun.en,
        };
        if number == 1 { one } else { many }
    }

    /// "840 ms", "12,4 s", "3 min 05 s", "2 h 04 min".
    pub(crate) fn duration(self, milliseconds: u64) -> String {
        let seconds = milliseconds / 1_000;
        match seconds {
            0 => format!("{milliseconds}{JOIN}ms"),
            1..60 => format!("{}{JOIN}s", self.decimal(milliseconds as f64 / 1_000.0, 1)),
            60..3_600 => format!("{}{JOIN}min {:02}{JOIN}s", seconds / 60, seconds % 60),
            _ => format!("{}{JOIN}h {:02}{JOIN}min", self.number(seconds / 3_600), seconds / 60 % 60),
        }
    }

    /// "24.11.2026, 04:00" or "24 Nov 2026, 04:00", in the report's zone.
    pub(crate) fn instant(self, instant: DateTime<Utc>) -> String {
        instant.with_timezone(&self.zone).format(self.say("%d.%m.%Y, %H:%M", "%-d %b %Y, %H:%M")).to_string()
    }

    /// How old something is: "40 Minuten", "7 Stunden", "3 Tage".
    pub(crate) fn age(self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        self.span(u64::try_from(to.signed_duration_since(from).num_seconds()).unwrap_or(0))
    }

    /// Whole minutes below two hours, whole hours below two days, whole days from there: rounded down.
    pub(crate) fn span(self, seconds: u64) -> String {
        let minutes = seconds / 60;
        match minutes {
            0..120 => self.counted(minutes, Noun { de: ("Minute", "Minuten"), en: ("minute", "minutes") }),
            120..2_880 => self.counted(minutes / 60, Noun { de: ("Stunde", "Stunden"), en: ("hour", "hours") }),
            _ => self.counted(minutes / 1_440, Noun { de: ("Tag", "Tage"), en: ("day", "days") }),
        }
    }

    pub(crate) fn zone_name(self) -> &'static str {
        self.zone.name()
    }

    /// "a, b und c".
    pub(crate) fn list(self, parts: &[String]) -> String {
        match parts {
            [] => String::new(),
            [only] => only.clone(),
            [first @ .., last] => format!("{} {} {last}", first.join(", "), self.say("und", "and")),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn voice(language: Language) -> Voice {
        let mut report = RunReport::default();
        report.run.time_zone = "Europe/Berlin".to_owned();
        Voice::new(&report, language)
    }

    #[test]
    fn numbers_are_grouped_as_each_language_writes_them() {
        assert_eq!(voice(Language::De).number(1_234_567), "1.234.567");
        assert_eq!(voice(Language::En).number(1_234_567), "1,234,567");
        assert_eq!(voice(Language::De).number(999), "999");
        assert_eq!(voice(Language::De).decimal(1_234.56, 1), "1.234,6");
        assert_eq!(voice(Language::En).decimal(-1_234.56, 1), "−1,234.6");
        assert_eq!(voice(Language::En).decimal(-0.01, 1), "0.0");
    }

    #[test]
    fn a_small_share_is_not_rounded_to_nothing_and_a_large_one_not_to_all() {
        assert_eq!(voice(Language::En).percent(1, 1_000_000), "<\u{a0}0.1%");
        assert_eq!(voice(Language::De).percent(999_999, 1_000_000), ">\u{a0}99,9\u{a0}%");
        assert_eq!(voice(Language::De).percent(7, 7), "100,0\u{a0}%");
        assert_eq!(voice(Language::De).percent(0, 0), "–");
    }

    #[test]
    fn times_are_shown_in_the_zone_of_the_run_on_both_sides_of_the_clock_change() {
        let summer = Utc.with_ymd_and_hms(2026, 7, 1, 2, 0, 0).unwrap();
        let winter = Utc.with_ymd_and_hms(2026, 12, 1, 3, 0, 0).unwrap();
        assert_eq!(voice(Language::De).instant(summer), "01.07.2026, 04:00");
        assert_eq!(voice(Language::En).instant(winter), "1 Dec 2026, 04:00");
    }

    #[test]
    fn durations_are_short_to_read() {
        let voice = voice(Language::De);
        let all = [840, 12_440, 185_000, 7_440_000].map(|milliseconds| voice.duration(milliseconds));
        assert_eq!(all.map(|text| text.replace('\u{a0}', " ")), ["840 ms", "12,4 s", "3 min 05 s", "2 h 04 min"]);
    }
}
