//! What the values of a column look like.

use std::collections::BTreeSet;

use kartei_schemas::frame;
use kartei_schemas::person::FieldKind;

/// Years before this are no birth dates of living people: such dates are read as plain text.
const FIRST_YEAR_OF_THE_LIVING: u32 = 1900;

/// Cells of several words from which on it can be said that a column repeats others.
const FEWEST_REPEATS: usize = 5;

/// What was seen in a sample of a column.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) filled: usize,
    pub(crate) distinct: usize,
    emails: usize,
    dates: DateForms,
    phones: usize,
    sexes: usize,
    german_codes: usize,
    without_digits: usize,
    with_digits: usize,
    keys: usize,
}

/// How dates are written.
#[derive(Debug, Clone, Default)]
struct DateForms {
    all: usize,
    /// Year first, with or without separators, or the year alone.
    year_first: usize,
    /// `13/01/1984`: only the day can be above twelve.
    day_first: usize,
    /// `01/13/1984`.
    month_first: usize,
    before_the_living: usize,
    separator: Option<char>,
}

/// Looks at a sample of values.
pub(crate) fn look_at(values: &[&str]) -> Content {
    let mut content = Content::default();
    let mut distinct = BTreeSet::new();
    for value in values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()) {
        content.filled += 1;
        distinct.insert(value);
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        let letters = value.chars().filter(|letter| letter.is_alphabetic()).count();
        content.emails += usize::from(is_email(value));
        content.dates.see(value);
        content.phones += usize::from(is_phone(value, digits, letters));
        content.sexes += usize::from(is_sex(value));
        content.german_codes += usize::from(value.len() == 5 && digits == 5);
        content.without_digits += usize::from(digits == 0);
        content.with_digits += usize::from(digits > 0);
        content.keys += usize::from(!value.contains(' ') && (digits > 0 || value.len() >= 16));
    }
    content.distinct = distinct.len();
    content
}

