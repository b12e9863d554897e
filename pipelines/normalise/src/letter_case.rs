//! Display case: ALL CAPS and all lower case become "von der Heide", "McDonald", "Hans-Jürgen"; mixed case is kept.

use std::borrow::Cow;

/// Words inside a surname that stay small: "von der Heide", "de la Cruz", "van den Berg".
pub const PARTICLES: &[&str] = &[
    "von", "vom", "van", "vande", "vander", "der", "den", "dem", "des", "de", "del", "della", "di", "da", "dos", "du",
    "zu", "zum", "zur", "und", "u.", "am", "auf", "im", "in", "an", "ten", "ter", "te", "'t", "op", "bin", "ibn",
    "bint", "y", "e", "af", "av", "v.", "v.d.", "d.",
];

/// Words that stay small only after another particle: "de la Cruz", but "La Fontaine".
const FOLLOWING_PARTICLES: &[&str] = &["la", "las", "los", "le"];

/// Particles that forms write with a capital although nobody else does.
const CAPITALISED_BY_FORMS: &[&str] = &["Von", "Vom", "Zu", "Zur", "Zum"];

/// Nobility that belongs to the surname and is written with a capital.
pub const NOBILITY: &[&str] = &[
    "Freiherr",
    "Freifrau",
    "Freiin",
    "Graf",
    "Gräfin",
    "Baron",
    "Baronin",
    "Baroness",
    "Fürst",
    "Fürstin",
    "Prinz",
    "Prinzessin",
    "Herzog",
    "Herzogin",
    "Ritter",
    "Edler",
    "Edle",
];

/// Which sort of words a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Initials stay capitals, particles are names.
    GivenNames,
    /// Particles stay small.
    Surname,
    /// Streets and places: "Am Markt", "Frankfurt am Main".
    Place,
}

const PLACE_PARTICLES: &[&str] = &[
    "am", "an", "auf", "bei", "beim", "dem", "den", "der", "des", "die", "das", "ob", "im", "in", "hinter", "unter",
    "über", "vor", "vom", "von", "zu", "zum", "zur", "und", "a.", "b.", "d.", "i.", "o.", "v.", "v.d.", "a.d.", "i.d.",
    "de", "la", "le", "les", "du", "sur", "sous", "del", "di",
];

/// The text in display case.
pub(crate) fn display(text: &str, words: Words) -> Cow<'_, str> {
    if is_display_case(text) {
        return Cow::Borrowed(text);
    }
    let settled = settle(text, |text| display_once(text, words));
    if settled == text { Cow::Borrowed(text) } else { Cow::Owned(settled) }
}

/// Repeats a step until it changes nothing, so that the result is its own canonical form.
pub(crate) fn settle(text: &str, step: impl Fn(&str) -> String) -> String {
    let mut current = step(text);
    for _ in 0..8 {
        let next = step(&current);
        if next == current {
            break;
        }
        current = next;
    }
    current
}

fn display_once(text: &str, words: Words) -> String {
    let mixed = LetterCase::of(text) == LetterCase::Mixed;
    let count = text.split(' ').count();
    let mut out = String::with_capacity(text.len());
    let mut after_particle = false;
    for (place, word) in text.split(' ').enumerate() {
        if place > 0 {
            out.push(' ');
        }
        let position = Position { first: place == 0, last: place + 1 == count, after_particle, mixed };
        after_particle = push_word(&mut out, word, words, position);
    }
    out
}

#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about one word")]
struct Position {
    first: bool,
    last: bool,
    after_particle: bool,
    mixed: bool,
}

/// Adds one word; tells whether it was a particle.
fn push_word(out: &mut String, word: &str, words: Words, position: Position) -> bool {
    let case = LetterCase::of(word);
    if is_particle(word, case, words, position) {
        out.push_str(&word.to_lowercase());
        return true;
    }
    match case {
        LetterCase::Upper if is_abbreviation(word, words) => out.push_str(word),
        LetterCase::Upper | LetterCase::Lower => push_recased(out, word, words, position.last),
        LetterCase::Mixed if word.contains('-') => push_hyphenated(out, word, words),
        LetterCase::Mixed | LetterCase::None => out.push_str(word),
    }
    false
}

