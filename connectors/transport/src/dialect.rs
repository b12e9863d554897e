//! How a CSV file is written: which delimiter, quote and escape make its rows fit together.

use csv::ReaderBuilder;

use crate::meter::{Fit, Meter, has_escaped_quotes, has_spaced_quotes, opens_cells};
use crate::untangle::unwrap_text;

/// How a CSV file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent habits of programs that write CSV")]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// None where quotes are signs like any other.
    pub(crate) quote: Option<u8>,
    /// Whether a quote inside a quoted cell may be written as `\"`.
    pub(crate) has_escapes: bool,
    /// Whether spaces may stand before the quote that opens a cell.
    pub(crate) has_spaces_before_quotes: bool,
    /// Whether whole rows stand in quotes, as if each were one cell.
    pub(crate) is_wrapped: bool,
    /// The delimiter of the first row, where it has one of its own.
    pub(crate) header_delimiter: Option<u8>,
    /// Whether somebody stated the quote: then no other sign around a value is taken for one.
    pub(crate) is_stated: bool,
    /// Whether lines end as in Windows.
    pub(crate) has_returns: bool,
}

/// What somebody stated about a file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stated {
    pub(crate) delimiter: Option<u8>,
    pub(crate) quote: Option<u8>,
}

const DELIMITERS: [u8; 4] = *b";,\t|";
/// Signs that part cells in few files, and stand in the cells of many: only where no other does.
const RARE_DELIMITERS: [u8; 4] = *b"^~\x1f\x01";

impl Dialect {
    /// The plainest one with this delimiter.
    pub(crate) fn plain(delimiter: u8, quote: Option<u8>) -> Self {
        Self {
            delimiter,
            quote,
            has_escapes: false,
            has_spaces_before_quotes: false,
            is_wrapped: false,
            header_delimiter: None,
            is_stated: false,
            has_returns: false,
        }
    }

    /// The sign that escapes a quote, or one that is looked for already.
    pub(crate) fn escape_sign(self) -> u8 {
        if self.has_escapes { b'\\' } else { b'\n' }
    }
}

/// The dialect of a sample, told by how its rows fit. A `sep=;` line, as Excel writes it, counts where rows fit it.
pub(crate) fn find(sample: &str, stated: Stated) -> Dialect {
    let (candidates, has_returns) = candidates(sample, stated);
    let text = behind_announcement(sample).as_bytes();
    let best = best(&candidates, |dialect| measure(text, dialect));
    let usual = Dialect {
        is_stated: stated.quote.is_some(),
        ..Dialect::plain(stated.delimiter.unwrap_or(b','), Some(stated.quote.unwrap_or(b'"')))
    };
    let dialect = best.map_or(usual, |(dialect, _)| dialect);
    Dialect { has_returns, ..finished(text, dialect, stated) }
}

/// All dialects that come into question for a text, and whether its first line ends as in Windows.
pub(crate) fn candidates(sample: &str, stated: Stated) -> (Vec<Dialect>, bool) {
    let has_returns = sample.lines().next().is_some_and(|line| sample[line.len()..].starts_with("\r\n"));
    let announced = announced_delimiter(sample);
    let text = behind_announcement(sample).as_bytes();
    let delimiters: Vec<u8> = match stated.delimiter {
        Some(delimiter) => vec![delimiter],
        None => announced.into_iter().chain(DELIMITERS).collect(),
    };
    let mut found: Vec<Dialect> =
        delimiters.iter().flat_map(|delimiter| quotings(text, *delimiter, stated.quote)).collect();
    let fits = |dialect: &Dialect| measure(text, *dialect).share() >= ENOUGH;
    let fits_well = |dialect: &Dialect| measure(text, *dialect).share() >= 900;
    if stated.delimiter.is_none() && !found.iter().any(fits_well) {
        found.extend(RARE_DELIMITERS.iter().flat_map(|delimiter| quotings(text, *delimiter, stated.quote)));
    }
    if stated.quote.is_none() && has_whole_rows_in_quotes(sample) {
        let wrapped = delimiters.iter().map(|it| Dialect { is_wrapped: true, ..Dialect::plain(*it, Some(b'"')) });
        found.extend(wrapped.collect::<Vec<_>>());
    }
    for dialect in &mut found {
        dialect.has_returns = has_returns;
    }
    // What the file itself announces goes first, where it fits.
    if let Some(announced) = announced.filter(|_| stated.delimiter.is_none())
        && found.iter().any(|dialect| dialect.delimiter == announced && fits(dialect))
    {
        found.retain(|dialect| dialect.delimiter == announced);
    }
    (found, has_returns)
}

