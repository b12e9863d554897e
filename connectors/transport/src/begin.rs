//! Where the table of a sheet or a text begins: titles, comments and groups of columns stand above the header, and some
//! files have none.

use std::collections::HashSet;

/// So many rows are looked at.
pub(crate) const LOOK_ROWS: usize = 60;
/// The header stands among so many filled rows at the top.
const LATEST_HEADER: usize = 30;

/// Where the table begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// The row that names the columns; none where the first row is a record like any other.
    pub(crate) header: Option<usize>,
    /// The first row behind it.
    pub(crate) first: usize,
    /// The columns' names; empty where there is no header.
    pub(crate) names: Vec<String>,
}

/// Finds the header among the first rows. `expected` are columns that the file must have.
pub(crate) fn find(rows: &[Vec<String>], expected: &[String]) -> Beginning {
    let with_header = |row: usize| Beginning { header: Some(row), first: row + 1, names: rows[row].clone() };
    if !expected.is_empty() {
        let has_all = |row: &&Vec<String>| expected.iter().all(|name| row.iter().any(|cell| cell.trim() == name));
        if let Some(row) = rows.iter().take(LATEST_HEADER).position(|row| has_all(&row)) {
            return with_header(row);
        }
    }
    let usual = usual_filled(rows);
    let is_slight = |row: &Vec<String>| filled(row) * 2 < usual || is_comment(row);
    let first = rows.iter().position(|row| !is_slight(row)).unwrap_or(0);
    if rows.is_empty() {
        return Beginning { header: None, first: 0, names: Vec::new() };
    }
    let here = known_names(&rows[first]);
    // Titles and groups may fill many cells; a row of names that are known for columns is the header all the same.
    let better = (first + 1..rows.len().min(LATEST_HEADER)).find(|&row| {
        let known = known_names(&rows[row]);
        known >= 2 && known > here && filled(&rows[row]) >= filled(&rows[first]) && !has_data(&rows[row])
    });
    if let Some(row) = better.filter(|_| here < 2 || has_gaps(&rows[first])) {
        return Beginning { names: with_groups(&rows[row], &rows[row - 1]), ..with_header(row) };
    }
    if here == 0 && usual > 1 && is_record(rows, first) {
        return Beginning { header: None, first, names: Vec::new() };
    }
    with_header(first)
}

/// How much a table looks like a list of people: names of columns that are known, and rows below them.
pub(crate) fn likeness(rows: &[Vec<String>], expected: &[String]) -> (usize, bool) {
    let beginning = find(rows, expected);
    let known = known_names(&beginning.names);
    let is_table = rows.get(beginning.first).is_some_and(|row| filled(row) > 1) && usual_filled(rows) > 1;
    (if is_table { known } else { 0 }, is_table)
}

fn filled(row: &[String]) -> usize {
    row.iter().filter(|cell| !cell.trim().is_empty()).count()
}

/// How many cells a row has that is filled as most are: three quarters have no more.
fn usual_filled(rows: &[Vec<String>]) -> usize {
    let mut counts: Vec<usize> = rows.iter().map(|row| filled(row)).filter(|count| *count > 0).collect();
    counts.sort_unstable();
    counts.get(counts.len() * 3 / 4).or(counts.last()).copied().unwrap_or(0)
}

fn is_comment(row: &[String]) -> bool {
    let first = row.first().map_or("", |cell| cell.trim());
    // "#" alone is a usual name for the column of numbers.
    (first.starts_with('#') && first.len() > 1 && filled(row) == 1)
        || first.starts_with("//")
        || first.starts_with("--")
}

/// A row of groups: cells are empty, or say what the one before says.
fn has_gaps(row: &[String]) -> bool {
    let mut seen = HashSet::new();
    row.iter().any(|cell| cell.trim().is_empty() || !seen.insert(cell.trim()))
}

