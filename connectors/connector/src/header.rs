//! What may be said of a header's cells. A file that lost its header begins with somebody's data, so no cell is echoed
//! that is not known from elsewhere, or sure to be a column's name.

/// The first line of a file, or what else names a source's columns, beside the names that are known.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    columns: &'a [String],
    known: &'a [String],
}

/// No name of a column is longer.
const LONGEST_NAME: usize = 40;
/// More digits than this make a number, a date or a phone of it.
const MOST_DIGITS: usize = 3;
/// Shorter words are contained in each other by chance.
const LEAST_SHARED: usize = 4;

impl<'a> Header<'a> {
    /// A header beside the names that the schema maps, or that an earlier delivery had.
    pub const fn new(columns: &'a [String], known: &'a [String]) -> Self {
        Self { columns, known }
    }

    /// How many columns there are and how many of them are known; asks for the header where none is.
    pub fn description(&self) -> String {
        let (all, known) = (self.columns.len(), self.known_columns());
        match known {
            0 if all == 1 => "1 column, and it is not known: is the header missing?".into(),
            0 => format!("{all} columns, none of them known: is the header missing?"),
            _ => format!("{all} columns, {known} of them known"),
        }
    }

    /// The column that looks like a name that is known, and is surely a column's name.
    pub fn nearest(&self, wanted: &str) -> Option<&'a str> {
        let columns = self.columns.iter().map(String::as_str);
        let folded = fold(wanted);
        let same = |column: &&str| fold(column) == folded;
        let near = |column: &&str| is_name(column) && is_near(&fold(column), &folded);
        let mut others = columns.clone().filter(|column| !self.known.iter().any(|known| known == column));
        match columns.clone().find(same) {
            None if self.is_recognised() => others.find(near),
            found => found,
        }
    }

    /// How a column is called before people: by its name where that is known or surely one, else by its place.
    pub fn told(&self, column: &str) -> String {
        let is_known = self.known.iter().any(|known| known == column);
        if is_known || (self.is_recognised() && is_name(column)) {
            return column.to_owned();
        }
        match self.columns.iter().position(|one| one == column) {
            Some(place) => format!("a column (no. {})", place + 1),
            None => "a column".into(),
        }
    }

    /// Whether so much of it is known that the rest can hardly be data.
    fn is_recognised(&self) -> bool {
        let known = self.known_columns();
        known >= 2 || (known > 0 && known * 2 >= self.known.len())
    }

    fn known_columns(&self) -> usize {
        self.columns.iter().filter(|column| self.known.contains(column)).count()
    }
}

/// Whether a text looks like a column's name and not like what stands below it: short, with letters, without what makes
/// a number, a day, a phone or a mail address.
fn is_name(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.chars().count() <= LONGEST_NAME
        && text.chars().any(char::is_alphabetic)
        && digits <= MOST_DIGITS
        && !text.contains(['@', '\n', '\r', '"'])
        && text.split_whitespace().count() <= 4
}

fn fold(text: &str) -> String {
    text.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether one holds the other, or they differ by a typing error or two.
fn is_near(one: &str, other: &str) -> bool {
    let shorter = one.chars().count().min(other.chars().count());
    shorter >= LEAST_SHARED && (one.contains(other) || other.contains(one) || distance(one, other) <= shorter / 4)
}

/// The number of signs that must be put in, taken out or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, sign) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (index, with) in other.iter().enumerate() {
            let changed = diagonal + usize::from(sign != *with);
            diagonal = row[index + 1];
            row[index + 1] = changed.min(diagonal + 1).min(row[index] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn mapped() -> Vec<String> {
        owned(&["Mitgliedsnummer", "Nachname", "Vorname", "Geburtsdatum"])
    }

    #[test]
    fn a_line_of_data_in_the_place_of_the_header_is_never_echoed() {
        let (line, known) = (owned(&["4711", "Mitglied", "Erika", "05.03.1984", "erika@example.org"]), mapped());
        let header = Header::new(&line, &known);
        assert_eq!(header.description(), "5 columns, none of them known: is the header missing?");
        assert!(known.iter().all(|wanted| header.nearest(wanted).is_none()));
        assert!(line.iter().all(|cell| header.told(cell).starts_with("a column (no. ")));
    }

    #[test]
    fn the_column_that_was_written_in_another_way_is_named() {
        let known = mapped();
        let nearest = |columns: &[&str], wanted: &str| {
            let columns = owned(columns);
            Header::new(&columns, &known).nearest(wanted).map(str::to_owned)
        };
        assert_eq!(nearest(&["Mitglieds-Nummer"], "Mitgliedsnummer").as_deref(), Some("Mitglieds-Nummer"));
        let columns = ["Nummer", "Nachname", "Vorname", "Gebutsdatum"];
        assert_eq!(nearest(&columns, "Mitgliedsnummer").as_deref(), Some("Nummer"));
        assert_eq!(nearest(&columns, "Geburtsdatum").as_deref(), Some("Gebutsdatum"));
        assert_eq!(nearest(&["Nummer"], "Mitgliedsnummer"), None, "one word alone may be anything");
    }

    #[test]
    fn a_new_column_is_named_where_it_is_surely_a_name_and_else_by_its_place() {
        let known = mapped();
        let columns = owned(&["Nachname", "Vorname", "Telefon privat", "0171 2345678", "x@example.org", "01.02.1990"]);
        let header = Header::new(&columns, &known);
        let told: Vec<String> = columns.iter().map(|column| header.told(column)).collect();
        let expected = ["Nachname", "Vorname", "Telefon privat", "a column (no. 4)", "a column (no. 5)"];
        assert_eq!((&told[..5], &*told[5]), (&expected.map(str::to_owned)[..], "a column (no. 6)"));
        assert_eq!(header.description(), "6 columns, 2 of them known");
    }
}
