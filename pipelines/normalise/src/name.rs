//! Names of people: given names, surnames, and both in one text.

use crate::company::is_company;
use crate::couple::{bare_side, is_household, split_couple};
use crate::letter_case::{NOBILITY, PARTICLES, Words, display, is_capitalised_word, settle};
use crate::name_parts::{
    BirthName, check_name, split_birth_name, split_married, split_suffix, strip_quotes, tidy_hyphens,
};
use crate::placeholder::is_placeholder_value;
use crate::problem::{Read, Reading, Reason, Warning, Warnings};
use crate::remark::{is_remark, without_remarks};
use crate::salutation::{Salutation, take_salutation};
use crate::text::{Form, MAX_VALUE_LENGTH, clean_as, is_longer_than};
use crate::title::{degrees_only, take_offices, take_titles, take_trailing_degrees};

/// What one text tells of a person's name; whatever it does not tell is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// "Frau", "Herr", "Divers".
    pub salutation: Option<&'static str>,
    /// `f`, `m`, `d`, as the salutation tells.
    pub sex: Option<&'static str>,
    /// Academic titles.
    pub title: Option<String>,
    /// All given names.
    pub given_name: Option<String>,
    /// Surname with particles.
    pub surname: Option<String>,
    /// Surname at birth.
    pub birth_surname: Option<String>,
    /// "jun.", "sen.", "d. Ä.", "d. J.", "II".
    pub suffix: Option<&'static str>,
}