/// Whether a line stands in quotes whose inner quotes are doubled, as when a row was taken for one cell.
fn has_whole_rows_in_quotes(sample: &str) -> bool {
    sample.lines().any(|line| {
        let inner = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        inner.is_some_and(|inner| inner.contains("\"\"") && !inner.replace("\"\"", "").contains('"'))
    })
}

/// So many of a thousand rows make a table of a text.
const ENOUGH: u64 = 600;

/// The ways to quote that may be a text's, the plainest first.
fn quotings(text: &[u8], delimiter: u8, stated: Option<u8>) -> Vec<Dialect> {
    if let Some(quote) = stated {
        return vec![Dialect { is_stated: true, ..Dialect::plain(delimiter, Some(quote)) }];
    }
    let usual = Dialect::plain(delimiter, Some(b'"'));
    let mut found = vec![usual];
    if has_escaped_quotes(text, b'"') {
        found.push(Dialect { has_escapes: true, ..usual });
    }
    if has_spaced_quotes(text, b'"', delimiter) {
        found.push(Dialect { has_spaces_before_quotes: true, ..usual });
    }
    if opens_cells(text, b'\'', delimiter) {
        let single = Dialect::plain(delimiter, Some(b'\''));
        found.push(single);
        if has_spaced_quotes(text, b'\'', delimiter) {
            found.push(Dialect { has_spaces_before_quotes: true, ..single });
        }
    }
    if opens_cells(text, b'"', delimiter) {
        found.push(Dialect::plain(delimiter, None));
    }
    found
}

/// All ways to quote, for a file that shows behind its sample what the sample does not hold.
pub(crate) fn all_quotings(delimiter: u8, has_returns: bool) -> Vec<Dialect> {
    let usual = Dialect { has_returns, ..Dialect::plain(delimiter, Some(b'"')) };
    let single = Dialect { quote: Some(b'\''), ..usual };
    let spaced = Dialect { has_spaces_before_quotes: true, ..usual };
    vec![usual, Dialect { has_escapes: true, ..usual }, spaced, single, Dialect { quote: None, ..usual }]
}

/// How well a text fits a dialect; of wrapped rows, what stands inside them.
fn measure(text: &[u8], dialect: Dialect) -> Fit {
    if dialect.is_wrapped {
        return Meter::measure(&unwrap_text(text, dialect), dialect);
    }
    Meter::measure(text, dialect)
}

/// The candidate under which the rows fit best; none where no row is parted by any.
pub(crate) fn best(candidates: &[Dialect], mut measure: impl FnMut(Dialect) -> Fit) -> Option<(Dialect, Fit)> {
    let mut best: Option<(Dialect, Fit)> = None;
    for dialect in candidates {
        let fit = measure(*dialect);
        let is_better = match &best {
            None => fit.width > 1,
            Some((other, known)) => fit.width > 1 && beats((*dialect, fit), (*other, *known)),
        };
        if is_better {
            best = Some((*dialect, fit));
        }
    }
    best
}

/// Whether a candidate is better than the best one before it.
fn beats((dialect, fit): (Dialect, Fit), (other, known): (Dialect, Fit)) -> bool {
    if dialect.delimiter == other.delimiter && !dialect.is_wrapped && !other.is_wrapped {
        return quotes_better((dialect, fit), (other, known));
    }
    // Commas with a space behind each are punctuation, where another sign parts the rows as well.
    if fit.share() >= 900 && known.share() >= 900 && fit.is_loose() != known.is_loose() {
        return known.is_loose();
    }
    // Wrapped rows and rare delimiters are taken only where they change much.
    let is_odd = dialect.is_wrapped || RARE_DELIMITERS.contains(&dialect.delimiter);
    let margin = if is_odd { 200 } else { 20 };
    if fit.share().abs_diff(known.share()) >= margin {
        return fit.share() > known.share();
    }
    if is_odd {
        return false;
    }
    let has_head = |fit: Fit| fit.head == fit.width;
    (has_head(fit), fit.share() * fit.width.min(4)) > (has_head(known), known.share() * known.width.min(4))
}