/// The names of a header, those from the row above it where cells reach over both rows.
fn with_groups(header: &[String], above: &[String]) -> Vec<String> {
    let name = |(place, cell): (usize, &String)| {
        if cell.trim().is_empty() { above.get(place).cloned().unwrap_or_default() } else { cell.clone() }
    };
    header.iter().enumerate().map(name).collect()
}

/// Whether a row without known names is a record: a cell is of a kind that no name of a column is, as those below it
/// are, or says what a cell below it says.
fn is_record(rows: &[Vec<String>], first: usize) -> bool {
    let below = &rows[first + 1..];
    if below.iter().any(|row| *row == rows[first]) && !has_data(&rows[first]) {
        return false;
    }
    rows[first].iter().enumerate().any(|(place, cell)| {
        let cell = cell.trim();
        let others = || below.iter().filter_map(|row| row.get(place)).map(|cell| cell.trim());
        let others: Vec<&str> = others().filter(|cell| !cell.is_empty()).collect();
        match Kind::of(cell) {
            Some(kind) => {
                // "2024" above amounts is a name; a code above others is none.
                let digits = |cell: &str| cell.bytes().filter(u8::is_ascii_digit).count();
                let is_like = |other: &&&str| {
                    Kind::of(other) == Some(kind)
                        && (kind != Kind::Number || digits(other) == digits(cell) || digits(cell) > 5)
                };
                let alike = others.iter().filter(is_like).count();
                alike * 2 > others.len() || (others.is_empty() && kind != Kind::Number)
            }
            None => cell.len() > 2 && others.contains(&cell),
        }
    })
}

fn has_data(row: &[String]) -> bool {
    row.iter().any(|cell| Kind::of(cell.trim()).is_some())
}

/// What a value is that no column is called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mail,
    Date,
    Number,
}

impl Kind {
    fn of(cell: &str) -> Option<Self> {
        let digits = cell.bytes().filter(u8::is_ascii_digit).count();
        if cell.contains('@') && cell.rsplit('@').next().is_some_and(|domain| domain.contains('.')) {
            return Some(Self::Mail);
        }
        if digits == 0 || cell.len() > 30 {
            return None;
        }
        let parts = cell.split(['.', '-', '/']).filter(|part| part.trim().bytes().all(|byte| byte.is_ascii_digit()));
        let is_date = (4..=8).contains(&digits) && parts.count() == 3 && cell.len() <= 12;
        let is_number = cell.bytes().all(|byte| byte.is_ascii_digit() || b" +-/().,".contains(&byte));
        match (is_date, is_number) {
            (true, _) => Some(Self::Date),
            (false, true) => Some(Self::Number),
            (false, false) => None,
        }
    }
}

/// How many cells are names that columns of people have.
fn known_names(row: &[String]) -> usize {
    row.iter().filter(|cell| is_known_name(cell)).count()
}

fn is_known_name(cell: &str) -> bool {
    let cell = cell.trim();
    if cell.is_empty() || cell.len() > 60 || cell.contains('@') {
        return false;
    }
    let lower = cell.to_lowercase();
    let joined: String = lower.chars().filter(|sign| sign.is_alphabetic()).collect();
    KNOWN
        .split_whitespace()
        .any(|name| joined == name || lower.split(|sign: char| !sign.is_alphabetic()).any(|word| word == name))
}