/// Reads one or more given names. Salutation and titles in front are split off: "Dr. Hans" is "Hans", "Dr.". Several
/// people are joined by "und", and are no single man or woman.
pub fn given_name(text: &str) -> Read<Name> {
    let (cleaned, mut warnings) = match start(text, Column::Given)? {
        Start::Name(cleaned, warnings) => (cleaned, warnings),
        Start::Nothing(warnings) => return Ok(Reading::nothing(warnings)),
    };
    if let Some(sides) = split_couple(&cleaned, false) {
        warnings.add(Warning::SeveralPersons);
        let given_name = joined_given(sides.iter().map(|side| bare_side(side)));
        return finish(Name { given_name, ..Name::default() }, warnings);
    }
    let (mut name, rest) = take_front(&cleaned, &mut warnings);
    let (suffix, rest) = split_suffix(rest, &mut warnings);
    name.suffix = suffix;
    let joined = rest.replace([',', ';'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    name.given_name = given_display(&joined);
    finish(name, warnings)
}

/// Reads a surname. A maiden name ("geb. Schmidt") and a suffix ("jun.") are split off, and the given name of a
/// text such as "Müller, Hans".
pub fn surname(text: &str) -> Read<Name> {
    let (cleaned, mut warnings) = match start(text, Column::Surname)? {
        Start::Name(cleaned, warnings) => (cleaned, warnings),
        Start::Nothing(warnings) => return Ok(Reading::nothing(warnings)),
    };
    if joins_people(&cleaned) {
        warnings.add(Warning::SeveralPersons);
    }
    let (mut name, rest) = take_front(&cleaned, &mut warnings);
    let BirthName { before, birth, after } = split_birth_name(rest);
    name.birth_surname = birth.as_deref().and_then(surname_display);
    let before = without_marriage(&before, &mut name);
    if let Some((family, given)) = before.split_once(',') {
        let given = [given, &after].join(" ");
        name.surname = surname_display(split_into(&mut name.suffix, family, &mut warnings));
        take_given(&mut name, &given, &mut warnings);
    } else {
        let (degrees, family) = take_trailing_degrees(&before);
        name.title = join_titles(name.title.take(), degrees);
        name.surname = surname_display(split_into(&mut name.suffix, family, &mut warnings));
        take_given(&mut name, &after, &mut warnings);
    }
    finish(name, warnings)
}

/// Reads given name and surname in one text, in either order: "Herr Dr. Hans von Müller", "Müller, Hans", "MÜLLER
/// Hans", "Anna Müller geb. Schmidt". One word alone is taken for the surname.
pub fn full_name(text: &str) -> Read<Name> {
    let (cleaned, mut warnings) = match start(text, Column::Both)? {
        Start::Name(cleaned, warnings) => (cleaned, warnings),
        Start::Nothing(warnings) => return Ok(Reading::nothing(warnings)),
    };
    if let Some(sides) = split_couple(&cleaned, true) {
        warnings.add(Warning::SeveralPersons);
        return finish(couple(&sides), warnings);
    }
    let (mut name, rest) = take_front(&cleaned, &mut warnings);
    let is_family = warnings.has(Warning::SeveralPersons);
    let (office, rest) = take_offices(rest);
    name.title = join_titles(name.title.take(), office);
    let BirthName { before, birth, after } = split_birth_name(rest);
    name.birth_surname = birth.as_deref().and_then(surname_display);
    let before = without_marriage(&before, &mut name);
    let joined = if after.is_empty() { before } else { format!("{before}, {after}") };
    let (family, behind) = joined.split_once(',').unwrap_or((&joined, ""));
    if let (Some(degrees), _) = degrees_only(behind.trim()) {
        name.title = join_titles(name.title.take(), Some(degrees));
        read_in_order(&mut name, family, &mut warnings);
    } else if behind.trim().is_empty() || is_suffix(behind) {
        read_in_order(&mut name, &format!("{family} {behind}"), &mut warnings);
    } else if is_household(behind.trim()) {
        warnings.add(Warning::SeveralPersons);
        name.surname = surname_display(family);
    } else if is_remark(behind) && family.contains(' ') {
        warnings.add(Warning::RemarkInName);
        read_in_order(&mut name, family, &mut warnings);
    } else {
        name.surname = surname_display(split_into(&mut name.suffix, family, &mut warnings));
        take_given(&mut name, behind, &mut warnings);
    }
    if is_family {
        // "Familie Hans Brandner" is no Hans.
        (name.given_name, name.sex, name.salutation) = (None, None, None);
    }
    if name.given_name.is_none() != name.surname.is_none() {
        warnings.add(Warning::SingleName);
    }
    finish(name, warnings)
}

/// Two people in one text: their surname, and both given names joined by "und". Where only one of the two has a given
/// name ("Herr und Frau Tom Aigner") it is left off, since it would make the couple one of the two.
fn couple(sides: &[String]) -> Name {
    let mut warnings = Warnings::NONE;
    let mut read = |text: &str| {
        let mut name = Name::default();
        let BirthName { before, .. } = split_birth_name(text);
        match before.split_once(',') {
            Some((family, given)) => {
                name.surname = surname_display(family);
                take_given(&mut name, given, &mut warnings);
            }
            None => read_in_order(&mut name, &before, &mut warnings),
        }
        name
    };
    let (last, others) = sides.split_last().map_or(("", sides), |(last, others)| (last.as_str(), others));
    // "Brandner, Hans und Eva": the surname stands in front, else behind.
    let is_in_front = others.first().is_some_and(|side| side.contains(','));
    let mut names: Vec<Name> = Vec::new();
    for (place, side) in sides.iter().map(|side| bare_side(side)).enumerate() {
        let is_last = place + 1 == sides.len();
        let is_single = side.split_whitespace().count() == 1;
        let gives_only = is_single && !side.is_empty() && if is_in_front { place > 0 } else { !is_last };
        names.push(if side.is_empty() {
            Name::default()
        } else if gives_only || (is_in_front && place > 0) {
            Name { given_name: given_display(side), ..Name::default() }
        } else {
            read(side)
        });
    }
    let mut surnames: Vec<String> = names.iter().filter_map(|name| name.surname.clone()).collect();
    surnames.dedup();
    let given: Vec<&str> = names.iter().filter_map(|name| name.given_name.as_deref()).collect();
    let has_all = given.len() == names.len();
    let is_only_given = surnames.is_empty() && !last.is_empty();
    Name {
        given_name: (has_all || is_only_given).then(|| given.join(" und ")).filter(|text| !text.is_empty()),
        surname: (!surnames.is_empty()).then(|| surnames.join(" und ")),
        ..Name::default()
    }
}

fn joined_given<'s>(sides: impl Iterator<Item = &'s str>) -> Option<String> {
    let names: Vec<String> = sides.filter_map(given_display).collect();
    (!names.is_empty()).then(|| names.join(" und "))
}

/// Whether a surname's text joins two surnames by a word.
fn joins_people(text: &str) -> bool {
    !text.contains('/') && split_couple(text, true).is_some()
}

/// "Brandner verh. Aigner": the name in marriage stays, and the one before is the birth name where no other is told.
fn without_marriage(text: &str, name: &mut Name) -> String {
    let Some((rest, earlier)) = split_married(text) else { return text.to_owned() };
    if name.birth_surname.is_none() {
        name.birth_surname = earlier.as_deref().and_then(surname_display);
    }
    rest
}

/// Whether the text is one word in its usual case, as most names are: it is its own canonical form, and tells nothing
/// beside it. Never wrong when true.
pub(crate) fn is_plain(text: &str) -> bool {
    is_capitalised_word(text)
        && text.len() <= MAX_VALUE_LENGTH
        && !is_placeholder_value(text)
        // "Professor", "Doktor", "Univprof": all titles begin with one of these.
        && !(text.starts_with(['P', 'D', 'U', 'J']) && take_titles(text).0.is_some())
}

enum Start {
    Name(String, Warnings),
    Nothing(Warnings),
}

/// Which part of a name a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Given,
    Surname,
    Both,
}