fn is_particle(word: &str, case: LetterCase, words: Words, position: Position) -> bool {
    if position.last || case == LetterCase::None {
        return false;
    }
    let lower = word.to_lowercase();
    let lower = lower.as_str();
    match words {
        Words::GivenNames => {
            position.mixed
                && case == LetterCase::Lower
                && (PARTICLES.contains(&lower) || FOLLOWING_PARTICLES.contains(&lower))
        }
        // "Am alten Markt": where others are capitalised, what is small was meant to be.
        Words::Place if position.mixed && case == LetterCase::Lower => !position.first,
        Words::Place => !position.first && case != LetterCase::Mixed && PLACE_PARTICLES.contains(&lower),
        Words::Surname => {
            let known = PARTICLES.contains(&lower) || (position.after_particle && FOLLOWING_PARTICLES.contains(&lower));
            // Forms capitalise the first word: "Von der Leyen" is "von der Leyen".
            let capitalised_by_form = case == LetterCase::Mixed && CAPITALISED_BY_FORMS.contains(&word);
            let after_von = position.after_particle && matches!(word, "Der" | "Den" | "Dem");
            known && (case != LetterCase::Mixed || capitalised_by_form || after_von)
        }
    }
}

/// "HJ", "K.-H.", "III": capitals that are no word. In streets and places "OT", "B3".
fn is_abbreviation(word: &str, words: Words) -> bool {
    let letters = word.chars().filter(|sign| sign.is_alphabetic()).count();
    match words {
        Words::GivenNames => {
            letters <= 3 && !word.chars().any(|sign| "AEIOUYÄÖÜ".contains(sign)) || is_roman_numeral(word)
        }
        Words::Surname => letters > 1 && is_roman_numeral(word),
        Words::Place => letters <= 2 && (word == "OT" || word.chars().any(|sign| sign.is_ascii_digit())),
    }
}

fn is_roman_numeral(word: &str) -> bool {
    matches!(word, "II" | "III" | "IV" | "VI" | "VII" | "VIII")
}

/// Hyphen parts that are small all the same: "Hans-jürgen" is "Hans-Jürgen", "al-Hassan" stays.
fn push_hyphenated(out: &mut String, word: &str, words: Words) {
    for (place, part) in word.split('-').enumerate() {
        if place > 0 {
            out.push('-');
        }
        let stays = words == Words::Place || is_article(part) || PARTICLES.contains(&part) || part.starts_with("d'");
        if place > 0 && !stays && LetterCase::of(part) == LetterCase::Lower {
            push_capitalised(out, part);
        } else {
            out.push_str(part);
        }
    }
}

fn push_recased(out: &mut String, word: &str, words: Words, last: bool) {
    let count = word.split('-').count();
    for (place, part) in word.split('-').enumerate() {
        if place > 0 {
            out.push('-');
        }
        let lower = part.to_lowercase();
        let ends_text = last && place + 1 == count;
        let stays_small = match words {
            Words::GivenNames => false,
            Words::Surname => {
                (place == 0 && count > 1 && is_article(&lower))
                    || (place > 0 && !ends_text && PARTICLES.contains(&lower.as_str()))
            }
            Words::Place => place > 0 && place + 1 < count && PLACE_PARTICLES.contains(&lower.as_str()),
        };
        if stays_small {
            out.push_str(&lower);
        } else {
            push_capitalised(out, part);
        }
    }
}

/// The Arabic article before a hyphen.
fn is_article(part: &str) -> bool {
    matches!(part, "al" | "el")
}

/// One word with its first letter large; also after an apostrophe or a dot, and after "Mc".
fn push_capitalised(out: &mut String, word: &str) {
    // The dotted and the plain capital I are two letters in Turkish.
    let turkish = word.contains(['İ', 'ı', 'ğ', 'Ğ', 'ş', 'Ş']);
    let scottish = word.len() > 4 && word.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("mc"));
    let mut start = true;
    for (place, sign) in word.chars().enumerate() {
        if !sign.is_alphanumeric() {
            start = matches!(sign, '\'' | '.' | '(' | '/' | '"' | '+' | '&');
            out.push(sign);
            continue;
        }
        let large = start || (scottish && place == 2);
        out.push(match (sign, large) {
            ('İ', false) => 'i',
            ('I', false) if turkish => 'ı',
            ('i', true) if turkish => 'İ',
            (sign, true) => single(sign, sign.to_uppercase()),
            (sign, false) => single(sign, sign.to_lowercase()),
        });
        start = false;
    }
}

