//! Several people in one name: "Hans und Eva", "Hans/Eva", "Herr und Frau Brandner".

use crate::salutation::salutation_word;
use crate::title::take_titles;

/// Words that join two people, in small letters.
const JOINERS: &[&str] = &["und", "u.", "u", "&", "+", "and", "et", "en", "ve", "sowie", "y", "e", "i", "og", "och"];
/// Those of them that also stand inside one person's name.
const DOUBTFUL_JOINERS: &[&str] = &["y", "e", "i", "en", "et", "ve", "og", "och"];

/// Words for a household instead of a name, folded.
const HOUSEHOLDS: &[&str] = &[
    "familie",
    "fam",
    "eheleute",
    "ehel",
    "ehepaar",
    "family",
    "famille",
    "familia",
    "famiglia",
    "rodzina",
    "ailesi",
    "geschwister",
    "erbengemeinschaft",
    "erben",
    "haushalt",
    "paar",
];

/// Whether a word stands for a household.
pub(crate) fn is_household(word: &str) -> bool {
    HOUSEHOLDS.contains(&crate::text::fold(word).as_str())
}

/// Whether a text may name several people. Never wrong when false, and cheap.
pub(crate) fn may_join(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'&' | b'+' | b'/'))
        || text.bytes().filter(|byte| *byte == b' ').count() > 1
        || text.contains("u.")
}

/// The text cut where it joins two people; none where it names one. `ends_in_surname` where given names and surname
/// stand in one text, so that a slash at its end joins two surnames of one person.
pub(crate) fn split_couple(text: &str, ends_in_surname: bool) -> Option<Vec<String>> {
    if !may_join(text) || text.contains("c/o") {
        return None;
    }
    let apart = with_joiners_apart(text, ends_in_surname);
    let words: Vec<&str> = apart.split_whitespace().collect();
    let is_capital = !text.chars().any(char::is_lowercase);
    let mut sides: Vec<Vec<&str>> = vec![Vec::new()];
    for (place, word) in words.iter().enumerate() {
        let lower = word.to_lowercase();
        let before = words.get(place.wrapping_sub(1)).copied();
        let after = words.get(place + 1).copied();
        let is_written_as_joiner = *word == lower || (is_capital && lower.len() > 2) || matches!(*word, "Und" | "And");
        let joins = is_written_as_joiner
            && JOINERS.contains(&lower.as_str())
            && joins_people(&lower, before.unwrap_or_default(), after.unwrap_or_default());
        if joins && place > 0 && place + 1 < words.len() {
            sides.push(Vec::new());
        } else if let Some(side) = sides.last_mut() {
            side.push(word);
        }
    }
    let sides: Vec<String> = sides.into_iter().map(|side| side.join(" ")).collect();
    (sides.len() > 1).then_some(sides)
}

/// Whether a joiner stands between people, and not inside one name: "von und zu", "Ortega y Gasset".
fn joins_people(joiner: &str, before: &str, after: &str) -> bool {
    let is_particle = |word: &str| matches!(word.to_lowercase().as_str(), "von" | "zu" | "vom" | "zum" | "zur");
    if is_particle(before) || before.is_empty() || after.is_empty() {
        return false;
    }
    if DOUBTFUL_JOINERS.contains(&joiner) {
        // Only between two salutations, or where nothing but names of one word stand around it.
        return salutation_word(before).is_some() || salutation_word(after).is_some();
    }
    true
}

/// "Hans/Eva" as "Hans & Eva", "u.Eva" as "u. Eva".
fn with_joiners_apart(text: &str, ends_in_surname: bool) -> String {
    let mut out = text.replace(" u.", " u. ").replace('&', " & ").replace('+', " + ");
    let last = out.trim_end().rsplit(' ').next().unwrap_or_default();
    let joins_surnames = ends_in_surname && last.contains('/') && last.len() > 1 && !out.contains(',') && {
        bare_side(&out).split_whitespace().count() > 1
    };
    if out.contains('/') && !joins_surnames {
        out = out.replace('/', " & ");
    }
    out
}

/// A side without salutations and titles at its front.
pub(crate) fn bare_side(side: &str) -> &str {
    let mut rest = side.trim();
    loop {
        let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        if salutation_word(word).is_some() || is_household(word) {
            rest = behind.trim_start();
            continue;
        }
        let (titles, behind) = take_titles(rest);
        if titles.is_none() {
            return rest;
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(text: &str) -> Option<Vec<String>> {
        split_couple(text, false).map(|sides| sides.iter().map(|side| bare_side(side).to_owned()).collect())
    }

    #[test]
    fn two_people_are_told_apart_however_they_are_joined() {
        for text in [
            "Hans und Eva",
            "Hans & Eva",
            "Hans&Eva",
            "Hans/Eva",
            "Hans / Eva",
            "Hans u.Eva",
            "Hans u. Eva",
            "Hans and Eva",
            "Hans + Eva",
            "HANS UND EVA",
        ] {
            assert_eq!(sides(text).map(|sides| sides.len()), Some(2), "{text}");
        }
        assert_eq!(sides("Herr Prof. Dr. und Frau Aigner").unwrap(), ["", "Aigner"]);
        assert_eq!(sides("Mr. & Mrs. Tom Aigner").unwrap(), ["", "Tom Aigner"]);
        assert_eq!(sides("Monsieur et Madame Petit").unwrap(), ["", "Petit"]);
    }

    #[test]
    fn one_person_stays_one() {
        for text in [
            "Karl von und zu Guttenberg",
            "José Ortega y Gasset",
            "Hans U. Müller",
            "Hans-Peter",
            "Undine",
            "Hans",
            "Anna u",
            "Hans Müller/Schmidt",
        ] {
            assert_eq!(split_couple(text, true), None, "{text}");
        }
    }
}
