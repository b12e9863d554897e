//! Whole names in one text: which words are given names, which is the surname, and which are neither.

use crate::text::fold;

/// Words before a name that are no part of it, folded.
const TITLES: [&str; 30] = [
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "prof",
    "professor",
    "sir",
    "dame",
    "lord",
    "lady",
    "rev",
    "reverend",
    "most",
    "right",
    "very",
    "hon",
    "honourable",
    "the",
    "herr",
    "frau",
    "dipl",
    "ing",
    "med",
    "phil",
    "jur",
    "captain",
    "colonel",
    "major",
    "general",
];

/// Words behind a name that are no part of it, folded.
const SUFFIXES: [&str; 14] =
    ["jr", "jnr", "jun", "junior", "sr", "snr", "sen", "senior", "ii", "iii", "iv", "baronet", "bt", "esq"];

/// The words of a whole name, folded.
#[derive(Debug, Default)]
pub(crate) struct FullName {
    words: Vec<String>,
    /// Whether the surname stands first: "Müller, Hans".
    is_inverted: bool,
}

impl FullName {
    pub(crate) fn read(text: &str) -> Self {
        let (text, is_inverted) = match text.split_once(',') {
            Some((surname, given)) if fold(surname).split(' ').count() <= 3 && !is_rank(&fold(given)) => {
                (format!("{given} {surname}"), true)
            }
            _ => (text.to_owned(), false),
        };
        let folded = fold(&text);
        let mut words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        // "1st Baronet", "3rd Earl of ..." name a rank, and whatever follows.
        if let Some(rank) = words.iter().position(|word| is_ordinal(word)).filter(|place| *place >= 2) {
            words.truncate(rank);
        }
        while words.len() > 2 && words.last().is_some_and(|word| is_suffix(word)) {
            words.pop();
        }
        while words.len() > 1 && words.first().is_some_and(|word| TITLES.contains(word)) {
            words.remove(0);
        }
        Self { words: words.into_iter().map(str::to_owned).collect(), is_inverted }
    }

    /// Given names and surname, beside what the record's own columns hold, folded. A name that stands alone stays where it
    /// was.
    pub(crate) fn names(&self, given: &str, surname: &str) -> (String, String) {
        let own_surname = if is_suffix(surname) { "" } else { surname };
        let last = self.words.last().map_or("", String::as_str);
        let surname = if !own_surname.is_empty() || self.words.len() < 2 { own_surname } else { last };
        let surname_words: Vec<&str> = surname.split(' ').collect();
        let is_title = |word: &str| TITLES.contains(&word) && self.words.len() > 1;
        let own: Vec<&str> = given.split(' ').filter(|word| !word.is_empty() && !is_title(word)).collect();
        let mut all = own.clone();
        for word in &self.words {
            if !all.contains(&word.as_str()) && !surname_words.contains(&word.as_str()) {
                all.push(word);
            }
        }
        if own.is_empty() && surname.is_empty() && all.len() == 1 && self.is_inverted {
            return (String::new(), all.join(" "));
        }
        (all.join(" "), surname.to_owned())
    }
}

/// Whether what stands behind a comma is no given name.
fn is_rank(folded: &str) -> bool {
    folded.split(' ').next().is_none_or(|word| is_suffix(word) || is_ordinal(word))
}

fn is_suffix(word: &str) -> bool {
    SUFFIXES.contains(&word)
}

fn is_ordinal(word: &str) -> bool {
    let digits = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(&word[digits.len()..], "st" | "nd" | "rd" | "th")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(full: &str, given: &str, surname: &str) -> (String, String) {
        FullName::read(full).names(given, surname)
    }

    fn both(given: &str, surname: &str) -> (String, String) {
        (given.to_owned(), surname.to_owned())
    }

    #[test]
    fn given_names_and_surname_come_out_of_a_whole_name() {
        assert_eq!(names("Erika Maria Mueller", "", ""), both("erika maria", "mueller"));
        assert_eq!(names("Müller, Hans", "", ""), both("hans", "mueller"));
        assert_eq!(names("Prof. Dr. Hans Müller", "", ""), both("hans", "mueller"));
        assert_eq!(names("Sir Thomas Lyttelton, 3rd Baronet", "", ""), both("thomas", "lyttelton"));
    }

    #[test]
    fn further_given_names_join_those_that_are_known() {
        assert_eq!(names("john obadiah westwood", "john", "westwood"), both("john obadiah", "westwood"));
        assert_eq!(names("most rev adams loftus", "most", "loftus"), both("adams", "loftus"));
        assert_eq!(names("william fife iii", "william", "iii"), both("william", "fife"));
    }

    #[test]
    fn a_name_that_stands_alone_stays_where_it_was() {
        assert_eq!(names("gayle", "gayle", ""), both("gayle", ""));
    }
}