/// The mapping where it is one character; letters such as ß, whose capital is two, stay.
fn single(sign: char, mut mapped: impl ExactSizeIterator<Item = char>) -> char {
    if mapped.len() == 1 { mapped.next().unwrap_or(sign) } else { sign }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LetterCase {
    Upper,
    Lower,
    Mixed,
    None,
}

impl LetterCase {
    pub(crate) fn of(text: &str) -> Self {
        let (mut upper, mut lower) = (false, false);
        for sign in text.chars() {
            upper |= sign.is_uppercase();
            lower |= sign.is_lowercase();
        }
        match (upper, lower) {
            (true, true) => Self::Mixed,
            (true, false) => Self::Upper,
            (false, true) => Self::Lower,
            (false, false) => Self::None,
        }
    }
}

/// Whether the text is one word of German letters, the first a capital and all others small.
pub(crate) fn is_capitalised_word(text: &str) -> bool {
    let mut signs = text.chars();
    signs.next().is_some_and(|sign| sign.is_ascii_uppercase() || matches!(sign, 'Ä' | 'Ö' | 'Ü'))
        && text.len() > 2
        && signs.all(|sign| sign.is_ascii_lowercase() || matches!(sign, 'ä' | 'ö' | 'ü' | 'ß'))
}

/// Whether every word is one capital and then small letters only, so that nothing is to be done.
fn is_display_case(text: &str) -> bool {
    text.split(' ').all(|word| !CAPITALISED_BY_FORMS.contains(&word))
        && text.split([' ', '-']).all(|word| {
            let mut signs = word.chars();
            signs.next().is_some_and(char::is_uppercase)
                && signs.clone().next().is_some()
                && signs.all(|sign| sign.is_lowercase() && sign.is_alphabetic())
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(words: Words, cases: &[(&str, &str)]) {
        for (received, expected) in cases {
            assert_eq!(display(received, words), *expected, "{received}");
        }
    }

    #[test]
    fn surnames_in_capitals_or_small_letters_get_their_case() {
        check(
            Words::Surname,
            &[
                ("MÜLLER", "Müller"),
                ("müller-lüdenscheidt", "Müller-Lüdenscheidt"),
                ("VON DER HEIDE", "von der Heide"),
                ("VAN DER VAART", "van der Vaart"),
                ("DE LA CRUZ", "de la Cruz"),
                ("LA FONTAINE", "La Fontaine"),
                ("O'BRIEN", "O'Brien"),
                ("MCDONALD", "McDonald"),
                ("D'ANGELO", "D'Angelo"),
                ("AL-HASSAN", "al-Hassan"),
                ("FREIHERR VON UND ZU GUTTENBERG", "Freiherr von und zu Guttenberg"),
                ("GRAF VON STAUFFENBERG", "Graf von Stauffenberg"),
                ("MÜLLER-VON DER HEIDE", "Müller-von der Heide"),
                ("ZUR MÜHLEN", "zur Mühlen"),
                ("DE", "De"),
                ("LE", "Le"),
                ("GROẞ", "Groß"),
            ],
        );
    }

    #[test]
    fn mixed_case_is_kept_but_for_particles_that_a_form_capitalised() {
        check(
            Words::Surname,
            &[
                ("McDonald", "McDonald"),
                ("MacLeod", "MacLeod"),
                ("LaRue", "LaRue"),
                ("Von der Leyen", "von der Leyen"),
                ("Von Der Leyen", "von der Leyen"),
                ("Van den Berg", "Van den Berg"),
                ("Zu Guttenberg", "zu Guttenberg"),
                ("al-Hassan", "al-Hassan"),
                ("Al-Hassan", "Al-Hassan"),
                ("Müller-lüdenscheidt", "Müller-Lüdenscheidt"),
            ],
        );
    }

    #[test]
    fn given_names_keep_their_initials() {
        check(
            Words::GivenNames,
            &[
                ("HANS-JÜRGEN", "Hans-Jürgen"),
                ("hans peter", "Hans Peter"),
                ("HJ", "HJ"),
                ("K.-H.", "K.-H."),
                ("JO", "Jo"),
                ("VAN ANH", "Van Anh"),
                ("Maria de los Angeles", "Maria de los Angeles"),
                ("Hans-jürgen", "Hans-Jürgen"),
                ("Hans PETER", "Hans Peter"),
            ],
        );
    }

    #[test]
    fn places_keep_their_little_words_small() {
        check(
            Words::Place,
            &[
                ("FRANKFURT AM MAIN", "Frankfurt am Main"),
                ("am markt", "Am Markt"),
                ("AN DER ALTEN KIRCHE", "An der Alten Kirche"),
                ("KONRAD-ADENAUER-STRASSE", "Konrad-Adenauer-Strasse"),
                ("Am alten Markt", "Am alten Markt"),
                ("ROTHENBURG OB DER TAUBER", "Rothenburg ob der Tauber"),
                ("VILLINGEN-SCHWENNINGEN", "Villingen-Schwenningen"),
            ],
        );
    }

    proptest! {
        #[test]
        fn display_case_of_display_case_is_itself(text in "[A-Za-zÄÖÜäöüßé' .-]{0,20}|(VON|Von|von|DER|zu|MC|mc|LA|al-|EL-|Müller|X){0,5}( |-)[a-zA-Z]{0,4}") {
            for words in [Words::GivenNames, Words::Surname, Words::Place] {
                let once = display(&text, words).into_owned();
                prop_assert_eq!(display(&once, words), once.as_str(), "{:?}", words);
            }
        }
    }
}