/// What is common to all names: cleaning, placeholders, remarks, and what cannot be a name.
fn start(text: &str, column: Column) -> Result<Start, Reason> {
    if is_longer_than(text, MAX_VALUE_LENGTH) {
        return Err(Reason::TooLong);
    }
    let (cleaned, mut warnings) = clean_as(text, Form::Compatible);
    if is_placeholder_value(&cleaned) {
        if !cleaned.is_empty() {
            warnings.add(Warning::PlaceholderValue);
        }
        return Ok(Start::Nothing(warnings));
    }
    check_name(&cleaned, &mut warnings)?;
    if is_company(&cleaned) {
        return Err(Reason::CompanyInName);
    }
    let unquoted = strip_quotes(&cleaned);
    let name = without_remarks(&unquoted, column == Column::Given, &mut warnings);
    Ok(Start::Name(tidy_hyphens(&name), warnings))
}

fn finish(name: Name, warnings: Warnings) -> Read<Name> {
    if name == Name::default() {
        return Err(Reason::NotAName);
    }
    Ok(Reading::with(name, warnings))
}

/// Takes salutation and titles off the front.
fn take_front<'a>(text: &'a str, warnings: &mut Warnings) -> (Name, &'a str) {
    let (salutation, rest, doubts) = take_salutation(text);
    warnings.join(doubts);
    let (title, rest) = take_titles(rest);
    let Salutation { salutation, sex, .. } = salutation.unwrap_or_default();
    (Name { salutation, sex, title, ..Name::default() }, rest)
}

/// Whether the text is nothing but a suffix: "jun.".
fn is_suffix(text: &str) -> bool {
    split_suffix(&format!("x {}", text.trim()), &mut Warnings::default()).1 == "x"
}

fn split_into<'a>(suffix: &mut Option<&'static str>, text: &'a str, warnings: &mut Warnings) -> &'a str {
    let (found, rest) = split_suffix(text.trim(), warnings);
    *suffix = suffix.or(found);
    rest
}

/// The given names behind a comma, where titles and suffixes may stand too.
fn take_given(name: &mut Name, text: &str, warnings: &mut Warnings) {
    let mut given = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if let (Some(degrees), _) = degrees_only(part) {
            name.title = join_titles(name.title.take(), Some(degrees));
            continue;
        }
        if !given.is_empty() && is_remark(part) {
            warnings.add(Warning::RemarkInName);
            continue;
        }
        let (suffix, part) = match split_suffix(&format!("x {part}"), warnings) {
            (Some(suffix), "x") => (Some(suffix), String::new()),
            (suffix, rest) => (suffix, rest.trim_start_matches("x ").to_owned()),
        };
        name.suffix = name.suffix.or(suffix);
        let (salutation, rest, _) = take_salutation(&part);
        let found = salutation.unwrap_or_default();
        name.salutation = name.salutation.or(found.salutation);
        name.sex = name.sex.or(found.sex);
        let (titles, rest) = take_titles(rest);
        name.title = join_titles(name.title.take(), titles);
        given.push(rest.to_owned());
    }
    let mut given = given.join(" ");
    if let Some(sides) = split_couple(&given, false) {
        warnings.add(Warning::SeveralPersons);
        (name.salutation, name.sex) = (None, None);
        given = sides.iter().map(|side| bare_side(side)).collect::<Vec<_>>().join(" und ");
    }
    // "Graf von, Hans" and "Guttenberg, Karl-Theodor zu": particles behind the given names belong to the surname.
    let words: Vec<&str> = given.split_whitespace().collect();
    let particles = words.iter().rev().take_while(|word| belongs_to_surname(word)).count();
    let (names, small) = words.split_at(words.len() - particles);
    name.given_name = name.given_name.take().or_else(|| given_display(&names.join(" ")));
    if particles > 0
        && let Some(family) = name.surname.take()
    {
        name.surname = surname_display(&format!("{} {family}", small.join(" ")));
    }
}

