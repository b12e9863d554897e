//! What hands, scanners and programs do to a text.

use crate::chance::Chance;

const KEYBOARD: [&str; 3] = ["qwertzuiopü", "asdfghjklöä", "yxcvbnm"];
/// Heard alike or spelt alike in German.
const SOUNDS: [(&str, &str); 30] = [
    ("ei", "ai"),
    ("ai", "ei"),
    ("ey", "ei"),
    ("ei", "ey"),
    ("ie", "i"),
    ("ph", "f"),
    ("f", "ph"),
    ("tt", "t"),
    ("t", "tt"),
    ("th", "t"),
    ("ck", "k"),
    ("k", "ck"),
    ("dt", "t"),
    ("d", "t"),
    ("mm", "m"),
    ("nn", "n"),
    ("n", "nn"),
    ("ll", "l"),
    ("l", "ll"),
    ("ss", "ß"),
    ("ß", "ss"),
    ("tz", "z"),
    ("z", "tz"),
    ("v", "f"),
    ("c", "k"),
    ("k", "c"),
    ("ä", "e"),
    ("ff", "f"),
    ("eh", "e"),
    ("ah", "a"),
];
/// Seen alike by a scanner.
const SHAPES: [(&str, &str); 8] =
    [("rn", "m"), ("m", "rn"), ("l", "i"), ("i", "l"), ("cl", "d"), ("h", "b"), ("e", "c"), ("u", "n")];

/// One error: a neighbouring key, two letters swapped, one left out, one doubled, a sound, a shape.
pub(crate) fn typo(text: &str, chance: &mut Chance) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() < 3 {
        return text.to_owned();
    }
    // The first letter is seldom wrong.
    let at = if chance.roll(0.06) { 0 } else { 1 + chance.below(letters.len() - 1) };
    match chance.weighted(&[0.24, 0.19, 0.19, 0.10, 0.22, 0.06]) {
        0 => neighbour(letters, at, chance),
        1 => transposed(letters, at),
        2 => without(letters, at),
        3 => doubled(letters, at),
        4 => replaced(text, &SOUNDS, chance).unwrap_or_else(|| without(letters, at)),
        _ => replaced(text, &SHAPES, chance).unwrap_or_else(|| transposed(letters, at)),
    }
}

fn neighbour(mut letters: Vec<char>, at: usize, chance: &mut Chance) -> String {
    let lower = letters[at].to_lowercase().next().unwrap_or('e');
    for row in KEYBOARD {
        let keys: Vec<char> = row.chars().collect();
        if let Some(place) = keys.iter().position(|key| *key == lower) {
            let left = place.saturating_sub(1);
            let next = if left == place || (place + 1 < keys.len() && chance.roll(0.5)) { place + 1 } else { left };
            letters[at] = keys[next];
            break;
        }
    }
    letters.into_iter().collect()
}

fn transposed(mut letters: Vec<char>, at: usize) -> String {
    let at = at.min(letters.len() - 2).max(1);
    letters.swap(at, at + 1);
    letters.into_iter().collect()
}

fn without(mut letters: Vec<char>, at: usize) -> String {
    letters.remove(at.max(1));
    letters.into_iter().collect()
}

fn doubled(mut letters: Vec<char>, at: usize) -> String {
    let letter = letters[at.max(1)];
    letters.insert(at.max(1), letter);
    letters.into_iter().collect()
}

fn replaced(text: &str, pairs: &[(&str, &str)], chance: &mut Chance) -> Option<String> {
    let start = chance.below(pairs.len());
    let turned = pairs.iter().cycle().skip(start).take(pairs.len());
    turned.into_iter().find(|(from, _)| text.contains(from)).map(|(from, to)| text.replacen(from, to, 1))
}

/// One digit changed, or two neighbours swapped.
pub(crate) fn wrong_digit(number: &str, chance: &mut Chance) -> String {
    let mut letters: Vec<char> = number.chars().collect();
    let digits: Vec<usize> = (1..letters.len()).filter(|at| letters[*at].is_ascii_digit()).collect();
    if digits.len() < 2 {
        return number.to_owned();
    }
    if chance.roll(0.4) {
        let place = chance.below(digits.len() - 1);
        letters.swap(digits[place], digits[place + 1]);
    } else {
        let place = *chance.pick(&digits);
        let shift = u32::try_from(chance.between(1, 9)).unwrap_or(1);
        let digit = letters[place].to_digit(10).unwrap_or(0);
        letters[place] = char::from_digit((digit + shift) % 10, 10).unwrap_or('0');
    }
    letters.into_iter().collect()
}

/// ä as ae, ß as ss.
pub(crate) fn unfold(text: &str) -> String {
    swap_letters(text, |letter| match letter {
        'ä' => "ae",
        'ö' => "oe",
        'ü' => "ue",
        'Ä' => "Ae",
        'Ö' => "Oe",
        'Ü' => "Ue",
        'ß' => "ss",
        _ => "",
    })
}

/// ä as a, ß as s.
pub(crate) fn strip(text: &str) -> String {
    swap_letters(text, |letter| match letter {
        'ä' => "a",
        'ö' => "o",
        'ü' => "u",
        'Ä' => "A",
        'Ö' => "O",
        'Ü' => "U",
        'ß' => "s",
        _ => "",
    })
}

/// UTF-8 read as Windows-1252.
pub(crate) fn mojibake(text: &str) -> String {
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(text.as_bytes()).0.into_owned()
}

fn swap_letters(text: &str, other: impl Fn(char) -> &'static str) -> String {
    let mut swapped = String::with_capacity(text.len() + 2);
    for letter in text.chars() {
        match other(letter) {
            "" => swapped.push(letter),
            letters => swapped.push_str(letters),
        }
    }
    swapped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chance::Purpose;

    proptest! {
        #[test]
        fn an_error_changes_little_and_never_fails(text in "\\PC{0,20}", index in 0_u64..500) {
            let mut chance = Chance::new(4, Purpose::Records, index);
            let length = text.chars().count();
            let wrong = typo(&text, &mut chance).chars().count();
            prop_assert!(wrong.abs_diff(length) <= 1, "{} letters became {}", length, wrong);
            prop_assert_eq!(wrong_digit(&text, &mut chance).chars().count(), length);
        }

        #[test]
        fn unfolding_leaves_plain_letters_alone(text in "[a-zA-Z .-]{0,20}") {
            prop_assert_eq!(unfold(&text), text.clone());
            prop_assert_eq!(strip(&text), text);
        }
    }

    #[test]
    fn umlauts_go_the_ways_in_which_programs_lose_them() {
        assert_eq!(unfold("Größe Übel"), "Groesse Uebel");
        assert_eq!(strip("Größe"), "Grose");
        assert_eq!(mojibake("Müller"), "MÃ¼ller");
    }
}