/// Whether nearly all cells of several words hold no word that the other columns do not hold in the same row, and most
/// cells are such.
pub(crate) fn repeats(values: &[&str], others: &[&[&str]]) -> bool {
    let (mut filled, mut long, mut repeated) = (0, 0, 0);
    for (row, value) in values.iter().enumerate().filter(|(_, value)| !value.trim().is_empty()) {
        filled += 1;
        let said = words(value);
        if said.len() > 1 {
            long += 1;
            let known: BTreeSet<String> =
                others.iter().filter_map(|other| other.get(row)).flat_map(|it| words(it)).collect();
            repeated += usize::from(said.is_subset(&known));
        }
    }
    long >= FEWEST_REPEATS && long * 2 >= filled && repeated * 10 >= long * 9
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn is_email(value: &str) -> bool {
    value
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
}

fn is_phone(value: &str, digits: usize, letters: usize) -> bool {
    letters == 0
        && (6..=17).contains(&digits)
        && (value.starts_with('+') || value.starts_with('0') || value.contains(['/', '(']))
        && !value.contains('.')
}

fn is_sex(value: &str) -> bool {
    matches!(
        value.to_lowercase().as_str(),
        "m" | "f"
            | "w"
            | "d"
            | "x"
            | "male"
            | "female"
            | "other"
            | "männlich"
            | "weiblich"
            | "divers"
            | "u"
            | "unknown"
    )
}

impl DateForms {
    fn see(&mut self, value: &str) {
        let day = value.split(['T', ' ']).next().unwrap_or(value);
        let parts: Vec<u32> = day.split(['-', '.', '/']).filter_map(|part| part.parse().ok()).collect();
        let is_year = |year: u32| (1000..=2100).contains(&year);
        let (year, year_first) = match (parts.as_slice(), day.len()) {
            ([year, month, number], _) if is_year(*year) && *month <= 12 && *number <= 31 => (*year, true),
            ([first, second, year], _) if *first <= 31 && *second <= 31 && (is_year(*year) || *year < 100) => {
                self.day_first += usize::from(*first > 12);
                self.month_first += usize::from(*second > 12);
                self.separator = day.chars().find(|letter| !letter.is_ascii_digit());
                (*year, false)
            }
            ([packed], 8) if is_year(packed / 10_000) && packed / 100 % 100 <= 12 && packed % 100 <= 31 => {
                (packed / 10_000, true)
            }
            ([year], 4) if is_year(*year) => (*year, true),
            _ => return,
        };
        self.all += 1;
        self.year_first += usize::from(year_first);
        self.before_the_living += usize::from(is_year(year) && year < FIRST_YEAR_OF_THE_LIVING);
    }
}

impl Content {
    /// Whether every value of the sample is another, and almost none is missing.
    pub(crate) fn is_unique(&self) -> bool {
        self.filled > 0 && self.distinct == self.filled
    }

    /// Whether the values look like numbers of rows or of records.
    pub(crate) fn looks_like_keys(&self) -> bool {
        self.keys * 10 >= self.filled * 9
    }

    fn mostly(&self, part: usize) -> bool {
        part * 10 >= self.filled * 6
    }

    /// Whether the values do not contradict what the header says.
    pub(crate) fn allows(&self, kind: FieldKind) -> bool {
        match kind {
            FieldKind::Email => self.emails * 10 >= self.filled * 3,
            FieldKind::Date => self.dates.all * 10 >= self.filled * 3,
            FieldKind::Sex => self.distinct <= 12,
            FieldKind::GivenName | FieldKind::Surname | FieldKind::FullName => {
                self.without_digits * 10 >= self.filled * 5
            }
            FieldKind::Phone => self.with_digits * 10 >= self.filled * 5,
            FieldKind::Title => self.without_digits * 10 >= self.filled * 8,
            _ => true,
        }
    }

    /// The field and kind that the values alone give away.
    pub(crate) fn telling(&self) -> Option<(&'static str, FieldKind)> {
        if self.filled == 0 {
            None
        } else if self.mostly(self.emails) {
            Some((frame::EMAIL, FieldKind::Email))
        } else if self.dates.all * 10 >= self.filled * 8 && self.distinct * 4 > self.filled && self.has_lifetimes() {
            Some((frame::BIRTH_DATE, FieldKind::Date))
        } else if self.phones * 10 >= self.filled * 8 {
            Some((frame::PHONE, FieldKind::Phone))
        } else if self.sexes * 100 >= self.filled * 95 && self.distinct >= 2 {
            Some((frame::SEX, FieldKind::Sex))
        } else {
            None
        }
    }

    /// Dates of a column without a telling header are birth dates only where they are whole dates, not numbers.
    fn has_lifetimes(&self) -> bool {
        self.dates.separator.is_some() || self.dates.year_first > 0
    }

    /// How the values are read: as the kind has it, or as plain text where that would lose them.
    pub(crate) fn reading(&self, kind: FieldKind, field: &str) -> (FieldKind, Vec<String>) {
        match kind {
            FieldKind::Date if self.dates.year_first * 10 >= self.dates.all * 9 => {
                let is_historical = field == frame::BIRTH_DATE && self.dates.before_the_living * 20 > self.dates.all;
                (if is_historical { FieldKind::Text } else { FieldKind::Date }, Vec::new())
            }
            FieldKind::Date if self.dates.month_first > self.dates.day_first => {
                let separator = self.dates.separator.unwrap_or('/');
                (
                    FieldKind::Date,
                    vec![format!("%m{separator}%d{separator}%Y"), format!("%m{separator}%d{separator}%y")],
                )
            }
            FieldKind::PostalCode if !self.mostly(self.german_codes) => (FieldKind::Text, Vec::new()),
            FieldKind::Address if self.without_digits * 2 > self.filled => (FieldKind::Street, Vec::new()),
            kind => (kind, Vec::new()),
        }
    }
}
