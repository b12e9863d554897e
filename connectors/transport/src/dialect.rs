//! How a CSV file is written: its delimiter and its quote, found in its first lines.

use csv::ReaderBuilder;

/// How a CSV file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    /// Whether lines end as in Windows.
    pub(crate) has_returns: bool,
}

const DELIMITERS: [u8; 4] = *b";,\t|";
/// Records that are looked at.
const SAMPLE_RECORDS: usize = 200;

/// The dialect of some first lines. A `sep=;` line, as Excel writes it, counts more than anything.
pub(crate) fn find(sample: &str, delimiter: Option<u8>, quote: Option<u8>) -> Dialect {
    let quote = quote.unwrap_or_else(|| find_quote(sample));
    let announced = sample.strip_prefix("sep=").and_then(|rest| rest.bytes().next()).filter(u8::is_ascii);
    let delimiter = delimiter.or(announced).or_else(|| find_delimiter(sample, quote)).unwrap_or(b',');
    let has_returns = sample.lines().next().is_some_and(|line| sample[line.len()..].starts_with("\r\n"));
    Dialect { delimiter, quote, has_returns }
}

/// The delimiter that gives the header several fields and most records as many; none where no one does.
pub(crate) fn find_delimiter(sample: &str, quote: u8) -> Option<u8> {
    let scored =
        DELIMITERS.map(|delimiter| (score(sample, Dialect { delimiter, quote, has_returns: false }), delimiter));
    let best = scored.into_iter().max_by_key(|(score, _)| *score)?;
    (best.0.1 > 1).then_some(best.1)
}

/// How many percent of the records (in steps of ten) have as many fields as the header, and how many those are.
fn score(sample: &str, dialect: Dialect) -> (usize, usize) {
    let mut reader = reader_builder(dialect).from_reader(sample.as_bytes());
    let mut lengths = reader.byte_records().take(SAMPLE_RECORDS).filter_map(Result::ok).map(|record| record.len());
    let header = lengths.next().unwrap_or(0);
    if header < 2 {
        return (0, header);
    }
    let (mut total, mut same) = (1, 1);
    for length in lengths {
        total += 1;
        same += usize::from(length == header);
    }
    (same * 10 / total, header)
}

fn find_quote(sample: &str) -> u8 {
    let opens = |quote: char| {
        let signs = sample.chars().zip(sample.chars().skip(1));
        signs.filter(|(before, sign)| *sign == quote && matches!(before, ';' | ',' | '\t' | '|' | '\n')).count()
            + usize::from(sample.starts_with(quote))
    };
    if opens('\'') > opens('"') { b'\'' } else { b'"' }
}

/// The reader that all of kartei's CSV goes through: no row is refused for its length, no cell is trimmed.
pub(crate) fn reader_builder(dialect: Dialect) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(dialect.delimiter).quote(dialect.quote).flexible(true).has_headers(false);
    builder.buffer_capacity(1 << 17);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sample: &str) -> (char, char) {
        let dialect = find(sample, None, None);
        (char::from(dialect.delimiter), char::from(dialect.quote))
    }

    #[test]
    fn the_delimiter_of_the_header_and_the_rows_is_found() {
        assert_eq!(found("Nr;Name;Betrag\n1;Müller, Hans;1,50\n2;Meier, Eva;2,50\n"), (';', '"'));
        assert_eq!(found("id,name\n1,\"a;b;c\"\n"), (',', '"'));
        assert_eq!(found("id\tname\n1\tx, y\n"), ('\t', '"'));
        assert_eq!(found("id|name\n1|x\n"), ('|', '"'));
    }

    #[test]
    fn a_single_column_has_no_delimiter() {
        assert_eq!(find_delimiter("email\na@example.org\n", b'"'), None);
    }

    #[test]
    fn a_line_for_excel_counts() {
        assert_eq!(found("sep=|\nNr|Name\n1|a\n"), ('|', '"'));
    }

    #[test]
    fn single_quotes_are_found_and_apostrophes_are_none() {
        assert_eq!(found("'Nr';'Name'\n'1';'x;y'\n"), (';', '\''));
        assert_eq!(found("Nr;Name\n1;O'Neil\n2;D'Angelo\n"), (';', '"'));
    }

    #[test]
    fn what_is_stated_is_not_looked_for() {
        let dialect = find("a;b\n1;2\n", Some(b','), Some(b'\''));
        assert_eq!(dialect, Dialect { delimiter: b',', quote: b'\'', has_returns: false });
    }
}