/// Whether the same delimiter does better with these quotes than with those before.
fn quotes_better((dialect, fit): (Dialect, Fit), (other, known): (Dialect, Fit)) -> bool {
    let is_single = dialect.quote == Some(b'\'');
    if is_single {
        // An apostrophe opens many cells and closes none; only where all of them are pairs are they quotes.
        let is_sound = fit.broken == 0 && fit.quoted > 0;
        return is_sound && fit.share() >= known.share() && known.quoted == 0;
    }
    if dialect.quote.is_none() {
        // Quotes that seldom close are signs like any other.
        return known.broken > known.quoted && fit.share() > known.share() && other.quote == Some(b'"');
    }
    if dialect.has_escapes || dialect.has_spaces_before_quotes {
        return fit.share() > known.share()
            || (fit.share() == known.share() && fit.broken < known.broken)
            || (fit.share() == known.share() && fit.quoted > known.quoted);
    }
    fit.share() > known.share()
}

/// The dialect with what only the first row tells.
fn finished(text: &[u8], dialect: Dialect, stated: Stated) -> Dialect {
    let fit = measure(text, dialect);
    if fit.width < 2 || fit.head != 1 || stated.delimiter.is_some() {
        return dialect;
    }
    let lines = std::str::from_utf8(text).unwrap_or_default().lines();
    let Some(first) = lines.map(str::trim).find(|line| !line.is_empty()) else { return dialect };
    let parted = DELIMITERS.into_iter().filter(|sign| *sign != dialect.delimiter).find(|sign| {
        Meter::measure(first.as_bytes(), Dialect { delimiter: *sign, is_wrapped: false, ..dialect }).head == fit.width
    });
    if parted.is_some() {
        return Dialect { header_delimiter: parted, ..dialect };
    }
    // "Name" above "Brandner, Lotte": one column, whose cells hold commas.
    let is_one_column = fit.is_loose() && fit.fitting + 1 >= fit.rows && fit.width == 2;
    let free = DELIMITERS.into_iter().find(|sign| !text.contains(sign));
    match free.filter(|_| is_one_column) {
        Some(delimiter) => Dialect { delimiter, ..dialect },
        None => dialect,
    }
}

/// The delimiter of a first line such as `sep=;`.
fn announced_delimiter(sample: &str) -> Option<u8> {
    let line = sample.lines().next()?.trim().trim_matches('"');
    let sign = line.strip_prefix("sep=").or_else(|| line.strip_prefix("SEP="))?;
    sign.bytes().next().or_else(|| sample.starts_with("sep=\t").then_some(b'\t')).filter(u8::is_ascii)
}

fn behind_announcement(sample: &str) -> &str {
    match announced_delimiter(sample) {
        Some(_) => sample.split_once('\n').map_or("", |(_, rest)| rest),
        None => sample,
    }
}

/// The delimiter that parts most rows; none where no one does.
pub(crate) fn find_delimiter(sample: &str, quote: Option<u8>) -> Option<u8> {
    let stated = Stated { delimiter: None, quote };
    let (candidates, _) = candidates(sample, stated);
    let text = behind_announcement(sample).as_bytes();
    best(&candidates, |dialect| measure(text, dialect)).map(|(dialect, _)| dialect.delimiter)
}

/// The reader that all of kartei's CSV goes through: no row is refused for its length, no cell is trimmed.
pub(crate) fn reader_builder(dialect: Dialect) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(dialect.delimiter).flexible(true).has_headers(false);
    builder.quoting(dialect.quote.is_some()).quote(dialect.quote.unwrap_or(b'"'));
    builder.escape(dialect.has_escapes.then_some(b'\\'));
    builder.buffer_capacity(1 << 17);
    builder
}

#[cfg(test)]
#[path = "dialect_tests.rs"]
mod tests;