/// Given names, then the surname; or the other way round where only the surname is in capitals.
fn read_in_order(name: &mut Name, text: &str, warnings: &mut Warnings) {
    let (degrees, text) = take_trailing_degrees(text.trim());
    name.title = join_titles(name.title.take(), degrees);
    let rest = split_into(&mut name.suffix, text, warnings);
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (given, family) = match capitals(&words) {
        Some(family) => (
            words.iter().enumerate().filter(|(place, _)| !family.contains(place)).map(|(_, word)| *word).collect(),
            words[family].to_vec(),
        ),
        None => split_words(&words),
    };
    name.given_name = given_display(&given.join(" "));
    name.surname = surname_display(&family.join(" "));
}

/// The run of words in capitals at the front or the end, among others that are not: "MÜLLER Hans".
fn capitals(words: &[&str]) -> Option<std::ops::Range<usize>> {
    let large = |word: &&str| {
        word.chars().filter(|sign| sign.is_alphabetic()).count() > 2 && !word.chars().any(char::is_lowercase)
    };
    let front = words.iter().take_while(|word| large(word)).count();
    let back = words.iter().rev().take_while(|word| large(word)).count();
    if front == words.len() {
        return None;
    }
    if back > 0 {
        let mut from = words.len() - back;
        while from > 1 && belongs_to_surname(words[from - 1]) {
            from -= 1;
        }
        return Some(from..words.len());
    }
    (front > 0).then_some(0..front)
}

/// The surname begins at the first particle or noble title behind a given name, else it is the last word.
fn split_words<'a>(words: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    if words.len() < 2 {
        return (Vec::new(), words.to_vec());
    }
    let last = words.len() - 1;
    let begin = (1..last).find(|place| belongs_to_surname(words[*place])).unwrap_or(last);
    let begin = if belongs_to_surname(words[0]) { 0 } else { begin };
    (words[..begin].to_vec(), words[begin..].to_vec())
}

fn belongs_to_surname(word: &str) -> bool {
    let lower = word.to_lowercase();
    let joins_people = matches!(lower.as_str(), "und" | "u." | "y" | "e" | "d.");
    (PARTICLES.contains(&lower.as_str()) && !joins_people) || NOBILITY.contains(&word)
}

fn given_display(text: &str) -> Option<String> {
    let text = text.trim_matches(|sign: char| !sign.is_alphanumeric() && sign != '.' && sign != ')');
    let text = text.trim_start_matches('.');
    if !text.chars().any(char::is_alphabetic) {
        return None;
    }
    Some(settle(text, |text| display(&tidy_hyphens(&space_initials(text)), Words::GivenNames).into_owned()))
}

fn surname_display(text: &str) -> Option<String> {
    let text =
        text.trim().trim_end_matches([',', ';', '-', ' ', '/']).trim_start_matches([',', ';', '.', '-', ' ', '/']);
    if !text.chars().any(char::is_alphabetic) || is_placeholder_value(text) {
        return None;
    }
    Some(settle(text, |text| display(&tidy_hyphens(text), Words::Surname).into_owned()))
}

/// "H.J." is "H. J.".
fn space_initials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        out.push(sign);
        if sign == '.' && signs.peek().is_some_and(|next| next.is_alphabetic()) {
            out.push(' ');
        }
    }
    out
}

fn join_titles(front: Option<String>, back: Option<String>) -> Option<String> {
    match (front, back) {
        (Some(front), Some(back)) => Some(format!("{front} {back}")),
        (front, back) => front.or(back),
    }
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