/// Words that columns of people are called by, in the languages of kartei's neighbours.
const KNOWN: &str = "id nr key name namen vorname nachname familienname zuname rufname geburtsname vollständigername anrede \
    titel geschlecht geburtsdatum geburtstag geburtsjahr geboren straße strasse str hausnummer hausnr plz postleitzahl ort \
    wohnort stadt land anschrift adresse email mail mailadresse emailadresse telefon telefonnummer tel mobil handy \
    mobiltelefon mitgliedsnummer mitgliednr mitgliedsnr mitglied eintritt eintrittsdatum austritt ortsverein verein firma \
    status newsletter einwilligung bemerkung bemerkungen \
    firstname lastname surname forename givenname familyname middlename fullname gender sex birthday birthdate dob \
    dateofbirth address street city town zip zipcode postcode postalcode state country phone mobile cell telephone member \
    membership company organization organisation title prefix suffix notes \
    voornaam achternaam tussenvoegsel naam adres straat huisnummer postcode woonplaats plaats telefoon geboortedatum \
    geslacht land \
    prénom prenom nom rue adresse codepostal ville pays téléphone telephone portable courriel naissance civilité sexe \
    imię imie nazwisko ulica kod miasto kraj telefon data urodzenia płeć \
    ad adı soyad soyadı isim şehir cadde telefon doğum cinsiyet eposta \
    nombre nombres apellido apellidos dirección direccion calle ciudad código codigo teléfono telefono correo nacimiento \
    sexo país cognome nome indirizzo via cap città telefono cellulare nascita \
    jméno jmeno příjmení prijmeni ulice město mesto psč fornavn efternavn etternavn gade by postnr";

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.split(';').map(str::to_owned).collect()).collect()
    }

    fn header(text: &str) -> Option<usize> {
        find(&rows(text), &[]).header
    }

    const LIST: &str =
        "id;Vorname;Nachname;Geburtsdatum;PLZ\n1;Lotte;Brandner;14.02.1961;50667\n2;Sepp;Aigner;03.11.1987;80331";

    #[test]
    fn what_stands_above_the_header_is_not_the_header() {
        for (above, expected) in [
            ("", 0),
            ("Vereinsliste Stand Herbst 2026;;;;\n;;;;\n", 2),
            ("# Auszug vom Herbst\n", 1),
            ("Person;;;;Anschrift\n", 1),
            ("Person;Person;Person;Person;Anschrift\n", 1),
            ("Verein;TSV Oberlindach;Stand;01.11.2026;\n", 1),
            ("Liste\nvom 1. November;x\n\n", 3),
        ] {
            assert_eq!(header(&format!("{above}{LIST}")), Some(expected), "{above}");
        }
    }

    #[test]
    fn columns_of_any_names_are_a_header() {
        assert_eq!(header("alpha;beta\nx;y\nz;w"), Some(0));
        assert_eq!(header("Kto;2024;2025\n1;20;30\n2;20;40"), Some(0));
        assert_eq!(header("Name;01.02.2026;08.02.2026\nLotte;x;\nSepp;;x"), Some(0));
        assert_eq!(header("email\na@example.org"), Some(0));
        assert_eq!(header("Vorname;Nachname;PLZ\nOrt;Brandner;50667"), Some(0));
    }

    #[test]
    fn a_record_is_no_header() {
        for text in [
            "Lotte;Brandner;14.02.1961;50667;Köln\nSepp;Aigner;03.11.1987;80331;München",
            "Lotte;Brandner;lotte@blumenpost.example\nSepp;Aigner;sepp@nordmail.example",
            "Lotte;Brandner;Köln\nSepp;Aigner;Köln\nUte;Kallweit;Köln",
        ] {
            assert_eq!(header(text), None, "{text}");
        }
    }

    #[test]
    fn cells_that_reach_over_both_rows_name_their_column() {
        let text = "Nr;Person;;Wohnsitz;\n;Vorname;Nachname;PLZ;Ort\n1;Lotte;Brandner;50667;Köln";
        assert_eq!(find(&rows(text), &[]).names, ["Nr", "Vorname", "Nachname", "PLZ", "Ort"]);
    }

    #[test]
    fn columns_that_the_file_must_have_name_its_header() {
        let text = "alpha;beta;gamma\nx;y;z\nKto;Wer;Was\n1;2;3";
        assert_eq!(find(&rows(text), &["Kto".to_owned(), "Was".to_owned()]).header, Some(2));
    }
}
